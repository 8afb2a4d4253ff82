"""What becomes of a request that brought no answer: it waits, its interface is blocked, or it ends with a reason."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from include.core.errors import TryLater
from include.core.pulls import Request, WaitingRequest
from include.sources.clouds.errors import (
    Contested,
    LoginRefused,
    MemberRefused,
    NotPermitted,
    RateLimited,
    Rejected,
    TokenFault,
    TokenRejected,
    Unanswerable,
    UnknownRefusal,
)
from include.sources.clouds.portions import halves
from include.sources.clouds.refusals import is_same_refusal
from include.steps.account_state import MOST_IN_VAIN
from include.steps.pull_context import PullContext
from include.steps.refused_members import FIRST_REST, LONGEST_REST
from include.steps.rest import rest
from include.steps.vendor_account import PATIENCE_S, Clock, due_again
from include.warehouse import account_states, integrations, pulls, vendor_calls
from include.warehouse.account_states import Setback
from include.warehouse.engine import Connection, transaction

_FORBIDDEN_FOR: Final = timedelta(hours=24)
_FAULTS_IN_A_ROW: Final = 3
_LOUD_AFTER: Final = 4
_FIRST_REST: Final = timedelta(seconds=30)
_LONGEST_REST: Final = timedelta(minutes=30)
_LONGEST_FOR_HISTORY: Final = timedelta(hours=6)
"""What can still be requested tomorrow need not be requested often: calls of a history are few."""

_LONGEST_FOR_UNKNOWN: Final = timedelta(days=1)
_LONGEST_ALONE: Final = timedelta(days=1)
_AFTER_REFUSED_LOG_INS: Final = (timedelta(minutes=10), timedelta(hours=1))
"""How long an account waits after each log-in that was refused without a known reason; one more rejects it."""

_MOST_ATTEMPTS: Final = 20
"""About three days of a request that fails though the vendor answers others."""

_REFUSALS: Final = (LoginRefused, UnknownRefusal, TokenRejected, TokenFault, Contested)
"""Answers that are asked for again and yet refuse: what only a person can change looks like this, too."""

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
    in_vain: int = 0

    @property
    def are_enough(self) -> bool:
        """Whether an account that needs attention has been asked in vain often enough for one visit."""
        return self.context.integration.state == "needs attention" and self.in_vain >= MOST_IN_VAIN

    def take(self, waiting: WaitingRequest, error: TryLater | Rejected | NotPermitted | Unanswerable) -> None:
        """Note on the work list what an error means; raises it again where it ends the run."""
        self._note_setback(error)
        match error:
            case RateLimited():
                self._hold(waiting, error)
            case Rejected() | LoginRefused():
                self._refuse_account(waiting, error)
            case NotPermitted() | TokenRejected():
                self._block(waiting, waiting.request.interface, self.context.now() + _FORBIDDEN_FOR, str(error))
            case Contested():
                self._block(waiting, "*", self.context.now() + timedelta(seconds=error.after_s or 0), str(error))
            case Unanswerable():
                self._refuse(waiting, error)
            case TryLater():
                self.postpone(waiting, error)

    def postpone(self, waiting: WaitingRequest, error: TryLater, *, is_of_all: bool = False) -> None:
        """Make a request again later, longer each time; after several faults in a row those of its interface, too.

        With `is_of_all`, or where the faults in a row are not of one interface alone, all others wait as well.
        """
        now, named = self.context.now(), timedelta(seconds=error.after_s or 0)
        until = now + max(rest(waiting.attempts, first=_FIRST_REST, longest=_longest_rest(waiting, error)), named)
        if not isinstance(error, _REFUSALS):
            self._note("fault", str(error))
        self.faults.append(error)
        self.faulty.add(waiting.request.interface)
        self.most_attempts = max(self.most_attempts, waiting.attempts + 1)
        with transaction(self.context.database_url) as connection:
            if self._is_given_up(connection, waiting, error):
                return
            pulls.postpone_request(connection, waiting.pull_id, until=until, reason=str(error))
            if is_of_all or len(self.faults) >= _FAULTS_IN_A_ROW:
                soon = min(until, now + max(_LONGEST_REST, named))
                put_off = "*" if is_of_all or len(self.faulty) > 1 else waiting.request.interface
                pulls.postpone_interface(connection, self.context.integration_id, put_off, until=soon, reason=str(error))
        self.context.note(f"{waiting.request.interface} is asked again at {until:%H:%M:%S} UTC: {error}")

    def note_nothing(self, waiting: WaitingRequest) -> None:
        """The vendor let the request in and told nothing: of a snapshot or of the list of plants that is no good answer."""
        cloud, credentials, request = self.context.account.cloud, self.context.account.credentials, waiting.request
        if waiting.purpose == "now" or request.key == cloud.fleet_requests(credentials)[0].key:
            self._note("refusal", f"{cloud.vendor.label} answered {request.interface} without a row; check what it may see")

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

        The interface may be another one than the request's: that one waits with it. A request that is refused once more in
        a row though its interface answered others since waits alone: the vendor counts calls about its plant apart.
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
        until, is_own = _held_until(context.clock, error.after_s, times), interface == waiting.request.interface
        is_again = is_same_refusal(waiting.reason, str(error))
        if is_own and waiting.attempts and is_again and not times:
            until = max(until, context.now() + rest(waiting.attempts, first=_LONGEST_REST, longest=_LONGEST_ALONE))
            context.note(f"one request of {interface} waits until {until:%Y-%m-%d %H:%M} UTC: {error}")
        else:
            self._block(waiting, interface, until, str(error))
        if is_own:  # behind those that were not refused
            with transaction(context.database_url) as connection:
                pulls.postpone_refused_request(connection, waiting.pull_id, until=until, reason=str(error), is_again=is_again)

    def _put_off(self, connection: Connection, waiting: WaitingRequest, interface: str, until: datetime, reason: str) -> None:
        integration_id = self.context.integration_id
        pulls.postpone_interface(connection, integration_id, interface, until=until, reason=reason, pull_id=waiting.pull_id)

    def _block(self, waiting: WaitingRequest, interface: str, until: datetime, reason: str) -> None:
        context = self.context
        with transaction(context.database_url) as connection:
            vendor_calls.block(connection, context.integration_id, interface, until=until, reason=reason, now=context.now())
            self._put_off(connection, waiting, interface, until, reason)
        context.note(f"{interface} waits until {until:%Y-%m-%d %H:%M} UTC: {reason}")

    def _note_setback(self, error: TryLater | Rejected | NotPermitted | Unanswerable) -> None:
        """Keep what was refused, or failed; a call that our own count forbids was not made."""
        if isinstance(error, RateLimited):
            if not error.is_counted:
                self._note("limit", str(error))
        elif isinstance(error, _REFUSALS) or not isinstance(error, TryLater):
            self._note("refusal", str(error))

    def _note(self, kind: Setback, reason: str) -> None:
        self.in_vain += 1
        with transaction(self.context.database_url) as connection:
            account_states.note_setback(connection, self.context.integration_id, kind, reason=reason, now=self.context.now())

    def _refuse_account(self, waiting: WaitingRequest, error: Rejected | LoginRefused) -> None:
        """Reject the account; a log-in that is refused without a known reason is made a few times more before."""
        if isinstance(error, Rejected):
            self._reject(error)
            raise error
        with transaction(self.context.database_url) as connection:
            times = account_states.count_refused_log_in(connection, self.context.integration_id)
        if times > len(_AFTER_REFUSED_LOG_INS):
            rejected = Rejected(f"{times} log-ins in a row were refused; the last one: {error}")
            self._reject(rejected)
            raise rejected
        self._block(waiting, "*", self.context.now() + _AFTER_REFUSED_LOG_INS[times - 1], str(error))

    def _reject(self, error: Rejected) -> None:
        context = self.context
        since, now = context.integration.state_set_at, context.now()
        with transaction(context.database_url) as connection:
            account_states.set_state(connection, context.integration_id, "rejected", reason=str(error), now=now, since=since)

    def _halves(self, waiting: WaitingRequest) -> list[Request]:
        group_field = self.context.account.cloud.group_fields.get(waiting.request.interface)
        return [] if group_field is None else halves(waiting.request, group_field)

    def _split(self, waiting: WaitingRequest, parts: list[Request], reason: str) -> None:
        """Replace a request that is refused for one of its members by its halves, so that the others are answered."""
        context, now = self.context, self.context.now()
        with transaction(context.database_url) as connection:
            integrations.lock_account(connection, context.integration_id)  # the account before its requests
            pulls.add_requests(connection, context.integration, waiting.purpose, parts, days=waiting.days, now=now)
            pulls.end_answered(connection, [waiting], reason=f"asked again in halves: {reason}", now=now)
        context.note(f"{waiting.request.interface} is asked again in halves: {reason}")

    def _refuse(self, waiting: WaitingRequest, error: Unanswerable) -> None:
        reason = str(error)
        if isinstance(error, MemberRefused) and (parts := self._halves(waiting)):
            self._split(waiting, parts, reason)
            return
        with transaction(self.context.database_url) as connection:
            if isinstance(error, MemberRefused):
                self._leave_member(connection, waiting.request, reason)
            pulls.end_refused(connection, waiting, reason=reason, now=self.context.now())
        self.context.note(f"{waiting.request.interface}: {reason}")

    def _leave_member(self, connection: Connection, request: Request, reason: str) -> None:
        """Leave a plant or device out of the next requests of this interface, ever longer."""
        context, key = self.context, self.context.only_member(request)
        if key is None:
            return
        who, now = (context.integration_id, request.interface, key), context.now()
        times = pulls.count_refused_member(connection, *who, reason=reason, now=now)
        pulls.leave_member(connection, *who, until=now + rest(times - 1, first=FIRST_REST, longest=LONGEST_REST))

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


def _longest_rest(waiting: WaitingRequest, error: TryLater) -> timedelta:
    if isinstance(error, UnknownRefusal):
        return _LONGEST_FOR_UNKNOWN
    return _LONGEST_FOR_HISTORY if waiting.purpose in _HISTORY else _LONGEST_REST


def _held_until(clock: Clock, after_s: float | None, times: int) -> datetime:
    """First as long as the vendor wants, then a quarter of an hour, then until the next day: the budget is gone."""
    until = due_again(clock, after_s)
    if times == 0:
        return until
    if times == 1:
        return max(until, clock.now() + timedelta(minutes=15))
    return max(until, due_again(clock, None))
