"""A plant's inverters on some local days: what was read of them becomes answers, one row per inverter and day. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from include.analysis.clear_sky_share import expect_from_clear_sky
from include.analysis.comparison import PAST_DAYS, Expectation, Numbers, PlantEnergies, expect_from_peers
from include.analysis.inverter_hours import HOURS, InverterPowers, compared_energies, night_s, stale_s, tensor, zero_s
from include.analysis.verdicts import judge, lost_kwh
from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.core.span import HOUR_US, day_number, day_of_number

_EVER: Final = 2**30
"""Beyond all days."""


@dataclass(frozen=True, slots=True, eq=False)
class PlantInverters:
    """What is known of the inverters of one plant on its judged days and before them.

    `inverters` have device_id, series_id, capacity_kw, model and retired_on, the day from which on each is gone or None.
    `judged` are local days since 1970, rising; energies and clear sky begin `PAST_DAYS` before the first. `midnight_us` is where
    each judged day begins, `sun_degrees` how high the sun gets in its hours (days x hours). `clear_sky` is proportional to the
    clear-sky energy of each day from the first one of the past to the last judged one.
    """

    inverters: Sequence[Mapping[str, Any]]
    has_battery: bool
    judged: NDArray[np.int64]
    energies: NDArray[np.void]
    hours: NDArray[np.void]
    midnight_us: NDArray[np.int64]
    sun_degrees: Numbers
    clear_sky: Numbers


def inverter_days(plant: PlantInverters) -> Iterator[dict[str, Any]]:
    """Rows of mart.inverter_day but for tenant, plant and computed_at, of every inverter on every judged day that it was there.

    One that is gone is nobody's peer: who is left alone is compared with the clear sky.
    """
    is_there = _presence(plant)
    for there in np.unique(is_there, axis=0):
        if there.any():
            yield from _answers(_part(plant, there, (is_there == there).all(axis=1)))


def _presence(plant: PlantInverters) -> NDArray[np.bool_]:
    """Judged days x inverters: not gone, or telling an energy nevertheless."""
    gone_on = [_EVER if each["retired_on"] is None else day_number(each["retired_on"]) for each in plant.inverters]
    is_there = plant.judged[:, np.newaxis] < np.array(gone_on)
    made = plant.energies[(plant.energies["energy_kwh"] > 0) & np.isin(plant.energies["day"], plant.judged)]
    column = _columns([each["device_id"] for each in plant.inverters], made["device_id"])
    is_there[np.searchsorted(plant.judged, made["day"]), column] = True
    return is_there


def _part(plant: PlantInverters, there: NDArray[np.bool_], days: NDArray[np.bool_]) -> PlantInverters:
    """The same of some of the inverters on some of the judged days."""
    if there.all() and days.all():
        return plant
    members = [each for each, is_one in zip(plant.inverters, there, strict=True) if is_one]
    judged = plant.judged[days]
    first, end = judged[0] - PAST_DAYS, judged[-1] + 1
    energies = plant.energies[np.isin(plant.energies["device_id"], [each["device_id"] for each in members])]
    return PlantInverters(
        inverters=members,
        has_battery=plant.has_battery,
        judged=judged,
        energies=energies[(energies["day"] >= first) & (energies["day"] < end)],
        hours=plant.hours[np.isin(plant.hours["series_id"], [each["series_id"] or 0 for each in members])],
        midnight_us=plant.midnight_us[days],
        sun_degrees=plant.sun_degrees[days],
        clear_sky=plant.clear_sky[judged[0] - plant.judged[0] : end - plant.judged[0] + PAST_DAYS],
    )


def _answers(plant: PlantInverters) -> Iterator[dict[str, Any]]:
    rows = plant.judged - plant.judged[0] + PAST_DAYS
    whole, completeness = _days(plant)
    past = np.where(completeness >= COMPLETE_DAY_COVERAGE, whole, np.nan)
    hours = _hours(plant)
    compared = compared_energies(hours, whole[rows], completeness[rows])
    zero = zero_s(hours)
    if len(plant.inverters) == 1:
        compared, expectation = expect_from_clear_sky(past[:, 0], plant.clear_sky, rows)
    else:
        expectation = expect_from_peers(PlantEnergies(past, rows, compared, *_nature(plant.inverters)))
    verdict = judge(compared, expectation)
    lost = lost_kwh(compared, expectation, verdict)
    night = np.zeros_like(zero) if plant.has_battery else night_s(hours)
    figures = {
        "compared_kwh": compared,
        "expected_kwh": expectation.expected_kwh,
        "lost_kwh": lost,
        "zero_s": np.where(expectation.reason == "too little energy", 0.0, zero),
        "stale_s": stale_s(hours),
        "night_s": night,
    }
    yield from _rows(plant, verdict, expectation, figures)


def _rows(
    plant: PlantInverters, verdict: NDArray[np.str_], expectation: Expectation, figures: Mapping[str, Numbers]
) -> Iterator[dict[str, Any]]:
    days = [day_of_number(int(day)) for day in plant.judged]
    for column, inverter in enumerate(plant.inverters):
        told = (verdict, expectation.method, expectation.reason, *figures.values())
        for day, values in zip(days, zip(*(_nullable(each[:, column]) for each in told), strict=True), strict=True):
            key = {"device_id": inverter["device_id"], "local_date": day}
            yield key | dict(zip(("verdict", "method", "reason", *figures), values, strict=True))


def _nullable(values: NDArray[Any]) -> list[Any]:
    """The same with None for NaN and for an empty word."""
    return [None if value == "" or value != value else value for value in values.tolist()]


def _nature(inverters: Sequence[Mapping[str, Any]]) -> tuple[Numbers, NDArray[np.int64]]:
    """Ratings [kW], NaN where unknown, and a number per model, -1 where unknown."""
    models = sorted({inverter["model"] for inverter in inverters if inverter["model"]})
    rating = np.array([inverter["capacity_kw"] or np.nan for inverter in inverters])
    return rating, np.array([models.index(inverter["model"]) if inverter["model"] else -1 for inverter in inverters])


def _days(plant: PlantInverters) -> tuple[Numbers, Numbers]:
    """Published energies and completeness by day and inverter, from the first day of the past on."""
    shape = (int(plant.judged[-1] - plant.judged[0]) + PAST_DAYS + 1, len(plant.inverters))
    column = _columns([inverter["device_id"] for inverter in plant.inverters], plant.energies["device_id"])
    place = (plant.energies["day"].astype(np.int64) - plant.judged[0] + PAST_DAYS, column)
    energy_kwh, completeness = np.full(shape, np.nan), np.full(shape, np.nan)
    energy_kwh[place], completeness[place] = plant.energies["energy_kwh"], plant.energies["completeness"]
    return energy_kwh, completeness


def _hours(plant: PlantInverters) -> InverterPowers:
    hours = plant.hours
    day = np.searchsorted(plant.judged, hours["day"])
    day[day == len(plant.judged)] = 0
    hours, day = hours[plant.judged[day] == hours["day"]], day[plant.judged[day] == hours["day"]]
    hour = (hours["starts_at"] - plant.midnight_us[day]) // HOUR_US
    inside = (hour >= 0) & (hour < HOURS)
    hours, day, hour = hours[inside], day[inside], hour[inside]
    place = (day, hour, _columns([inverter["series_id"] or 0 for inverter in plant.inverters], hours["series_id"]))
    expected_s = np.where(hours["expected_s"] > 0, hours["expected_s"], np.nan)
    of = (len(plant.judged), len(plant.inverters), place)
    return InverterPowers(
        energy_kwh=tensor(*of, hours["energy_kwh"]),
        covered_share=tensor(*of, hours["covered_s"] / expected_s),
        low_kw=tensor(*of, hours["low"]),
        high_kw=tensor(*of, hours["high"]),
        mean_kw=tensor(*of, hours["mean"]),
        reading_count=tensor(*of, hours["reading_count"].astype(float), 0.0),
        sun_degrees=plant.sun_degrees,
    )


def _columns(ids: Sequence[int], found: NDArray[np.int32]) -> NDArray[np.int64]:
    """The column of each found id among ids, each of which is there."""
    order = np.argsort(ids)
    return np.asarray(order[np.searchsorted(np.array(ids)[order], found)])
