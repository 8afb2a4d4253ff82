"""The work list of a pull: what falls due is put on it, the most urgent request is taken from it, what is done leaves it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from include.core.pulls import TICK, PlannedDays, PulledFleet, WaitingRequest
from include.steps import pull_plan
from include.steps.account_state import begin_visit, end_visit
from include.steps.pull_context import PullContext, RequestAnswer
from include.steps.refused_members import spared
from include.steps.vendor_account import without_secrets
from include.warehouse import account_states, alarms, integrations, pulls, vendor_calls
from include.warehouse.engine import Connection, transaction

_KEPT_ENDED: Final = timedelta(days=30)
_KEPT_MOMENTS: Final = timedelta(days=1)
_MOST_ENDED: Final = 20_000
"""More rows than the history of a day has at the largest account that a vendor's limits carry."""


def begin(context: PullContext) -> None:
    """Remember what is no secret of the account, for planning without credentials, and forget what ended long ago."""
    public = without_secrets(context.integration.vendor, context.account.credentials)
    now = context.now()
    with transaction(context.database_url) as connection:
        integrations.remember_account(connection, context.integration_id, public)
        begin_visit(connection, context)
        vendor_calls.adopt_calls(connection, context.integration_id, context.account.caller)
        vendor_calls.forget_calls(connection, context.integration_id, now=now)
        before, moments_before = now - _KEPT_ENDED, now - _KEPT_MOMENTS
        pulls.forget_old(connection, context.integration_id, before=before, moments_before=moments_before, most=_MOST_ENDED)


def plan_due(context: PullContext) -> None:
    """Put what has fallen due on the work list; the rate limits follow the fleet as it is registered now."""
    now, account, integration_id = context.now(), context.account, context.integration_id
    with transaction(context.database_url) as connection:
        # First of all: a person who switches the account holds it, too, and then wants its requests.
        integrations.lock_account(connection, integration_id)
        fleet = integrations.read_fleet(connection, integration_id)
        is_listing = pulls.is_due(connection, integration_id, "fleet", now=now)
        account.budget.rate_limits = account.cloud.rate_limits(account.credentials, fleet)
        plans, refused = pulls.read_plans(connection, integration_id), pulls.read_refused_members(connection, integration_id)
        for planned in pull_plan.due_plans(account.cloud, account.credentials, fleet, plans, now=now):
            if planned.purpose in {"days", "now"} and is_listing:
                continue  # a day is requested once: when all devices are known
            if planned.purpose == "alarms" and _leaves_alarms_waiting(connection, integration_id, planned):
                continue  # what a limit holds back, such as the halves of a refused request, would never get its turn
            requests = list(spared(planned.requests, refused, account.cloud.group_fields, now))
            if planned.purpose == "fleet":
                _look_for_old_alarms(connection, context, fleet, now)
            _add(connection, context, replace(planned, requests=requests), now)
            if planned.days is not None:
                again = pull_plan.days_to_look_at_again(plans.get(("days", planned.timezone)), planned.days)
                _look_again(connection, context, planned.timezone, again, fleet, now)


def next_request(context: PullContext, held: Sequence[RequestAnswer]) -> WaitingRequest | None:
    """The most urgent request that may be made now and is not answered; None, too, where a person switched the account."""
    since, answered = context.integration.state_set_at, [one.waiting.pull_id for one in held]
    with transaction(context.database_url) as connection:
        return pulls.read_next(connection, context.integration_id, since=since, now=context.now(), beside=answered)


def close_requests(connection: Connection, context: PullContext, answered: Sequence[RequestAnswer], *, now: datetime) -> None:
    """Requests are answered: they leave the work list, and their interfaces are open again."""
    # The account before its requests, as in `plan_due`.
    has_figures = any(one.has_figures for one in answered)
    account_states.note_answer(connection, context.integration_id, has_figures=has_figures, now=now)
    for interface in sorted({one.waiting.request.interface for one in answered}):
        vendor_calls.unblock(connection, context.integration_id, interface)
    members = [(one.waiting.request.interface, context.only_member(one.waiting.request)) for one in answered]
    alone = [(interface, member) for interface, member in members if member is not None]
    pulls.forget_refused_members(connection, context.integration_id, alone)
    pulls.end_answered(connection, [one.waiting for one in answered], now=now)


def set_next_visit(context: PullContext) -> tuple[int, datetime]:
    """Note when the account is worth looking at again; returns how many requests wait, and that instant."""
    with transaction(context.database_url) as connection:
        backlog = pulls.read_backlog(connection, context.integration_id)
        planned = pull_plan.next_due(context.account.cloud.vendor, pulls.read_plans(connection, context.integration_id))
        known = [at for at in (backlog.next_at, planned) if at is not None]
        next_at = end_visit(connection, context, min(known, default=context.now() + TICK))
        integrations.set_due(connection, context.integration_id, next_at)
    return backlog.waiting, next_at


def _leaves_alarms_waiting(connection: Connection, integration_id: int, planned: pull_plan.Planned) -> bool:
    """Whether alarms wait that were never asked for: those of the last days, or in their turn the old ones."""
    if pulls.is_untried(connection, integration_id, planned.purpose):
        return True
    interfaces = sorted({request.interface for request in planned.requests})  # some vendors have one for each type of inverter
    return any(pulls.is_turn_of_others(connection, integration_id, interface, planned.purpose) for interface in interfaces)


def _look_for_old_alarms(connection: Connection, context: PullContext, fleet: PulledFleet, now: datetime) -> None:
    """With the daily lists, ask for alarms that are open for longer than the usual look at them reaches: they may have ended."""
    cloud, credentials = context.account.cloud, context.account.credentials
    open_ = alarms.read_open(connection, context.integration_id, before=now - pull_plan.alarms_look_back(cloud.vendor))
    requests = pull_plan.old_alarm_requests(cloud, credentials, fleet, open_, now)
    pulls.add_requests(connection, context.integration, "days", requests, now=now)


def _look_again(
    connection: Connection, context: PullContext, timezone: str, days_again: Sequence[date], fleet: PulledFleet, now: datetime
) -> None:
    """Request days of a zone that lack readings once more when they are some weeks old, behind everything else of the day."""
    cloud, credentials = context.account.cloud, context.account.credentials
    for day in days_again:
        keys = pulls.read_incomplete_plants(
            connection, context.integration_id, timezone=timezone, day=day, complete_ratio=pull_plan.COMPLETE_RATIO
        )
        if keys:
            days, part = PlannedDays(day, day), pull_plan.part_of(fleet, plants=keys)
            requests = pull_plan.day_requests(cloud, credentials, part, days, is_backfill=False)
            pulls.add_requests(connection, context.integration, "days", requests, days=days, now=now)


def _add(connection: Connection, context: PullContext, planned: pull_plan.Planned, now: datetime) -> None:
    purpose, days = planned.purpose, planned.days
    if purpose == "alarms":  # of a newer moment: what waits would bring less
        pulls.drop_waiting(connection, context.integration_id, purpose)
    pulls.add_requests(connection, context.integration, purpose, planned.requests, days=days, now=now)
    last_day = days.last if days else None
    pulls.note_plan(connection, context.integration_id, purpose, timezone=planned.timezone, last_day=last_day, now=now)
