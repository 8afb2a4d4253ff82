"""Readings of counters as the tests write them, and what they should come to."""

import numpy as np
import pandas as pd

from include.rollups.counters import CounterReadings, CounterSteps, step_counters

ZONE = "America/Sao_Paulo"


def instants(*texts: str, zone: str = ZONE) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(texts).tz_localize(zone)


def every(minutes: int, count: int, start: str = "2026-04-26T08:00", zone: str = ZONE) -> pd.DatetimeIndex:
    return pd.date_range(pd.Timestamp(start, tz=zone), periods=count, freq=f"{minutes}min")


def microseconds(stamps: pd.DatetimeIndex) -> np.ndarray:
    return stamps.tz_convert("UTC").tz_localize(None).as_unit("us").asi8


def readings_of(*counters: tuple[pd.DatetimeIndex, np.ndarray], rated_kw=np.nan, is_daily=False) -> CounterReadings:
    """Readings of several counters, one (stamps, values) each; ratings and kinds for all, or one each."""
    stamps = [pair[0] for pair in counters]
    lengths = [len(index) for index in stamps]
    days = [(index.tz_localize(None).normalize() - pd.Timestamp(0)).days.to_numpy(np.int32) for index in stamps]
    return CounterReadings(
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        at_us=np.concatenate([microseconds(index) for index in stamps]),
        value=np.concatenate([np.asarray(pair[1], dtype=float) for pair in counters]),
        local_day=np.concatenate(days),
        midnight_us=np.concatenate([microseconds(index.normalize()) for index in stamps]),
        rated_kw=np.broadcast_to(np.asarray(rated_kw, dtype=float), len(counters)).copy(),
        is_daily=np.broadcast_to(np.asarray(is_daily), len(counters)).copy(),
    )


def steps_of(values, stamps=None, *, minutes=60, rated_kw=np.nan, is_daily=False) -> CounterSteps:
    """Steps of one counter, hourly from 08:00 on unless told otherwise."""
    stamps = every(minutes, len(values)) if stamps is None else stamps
    return step_counters(readings_of((stamps, np.asarray(values)), rated_kw=rated_kw, is_daily=is_daily))


def energy_of(*arguments, **options) -> float:
    return float(np.nansum(steps_of(*arguments, **options).increase_kwh))


def energy_by_day(readings: CounterReadings, steps: CounterSteps) -> dict[int, float]:
    """Energy by the local day in which a step ends [kWh]."""
    return pd.Series(np.nan_to_num(steps.increase_kwh)).groupby(readings.local_day).sum().to_dict()
