"""Words that members and parameters choose from: each set once, under the name that generated clients give it."""

from typing import Any, Final, Literal, get_args, get_origin

from include.core.energy import EnergySource
from include.core.quantities import QUANTITIES
from include.core.vendors import VENDORS
from include.warehouse.plant_yields import YieldGrain

AskedGrain = Literal["auto", "minute", "hour", "day", "week", "month", "year"]
AccountState = Literal["active", "disabled", "rejected", "needs attention"]
AlarmOrigin = Literal["vendor", "heliograph"]
AlarmState = Literal["open", "acknowledged", "closed"]
CapacitySource = Literal["registered", "fitted"]
ConsumptionMethod = Literal["short", "recent", "last_year", "seasonal"]
ConsumptionVerdict = Literal["usual", "high", "low"]
DeviceKind = Literal["inverter", "meter", "logger", "battery", "sensor", "equipment"]
DocumentState = Literal["landed", "loaded", "refused"]
EnergyGrain = Literal["day", "week", "month", "year"]
Fault = Literal["critical", "major", "minor", "notice", "none"]
Freshness = Literal["fresh", "night", "late", "never"]
InverterMethod = Literal["rating", "model", "past", "alike", "clear sky"]
InverterVerdict = Literal["normal", "slightly low", "low", "very low", "zero", "not compared"]
Language = Literal["pt-BR", "en"]
Layout = Literal["objects", "table"]
MissingForPerformance = Literal["target", "energy"]
MissingForValue = Literal["no tariff", "several currencies"]
OnlineState = Literal["online", "offline", "retired"]
PerformanceWindowName = Literal["1_days", "7_days", "30_days", "month_to_date", "month", "year_to_date", "year"]
PlaneSource = Literal["registered", "fitted", "assumed"]
Quantity = Literal[*QUANTITIES]  # type: ignore[valid-type]
RankedBy = Literal["total", "mean"]
ReportKind = Literal["day", "week", "month", "cycle", "span"]
ReportSubject = Literal["plant", "portfolio", "consumption"]
RollupGrain = Literal["minute", "hour", "day", "week", "month", "year"]
SeriesKind = Literal["power", "gauge", "counter", "amount", "state"]
SeriesOrigin = Literal["measured", "derived"]
Severity = Literal["critical", "major", "minor", "notice"]
SiteSource = Literal["meters", "consumption"]
StatisticsPeriod = Literal["24h", "7d", "30d", "1y"]
DecimalSign = Literal["point", "comma"]
TableFormat = Literal["json", "csv", "jsonl", "parquet"]
TargetOrigin = Literal["unknown", "registry", "form", "command"]

NAMES: Final[dict[frozenset[Any], str]] = {
    **{frozenset(get_args(kind)): name for name, kind in tuple(globals().items()) if get_origin(kind) is Literal},
    frozenset(get_args(EnergySource)): "EnergySource",
    frozenset(get_args(YieldGrain)): "YieldGrain",
    frozenset(VENDORS): "Vendor",
}
"""Name of each set by its words; three are at home elsewhere."""
