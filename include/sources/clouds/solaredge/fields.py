"""What the fields of SolarEdge's answers mean, its units and resolutions."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from include.sources.clouds.fields import UNIT_AS_SENT, Field

SITES: Final = "sites"
SITE: Final = "sites/details"
DEVICES: Final = "sites/devices"
ENERGY: Final = "sites/energy"
INVERTERS: Final = "sites/inverters/telemetry"
ALERTS: Final = "alerts"
PATHS: Final[Mapping[str, str]] = {
    SITES: "sites",
    SITE: "sites/{siteId}",
    DEVICES: "sites/{siteId}/devices",
    ENERGY: "sites/{siteId}/energy",
    INVERTERS: "sites/{siteId}/inverters/telemetry",
    ALERTS: "alerts",
}
"""Paths below `/v2/` by our name of the interface; `siteId` stands in the body of a request."""

INVERTER: Final = "INVERTER"

_TELEMETRY: Final = "Basic Monitoring API 2.x, Inverter Telemetry, as read by trooperthorn/ha_int_solaredge (September 2026)"
_SITE_ENERGY: Final = "Basic Monitoring API 2.x, Site Energy; recorded by CathalOConnorRH/solaredge-v2 (August 2026)"

INVERTER_FIELDS: Final = (
    Field("ac_power_kw", ("power",), "Power, mean of the bucket", UNIT_AS_SENT, _TELEMETRY),
    Field("voltage_v", ("voltage",), "Voltage, at the end of the bucket", UNIT_AS_SENT, _TELEMETRY),
    Field("frequency_hz", ("frequency",), "Frequency, at the end of the bucket", UNIT_AS_SENT, _TELEMETRY),
    Field("energy_15min_kwh", ("energy",), "Energy of the bucket", UNIT_AS_SENT, _TELEMETRY),
)
"""Metrics of an inverter in quarter hours; the current is left out, as the vendor derives it from power and voltage."""

DAY_FIELDS: Final = (Field("energy_day_kwh", ("energy",), "Energy of the site", UNIT_AS_SENT, _SITE_ENERGY),)

ENDS_ITS_BUCKET: Final = frozenset({"voltage", "frequency"})
"""Metrics whose time is the end of the bucket; that of all others is its start."""

QUARTER_HOUR: Final = "QUARTER_HOUR"
HOUR: Final = "HOUR"
DAY: Final = "DAY"
BUCKET: Final = timedelta(minutes=15)

UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "power": {"W": 0.001, "KW": 1.0, "MW": 1000.0},
    "energy": {"WH": 0.001, "KWH": 1.0, "MWH": 1000.0, "GWH": 1_000_000.0},
    "voltage": {"VOLT": 1.0},
    "frequency": {"HERTZ": 1.0},
}
"""Factors to our units by metric and the unit that the answer names."""

LOWEST_IMPACTS: Final[tuple[tuple[int, str], ...]] = ((8, "critical"), (5, "major"), (2, "minor"), (0, "notice"))
"""Severity by the impact of an alert, 0 to 9, from so much on. The scale is the vendor's, the steps are ours."""
