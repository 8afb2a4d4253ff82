"""What the fields of Huawei's answers mean. Every plant key that ends in `_power` is energy [kWh], whatever it is called."""

from collections.abc import Mapping
from typing import Final

from include.sources.clouds.fields import Field, from_thousandths

STATIONS: Final = "stations"
DEVICES: Final = "getDevList"
PLANTS_NOW: Final = "getStationRealKpi"
PLANT_HOURS: Final = "getKpiStationHour"
PLANT_DAYS: Final = "getKpiStationDay"
PLANT_MONTHS: Final = "getKpiStationMonth"
DEVICES_NOW: Final = "getDevRealKpi"
DEVICE_HISTORY: Final = "getDevHistoryKpi"
ALARMS: Final = "getAlarmList"

INVERTERS: Final = ("1", "38")
METERS: Final = ("17", "47")
BATTERIES: Final = ("39", "41")
WEATHER_STATION: Final = "10"
LOGGERS: Final = ("2", "37", "62", "63")
MEASURED: Final = (*INVERTERS, WEATHER_STATION, *METERS, *BATTERIES)
"""Types of devices of which there is a history."""

KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(INVERTERS, "inverter"),
    **dict.fromkeys(METERS, "meter"),
    **dict.fromkeys(BATTERIES, "battery"),
    WEATHER_STATION: "sensor",
    **dict.fromkeys(LOGGERS, "logger"),
}
"""Our kinds of devices by the vendor's `devTypeId`; the others measure nothing of ours."""

_DEVICE: Final = "NetEco V600R022C00 Northbound Interface Reference-V6, getDevRealKpi and getDevHistoryKpi"
_PLANT: Final = "NetEco V600R022C00 Northbound Interface Reference-V6, getStationRealKpi and getKpiStation*"
_METER_UNIT: Final = "SmartPVMS change history, 24.7.0 issue 03: the unit of a meter's power is W, not kW"
_YIELDS_OF_24_5: Final = "SmartPVMS 24.5.0, as read by nemsei; in the 2022 reference inverter_power alone"
_NEWER_ENERGIES: Final = "SmartPVMS 24.x, as read by public clients"
_FROM_MEMORY: Final = "observed in the sandbox only; the name is not in a document that we have"

INVERTER_FIELDS: Final = (
    Field("ac_power_kw", ("active_power",), "Active power", "kW", _DEVICE),
    Field("dc_power_kw", ("mppt_power",), "Total input power", "kW", _DEVICE),
    Field("reactive_power_kvar", ("reactive_power",), "Reactive output power", "kVar", _DEVICE),
    Field("power_factor", ("power_factor",), "Power factor", "1", _DEVICE),
    Field("frequency_hz", ("elec_freq",), "Grid frequency", "Hz", _DEVICE),
    Field("temp_inverter_c", ("temperature",), "Internal temperature", "°C", _DEVICE),
    Field("energy_today_kwh", ("day_cap",), "Yield of the day", "kWh", _DEVICE),
    Field("energy_total_kwh", ("total_cap",), "Cumulative yield", "kWh", _DEVICE),
)
METER_FIELDS: Final = (
    Field("ac_power_kw", ("active_power",), "Active power", "W", _METER_UNIT, from_thousandths),
    Field("export_total_kwh", ("active_cap",), "Active energy (positive)", "kWh", _DEVICE),
    Field("import_total_kwh", ("reverse_active_cap",), "Active energy (negative)", "kWh", _DEVICE),
    Field("frequency_hz", ("grid_frequency",), "Grid frequency", "Hz", _DEVICE),
)
BATTERY_FIELDS: Final = (
    Field("battery_power_kw", ("ch_discharge_power",), "Charge and discharge power", "W", _DEVICE, from_thousandths),
    Field("battery_pct", ("battery_soc",), "State of charge", "%", _DEVICE),
)
WEATHER_FIELDS: Final = (
    Field("temp_air_c", ("temperature",), "Ambient temperature", "°C", _DEVICE),
    Field("temp_module_c", ("pv_temperature",), "PV module temperature", "°C", _DEVICE),
    Field("wind_speed_m_s", ("wind_speed",), "Wind speed", "m/s", _DEVICE),
    Field("irradiance_poa_w_m2", ("radiant_line",), "Irradiance", "W/m²", _DEVICE),
    Field("irradiance_ghi_w_m2", ("horiz_radiant_line",), "Horizontal irradiance", "W/m²", _DEVICE),
)
DEVICE_FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    **dict.fromkeys(INVERTERS, INVERTER_FIELDS),
    **dict.fromkeys(METERS, METER_FIELDS),
    **dict.fromkeys(BATTERIES, BATTERY_FIELDS),
    WEATHER_STATION: WEATHER_FIELDS,
}
"""Fields of devices by the vendor's `devTypeId`."""

