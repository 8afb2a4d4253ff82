"""What the warehouse knows of a plant and a period becomes the model that a page prints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.span import Span, day_span
from include.reports.model import (
    Completeness,
    DayBar,
    Headline,
    InverterRow,
    Kind,
    Language,
    Money,
    PlantReport,
    PowerPoint,
    Provenance,
    TargetWindow,
    with_peer_shares,
)
from include.warehouse.performance import WINDOW_DAYS
from include.warehouse.reports import PlantPeriod

_QUARTER: Final = timedelta(minutes=15)
_SHOWN_SHA256: Final = 12


@dataclass(frozen=True, slots=True)
class Issue:
    """Which report is issued: kind, local days (both included), language, revision and the aware instants around it.

    Intervals that end after `settled_until` make the report provisional.
    """

    kind: Kind
    first_day: date
    last_day: date
    language: Language
    revision: int
    issued_at: datetime
    settled_until: datetime
    code_version: str


def compose(plant: Mapping[str, Any], period: PlantPeriod, performance: Sequence[Mapping[str, Any]], issue: Issue) -> PlantReport:
    """Compose the report of one plant from its period and its performance up to `issue.last_day`.

    `plant` is a row of `read_plants` with `is_place_guessed`. The rows of `performance` are those of `WINDOW_DAYS` and of the
    period itself.
    """
    windows = {row["window_days"]: _window(row) for row in performance}
    span = day_span(issue.first_day, ZoneInfo(plant["timezone"]), (issue.last_day - issue.first_day).days + 1)
    return PlantReport(
        tenant_name=plant["tenant_name"],
        plant_name=plant["name"],
        city=plant["city"],
        capacity_kwp=plant["capacity_kwp"],
        capacity_kw=plant["capacity_kw"],
        timezone=plant["timezone"],
        kind=issue.kind,
        first_day=issue.first_day,
        last_day=issue.last_day,
        language=issue.language,
        issued_at=issue.issued_at,
        revision=issue.revision,
        report_id=f"{plant['plant_key']}-{issue.kind}-{issue.first_day}-{issue.language}",
        headline=_headline(plant, period, windows[len(period.days)]),
        power=_power(period.curve, span) if issue.kind == "day" else (),
        days=tuple(_bar(day) for day in period.days),
        inverters=_inverters(plant, period),
        windows=tuple(windows[length] for length in WINDOW_DAYS),
        completeness=_completeness(period),
        provenance=_provenance(period, issue.code_version),
        is_provisional=span.end > issue.settled_until,
        is_place_guessed=plant["is_place_guessed"],
    )


def _headline(plant: Mapping[str, Any], period: PlantPeriod, against_target: TargetWindow) -> Headline:
    energy_kwh = _sum(day["energy_kwh"] for day in period.days)
    sources = {day["energy_source"] for day in period.days if day["energy_source"] is not None}
    return Headline(
        energy_kwh=energy_kwh,
        target_kwh=_sum(day["target_kwh"] for day in period.days),
        performance_index=against_target.performance_index,
        days_counted=against_target.days_counted,
        days_expected=against_target.days_expected,
        specific_yield_kwh_kwp=_ratio(energy_kwh, plant["capacity_kwp"]),
        completeness=_mean_completeness(period.days),
        money=_money(period.tariff, energy_kwh),
        recovered_kwh=sum(day["recovered_kwh"] or 0.0 for day in period.days),
        energy_source=sources.pop() if len(sources) == 1 else None,
    )


def _money(tariff: Mapping[str, Any] | None, energy_kwh: float | None) -> Money | None:
    if tariff is None:
        return None
    price = float(tariff["price_per_kwh"])
    return Money(price, tariff["currency"], None if energy_kwh is None else energy_kwh * price)


def _power(curve: Sequence[Mapping[str, Any]], span: Span) -> tuple[PowerPoint, ...]:
    known = {row["starts_at"]: row["power_kw"] for row in curve}
    points = []
    instant = span.start
    while instant < span.end:
        points.append(PowerPoint(instant, known.get(instant)))
        instant += _QUARTER
    return tuple(points)


def _bar(day: Mapping[str, Any]) -> DayBar:
    return DayBar(day["local_date"], day["energy_kwh"], day["target_kwh"], day["completeness"], day["energy_source"])


def _inverters(plant: Mapping[str, Any], period: PlantPeriod) -> tuple[InverterRow, ...]:
    """The plant's kWp are shared out by the AC rating of its inverters, for only that is known of each."""
    rows = period.inverters
    rated_kw = _sum(row["capacity_kw"] for row in rows) if all(row["capacity_kw"] for row in rows) else None
    kwp_per_kw = _ratio(plant["capacity_kwp"], rated_kw)
    return with_peer_shares(
        [
            InverterRow(
                name=row["name"],
                energy_kwh=row["energy_kwh"],
                specific_yield_kwh_kwp=_ratio(row["energy_kwh"], kwp_per_kw and row["capacity_kw"] * kwp_per_kw),
                peer_share=None,
                max_power_kw=row["max_power_kw"],
                temp_max_c=row["temp_max_c"],
                completeness=row["completeness"],
            )
            for row in rows
        ]
    )


def _window(row: Mapping[str, Any]) -> TargetWindow:
    return TargetWindow(
        days_expected=row["days_expected"],
        days_counted=row["days_counted"],
        energy_kwh=row["energy_kwh"],
        target_kwh=row["target_kwh"],
        performance_index=row["performance_index"],
    )


def _completeness(period: PlantPeriod) -> Completeness:
    # Times of a plant add up over its inverters; people think in hours of the day.
    inverters = max(len(period.inverters), 1)
    missing_s = sum(_missing_s(day) for day in period.days)
    return Completeness(
        missing_days=tuple(day["local_date"] for day in period.days if day["energy_kwh"] is None),
        missing_hours=missing_s / inverters / 3600,
        quarantined=tuple(sorted(period.quarantined.items())),
    )


def _provenance(period: PlantPeriod, code_version: str) -> Provenance:
    facts = period.provenance
    return Provenance(
        document_count=facts["document_count"],
        first_sha256=facts["first_sha256"] and facts["first_sha256"][:_SHOWN_SHA256],
        last_sha256=facts["last_sha256"] and facts["last_sha256"][:_SHOWN_SHA256],
        reading_count=int(facts["reading_count"]),
        computed_at=max((day["computed_at"] for day in period.days if day["computed_at"]), default=None),
        code_version=code_version,
    )


def _missing_s(day: Mapping[str, Any]) -> float:
    """Time of which the energy is unknown: that without power, as far as neither the night nor a counter explains it [s]."""
    silent_s: float = day["expected_s"] - day["covered_s"]
    return silent_s if day["completeness"] is None else min(silent_s, (1 - day["completeness"]) * day["expected_s"])


def _mean_completeness(days: Sequence[Mapping[str, Any]]) -> float | None:
    known = [day["completeness"] for day in days if day["completeness"] is not None]
    return sum(known) / len(known) if known else None


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
