"""Periods become reports: composed from the aggregates, rendered, kept with a revision, put into the outbox."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.settings import Settings
from include.core.span import day_span, local_day
from include.reports.compose import Context, Issue, compose, spans_of, windows_of
from include.reports.model import PlantReport, figures, headline_of
from include.reports.observations import observations
from include.reports.periods import period_name
from include.reports.plant_report import render
from include.reports.tables import plant_tables
from include.rollups.daylight import place_of
from include.steps.code_version import code_version
from include.steps.each import attempt_each, errors_of, until_store_fails
from include.steps.inverter_times import swapped_on
from include.steps.issue_report import Posting, ReportSource, issue_report, next_revision
from include.steps.listing_reports import render_listing_report
from include.steps.portfolio import render_portfolio_report
from include.steps.report_calendar import days_of, key_of
from include.steps.report_files import put_files
from include.warehouse import fleet, reports
from include.warehouse.engine import Connection, transaction
from include.warehouse.performance import read_windows
from include.warehouse.plant_yields import read_window_yields

Issuer = Callable[..., dict[str, Any]]
"""Issues one report about something."""


def render_reports(
    settings: Settings,
    requests: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    **wishes: Any,  # noqa: ANN401 - of `render_report`
) -> dict[str, Any]:
    """Issue reports one after the other; one that fails does not hold back the others, its error is raised where all do.

    Where the store is away the rest is not tried: each would wait for it, and the next run issues them.

    Returns reports (as `render_report` does), mails and errors.
    """
    render_one = until_store_fails(partial(_render, settings, now=now, **wishes))
    rendered, failures = attempt_each(requests, render_one, label=_label)
    mails = sum(report["mails"] for report in rendered)
    return {"reports": rendered, "mails": mails, "errors": errors_of(failures, beside=rendered)}


def _render(settings: Settings, request: Mapping[str, Any], **wishes: Any) -> dict[str, Any]:  # noqa: ANN401
    issue: Issuer = _ISSUED_BY.get(request.get("about", "plant"), render_listing_report)
    return issue(settings, request, **wishes)


def render_report(
    settings: Settings,
    request: Mapping[str, Any],
    *,
    now: datetime,
    run_id: str,
    **posting: Any,  # noqa: ANN401 - of `Posting`
) -> dict[str, Any]:
    """Issue the report of a plant, as `issue_report` says."""
    with transaction(settings.database_url) as connection:
        plant = fleet.read_plant(connection, request["plant_id"])
    source = ReportSource(
        key=key_of(plant, request["kind"], days_of(request), request["language"]),
        subject=plant,
        compose=lambda connection, newest, at: compose_report(settings, connection, plant, request, newest, now=at),
        put=partial(_put, settings, plant),
        energy_of=lambda printed: headline_of(printed).energy_kwh,
        documents_of=lambda report: report.provenance.document_ids,
    )
    return issue_report(settings, source, request, Posting(**posting), now=now, run_id=run_id)


def compose_report(
    settings: Settings,
    connection: Connection,
    plant: Mapping[str, Any],
    request: Mapping[str, Any],
    newest: Mapping[str, Any] | None,
    *,
    now: datetime,
) -> PlantReport:
    """Compose the revision after `newest` from what the warehouse knows now."""
    first_day, last_day = days_of(request)
    timezone = ZoneInfo(plant["timezone"])
    through_day = last_day if request["kind"] == "day" else min(last_day, local_day(now, timezone) - timedelta(days=1))
    span = day_span(first_day, timezone, (through_day - first_day).days + 1)
    place = place_of(plant["timezone"], plant["latitude"], plant["longitude"])
    period = reports.read_plant_period(
        connection,
        plant_id=plant["plant_id"],
        place=(place.latitude, place.longitude),
        first_day=first_day,
        last_day=last_day,
        through_day=through_day,
        span=span,
        with_curve=request["kind"] == "day",
        swapped_on=swapped_on(connection, [plant["plant_id"]]),
    )
    issue = Issue(
        kind=request["kind"],
        first_day=first_day,
        last_day=last_day,
        through_day=through_day,
        language=request["language"],
        revision=next_revision(newest),
        issued_at=now,
        settled_until=now - timedelta(hours=settings.settled_after_h),
        code_version=code_version(),
        min_counted_share=settings.min_counted_days_pct / 100,
        before=_figures_of_these_days(newest, through_day if through_day < last_day else None),
    )
    windows = read_windows(connection, windows_of(plant["plant_id"], issue))
    yields = read_window_yields(connection, plant_id=plant["plant_id"], windows=spans_of(issue), today=local_day(now, timezone))
    context = Context({row["window"]: row for row in windows}, yields)
    return compose({**plant, "is_place_guessed": place.is_guessed}, period, context, issue)


def _figures_of_these_days(newest: Mapping[str, Any] | None, through_day: date | None) -> Mapping[str, Any] | None:
    """Figures of the revision before, if it ended with the same day: with more days over, more energy is no restatement."""
    if newest is None or newest["figures"].get("through_day") != (through_day and through_day.isoformat()):
        return None
    said: Mapping[str, Any] = newest["figures"]
    return said


def _put(settings: Settings, plant: Mapping[str, Any], report: PlantReport) -> dict[str, Any]:
    """Render a report into the store, as `put_files` does."""
    name = f"{period_name(report.kind, report.first_day, report.last_day)}-{report.language}-r{report.revision}"
    tables = plant_tables(figures(report), [observation.text for observation in observations(report)])
    return put_files(settings, (plant["tenant"], plant["plant_key"], name), render(report), tables, report.issued_at)


def _label(request: Mapping[str, Any]) -> str:
    of = f"plant {request['plant']}" if request.get("about", "plant") == "plant" else request["about"]
    return "{kind} report of {of} of {tenant} from {first_day}".format(of=of, **request)


_ISSUED_BY: Final[dict[str, Issuer]] = {"plant": render_report, "portfolio": render_portfolio_report}
