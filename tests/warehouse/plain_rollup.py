"""Roll-ups computed a second time, in plain pandas, for one series: what tests compare the stored ones with.

It shares no line and no method with the house: local hours and days come from pandas' time zones minute by minute, energy from
`numpy.interp` between all borders and readings. It is slow, knows neither SQL nor windows, and sees all readings at once.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from statistics import median_low
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

STATISTICS = ["sum", "mean", "min", "max", "first", "last", "stddev"]
FINE_STATISTICS = ["median", "p95", "p99", "active_minutes"]
LONGEST_COUNTED_STEP_S = 31 * 86400
"""A counter that was silent for longer gives no energy for that time."""

Light = Callable[[date], tuple[pd.Timestamp, pd.Timestamp]]
"""The part of a local day in which readings are expected."""


def plain_rollup(readings: pd.Series, *, kind: str, timezone: str, light: Light | None = None) -> pd.DataFrame:
    """Hours, days, weeks, months and years of a power, a gauge or a well-behaved counter, indexed by (grain, starts_at).

    `readings` are values by instant (UTC), sorted, each instant once. Without `light` the whole of every bucket is expected.
    """
    hours = _hours(readings, kind, timezone, light)
    days = _days(readings, hours, timezone, light)
    periods = [_period(readings, days, grain, timezone, light) for grain in ("week", "month", "year")]
    frame = pd.concat([part for part in (hours, days, *periods) if len(part)], ignore_index=True)
    return frame.set_index(["grain", "starts_at"]).sort_index()


def plain_amounts(readings: pd.Series, *, amount_of: str, is_energy: bool, timezone: str) -> pd.DataFrame:
    """Days, weeks, months and years of amounts of whole hours, days or months, as `plain_rollup` gives them."""
    lengths = _lengths(readings.index, amount_of, timezone)
    frames = [_amount_hours(readings, lengths, is_energy, timezone)] if amount_of not in {"day", "month"} else []
    for grain in ("month", "year") if amount_of == "month" else ("day", "week", "month", "year"):
        keys = _first_days(local_dates(readings.index, timezone), grain)
        frame = statistics_of(readings, keys).drop(columns=FINE_STATISTICS)
        frame["covered_s"] = lengths.groupby(keys).sum()
        frame["energy_kwh"] = frame["sum"] if is_energy else np.nan
        frame = _labelled(frame, grain, timezone)
        frame["expected_s"] = (frame["ends_at"] - frame["starts_at"]).dt.total_seconds()
        frames.append(frame)
    return pd.concat(frames, ignore_index=True).set_index(["grain", "starts_at"]).sort_index()


def _amount_hours(readings: pd.Series, lengths: pd.Series, is_energy: bool, timezone: str) -> pd.DataFrame:
    """Local hours of amounts of minutes or hours."""
    edges = local_hours(readings.index[0], readings.index[-1], timezone)
    places = edges.searchsorted(readings.index, side="right") - 1
    frame = statistics_of(readings, edges[places]).drop(columns=FINE_STATISTICS)
    frame["covered_s"] = lengths.groupby(edges[places]).sum()
    frame["energy_kwh"] = frame["sum"] if is_energy else np.nan
    begins = pd.DatetimeIndex(frame.index)
    ends = edges[edges.searchsorted(begins) + 1]
    frame["expected_s"] = (ends - begins).total_seconds()
    labels = {"grain": "hour", "local_date": local_dates(begins, timezone), "starts_at": begins, "ends_at": ends}
    return frame.assign(**labels).reset_index(drop=True)


def begin_of(day: date, timezone: str) -> pd.Timestamp:
    """First instant (UTC) of a local day, also where its midnight is skipped or comes twice."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return pd.Timestamp(midnight.astimezone(UTC)).as_unit("us")


def local_dates(at: pd.DatetimeIndex, timezone: str) -> np.ndarray:
    """Local day of each instant: the last one that has begun."""
    around = pd.date_range(at[0].date() - pd.Timedelta(days=2), at[-1].date() + pd.Timedelta(days=2), freq="D")
    begins = pd.DatetimeIndex([begin_of(day, timezone) for day in around])
    return around.date[begins.searchsorted(at, side="right") - 1]


