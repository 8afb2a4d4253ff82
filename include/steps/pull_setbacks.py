"""What becomes of a request that brought no answer: it waits, its interface is blocked, or it ends with a reason."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from include.core.errors import TryLater
from include.core.pulls import Request, WaitingRequest
from include.sources.clouds.errors import Contested, MemberRefused, NotPermitted, RateLimited, Rejected, Unanswerable
from include.sources.clouds.portions import halves
from include.steps.pull_context import PullContext
from include.steps.vendor_account import PATIENCE_S, Clock, due_again
from include.warehouse import integrations, pulls, vendor_calls
from include.warehouse.engine import Connection, transaction

_FORBIDDEN_FOR: Final = timedelta(hours=24)
_FAULTS_IN_A_ROW: Final = 3
_LOUD_AFTER: Final = 4
_BACK_OFF_S: Final = 30.0
_LONGEST_BACK_OFF_S: Final = 1800.0
_LONGEST_FOR_HISTORY_S: Final = 21_600.0
"""What can still be requested tomorrow need not be requested often: calls of a history are few."""

_MOST_ATTEMPTS: Final = 20
"""About three days of a request that fails though the vendor answers others."""

_EARLIER: Final = timedelta(seconds=PATIENCE_S - 1)
_HISTORY: Final = frozenset({"days", "backfill"})


@dataclass(slots=True)
class Setbacks:
    """The setbacks of one run.

    `faults`, of the interfaces in `faulty`, are those since the vendor answered last; `most_attempts` is the most of one request.
    """

    context: PullContext
    faults: list[TryLater] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)
    most_attempts: int = 0

    def take(self, waiting: WaitingRequest, error: TryLater | Rejected | NotPermitted | Unanswerable) -> None:
        """Note on the work list what an error means; raises it again where it ends the run."""
        match error:
            case RateLimited():
                self._hold(waiting, error)
            case NotPermitted():
                self._block(waiting, waiting.request.interface, self.context.now() + _FORBIDDEN_FOR, str(error))
            case Rejected():
                self._reject(error)
                raise error
            case Contested():
                self._block(waiting, "*", self.context.now() + timedelta(seconds=error.after_s or 0), str(error))
            case MemberRefused() if parts := self._halves(waiting):
                self._split(waiting, parts, str(error))
            case Unanswerable():
                self._refuse(waiting, str(error))
            case TryLater():
                self.postpone(waiting, error)

    def postpone(self, waiting: WaitingRequest, error: TryLater, *, is_of_all: bool = False) -> None:
        """Make a request again later, longer each time; after several faults in a row those of its interface, too.

        With `is_of_all`, or where the faults in a row are not of one interface alone, all others wait as well.
        """
        longest_s = _LONGEST_FOR_HISTORY_S if waiting.purpose in _HISTORY else _LONGEST_BACK_OFF_S
        seconds = max(min(_BACK_OFF_S * 2 ** min(waiting.attempts, _MOST_ATTEMPTS), longest_s), error.after_s or 0)
        now = self.context.now()
        until = now + timedelta(seconds=seconds)
        self.faults.append(error)
        self.faulty.add(waiting.request.interface)
        self.most_attempts = max(self.most_attempts, waiting.attempts + 1)
        with transaction(self.context.database_url) as connection:
            if self._is_given_up(connection, waiting, error):
                return
            pulls.postpone_request(connection, waiting.pull_id, until=until, reason=str(error))
            if is_of_all or len(self.faults) >= _FAULTS_IN_A_ROW:
                soon = min(until, now + timedelta(seconds=max(_LONGEST_BACK_OFF_S, error.after_s or 0)))
                put_off = "*" if is_of_all or len(self.faulty) > 1 else waiting.request.interface
                pulls.postpone_interface(connection, self.context.integration_id, put_off, until=soon, reason=str(error))
        self.context.note(f"{waiting.request.interface} is asked again at {until:%H:%M:%S} UTC: {error}")

    def forget(self) -> None:
        """The vendor answered."""
        self.faults.clear()
        self.faulty.clear()

    def raise_loud(self) -> None:
        """Raise the last fault where there were several in a row, or where one request failed again and again."""
        if self.faults and (len(self.faults) >= _FAULTS_IN_A_ROW or self.most_attempts >= _LOUD_AFTER):
            raise self.faults[-1]

    def _hold(self, waiting: WaitingRequest, error: RateLimited) -> None:
        """Put off what may not be requested now; what the vendor itself refused is blocked, longer each time in a row.

        The interface may be another one than the request's: that one waits with it.
        """
        context = self.context
        interface = error.interface or waiting.request.interface
        if error.is_counted:
            # A moment early, as calls wait for a moment: else one that is planned then would be the first, again and again.
            until = due_again(context.clock, error.after_s) - _EARLIER
            with transaction(context.database_url) as connection:
                self._put_off(connection, waiting, interface, until, str(error))
            context.note(str(error))
            return
        with transaction(context.database_url) as connection:
            times = vendor_calls.blocks_in_a_row(connection, context.integration_id, interface, now=context.now())
        self._block(waiting, interface, _held_until(context.clock, error.after_s, times), str(error))

    def _put_off(self, connection: Connection, waiting: WaitingRequest, interface: str, until: datetime, reason: str) -> None:
        integration_id = self.context.integration_id
        pulls.postpone_interface(connection, integration_id, interface, until=until, reason=reason, pull_id=waiting.pull_id)

    def _block(self, waiting: WaitingRequest, interface: str, until: datetime, reason: str) -> None:
        context = self.context
        with transaction(context.database_url) as connection:
            vendor_calls.block(connection, context.integration_id, interface, until=until, reason=reason, now=context.now())
            self._put_off(connection, waiting, interface, until, reason)
        context.note(f"{interface} waits until {until:%Y-%m-%d %H:%M} UTC: {reason}")

    def _reject(self, error: Rejected) -> None:
        context = self.context
        since, now = context.integration.state_set_at, context.now()
        with transaction(context.database_url) as connection:
            integrations.set_state(connection, context.integration_id, "rejected", reason=str(error), now=now, since=since)

    def _halves(self, waiting: WaitingRequest) -> list[Request]:
        group_field = self.context.account.cloud.group_fields.get(waiting.request.interface)
        return [] if group_field is None else halves(waiting.request, group_field)

    def _split(self, waiting: WaitingRequest, parts: list[Request], reason: str) -> None:
        """Replace a request that is refused for one of its members by its halves, so that the others are answered."""
        context, now = self.context, self.context.now()
        with transaction(context.database_url) as connection:
            integrations.lock_account(connection, context.integration_id)  # the account before its requests
            pulls.add_requests(connection, context.integration, waiting.purpose, parts, days=waiting.days, now=now)
            pulls.end_request(connection, waiting.pull_id, reason=f"asked again in halves: {reason}", now=now)
        context.note(f"{waiting.request.interface} is asked again in halves: {reason}")

    def _refuse(self, waiting: WaitingRequest, reason: str) -> None:
        with transaction(self.context.database_url) as connection:
            pulls.end_request(connection, waiting.pull_id, state="refused", reason=reason, now=self.context.now())
        self.context.note(f"{waiting.request.interface}: {reason}")

    def _is_given_up(self, connection: Connection, waiting: WaitingRequest, error: TryLater) -> bool:
        """A request of the past that fails for days, while the vendor answers others, is refused: a person may make it again."""
        attempts = waiting.attempts + 1
        if waiting.purpose not in _HISTORY or attempts < _MOST_ATTEMPTS:
            return False
        reason = f"given up after {attempts} attempts: {error}"
        is_given_up = pulls.end_hopeless(connection, waiting.pull_id, reason=reason, now=self.context.now())
        if is_given_up:
            self.context.note(f"{waiting.request.interface}: {reason}")
        return is_given_up


def _held_until(clock: Clock, after_s: float | None, times: int) -> datetime:
    """First as long as the vendor wants, then a quarter of an hour, then until the next day: the budget is gone."""
    until = due_again(clock, after_s)
    if times == 0:
        return until
    if times == 1:
        return max(until, clock.now() + timedelta(minutes=15))
    return max(until, due_again(clock, None))
