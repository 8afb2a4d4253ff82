"""What the fields of Growatt's answers mean, which of its two interfaces has what, and its types of devices.

No answer names a unit. Times are written in the plant's own time; numbers beside them that look like epochs are that local time
taken for China's, and are not read.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from include.sources.clouds.columns import Column
from include.sources.clouds.fields import Field, from_thousandths

PLANTS: Final = "plant/list"
PLANT: Final = "plant/details"
DEVICES: Final = "device/list"
PLANT_NOW: Final = "plant/data"
PLANT_POWER: Final = "plant/power"
PLANT_DAYS: Final = "plant/energy"
DEVICES_NOW: Final = "new-api/queryLastData"
HISTORY: Final = "new-api/queryDevicesHistoricalData"

TYPES: Final[Mapping[str, str]] = {"1": "inv", "4": "max", "5": "sph", "6": "spa", "7": "min"}
"""Types of inverters in the list of a plant (v1), and what they are called where their figures are (v4)."""

ALARMS: Final[Mapping[str, tuple[str, str]]] = {
    "1": ("device/inverter/alarm", "device_sn"),
    "4": ("device/max/alarm_data", "max_sn"),
    "5": ("device/mix/alarm_data", "mix_sn"),
    "6": ("device/spa/alarm_data", "spa_sn"),
    "7": ("device/tlx/alarm_data", "tlx_sn"),
}
"""By type: where an inverter's alarms are, and the field that names it there."""

ALARM_LISTS: Final = frozenset(interface for interface, _ in ALARMS.values())
POSTED: Final = frozenset({DEVICES_NOW, HISTORY, *ALARM_LISTS} - {ALARMS["1"][0]})
"""Interfaces that are asked by a form; the others by a query."""

SERIALS: Final = ("deviceSn", "serialNum", "inverterId")
"""Where a row of figures names its device, by type."""

_V1: Final = "Open API v1 (showdoc 262556420217021), as kept in timohencken/GrowattPublicApiPy"
_V4: Final = "Open API v4 (showdoc 2540838290984246), parameters by type, as kept in timohencken/GrowattPublicApiPy"
_WATTS: Final = f"{_V1}: the sample of a plant of 20 kWp has 7903.4; W in emergingrobotics/gogrowatt (February 2026)"


def from_charge(columns: Sequence[Column]) -> Column:
    """Charging and discharging [W], of which one is zero, to kW, + while charging."""
    charge, discharge = (column.over(1000) for column in columns)
    return charge.else_zero(discharge).less(discharge.else_zero(charge))


PLANT_POWERS: Final = (Field("ac_power_kw", ("power",), "power", "W", _WATTS, from_thousandths),)
PLANT_ENERGIES: Final = (Field("energy_day_kwh", ("energy",), "energy", "kWh", f"{_V1}: plant/energy"),)
PLANT_TODAY: Final = (Field("energy_day_kwh", ("today_energy",), "today_energy", "kWh", f"{_V1}: plant/data"),)

DEVICE_FIELDS: Final = (
    Field("ac_power_kw", ("pac",), "pac", "W", _V4, from_thousandths),
    Field("dc_power_kw", ("ppv",), "ppv", "W", _V4, from_thousandths),
    Field("energy_today_kwh", ("eacToday", "powerToday"), "eacToday; powerToday of inv", "kWh", _V4),
    Field("energy_total_kwh", ("eacTotal", "powerTotal"), "eacTotal; powerTotal of inv", "kWh", _V4),
    Field("temp_inverter_c", ("temperature", "temp1"), "temperature; temp1 of min, sph and spa", "°C", _V4),
    Field("frequency_hz", ("fac",), "fac", "Hz", _V4),
    Field("battery_pct", ("soc",), "soc of sph and spa", "%", _V4),
    Field("battery_power_kw", ("pcharge1", "pdischarge1"), "pcharge1 and pdischarge1 of sph and spa", "W", _V4, from_charge),
)
"""Figures of an inverter, now and in its history. A max has powerToday, too, but always zero: eacToday comes first."""
