"""The frame of a plant report: everything that a page says, and nothing that a page does not need.

Whoever fills it has read the warehouse; whoever prints it computes no energy. Unknown numbers are None, never 0.
Shares and indices are ratios (1.0 = 100 %); days are the plant's own local days.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Literal

from include.core.brand import OWN_BRAND, Brand
from include.core.energy import EnergySource
from include.core.errors import Refused

Kind = Literal["day", "week", "month", "cycle", "span"]
Language = Literal["pt-BR", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("pt-BR", "en")

Mark = Literal["provisional", "counter", "incomplete", "hardly_measured", "restated", "held_back"]

_DECIMALS: Final = 4
_UNCOUNTED: Final = {"provenance", "restated_from_kwh", "marks"}


@dataclass(frozen=True, slots=True)
class Money:
    """Worth of the energy of each day at its tariff; `currency` is an ISO code such as BRL.

    `price_per_kwh` is None where it changed in the period. Where days of known energy have no tariff, `days_priced` says how many
    have one.
    """

    price_per_kwh: float | None
    currency: str
    savings: float | None
    days_priced: int | None = None


@dataclass(frozen=True, slots=True)
class EmissionFactor:
    """CO2 of the energy that solar energy replaces [kg/kWh], from a day on, as `source` says it."""

    co2_kg_kwh: float
    source: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Emissions:
    """CO2 that was avoided [kg]: the energy of each day by the factor in force on it."""

    avoided_kg: float
    factors: tuple[EmissionFactor, ...]


@dataclass(frozen=True, slots=True)
class SiteConsumption:
    """What the place of the plant consumed over the `days` of which that is known, and its bill without the plant."""

    consumed_kwh: float
    days: int
    bill_without_pv: float
    currency: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The period, or one to compare it with: local days, both included, and what is known of them.

    `energy_kwh` is of all its `days_known`; `performance_index` as in the headline. Performance ratio and availabilities are
    those of docs/kpis.md, None where nothing tells them.
    """

    name: Literal["period", "previous", "year_before", "month_to_date", "year_to_date"]
    first_day: date
    last_day: date
    days_known: int
    energy_kwh: float | None
    performance_index: float | None
    is_assessable: bool
    specific_yield_kwh_kwp: float | None
    performance_ratio: float | None
    data_availability: float | None
    technical_availability: float | None

    @property
    def days(self) -> int:
        """Local days of the period."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """Alarms of one kind at one device, or the plant (`device_name` None), that were on in the period.

    `raised_at` is the first one's, `cleared_at` the last one's end: None where one `is_on` at the end of the period, or where the
    vendor does not tell it. `lost_kwh` is what the period lost by them, None for what a vendor reports; `lost_value` is
    its worth in `currency` at the tariff of each day, None where one has no tariff, or where several currencies were in force,
    all of which are named then.
    """

    device_name: str | None
    code: str
    name: str
    severity: str
    origin: Literal["vendor", "heliograph"]
    alarms: int
    raised_at: datetime
    cleared_at: datetime | None
    is_on: bool
    lost_kwh: float | None
    lost_value: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures of the tiles.

    `energy_kwh` is everything measured in the period and `target_kwh` the target of the whole period; `performance_index` is
    energy by target over the `days_counted` complete days only, so it need not be the quotient of the two; it is not printed
    where too few days count (`is_assessable`). `target_so_far_kwh` is the target up to the last day that is over, of a month
    that still runs. `completeness` is the mean of the days'. `recovered_kwh` is the part of the energy that counters know and
    power did not measure, `energy_source` where all of it comes from, None where that differs.
    """

    energy_kwh: float | None
    target_kwh: float | None
    performance_index: float | None
    days_counted: int
    days_expected: int
    specific_yield_kwh_kwp: float | None
    completeness: float | None
    money: Money | None = None
    recovered_kwh: float = 0.0
    energy_source: EnergySource | None = None
    is_assessable: bool = True
    target_so_far_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """Mean power of the whole plant [kW] at an aware instant; None where nothing was measured."""

    instant: datetime
    power_kw: float | None


@dataclass(frozen=True, slots=True)
class DayBar:
    """One local day: energy and target [kWh], the share in which the energy is known, and where it comes from.

    `counted_kwh` is what counters that behave tell of the day. A day that is not over has a target only. The
    `performance_index` is None where the day does not count.
    """

    day: date
    energy_kwh: float | None
    target_kwh: float | None
    completeness: float | None
    energy_source: EnergySource | None = None
    counted_kwh: float | None = None
    is_over: bool = True
    performance_index: float | None = None


@dataclass(frozen=True, slots=True)
class InverterRow:
    """One inverter over the period.

    `peer_share` is what it made by what its peers, or its own past, say that it should have made, over the days on which it was
    compared. On `low_days` of them, the first one being `low_since`, it was low or worse: `low_share` and `lost_kwh` are of these
    days, and so is `lost_value`, in `currency` as in `AlarmRow`. Of each day that is over, `day_energies_kwh` is its energy and
    `day_shares` what it made by what was expected of it. `not_compared` is the reason where it was compared on no day, as in
    docs/kpis.md.
    """

    name: str
    energy_kwh: float | None
    specific_yield_kwh_kwp: float | None
    peer_share: float | None
    max_power_kw: float | None
    temp_max_c: float | None
    completeness: float | None
    lost_kwh: float = 0.0
    low_days: int = 0
    low_since: date | None = None
    low_share: float | None = None
    not_compared: str | None = None
    day_energies_kwh: tuple[float | None, ...] = ()
    day_shares: tuple[float | None, ...] = ()
    lost_value: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class TargetWindow:
    """Energy against target over `days_expected` local days; both sums run over the `days_counted` complete days.

    The index is not printed where too few of them count (`is_assessable`).
    """

    days_expected: int
    days_counted: int
    energy_kwh: float | None
    target_kwh: float | None
    performance_index: float | None
    is_assessable: bool = True


