"""Pulling an account: plan what is due, request it within the budget, land each answer untouched.

All progress is in PostgreSQL. A wait is written to the work list, never slept; a killed pull loses nothing but the call that it
was making.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from include.core.errors import NeedsHuman, TryLater
from include.core.pulls import MOST_ACCOUNTS, TICK, WaitingRequest
from include.core.settings import Settings
from include.sources.clouds.errors import NotPermitted, Rejected, Unanswerable
from include.steps import pull_plan, pull_work_list
from include.steps.each import Failure, errors_of
from include.steps.pull_answers import feed_of, land_answers, register_lists
from include.steps.pull_context import PullContext
from include.steps.pull_setbacks import Setbacks
from include.steps.vendor_account import Clock, open_account
from include.warehouse import documents, integrations, pulls
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_BOX: Final = timedelta(minutes=4)
"""How long one pull goes on; the next one continues."""

_NOTHING: Final[dict[str, Any]] = {
    "calls": 0,
    "documents": 0,
    "feeds": {},
    "waiting": 0,
    "next_at": None,
    "note": None,
    "errors": [],
}


def due_accounts(settings: Settings, *, vendor: str, now: datetime) -> list[dict[str, Any]]:
    """Active accounts that are worth looking at, at most 200, the longest waiting first: integration_id, label, connection_id.

    Whatever becomes of them, they are not handed out again before the next run.
    """
    again = now + TICK - pull_plan.JITTER
    with transaction(settings.database_url) as connection:
        return integrations.take_due(connection, vendor, now=now, again=again, most=MOST_ACCOUNTS)


def feeds_landed_lately(settings: Settings, *, vendor: str, now: datetime) -> list[str]:
    """Feeds of which answers landed within the last two ticks and wait: a backfill that comes back cannot wake anyone itself."""
    with transaction(settings.database_url) as connection:
        return documents.read_landed_feeds(connection, prefix=f"{vendor}_", since=now - 2 * TICK)


def pull_account(
    settings: Settings,
    integration_id: int,
    *,
    credentials: Mapping[str, str] | None,
    clock: Callable[[], datetime] | Clock,
    run_id: str,
) -> dict[str, Any]:
    """Request what is due of one account, for four minutes at most.

    Args:
        settings: With database, landing and vault.
        integration_id: The account.
        credentials: Its fields; None where our own database keeps them.
        clock: The time now, aware UTC; tests give a `Clock` that also sleeps.
        run_id: Goes into the manifest of what is registered on the way.

    Returns:
        calls, documents, feeds, waiting, next_at, a note for the operator, and `errors`.

    Raises:
        Rejected: The vendor refuses the credentials; the account is marked and left alone from now on.
        TryLater: The vendor did not answer, several times in a row; all progress is kept.
        Exception: What nobody foresaw about one request; the others were made nevertheless.

    Where anything was landed before, nothing is raised: it is told in `errors`, so that those are woken whose documents came.
    """
    time = clock if isinstance(clock, Clock) else Clock(clock)
    with transaction(settings.database_url) as guard:
        if not pulls.try_lock_account(guard, integration_id):
            return _NOTHING | {"note": "another run pulls this account"}
        with transaction(settings.database_url) as connection:
            integration = integrations.read_integration(connection, integration_id)
            fleet = integrations.read_fleet(connection, integration_id)
        if integration.state != "active":
            raise NeedsHuman(f"account {integration.label} is {integration.state}; see `helio integration list`")
        account = open_account(settings, integration, credentials=credentials, clock=time, fleet=fleet)
        context = PullContext(settings, account, time, run_id)
        return _Pull(context, Setbacks(context)).run()


@dataclass(slots=True)
class _Pull:
    """One run over one account: the documents landed by feed, and what failed beside them."""

    context: PullContext
    setbacks: Setbacks
    feeds: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        """Plan, make requests, and say when to come again, whatever happens."""
        pull_work_list.begin(self.context)
        try:
            self._make_requests()
            self.setbacks.raise_loud()
        except Exception as error:  # noqa: BLE001 - what was landed before is to be told of
            self._note(self.context.integration.label, error)
        finally:
            summary = self._summary()
        return summary | {"errors": errors_of(self.failures, beside=self.feeds.total())}

    def _make_requests(self) -> None:
        ends = self.context.now() + _BOX
        pull_work_list.plan_due(self.context)
        while self.context.now() < ends and (waiting := pull_work_list.next_request(self.context)) is not None:
            self._carry_out(waiting)

    def _note(self, thing: str, error: Exception) -> None:
        _log.exception("Failed: %s", thing)
        self.failures.append(Failure(thing, error))

    def _carry_out(self, waiting: WaitingRequest) -> None:
        """Make one request; what nobody foresaw about it must not keep the others from being made."""
        try:
            if (answers := self._fetch(waiting)) is not None:
                self._take(waiting, answers)
        except NeedsHuman:
            raise
        except TryLater as error:  # the landing store: no other answer would rest better
            self.setbacks.postpone(waiting, error, is_of_all=True)
        except Exception as error:  # noqa: BLE001 - told in the end
            self._note(f"{self.context.integration.label}, {waiting.request.interface}", error)
            # Its text may be anything, a path or a header of the call, too.
            fault = TryLater(f"{type(error).__name__} of our own, see the log of the task")
            self.setbacks.postpone(waiting, fault)

    def _fetch(self, waiting: WaitingRequest) -> list[bytes] | None:
        """The answers; None where the vendor gave none, and what that means is on the work list."""
        account = self.context.account
        try:
            return [answer.raw for answer in account.cloud.fetch(account.session, waiting.request)]
        except (TryLater, Rejected, NotPermitted, Unanswerable) as error:
            self.setbacks.take(waiting, error)
        return None

    def _take(self, waiting: WaitingRequest, answers: list[bytes]) -> None:
        document_ids = land_answers(self.context, waiting, answers)
        self.feeds[feed_of(self.context, waiting.request)] += len(document_ids)
        self.setbacks.forget()
        if waiting.request.kind == "fleet":
            register_lists(self.context, waiting, answers, document_ids)
            pull_work_list.plan_due(self.context)

    def _summary(self) -> dict[str, Any]:
        waiting, next_at = pull_work_list.set_next_visit(self.context)
        return {
            "calls": self.context.account.budget.calls,
            "documents": self.feeds.total(),
            "feeds": dict(self.feeds),
            "waiting": waiting,
            "next_at": next_at.isoformat(),
            "note": self.context.notes[-1] if self.context.notes else None,
        }