_YIELD: Final = ("PVYield", "inverterYield", "inverter_power")
PERIOD_FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    PLANT_HOURS: (
        Field("energy_hour_kwh", _YIELD, "PV yield", "kWh", _YIELDS_OF_24_5),
        Field("irradiation_hour_kwh_m2", ("radiation_intensity",), "Global irradiation", "kWh/m²", _PLANT),
    ),
    PLANT_DAYS: (
        Field("energy_day_kwh", _YIELD, "PV yield", "kWh", _YIELDS_OF_24_5),
        Field("export_day_kwh", ("ongrid_power",), "Feed-in energy", "kWh", _PLANT),
        Field("import_day_kwh", ("buyPower",), "Energy from grid", "kWh", _FROM_MEMORY),
        Field("load_day_kwh", ("use_power",), "Consumption", "kWh", _PLANT),
        Field("irradiation_day_kwh_m2", ("radiation_intensity",), "Global irradiation", "kWh/m²", _PLANT),
    ),
    PLANT_MONTHS: (Field("energy_month_kwh", _YIELD, "PV yield", "kWh", _YIELDS_OF_24_5),),
}
"""Fields of plants' hours, days and months by interface."""

NOW_FIELDS: Final = (
    Field("energy_today_kwh", ("day_power",), "Daily energy", "kWh", _PLANT),
    Field("energy_total_kwh", ("total_power",), "Lifetime energy", "kWh", _PLANT),
)
"""Counters of a plant at the moment of a realtime answer."""

TODAY_FIELDS: Final = (
    Field("energy_day_kwh", ("day_power",), "Daily energy", "kWh", _PLANT),
    Field("export_day_kwh", ("day_on_grid_energy",), "Daily feed-in energy", "kWh", _NEWER_ENERGIES),
    Field("load_day_kwh", ("day_use_energy",), "Daily consumption", "kWh", _NEWER_ENERGIES),
)
"""Amounts so far of a plant's running day."""

THIS_MONTH_FIELDS: Final = (Field("energy_month_kwh", ("month_power",), "Monthly energy", "kWh", _PLANT),)
"""Amounts so far of a plant's running month."""

STATE_KEY: Final = "inverter_state"
STATES: Final[Mapping[int, str]] = {
    **dict.fromkeys(range(4), "standby"), 256: "start", 512: "on grid", 513: "on grid, power-limited",
    514: "on grid, self-derating", 768: "fault shutdown", 769: "shutdown by command", 770: "OVGR shutdown",
    771: "communication lost", 772: "power-limit shutdown", 773: "manual start needed", 774: "DC switch off",
    **dict.fromkeys((1025, 1026, 1280, 1281, 1536, 1792, 2048, 2304), "check"), 40960: "standby, no sun",
    45056: "communication interrupted", 49152: "loading",
}  # fmt: skip
"""`inverter_state`, from the same reference."""

DISCONNECTED: Final = frozenset({771, 45056})
"""`inverter_state` of a device that has lost its communication: what else it reports is from before."""

SEVERITIES: Final[Mapping[int, str]] = {1: "critical", 2: "major", 3: "minor", 4: "notice"}
"""`lev` of an alarm."""

OPEN_STATUSES: Final = (None, 1, 2, 3)
"""`status` of an alarm that is still open: none given, active, acknowledged, being handled."""
