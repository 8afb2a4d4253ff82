"""Pulling an account: plan what is due, ask it within the budget, land each answer untouched. All progress is in PostgreSQL.

A wait is written to the work list, never slept; a killed pull loses nothing but the call that it was making.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.errors import BadDocument, NeedsHuman, Refused, TryLater
from include.core.pulls import MOST_ACCOUNTS, TICK, PulledFleet, Request
from include.core.settings import Settings
from include.landing.store import ObjectStore, StoredObject
from include.sources.clouds.document import pack
from include.sources.clouds.errors import Contested, NotPermitted, RateLimited, Rejected, Unanswerable
from include.sources.clouds.registry import CLOUDS
from include.sources.formats.context import ParseContext
from include.steps import pull_plan
from include.steps.register import register_document
from include.steps.vendor_account import Account, Clock, due_again, open_account, without_secrets
from include.warehouse import documents, integrations, pulls, vendor_calls
from include.warehouse.engine import Connection, transaction
from include.warehouse.integrations import Integration
from include.warehouse.pulls import PlannedDays, WaitingRequest

_log = logging.getLogger(__name__)

_BOX: Final = timedelta(minutes=4)
"""How long one pull goes on; the next one continues."""

_FORBIDDEN_FOR: Final = timedelta(hours=24)
_FAULTS_IN_A_ROW: Final = 3
_LOUD_AFTER: Final = 4
_BACK_OFF_S: Final = 30.0
_LONGEST_BACK_OFF_S: Final = 1800.0
_LONGEST_FOR_HISTORY_S: Final = 21_600.0
"""What can still be asked tomorrow need not be asked often: calls of a history are few."""

_MOST_ATTEMPTS: Final = 20
"""About three days of a question that fails though the vendor answers others."""

_KEPT_ENDED: Final = timedelta(days=30)
_KEPT_MOMENTS: Final = timedelta(days=1)
_HISTORY: Final = frozenset({"days", "backfill"})
_NOTHING: Final[dict[str, Any]] = {"calls": 0, "documents": 0, "feeds": {}, "waiting": 0, "next_at": None, "note": None}


def due_accounts(settings: Settings, *, vendor: str, now: datetime) -> list[dict[str, Any]]:
    """Active accounts that are worth looking at, at most 200, the longest waiting first: integration_id, label, connection_id.

    Whatever becomes of them, they are not handed out again before the next run.
    """
    again = now + TICK - pull_plan.JITTER
    with transaction(settings.database_url) as connection:
        return integrations.take_due(connection, vendor, now=now, again=again, most=MOST_ACCOUNTS)


def pull_account(
    settings: Settings,
    integration_id: int,
    *,
    credentials: Mapping[str, str] | None,
    clock: Callable[[], datetime] | Clock,
    run_id: str,
) -> dict[str, Any]:
    """Ask what is due of one account, for four minutes at most.

    Args:
        settings: With database, landing and vault.
        integration_id: The account.
        credentials: Its fields; None where our own database keeps them.
        clock: The time now, aware UTC; tests give a `Clock` that also sleeps.
        run_id: Goes into the manifest of what is registered on the way.

    Returns:
        calls, documents, feeds, waiting, next_at, and a note for the operator.

    Raises:
        Rejected: The vendor refuses the credentials; the account is marked and left alone from now on.
        TryLater: The vendor did not answer, several times in a row; all progress is kept.
        Exception: What nobody foresaw about one question; the others were asked nevertheless.
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
        return _Pull(settings, account, time, run_id).run()