def local_hours(lo: pd.Timestamp, hi: pd.Timestamp, timezone: str) -> pd.DatetimeIndex:
    """Where local hours begin (UTC), from the one that holds `lo` to the first after `hi`.

    A change of the clock by another amount than whole hours begins one more.
    """
    minutes = pd.date_range(lo.floor("h") - pd.Timedelta(hours=2), hi.floor("h") + pd.Timedelta(hours=3), freq="min").as_unit(
        "us"
    )
    local = minutes.tz_convert(timezone)
    offset = local.tz_localize(None) - minutes.tz_localize(None)
    begins = minutes[(local.minute == 0) | np.r_[False, offset[1:] != offset[:-1]]]
    first, last = begins.searchsorted([lo, hi], side="right")
    return begins[first - 1 : last + 1]


def bridged(at: pd.DatetimeIndex, timezone: str) -> np.ndarray:
    """Is the step that ends in each reading but the first short enough?

    At most 3 x the lower median of the steps that lie within the local day in which it ends, where those are two or more, at
    least 30 min, at most a day.
    """
    day = local_dates(at, timezone)
    step_s = pd.Series(np.diff(at.as_unit("us").asi8) / 1e6)
    within = day[1:] == day[:-1]
    of_day = step_s[within].groupby(day[1:][within])
    median = of_day.apply(lambda steps: median_low(steps) if len(steps) > 1 else np.nan).reindex(day[1:]).to_numpy(float)
    return step_s.to_numpy() <= np.clip(np.nan_to_num(3 * median, nan=0), 1800, 86400)


def statistics_of(readings: pd.Series, keys: np.ndarray) -> pd.DataFrame:
    """Count and statistics of the readings by key."""
    group = readings.groupby(keys)
    return pd.DataFrame(
        {
            "reading_count": group.count(), "sum": group.sum(), "mean": group.mean(), "min": group.min(), "max": group.max(),
            "first": group.first(), "last": group.last(), "stddev": group.std(), "median": group.quantile(0.5),
            "p95": group.quantile(0.95), "p99": group.quantile(0.99),
            "active_minutes": readings.index.floor("min").to_series(index=readings.index).groupby(keys).nunique(),
        }
    )  # fmt: skip


def _hours(readings: pd.Series, kind: str, timezone: str, light: Light | None) -> pd.DataFrame:
    begins = local_hours(readings.index[0], readings.index[-1], timezone)
    frame = statistics_of(readings, begins[begins.searchsorted(readings.index, side="right") - 1])
    parts = _parts(readings, begins, kind, timezone, light)
    frame = frame.join(parts, how="outer").rename_axis("starts_at").reset_index()
    frame["reading_count"] = frame["reading_count"].fillna(0)
    frame["covered_s"] = frame["covered_s"].fillna(0)
    frame["ends_at"] = begins[begins.searchsorted(frame["starts_at"]) + 1]
    frame["local_date"] = local_dates(pd.DatetimeIndex(frame["starts_at"]), timezone)
    frame["expected_s"] = _expected_s(frame["starts_at"], frame["ends_at"], frame["local_date"], light)
    return frame.assign(grain="hour")


def _parts(readings: pd.Series, begins: pd.DatetimeIndex, kind: str, timezone: str, light: Light | None) -> pd.DataFrame:
    """Covered time [s] and energy [kWh] by local hour, where a step reaches into it."""
    at = readings.index
    if len(at) < 2:
        return pd.DataFrame({"covered_s": [], "energy_kwh": []}, index=begins[:0])
    cuts = at.union(begins[(begins > at[0]) & (begins < at[-1])])
    lo, hi = cuts[:-1], cuts[1:]
    step = at.searchsorted(lo, side="right") - 1
    is_bridged = bridged(at, timezone)[step]
    us, at_us = cuts.as_unit("us").asi8, at.as_unit("us").asi8
    value = np.interp(us - us[0], at_us - us[0], readings.to_numpy())
    energy = {
        "power": (value[:-1] + value[1:]) / 2 * np.diff(us) / 3.6e9,
        "counter": np.diff(value),
        "gauge": np.full(len(lo), np.nan),
    }[kind]
    step_s = np.diff(at_us)[step] / 1e6
    is_kept = step_s <= LONGEST_COUNTED_STEP_S if kind == "counter" else is_bridged
    hour = begins[begins.searchsorted(lo, side="right") - 1]
    covered = np.where(is_bridged, _expected_s(lo, hi, local_dates(lo, timezone), light), 0)
    frame = pd.DataFrame({"covered_s": covered, "energy_kwh": energy}, index=hour)[is_kept]
    return frame.groupby(level=0).sum(min_count=1)


