"""What the fields of Deye's answers mean. Stations send W and kWh without saying so; device points name their unit."""

from collections.abc import Mapping, Sequence
from typing import Final

from include.sources.clouds.columns import Column, first_of
from include.sources.clouds.fields import UNIT_AS_SENT, Field, from_thousandths

TOKEN: Final = "account/token"  # noqa: S105 - the name of an interface
INFO: Final = "account/info"
STATIONS: Final = "station/list"
DEVICES: Final = "station/device"
STATION_NOW: Final = "station/latest"
STATION_HISTORY: Final = "station/history"
ALERTS: Final = "station/alertList"
DEVICES_NOW: Final = "device/latest"
DEVICE_RAW: Final = "device/historyRaw"
DEVICE_HISTORY: Final = "device/history"
POINTS_OF: Final = "device/measurePoints"

ROWS: Final[Mapping[str, str]] = {
    STATIONS: "stationList",
    DEVICES: "deviceListItems",
    STATION_HISTORY: "stationDataItems",
    ALERTS: "stationAlertItems",
    DEVICES_NOW: "deviceDataList",
    DEVICE_RAW: "dataList",
    DEVICE_HISTORY: "dataList",
    POINTS_OF: "measurePoints",
}
"""The list of rows in the answer of each interface; `station/latest` has its only row at the top."""

IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    STATIONS: ("id",),
    DEVICES: ("deviceSn", "deviceType"),
    ALERTS: ("alertId",),
}
"""Interfaces with pages, and what tells their rows apart."""

FRAMES, DAYS, MONTHS = 1, 2, 3
"""`granularity` of the two histories."""

INVERTERS: Final = ("INVERTER", "MICRO_INVERTER", "MICRO_STORAGE_IN_ONE")
KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(INVERTERS, "inverter"),
    "COLLECTOR": "logger",
    "LORA_MASTER": "logger",
    "BATTERY": "battery",
}
"""Our kinds of devices by the vendor's `deviceType`; the others measure nothing of ours."""

STATES: Final[Mapping[str, str]] = {"1": "online", "2": "alert", "3": "offline"}
"""`deviceState` of `device/latest`."""

SEVERITIES: Final[Mapping[str, str]] = {"0": "notice", "1": "minor", "2": "major"}
"""`level` of an alert: notice, warning, failure."""

IS_OPEN: Final[Mapping[str, bool]] = {"0": False, "1": True}
"""`status` of an alert."""

_SWAGGER: Final = "Deye Cloud OpenAPI v1.0, Swagger of June 2026"
_POWER: Final = f"{_SWAGGER}, StationDataItem, without a unit; W as all public clients read it"
_BATTERY: Final = f"{_SWAGGER}, StationDataItem, without a unit; W, + while discharging, as public clients read it"
_PERCENT: Final = f"{_SWAGGER}, StationDataItem, without a unit; % as public clients read it"
_IRRADIANCE: Final = f"{_SWAGGER}, StationDataItem, without a unit; W/m² is uncertain"
_ENERGY: Final = f"{_SWAGGER}, StationDataItem, without a unit; kWh as public clients read it"
_POINT: Final = f"{_SWAGGER}, device/latest: key, value and unit; the keys are those that public clients met"


def from_discharge(columns: Sequence[Column]) -> Column:
    """W, + while discharging, to kW, + while charging."""
    return first_of(columns).over(-1000)


def from_grid(columns: Sequence[Column]) -> Column:
    """Fed in, bought and on the wire [W] to kW, + while importing: bought less fed in, or the wire where both are missing."""
    fed_in, bought, wire = (column.over(1000) for column in columns)
    return bought.else_zero(fed_in).less(fed_in.else_zero(bought)).else_of(wire)


_GRID: Final = ("gridPower", "purchasePower", "wirePower")
STATION_FIELDS: Final = (
    Field("ac_power_kw", ("generationPower",), "generationPower", "W", _POWER, from_thousandths),
    Field("load_power_kw", ("consumptionPower",), "consumptionPower", "W", _POWER, from_thousandths),
    Field("battery_power_kw", ("batteryPower",), "batteryPower", "W", _BATTERY, from_discharge),
    Field("battery_pct", ("batterySOC",), "batterySOC", "%", _PERCENT),
    Field("irradiance_ghi_w_m2", ("irradiateIntensity",), "irradiateIntensity", "W/m²", _IRRADIANCE),
    Field("grid_power_kw", _GRID, "gridPower, purchasePower, wirePower", "W", _POWER, from_grid),
)
"""A station now, and its frames."""

DAY_FIELDS: Final = (
    Field("energy_day_kwh", ("generationValue",), "generationValue", "kWh", _ENERGY),
    Field("load_day_kwh", ("consumptionValue",), "consumptionValue", "kWh", _ENERGY),
    Field("export_day_kwh", ("gridValue",), "gridValue", "kWh", _ENERGY),
    Field("import_day_kwh", ("purchaseValue",), "purchaseValue", "kWh", _ENERGY),
)
MONTH_FIELDS: Final = (Field("energy_month_kwh", ("generationValue",), "generationValue", "kWh", _ENERGY),)

HISTORY_FIELDS: Final = (
    Field("ac_power_kw", ("TotalActiveACOutputPower",), "TotalActiveACOutputPower", UNIT_AS_SENT, _POINT),
    Field("dc_power_kw", ("TotalDCInputPower", "TotalSolarPower"), "TotalDCInputPower", UNIT_AS_SENT, _POINT),
    Field("energy_today_kwh", ("DailyActiveProduction",), "DailyActiveProduction", UNIT_AS_SENT, _POINT),
    Field("energy_total_kwh", ("TotalActiveProduction",), "TotalActiveProduction", UNIT_AS_SENT, _POINT),
    Field("temp_inverter_c", ("AC Temperature", "DC Temperature"), "AC Temperature", UNIT_AS_SENT, _POINT),
)
"""Points of which the history is requested: one call takes five."""

DEVICE_FIELDS: Final = (
    *HISTORY_FIELDS,
    Field("frequency_hz", ("ACOutputFrequencyR", "GridFrequency"), "ACOutputFrequencyR", UNIT_AS_SENT, _POINT),
)
"""Points of a device."""

DIVISORS: Final[Mapping[str, Mapping[str, float]]] = {
    "kW": {"": 1000.0, "w": 1000.0, "kw": 1.0, "mw": 0.001},
    "kWh": {"": 1.0, "wh": 1000.0, "kwh": 1.0, "mwh": 0.001},
    "°C": {"": 1.0, "℃": 1.0, "°c": 1.0, "c": 1.0},
    "Hz": {"": 1.0, "hz": 1.0},
}
"""By our unit: how many of each unit as sent, in lower case, make one of ours; "" where a point came without a unit."""
