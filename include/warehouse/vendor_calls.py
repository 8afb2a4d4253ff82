"""How often an account may still call: every call is counted in PostgreSQL before it is made, by all tasks together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from include.core.pulls import RateLimit
from include.warehouse.queries import query

_KEPT: Final = timedelta(days=2)
_DAYS_KEPT: Final = timedelta(days=400)
_DAY_S: Final = 86_400
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
    """A call that is about to be made.

    Attributes:
        integration_id: The account that makes it.
        caller: Digest of whom the vendor counts: accounts of one caller share the limits.
        interface: What is called.
        subject: The only plant or device that it is about.
    """

    integration_id: int
    caller: str
    interface: str
    subject: str | None = None


def spend(connection: Connection, call: CountedCall, rate_limits: Iterable[RateLimit], *, now: datetime) -> Wait | None:
    """Count a call that is about to be made; where it would break a limit or is blocked, count nothing and say why."""
    key = {"integration_id": call.integration_id}
    connection.execute(query("vendor_calls", "lock"), {"caller": call.caller})
    parameters = key | {"interface": call.interface, "now": now}
    block = connection.execute(query("vendor_calls", "read_block"), parameters).one_or_none()
    if block is not None:
        return Wait(block.interface, block.ends_at, block.reason, is_long=True)
    waits = [wait for limit in rate_limits if (wait := _wait(connection, call, limit, now))]
    if waits:
        return max(waits, key=lambda wait: wait.until)
    counted = parameters | {"caller": call.caller, "subject": call.subject}
    connection.execute(query("vendor_calls", "count_call"), counted)
    for rule, allowed in _daily(rate_limits, call.interface).items():
        connection.execute(query("vendor_calls", "count_call_of_day"), counted | {"rule": rule, "allowed": allowed})
    return None


def forget_calls(connection: Connection, integration_id: int, *, now: datetime) -> None:
    """Forget an account's calls that lie outside of every window, and the days that no report tells any more."""
    for statement, kept in (("forget_calls", _KEPT), ("forget_call_days", _DAYS_KEPT)):
        connection.execute(query("vendor_calls", statement), {"integration_id": integration_id, "before": now - kept})


def adopt_calls(connection: Connection, integration_id: int, caller: str) -> None:
    """Count for a caller what its account called before callers were told apart."""
    connection.execute(query("vendor_calls", "lock"), {"caller": caller})
    if connection.execute(query("vendor_calls", "adopt_calls"), {"integration_id": integration_id, "caller": caller}).rowcount:
        connection.execute(query("vendor_calls", "number_calls"), {"caller": caller})


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


def _daily(rate_limits: Iterable[RateLimit], interface: str) -> dict[str, int | None]:
    """Limits of a day under which a call falls, by interface; that of all together is told though there be none."""
    limits = [limit for limit in rate_limits if limit.window_s == _DAY_S and not limit.is_per_subject]
    found: dict[str, int | None] = {"*": None}
    return found | {limit.interface: limit.calls for limit in limits if limit.interface in {"*", interface}}


def _wait(connection: Connection, call: CountedCall, limit: RateLimit, now: datetime) -> Wait | None:
    if limit.interface not in {"*", call.interface} or (limit.is_per_subject and call.subject is None):
        return None
    window = timedelta(seconds=limit.window_s) + (_MARGIN if limit.window_s >= 60 else timedelta(0))
    parameters = {
        "caller": call.caller,
        "rule": limit.interface,
        "subject": call.subject if limit.is_per_subject else None,
        "since": now - window,
        "calls": limit.calls,
    }
    is_of_all = limit.interface == "*" and not limit.is_per_subject
    statement = "read_blocking_call_of_all" if is_of_all else "read_blocking_call"
    called_at = connection.execute(query("vendor_calls", statement), parameters).scalar_one_or_none()
    if called_at is None:
        return None
    whose = f" about {call.subject}" if limit.is_per_subject else ""
    reason = f"{limit.calls} calls of {limit.interface}{whose} in {limit.window_s} s are the limit"
    return Wait(limit.interface, called_at + window, reason, is_long=limit.window_s >= 3600)
