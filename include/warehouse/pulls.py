"""The work list of the vendor pulls: what is to be requested of which account, and what became of it."""

import json
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection

from include.core.pulls import Backlog, Plan, PlannedDays, Purpose, Request, WaitingRequest
from include.core.vendors import VENDORS
from include.warehouse.integrations import Integration
from include.warehouse.queries import query


def try_lock_account(connection: Connection, integration_id: int) -> bool:
    """Be the only one who pulls an account until the transaction ends; False while another run does."""
    return bool(connection.execute(query("pulls", "try_lock_account"), {"integration_id": integration_id}).scalar_one())


def read_plans(connection: Connection, integration_id: int) -> dict[tuple[str, str], Plan]:
    """What was planned last, by purpose and zone (empty but for closed days)."""
    rows = connection.execute(query("pulls", "read_plans"), {"integration_id": integration_id})
    return {(row.purpose, row.timezone): Plan(row.planned_at, row.last_day) for row in rows}


def note_plan(
    connection: Connection, integration_id: int, purpose: str, *, timezone: str = "", last_day: date | None = None, now: datetime
) -> None:
    """Note that a purpose is planned."""
    parameters = {"integration_id": integration_id, "purpose": purpose, "timezone": timezone, "last_day": last_day, "now": now}
    connection.execute(query("pulls", "note_plan"), parameters)


def add_requests(
    connection: Connection,
    integration: Integration,
    purpose: Purpose,
    requests: Iterable[Request],
    *,
    days: PlannedDays | None = None,
    now: datetime,
) -> None:
    """Put requests on the work list, in this order.

    One that waits already is not added, but its span grows where the new one ends later.
    """
    for request in requests:
        parameters = {
            "integration_id": integration.integration_id,
            "purpose": purpose,
            "priority": VENDORS[integration.vendor].priority(purpose),
            "interface": request.interface,
            "request_key": request.key,
            "request": json.dumps(request.as_json()),
            "first_day": days and days.first,
            "last_day": days and days.last,
            "now": now,
        }
        connection.execute(query("pulls", "add_request"), parameters)


def drop_waiting(connection: Connection, integration_id: int, purpose: str) -> None:
    """Take the waiting requests of a purpose from the work list: newer ones replace them."""
    connection.execute(query("pulls", "drop_waiting"), {"integration_id": integration_id, "purpose": purpose})


def read_next(connection: Connection, integration_id: int, *, since: datetime, now: datetime) -> WaitingRequest | None:
    """The most urgent request that may be made now; None, too, where the account is not as it was `since`."""
    parameters = {"integration_id": integration_id, "since": since, "now": now}
    row = connection.execute(query("pulls", "read_next"), parameters).one_or_none()
    if row is None:
        return None
    days = None if row.starts_on is None else PlannedDays(row.starts_on, row.ends_on)
    return WaitingRequest(row.pull_id, row.purpose, Request.from_json(row.request), row.attempts, days)


def end_request(connection: Connection, pull_id: int, *, state: str = "done", reason: str | None = None, now: datetime) -> None:
    """A request is answered (done), or cannot be (refused, with the reason, which stands for earlier refusals of the same)."""
    connection.execute(query("pulls", "end_request"), {"pull_id": pull_id, "state": state, "reason": reason, "now": now})
    if state == "refused":
        connection.execute(query("pulls", "forget_earlier_refusals"), {"pull_id": pull_id})


def postpone_request(connection: Connection, pull_id: int, *, until: datetime, reason: str) -> None:
    """Make one request again later; the failed attempt is counted."""
    connection.execute(query("pulls", "postpone_request"), {"pull_id": pull_id, "until": until, "reason": reason})


def end_hopeless(connection: Connection, pull_id: int, *, reason: str, now: datetime) -> bool:
    """Refuse a request that was made often enough; False where the vendor has answered nothing else for an hour."""
    parameters = {"pull_id": pull_id, "reason": reason, "now": now}
    return connection.execute(query("pulls", "end_hopeless"), parameters).rowcount > 0


def postpone_interface(
    connection: Connection, integration_id: int, interface: str, *, until: datetime, reason: str, pull_id: int | None = None
) -> None:
    """Request nothing of an interface (`*`: of any) before an instant, nor make the one request that needs it beside its own."""
    parameters = {"integration_id": integration_id, "interface": interface, "until": until, "reason": reason, "pull_id": pull_id}
    connection.execute(query("pulls", "postpone_interface"), parameters)


def take_up_again(connection: Connection, integration_id: int, *, now: datetime) -> None:
    """Make everything due that waits; request once more what was refused, the lists, and the last closed days."""
    connection.execute(query("pulls", "take_up_again"), {"integration_id": integration_id, "now": now})
    connection.execute(query("pulls", "forget_plans"), {"integration_id": integration_id})


def read_backlog(
    connection: Connection, integration_id: int, *, purpose: str | None = None, days: PlannedDays | None = None
) -> Backlog:
    """What waits: all of it, or of one purpose, or of plans that touch these days."""
    parameters = {
        "integration_id": integration_id,
        "purpose": purpose,
        "first_day": days and days.first,
        "last_day": days and days.last,
    }
    row = connection.execute(query("pulls", "read_waiting"), parameters).one()
    return Backlog(row.waiting, row.next_at)


def is_due(connection: Connection, integration_id: int, purpose: str, *, now: datetime) -> bool:
    """Whether a request of this purpose may be made now."""
    parameters = {"integration_id": integration_id, "purpose": purpose, "now": now}
    return bool(connection.execute(query("pulls", "is_due"), parameters).scalar_one())


def is_untried(connection: Connection, integration_id: int, purpose: str) -> bool:
    """Whether a request of this purpose waits that was never made."""
    parameters = {"integration_id": integration_id, "purpose": purpose}
    return bool(connection.execute(query("pulls", "is_untried"), parameters).scalar_one())


def forget_old(connection: Connection, integration_id: int, *, before: datetime, moments_before: datetime) -> None:
    """Forget requests that ended earlier; of snapshots and alarms, which are most of them, those answered earlier than that."""
    connection.execute(query("pulls", "forget_old"), {"integration_id": integration_id, "before": before})
    connection.execute(query("pulls", "forget_moments"), {"integration_id": integration_id, "before": moments_before})
