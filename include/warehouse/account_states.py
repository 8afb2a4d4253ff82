"""The state of an account, and what it follows from: when the vendor answered, with what, and what it refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection

from include.warehouse.queries import query

ASKED: Final = ("active", "needs attention")
"""States in which an account is asked: as planned, or rarely."""

Setback = Literal["refusal", "limit", "fault"]
"""Why a request brought nothing: the vendor refuses it or has nothing to tell, a limit is reached, or no good answer came."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """What is held against an account.

    Attributes:
        state: Its state, set at `state_set_at`.
        troubled_at: First setback of any kind since figures came; None where there was none.
        refused_at: The same of refusals.
        last_reason: Why a request brought nothing, the last time.
        quiet_visits: How often it was asked in vain since it needs attention.
    """

    state: str
    state_set_at: datetime
    troubled_at: datetime | None
    refused_at: datetime | None
    last_reason: str | None
    quiet_visits: int


def set_state(
    connection: Connection, integration_id: int, state: str, *, reason: str | None, now: datetime, since: datetime | None = None
) -> bool:
    """Make an account active, disabled, rejected or one that needs attention, with the reason that the operator will read.

    Where `since` is given, only an account whose state was set then: what a person did meanwhile stays. Returns whether it was.
    """
    parameters = {"integration_id": integration_id, "state": state, "reason": reason, "now": now, "since": since}
    return connection.execute(query("account_states", "set_state"), parameters).rowcount > 0


def note_answer(connection: Connection, integration_id: int, *, has_figures: bool, now: datetime) -> None:
    """The vendor answered; `has_figures` where it told anything of plants or devices."""
    parameters = {"integration_id": integration_id, "has_figures": has_figures, "now": now}
    connection.execute(query("account_states", "note_answer"), parameters)


def note_setback(connection: Connection, integration_id: int, kind: Setback, *, reason: str, now: datetime) -> None:
    """A request brought nothing."""
    parameters = {"integration_id": integration_id, "kind": kind, "reason": reason, "now": now}
    connection.execute(query("account_states", "note_setback"), parameters)


def count_refused_log_in(connection: Connection, integration_id: int) -> int:
    """Count a log-in that was refused without a known reason; returns how many there were in a row."""
    return int(
        connection.execute(query("account_states", "count_refused_log_in"), {"integration_id": integration_id}).scalar_one()
    )


def read_state(connection: Connection, integration_id: int) -> AccountState:
    """What is held against an account."""
    return AccountState(*connection.execute(query("account_states", "read_state"), {"integration_id": integration_id}).one())


def count_quiet_visit(connection: Connection, integration_id: int) -> None:
    """An account that needs attention was asked in vain once more."""
    connection.execute(query("account_states", "count_quiet_visit"), {"integration_id": integration_id})
