"""Recipients of reports: listed, added and stopped by people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

from include.core.errors import Refused
from include.core.settings import Settings
from include.core.span import zone
from include.reports.model import Kind
from include.reports.periods import usual_kinds
from include.steps.due_reports import chosen_plants, due_reports, require_report
from include.steps.report import render_reports
from include.warehouse import consumption, fleet, subscriptions, users
from include.warehouse.engine import Connection, transaction

KINDS: Final = ("day", "week", "month", "cycle")
ABOUT: Final = ("plant", "portfolio", "consumption", "quality")
_MOST_WAIT_DAYS: Final = 28


def subscribe(  # noqa: PLR0913 - what a calendar says
    settings: Settings,
    *,
    tenant: str,
    email: str,
    about: str,
    kinds: Sequence[str] | None,
    plants: Sequence[str] | None = None,
    language: str | None = None,
    wait_days: int = 0,
    hour: int = subscriptions.EARLIEST_H,
    timezone: str | None = None,
    customer_group: str | None = None,
    now: datetime,
) -> list[dict[str, Any]]:
    """Give a recipient reports of these kinds (None: those that are usual) from now on, in the place of earlier ones of the same.

    Returns everything that the recipient gets. Raises `Refused` for what cannot be, naming it.
    """
    address = users.normal_email(email)
    kinds = usual_kinds(about) if kinds is None else kinds
    _check(about, kinds, plants, language)
    _check_morning(wait_days, hour)
    with transaction(settings.database_url) as connection:
        owner = fleet.read_tenant(connection, tenant)
        chosen = chosen_plants(fleet.read_plants(connection, tenant), plants) if plants else None
        row = {
            "tenant_id": owner.tenant_id,
            "email": address,
            "about": about,
            "language": language,
            "plant_ids": [plant["plant_id"] for plant in chosen] if chosen else None,
            "wait_days": wait_days,
            "hour": hour,
            "timezone": timezone and zone(timezone).key,
            "started_at": now,
            "customer_group": customer_group,
        }
        if customer_group is not None:
            _check_group(connection, owner, about, customer_group)
        for kind in dict.fromkeys(kinds):
            subscriptions.replace_subscription(connection, row | {"kind": kind})
        return _listed(connection, tenant, address)


def change_subscriptions(settings: Settings, form: Mapping[str, Any], *, now: datetime) -> list[dict[str, Any]]:
    """Carry out the form of `set_recipients`: list, add or stop; returns who gets what then."""
    tenant, email, kinds = form["tenant"], form["email"], form["kinds"]
    if form["action"] == "list":
        return list_subscriptions(settings, tenant)
    if not tenant or not email:
        raise Refused(f"to {form['action']} a recipient the form needs a tenant and an e-mail address; fill in both")
    if form["action"] == "stop":
        if form["plants"]:
            raise Refused("reports of some plants cannot stop alone; leave the plants empty, or add those that stay once more")
        what: dict[str, Any] = {"about": form["about"], "kinds": kinds, "customer_group": form["customer_group"]}
        unsubscribe(settings, tenant=tenant, email=email, **what, now=now)
        return list_subscriptions(settings, tenant)
    about = form["about"] or "plant"
    names = ("plants", "language", "wait_days", "hour", "timezone", "customer_group")
    wish = {name: form[name] for name in names}
    return subscribe(settings, tenant=tenant, email=email, about=about, kinds=kinds or None, **wish, now=now)


def unsubscribe(  # noqa: PLR0913 - what is to stop
    settings: Settings,
    *,
    tenant: str,
    email: str,
    about: str | None = None,
    kinds: Sequence[str] | None = None,
    customer_group: str | None = None,
    now: datetime,
) -> list[dict[str, Any]]:
    """Stop what a recipient gets, of some kinds or of all, and mails that wait, tests among them; returns what is left.

    Raises `Refused` where nothing is to stop.
    """
    address = users.normal_email(email)
    _check_kinds(kinds or KINDS)
    with transaction(settings.database_url) as connection:
        owner = fleet.read_tenant(connection, tenant)
        what: dict[str, Any] = {"about": about, "kinds": kinds, "customer_group": customer_group}
        if not subscriptions.stop_subscriptions(connection, tenant_id=owner.tenant_id, email=address, **what, at=now):
            known = sorted({entry.email or "" for entry in subscriptions.read_subscriptions(connection, tenant)})
            raise Refused(f"{address} gets no such report of {tenant} (recipients: {', '.join(known) or 'nobody'})")
        return _listed(connection, tenant, address)


def send_test(  # noqa: PLR0913 - which report, and to whom
    settings: Settings,
    *,
    tenant: str,
    email: str,
    about: str,
    kind: Kind | None,
    day: date | None,
    plants: Sequence[str] | None,
    language: str | None,
    customer_group: str | None = None,
    now: datetime,
) -> dict[str, Any]:
    """Put reports into the outbox for one address and nobody else (`kind` None: the usual); returns as `render_reports`."""
    requests = due_reports(
        settings,
        tenant=tenant,
        plants=plants,
        kind=kind or usual_kinds(about)[0],
        day=day,
        about=about,
        language=language,
        run_after=now,
        customer_group=customer_group,
    )
    if language is None:
        # Of each plant the first is in its tenant's language.
        requests = list({request["plant_id"]: request for request in reversed(requests)}.values())
    return render_reports(settings, requests, now=now, run_id="test mail", send=True, send_to=users.normal_email(email))


def list_subscriptions(settings: Settings, tenant: str | None = None) -> list[dict[str, Any]]:
    """Who gets what, by tenant and address: the fields of a subscription, with the keys of its plants (None: all)."""
    with transaction(settings.database_url) as connection:
        if tenant is not None:
            fleet.read_tenant(connection, tenant)
        return _listed(connection, tenant)


def _listed(connection: Connection, tenant: str | None, email: str | None = None) -> list[dict[str, Any]]:
    keys = {plant["plant_id"]: plant["plant_key"] for plant in fleet.read_plants(connection, tenant)}
    rows = [asdict(entry) for entry in subscriptions.read_subscriptions(connection, tenant) if email in {None, entry.email}]
    for row in rows:
        ids = row.pop("plant_ids")
        row["plants"] = None if ids is None else [keys[plant_id] for plant_id in ids]
        row["started_at"] = row["started_at"].isoformat()
    return rows


def _check_group(connection: Connection, owner: fleet.Tenant, about: str, group: str) -> None:
    if about != "consumption":
        raise Refused(f"a group of customers ({group}) is of reports about consumption; leave it empty")
    known = consumption.read_customer_groups(connection, owner.tenant_id)
    if group not in known:
        raise Refused(f"tenant {owner.slug} has no group {group!r} of customers (known: {', '.join(known) or 'none yet'})")


def _check(about: str, kinds: Sequence[str], plants: Sequence[str] | None, language: str | None) -> None:
    if about not in ABOUT:
        raise Refused(f"a report about {about!r} does not exist; choose one of {', '.join(ABOUT)}")
    _check_kinds(kinds)
    for kind in kinds:
        require_report(about, kind, plants, language)


def _check_kinds(kinds: Sequence[str]) -> None:
    if not kinds or (unknown := [kind for kind in kinds if kind not in KINDS]):
        raise Refused(f"report kind {', '.join(unknown) if kinds else 'none'} has no calendar; choose of {', '.join(KINDS)}")


def _check_morning(wait_days: int, hour: int) -> None:
    if not 0 <= wait_days <= _MOST_WAIT_DAYS:
        raise Refused(f"{wait_days} days to wait cannot be; choose 0 to {_MOST_WAIT_DAYS}")
    if not 0 <= hour <= 23:
        raise Refused(f"hour {hour} cannot be; choose 0 to 23")
