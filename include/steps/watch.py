"""The watch: what is wrong with the operation is found in the tables, told once, and told again when it has ended.

It needs nothing of Airflow but to be called: a DAG that does not run has no failure. A pause of its own it tells afterwards.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from include.analysis.operations import FEWEST_QUARANTINED, STANDSTILL, find, heads
from include.analysis.situation import Situation, instant
from include.core.documents import READING_FEEDS
from include.core.incidents import HOUSE, Finding, severities_from
from include.core.settings import Settings
from include.steps.free_space import places_short
from include.warehouse import incidents, watch
from include.warehouse.engine import Connection, transaction
from include.warehouse.migrate import newest_revision, read_revision
from include.warehouse.sessions import database_clock

QUIET: Final = timedelta(minutes=15)
"""What was not found for so long has ended; what comes back before goes on as the same incident."""

MOST_TOLD: Final = 50
"""Incidents that one mail spells out; the others are counted."""

_CLOCK_TOLERANCE: Final = timedelta(minutes=1)


def look_around(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Look once: incidents open, go on and end, and what is to be told goes into the outbox, all in one transaction.

    Returns:
        How many are open by severity, and `mails` written; empty while another look is at work.
    """
    with transaction(settings.database_url) as connection:
        if not watch.try_lock_watch(connection):
            return {}
        memory = _memory(connection)
        found, explained = find(_situation(settings, connection, memory, now))
        incidents.record(connection, found, explained, now=now, absent_since=now - QUIET)
        mails = _tell(settings, connection, memory, now)
        watch.note_look(connection, now)
        opened = incidents.read_open(connection)
    return {**Counter(one["severity"] for one in opened), "mails": mails}


def open_incidents(settings: Settings) -> list[dict[str, Any]]:
    """What is wrong now, the worst first: kind, subject, tenant, severity, summary, action, began_at and opened_at (aware)."""
    with transaction(settings.database_url) as connection:
        return incidents.read_open(connection)


def note_backup(settings: Settings, *, now: datetime) -> None:
    """A backup was made; a warehouse that is older than this code has no place to note it."""
    with transaction(settings.database_url) as connection:
        if read_revision(connection) == newest_revision():
            watch.note_backup(connection, now)


def _memory(connection: Connection) -> watch.Memory:
    """What the watch remembers; the time of a look while the clock was wrong tells nothing."""
    memory = watch.read_memory(connection)
    was_wrong = any(one["kind"] == "clock_wrong" for one in incidents.read_open(connection))
    return memory._replace(looked_at=None) if was_wrong else memory


def _situation(settings: Settings, connection: Connection, memory: watch.Memory, now: datetime) -> Situation:
    database_at = database_clock(connection)  # before all that takes its time
    as_of = now - timedelta(hours=settings.late_after_h)
    signals = watch.read_signals(
        connection,
        feeds=READING_FEEDS,
        now=now,
        as_of=as_of,
        fewest_quarantined=FEWEST_QUARANTINED,
        approval_waiting_before=now - timedelta(hours=settings.approval_patience_h),
    )
    if memory.looked_at and now - memory.looked_at > STANDSTILL:
        signals.standstills.append((memory.looked_at, now))
    unchanged = watch.observe(connection, heads(signals), now=now)
    house = [*_clocks(database_at, signals, memory, now), *_disks(settings, now)]
    return Situation(settings, signals, unchanged, memory, now, house)


def _clocks(database_at: datetime, signals: watch.Signals, memory: watch.Memory, now: datetime) -> list[Finding]:
    """A clock of ours that differs from PostgreSQL's, or that went back behind what it has witnessed."""
    others = {"PostgreSQL says": database_at}
    if abs(database_at - now) <= _CLOCK_TOLERANCE:
        newest = max((row["received_at"] for row in signals.receipts), default=now)
        others = {"the newest document was received at": newest, "the watch looked last at": memory.looked_at or now}
        others = {what: at for what, at in others.items() if at - now > _CLOCK_TOLERANCE}
    told = [f"{what} {instant(at)}" for what, at in others.items()]
    if not told:
        return []
    summary = f"the clock of this machine says {instant(now)}, but {' and '.join(told)}"
    action = "set the clock and see that time synchronisation runs; then drop files again that came while it was wrong"
    return [Finding("clock_wrong", HOUSE, "critical", summary, action, now)]


def _disks(settings: Settings, now: datetime) -> list[Finding]:
    action = "make room there; nothing is taken in before, then it goes on by itself"
    return [Finding("disk_short", str(short.folder), "critical", str(short), action, now) for short in places_short(settings)]


def _tell(settings: Settings, connection: Connection, memory: watch.Memory, now: datetime) -> int:
    """Put into the outbox what is due; without a recipient everything stays untold."""
    recipients = settings.operator_addresses
    if not recipients:
        return 0
    untold = incidents.read_untold(connection, severities_from(settings.operator_tell_at_once))
    if untold:
        incidents.write_notice(connection, "at_once", _content(untold), recipients=recipients, now=now)
    return len(recipients) * (bool(untold) + _digest(settings, connection, memory, recipients, now))


def _digest(settings: Settings, connection: Connection, memory: watch.Memory, recipients: Sequence[str], now: datetime) -> int:
    """Write the digest of the day when its hour has come and it has anything to say; returns how many."""
    hour = settings.operator_digest_hour
    due_at = now.replace(hour=min(max(hour, 0), 23), minute=0, second=0, microsecond=0)
    last = memory.digested_at
    if last and last > now + timedelta(days=1):  # noted by a clock that was wrong
        last = None
    if hour < 0 or now < due_at or (last and last >= due_at):
        return 0
    watch.note_digest(connection, now)
    told = incidents.read_digest(connection, since=last) if last else []
    if not told:
        return 0
    incidents.write_notice(connection, "digest", _content(told), recipients=recipients, now=now)
    return 1


def _content(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a notice keeps: the first incidents in words, and how many opened and ended."""
    ended = sum(one["has_ended"] for one in told)
    words = ("severity", "summary", "action", "began_at", "ended_at", "has_ended")
    return {
        "incidents": [{name: one[name] for name in words} for one in told[:MOST_TOLD]],
        "open": len(told) - ended,
        "ended": ended,
        "incident_ids": [one["incident_id"] for one in told],
    }
