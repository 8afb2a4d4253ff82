"""Days of plants that changed become yields, availabilities and expected energies, and alarms where more is made than can be."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.analysis.clear_sky import clear_sky, clear_sky_power, plane_irradiance
from include.analysis.yield_days import LEAST_POWER_SHARE, InverterHours, PlantHours, yield_days
from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.core.settings import Settings
from include.core.span import HOUR_US, Span, day_span, microseconds_of
from include.steps.alarms import follow_ceiling
from include.steps.each import errors_of
from include.steps.inverter_times import InstantSpan, expected_spans, is_expected, spans_of_series, sum_of_those_there
from include.steps.plant_model import model_of
from include.steps.plant_rounds import work_off
from include.warehouse import plant_hours, yields
from include.warehouse.engine import Connection, transaction
from include.warehouse.plant_hours import EnergySeries, InverterSeries, KnownPlant, SeriesHours

_PLANTS_AT_ONCE: Final = 5
_COVERED: Final = COMPLETE_DAY_COVERAGE
_ACTIVITY: Final = ("ac_power_kw", "energy_total_kwh", "energy_today_kwh")
"""What tells whether an inverter works, in the order of preference."""


def analyse_yields(settings: Settings, *, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Work off the days of plants that changed, or that are over and have no answer, until none is left.

    A plant that fails does not hold back the others: its days stay for the next run. Returns the summed plant_days, rows_changed
    and alarms_changed, the days `remaining`, which failed or are held by other runs, and `errors`. Raises the first error where
    nothing was done.
    """
    done, failures = work_off(
        settings,
        what="yields",
        take=lambda connection, plants, without: yields.take_days(connection, plants=plants, without=without, now=clock()),
        answer=lambda connection, taken: _analyse_some(connection, taken, now=clock()),
        at_once=_PLANTS_AT_ONCE,
    )
    with transaction(settings.database_url) as connection:
        remaining = yields.count_marks(connection)
    counts = {name: done[name] for name in ("plant_days", "rows_changed", "alarms_changed")}
    return {**counts, "remaining": remaining, "errors": errors_of(failures, beside=done["plant_days"])}


def _analyse_some(connection: Connection, taken: Mapping[int, Sequence[date]], *, now: datetime) -> dict[str, int]:
    plants = plant_hours.read_plants(connection, list(taken))
    done: Counter[str] = Counter(plant_days=sum(map(len, taken.values())))
    for plant in plants:
        done.update(_analyse_plant(connection, plant, taken[plant.plant_id], now))
    return dict(done)


def _analyse_plant(connection: Connection, plant: KnownPlant, days: Sequence[date], now: datetime) -> dict[str, int]:
    hours = _plant_hours(connection, plant, days, now)
    changed = yields.write_days(
        connection,
        tenant_id=plant.tenant_id,
        plant_id=plant.plant_id,
        days=days,
        columns=yield_days(hours, len(days)),
        computed_at=now,
    )
    return {"rows_changed": changed, "alarms_changed": follow_ceiling(connection, plant.plant_id, days[0], now)}


