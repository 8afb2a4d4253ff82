"""Pulling an account: plan what is due, request it within the budget, land each answer untouched.

All progress is in PostgreSQL. A wait is written to the work list, never slept; a killed pull loses nothing but the calls of its
last minute, which are made again.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from include.core.errors import NeedsHuman, TryLater
from include.core.pulls import MOST_ACCOUNTS, TICK, Request, WaitingRequest
from include.core.settings import Settings
from include.sources.clouds.cloud import Answer
from include.sources.clouds.errors import NotPermitted, Rejected, Unanswerable
from include.steps import pull_plan, pull_work_list
from include.steps.account_state import recover
from include.steps.each import Failure, errors_of
from include.steps.free_space import require_free_space
from include.steps.lease import Lease, lease, pulling
from include.steps.pull_answers import feed_of, land_list, land_together, register_lists
from include.steps.pull_context import PullContext, RequestAnswer
from include.steps.pull_setbacks import Setbacks
from include.steps.vendor_account import Clock, open_account
from include.warehouse import documents, integrations
from include.warehouse.account_states import ASKED
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_BOX: Final = timedelta(minutes=4)
"""How long one pull goes on; the next one continues."""

_LEASE_S: Final = 180
"""Longer than any one request takes."""

_MOST_HELD: Final = 200
MOST_HELD_BYTES: Final = 1_000_000
_HELD_FOR: Final = timedelta(minutes=1)
"""Answers are landed together when there are so many, or so many bytes, or the first of them is so old: a crash loses no more."""

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
    """Accounts that are asked and worth looking at, at most 200, the longest waiting first: integration_id, label, connection_id.

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
        TryLater: No space is left, or the vendor did not answer, several times in a row; all progress is kept.
        Exception: What nobody foresaw about one request; the others were made nevertheless.

    Where anything was landed before, nothing is raised: it is told in `errors`, so that those are woken whose documents came.
    """
    time = clock if isinstance(clock, Clock) else Clock(clock)
    require_free_space(settings)
    with lease(settings, pulling(integration_id), seconds=_LEASE_S) as mine:
        if mine is None:
            return _NOTHING | {"note": "another run pulls this account"}
        with transaction(settings.database_url) as connection:
            integration = integrations.read_integration(connection, integration_id)
            fleet = integrations.read_fleet(connection, integration_id)
        if integration.state not in ASKED:
            raise NeedsHuman(f"account {integration.label} is {integration.state}; see `helio integration list`")
        account = open_account(settings, integration, credentials=credentials, clock=time, fleet=fleet)
        context = PullContext(settings, account, time, run_id)
        return _Pull(context, Setbacks(context), mine).run()


@dataclass(slots=True)
class _Pull:
    """One run over one account: the documents landed by feed, and what failed beside them.

    `held` are answers that are to be landed together with those that follow; the first one came at `held_since`.
    """

    context: PullContext
    setbacks: Setbacks
    lease: Lease
    feeds: Counter[str] = field(default_factory=Counter)
    held: list[RequestAnswer] = field(default_factory=list)
    held_since: datetime | None = None
    failures: list[Failure] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        """Plan, make requests, and say when to come again, whatever happens."""
        pull_work_list.begin(self.context)
        try:
            try:
                self._make_requests()
            finally:
                self._land_held()
            self.setbacks.raise_loud()
        except Exception as error:  # noqa: BLE001 - what was landed before is to be told of
            self._note(self.context.integration.label, error)
        finally:
            summary = self._summary()
        return summary | {"errors": errors_of(self.failures, beside=self.feeds.total())}

    def _make_requests(self) -> None:
        ends = self.context.now() + _BOX
        pull_work_list.plan_due(self.context)
        while self.context.now() < ends and not self.setbacks.are_enough and self.lease.go_on():
            if (waiting := pull_work_list.next_request(self.context, self.held)) is None:
                return
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
            self._postpone(waiting, error)

    def _fetch(self, waiting: WaitingRequest) -> list[Answer] | None:
        """The answers; None where the vendor gave none, and what that means is on the work list."""
        account = self.context.account
        try:
            return account.cloud.fetch(account.session, waiting.request)
        except (TryLater, Rejected, NotPermitted, Unanswerable) as error:
            self._land_held()  # what a setback means depends on what was answered before
            self.setbacks.take(waiting, error)
        return None

    def _take(self, waiting: WaitingRequest, answers: list[Answer]) -> None:
        self.setbacks.forget()  # the vendor answered; that the answer rests may fail yet
        told = self._has_rows(waiting.request, answers)
        has_figures = told and waiting.request.kind in {"plants", "devices"}
        answered = RequestAnswer(waiting, [answer.raw for answer in answers], has_figures)
        if waiting.request.kind == "fleet":
            self._land_held()
            document_ids = land_list(self.context, answered)
            self.feeds[feed_of(self.context, waiting.request)] += len(document_ids)
            self._note_nothing(answered, has_rows=told)
            register_lists(self.context, answered, document_ids)
            pull_work_list.plan_due(self.context)
            return
        self.held.append(answered)
        self.held_since = self.held_since or self.context.now()
        if self._is_enough_held() or (waiting.purpose == "now" and not told):
            self._land_held()
        self._note_nothing(answered, has_rows=told)

    def _note_nothing(self, answered: RequestAnswer, *, has_rows: bool) -> None:
        if not has_rows:
            self.setbacks.note_nothing(answered.waiting)

    def _is_enough_held(self) -> bool:
        """The first answer of a run proves that the store takes them, before others are asked for."""
        size_bytes = sum(len(answer) for one in self.held for answer in one.answers)
        is_old = self.held_since is not None and self.context.now() - self.held_since >= _HELD_FOR
        return not self.feeds or len(self.held) >= _MOST_HELD or size_bytes >= MOST_HELD_BYTES or is_old

    def _land_held(self) -> None:
        held, self.held, self.held_since = self.held, [], None
        if held:
            self._land(held)

    def _land(self, held: Sequence[RequestAnswer]) -> None:
        """Land answers together; where they cannot rest, their requests wait as if they had not been made.

        What nobody foresaw is one answer's alone, and keeps no other from being landed.
        """
        try:
            self.feeds += land_together(self.context, held)
        except NeedsHuman:
            raise
        except TryLater as error:  # the landing store: no other answer would rest better
            self.setbacks.postpone(held[0].waiting, error, is_of_all=True)
        except Exception as error:  # noqa: BLE001 - told in the end
            if len(held) > 1:
                for one in held:
                    self._land([one])
                return
            self._postpone(held[0].waiting, error)
        else:
            if any(one.has_figures for one in held):
                recover(self.context)

    def _postpone(self, waiting: WaitingRequest, error: Exception) -> None:
        """Make a request again later that failed for a reason nobody foresaw."""
        self._note(f"{self.context.integration.label}, {waiting.request.interface}", error)
        # Its text may be anything, a path or a header of the call, too.
        fault = TryLater(f"{type(error).__name__} of our own, see the log of the task")
        self.setbacks.postpone(waiting, fault)

    def _has_rows(self, request: Request, answers: list[Answer]) -> bool:
        row_count = self.context.account.cloud.row_count
        return any(row_count(request.interface, answer.data) for answer in answers)

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
