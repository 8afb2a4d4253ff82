"""The frame of a plant report: everything that a page says, and nothing that a page does not need.

Whoever fills it has read the warehouse; whoever prints it computes no energy. Unknown numbers are None, never 0.
Shares and indices are ratios (1.0 = 100 %); days are the plant's own local days.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from statistics import median
from typing import Any, Final, Literal

from include.core.energy import EnergySource
from include.core.errors import Refused

Kind = Literal["day", "month"]
Language = Literal["pt-BR", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("pt-BR", "en")

LOW_SHARE: Final = 0.9
"""An inverter below this share of its peers' median is named in the observations."""

_MIN_PEERS: Final = 3
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Money:
    """Worth of the measured energy at one tariff; `currency` is an ISO code such as BRL."""

    price_per_kwh: float
    currency: str
    savings: float | None


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures of the tiles.

    `energy_kwh` is everything measured in the period and `target_kwh` the target of the whole period; `performance_index` is
    energy by target over the `days_counted` complete days only, so it need not be the quotient of the two. `completeness` is
    the mean of the days'. `recovered_kwh` is the part of the energy that counters know and power did not measure,
    `energy_source` where all of it comes from, None where that differs.
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


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """Mean power of the whole plant [kW] at an aware instant; None where nothing was measured."""

    instant: datetime
    power_kw: float | None


@dataclass(frozen=True, slots=True)
class DayBar:
    """One local day: energy and target [kWh], the share in which the energy is known, and where it comes from."""

    day: date
    energy_kwh: float | None
    target_kwh: float | None
    completeness: float | None
    energy_source: EnergySource | None = None


@dataclass(frozen=True, slots=True)
class InverterRow:
    """One inverter over the period; `peer_share` is its specific yield by the median of its peers."""

    name: str
    energy_kwh: float | None
    specific_yield_kwh_kwp: float | None
    peer_share: float | None
    max_power_kw: float | None
    temp_max_c: float | None
    completeness: float | None


@dataclass(frozen=True, slots=True)
class TargetWindow:
    """Energy against target over `days_expected` local days (1, 7, 30); both sums run over the `days_counted` complete days."""

    days_expected: int
    days_counted: int
    energy_kwh: float | None
    target_kwh: float | None
    performance_index: float | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """What is missing and what was held back; `quarantined` counts rows by the name of the rule that they broke."""

    missing_days: tuple[date, ...] = ()
    missing_hours: float | None = None
    quarantined: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the figures come from; `computed_at` is the aware instant of the aggregates, the sha256 may be shortened."""

    document_count: int
    first_sha256: str | None
    last_sha256: str | None
    reading_count: int
    computed_at: datetime | None
    code_version: str


@dataclass(frozen=True, slots=True)
class PlantReport:
    """One report of one plant over the local days `first_day` to `last_day`, both included.

    `power` is drawn for a day, `days` for a month. `issued_at` is aware; `is_provisional` says that late data is still expected,
    `is_place_guessed` that daylight is that of the zone's city.
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
    completeness: Completeness = Completeness()
    provenance: Provenance = Provenance(0, None, None, 0, None, "")
    is_provisional: bool = False
    is_place_guessed: bool = False

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


def with_peer_shares(rows: Sequence[InverterRow]) -> tuple[InverterRow, ...]:
    """The same rows with each `peer_share` = specific yield by the median of all; None with fewer than three measured peers."""
    known = [row.specific_yield_kwh_kwp for row in rows if row.specific_yield_kwh_kwp is not None]
    middle = median(known) if len(known) >= _MIN_PEERS else 0.0
    return tuple(replace(row, peer_share=_share(row.specific_yield_kwh_kwp, middle)) for row in rows)


def figures(report: PlantReport) -> dict[str, Any]:
    """Everything that the report says as plain JSON data, without its issue time, revision, id and code version.

    Floats are rounded to 4 decimals, so that the order of a sum makes no new figure; NaN and infinity become None.
    """
    content = asdict(report)
    for name in ("issued_at", "revision", "report_id"):
        del content[name]
    for name in ("computed_at", "code_version"):
        del content["provenance"][name]
    plain: dict[str, Any] = _plain(content)
    return plain


def fingerprint(figures_of_report: Mapping[str, Any]) -> str:
    """Hex sha256 of the figures; provenance does not count: more documents with the same result are the same report."""
    counted = {name: value for name, value in figures_of_report.items() if name != "provenance"}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def headline_of(figures_of_report: Mapping[str, Any]) -> Headline:
    """The headline of stored figures, as `figures` wrote it, now or when the completeness was a coverage."""
    stored = dict(figures_of_report["headline"])
    money = stored.pop("money")
    if "coverage" in stored:
        stored["completeness"] = stored.pop("coverage")
    return Headline(**stored, money=Money(**money) if money else None)


def _share(value: float | None, middle: float) -> float | None:
    return None if value is None or middle <= 0 else value / middle


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return (round(value, _DECIMALS) + 0.0) if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else value
