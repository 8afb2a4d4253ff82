"""What customers consumed, and how good the data are, become reports."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.errors import Refused
from include.core.settings import Settings
from include.core.span import day_span, local_day, month_start, next_month
from include.reports.consumption_report import (
    consumption_marks,
    consumption_months,
    consumption_observations,
    consumption_tables,
    consumption_tiles,
    customers_of,
)
from include.reports.language import say
from include.reports.listing import ListingReport
from include.reports.listing_report import render_listing
from include.reports.periods import period_name
from include.reports.quality_report import QualityFindings, quality_observations, quality_tables, quality_tiles
from include.reports.tables import ReportColumn, ReportTable
from include.steps.code_version import code_version
from include.steps.issue_report import Posting, ReportSource, issue_report, next_revision
from include.steps.report_calendar import days_of, key_of, whole_tenant
from include.steps.report_files import put_files
from include.warehouse import consumption, fleet
from include.warehouse.data_quality import read_data_quality
from include.warehouse.engine import Connection, transaction

_MONTHS_BEFORE: Final = 12
_NAME_CHARS: Final = 40


def render_listing_report(
    settings: Settings,
    request: Mapping[str, Any],
    *,
    now: datetime,
    run_id: str,
    **posting: Any,  # noqa: ANN401 - of `Posting`
) -> dict[str, Any]:
    """Issue a report about consumption or the quality of the data, as `render_report` does for a plant.

    Raises `Refused` where a form asks for a group that nobody is in; by schedule the report tells it to its recipients.
    """
    with transaction(settings.database_url) as connection:
        tenant = fleet.read_tenant(connection, request["tenant"])
        if request["about"] == "consumption" and not request.get("until"):
            _require_customers(connection, tenant, request)
        plants = fleet.read_plants(connection, tenant.slug)
    subject = whole_tenant(tenant, plants, about=request["about"], customer_group=request["customer_group"])
    source = ReportSource(
        key=key_of(subject, request["kind"], days_of(request), request["language"]),
        subject=subject,
        compose=lambda connection, newest, at: compose_listing(
            settings, connection, tenant, request, revision=next_revision(newest), now=at
        ),
        put=partial(_put, settings, tenant),
    )
    return issue_report(settings, source, request, Posting(**posting), now=now, run_id=run_id)


def compose_listing(
    settings: Settings,
    connection: Connection,
    tenant: fleet.Tenant,
    request: Mapping[str, Any],
    *,
    revision: int,
    now: datetime,
) -> ListingReport:
    """Compose the report from what the warehouse knows now; of a group that nobody is in it says so."""
    first_day, last_day = days_of(request)
    about, group, language = request["about"], request["customer_group"], request["language"]
    timezone = ZoneInfo(tenant.timezone)
    settled_at = now.timestamp() - settings.settled_after_h * 3600
    of = f"{tenant.slug}-{about}{f'-{group}' if group else ''}"
    is_provisional = day_span(last_day, timezone).end.timestamp() > settled_at
    content = (
        _consumption(connection, tenant, request, is_provisional=is_provisional)
        if about == "consumption"
        else _quality(connection, tenant, request, now)
    )
    return ListingReport(
        about=about,
        tenant_name=tenant.name,
        customer_group=group,
        kind=request["kind"],
        first_day=first_day,
        last_day=last_day,
        timezone=tenant.timezone,
        language=language,
        issued_at=now,
        revision=revision,
        report_id=f"{of}-{period_name(request['kind'], first_day, last_day)}-{language}",
        code_version=code_version(),
        is_provisional=is_provisional,
        **content,
    )


def _require_customers(connection: Connection, tenant: fleet.Tenant, request: Mapping[str, Any]) -> None:
    month, group = month_start(days_of(request)[0]), request["customer_group"]
    whose = {"tenant_id": tenant.tenant_id, "customer_group": group}
    if not consumption.read_group_months(connection, **whose, first_month=month, last_month=month):
        known = ", ".join(consumption.read_customer_groups(connection, tenant.tenant_id)) or "none"
        what = f"group {group!r} of customers" if group else "customers"
        raise Refused(f"tenant {tenant.slug} has no {what} to report on (groups: {known}); register them first")


def _consumption(
    connection: Connection, tenant: fleet.Tenant, request: Mapping[str, Any], *, is_provisional: bool
) -> dict[str, Any]:
    month, language, group = month_start(days_of(request)[0]), request["language"], request["customer_group"]
    first_month = month.replace(year=month.year - 1)
    rows = consumption.read_group_months(
        connection, tenant_id=tenant.tenant_id, customer_group=group, first_month=first_month, last_month=month
    )
    customers, months = customers_of(rows), [first_month]
    while len(months) <= _MONTHS_BEFORE:
        months.append(next_month(months[-1]))
    bars = consumption_months(customers, months)
    return {
        "tiles": consumption_tiles(customers, language),
        "observations": consumption_observations(customers, language),
        "tables": consumption_tables(customers, bars, language, is_provisional=is_provisional),
        "marks": consumption_marks(customers, is_provisional=is_provisional),
        "months": bars,
        "method": say("method_consumption", language),
    }


def _quality(connection: Connection, tenant: fleet.Tenant, request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    language, timezone = request["language"], ZoneInfo(tenant.timezone)
    first_day, last_day = days_of(request)
    last_over = max(first_day, min(last_day, local_day(now, timezone) - timedelta(days=1)))
    span = day_span(first_day, timezone, (last_day - first_day).days + 1)
    found = QualityFindings(
        **read_data_quality(connection, tenant_id=tenant.tenant_id, span=span, days=(first_day, last_over), now=now)
    )
    return {
        "tiles": quality_tiles(found, language),
        "observations": quality_observations(found, language),
        "tables": quality_tables(found, language),
        "method": say("method_quality", language, zone=tenant.timezone),
    }


def _put(settings: Settings, tenant: fleet.Tenant, report: ListingReport) -> dict[str, Any]:
    name = f"{period_name(report.kind, report.first_day, report.last_day)}-{report.language}-r{report.revision}"
    told = ReportTable(
        "observations",
        say("observations", report.language),
        (ReportColumn(say("observations", report.language)),),
        tuple((observation.text,) for observation in report.observations),
    )
    parts = (tenant.slug, _folder(report), name)
    return put_files(settings, parts, render_listing(report), (*report.tables, told), report.issued_at)


def _folder(report: ListingReport) -> str:
    """A folder of its own for each group: names that are long, or differ only in what a path cannot hold, are told apart."""
    group = report.customer_group
    return f"_{report.about}-{group[:_NAME_CHARS]}-{sha256(group.encode()).hexdigest()[:8]}" if group else f"_{report.about}"