@dataclass(slots=True)
class _Pull:
    """One run over one account."""

    settings: Settings
    account: Account
    clock: Clock
    run_id: str
    feeds: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    faults: list[TryLater] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    most_attempts: int = 0

    def run(self) -> dict[str, Any]:
        """Plan, ask, and say when to come again, whatever happens."""
        with transaction(self._url) as connection:
            account = without_secrets(self._integration.vendor, self.account.credentials)
            integrations.remember_account(connection, self._id, account)
            now = self.clock.now()
            pulls.forget_old(connection, self._id, before=now - _KEPT_ENDED, moments_before=now - _KEPT_MOMENTS)
        ends = self.clock.now() + _BOX
        try:
            self._plan()
            while self.clock.now() < ends and (waiting := self._next()) is not None:
                self._ask(waiting)
        finally:
            summary = self._finish()
        if self.broken:
            raise self.broken[0]
        if self.faults and (len(self.faults) >= _FAULTS_IN_A_ROW or self.most_attempts >= _LOUD_AFTER):
            raise self.faults[-1]
        return summary

    @property
    def _url(self) -> str:
        return self.settings.database_url

    @property
    def _integration(self) -> Integration:
        return self.account.integration

    @property
    def _id(self) -> int:
        return self.account.integration.integration_id

    def _plan(self) -> None:
        now = self.clock.now()
        with transaction(self._url) as connection:
            # First of all: a person who switches the account holds it, too, and then wants its questions.
            integrations.lock_account(connection, self._id)
            fleet = integrations.read_fleet(connection, self._id)
            is_listing = pulls.is_due(connection, self._id, "fleet", now=now)
            self.account.budget.rate_limits = self.account.cloud.rate_limits(fleet)
            plans = pulls.read_plans(connection, self._id)
            for planned in pull_plan.due_plans(self.account.cloud, self.account.credentials, fleet, plans, now=now):
                if planned.purpose == "days" and is_listing:
                    continue  # a day is asked for once: when all devices are known
                if planned.purpose == "alarms":  # of a newer moment: what waits would bring less
                    pulls.drop_waiting(connection, self._id, planned.purpose)
                pulls.add_requests(connection, self._integration, planned.purpose, planned.requests, days=planned.days, now=now)
                last_day = planned.days.last if planned.days else None
                pulls.note_plan(connection, self._id, planned.purpose, timezone=planned.timezone, last_day=last_day, now=now)

    def _next(self) -> WaitingRequest | None:
        with transaction(self._url) as connection:
            return pulls.read_next(connection, self._id, since=self._integration.state_set_at, now=self.clock.now())

    def _ask(self, waiting: WaitingRequest) -> None:
        """Ask one question; what nobody foresaw about it must not keep the others from being asked."""
        try:
            if (answers := self._fetch(waiting)) is not None:
                self._take(waiting, answers)
        except NeedsHuman:
            raise
        except TryLater as error:  # the landing store: no other answer would rest better
            self._postpone(waiting, error, is_of_all=True)
        except Exception as error:  # noqa: BLE001 - raised in the end
            _log.exception("%s: %s", self._integration.label, waiting.request.interface)
            self.broken.append(error)
            # Its text may be anything, a path or a header of the call, too.
            self._postpone(waiting, TryLater(f"{type(error).__name__} of our own, see the log of the task"))

    def _fetch(self, waiting: WaitingRequest) -> list[bytes] | None:
        """The answers, or what their lack means is done."""
        try:
            return [answer.raw for answer in self.account.cloud.fetch(self.account.session, waiting.request)]
        except RateLimited as error:
            self._hold(error, waiting)
        except NotPermitted as error:
            self._block(waiting.request.interface, self.clock.now() + _FORBIDDEN_FOR, str(error), waiting)
        except Rejected as error:
            self._reject(error)
            raise
        except Contested as error:
            self._block("*", self.clock.now() + timedelta(seconds=error.after_s or 0), str(error), waiting)
        except Unanswerable as error:
            self._end(waiting, state="refused", reason=str(error))
        except TryLater as error:
            self._postpone(waiting, error)
        return None

    def _take(self, waiting: WaitingRequest, answers: list[bytes]) -> None:
        """Land the answers, register what they tell of the fleet, then end the question: a crash in between asks it again."""
        vendor, request, now = self._integration.vendor, waiting.request, self.clock.now()
        feed = f"{vendor}_{request.kind}"
        # One of several answers says only its part.
        said = request if len(answers) == 1 else replace(request, is_authoritative=False)
        stored = [self._put(feed, pack(vendor, said, raw), now) for raw in answers]
        is_fleet = request.kind == "fleet"
        with transaction(self._url) as connection:
            checks = [self._register(connection, feed, request, item, now) for item in stored]
            if not is_fleet:
                self._close(connection, waiting, now)
        self.feeds[feed] += len(checks)
        self.faults.clear()
        if is_fleet:
            for check in checks:
                register_document(self.settings, check, now=now, run_id=self.run_id)
            self._take_list(waiting, checks, now)
            self._let_go(said, answers)
            self._plan()

    def _take_list(self, waiting: WaitingRequest, document_ids: list[int], now: datetime) -> None:
        with transaction(self._url) as connection:
            # Another run may be at work on what we landed: what is in it counts when that run is through.
            states = documents.read_states(connection, document_ids)
            if any(state == "landed" for state, _ in states):
                raise TryLater(f"the answer of {waiting.request.interface} is not registered yet; ask again")
            self._device_requests(connection, waiting, now)
            self._close(connection, waiting, now)
        for state, reason in states:
            if state == "refused":
                self._note(f"the answer of {waiting.request.interface} is refused: {reason}")

    def _let_go(self, said: Request, answers: list[bytes]) -> None:
        """Let another account of the tenant have the plants that a whole list of this one's lacks: they moved there."""
        context = ParseContext(ZoneInfo(self._integration.timezone), said.interface)
        try:
            lists = [self.account.cloud.parse_fleet(pack(self._integration.vendor, said, raw), context) for raw in answers]
        except BadDocument:  # refused when it was registered
            return
        listed = {plant.plant_key for told in lists for plant in told.plants}
        if listed and not any(told.rejected for told in lists):
            with transaction(self._url) as connection:
                integrations.let_go(connection, self._id, listed=listed)

    def _put(self, feed: str, content: bytes, now: datetime) -> StoredObject:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "answer.json"
            path.write_bytes(content)
            return ObjectStore(self.settings.landing).put(path, tenant=self._integration.tenant, feed=feed, received_at=now)

    def _register(self, connection: Connection, feed: str, request: Request, stored: StoredObject, now: datetime) -> int:
        check = documents.register_document(
            connection,
            tenant_id=self._integration.tenant_id,
            tenant=self._integration.tenant,
            feed=feed,
            stored=asdict(stored) | {"original_name": f"{self._integration.name}/{request.interface}"},
            received_at=now,
            integration_id=self._id,
        )
        return check.document_id

    def _device_requests(self, connection: Connection, waiting: WaitingRequest, now: datetime) -> None:
        """Once the plants are known their devices are asked for, where the vendor lists devices by plant."""
        first = {request.key for request in self.account.cloud.fleet_requests(self.account.credentials)}
        if waiting.request.key in first:
            fleet = integrations.read_fleet(connection, self._id)
            requests = self.account.cloud.device_requests(self.account.credentials, fleet) if fleet.plants else []
            pulls.add_requests(connection, self._integration, "fleet", requests, now=now)

    def _close(self, connection: Connection, waiting: WaitingRequest, now: datetime) -> None:
        integrations.note_answer(connection, self._id, now=now)  # first, as in `_plan`
        vendor_calls.unblock(connection, self._id, waiting.request.interface)
        pulls.end_request(connection, waiting.pull_id, now=now)

    def _end(self, waiting: WaitingRequest, *, state: str, reason: str) -> None:
        with transaction(self._url) as connection:
            pulls.end_request(connection, waiting.pull_id, state=state, reason=reason, now=self.clock.now())
        self._note(f"{waiting.request.interface}: {reason}")

    def _hold(self, error: RateLimited, waiting: WaitingRequest) -> None:
        """Put off what may not be asked now; what the vendor itself refused is blocked, longer each time in a row.

        The interface may be another one than the question's: that one waits with it.
        """
        interface = error.interface or waiting.request.interface
        if error.is_counted:
            with transaction(self._url) as connection:
                self._put_off(connection, interface, due_again(self.clock, error), str(error), waiting)
            self._note(str(error))
            return
        with transaction(self._url) as connection:
            times = vendor_calls.blocks_in_a_row(connection, self._id, interface, now=self.clock.now())
        self._block(interface, _held_until(self.clock, error, times), str(error), waiting)

    def _put_off(self, connection: Connection, interface: str, until: datetime, reason: str, waiting: WaitingRequest) -> None:
        pulls.postpone_interface(connection, self._id, interface, until=until, reason=reason, pull_id=waiting.pull_id)

    def _block(self, interface: str, until: datetime, reason: str, waiting: WaitingRequest) -> None:
        with transaction(self._url) as connection:
            vendor_calls.block(connection, self._id, interface, until=until, reason=reason, now=self.clock.now())
            self._put_off(connection, interface, until, reason, waiting)
        self._note(f"{interface} waits until {until:%Y-%m-%d %H:%M} UTC: {reason}")

    def _reject(self, error: Rejected) -> None:
        with transaction(self._url) as connection:
            since = self._integration.state_set_at
            integrations.set_state(connection, self._id, "rejected", reason=str(error), now=self.clock.now(), since=since)

    def _postpone(self, waiting: WaitingRequest, error: TryLater, *, is_of_all: bool = False) -> None:
        longest_s = _LONGEST_FOR_HISTORY_S if waiting.purpose in _HISTORY else _LONGEST_BACK_OFF_S
        seconds = max(min(_BACK_OFF_S * 2 ** min(waiting.attempts, _MOST_ATTEMPTS), longest_s), error.after_s or 0)
        now = self.clock.now()
        until = now + timedelta(seconds=seconds)
        self.faults.append(error)
        self.most_attempts = max(self.most_attempts, waiting.attempts + 1)
        with transaction(self._url) as connection:
            if self._is_given_up(connection, waiting, error):
                return
            pulls.postpone_request(connection, waiting.pull_id, until=until, reason=str(error))
            if is_of_all or len(self.faults) >= _FAULTS_IN_A_ROW:
                soon = min(until, now + timedelta(seconds=max(_LONGEST_BACK_OFF_S, error.after_s or 0)))
                pulls.postpone_interface(connection, self._id, "*", until=soon, reason=str(error))
        self._note(f"{waiting.request.interface} is asked again at {until:%H:%M:%S} UTC: {error}")

    def _is_given_up(self, connection: Connection, waiting: WaitingRequest, error: TryLater) -> bool:
        """A question of the past that fails for days, while the vendor answers others, is refused: a person may ask it again."""
        attempts = waiting.attempts + 1
        if waiting.purpose not in _HISTORY or attempts < _MOST_ATTEMPTS:
            return False
        reason = f"given up after {attempts} attempts: {error}"
        is_given_up = pulls.end_hopeless(connection, waiting.pull_id, reason=reason, now=self.clock.now())
        if is_given_up:
            self._note(f"{waiting.request.interface}: {reason}")
        return is_given_up

    def _note(self, sentence: str) -> None:
        _log.info("%s: %s", self._integration.label, sentence)
        self.notes.append(sentence)

    def _finish(self) -> dict[str, Any]:
        now = self.clock.now()
        with transaction(self._url) as connection:
            backlog = pulls.read_backlog(connection, self._id)
            planned = pull_plan.next_due(self.account.cloud.vendor, pulls.read_plans(connection, self._id))
            next_at = min((at for at in (backlog.next_at, planned) if at is not None), default=now + TICK)
            integrations.set_due(connection, self._id, next_at)
        return {
            "calls": self.account.budget.calls,
            "documents": self.feeds.total(),
            "feeds": dict(self.feeds),
            "waiting": backlog.waiting,
            "next_at": next_at.isoformat(),
            "note": self.notes[-1] if self.notes else None,
        }


