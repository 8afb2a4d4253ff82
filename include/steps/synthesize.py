"""Feasible measurements of a plant that does not exist: power under the real sun and changing clouds, temperature, and faults.

Written as the feed `plant_measurements` takes them. The same seed makes the same plant and weather.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.core.errors import Refused
from include.core.span import day_span, instant_of, microseconds_of, zone
from include.rollups.daylight import place_of, sun_degrees

Floats = NDArray[np.float64]

FAULTS: Final[Mapping[str, str]] = {
    "outage": "no records at all",
    "zero": "no power while the sun shines",
    "derate": "70 % of the power",
    "weak": "3 % of the power",
    "stuck": "the power of 9 o'clock all day",
}
MOST_RECORDS: Final = 2_000_000
_CLOUD_MEMORY_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class SyntheticPlant:
    """A plant to imitate: inverters of one rating [kW] in an IANA zone, by default at its city [degrees]."""

    inverters: int = 8
    rating_kw: float = 100.0
    timezone: str = "America/Sao_Paulo"
    latitude: float | None = None
    longitude: float | None = None
    step_s: int = 300
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SyntheticFault:
    """What is wrong with one inverter (from 1) on a local day; `kind` is one of `FAULTS`."""

    inverter: int
    kind: str
    day: date


def write_measurements(
    file: Path, plant: SyntheticPlant, *, first_day: date, last_day: date, faults: Sequence[SyntheticFault] = ()
) -> dict[str, Any]:
    """Write the records of whole local days, first and last included; returns records and energy_kwh.

    Raises `Refused` for days that are reversed, a plant or fault that cannot be, and more than two million records.
    """
    _check(plant, first_day, last_day, faults)
    at_us = _instants(plant, first_day, last_day)
    power_kw, temperature_c = _weather(plant, at_us)
    is_silent = np.zeros(power_kw.shape, bool)
    for fault in faults:
        _break(plant, fault, at_us, power_kw, is_silent)
    stamps = [instant_of(at).strftime("%Y-%m-%dT%H:%M:%S.000Z") for at in at_us.tolist()]
    records = 0
    with file.open("w", encoding="utf-8") as out:
        out.write("[")
        for inverter in range(plant.inverters):
            for at in np.flatnonzero(~is_silent[inverter]).tolist():
                record = _record(inverter + 1, stamps[at], float(power_kw[inverter, at]), float(temperature_c[inverter, at]))
                out.write(("\n" if not records else ",\n") + json.dumps(record, separators=(",", ":")))
                records += 1
        out.write("\n]\n")
    told = np.where(is_silent, 0, power_kw)
    return {"records": records, "energy_kwh": float(told.sum() * plant.step_s / 3600)}


def _check(plant: SyntheticPlant, first_day: date, last_day: date, faults: Sequence[SyntheticFault]) -> None:
    zone(plant.timezone)
    if first_day > last_day:
        raise Refused(f"from {first_day} is after to {last_day}; swap the two")
    if plant.inverters < 1 or not 0 < plant.rating_kw < float("inf") or not 1 <= plant.step_s <= 3_600:
        raise Refused("a plant has at least one inverter, a rating above 0 kW and a step of 1 to 3600 s; correct these")
    records = plant.inverters * ((last_day - first_day).days + 1) * 86_400 // plant.step_s
    if records > MOST_RECORDS:
        raise Refused(f"that makes {records:,} records and the most is {MOST_RECORDS:,}; give fewer days or a longer step")
    for fault in faults:
        if fault.kind not in FAULTS:
            raise Refused(f"fault {fault.kind!r} is unknown; choose one of {', '.join(FAULTS)}")
        if not 1 <= fault.inverter <= plant.inverters or not first_day <= fault.day <= last_day:
            raise Refused(f"there is no inverter {fault.inverter} on {fault.day}; correct the fault")


def _instants(plant: SyntheticPlant, first_day: date, last_day: date) -> NDArray[np.int64]:
    span = day_span(first_day, ZoneInfo(plant.timezone), (last_day - first_day).days + 1)
    return np.arange(microseconds_of(span.start), microseconds_of(span.end), plant.step_s * 1_000_000)


def _weather(plant: SyntheticPlant, at_us: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Power [kW] and temperature [°C] by (inverter, instant): one sky for all, each inverter a little better or worse."""
    random = np.random.default_rng(plant.seed)
    place = place_of(plant.timezone, plant.latitude, plant.longitude)
    sun = np.clip(np.sin(np.radians(sun_degrees(at_us, place.latitude, place.longitude))), 0, None)
    clearness = _clouds(random, len(at_us), plant.step_s)
    factor = random.normal(1, 0.02, (plant.inverters, 1))
    noise = random.normal(1, 0.01, (plant.inverters, len(at_us)))
    power = np.clip(1.15 * plant.rating_kw * sun**1.15 * clearness * factor * noise, 0, plant.rating_kw)
    warm = 22 + 6 * sun + 25 * power / plant.rating_kw + random.normal(0, 0.3, power.shape)
    return np.where(sun > 0, power, 0.0), warm


def _clouds(random: np.random.Generator, count: int, step_s: int) -> Floats:
    """Share of the clear sky, 0.15 to 1, that forgets itself within hours."""
    memory = float(np.exp(-step_s / _CLOUD_MEMORY_S))
    steps = random.normal(0, np.sqrt(1 - memory**2), count)
    state = np.empty(count)
    now = 0.0
    for place, step in enumerate(steps.tolist()):
        now = memory * now + step
        state[place] = now
    return np.clip(0.85 + 0.25 * state, 0.15, 1)


def _break(
    plant: SyntheticPlant, fault: SyntheticFault, at_us: NDArray[np.int64], power_kw: Floats, is_silent: NDArray[np.bool_]
) -> None:
    span = day_span(fault.day, ZoneInfo(plant.timezone))
    first, end = np.searchsorted(at_us, [microseconds_of(span.start), microseconds_of(span.end)]).tolist()
    row = power_kw[fault.inverter - 1, first:end]
    if fault.kind == "outage":
        is_silent[fault.inverter - 1, first:end] = True
    elif fault.kind == "stuck":
        nine = microseconds_of(span.start + timedelta(hours=9))
        row[:] = power_kw[fault.inverter - 1, np.searchsorted(at_us, nine)]
    else:
        row *= {"zero": 0.0, "derate": 0.7, "weak": 0.03}[fault.kind]


def _record(inverter: int, stamp: str, power_kw: float, temperature_c: float) -> dict[str, Any]:
    watt = round(1000 * power_kw, 1)
    return {
        "datetime": {"$date": stamp},
        "inversor_id": inverter,
        "potencia_ativa_watt": watt,
        "temperatura_celsius": round(temperature_c, 1) if watt else None,
    }
