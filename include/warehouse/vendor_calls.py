"""How often an account may still call: every call is counted in PostgreSQL before it is made, by all tasks together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from include.core.pulls import RateLimit
from include.warehouse.queries import query

_KEPT: Final = timedelta(days=2)
_MARGIN: Final = timedelta(seconds=1)
"""The vendor counts a call when it arrives, a little after we do."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a call may not be made now: `interface` is the one called, or `*` for all together; `until` is aware UTC."""

    interface: str
    until: datetime
    reason: str
    is_long: bool


@dataclass(frozen=True, slots=True)
class CountedCall:
    """A call that is about to be made; `subject` is the only plant or device that it is about."""

    integration_id: int
    interface: str
    subject: str | None = None


def spend(connection: Connection, call: CountedCall, rate_limits: Iterable[RateLimit], *, now: datetime) -> Wait | None:
    """Count a call that is about to be made; where it would break a limit or is blocked, count nothing and say why."""
    key = {"integration_id": call.integration_id}
    connection.execute(query("vendor_calls", "lock"), key)
    parameters = key | {"interface": call.interface, "now": now}
    block = connection.execute(query("vendor_calls", "read_block"), parameters).one_or_none()
    if block is not None:
        return Wait(block.interface, block.ends_at, block.reason, is_long=True)
    waits = [wait for limit in rate_limits if (wait := _wait(connection, call, limit, now))]
    if waits:
        return max(waits, key=lambda wait: wait.until)
    connection.execute(query("vendor_calls", "count_call"), parameters | {"subject": call.subject})
    connection.execute(query("vendor_calls", "forget_calls"), key | {"before": now - _KEPT})
    return None


def block(connection: Connection, integration_id: int, interface: str, *, until: datetime, reason: str, now: datetime) -> None:
    """Note that the vendor refuses an interface (`*`: all) until an instant."""
    parameters = {"integration_id": integration_id, "interface": interface, "until": until, "reason": reason, "now": now}
    connection.execute(query("vendor_calls", "block"), parameters)


def blocks_in_a_row(connection: Connection, integration_id: int, interface: str, *, now: datetime) -> int:
    """How often the vendor has refused an interface since it last answered, and never a day apart."""
    parameters = {"integration_id": integration_id, "interface": interface, "now": now}
    return connection.execute(query("vendor_calls", "read_block_times"), parameters).scalar_one_or_none() or 0


def unblock(connection: Connection, integration_id: int, interface: str | None) -> None:
    """Forget what the vendor refused: of one interface and of all together, or whatever it was (None)."""
    connection.execute(query("vendor_calls", "unblock"), {"integration_id": integration_id, "interface": interface})


def _wait(connection: Connection, call: CountedCall, limit: RateLimit, now: datetime) -> Wait | None:
    if limit.interface not in {"*", call.interface} or (limit.is_per_subject and call.subject is None):
        return None
    window = timedelta(seconds=limit.window_s) + (_MARGIN if limit.window_s >= 60 else timedelta(0))
    parameters = {
        "integration_id": call.integration_id,
        "rule": limit.interface,
        "subject": call.subject if limit.is_per_subject else None,
        "since": now - window,
        "calls": limit.calls,
    }
    called_at = connection.execute(query("vendor_calls", "read_blocking_call"), parameters).scalar_one_or_none()
    if called_at is None:
        return None
    whose = f" about {call.subject}" if limit.is_per_subject else ""
    reason = f"{limit.calls} calls of {limit.interface}{whose} in {limit.window_s} s are the limit"
    return Wait(limit.interface, called_at + window, reason, is_long=limit.window_s >= 3600)
