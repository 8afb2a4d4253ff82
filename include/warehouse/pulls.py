"""The work list of the vendor pulls: what is to be requested of which account, and what became of it."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from include.core.pulls import Backlog, Plan, PlannedDays, Purpose, Request, WaitingRequest
from include.core.vendors import VENDORS
from include.warehouse.integrations import Integration
from include.warehouse.queries import query


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


def read_next(
    connection: Connection, integration_id: int, *, since: datetime, now: datetime, beside: Sequence[int] = ()
) -> WaitingRequest | None:
    """The most urgent request `beside` these that may be made now; None, too, where the account is not as it was `since`."""
    parameters = {"integration_id": integration_id, "since": since, "now": now, "beside": list(beside)}
    row = connection.execute(query("pulls", "read_next"), parameters).one_or_none()
    if row is None:
        return None
    days = None if row.starts_on is None else PlannedDays(row.starts_on, row.ends_on)
    return WaitingRequest(row.pull_id, row.purpose, Request.from_json(row.request), row.attempts, days, row.reason)


def end_answered(connection: Connection, answered: Sequence[WaitingRequest], *, reason: str | None = None, now: datetime) -> None:
    """Requests are answered. One whose span grew on the work list since it was read waits on for the rest."""
    _end_requests(connection, answered, "done", reason, now)


def end_refused(connection: Connection, waiting: WaitingRequest, *, reason: str, now: datetime) -> None:
    """A request cannot be answered, for a reason that stands for earlier refusals of the same; as `end_answered` else."""
    _end_requests(connection, [waiting], "refused", reason, now)
    connection.execute(query("pulls", "forget_earlier_refusals"), {"pull_id": waiting.pull_id})


def _end_requests(connection: Connection, ended: Sequence[WaitingRequest], state: str, reason: str | None, now: datetime) -> None:
    spans = [waiting.request.span for waiting in ended]
    parameters = {
        "pull_ids": [waiting.pull_id for waiting in ended],
        "untils": [span and span.end for span in spans],
        "state": state,
        "reason": reason,
        "now": now,
    }
    connection.execute(query("pulls", "end_requests"), parameters)


def postpone_request(connection: Connection, pull_id: int, *, until: datetime, reason: str) -> None:
    """Make one request again later; the failed attempt is counted."""
    connection.execute(query("pulls", "postpone_request"), {"pull_id": pull_id, "until": until, "reason": reason})


def postpone_refused_request(connection: Connection, pull_id: int, *, until: datetime, reason: str, is_again: bool) -> None:
    """Make one request again later that the vendor refused for a limit, `is_again` as the last time; else attempts begin anew."""
    parameters = {"pull_id": pull_id, "until": until, "reason": reason, "is_again": is_again}
    connection.execute(query("pulls", "postpone_refused_request"), parameters)


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
    connection.execute(query("pulls", "forget_all_refused_members"), {"integration_id": integration_id})
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


def read_incomplete_plants(
    connection: Connection, integration_id: int, *, timezone: str, day: date, complete_ratio: float
) -> list[str]:
    """Keys of an account's plants of a zone whose power covers less of a local day, though it was known before that day."""
    parameters = {"integration_id": integration_id, "timezone": timezone, "day": day, "complete_ratio": complete_ratio}
    return list(connection.execute(query("pulls", "read_incomplete_plants"), parameters).scalars())


def count_waiting(connection: Connection, integration_id: int, purpose: str) -> Counter[str]:
    """How many requests of a purpose wait, by interface."""
    rows = connection.execute(query("pulls", "count_waiting"), {"integration_id": integration_id, "purpose": purpose})
    return Counter({row.interface: row.waiting for row in rows})


def cancel_backfill(connection: Connection, integration_id: int, days: PlannedDays) -> int:
    """Take waiting requests of backfills that touch these days from the work list; returns how many."""
    parameters = {"integration_id": integration_id, "first_day": days.first, "last_day": days.last}
    return connection.execute(query("pulls", "cancel_backfill"), parameters).rowcount


def read_refused_members(connection: Connection, integration_id: int) -> dict[tuple[str, str], datetime]:
    """When each plant or device that the vendor refuses may be asked again, by interface and key."""
    rows = connection.execute(query("pulls", "read_refused_members"), {"integration_id": integration_id})
    return {(row.interface, row.member_key): row.again_at for row in rows}


def count_refused_member(
    connection: Connection, integration_id: int, interface: str, member_key: str, *, reason: str, now: datetime
) -> int:
    """Note that the vendor refuses a plant or device; returns how many times in a row."""
    parameters = {
        "integration_id": integration_id,
        "interface": interface,
        "member_key": member_key,
        "reason": reason,
        "now": now,
    }
    return int(connection.execute(query("pulls", "count_refused_member"), parameters).scalar_one())


def leave_member(connection: Connection, integration_id: int, interface: str, member_key: str, *, until: datetime) -> None:
    """Ask nothing about a refused member before an instant."""
    parameters = {"integration_id": integration_id, "interface": interface, "member_key": member_key, "until": until}
    connection.execute(query("pulls", "leave_member"), parameters)


def forget_refused_members(connection: Connection, integration_id: int, members: Sequence[tuple[str, str]]) -> None:
    """The vendor answered about members alone, by interface and key."""
    if members:
        interfaces, keys = zip(*members, strict=True)
        parameters = {"integration_id": integration_id, "interfaces": list(interfaces), "member_keys": list(keys)}
        connection.execute(query("pulls", "forget_refused_members"), parameters)


def is_due(connection: Connection, integration_id: int, purpose: str, *, now: datetime) -> bool:
    """Whether a request of this purpose may be made now."""
    parameters = {"integration_id": integration_id, "purpose": purpose, "now": now}
    return bool(connection.execute(query("pulls", "is_due"), parameters).scalar_one())


def is_untried(connection: Connection, integration_id: int, purpose: str) -> bool:
    """Whether a request of this purpose waits that was never made."""
    parameters = {"integration_id": integration_id, "purpose": purpose}
    return bool(connection.execute(query("pulls", "is_untried"), parameters).scalar_one())


def is_turn_of_others(connection: Connection, integration_id: int, interface: str, purpose: str) -> bool:
    """Whether requests of other purposes wait for this interface, and the last one that it answered was of this purpose."""
    parameters = {"integration_id": integration_id, "interface": interface, "purpose": purpose}
    return bool(connection.execute(query("pulls", "is_turn_of_others"), parameters).scalar_one())


def forget_old(connection: Connection, integration_id: int, *, before: datetime, moments_before: datetime, most: int) -> None:
    """Forget requests that ended earlier, and of those answered and those refused all but the newest `most`.

    Of snapshots and alarms, which are most of them, those go that were answered before `moments_before`.
    """
    connection.execute(query("pulls", "forget_old"), {"integration_id": integration_id, "before": before, "most": most})
    connection.execute(query("pulls", "forget_moments"), {"integration_id": integration_id, "before": moments_before})
