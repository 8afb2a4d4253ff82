"""What Sungrow's devices report, as the vendor's developer documents name it: points, types of devices, states, severities.

A point is a number, written as a key with a `p` before it. Powers come in W and energies in Wh, whatever the portal shows.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from include.core.vendors import VENDORS
from include.sources.clouds.columns import Column, first_of
from include.sources.clouds.fields import Field, from_fraction, from_thousandths

LABEL: Final = VENDORS["sungrow"].label

_DOCUMENTS: Final = "iSolarCloud developer documents of July 2026"
_INVERTERS: Final = f"{_DOCUMENTS}: Common Inverter Measuring Points"
_HYBRIDS: Final = f"{_DOCUMENTS}: Common Energy Storage Inverter Measuring Points"
_MICROS: Final = f"{_DOCUMENTS}: Common Microinverter Measuring Points"
_METERS: Final = f"{_DOCUMENTS}: Common Energy Meter Measuring Points"
_WEATHER: Final = f"{_DOCUMENTS}: Common Environment Monitoring Device Measuring Points"
_BATTERIES: Final = f"{_DOCUMENTS}: Common Battery Measuring Points"
_PLANTS: Final = f"{_DOCUMENTS}: Common Plant Measuring Points"

PLANT: Final = "11"
"""A plant as a type of device."""


def charge_pct(columns: Sequence[Column]) -> Column:
    """Per cent of a battery's charge.

    Devices report a fraction or per cent, and clients of the vendor disagree on which: up to 1 it is a fraction.
    """
    return first_of(columns).changed(lambda values: np.where(values <= 1, values * 100, values))


def balance_from_thousandths(columns: Sequence[Column]) -> Column:
    """The first less the second, W to kW; no reading where one of them has none."""
    plus, minus = columns
    return plus.less(minus).over(1000)


_OF_INVERTERS: Final = (
    Field("ac_power_kw", ("p24",), "Total Active Power", "W", _INVERTERS, from_thousandths),
    Field("dc_power_kw", ("p14",), "Total DC Power", "W", _INVERTERS, from_thousandths),
    Field("reactive_power_kvar", ("p25",), "Total Reactive Power", "var", _INVERTERS, from_thousandths),
    Field("power_factor", ("p26",), "Total Power Factor", "1", _INVERTERS),
    Field("frequency_hz", ("p27",), "Grid Frequency", "Hz", _INVERTERS),
    Field("temp_inverter_c", ("p4",), "Internal Air Temperature", "°C", _INVERTERS),
    Field("energy_today_kwh", ("p1",), "Yield Today", "Wh", _INVERTERS, from_thousandths),
    Field("energy_total_kwh", ("p2",), "Total Yield", "Wh", _INVERTERS, from_thousandths),
)
_GRID_POWER: Final = "Purchased Power, Feed-in Power"
_BATTERY_POWER: Final = "Battery Charging Power, Battery Discharging Power"
_OF_HYBRIDS: Final = (
    Field("ac_power_kw", ("p13011",), "Active Power", "W", _HYBRIDS, from_thousandths),
    Field("dc_power_kw", ("p13003",), "Total DC Power", "W", _HYBRIDS, from_thousandths),
    Field("reactive_power_kvar", ("p13012",), "Total Reactive Power", "var", _HYBRIDS, from_thousandths),
    Field("power_factor", ("p13013",), "Total Power Factor", "1", _HYBRIDS),
    Field("frequency_hz", ("p13007",), "Grid Frequency", "Hz", _HYBRIDS),
    Field("temp_inverter_c", ("p13019",), "Internal Air Temperature", "°C", _HYBRIDS),
    Field("energy_today_kwh", ("p13112",), "Daily PV Yield", "Wh", _HYBRIDS, from_thousandths),
    Field("energy_total_kwh", ("p13134",), "Total PV Yield", "Wh", _HYBRIDS, from_thousandths),
    Field("load_power_kw", ("p13119",), "Load Power", "W", _HYBRIDS, from_thousandths),
    Field("grid_power_kw", ("p13149", "p13121"), _GRID_POWER, "W", _HYBRIDS, balance_from_thousandths),
    Field("battery_power_kw", ("p13126", "p13150"), _BATTERY_POWER, "W", _HYBRIDS, balance_from_thousandths),
    Field("battery_pct", ("p13141",), "Battery Level (SOC)", "fraction or %", _HYBRIDS, charge_pct),
)
_OF_MICROS: Final = (
    Field("ac_power_kw", ("p51303",), "Total Active Power", "W", _MICROS, from_thousandths),
    Field("dc_power_kw", ("p51305",), "Total DC Power", "W", _MICROS, from_thousandths),
    Field("reactive_power_kvar", ("p51304",), "Total Reactive Power", "var", _MICROS, from_thousandths),
    Field("power_factor", ("p51307",), "Total Power Factor", "1", _MICROS),
    Field("frequency_hz", ("p51308",), "Grid Frequency", "Hz", _MICROS),
    Field("energy_today_kwh", ("p51346",), "Yield Today", "Wh", _MICROS, from_thousandths),
    Field("energy_total_kwh", ("p51302",), "Total Yield", "Wh", _MICROS, from_thousandths),
)
_OF_METERS: Final = (
    Field("ac_power_kw", ("p8018",), "Meter Active Power", "W", _METERS, from_thousandths),
    # Forward is what flows from the grid to the plant.
    Field("import_total_kwh", ("p8030",), "Forward Active Energy", "Wh", _METERS, from_thousandths),
    Field("export_total_kwh", ("p8031",), "Reverse Active Energy", "Wh", _METERS, from_thousandths),
)
_OF_WEATHER: Final = (
    Field("irradiance_ghi_w_m2", ("p2003",), "Transient Horizontal Irradiation", "W/m²", _WEATHER),
    Field("irradiance_poa_w_m2", ("p2007",), "Slope Transient Irradiation", "W/m²", _WEATHER),
    Field("temp_air_c", ("p2009",), "Ambient Temperature", "°C", _WEATHER),
    Field("temp_module_c", ("p2010",), "Temp. (PV module)", "°C", _WEATHER),
    Field("wind_speed_m_s", ("p2016",), "Wind Speed", "m/s", _WEATHER),
)
_OF_BATTERIES: Final = (Field("battery_pct", ("p58604",), "Battery Level", "fraction or %", _BATTERIES, charge_pct),)
_OF_PLANTS: Final = (
    Field("ac_power_kw", ("p83033", "p83002"), "Plant Power, Inverter AC Power", "W", _PLANTS, from_thousandths),
    Field("energy_today_kwh", ("p83022",), "Daily Yield of Plant", "Wh", _PLANTS, from_thousandths),
    Field("energy_total_kwh", ("p83024",), "Plant Total Yield", "Wh", _PLANTS, from_thousandths),
    Field("load_power_kw", ("p83106", "p83052"), "Load Power", "W", _PLANTS, from_thousandths),
    # The documents leave the unit out; three public clients multiply by 100.
    Field("battery_pct", ("p83252", "p83129"), "Battery Level (SOC), Battery SOC", "fraction", _PLANTS, from_fraction),
    Field("irradiance_ghi_w_m2", ("p83012",), "P-radiation-H", "W/m²", _PLANTS),
    Field("temp_air_c", ("p83016",), "Plant Ambient Temperature", "°C", _PLANTS),
    Field("temp_module_c", ("p83017",), "Plant Module Temperature", "°C", _PLANTS),
)
MEASURES: Final[Mapping[str, tuple[Field, ...]]] = {
    "1": _OF_INVERTERS,
    "5": _OF_WEATHER,
    "7": _OF_METERS,
    PLANT: _OF_PLANTS,
    "14": _OF_HYBRIDS,
    "43": _OF_BATTERIES,
    "55": _OF_MICROS,
}
"""Points of the moment by type of device; the other types (loggers, battery managers) measure nothing of ours."""

TODAY: Final = (
    Field("export_day_kwh", ("p83072",), "Feed-in Energy Today", "Wh", _PLANTS, from_thousandths),
    Field("import_day_kwh", ("p83102",), "Energy Purchased Today", "Wh", _PLANTS, from_thousandths),
    Field("load_day_kwh", ("p83118",), "Daily Load Consumption", "Wh", _PLANTS, from_thousandths),
    Field("irradiation_day_kwh_m2", ("p83013",), "Daily Irradiation", "Wh/m²", _PLANTS, from_thousandths),
)
"""Amounts so far of a plant's current day, beside its generation, which a running counter reports."""

