"""Whether an account needs attention, judged at the end of each pull of it; such a one is asked rarely until figures come."""

from datetime import datetime, timedelta
from typing import Final

from include.steps.pull_context import PullContext
from include.steps.rest import rest
from include.warehouse import account_states, integrations, pulls, vendor_calls
from include.warehouse.account_states import AccountState
from include.warehouse.engine import Connection, transaction

NOTHING_BUT_REFUSALS: Final = timedelta(hours=1)
NOTHING_AT_ALL: Final = timedelta(hours=24)
"""An outage of the vendor, or a budget that is gone, passes by itself; one of a whole day is told."""

MOST_IN_VAIN: Final = 3
"""Requests that bring nothing, after which an account that needs attention is left alone for a while."""

_FIRST_REST: Final = timedelta(hours=1)
_LONGEST_REST: Final = timedelta(hours=24)
"""How long such an account is left alone, at first and at last."""


def trouble(standing: AccountState, now: datetime) -> str | None:
    """The sentence that an operator should read about an account; None where all is well, or may soon be."""
    since, reason = standing.refused_at, standing.last_reason
    if since is not None and now - since >= NOTHING_BUT_REFUSALS:
        return f"no figures since {since:%Y-%m-%d %H:%M} UTC, only refusals; the last one: {reason}"
    since = standing.troubled_at
    if since is not None and now - since >= NOTHING_AT_ALL:
        return f"no figures since {since:%Y-%m-%d %H:%M} UTC; the last reason: {reason}"
    return None


def begin_visit(connection: Connection, context: PullContext) -> None:
    """Of an account that needs attention everything is due once more: the first answer may be the good one."""
    if context.integration.state == "needs attention":
        integrations.lock_account(connection, context.integration_id)
        take_up_again(connection, context.integration_id, context.now())


def end_visit(connection: Connection, context: PullContext, next_at: datetime) -> datetime:
    """Judge the account; returns when it is worth looking at again, given when its next request is due."""
    now, integration_id = context.now(), context.integration_id
    standing = account_states.read_state(connection, integration_id)
    if standing.state_set_at != context.integration.state_set_at:
        return min(next_at, now)  # a person or a good answer changed it: what that means is seen next time
    if standing.state == "needs attention":
        account_states.count_quiet_visit(connection, integration_id)
        return now + rest(standing.quiet_visits, first=_FIRST_REST, longest=_LONGEST_REST)
    reason = trouble(standing, now)
    if reason is not None:
        since = context.integration.state_set_at
        account_states.set_state(connection, integration_id, "needs attention", reason=reason, now=now, since=since)
        context.note(f"the account needs attention: {reason}")
        return now + _FIRST_REST
    if standing.refused_at is not None:
        return min(next_at, standing.refused_at + NOTHING_BUT_REFUSALS)
    return next_at


def recover(context: PullContext) -> None:
    """Figures came of an account that needed attention: it is active again, and asked for all that it missed."""
    if context.integration.state != "needs attention":
        return
    now, integration_id, since = context.now(), context.integration_id, context.integration.state_set_at
    with transaction(context.database_url) as connection:
        integrations.lock_account(connection, integration_id)
        if account_states.set_state(connection, integration_id, "active", reason=None, now=now, since=since):
            take_up_again(connection, integration_id, now)
    context.note("figures came: the account is active again")


def take_up_again(connection: Connection, integration_id: int, now: datetime) -> None:
    """Forget what the vendor refused, and make everything due."""
    vendor_calls.unblock(connection, integration_id, None)
    pulls.take_up_again(connection, integration_id, now=now)