class _Axis:
    """The hours of some local days, one day after another."""

    def __init__(self, days: Sequence[date], zone: ZoneInfo) -> None:
        spans = [day_span(day, zone) for day in days]
        starts = [np.arange(microseconds_of(span.start), microseconds_of(span.end), HOUR_US, dtype=np.int64) for span in spans]
        self.span = Span(spans[0].start, spans[-1].end)
        self.starts_us = np.concatenate(starts)
        self.day = np.repeat(np.arange(len(days)), [len(each) for each in starts])

    def put(self, hours: SeriesHours, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of a series on the axis; NaN where it has no hour."""
        found = np.full(len(self.starts_us), np.nan)
        place = np.minimum(np.searchsorted(self.starts_us, hours.starts_us), len(found) - 1)
        fits = self.starts_us[place] == hours.starts_us
        found[place[fits]] = values[fits]
        return found


def _plant_hours(connection: Connection, plant: KnownPlant, days: Sequence[date], now: datetime) -> PlantHours:
    axis = _Axis(days, ZoneInfo(plant.timezone))
    model = model_of(connection, plant, now)
    energy = plant_hours.read_energy_series(connection, [plant.plant_id]).get(plant.plant_id, [])
    times = expected_spans(connection, plant.plant_id, ZoneInfo(plant.timezone))
    weather = plant_hours.read_weather_series(connection, [plant.plant_id])
    inverters = plant_hours.read_inverter_series(connection, [plant.plant_id])
    asked = {
        *(each.series_id for each in energy),
        *(each for ids in weather.values() for each in ids),
        *(row.series_id for row in inverters),
    } - {None}
    hours = plant_hours.read_hours(connection, {series_id: axis.span for series_id in asked if series_id is not None})
    sky = clear_sky(model.latitude, model.longitude, axis.starts_us)
    irradiance = plane_irradiance(sky, model.tilt_deg, model.azimuth_deg)
    return PlantHours(
        day=axis.day,
        energy_kwh=_sum_of(axis, hours, energy, times),
        irradiance_w_m2=_mean_of(axis, hours, weather.get((plant.plant_id, "irradiance_poa_w_m2"), [])),
        module_c=_mean_of(axis, hours, weather.get((plant.plant_id, "temp_module_c"), [])),
        sun_degrees=90 - sky.zenith_deg,
        is_over=axis.starts_us + HOUR_US <= microseconds_of(now),
        clear_sky_kwh=clear_sky_power(irradiance, model.capacity_kwp, model.capacity_kw) if model.capacity_kwp else None,
        inverters=_inverter_hours(axis, hours, inverters, times),
    )


def _known(hours: SeriesHours, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of the hours that are covered; where nothing is expected of an hour, it is known."""
    return np.where(np.isnan(hours.covered_share) | (hours.covered_share >= _COVERED), values, np.nan)


def _sum_of(
    axis: _Axis, hours: Mapping[int, SeriesHours], series: Sequence[EnergySeries], times: Mapping[int, InstantSpan]
) -> NDArray[np.float64]:
    """Energy of the hours that all of these series know whose inverters were there."""
    silent = np.full(len(axis.starts_us), np.nan)

    def known(series_id: int) -> NDArray[np.float64]:
        told = hours.get(series_id)
        return silent if told is None else axis.put(told, _known(told, told.energy_kwh))

    spans = spans_of_series(series, times)
    told = [(known(each.series_id), is_expected(axis.starts_us, span)) for each, span in zip(series, spans, strict=True)]
    return sum_of_those_there(told, silent.shape)


def _mean_of(axis: _Axis, hours: Mapping[int, SeriesHours], series_ids: Sequence[int]) -> NDArray[np.float64]:
    """Mean over the sensors that know an hour."""
    told = [axis.put(hours[each], _known(hours[each], hours[each].mean)) for each in series_ids if each in hours]
    if not told:
        return np.full(len(axis.starts_us), np.nan)
    table = np.stack(told)
    counts = (~np.isnan(table)).sum(axis=0)
    mean = np.full(len(axis.starts_us), np.nan)
    return np.asarray(np.divide(np.nansum(table, axis=0), counts, out=mean, where=counts > 0))


def _inverter_hours(
    axis: _Axis, hours: Mapping[int, SeriesHours], inverters: Sequence[InverterSeries], times: Mapping[int, InstantSpan]
) -> list[InverterHours]:
    ratings = {row.device_id: row.capacity_kw or 0.0 for row in inverters}
    told: dict[int, dict[str, SeriesHours]] = {device_id: {} for device_id in ratings}
    for row in inverters:
        if row.quantity is not None and row.series_id is not None and row.series_id in hours:
            told[row.device_id][row.quantity] = hours[row.series_id]
    are_rated = all(ratings.values())
    return [
        _activity(
            axis, told[each], np.where(is_expected(axis.starts_us, times.get(each)), rating if are_rated else 1.0, 0.0), rating
        )
        for each, rating in ratings.items()
    ]


def _activity(axis: _Axis, told: Mapping[str, SeriesHours], weight: NDArray[np.float64], rating_kw: float) -> InverterHours:
    """Of the first quantity that tells anything; a silent inverter covers nothing."""
    quantity = next((each for each in _ACTIVITY if each in told), None)
    if quantity is None:
        nothing = np.zeros(len(axis.starts_us))
        return InverterHours(weight, nothing, nothing > 0)
    hours = told[quantity]
    made = hours.max > LEAST_POWER_SHARE * rating_kw if quantity == "ac_power_kw" else hours.energy_kwh > 0
    share = np.clip(np.nan_to_num(axis.put(hours, hours.covered_share)), 0.0, 1.0)
    return InverterHours(weight, share, np.nan_to_num(axis.put(hours, made.astype(float))) > 0)
