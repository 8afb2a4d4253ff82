"""All plants of a tenant become one report, instead of a mail for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from include.core.coverage import is_assessable
from include.core.errors import Refused
from include.core.settings import Settings
from include.core.span import day_span, local_day
from include.reports.marks import COUNTED, ordered, which
from include.reports.model import Mark, Marks, figures
from include.reports.periods import period_name
from include.reports.portfolio import (
    PlantLine,
    PortfolioReport,
    energy_of,
    lines_of,
    portfolio_observations,
    portfolio_tables,
    weakest_first,
    with_restated,
)
from include.reports.portfolio_report import render_portfolio
from include.steps.code_version import code_version
from include.steps.issue_report import Posting, ReportSource, issue_report, next_revision
from include.steps.report_calendar import days_of, key_of, whole_tenant
from include.steps.report_files import put_files
from include.warehouse import fleet, reports
from include.warehouse.engine import Connection, transaction
from include.warehouse.performance import PerformanceWindow, read_windows
from include.warehouse.plant_yields import read_window_yields

_FOLDER = "_portfolio"


def render_portfolio_report(
    settings: Settings,
    request: Mapping[str, Any],
    *,
    now: datetime,
    run_id: str,
    **posting: Any,  # noqa: ANN401 - of `Posting`
) -> dict[str, Any]:
    """Issue the report of a tenant's plants, as `render_report` does for one."""
    with transaction(settings.database_url) as connection:
        tenant = fleet.read_tenant(connection, request["tenant"])
        whole = whole_tenant(tenant, fleet.read_plants(connection, tenant.slug))
    source = ReportSource(
        key=key_of(whole, request["kind"], days_of(request), request["language"]),
        subject=whole,
        compose=lambda connection, newest, at: _compose_after(
            newest, compose_portfolio(settings, connection, tenant, request, revision=next_revision(newest), now=at)
        ),
        put=partial(_put, settings, tenant),
        energy_of=lambda printed: energy_of(lines_of(printed)),
    )
    return issue_report(settings, source, request, Posting(**posting), now=now, run_id=run_id)


def _compose_after(newest: Mapping[str, Any] | None, report: PortfolioReport) -> PortfolioReport:
    """The report, with the energy of the revision before if it ended with the same day: more days over are no restatement."""
    through = report.through_day and report.through_day.isoformat()
    if newest is None or newest["figures"].get("through_day") != through:
        return report
    before = lines_of(newest["figures"])
    return replace(report, restated_from_kwh=energy_of(before), marks=with_restated(report, before))


def compose_portfolio(
    settings: Settings,
    connection: Connection,
    tenant: fleet.Tenant,
    request: Mapping[str, Any],
    *,
    revision: int,
    now: datetime,
) -> PortfolioReport:
    """Compose the report from what the warehouse knows now. Raises `Refused` for a tenant without plants."""
    plants = fleet.read_plants(connection, tenant.slug)
    if not plants:
        raise Refused(f"tenant {tenant.slug} has no plants to report on; register them first")
    first_day, last_day = days_of(request)
    yesterdays = [local_day(now, ZoneInfo(plant["timezone"])) - timedelta(days=1) for plant in plants]
    through_day = last_day if request["kind"] == "day" else min(last_day, *yesterdays)
    ends = [day_span(last_day, ZoneInfo(plant["timezone"])).end for plant in plants]
    is_provisional = max(ends) > now - timedelta(hours=settings.settled_after_h)
    told = _lines(settings, connection, plants, (first_day, through_day), now, is_provisional=is_provisional)
    marked = [(line, told[line]) for line in weakest_first(list(told))]
    return PortfolioReport(
        tenant_name=tenant.name,
        kind=request["kind"],
        first_day=first_day,
        last_day=last_day,
        through_day=through_day if through_day < last_day else None,
        timezone=tenant.timezone,
        language=request["language"],
        issued_at=now,
        revision=revision,
        report_id=f"{tenant.slug}-portfolio-{period_name(request['kind'], first_day, last_day)}-{request['language']}",
        code_version=code_version(),
        plants=tuple(line for line, _ in marked),
        is_provisional=is_provisional,
        marks=Marks(ordered(mark for _, marks in marked for mark in marks), plants=tuple(marks for _, marks in marked)),
    )


def _lines(
    settings: Settings,
    connection: Connection,
    plants: Sequence[Mapping[str, Any]],
    days: tuple[date, date],
    now: datetime,
    *,
    is_provisional: bool,
) -> dict[PlantLine, tuple[Mark, ...]]:
    """Each plant with the marks of its energy."""
    windows = read_windows(connection, [PerformanceWindow(plant["plant_id"], "period", *days) for plant in plants])
    performance = {row["plant_id"]: row for row in windows}
    states = reports.read_plant_states(connection, plant_ids=list(performance), first_day=days[0], through_day=days[1])
    found = {}
    for plant in plants:
        today = local_day(now, ZoneInfo(plant["timezone"]))
        yields = read_window_yields(connection, plant_id=plant["plant_id"], windows=[days], today=today).get(days, {})
        made, state = performance[plant["plant_id"]], states[plant["plant_id"]]
        line = _line(settings, plant, made, yields, state)
        is_known = line.energy_kwh is not None
        found[line] = which(
            {
                "provisional": is_known and is_provisional,
                "counter": is_known and bool(COUNTED.intersection(made["energy_sources"])),
                "incomplete": is_known and yields.get("days_complete", 0) < made["days_expected"],
                "held_back": state["has_held_back"],
            }
        )
    return found


def _line(
    settings: Settings,
    plant: Mapping[str, Any],
    performance: Mapping[str, Any],
    yields: Mapping[str, Any],
    state: Mapping[str, Any],
) -> PlantLine:
    return PlantLine(
        plant_key=plant["plant_key"],
        name=plant["name"],
        energy_kwh=performance["measured_kwh"],
        counted_kwh=performance["energy_kwh"],
        target_kwh=performance["target_kwh"],
        performance_index=performance["performance_index"],
        is_assessable=is_assessable(
            performance["days_counted"], performance["days_expected"], settings.min_counted_days_pct / 100
        ),
        days_counted=performance["days_counted"],
        days_expected=performance["days_expected"],
        specific_yield_kwh_kwp=yields.get("final_yield_h"),
        technical_availability=yields.get("technical_availability"),
        lost_kwh=state["lost_kwh"],
        savings=yields.get("savings"),
        currency=yields.get("currency"),
        co2_avoided_kg=yields.get("co2_avoided_kg"),
        state=state["worst"] or "no alarm",
        alarms=state["alarms"],
        last_day=state["last_day"],
    )


def _put(settings: Settings, tenant: fleet.Tenant, report: PortfolioReport) -> dict[str, Any]:
    name = f"{period_name(report.kind, report.first_day, report.last_day)}-{report.language}-r{report.revision}"
    tables = portfolio_tables(figures(report), [item.text for item in portfolio_observations(report)])
    return put_files(settings, (tenant.slug, _FOLDER, name), render_portfolio(report), tables, report.issued_at)
