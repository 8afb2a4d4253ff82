"""When DAGs run: the net of each asset, and intervals where Backfill is the point."""

from datetime import UTC, datetime
from typing import Any

import pytest

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    ("name", "asset", "net"),
    [
        ("analyse_fleet", "rollups", "*/15 * * * *"),
        ("land_file_drops", "drops", "*/5 * * * *"),
        ("load_readings", "landed_readings", "*/15 * * * *"),
        ("register_fleet", "landed_registry", "*/15 * * * *"),
        ("roll_up_readings", "readings", "*/15 * * * *"),
        ("send_mail", "outbox", "*/15 * * * *"),
    ],
)
def test_a_dag_that_an_asset_wakes_has_the_clock_as_a_net(dag_bag: Any, name: str, asset: str, net: str) -> None:
    timetable = dag_bag.dags[name].timetable

    assert [found.name for found in timetable.asset_condition.objects] == [asset]
    assert timetable.timetable.expression == net
    assert str(timetable.timetable.timezone) == "UTC"


def test_reports_are_looked_for_every_hour_so_that_every_zone_has_its_morning(dag_bag: Any) -> None:
    import pendulum
    from airflow.serialization.decoders import decode_timetable
    from airflow.serialization.encoders import encode_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = decode_timetable(encode_timetable(dag_bag.dags["report_plants"].timetable))
    since = pendulum.datetime(2026, 11, 20, 9, 30, tz="UTC")

    run = timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=since, latest=None, catchup=True)
    )

    assert run.run_after == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (run.data_interval.start, run.data_interval.end) == (
        datetime(2026, 11, 20, 9, tzinfo=UTC),
        datetime(2026, 11, 20, 10, tzinfo=UTC),
    )


def test_what_dags_wake_is_what_dags_wait_for(dag_bag: Any) -> None:
    from dags.dag_defaults import LANDED_READINGS, LANDED_REGISTRY, OUTBOX, READINGS

    awaited = {
        asset.name
        for dag in dag_bag.dags.values()
        for asset in getattr(getattr(dag.timetable, "asset_condition", None), "objects", [])
    }

    assert {asset.name for asset in (LANDED_READINGS, LANDED_REGISTRY, OUTBOX, READINGS)} <= awaited


def test_readings_are_marked_only_when_the_volumes_are_counted_so_that_one_slot_is_enough(dag_bag: Any) -> None:
    assert dag_bag.dags["watch_sources"].get_task("marks").upstream_task_ids == {"volumes"}