def _held_until(clock: Clock, error: RateLimited, times: int) -> datetime:
    """First as long as the vendor says, then a quarter of an hour, then until the next day: the budget is gone."""
    until = due_again(clock, error)
    if times == 0:
        return until
    if times == 1:
        return max(until, clock.now() + timedelta(minutes=15))
    error.after_s = None
    return max(until, due_again(clock, error))


@dataclass(frozen=True, slots=True)
class BackfillWish:
    """Closed local days to ask for once more, both included: of all accounts, or of a tenant, a vendor, certain plants."""

    first: date
    last: date
    tenant: str | None = None
    vendor: str | None = None
    plants: tuple[str, ...] = ()


def plan_backfill(settings: Settings, wish: BackfillWish, *, now: datetime) -> list[dict[str, Any]]:
    """What a backfill would ask of each account and how long the limits make it take.

    Days that are not over yet at an account's plants are left out. Raises `Refused` where all of them are, or where no
    account has such a plant.
    """
    with transaction(settings.database_url) as connection:
        return [backfill.told(connection, now) for backfill in _backfills(connection, wish, now)]


def order_backfill(settings: Settings, wish: BackfillWish, *, now: datetime, run_id: str) -> list[dict[str, Any]]:
    """The same, and put it on the work list: the scheduled runs carry it out. What waits already is not asked twice."""
    told = []
    with transaction(settings.database_url) as connection:
        for backfill in _backfills(connection, wish, now):
            integration_id = backfill.integration.integration_id
            integrations.lock_account(connection, integration_id)  # first, as in `_plan`
            told.append(backfill.told(connection, now))
            pulls.add_requests(connection, backfill.integration, "backfill", backfill.requests, days=backfill.days, now=now)
            integrations.set_due(connection, integration_id, now)
    _log.info("Backfill %s to %s ordered by %s: %s", wish.first, wish.last, run_id, told)
    return told


