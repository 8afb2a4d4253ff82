"""Dropped files become landed documents: claimed by a rename, stored untouched, noted in the manifest."""

import itertools
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from include.core.documents import FEEDS, ClaimCheck
from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.settings import Settings
from include.core.stores import is_no_space, no_space
from include.landing.claims import Claim, claim, recover, release
from include.landing.drops import Drop, Look, deliver, in_turn, look
from include.landing.left_alone import new_sentences
from include.landing.refusals import Refusal, refuse
from include.landing.store import ObjectStore, StoredObject
from include.steps.each import Failure, attempt_each, errors_of
from include.steps.free_space import require_free_space
from include.steps.lease import LANDING, Lease, lease
from include.warehouse import documents, fleet
from include.warehouse.engine import Connection, transaction

_log = logging.getLogger(__name__)

MOST_FILES: Final = 2000
MOST_BYTES: Final = 1_000_000_000

_LEASE_S: Final = 600
"""Longer than storing some files takes: a claim is noted once, but two landings at a time would tell of it as a fault."""

_STORING: Final = 8
_NOTED_TOGETHER: Final = 50

_Rest = tuple[Claim, StoredObject]
_Storing = tuple[Drop | Claim, Future[_Rest | None]]


def land_drops(settings: Settings, *, now: datetime) -> list[dict[str, Any]]:
    """Land at most 2,000 files or 1 GB of what rests in the drop folders, tenants in turn; returns their claim checks.

    A file that was claimed by a run that died is landed in its turn. A file that must not be read (a link, hard links, too
    large) is moved to `refused/` with a reason. What is no file of a known tenant and feed, or cannot be taken, is left alone,
    told once. Whatever is wrong with a file holds back no other one; what may pass (a store without space) is raised in the end.

    Raises `TryLater` while another landing is at work, and where no space is left.
    """
    landed, failures = _land_once(settings, now)
    if failures:
        raise failures[0].error
    return [check.as_dict() for check in landed]


def land_all(settings: Settings, *, clock: Callable[[], datetime], most_rounds: int) -> dict[str, Any]:
    """Land what rests, in rounds as `land_drops`, until nothing is left or there were `most_rounds`.

    `clock` gives the time now, aware. What fails holds back nothing; where nothing was landed the error is raised.

    Returns:
        feeds (documents by feed), is_more (the last round landed something, too), and errors.
    """
    feeds: Counter[str] = Counter()
    failures: list[Failure] = []
    landed: list[ClaimCheck] = []
    for _ in range(most_rounds):
        try:
            landed, failures = _land_once(settings, clock())
        except Exception as error:  # noqa: BLE001 - the rounds before it are to be told of
            _log.exception("A round failed")
            landed, failures = [], [Failure("what is left in the drop folder", error)]
        feeds.update(check.feed for check in landed)
        if not landed:
            break
    return {"feeds": dict(feeds), "is_more": bool(landed), "errors": errors_of(failures, beside=feeds)}


def _land_once(settings: Settings, now: datetime) -> tuple[list[ClaimCheck], list[Failure]]:
    require_free_space(settings)
    with lease(settings, LANDING, seconds=_LEASE_S) as mine:
        if mine is None:
            raise TryLater("another landing is at work; this one would take its files", after_s=30)
        with transaction(settings.database_url) as connection:
            tenants = fleet.read_tenants(connection)
        landing = _Landing(settings, mine, tenants, now, ObjectStore(settings.landing))
        landed = landing.run()
        landing.tell()
        return landed


def deliver_drop(settings: Settings, file: Path, *, tenant: str, feed: str) -> Path:
    """Put a copy of a file into a tenant's drop folder, whole or not at all; returns where it lies.

    Raises `Refused` for a feed that does not exist or a name that would be left alone, `NeedsHuman` for an unusable folder.
    """
    if feed not in FEEDS:
        raise Refused(f"feed {feed!r} does not exist; choose one of {', '.join(FEEDS)}")
    return deliver(file, drops=settings.drops_path, tenant=tenant, feed=feed)


