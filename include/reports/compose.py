"""What the warehouse knows of a plant and a period becomes the model that a page prints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.coverage import is_assessable
from include.core.span import Span, day_span, month_start, next_month
from include.reports.marks import MarkContext, plant_marks, which
from include.reports.model import (
    AlarmRow,
    Comparison,
    Completeness,
    DayBar,
    EmissionFactor,
    Emissions,
    Headline,
    InverterRow,
    Kind,
    Language,
    Mark,
    Money,
    PlantReport,
    PowerPoint,
    Provenance,
    SiteConsumption,
    TargetWindow,
    headline_of,
)
from include.reports.periods import period_name
from include.warehouse.performance import WINDOW_DAYS, PerformanceWindow, day_windows
from include.warehouse.reports import PlantPeriod

_QUARTER: Final = timedelta(minutes=15)
_SHOWN_SHA256: Final = 12
_MONTHS_SHOWN: Final = 12
_YEAR_OF_WEEKS: Final = timedelta(weeks=52)
_MOST_ALARMS: Final = 100


@dataclass(frozen=True, slots=True)
class Issue:
    """Which report is issued: kind, local days (both included), language, revision and the aware instants around it.

    `through_day` is the last of its days that is over; intervals that end after `settled_until` make the report provisional.
    Performance is printed where at least `min_counted_share` of the days count. `before` are the figures of the revision before,
    where it ended with the same day.
    """

    kind: Kind
    first_day: date
    last_day: date
    through_day: date
    language: Language
    revision: int
    issued_at: datetime
    settled_until: datetime
    code_version: str
    min_counted_share: float
    before: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What stands beside a period: performance over windows by their name, and yields by first and last local day."""

    performance: Mapping[str, Mapping[str, Any]]
    yields: Mapping[tuple[date, date], Mapping[str, Any]]


def windows_of(plant_id: int, issue: Issue) -> list[PerformanceWindow]:
    """Everything that a report compares: `WINDOW_DAYS` up to its last day, its period, periods beside it, and twelve months."""
    return [
        *day_windows(plant_id, issue.through_day),
        *(PerformanceWindow(plant_id, name, first, last) for name, (first, last) in compared_periods(issue).items()),
        *(PerformanceWindow(plant_id, f"{first:%Y-%m}", first, last) for first, last in _twelve_months(issue)),
        *(PerformanceWindow(plant_id, day.isoformat(), day, day) for day in _days(issue)),
    ]


def spans_of(issue: Issue) -> list[tuple[date, date]]:
    """Spans of local days, both included, of which a report tells yields."""
    return [*compared_periods(issue).values(), *_twelve_months(issue)]


def compared_periods(issue: Issue) -> dict[str, tuple[date, date]]:
    """First and last local day of the period as far as it is over, and of those it is compared with.

    A period that runs is compared with as many days of the others; a week with that of 52 weeks before, any other days with those
    that have their dates in the year before.
    """
    first, through = issue.first_day, issue.through_day
    year_to_date = (through.replace(month=1, day=1), through)
    if issue.kind == "day":
        before = through - timedelta(days=1)
        month_to_date = (month_start(through), through)
        return {
            "period": (first, through),
            "previous": (before, before),
            "month_to_date": month_to_date,
            "year_to_date": year_to_date,
        }
    beside = _months_beside(issue) if issue.kind == "month" else _days_beside(issue)
    return {"period": (first, through), **beside, "year_to_date": year_to_date}


def _months_beside(issue: Issue) -> dict[str, tuple[date, date]]:
    first, through = issue.first_day, issue.through_day
    days = (through - first).days if through < issue.last_day else None
    previous, year_before = month_start(first - timedelta(days=1)), first.replace(year=first.year - 1)
    return {
        "previous": (previous, _day_of_month(previous, days)),
        "year_before": (year_before, _day_of_month(year_before, days)),
    }