def _days(readings: pd.Series, hours: pd.DataFrame, timezone: str, light: Light | None) -> pd.DataFrame:
    frame = statistics_of(readings, local_dates(readings.index, timezone))
    sums = hours.groupby("local_date")[["covered_s", "energy_kwh"]].sum(min_count=1)
    frame["active_hours"] = hours[hours["reading_count"] > 0].groupby("local_date").size()
    frame = _labelled(frame.join(sums, how="outer"), "day", timezone)
    frame["reading_count"] = frame["reading_count"].fillna(0)
    frame["expected_s"] = _expected_s(frame["starts_at"], frame["ends_at"], frame["local_date"], light)
    return frame


def _period(readings: pd.Series, days: pd.DataFrame, grain: str, timezone: str, light: Light | None) -> pd.DataFrame:
    frame = statistics_of(readings, _first_days(local_dates(readings.index, timezone), grain)).drop(columns=FINE_STATISTICS)
    sums = days.groupby(_first_days(days["local_date"], grain))[["covered_s", "energy_kwh"]].sum(min_count=1)
    frame = _labelled(frame.join(sums, how="outer"), grain, timezone)
    frame["reading_count"] = frame["reading_count"].fillna(0)
    if light is None:
        frame["expected_s"] = (frame["ends_at"] - frame["starts_at"]).dt.total_seconds()
    else:
        frame["expected_s"] = [
            sum((hi - lo).total_seconds() for lo, hi in map(light, pd.date_range(day, _next(day, grain), inclusive="left").date))
            for day in frame["local_date"]
        ]
    return frame


def _labelled(frame: pd.DataFrame, grain: str, timezone: str) -> pd.DataFrame:
    """Buckets by their first local day, with their edges."""
    frame = frame.rename_axis("local_date").reset_index().assign(grain=grain)
    frame["starts_at"] = pd.DatetimeIndex([begin_of(day, timezone) for day in frame["local_date"]])
    frame["ends_at"] = pd.DatetimeIndex([begin_of(_next(day, grain), timezone) for day in frame["local_date"]])
    return frame


def _first_days(days: np.ndarray | pd.Series, grain: str) -> np.ndarray:
    code = {"day": "D", "week": "W-SUN", "month": "M", "year": "Y"}[grain]
    return pd.PeriodIndex(pd.DatetimeIndex(days), freq=code).to_timestamp(how="start").date


def _next(day: date, grain: str) -> date:
    """First day of the following bucket."""
    return (pd.Timestamp(day) + pd.DateOffset(**{f"{grain}s": 1})).date()


def _lengths(at: pd.DatetimeIndex, amount_of: str, timezone: str) -> pd.Series:
    """Time [s] to which each amount belongs."""
    if amount_of == "hour":
        return pd.Series(3600.0, index=at)
    if amount_of.endswith("min"):
        return pd.Series(60.0 * int(amount_of.removesuffix("min")), index=at)
    days = local_dates(at, timezone)
    ends = pd.DatetimeIndex([begin_of(_next(day, amount_of), timezone) for day in days])
    return pd.Series((ends - at).total_seconds(), index=at)


def _expected_s(lo: pd.Series, hi: pd.Series, days: np.ndarray | pd.Series, light: Light | None) -> np.ndarray:
    """Seconds of each span [lo, hi) of a local day in which readings are expected."""
    lo, hi = pd.DatetimeIndex(lo), pd.DatetimeIndex(hi)
    if light is not None:
        spans = {day: light(day) for day in set(days)}
        lo = pd.DatetimeIndex(np.maximum(lo, pd.DatetimeIndex([spans[day][0] for day in days])))
        hi = pd.DatetimeIndex(np.minimum(hi, pd.DatetimeIndex([spans[day][1] for day in days])))
    return np.maximum(0, (hi - lo).total_seconds().to_numpy())
