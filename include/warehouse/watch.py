"""What the watch reads of all tables, and what it remembers between two looks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from include.warehouse.queries import query

Row = Mapping[str, Any]


class Memory(NamedTuple):
    """When the watch looked last, wrote its last digest, and the last backup was noted; aware or None."""

    looked_at: datetime | None
    digested_at: datetime | None
    backed_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class Signals:
    """What one look read; rows as the blocks of `watch.sql` name their columns."""

    receipts: Sequence[Row]
    waiting_documents: Sequence[Row]
    dirty_days: Sequence[Row]
    quarantine: Sequence[Row]
    refusals: Sequence[Row]
    accounts: Sequence[Row]
    mails: Sequence[Row]
    alarms: Sequence[Row]
    short_volumes: Sequence[Row]
    task_failures: Sequence[Row]
    approvals: Sequence[Row]
    standstills: list[tuple[datetime, datetime]]


def try_lock_watch(connection: Connection) -> bool:
    """Become the one look until the transaction ends; False while another one looks."""
    return bool(connection.execute(query("watch", "try_lock_watch")).scalar_one())


def read_memory(connection: Connection) -> Memory:
    """What the watch remembers of itself."""
    return Memory(*connection.execute(query("watch", "read_watch")).one())


def note_look(connection: Connection, now: datetime) -> None:
    """Remember that the watch looked."""
    connection.execute(query("watch", "note_look"), {"now": now})


def note_digest(connection: Connection, now: datetime) -> None:
    """Remember that the digest of the day was written."""
    connection.execute(query("watch", "note_digest"), {"now": now})


def note_backup(connection: Connection, now: datetime) -> None:
    """Remember that a backup was made."""
    connection.execute(query("watch", "note_backup"), {"now": now})


def read_signals(
    connection: Connection,
    *,
    feeds: Sequence[str],
    now: datetime,
    as_of: datetime,
    fewest_quarantined: int,
    approval_waiting_before: datetime,
) -> Signals:
    """Read what there is to judge.

    Args:
        connection: In the transaction of the look.
        feeds: Whose receipts are judged.
        now: The time of the look, aware.
        as_of: The time of day at which earlier days are compared.
        fewest_quarantined: Quarantined rows of a feed in a day above which they are read.
        approval_waiting_before: Reports that wait for a person since then are read.
    """

    def rows(name: str, **parameters: object) -> list[Row]:
        return [dict(row._mapping) for row in connection.execute(query("watch", name), parameters)]

    return Signals(
        receipts=rows("read_receipts", feeds=list(feeds), as_of=as_of),
        waiting_documents=rows("read_waiting_documents"),
        dirty_days=rows("read_oldest_dirty_days"),
        quarantine=rows("read_quarantine_shares", now=now, fewest=fewest_quarantined),
        refusals=rows("read_refusals", now=now),
        accounts=rows("read_accounts", now=now),
        mails=rows("read_mail_trouble", now=now),
        alarms=rows("read_open_alarms"),
        short_volumes=rows("read_short_volumes"),
        task_failures=rows("read_task_failures"),
        approvals=rows("read_overdue_approvals", waiting_before=approval_waiting_before),
        standstills=[(row["began_at"], row["opened_at"]) for row in rows("read_standstills", now=now)],
    )


def observe(connection: Connection, heads: Mapping[tuple[str, str], str], *, now: datetime) -> dict[tuple[str, str], timedelta]:
    """Remember the head of each work list, by kind and subject; returns for how long each has been the same."""
    seen = json.dumps([{"kind": kind, "subject": subject, "value": value} for (kind, subject), value in heads.items()])
    connection.execute(query("watch", "forget_observations"), {"seen": seen})
    connection.execute(query("watch", "keep_observations"), {"seen": seen, "now": now})
    rows = connection.execute(query("watch", "read_observations"))
    return {(row.kind, row.subject): now - row.since_at for row in rows}


def note_task_failure(connection: Connection, *, dag_id: str, task_id: str, error: str, now: datetime) -> None:
    """A task failed for good."""
    parameters = {"dag_id": dag_id, "task_id": task_id, "error": error.replace("\0", "\ufffd"), "now": now}
    connection.execute(query("watch", "note_task_failure"), parameters)


def forget_task_failures(connection: Connection, dag_id: str) -> None:
    """A DAG ended well: none of its tasks fails any longer."""
    connection.execute(query("watch", "forget_task_failures"), {"dag_id": dag_id})
