"""The points of Sungrow's devices: which quantities they tell, and in what unit.

A point is a number; in answers it is a key with a `p` before it. Powers come in W and energies in Wh; what a plant tells of its
charge is a fraction.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from include.sources.clouds.rows import Column, first_of

PLANT: Final = "11"
"""A plant as a type of device."""

_Columns = Sequence[Column]


class Measure(NamedTuple):
    """A quantity, the points that it is made of, and how their columns make it."""

    quantity: str
    points: tuple[str, ...]
    read: Callable[[_Columns], Column]


def _kilo(columns: _Columns) -> Column:
    return first_of(columns).over(1000)


def _percent(columns: _Columns) -> Column:
    return first_of(columns).changed(lambda values: values * 100)


def _charge(columns: _Columns) -> Column:
    """Per cent; devices tell a fraction or per cent, and which one is nowhere written: up to 1 it is a fraction."""
    return first_of(columns).changed(lambda values: np.where(values <= 1, values * 100, values))


def _kilo_balance(columns: _Columns) -> Column:
    """The first less the second; no reading where one of them has none."""
    plus, minus = columns
    return plus.less(minus).over(1000)


_INVERTER: Final = (
    Measure("ac_power_kw", ("24",), _kilo),
    Measure("dc_power_kw", ("14",), _kilo),
    Measure("reactive_power_kvar", ("25",), _kilo),
    Measure("power_factor", ("26",), first_of),
    Measure("frequency_hz", ("27",), first_of),
    Measure("temp_inverter_c", ("4",), first_of),
    Measure("energy_today_kwh", ("1",), _kilo),
    Measure("energy_total_kwh", ("2",), _kilo),
)
_HYBRID: Final = (
    Measure("ac_power_kw", ("13011",), _kilo),
    Measure("dc_power_kw", ("13003",), _kilo),
    Measure("reactive_power_kvar", ("13012",), _kilo),
    Measure("power_factor", ("13013",), first_of),
    Measure("frequency_hz", ("13007",), first_of),
    Measure("temp_inverter_c", ("13019",), first_of),
    Measure("energy_today_kwh", ("13112",), _kilo),
    Measure("energy_total_kwh", ("13134",), _kilo),
    Measure("load_power_kw", ("13119",), _kilo),
    Measure("grid_power_kw", ("13149", "13121"), _kilo_balance),
    Measure("battery_power_kw", ("13126", "13150"), _kilo_balance),
    Measure("battery_pct", ("13141",), _charge),
)
_MICRO: Final = (
    Measure("ac_power_kw", ("51303",), _kilo),
    Measure("dc_power_kw", ("51305",), _kilo),
    Measure("reactive_power_kvar", ("51304",), _kilo),
    Measure("power_factor", ("51307",), first_of),
    Measure("frequency_hz", ("51308",), first_of),
    Measure("energy_today_kwh", ("51346",), _kilo),
    Measure("energy_total_kwh", ("51302",), _kilo),
)
_METER: Final = (
    Measure("ac_power_kw", ("8018",), _kilo),
    # Forward is what flows from the grid to the plant.
    Measure("import_total_kwh", ("8030",), _kilo),
    Measure("export_total_kwh", ("8031",), _kilo),
)
_WEATHER: Final = (
    Measure("irradiance_ghi_w_m2", ("2003",), first_of),
    Measure("irradiance_poa_w_m2", ("2007",), first_of),
    Measure("temp_air_c", ("2009",), first_of),
    Measure("temp_module_c", ("2010",), first_of),
    Measure("wind_speed_m_s", ("2016",), first_of),
)
_PLANT: Final = (
    Measure("ac_power_kw", ("83033", "83002"), _kilo),
    Measure("energy_today_kwh", ("83022",), _kilo),
    Measure("energy_total_kwh", ("83024",), _kilo),
    Measure("load_power_kw", ("83106", "83052"), _kilo),
    Measure("battery_pct", ("83252", "83129"), _percent),
    Measure("irradiance_ghi_w_m2", ("83012",), first_of),
    Measure("temp_air_c", ("83016",), first_of),
    Measure("temp_module_c", ("83017",), first_of),
)
MEASURES: Final[dict[str, tuple[Measure, ...]]] = {
    "1": _INVERTER,
    "5": _WEATHER,
    "7": _METER,
    PLANT: _PLANT,
    "14": _HYBRID,
    "43": (Measure("battery_pct", ("58604",), _charge),),
    "55": _MICRO,
}
"""What is read from devices by their type; the others (loggers, battery managers) measure nothing of ours."""

DAY_ENERGIES: Final = {
    "1": {"1": "energy_day_kwh"},
    PLANT: {
        "83022": "energy_day_kwh",
        "83072": "export_day_kwh",
        "83102": "import_day_kwh",
        "83118": "load_day_kwh",
        "83013": "irradiation_day_kwh_m2",
    },
    "14": {"13112": "energy_day_kwh"},
    "55": {"51346": "energy_day_kwh"},
}
MONTH_ENERGIES: Final = {PLANT: {"83022": "energy_month_kwh"}}
TODAY: Final = {point: quantity for point, quantity in DAY_ENERGIES[PLANT].items() if point != "83022"}
"""Amounts so far of a realtime answer; the generation of today is told by its running counter."""

KINDS: Final = {
    "1": "inverter", "14": "inverter", "55": "inverter", "7": "meter", "5": "sensor", "9": "logger", "22": "logger",
    "23": "battery", "43": "battery",
}  # fmt: skip
STATE_POINTS: Final = {"1": "29", "55": "51301"}
"""Points that tell a code of `STATES`, by type of device."""

STATES: Final = {
    0: "on grid", 64: "on grid", 1: "shut down", 32768: "shut down", 8: "standby", 5120: "standby", 16: "initial standby",
    4608: "initial standby", 32: "starting", 5632: "starting", 128: "derated", 33024: "derated", 256: "fault", 21760: "fault",
    33280: "dispatched", 37120: "running with alarm",
}  # fmt: skip


def points_of(device_type: str) -> list[str]:
    """Points to ask of devices of a type that measures something."""
    found = [point for measure in MEASURES[device_type] for point in measure.points]
    return list(dict.fromkeys([*found, *filter(None, [STATE_POINTS.get(device_type)])]))
