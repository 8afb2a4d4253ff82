"""What falls due by the calendars of recipients, and who gets a report that is issued."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.span import local_day
from include.reports.periods import ended_with
from include.warehouse import reports, subscriptions
from include.warehouse.engine import Connection
from include.warehouse.fleet import Tenant
from include.warehouse.subscriptions import EARLIEST_H, Subscription

_MADE_UP_FOR: Final = 3
"""Mornings on which a report that is still missing is made up for; that of a day is made on its own morning only."""

_CYCLE_MADE_UP_FOR: Final = 31
"""The same of a billing cycle: its reading is often known with the bill only."""

_LOOK_BACK: Final = timedelta(days=64)
"""Periods that ended earlier cannot fall due any more."""

_SILENT_DAYS: Final = 31
"""A plant that has been silent for longer gets no scheduled report; by the form it still does."""


def due_by_calendar(
    connection: Connection,
    plants: Sequence[Mapping[str, Any]],
    owners: Mapping[str, Mapping[str, Any]],
    language: str | None,
    run_after: datetime,
) -> list[dict[str, Any]]:
    """Requests for what has fallen due up to `run_after` and is missing for somebody: a recipient, or the report store.

    For the store every plant's day and month are made, whoever gets them. `owners` are tenants as subjects of a report.
    """
    asked = [entry for entry in subscriptions.read_subscriptions(connection) if language in {None, entry.language}]
    calendar = [*(entry for owner in owners.values() for entry in _of_the_store(owner, language)), *asked]
    readings = subscriptions.read_meter_readings(connection, [plant["plant_id"] for plant in plants])
    issued = reports.read_issued(connection, since=local_day(run_after, ZoneInfo("UTC")) - _LOOK_BACK)
    wanted: dict[reports.ReportKey, dict[str, Any]] = {}
    for entry in calendar:
        for subject in _subjects(entry, plants, owners):
            for days, due in _fallen_due(entry, subject, readings.get(subject["plant_id"], ()), run_after):
                key = key_of(subject, entry.kind, days, entry.language)
                if not _is_done(issued.get(key), entry.email, due):
                    wanted.setdefault(key, request_of(subject, entry.kind, days, entry.language, until=run_after))
    return _of_those_who_speak(connection, plants, list(wanted.values()), run_after)


def recipients_of(connection: Connection, subject: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    """Who gets a report: all whose calendar has such ones; by schedule those for whom it has fallen due (`until`)."""
    last_day, until = date.fromisoformat(request["last_day"]), request.get("until")
    found = [
        entry.email
        for entry in subscriptions.read_subscriptions(connection, subject["tenant"])
        if (entry.kind, entry.language) == (request["kind"], request["language"])
        and entry.is_of(subject)
        and (until is None or _has_come(entry, entry.falls_due(last_day, *zones_of(subject)), datetime.fromisoformat(until)))
    ]
    return list(dict.fromkeys(filter(None, found)))


def languages_of(connection: Connection, subject: Mapping[str, Any], kind: str) -> list[str]:
    """The languages in which a report of this kind is read: its tenant's, and those of recipients."""
    read = subscriptions.read_subscriptions(connection, subject["tenant"])
    return list(
        dict.fromkeys([subject["language"], *(entry.language for entry in read if entry.kind == kind and entry.is_of(subject))])
    )


def last_morning(timezone: str, run_after: datetime) -> datetime:
    """When the newest morning began in a zone."""
    local = run_after.astimezone(ZoneInfo(timezone))
    morning = local.replace(hour=EARLIEST_H, minute=0, second=0, microsecond=0)
    return morning if morning <= local else morning - timedelta(days=1)


def whole_tenant(
    tenant: Tenant, plants: Sequence[Mapping[str, Any]], *, about: reports.About = "portfolio", customer_group: str | None = None
) -> dict[str, Any]:
    """A tenant, of which these are the plants, as the subject of a report, in the form of a plant."""
    return {
        "plant_id": None,
        "plant_key": "all plants",
        "tenant_id": tenant.tenant_id,
        "tenant": tenant.slug,
        "timezone": tenant.timezone,
        "language": tenant.language,
        "plant_timezones": {plant["timezone"] for plant in plants if plant["tenant"] == tenant.slug},
        "about": about,
        "customer_group": customer_group,
    }


def key_of(subject: Mapping[str, Any], kind: str, days: tuple[date, date], language: str) -> reports.ReportKey:
    """The key of a report about a plant, or about a tenant (`plant_id` None)."""
    about, group = subject.get("about", "plant"), subject.get("customer_group")
    return reports.ReportKey(subject["tenant_id"], subject["plant_id"], about, kind, *days, language, group)


