"""The work list of a pull: what falls due is put on it, the most urgent request is taken from it, what is done leaves it."""

from datetime import datetime, timedelta
from typing import Final

from include.core.pulls import TICK, WaitingRequest
from include.steps import pull_plan
from include.steps.pull_context import PullContext
from include.steps.vendor_account import without_secrets
from include.warehouse import integrations, pulls, vendor_calls
from include.warehouse.engine import Connection, transaction

_KEPT_ENDED: Final = timedelta(days=30)
_KEPT_MOMENTS: Final = timedelta(days=1)


def begin(context: PullContext) -> None:
    """Remember what is no secret of the account, for planning without credentials, and forget what ended long ago."""
    public = without_secrets(context.integration.vendor, context.account.credentials)
    now = context.now()
    with transaction(context.database_url) as connection:
        integrations.remember_account(connection, context.integration_id, public)
        pulls.forget_old(connection, context.integration_id, before=now - _KEPT_ENDED, moments_before=now - _KEPT_MOMENTS)


def plan_due(context: PullContext) -> None:
    """Put what has fallen due on the work list; the rate limits follow the fleet as it is registered now."""
    now, account, integration_id = context.now(), context.account, context.integration_id
    with transaction(context.database_url) as connection:
        # First of all: a person who switches the account holds it, too, and then wants its requests.
        integrations.lock_account(connection, integration_id)
        fleet = integrations.read_fleet(connection, integration_id)
        is_listing = pulls.is_due(connection, integration_id, "fleet", now=now)
        account.budget.rate_limits = account.cloud.rate_limits(fleet)
        plans = pulls.read_plans(connection, integration_id)
        for planned in pull_plan.due_plans(account.cloud, account.credentials, fleet, plans, now=now):
            if planned.purpose == "days" and is_listing:
                continue  # a day is requested once: when all devices are known
            if planned.purpose == "alarms" and pulls.is_untried(connection, integration_id, "alarms"):
                continue  # what a limit holds back, such as the halves of a refused request, would never get its turn
            _add(connection, context, planned, now)


def next_request(context: PullContext) -> WaitingRequest | None:
    """The most urgent request that may be made now; None, too, where a person switched the account meanwhile."""
    since = context.integration.state_set_at
    with transaction(context.database_url) as connection:
        return pulls.read_next(connection, context.integration_id, since=since, now=context.now())


def close_request(connection: Connection, context: PullContext, waiting: WaitingRequest, *, now: datetime) -> None:
    """A request is answered: it leaves the work list, and its interface is open again."""
    integrations.note_answer(connection, context.integration_id, now=now)  # the account before its requests, as in `plan_due`
    vendor_calls.unblock(connection, context.integration_id, waiting.request.interface)
    pulls.end_request(connection, waiting.pull_id, now=now)


def set_next_visit(context: PullContext) -> tuple[int, datetime]:
    """Note when the account is worth looking at again; returns how many requests wait, and that instant."""
    with transaction(context.database_url) as connection:
        backlog = pulls.read_backlog(connection, context.integration_id)
        planned = pull_plan.next_due(context.account.cloud.vendor, pulls.read_plans(connection, context.integration_id))
        known = [at for at in (backlog.next_at, planned) if at is not None]
        next_at = min(known, default=context.now() + TICK)
        integrations.set_due(connection, context.integration_id, next_at)
    return backlog.waiting, next_at


def _add(connection: Connection, context: PullContext, planned: pull_plan.Planned, now: datetime) -> None:
    purpose, days = planned.purpose, planned.days
    if purpose == "alarms":  # of a newer moment: what waits would bring less
        pulls.drop_waiting(connection, context.integration_id, purpose)
    pulls.add_requests(connection, context.integration, purpose, planned.requests, days=days, now=now)
    last_day = days.last if days else None
    pulls.note_plan(connection, context.integration_id, purpose, timezone=planned.timezone, last_day=last_day, now=now)