def backlog(settings: Settings, integration_id: int, *, first: date, last: date) -> dict[str, Any]:
    """Backfill questions of an account that touch these days and are not answered: waiting, next_at."""
    with transaction(settings.database_url) as connection:
        found = pulls.read_backlog(connection, integration_id, purpose="backfill", days=PlannedDays(first, last))
    return {"waiting": found.waiting, "next_at": found.next_at and found.next_at.isoformat()}


@dataclass(frozen=True, slots=True)
class _Backfill:
    """What one account is to be asked for some days."""

    integration: Integration
    fleet: PulledFleet
    days: PlannedDays
    requests: list[Request]

    def told(self, connection: Connection, now: datetime) -> dict[str, Any]:
        """What the operator reads before it starts."""
        waiting = pulls.read_backlog(connection, self.integration.integration_id).waiting
        whole, cloud = integrations.read_fleet(connection, self.integration.integration_id), CLOUDS[self.integration.vendor]
        scheduled = pull_plan.calls_of_a_day(cloud, self.integration.account, whole, self.days.last)
        cost = pull_plan.estimate(self.requests, cloud.rate_limits(whole), scheduled=scheduled, waiting=waiting)
        return {
            "integration_id": self.integration.integration_id,
            "label": self.integration.label,
            "connection_id": self.integration.connection_id,
            "vendor": self.integration.vendor,
            "plants": len(self.fleet.plants),
            "devices": len(self.fleet.devices),
            "days": (self.days.last - self.days.first).days + 1,
            **cost.as_dict(),
            "ends_at": (now + timedelta(seconds=cost.seconds)).isoformat(),
            "last_day": self.days.last.isoformat(),
            "until_now": waiting,
        }