def _days_beside(issue: Issue) -> dict[str, tuple[date, date]]:
    first, over = issue.first_day, issue.through_day - issue.first_day
    previous = first - (issue.last_day - first + timedelta(days=1))
    year_before = first - _YEAR_OF_WEEKS if issue.kind == "week" else _a_year_before(first)
    return {"previous": (previous, previous + over), "year_before": (year_before, year_before + over)}


def _a_year_before(day: date) -> date:
    """The same date of the year before; of 29 February the day before."""
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)


def compose(plant: Mapping[str, Any], period: PlantPeriod, context: Context, issue: Issue) -> PlantReport:
    """Compose the report of one plant from its period and what stands beside it (`windows_of`, `compared_periods`).

    `plant` is a row of `read_plants` with `is_place_guessed`.
    """
    windows = {name: _window(row, issue) for name, row in context.performance.items()}
    over = [day for day in period.days if day["local_date"] <= issue.through_day]
    is_running = issue.through_day < issue.last_day
    span = day_span(issue.first_day, ZoneInfo(plant["timezone"]), (issue.last_day - issue.first_day).days + 1)
    yields = context.yields.get((issue.first_day, issue.through_day))
    report = PlantReport(
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
        report_id=f"{plant['plant_key']}-{period_name(issue.kind, issue.first_day, issue.last_day)}-{issue.language}",
        headline=_headline(plant, period, over, windows["period"], yields),
        power=_power(period.curve, span) if issue.kind == "day" else (),
        days=tuple(_bar(day, issue.through_day, context) for day in period.days),
        inverters=_inverters(plant, period),
        windows=tuple(windows[f"{days}_days"] for days in WINDOW_DAYS),
        whole=windows["period"] if issue.kind != "day" else None,
        through_day=issue.through_day if is_running else None,
        completeness=_completeness(period, over),
        provenance=_provenance(period, issue.code_version),
        is_provisional=span.end > issue.settled_until,
        is_place_guessed=plant["is_place_guessed"],
        comparisons=_comparisons(context, windows, issue),
        months=_months(context, issue),
        alarms=tuple(AlarmRow(**row) for row in period.alarms[:_MOST_ALARMS]),
        alarms_left_out=max(len(period.alarms) - _MOST_ALARMS, 0),
        emissions=_emissions(period, yields),
        site=_site(yields),
        restated_from_kwh=headline_of(issue.before).energy_kwh if issue.before else None,
    )
    return replace(report, marks=plant_marks(report, _mark_context(plant, period, over, issue)))


def _mark_context(plant: Mapping[str, Any], period: PlantPeriod, over: Sequence[Mapping[str, Any]], issue: Issue) -> MarkContext:
    timezone = ZoneInfo(plant["timezone"])
    days = [day["local_date"] for day in over]
    unsettled = {day for day in days if day_span(day, timezone).end > issue.settled_until}
    held_back_days = {day for day, _ in period.held_back}
    held_back_ids = {device_id for _, device_id in period.held_back}
    return MarkContext(
        unsettled,
        {day["local_date"]: _marks_of_energy(day, day["local_date"] in held_back_days) for day in over},
        [_marks_of_energy(row, row["device_id"] in held_back_ids) for row in period.inverters],
        issue.before,
    )


def _marks_of_energy(row: Mapping[str, Any], has_quarantined: bool) -> tuple[Mark, ...]:
    """Those that the energy of a row of `read_plant_days` or `read_inverters` has by its readings."""
    return which(
        {
            "counter": row["is_recovered"],
            "hardly_measured": row["is_hardly_measured"],
            "held_back": row["is_held_back"] or has_quarantined,
        }
    )


