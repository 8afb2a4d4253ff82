"""When vendor clouds are asked: every five minutes by the clock, and in whole days for a backfill."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable
from pendulum import DateTime, instance

from include.core.pulls import TICK

DAY: Final = timedelta(days=1)
MOST_DAYS: Final = 30
"""Days of one backfill run."""


class VendorPace(CronTriggerTimetable):
    """Scheduled runs every five minutes; a backfill covers its days in runs of at most 30 days that do not overlap.

    A backfill run's data interval is `[first day + n microseconds, midnight after the last day)`, n being its number of days.
    Its start is also its logical date, which Airflow wants to be unique for ever: so a window meets neither a scheduled run nor
    another window from the same day, and asking for the same window again finds the run that was.

    Days are UTC. Only days that have ended are covered: the scheduled runs take care of today.
    """

    description = "Every 5 minutes; backfills in whole UTC days"

    def __init__(self) -> None:
        """There is one pace for all vendors."""
        super().__init__("*/5 * * * *", timezone="UTC", interval=TICK)

    @property
    def expression(self) -> str:
        """The clock as cron."""
        return self._expression

    @property
    def timezone(self) -> str:
        """Zone of the clock."""
        return "UTC"

    def serialize(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "VendorPace":
        """Make it anew."""
        return cls()

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The next run. Airflow asks with `catchup` and both limits only for a backfill: these DAGs never catch up."""
        if not restriction.catchup or restriction.earliest is None or restriction.latest is None:
            return super().next_dagrun_info(last_automated_data_interval=last_automated_data_interval, restriction=restriction)
        first = _midnight(last_automated_data_interval.end if last_automated_data_interval else restriction.earliest)
        return _window(first, min(_midnight(restriction.latest) + DAY, _midnight(datetime.now(UTC))))


def _window(first: datetime, end: datetime) -> DagRunInfo | None:
    """Run of the first days of `[first, end)`; None where there is none left."""
    days = min((end - first) // DAY, MOST_DAYS)
    if days < 1:
        return None
    start = instance(first + timedelta(microseconds=days))
    return DagRunInfo(run_after=start, data_interval=DataInterval(start, instance(first + days * DAY)))


def _midnight(moment: datetime | DateTime) -> datetime:
    """Beginning of the UTC day."""
    utc = moment.astimezone(UTC)
    return datetime(utc.year, utc.month, utc.day, tzinfo=UTC)