def _backfills(connection: Connection, wish: BackfillWish, now: datetime) -> list[_Backfill]:
    """Backfills of the accounts that are meant, each up to the last day that is over at its plants."""
    if wish.last < wish.first:
        raise Refused(f"the last day {wish.last} lies before the first {wish.first}; swap the two")
    ids = integrations.read_integration_ids(connection, tenant=wish.tenant, vendor=wish.vendor)
    found = [backfill for key in ids if (backfill := _backfill(connection, key, wish, now))]
    unknown = set(wish.plants) - {plant.key for backfill in found for plant in backfill.fleet.plants}
    if unknown:
        raise Refused(f"no account pulls the plant {', '.join(sorted(unknown))}; see `helio integration list`")
    return found


def _backfill(connection: Connection, integration_id: int, wish: BackfillWish, now: datetime) -> _Backfill | None:
    integration = integrations.read_integration(connection, integration_id)
    fleet = pull_plan.part_of(integrations.read_fleet(connection, integration_id), plants=wish.plants or None)
    if not fleet.plants:
        return None
    newest = min(pull_plan.last_closed_day(CLOUDS[integration.vendor].vendor, plant.timezone, now) for plant in fleet.plants)
    if newest < wish.first:
        raise Refused(f"{wish.first} is not over yet at all plants of {integration.label}; the last day to ask for is {newest}")
    days = PlannedDays(wish.first, min(wish.last, newest))
    requests = pull_plan.day_requests(CLOUDS[integration.vendor], integration.account, fleet, days, is_backfill=True)
    return _Backfill(integration, fleet, days, requests)
