"""The pace of the vendor clouds: ticks by the clock, backfills in whole days."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.dags.stage import Stage

pytestmark = pytest.mark.airflow

NOW = datetime(2026, 6, 16, 12, 2, 30, tzinfo=UTC)


class StoppedClock(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return NOW.astimezone(tz)


@pytest.fixture
def stored(dag_bag: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A vendor's DAG as the scheduler reads it from its database, on a day in June."""
    from airflow.serialization.serialized_objects import DagSerialization

    monkeypatch.setattr("plugins.vendor_pace.datetime", StoppedClock)
    return DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag_bag.dags["land_deye"]))))


def _windows(stored: Any, first: datetime, last: datetime) -> list[tuple[str, str, int]]:
    """Backfill runs as (first midnight, end, microseconds of the start)."""
    intervals = [info.data_interval for info in stored.iter_dagrun_infos_between(first, last)]
    return [(f"{it.start:%Y-%m-%d %H:%M:%S}", f"{it.end:%Y-%m-%d %H:%M:%S}", it.start.microsecond) for it in intervals]


def _day(text: str, *, end: bool = False) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) + (timedelta(days=1, seconds=-1) if end else timedelta())


def test_the_scheduler_makes_the_pace_anew_from_what_is_stored(stored: Any) -> None:
    from plugins.vendor_pace import VendorPace

    assert type(stored.timetable) is VendorPace
    assert stored.timetable.periodic
    assert stored.catchup is False


def test_scheduled_runs_come_every_five_minutes_with_the_five_minutes_before(stored: Any) -> None:
    info = stored.next_dagrun_info(last_automated_run_info=None)
    following = stored.timetable.next_dagrun_info(
        last_automated_data_interval=info.data_interval, restriction=stored._time_restriction
    )

    assert info.run_after.minute % 5 == 0
    assert info.data_interval.end - info.data_interval.start == timedelta(minutes=5)
    assert following.run_after - info.run_after == timedelta(minutes=5)


def test_the_next_run_after_a_backfill_is_the_clocks(stored: Any) -> None:
    (window,) = stored.iter_dagrun_infos_between(_day("2026-05-01"), _day("2026-05-10"))

    info = stored.next_dagrun_info(last_automated_run_info=window)

    assert abs(info.run_after - datetime.now(UTC)) < timedelta(minutes=6)


def test_a_backfill_covers_its_days_exactly_in_windows_of_at_most_thirty(stored: Any) -> None:
    assert _windows(stored, _day("2026-03-01"), _day("2026-05-10", end=True)) == [
        ("2026-03-01 00:00:00", "2026-03-31 00:00:00", 30),
        ("2026-03-31 00:00:00", "2026-04-30 00:00:00", 30),
        ("2026-04-30 00:00:00", "2026-05-11 00:00:00", 11),
    ]


def test_the_last_day_of_a_backfill_is_included_even_when_only_its_midnight_is_named(stored: Any) -> None:
    assert _windows(stored, _day("2026-05-01"), _day("2026-05-02")) == [("2026-05-01 00:00:00", "2026-05-03 00:00:00", 2)]


def test_a_backfill_may_reach_back_before_the_dag_existed(stored: Any) -> None:
    assert _windows(stored, _day("2019-02-28"), _day("2019-03-01")) == [("2019-02-28 00:00:00", "2019-03-02 00:00:00", 2)]


def test_a_backfill_ends_with_yesterday_and_leaves_today_to_the_clock(stored: Any) -> None:
    assert _windows(stored, _day("2026-06-14"), _day("2026-06-30")) == [("2026-06-14 00:00:00", "2026-06-16 00:00:00", 2)]
    assert _windows(stored, _day("2026-06-16"), _day("2026-06-16", end=True)) == []


def test_windows_meet_neither_a_scheduled_run_nor_another_window(stored: Any) -> None:
    spans = [("2026-05-01", "2026-05-10"), ("2026-05-01", "2026-05-09"), ("2026-05-02", "2026-05-10")]

    windows = [next(iter(stored.iter_dagrun_infos_between(_day(first), _day(last)))) for first, last in spans]

    dates = {info.logical_date for info in windows}
    assert len(dates) == len({info.run_after for info in windows}) == 3
    assert not [date for date in dates if date.microsecond == 0], "scheduled runs begin on whole minutes"
    again = next(iter(stored.iter_dagrun_infos_between(_day("2026-05-01"), _day("2026-05-10"))))
    assert again.logical_date == windows[0].logical_date


CREATE_BACKFILLS = """
from datetime import UTC, datetime
from airflow.models.backfill import AlreadyRunningBackfill, Backfill, BackfillDagRun, ReprocessBehavior, _create_backfill
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select, update

def backfill(first, last):
    with create_session() as session:
        session.execute(update(Backfill).values(completed_at=datetime.now(UTC)))
        session.execute(update(DagRun).values(state="success"))
    made = _create_backfill(
        dag_id="land_deye", from_date=datetime.fromisoformat(first), to_date=datetime.fromisoformat(last), max_active_runs=1,
        reverse=False, dag_run_conf={"tenant": "demo"}, triggering_user_name="me", reprocess_behavior=ReprocessBehavior.NONE,
    )
    with create_session() as session:
        rows = session.execute(
            select(DagRun.run_type, DagRun.conf, DagRun.data_interval_start, DagRun.data_interval_end)
            .add_columns(BackfillDagRun.exception_reason).select_from(BackfillDagRun)
            .outerjoin(DagRun, DagRun.id == BackfillDagRun.dag_run_id)
            .where(BackfillDagRun.backfill_id == made.id).order_by(BackfillDagRun.sort_ordinal)
        ).all()
        runs = session.scalars(select(DagRun).where(DagRun.backfill_id == made.id)).all()
        tasks = sorted({task.task_id for run in runs for task in run.get_task_instances(session=session)})
    return [[[value and str(getattr(value, "value", value)) for value in row] for row in rows], tasks]

short = ("2024-01-01T00:00Z", "2024-01-03T00:00Z")
spans = [("2024-01-01T00:00Z", "2024-02-04T23:59Z"), short, short]
calls += [backfill(*span) for span in spans]
"""


def test_airflow_itself_makes_the_runs_of_a_backfill_and_finds_those_that_were(stage: Stage) -> None:
    both, shorter, again = stage.play(CREATE_BACKFILLS)["calls"]

    head = ["backfill", "{'tenant': 'demo'}"]
    assert both == [
        [
            [*head, "2024-01-01 00:00:00.000030+00:00", "2024-01-31 00:00:00+00:00", None],
            [*head, "2024-01-31 00:00:00.000005+00:00", "2024-02-05 00:00:00+00:00", None],
        ],
        ["conclude", "due", "pull"],
    ]
    assert shorter[0] == [[*head, "2024-01-01 00:00:00.000003+00:00", "2024-01-04 00:00:00+00:00", None]]
    assert [row[-1] for row in again[0]] == ["already exists"]