def _headline(
    plant: Mapping[str, Any],
    period: PlantPeriod,
    over: Sequence[Mapping[str, Any]],
    against_target: TargetWindow,
    yields: Mapping[str, Any] | None,
) -> Headline:
    energy_kwh = _sum(day["energy_kwh"] for day in over)
    sources = {day["energy_source"] for day in over if day["energy_source"] is not None}
    return Headline(
        energy_kwh=energy_kwh,
        target_kwh=_sum(day["target_kwh"] for day in period.days),
        performance_index=against_target.performance_index,
        days_counted=against_target.days_counted,
        days_expected=against_target.days_expected,
        specific_yield_kwh_kwp=_ratio(energy_kwh, plant["capacity_kwp"]),
        completeness=_mean_completeness(over),
        money=_money(period.tariffs, yields),
        recovered_kwh=sum(day["recovered_kwh"] or 0.0 for day in over),
        energy_source=sources.pop() if len(sources) == 1 else None,
        is_assessable=against_target.is_assessable,
        target_so_far_kwh=_sum(day["target_kwh"] for day in over) if len(over) < len(period.days) else None,
    )


def _money(tariffs: Sequence[Mapping[str, Any]], yields: Mapping[str, Any] | None) -> Money | None:
    """None without a tariff, or where the currency changed in the period."""
    currencies, prices = ({tariff[name] for tariff in tariffs} for name in ("currency", "price_per_kwh"))
    if len(currencies) != 1:
        return None
    price = prices.pop() if len(prices) == 1 else None
    if yields is None or not yields["days_known"]:
        return Money(price, currencies.pop(), None)
    is_whole = yields["days_priced"] == yields["days_known"]
    return Money(price, currencies.pop(), yields["savings"], None if is_whole else yields["days_priced"])


def _emissions(period: PlantPeriod, yields: Mapping[str, Any] | None) -> Emissions | None:
    if yields is None or yields["co2_avoided_kg"] is None:
        return None
    factors = (EmissionFactor(row["co2_kg_kwh"], row["factor_source"], row["valid_from"]) for row in period.emission_factors)
    return Emissions(yields["co2_avoided_kg"], tuple(factors))


def _site(yields: Mapping[str, Any] | None) -> SiteConsumption | None:
    if yields is None or yields["bill_without_pv"] is None or yields["currency"] is None:
        return None
    return SiteConsumption(yields["site_kwh"], yields["site_days"], yields["bill_without_pv"], yields["currency"])


def _comparisons(context: Context, windows: Mapping[str, TargetWindow], issue: Issue) -> tuple[Comparison, ...]:
    """The period, and those of the others of which anything is known; none where nothing is known of any."""
    found = []
    for name, (first, last) in compared_periods(issue).items():
        row = context.yields.get((first, last), {})
        if name == "period" or row.get("days_known"):
            window = windows[name]
            found.append(
                Comparison(
                    name=name,  # type: ignore[arg-type] # the names of compared_periods
                    first_day=first,
                    last_day=last,
                    days_known=row.get("days_known", 0),
                    energy_kwh=row.get("energy_kwh"),
                    performance_index=window.performance_index,
                    is_assessable=window.is_assessable,
                    specific_yield_kwh_kwp=row.get("final_yield_h"),
                    performance_ratio=row.get("performance_ratio"),
                    data_availability=row.get("data_availability"),
                    technical_availability=row.get("technical_availability"),
                )
            )
    return tuple(found) if any(row.days_known for row in found) else ()


def _months(context: Context, issue: Issue) -> tuple[DayBar, ...]:
    """The months to draw; none where nothing is known of any."""
    bars = tuple(_month(context, month, issue) for month in _twelve_months(issue))
    return bars if any(bar.energy_kwh is not None for bar in bars) else ()


def _month(context: Context, month: tuple[date, date], issue: Issue) -> DayBar:
    """A month as a bar: its energy so far, its whole target, and the share of its days that are complete."""
    row, targets = context.yields.get(month, {}), context.performance[f"{month[0]:%Y-%m}"]["targets"]
    completeness = row.get("days_complete", 0) / ((month[1] - month[0]).days + 1)
    target_kwh = targets[0]["target_kwh"] if targets else None
    return DayBar(month[0], row.get("energy_kwh"), target_kwh, completeness, is_over=month[0] <= issue.through_day)


def _days(issue: Issue) -> list[date]:
    """Local days of the period that are over."""
    return [issue.first_day + timedelta(days=index) for index in range((issue.through_day - issue.first_day).days + 1)]


