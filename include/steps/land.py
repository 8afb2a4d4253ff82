"""Dropped files become landed documents: claimed by a rename, stored untouched, noted in the manifest."""

import logging
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from include.core.documents import ClaimCheck
from include.core.errors import BadDocument, TryLater
from include.core.settings import Settings
from include.landing.drops import Drop, claim, look, recover, release
from include.landing.refusals import Refusal, refuse
from include.landing.store import ObjectStore
from include.warehouse import documents, fleet
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_MOST: Final = 200


def land_drops(settings: Settings, *, now: datetime) -> list[dict[str, Any]]:
    """Land at most 200 files that rest in the drop folders, oldest first; returns their claim checks.

    A file that was claimed by a run that died is landed first. A file that must not be read (a link, empty, too large) is moved
    to `refused/` with a reason. Folders of unknown tenants or feeds are left alone and logged.

    Raises `TryLater` while another landing is at work.
    """
    with transaction(settings.database_url) as guard:
        if not documents.try_lock_landing(guard):
            raise TryLater("another landing is at work; this one would take its files", after_s=30)
        return [check.as_dict() for check in _land_all(settings, fleet.read_tenants(guard), now)]


def _land_all(settings: Settings, tenants: dict[str, fleet.Tenant], now: datetime) -> list[ClaimCheck]:
    left = [drop for drop in recover(settings.drops_path) if drop.tenant in tenants]
    checks = [check for drop in left[:_MOST] if (check := _land(settings, tenants, drop, drop.path, now))]
    found = look(
        settings.drops_path,
        settle_s=settings.drop_settle_s,
        now=now,
        tenants=tenants.keys(),
        max_bytes=int(settings.max_document_mb * 1e6),
    )
    for path, sentence in found.strange:
        _log.warning("Left alone: %s: %s", path, sentence)
    for drop, reason in found.faulty:
        _refuse(settings, drop, drop.path, reason, now)
    for drop in found.ready[: _MOST - len(checks)]:
        try:
            claimed = claim(drop)
        except TryLater as error:
            _log.info("%s", error)
            continue
        if check := _land(settings, tenants, drop, claimed, now):
            checks.append(check)
    return checks


def _land(settings: Settings, tenants: dict[str, fleet.Tenant], drop: Drop, claimed: Path, now: datetime) -> ClaimCheck | None:
    """Store, note, then forget the claimed file: a crash in between lands it once more, which only counts as a repeat."""
    try:
        stored = ObjectStore(settings.landing).put(claimed, tenant=drop.tenant, feed=drop.feed, received_at=now)
    except BadDocument as error:
        _refuse(settings, drop, claimed, str(error), now)
        return None
    with transaction(settings.database_url) as connection:
        check = documents.register_document(
            connection,
            tenant_id=tenants[drop.tenant].tenant_id,
            tenant=drop.tenant,
            feed=drop.feed,
            stored=asdict(stored) | {"original_name": _readable(drop.original_name)},
            received_at=now,
        )
    release(claimed)
    return check


def _refuse(settings: Settings, drop: Drop, path: Path, reason: str, now: datetime) -> None:
    refusal = Refusal(drop.tenant, drop.feed, drop.original_name, reason, now)
    refused = refuse(path, refusal, drops=settings.drops_path)
    _log.warning("Refused %s of %s: %s; kept as %s", drop.feed, drop.tenant, reason, refused)


def _readable(name: str) -> str:
    """A name that PostgreSQL and a log line can hold; bytes that are no text are escaped."""
    return name.encode("utf-8", "backslashreplace").decode().encode("unicode_escape").decode() if not name.isprintable() else name