@dataclass(frozen=True, slots=True)
class Completeness:
    """What is missing and what was held back; `quarantined` counts rows by the name of the rule that they broke."""

    missing_days: tuple[date, ...] = ()
    missing_hours: float | None = None
    quarantined: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the figures come from; `computed_at` is the aware instant of the aggregates, the sha256 may be shortened.

    `document_ids` are the documents whose readings are in the figures.
    """

    document_count: int
    first_sha256: str | None
    last_sha256: str | None
    reading_count: int
    computed_at: datetime | None
    code_version: str
    document_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """What one must know of single figures: of the energy, and of each of the `days`, `inverters` or `plants`, in their order."""

    headline: Sequence[Mark] = ()
    days: Sequence[Sequence[Mark]] = ()
    inverters: Sequence[Sequence[Mark]] = ()
    plants: Sequence[Sequence[Mark]] = ()


NO_MARKS: Final = Marks()


@dataclass(frozen=True, slots=True)
class PlantReport:
    """One report of one plant over the local days `first_day` to `last_day`, both included.

    `power` is drawn for a day, `days` for all else. `through_day` is the last day that is over, of a period that still runs: the
    figures end with it. `whole` is the energy against target of the period itself, `windows` end with its last day that is over.
    `issued_at` is aware; `is_provisional` says that late data is still expected,
    `is_place_guessed` that daylight is that of the zone's city. `comparisons` begin with the period itself, `months` are the
    twelve up to a month as bars (`day` is their first), `alarms_left_out` counts rows of alarms beyond those that are told.
    `restated_from_kwh` is the energy of the revision before, `marks` stand beside the figures.
    `site` is None where its consumption or price is not known.
    Raises `Refused` for a naive issue time, a reversed period or an unknown language.
    """

    tenant_name: str
    plant_name: str
    city: str | None
    capacity_kwp: float | None
    capacity_kw: float | None
    timezone: str
    kind: Kind
    first_day: date
    last_day: date
    language: Language
    issued_at: datetime
    revision: int
    report_id: str
    headline: Headline
    power: tuple[PowerPoint, ...] = ()
    days: tuple[DayBar, ...] = ()
    inverters: tuple[InverterRow, ...] = ()
    windows: tuple[TargetWindow, ...] = ()
    whole: TargetWindow | None = None
    through_day: date | None = None
    completeness: Completeness = Completeness()
    provenance: Provenance = Provenance(0, None, None, 0, None, "")
    is_provisional: bool = False
    is_place_guessed: bool = False
    comparisons: tuple[Comparison, ...] = ()
    months: tuple[DayBar, ...] = ()
    alarms: tuple[AlarmRow, ...] = ()
    alarms_left_out: int = 0
    emissions: Emissions | None = None
    restated_from_kwh: float | None = None
    marks: Marks = NO_MARKS
    site: SiteConsumption | None = None
    brand: Brand = OWN_BRAND

    def __post_init__(self) -> None:
        """Refuse what cannot be printed."""
        if self.issued_at.tzinfo is None:
            raise Refused(f"report {self.report_id!r} is issued at {self.issued_at} without a time zone; give an aware instant")
        if self.last_day < self.first_day:
            raise Refused(f"report {self.report_id!r} ends {self.last_day} before it starts {self.first_day}; swap the two")
        if self.language not in LANGUAGES:
            raise Refused(f"language {self.language!r} is not printed; choose one of {', '.join(LANGUAGES)}")

    @property
    def energy_sources(self) -> Counter[EnergySource]:
        """Days with energy by its source."""
        return Counter(bar.energy_source for bar in self.days if bar.energy_source is not None)

    @property
    def is_empty(self) -> bool:
        """True when nothing at all was measured in the period."""
        return self.headline.energy_kwh is None


def figures(report: Any) -> dict[str, Any]:  # noqa: ANN401 - a report about anything
    """Everything that the report says as plain JSON data, without its issue time, revision, id, code version and look.

    Floats are rounded to 4 decimals, so that the order of a sum makes no new figure; NaN and infinity become None.
    """
    content = asdict(report)
    for name in ("issued_at", "revision", "report_id", "code_version", "brand"):
        content.pop(name, None)
    for name in ("computed_at", "code_version", "document_ids"):
        content.get("provenance", {}).pop(name, None)
    plain: dict[str, Any] = _plain(content)
    return plain


def fingerprint(figures_of_report: Mapping[str, Any]) -> str:
    """Hex sha256 of the figures.

    Neither provenance nor held-back readings count, nor the revision before, nor marks: the same result is the same report.
    """
    counted = {name: value for name, value in figures_of_report.items() if name not in _UNCOUNTED}
    if counted.get("site") is None:
        # What was never told of a place makes no other report of it.
        counted.pop("site", None)
    if "completeness" in counted:
        counted["completeness"] = {name: value for name, value in counted["completeness"].items() if name != "quarantined"}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def headline_of(figures_of_report: Mapping[str, Any]) -> Headline:
    """The headline of stored figures, as `figures` wrote it, now or when the completeness was a coverage."""
    stored = dict(figures_of_report["headline"])
    money = stored.pop("money")
    if "coverage" in stored:
        stored["completeness"] = stored.pop("coverage")
    return Headline(**stored, money=Money(**money) if money else None)


def marks_of(figures_of_report: Mapping[str, Any]) -> Marks:
    """The marks of stored figures; those of before there were any have none."""
    return Marks(**figures_of_report.get("marks", {}))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return (round(value, _DECIMALS) + 0.0) if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else value