def _twelve_months(issue: Issue) -> list[tuple[date, date]]:
    """First and last day of the month of a monthly report and of the eleven before; none for any other."""
    if issue.kind != "month":
        return []
    firsts = [issue.first_day]
    while len(firsts) < _MONTHS_SHOWN:
        firsts.append(month_start(firsts[-1] - timedelta(days=1)))
    return [(first, next_month(first) - timedelta(days=1)) for first in reversed(firsts)]


def _day_of_month(first: date, days: int | None) -> date:
    """So many days after the first of a month, at most its last day; None: that one."""
    last = next_month(first) - timedelta(days=1)
    return last if days is None else min(last, first + timedelta(days=days))


def _power(curve: Sequence[Mapping[str, Any]], span: Span) -> tuple[PowerPoint, ...]:
    known = {row["starts_at"]: row["power_kw"] for row in curve}
    points = []
    instant = span.start
    while instant < span.end:
        points.append(PowerPoint(instant, known.get(instant)))
        instant += _QUARTER
    return tuple(points)


def _bar(day: Mapping[str, Any], through_day: date, context: Context) -> DayBar:
    if day["local_date"] > through_day:
        return DayBar(day["local_date"], None, day["target_kwh"], None, is_over=False)
    return DayBar(
        day["local_date"],
        day["energy_kwh"],
        day["target_kwh"],
        day["completeness"],
        day["energy_source"],
        day["counted_kwh"],
        performance_index=context.performance[day["local_date"].isoformat()]["performance_index"],
    )


def _inverters(plant: Mapping[str, Any], period: PlantPeriod) -> tuple[InverterRow, ...]:
    """The plant's kWp are shared out by the AC rating of its inverters, for only that is known of each."""
    rows = period.inverters
    rated_kw = _sum(row["capacity_kw"] for row in rows) if all(row["capacity_kw"] for row in rows) else None
    kwp_per_kw = _ratio(plant["capacity_kwp"], rated_kw)
    return tuple(
        InverterRow(
            name=row["name"],
            energy_kwh=row["energy_kwh"],
            specific_yield_kwh_kwp=_ratio(row["energy_kwh"], kwp_per_kw and row["capacity_kw"] * kwp_per_kw),
            peer_share=row["peer_share"],
            max_power_kw=row["max_power_kw"],
            temp_max_c=row["temp_max_c"],
            completeness=row["completeness"],
            lost_kwh=row["lost_kwh"],
            lost_value=row["lost_value"],
            currency=row["currency"],
            low_days=row["low_days"],
            low_since=row["low_since"],
            low_share=row["low_share"],
            day_energies_kwh=tuple(_of_days(period, row["device_id"], "energies_kwh")),
            day_shares=tuple(_of_days(period, row["device_id"], "shares")),
            not_compared=None if row["peer_share"] is not None else row["reason"] or "not analysed",
        )
        for row in rows
    )


def _of_days(period: PlantPeriod, device_id: int, name: str) -> Sequence[float | None]:
    days = period.inverter_days.get(device_id)
    return days[name] if days else ()


def _window(row: Mapping[str, Any], issue: Issue) -> TargetWindow:
    return TargetWindow(
        days_expected=row["days_expected"],
        days_counted=row["days_counted"],
        energy_kwh=row["energy_kwh"],
        target_kwh=row["target_kwh"],
        performance_index=row["performance_index"],
        is_assessable=is_assessable(row["days_counted"], row["days_expected"], issue.min_counted_share),
    )


def _completeness(period: PlantPeriod, over: Sequence[Mapping[str, Any]]) -> Completeness:
    # Times of a plant add up over its inverters; people think in hours of the day.
    inverters = max(len(period.inverters), 1)
    missing_s = sum(_missing_s(day) for day in over)
    return Completeness(
        missing_days=tuple(day["local_date"] for day in over if day["energy_kwh"] is None),
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
        document_ids=tuple(facts["document_ids"]),
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
