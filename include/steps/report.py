"""Periods become reports: composed from the aggregates, rendered, kept with a revision, put into the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.errors import Refused
from include.core.identities import identity
from include.core.settings import Settings
from include.core.span import day_span, local_day, month_start, next_month
from include.reports.compose import Issue, compose
from include.reports.model import LANGUAGES, PlantReport, figures, fingerprint
from include.reports.plant_report import render
from include.reports.store import is_kept, put_report
from include.rollups.daylight import place_of
from include.steps.code_version import code_version
from include.steps.each import attempt_each, errors_of
from include.warehouse import fleet, reports
from include.warehouse.engine import Connection, transaction
from include.warehouse.performance import WINDOW_DAYS, read_performance

KINDS: Final = ("day", "month")

_SILENT_DAYS: Final = 31
"""A plant that has been silent for longer gets no scheduled report; by the form it still does."""


def due_reports(  # noqa: PLR0913 - the fields of the form
    settings: Settings,
    *,
    tenant: str | None,
    plants: Sequence[str] | None,
    kind: str | None,
    day: date | None,
    language: str | None,
    run_after: datetime,
) -> list[dict[str, Any]]:
    """Which reports a run should issue, as plain requests for `render_report`.

    With `kind` (a form): that kind for the period around `day`, yesterday when no day is given. Without it (the schedule): each
    plant's yesterday, and on the first of a month the month before.

    Raises:
        Refused: The plant, kind or language is unknown, or the day has not begun.
        NeedsHuman: The tenant is unknown.
    """
    if kind is not None and kind not in KINDS:
        raise Refused(f"report kind {kind!r} does not exist; choose day or month")
    if language is not None and language not in LANGUAGES:
        raise Refused(f"language {language!r} is not printed; choose one of {', '.join(LANGUAGES)}")
    with transaction(settings.database_url) as connection:
        if tenant is not None:
            fleet.read_tenant(connection, tenant)
        chosen = _chosen(fleet.read_plants(connection, tenant), plants)
        if kind is not None:
            return [_request(plant, kind, _begun_day(plant, day, run_after), language) for plant in chosen]
        return [
            _request(plant, *due, language)
            for plant in chosen
            if _speaks(connection, plant, run_after)
            for due in _scheduled(plant, run_after)
        ]


def render_reports(
    settings: Settings,
    requests: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    **wishes: Any,  # noqa: ANN401 - of `render_report`
) -> dict[str, Any]:
    """Issue reports one after the other; one that fails does not hold back the others, its error is raised where all do.

    Returns reports (as `render_report` does), mails and errors.
    """
    rendered, failures = attempt_each(requests, lambda request: render_report(settings, request, now=now, **wishes), label=_label)
    mails = sum(report["mails"] for report in rendered)
    return {"reports": rendered, "mails": mails, "errors": errors_of(failures, beside=rendered)}


def render_report(
    settings: Settings, request: Mapping[str, Any], *, now: datetime, run_id: str, send: bool, send_again: bool = False
) -> dict[str, Any]:
    """Issue one report in one transaction; the same figures as before make no new revision and no new mail.

    A report whose file is lost is rendered again, under its revision.

    Returns report_id, revision, is_new, mails (put into the outbox now), uri and energy_kwh.
    """
    with transaction(settings.database_url) as connection:
        plant = fleet.read_plant(connection, request["plant_id"])
        reports.lock_report(connection, plant["plant_id"])
        key = {"plant_id": plant["plant_id"], "kind": request["kind"], "language": request["language"]}
        newest = reports.read_newest_revision(connection, starts_on=date.fromisoformat(request["first_day"]), **key)
        report = _compose(settings, connection, plant, request, revision=newest["revision"] + 1 if newest else 1, now=now)
        is_new = newest is None or newest["fingerprint"] != fingerprint(figures(report))
        if newest is None or is_new:
            file = _put(settings, plant, report)
            report_id = _register(connection, plant, report, file, run_id)
        else:
            report_id, file = newest["report_id"], {"uri": newest["uri"]}
            if not is_kept(newest["uri"]):
                lost = _compose(settings, connection, plant, request, revision=newest["revision"], now=now)
                file = _put(settings, plant, replace(lost, issued_at=newest["issued_at"]))
                reports.replace_file(connection, report_id, file)
        mails = _post(connection, plant, report_id, now=now, send=send, send_again=send_again and not is_new)
    return {
        "report_id": report_id,
        "revision": report.revision if is_new else report.revision - 1,
        "is_new": is_new,
        "mails": mails,
        "uri": file["uri"],
        "energy_kwh": report.headline.energy_kwh,
    }


def _compose(
    settings: Settings,
    connection: Connection,
    plant: Mapping[str, Any],
    request: Mapping[str, Any],
    *,
    revision: int,
    now: datetime,
) -> PlantReport:
    first_day, last_day = date.fromisoformat(request["first_day"]), date.fromisoformat(request["last_day"])
    span = day_span(first_day, ZoneInfo(plant["timezone"]), (last_day - first_day).days + 1)
    place = place_of(plant["timezone"], plant["latitude"], plant["longitude"])
    period = reports.read_plant_period(
        connection,
        plant_id=plant["plant_id"],
        place=(place.latitude, place.longitude),
        first_day=first_day,
        last_day=last_day,
        span=span,
        with_curve=request["kind"] == "day",
    )
    performance = read_performance(
        connection, plant_ids=[plant["plant_id"]], as_of=last_day, window_days=(*WINDOW_DAYS, len(period.days))
    )
    issue = Issue(
        kind=request["kind"],
        first_day=first_day,
        last_day=last_day,
        language=request["language"],
        revision=revision,
        issued_at=now,
        settled_until=now - timedelta(hours=settings.settled_after_h),
        code_version=code_version(),
    )
    return compose({**plant, "is_place_guessed": place.is_guessed}, period, performance, issue)


def _put(settings: Settings, plant: Mapping[str, Any], report: PlantReport) -> dict[str, Any]:
    """Render a report into the store; returns uri, pdf_sha256 and size_bytes of its file."""
    pdf = render(report)
    name = f"{report.kind}-{report.first_day}-{report.language}-r{report.revision}"
    uri = put_report(settings.report_store, (plant["tenant"], plant["plant_key"], name), pdf)
    return {"uri": uri, "pdf_sha256": sha256(pdf).hexdigest(), "size_bytes": len(pdf)}


def _register(connection: Connection, plant: Mapping[str, Any], report: PlantReport, file: Mapping[str, Any], run_id: str) -> int:
    printed = figures(report)
    row = {
        "tenant_id": plant["tenant_id"],
        "plant_id": plant["plant_id"],
        "kind": report.kind,
        "starts_on": report.first_day,
        "ends_on": report.last_day,
        "language": report.language,
        "revision": report.revision,
        "fingerprint": fingerprint(printed),
        "figures": printed,
        "issued_at": report.issued_at,
        "run_id": run_id,
    }
    return reports.insert_report(connection, {**row, **file})


def _post(
    connection: Connection, plant: Mapping[str, Any], report_id: int, *, now: datetime, send: bool, send_again: bool
) -> int:
    if not send:
        return 0
    recipients = fleet.read_tenant(connection, plant["tenant"]).report_recipients
    again = reports.send_again(connection, report_id=report_id, recipients=recipients, at=now) if send_again else 0
    new = reports.put_in_outbox(
        connection, tenant_id=plant["tenant_id"], report_id=report_id, recipients=recipients, created_at=now
    )
    return again + new


def _chosen(plants: list[dict[str, Any]], keys: Sequence[str] | None) -> list[dict[str, Any]]:
    if not keys:
        return plants
    known = {plant["plant_key"] for plant in plants}
    forms = {key: {key, identity(key)} for key in keys}
    if unknown := [key for key in keys if forms[key].isdisjoint(known)]:
        raise Refused(f"plants {', '.join(unknown)} do not exist (known: {', '.join(sorted(known)) or 'none yet'})")
    return [plant for plant in plants if plant["plant_key"] in set().union(*forms.values())]


def _yesterday(plant: Mapping[str, Any], run_after: datetime) -> date:
    return local_day(run_after, ZoneInfo(plant["timezone"])) - timedelta(days=1)


def _label(request: Mapping[str, Any]) -> str:
    return "{kind} report of plant {plant} of {tenant} from {first_day}".format(**request)


def _begun_day(plant: Mapping[str, Any], day: date | None, run_after: datetime) -> date:
    today = local_day(run_after, ZoneInfo(plant["timezone"]))
    if day is not None and day > today:
        raise Refused(f"{day} has not begun at plant {plant['plant_key']} of {plant['tenant']}; give a day up to {today}")
    return day or today - timedelta(days=1)


def _speaks(connection: Connection, plant: Mapping[str, Any], run_after: datetime) -> bool:
    last_day = reports.read_last_day(connection, plant["plant_id"])
    return last_day is not None and (_yesterday(plant, run_after) - last_day).days <= _SILENT_DAYS


def _scheduled(plant: Mapping[str, Any], run_after: datetime) -> list[tuple[str, date]]:
    yesterday = _yesterday(plant, run_after)
    is_month_end = next_month(yesterday) == yesterday + timedelta(days=1)
    return [("day", yesterday)] + ([("month", yesterday)] if is_month_end else [])


def _request(plant: Mapping[str, Any], kind: str, day: date, language: str | None) -> dict[str, Any]:
    first_day, end_day = (month_start(day), next_month(day)) if kind == "month" else (day, day + timedelta(days=1))
    return {
        "plant_id": plant["plant_id"],
        "plant": plant["plant_key"],
        "tenant": plant["tenant"],
        "kind": kind,
        "first_day": first_day.isoformat(),
        "last_day": (end_day - timedelta(days=1)).isoformat(),
        "language": language or plant["language"],
    }