DAY_ENERGIES: Final[Mapping[str, tuple[Field, ...]]] = {
    "1": (Field("energy_day_kwh", ("p1",), "Yield Today", "Wh", _INVERTERS, from_thousandths),),
    PLANT: (Field("energy_day_kwh", ("p83022",), "Daily Yield of Plant", "Wh", _PLANTS, from_thousandths), *TODAY),
    "14": (Field("energy_day_kwh", ("p13112",), "Daily PV Yield", "Wh", _HYBRIDS, from_thousandths),),
    "55": (Field("energy_day_kwh", ("p51346",), "Yield Today", "Wh", _MICROS, from_thousandths),),
}
"""Points whose highest value of a day is the day's amount, by type of device."""

MONTH_ENERGIES: Final[Mapping[str, tuple[Field, ...]]] = {
    PLANT: (Field("energy_month_kwh", ("p83022",), "Daily Yield of Plant", "Wh", _PLANTS, from_thousandths),),
}
"""Points whose sum over the days of a month is the month's amount, by type of device."""

KINDS: Final[Mapping[str, str]] = {
    "1": "inverter", "14": "inverter", "55": "inverter", "7": "meter", "5": "sensor", "9": "logger", "22": "logger",
    "23": "battery", "43": "battery",
}  # fmt: skip
"""Our kind of device by the vendor's type (developer documents, appendix 1: Device Type Dictionary Definitions)."""

STATE_POINTS: Final[Mapping[str, str]] = {"1": "p29", "55": "p51301"}
"""Points that report a code of `STATES`, by type of device."""

STATES: Final[Mapping[int, str]] = {
    0: "on grid", 64: "on grid", 1: "shut down", 32768: "shut down", 8: "standby", 5120: "standby", 16: "initial standby",
    4608: "initial standby", 32: "starting", 5632: "starting", 128: "derated", 33024: "derated", 256: "fault", 21760: "fault",
    33280: "dispatched", 37120: "running with alarm",
}  # fmt: skip

CAPACITY_KWP: Final[Mapping[str, float]] = {
    "w": 0.001, "wp": 0.001, "kw": 1.0, "kwp": 1.0, "mw": 1e3, "mwp": 1e3, "gw": 1e6, "gwp": 1e6,
}  # fmt: skip
"""kWp per unit of a capacity that comes with its unit, in lower case."""

SEVERITIES: Final[Mapping[str, str]] = {"1": "major", "2": "minor", "3": "notice", "4": "notice"}
"""Severity by `fault_type`: fault, alarm, notice, suggestion."""

OPEN_ALARMS: Final = "8"
"""`process_status` that asks for all alarms that are not closed."""

ENDED: Final = frozenset({"4", "9"})
"""`process_status` of alarms that are resolved or closed."""
