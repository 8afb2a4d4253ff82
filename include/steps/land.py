"""Dropped files become landed documents: claimed by a rename, stored untouched, noted in the manifest."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from include.core.documents import ClaimCheck
from include.core.errors import BadDocument, TryLater
from include.core.settings import Settings
from include.landing.drops import Drop, Look, claim, look, recover, release
from include.landing.refusals import Refusal, refuse
from include.landing.store import ObjectStore
from include.steps.each import each
from include.warehouse import documents, fleet
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_MOST: Final = 200

_Work = tuple[Drop, Callable[[], ClaimCheck | None]]


def land_drops(settings: Settings, *, now: datetime) -> list[dict[str, Any]]:
    """Land at most 200 files that rest in the drop folders, oldest first; returns their claim checks.

    A file that was claimed by a run that died is landed first. A file that must not be read (a link, empty, too large) is moved
    to `refused/` with a reason. Folders of unknown tenants or feeds are left alone and logged. A file that cannot be landed holds
    back no other one; its error is raised in the end.

    Raises `TryLater` while another landing is at work.
    """
    with transaction(settings.database_url) as guard:
        if not documents.try_lock_landing(guard):
            raise TryLater("another landing is at work; this one would take its files", after_s=30)
        landing = _Landing(settings, fleet.read_tenants(guard), now)
        landed = each(landing.work(), lambda one: one[1](), label=lambda one: f"{one[0].feed} of {one[0].tenant}")
        return [check.as_dict() for check in landed if check]


@dataclass(frozen=True, slots=True)
class _Landing:
    """One look into the drop folders, and what is to be done with each file that it found."""

    settings: Settings
    tenants: Mapping[str, fleet.Tenant]
    now: datetime

    def work(self) -> list[_Work]:
        """Each file that is to be landed or refused, and how; what was claimed by a run that died comes first."""
        left = [drop for drop in recover(self.settings.drops_path) if drop.tenant in self.tenants][:_MOST]
        found = self._look()
        return [
            *((drop, partial(self._land, drop, drop.path)) for drop in left),
            *((drop, partial(self._refuse, drop, drop.path, reason)) for drop, reason in found.faulty),
            *((drop, partial(self._claim, drop)) for drop in found.ready[: _MOST - len(left)]),
        ]

    def _look(self) -> Look:
        found = look(
            self.settings.drops_path,
            settle_s=self.settings.drop_settle_s,
            now=self.now,
            tenants=self.tenants.keys(),
            max_bytes=int(self.settings.max_document_mb * 1e6),
        )
        for path, sentence in found.strange:
            _log.warning("Left alone: %s: %s", path, sentence)
        return found

    def _claim(self, drop: Drop) -> ClaimCheck | None:
        try:
            claimed = claim(drop)
        except TryLater as error:
            _log.info("%s", error)
            return None
        return self._land(drop, claimed)

    def _land(self, drop: Drop, claimed: Path) -> ClaimCheck | None:
        """Store, note, then forget the claimed file: a crash in between lands it once more, which only counts as a repeat."""
        store = ObjectStore(self.settings.landing)
        try:
            stored = store.put(claimed, tenant=drop.tenant, feed=drop.feed, received_at=self.now)
        except BadDocument as error:
            self._refuse(drop, claimed, str(error))
            return None
        with transaction(self.settings.database_url) as connection:
            check = documents.note_delivery(
                connection,
                tenant_id=self.tenants[drop.tenant].tenant_id,
                tenant=drop.tenant,
                feed=drop.feed,
                stored=asdict(stored) | {"original_name": _readable(drop.original_name)},
                received_at=self.now,
            )
        release(claimed)
        return check

    def _refuse(self, drop: Drop, path: Path, reason: str) -> None:
        refusal = Refusal(drop.tenant, drop.feed, drop.original_name, reason, self.now)
        refused = refuse(path, refusal, drops=self.settings.drops_path)
        _log.warning("Refused %s of %s: %s; kept as %s", drop.feed, drop.tenant, reason, refused)


def _readable(name: str) -> str:
    """A name that PostgreSQL and a log line can hold; bytes that are no text are escaped."""
    return name.encode("utf-8", "backslashreplace").decode().encode("unicode_escape").decode() if not name.isprintable() else name
