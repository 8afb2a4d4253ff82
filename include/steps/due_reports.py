"""Which reports a run should issue: what a form asks for, what falls due, and what late data changed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from include.core.errors import Refused
from include.core.identities import identity
from include.core.settings import Settings
from include.core.span import local_day
from include.reports.model import LANGUAGES, Kind
from include.reports.periods import KINDS, chosen_span, period_around, usual_kinds
from include.steps.report_calendar import due_by_calendar, languages_of, last_morning, request_of, whole_tenant
from include.warehouse import fleet, reports, subscriptions
from include.warehouse.engine import Connection, transaction
from include.warehouse.users import normal_email


def due_reports(  # noqa: PLR0913 - the fields of the form
    settings: Settings,
    *,
    tenant: str | None,
    plants: Sequence[str] | None,
    kind: Kind | None,
    day: date | None,
    language: str | None,
    run_after: datetime,
    about: str = "plant",
    last_day: date | None = None,
    customer_group: str | None = None,
) -> list[dict[str, Any]]:
    """Which reports a run should issue, as plain requests for `render_report`.

    With `kind` (a form): that kind for the period around `day` (yesterday; of cycles the newest that is over), a span from `day`
    to `last_day`, in the `language` or all that are read; about the `portfolio` one report of all plants of each tenant, about
    `consumption` one of its customers or a group of them, about `quality` one of its data. Without it (the schedule): what fell
    due by the calendars and is missing, and the reports of the last `restate_days` of which a figure changed since they were
    issued (`restates`).

    Raises:
        Refused: The plant, kind or language is unknown, or the period has not begun.
        NeedsHuman: The tenant is unknown.
    """
    _check_form(kind, language, about, plants, last_day)
    if customer_group is not None and about != "consumption":
        raise Refused(f"a group of customers ({customer_group}) is of reports about consumption; leave it empty")
    with transaction(settings.database_url) as connection:
        if tenant is not None:
            fleet.read_tenant(connection, tenant)
        chosen = chosen_plants(fleet.read_plants(connection, tenant), plants)
        owners = _owners(connection, chosen, tenant, is_whole=not plants)
        if kind is not None:
            whole = [{**owner, "about": about, "customer_group": customer_group} for owner in owners.values()]
            subjects = chosen if about == "plant" else [owner for owner in whole if owner["has_plants"] or about != "portfolio"]
            readings = subscriptions.read_meter_readings(connection, [plant["plant_id"] for plant in chosen])
            asked = [
                (subject, _asked_days(subject, kind, (day, last_day), readings.get(subject["plant_id"], []), run_after))
                for subject in subjects
            ]
            return [
                request_of(subject, kind, days, told)
                for subject, days in asked
                for told in ([language] if language else languages_of(connection, subject, kind))
            ]
        due = due_by_calendar(connection, chosen, owners, language, run_after)
        known = {_without_time(request) for request in due}
        outdated = _outdated(settings, connection, chosen, owners, run_after)
        return due + [request | {"restates": True} for request in outdated if _without_time(request) not in known]


def asked_reports(
    settings: Settings, form: Mapping[str, Any], *, day: date | None, last_day: date | None, run_after: datetime
) -> list[dict[str, Any]]:
    """What the form of `report_plants` asks for; an empty one for what fell due.

    Raises `Refused` as `due_reports` does, and for a form that says to whom to send, but not to send.
    """
    if (form["send_again"] or form["send_to"]) and not form["send"]:
        raise Refused("the form says to send again or to whom, but not to send; tick send, or leave both empty")
    if form["send_to"]:
        normal_email(form["send_to"])
    about = form["about"] or "plant"
    by_hand = day is not None or about != "plant" or form["send_to"] is not None
    what = {name: form[name] for name in ("tenant", "plants", "language", "customer_group")}
    kind = form["kind"] or (usual_kinds(about)[0] if by_hand else None)
    return due_reports(settings, **what, kind=kind, day=day, last_day=last_day, about=about, run_after=run_after)


def chosen_plants(plants: list[dict[str, Any]], keys: Sequence[str] | None) -> list[dict[str, Any]]:
    """Those of the plants that have one of these keys, in any form of it; all without keys. Raises `Refused` for unknown ones."""
    if not keys:
        return plants
    known = {plant["plant_key"] for plant in plants}
    forms = {key: {key, identity(key)} for key in keys}
    if unknown := [key for key in keys if forms[key].isdisjoint(known)]:
        raise Refused(f"plants {', '.join(unknown)} do not exist (known: {', '.join(sorted(known)) or 'none yet'})")
    return [plant for plant in plants if plant["plant_key"] in set().union(*forms.values())]


def require_report(about: str, kind: str | None, plants: Sequence[str] | None, language: str | None) -> None:
    """Raise `Refused` where there is no such report."""
    if language is not None and language not in LANGUAGES:
        raise Refused(f"language {language!r} is not printed; choose one of {', '.join(LANGUAGES)}")
    if about != "plant" and plants:
        raise Refused("a report of all plants cannot be of some of them; leave the plants empty, or ask for reports of plants")
    if about != "plant" and kind == "cycle":
        raise Refused("each plant has billing cycles of its own; ask for reports of plants, or for a span of all of them")
    if about == "consumption" and kind not in {None, "month"}:
        raise Refused(f"consumption is told by the month; choose month instead of {kind}")


def _check_form(kind: str | None, language: str | None, about: str, plants: Sequence[str] | None, last_day: date | None) -> None:
    if kind is not None and kind not in KINDS:
        raise Refused(f"report kind {kind!r} does not exist; choose one of {', '.join(KINDS)}")
    require_report(about, kind, plants, language)
    if last_day is not None and kind != "span":
        raise Refused(f"a last day ({last_day}) is of a span only; choose span, or leave it empty")


def _owners(
    connection: Connection, plants: Sequence[Mapping[str, Any]], tenant: str | None, *, is_whole: bool
) -> dict[str, dict[str, Any]]:
    """Tenants as subjects of a report, in the form of a plant: one or all of them, or where plants were chosen theirs."""
    with_plants = {plant["tenant"] for plant in plants}
    return {
        slug: {
            **whole_tenant(owner, plants),
            "is_whole": is_whole,
            "has_plants": slug in with_plants,
        }
        for slug, owner in fleet.read_tenants(connection).items()
        if (tenant in {None, slug} if is_whole else slug in with_plants)
    }


def _asked_days(
    subject: Mapping[str, Any], kind: Kind, asked: tuple[date | None, date | None], readings: Sequence[date], run_after: datetime
) -> tuple[date, date]:
    """First and last day of the period that a form asks for."""
    today = local_day(run_after, ZoneInfo(subject["timezone"]))
    whose = f"plant {subject['plant_key']} of {subject['tenant']}"
    day, last_day = asked
    if kind == "span":
        first, last = chosen_span(day, last_day)
        if last >= today:
            raise Refused(f"{last} is not over at {whose}; let the span end {today - timedelta(days=1)} or earlier")
        return first, last
    if day is not None and day > today:
        raise Refused(f"{day} has not begun at {whose}; give a day up to {today}")
    if day is None:
        over = [reading for reading in readings if reading <= today] if kind == "cycle" else []
        day = (over[-1] if over else today) - timedelta(days=1)
    try:
        first, last = period_around(kind, day, readings)
    except Refused as error:
        raise Refused(f"{whose}: {error}") from error
    if first == today and kind != "day":
        raise Refused(f"no day of the {kind} from {first} is over at {whose}; give an earlier day, or wait until tomorrow")
    return first, last


def _outdated(
    settings: Settings,
    connection: Connection,
    plants: Sequence[Mapping[str, Any]],
    owners: Mapping[str, Mapping[str, Any]],
    run_after: datetime,
) -> list[dict[str, Any]]:
    """Reports of which a figure changed after they were issued, each in its own language; looked at once a morning."""
    subjects: dict[tuple[int, int | None], Mapping[str, Any]] = {
        (plant["tenant_id"], plant["plant_id"]): plant for plant in plants
    }
    whole = [owner for owner in owners.values() if owner["is_whole"]]
    subjects |= {(owner["tenant_id"], None): owner for owner in whole}
    today = run_after.astimezone(UTC).date()
    rows = reports.read_outdated(
        connection,
        plant_ids=[plant["plant_id"] for plant in plants],
        tenant_ids=[owner["tenant_id"] for owner in whole],
        since=today - timedelta(days=settings.restate_days),
        until=today - timedelta(days=2),
    )
    mornings = {slug: last_morning(owner["timezone"], run_after) for slug, owner in owners.items()}
    found = [(subjects[row["tenant_id"], row["plant_id"]], row) for row in rows]
    return [
        request_of(subject, row["kind"], (row["starts_on"], row["ends_on"]), row["language"])
        for subject, row in found
        if row["known_at"] < mornings[subject["tenant"]]
    ]


def _without_time(request: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(value for name, value in request.items() if name != "until")