def zones_of(subject: Mapping[str, Any]) -> set[str]:
    """Zones in which a day has to be over: the subject's, and of all plants as one those of its plants."""
    return {subject["timezone"], *subject.get("plant_timezones", ())}


def request_of(
    subject: Mapping[str, Any], kind: str, days: tuple[date, date], language: str, *, until: datetime | None = None
) -> dict[str, Any]:
    """A report to issue, as plain data; `until` where only those get it for whom it has fallen due by then."""
    return {
        "about": subject.get("about", "plant"),
        "customer_group": subject.get("customer_group"),
        "plant_id": subject["plant_id"],
        "plant": subject["plant_key"],
        "tenant": subject["tenant"],
        "kind": kind,
        "first_day": days[0].isoformat(),
        "last_day": days[1].isoformat(),
        "language": language,
        "until": until and until.isoformat(),
    }


def days_of(request: Mapping[str, Any]) -> tuple[date, date]:
    """First and last local day of a report to issue, from what `request_of` made."""
    return date.fromisoformat(request["first_day"]), date.fromisoformat(request["last_day"])


def _of_the_store(owner: Mapping[str, Any], language: str | None) -> list[Subscription]:
    """What is made of every plant whether or not anybody gets it: the API has it."""
    told = language or owner["language"]
    facts = (told, None, 0, EARLIEST_H, owner["timezone"], None)
    return [Subscription(None, owner["tenant"], None, "plant", kind, *facts) for kind in ("day", "month")]


def _subjects(
    entry: Subscription, plants: Sequence[Mapping[str, Any]], owners: Mapping[str, Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    if entry.about == "plant":
        yield from (plant for plant in plants if entry.is_of(plant))
    elif (owner := owners.get(entry.tenant)) and owner["is_whole"]:
        yield {**owner, "about": entry.about, "customer_group": entry.customer_group}


def _fallen_due(
    entry: Subscription, subject: Mapping[str, Any], readings: Sequence[date], run_after: datetime
) -> Iterator[tuple[tuple[date, date], datetime]]:
    """Periods of which the report fell due on one of the last mornings, with when."""
    newest = local_day(run_after, ZoneInfo(entry.timezone)) - timedelta(days=1 + entry.wait_days)
    for back in range((_CYCLE_MADE_UP_FOR if entry.kind == "cycle" else _MADE_UP_FOR) + 1):
        last_day = newest - timedelta(days=back)
        due = entry.falls_due(last_day, *zones_of(subject))
        if due > run_after:
            continue
        if not _has_come(entry, due, run_after):
            return
        if days := ended_with(entry.kind, last_day, readings):  # type: ignore[arg-type] # a kind by the table's own check
            yield days, due
        if entry.kind == "day":
            return


def _has_come(entry: Subscription, due: datetime, until: datetime) -> bool:
    """Did it fall due by then, and not before the calendar began?"""
    return due <= until and (entry.started_at is None or due >= entry.started_at)


def _is_done(issued: reports.ReportIssue | None, email: str | None, due: datetime) -> bool:
    """Was the report made or looked at since it fell due, and does the recipient have it?"""
    return issued is not None and issued.known_at >= due and (email is None or email in issued.recipients)


def _of_those_who_speak(
    connection: Connection, plants: Sequence[Mapping[str, Any]], wanted: Sequence[dict[str, Any]], run_after: datetime
) -> list[dict[str, Any]]:
    """Without plants that have long been silent, and without all plants of tenants of which all have."""
    ids = {request["plant_id"] for request in wanted}
    whole = {request["tenant"] for request in wanted if request["about"] == "portfolio"}
    asked = (plant for plant in plants if plant["plant_id"] in ids or plant["tenant"] in whole)
    heard = {plant["plant_id"]: plant["tenant"] for plant in asked if _speaks(connection, plant, run_after)}
    tenants = set(heard.values())
    is_heard = {
        "plant": lambda request: request["plant_id"] in heard,
        "portfolio": lambda request: request["tenant"] in tenants,
    }
    return [request for request in wanted if is_heard.get(request["about"], lambda _: True)(request)]


def _speaks(connection: Connection, plant: Mapping[str, Any], run_after: datetime) -> bool:
    last_day = reports.read_last_day(connection, plant["plant_id"])
    yesterday = local_day(run_after, ZoneInfo(plant["timezone"])) - timedelta(days=1)
    return last_day is not None and (yesterday - last_day).days <= _SILENT_DAYS
