"""One look of the watch: what it read, and how its parts are named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from include.core.incidents import Finding
from include.core.settings import Settings
from include.warehouse.watch import Memory, Row, Signals

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Situation:
    """One look: what was read, how long each head of a work list has been the same, and when."""

    settings: Settings
    signals: Signals
    unchanged: Mapping[Key, timedelta]
    memory: Memory
    now: datetime
    house: Sequence[Finding] = ()

    def roots_of(self, *dags: str) -> frozenset[Key]:
        """What explains that the work of these DAGs is not done: their own failed tasks, and what is wrong with the house."""
        failed = {("task_failed", task_name(row)) for row in self.signals.task_failures if row["dag_id"] in dags}
        return frozenset(failed | {one.key for one in self.house})

    def silence_since(self, heard_at: datetime) -> timedelta:
        """How long nothing was heard since, without the time in which nothing ran that could have heard it."""
        deaf = (_overlap(heard_at, self.now, *standstill) for standstill in self.signals.standstills)
        return self.now - heard_at - sum(deaf, timedelta(0))


def feed_name(row: Row) -> str:
    """Subject of what is wrong with a tenant's feed."""
    return f"{row['tenant']} {row['feed']}"


def account_name(row: Row) -> str:
    """Subject of what is wrong with a vendor account."""
    return f"{row['tenant']}/{row['name']}"


def task_name(row: Row) -> str:
    """Subject of a task that fails."""
    return f"{row['dag_id']}.{row['task_id']}"


def duration(length: timedelta) -> str:
    """For people: `45 min`, `3 h 10 min`, `2 d 4 h`."""
    minutes = int(length.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def instant(at: datetime) -> str:
    """For people, in UTC, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _overlap(start: datetime, end: datetime, gap_start: datetime, gap_end: datetime) -> timedelta:
    return max(min(end, gap_end) - max(start, gap_start), timedelta(0))