@dataclass(frozen=True, slots=True)
class _Landing:
    """One look into the drop folders, and what is to be done with each file that it found.

    `unstored` are tenants of whom a file could not be stored: their other files wait for the next run. `noted` has the documents
    of files that a crash left claimed although they are noted: they are only released.
    """

    settings: Settings
    lease: Lease
    tenants: Mapping[str, fleet.Tenant]
    now: datetime
    store: ObjectStore
    left_alone: list[tuple[Path, str]] = field(default_factory=list)
    unstored: set[str] = field(default_factory=set)
    noted: dict[str, int] = field(default_factory=dict)

    def run(self) -> tuple[list[ClaimCheck], list[Failure]]:
        """Refuse and land; returns the claim checks and what went wrong.

        Files are claimed and stored side by side, as storing mostly waits for the disk, and noted in their order: a crash may
        have left any of them claimed, which are older or newer than those that still lie in the drop folder.
        """
        left, found = self._recover(), self._look()
        with transaction(self.settings.database_url) as connection:
            self.noted.update(documents.read_claims(connection, [one.claim_id for one in left]))
        attempt_each(found.faulty[:MOST_FILES], lambda one: self._refuse(*one), label=lambda one: f"refusing {one[0].path}")
        storing = ThreadPoolExecutor(_STORING)
        try:
            files: list[Drop | Claim] = [*left, *_portion(found.ready)]
            return self._note_all([(one, storing.submit(self._take, one)) for one in in_turn(files)])
        finally:
            storing.shutdown(cancel_futures=True)

    def tell(self) -> None:
        """Log what is left alone and was not told before."""
        for line in new_sentences(self.settings.left_alone_page, self.left_alone):
            _log.warning("Left alone: %s", line)

    def _recover(self) -> list[Claim]:
        left, strange = recover(self.settings.claims_path)
        self.left_alone.extend(strange)
        unknown = {one.tenant for one in left} - self.tenants.keys()
        self.left_alone.extend((self.settings.claims_path / tenant, "no tenant has this name; create it") for tenant in unknown)
        return [one for one in left if one.tenant in self.tenants]

    def _look(self) -> Look:
        found = look(
            self.settings.drops_path,
            settle_s=self.settings.drop_settle_s,
            now=self.now,
            tenants=self.tenants.keys(),
            max_bytes=int(self.settings.max_document_mb * 1e6),
        )
        self.left_alone.extend(found.strange)
        return found

    def _take(self, one: Drop | Claim) -> _Rest | None:
        return self._store(one) if isinstance(one, Claim) else self._claim_and_store(one)

    def _claim_and_store(self, drop: Drop) -> _Rest | None:
        if drop.tenant in self.unstored:
            return None
        try:
            claimed = claim(drop, drops=self.settings.drops_path, claims=self.settings.claims_path)
        except TryLater as error:
            _log.info("%s", error)
            return None
        except Refused as error:
            self.left_alone.append((drop.path, str(error)))
            return None
        except NeedsHuman as error:
            self.left_alone.append((drop.place, str(error)))
            return None
        except OSError as error:
            self.unstored.add(drop.tenant)
            place = self.settings.claims_path
            if is_no_space(error):
                raise no_space(place, error) from error
            raise TryLater(f"{place} cannot take a file ({error.strerror}); check its access, then retry") from error
        return self._store(claimed)

    def _store(self, claimed: Claim) -> _Rest | None:
        if claimed.tenant in self.unstored:
            return None
        try:
            return claimed, self.store.put(claimed.path, tenant=claimed.tenant, feed=claimed.feed, received_at=self.now)
        except TryLater:
            self.unstored.add(claimed.tenant)
            raise
        except Refused as error:
            self.left_alone.append((claimed.path, str(error)))
            return None

    def _note_all(self, stored: Iterable[_Storing]) -> tuple[list[ClaimCheck], list[Failure]]:
        """Note what is stored, some in one transaction, then release the claimed files; after a crash the next run does that.

        Whatever a transaction notes is stored before it begins. It ends with a repeat: it may have to wait for a load of that
        document, and then holds nothing for which a load could wait.
        """
        landed: list[ClaimCheck] = []
        failures: list[Failure] = []
        storing, at_rest = deque(stored), deque[_Rest]()
        while storing or at_rest:
            self._stay()
            if not at_rest:
                some = [storing.popleft() for _ in range(min(len(storing), _NOTED_TOGETHER))]
                put, failed = attempt_each(some, lambda one: one[1].result(), label=_label)
                at_rest.extend(filter(None, put))
                failures += failed
            noted: list[tuple[Claim, ClaimCheck]] = []
            with transaction(self.settings.database_url) as connection:
                while at_rest and (not noted or noted[-1][1].is_new):
                    done, failed = attempt_each([at_rest.popleft()], partial(self._note, connection), label=_label)
                    noted += filter(None, done)
                    failures += failed
            for claimed, check in noted:
                release(claimed)
                landed.append(check)
        return landed, failures

    def _stay(self) -> None:
        if not self.lease.go_on():
            raise TryLater(f"this landing was silent for {_LEASE_S} s, and another one goes on in its place; retry")

    def _note(self, connection: Connection, at_rest: _Rest) -> tuple[Claim, ClaimCheck] | None:
        claimed, stored = at_rest
        if claimed.tenant in self.unstored:
            return None
        if (document_id := self.noted.get(claimed.claim_id)) is not None:
            check = ClaimCheck(document_id, claimed.tenant, claimed.feed, stored.sha256, stored.stored_bytes, is_new=True)
            return claimed, check
        with connection.begin_nested():
            check = documents.note_delivery(
                connection,
                tenant_id=self.tenants[claimed.tenant].tenant_id,
                tenant=claimed.tenant,
                feed=claimed.feed,
                stored=asdict(stored) | {"original_name": _readable(claimed.original_name)},
                received_at=self.now,
            )
            documents.note_claim(connection, claimed.claim_id, check.document_id)
        return claimed, check

    def _refuse(self, drop: Drop, reason: str) -> None:
        refusal = Refusal(drop.tenant, drop.feed, drop.original_name, reason, self.now)
        try:
            refused = refuse(drop, refusal, drops=self.settings.drops_path)
        except TryLater as error:
            _log.info("%s", error)
        except NeedsHuman as error:
            self.left_alone.append((drop.place, f"what must be refused stays here: {error}"))
        else:
            _log.warning("Refused %s of %s: %s; kept as %s", drop.feed, drop.tenant, reason, refused)


def _portion(drops: Iterable[Drop]) -> Iterator[Drop]:
    """The first files, as many as one run may take: its lock is held until it ends."""
    size_bytes = 0
    for drop in itertools.islice(drops, MOST_FILES):
        yield drop
        size_bytes += drop.size_bytes
        if size_bytes >= MOST_BYTES:
            return


def _label(one: _Storing | _Rest) -> str:
    return f"{one[0].feed} of {one[0].tenant}"


def _readable(name: str) -> str:
    """A name that PostgreSQL and a log line can hold; bytes that are no text are escaped."""
    return name.encode("utf-8", "backslashreplace").decode().encode("unicode_escape").decode() if not name.isprintable() else name
