"""Partitions of readings are a month or a day wide, both in one table; what is loaded, rolled up and audited is the same."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.errors import NeedsHuman
from include.core.settings import Settings
from include.core.span import Span
from include.quality.checks import preload
from include.steps.audit import audit_rollups
from include.warehouse import answers, readings
from include.warehouse.engine import transaction
from include.warehouse.incoming import Incoming
from tests.warehouse.small_river import (
    Files,
    SmallRiver,
    assert_nothing_lost,
    assert_same_state,
    late_set,
    measurements,
    short_set,
)

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
PARTITIONS = (
    "SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds, c.relrowsecurity AS is_guarded, "
    "has_table_privilege('heliograph_api', c.oid, 'SELECT') AS is_open "
    "FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'mart.reading'::regclass ORDER BY 1"
)
BORDER = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01"]
"""Berlin's clocks change on the 29th, and a month ends: its last local day reaches into no other UTC month, São Paulo's does."""


def ensure(url: str, days: list[date], width: str, **since: date) -> None:
    at = np.array([int(datetime(day.year, day.month, day.day, 13, tzinfo=UTC).timestamp()) for day in days], np.int64) * 1_000_000
    readings.ensure_partitions(url, Incoming(np.ones(len(at), np.int32), at, np.ones(len(at))), width, **since)


def partitions(url: str) -> list[str]:
    with transaction(url) as connection:
        rows = connection.execute(text(PARTITIONS)).all()
    assert all(row.is_guarded and not row.is_open for row in rows)
    return [row.name for row in rows]


def test_partitions_are_as_wide_as_is_asked_for_and_those_that_are_there_stay(warehouse_url):
    ensure(warehouse_url, [date(2026, 2, 28)], "month")
    ensure(warehouse_url, [date(2026, 2, 27), date(2026, 3, 1), date(2026, 3, 31)], "day")
    ensure(warehouse_url, [date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 30)], "month")
    ensure(warehouse_url, [date(2026, 4, 1)], "day")

    assert partitions(warehouse_url) == [
        "reading_2026_02", "reading_2026_03_01", "reading_2026_03_30", "reading_2026_03_31", "reading_2026_04",
    ]  # fmt: skip


def test_days_of_a_century_are_made_without_exhausting_the_locks_of_the_server(warehouse_url, torture):
    days = [date(1999, 12, 31) + timedelta(days=7 * week) for week in range(1000 if torture else 150)]

    ensure(warehouse_url, days, "day")

    assert len(partitions(warehouse_url)) == len(days)


def test_days_of_long_ago_come_in_months_so_that_no_history_makes_thousands(warehouse_url):
    days = [date(1995, 1, 1) + timedelta(days=day) for day in range(0, 1200, 10)]

    ensure(warehouse_url, [*days, date(2026, 2, 28), date(2026, 3, 1)], "day", days_since=date(2026, 3, 1))

    assert len(partitions(warehouse_url)) == len({f"{day:%Y%m}" for day in days}) + 2
    assert partitions(warehouse_url)[-2:] == ["reading_2026_02", "reading_2026_03_01"]


def test_whoever_makes_partitions_at_the_same_time_agrees_about_them(warehouse_url):
    days = [date(2026, 5, 1) + timedelta(days=day) for day in range(40)]
    widths = ["month", "day"] * 4

    with ThreadPoolExecutor(len(widths)) as makers:
        list(makers.map(lambda width: ensure(warehouse_url, days, width), widths))

    made = partitions(warehouse_url)
    for month in ("2026_05", "2026_06"):
        of_month = [name for name in made if name.startswith(f"reading_{month}")]
        assert len(of_month) in {1, sum(f"{day:%Y_%m}" == month for day in days)}


def test_a_width_that_there_is_not_is_said_before_anything_is_loaded():
    with pytest.raises(NeedsHuman, match="HELIOGRAPH_READING_PARTITIONS='week' is no width; set it to month or day"):
        _ = Settings(reading_partitions="week").partition_width


TOUCHED = (
    "SELECT count(DISTINCT l.relation) FROM pg_locks AS l JOIN pg_inherits AS i ON i.inhrelid = l.relation "
    "WHERE l.pid = pg_backend_pid() AND i.inhparent = 'mart.reading'::regclass"
)
DOCUMENTS = (
    "WITH t AS (INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('t', 't', 'UTC') RETURNING tenant_id) "
    "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, received_at, "
    "last_received_at) SELECT tenant_id, 'x_days', 'x', repeat('a', 63) || n, 'x', 1, 1, now(), now() "
    "FROM t, generate_series(1, 6) AS n RETURNING tenant_id"
)


def test_a_small_load_touches_the_partition_that_it_needs_and_no_other(warehouse_url):
    ensure(warehouse_url, [date(2026, 5, 1) + timedelta(days=day) for day in range(60)], "day")
    noon, hour_us = datetime(2026, 5, 20, 12, tzinfo=UTC), 3_600_000_000
    at = int(noon.timestamp() * 1e6) + hour_us * np.arange(5, dtype=np.int64)
    span = Span(noon, noon + timedelta(hours=6))
    with transaction(warehouse_url) as connection:
        tenant_id = connection.execute(text(DOCUMENTS)).scalars().first()

    def touched(document_id: int, values: list[float], *, is_answer: bool = False) -> int:
        incoming = Incoming(np.ones(len(values), np.int32), at[: len(values)], np.array(values))
        with transaction(warehouse_url) as connection:
            if is_answer:
                answer = answers.Answer(document_id, tenant_id, "x_days", span)
                answers.load_answer(connection, incoming, answer, timezones={1: "UTC"}, earlier=None)
            else:
                readings.load_readings(connection, incoming, document_id=document_id, timezones={1: "UTC"})
            return int(connection.execute(text(TOUCHED)).scalar_one())

    assert touched(1, [1.0, 2.0, 3.0, 4.0, 5.0]) == 1
    assert touched(2, [1.0, 2.0, 3.0, 4.5, 5.0]) == 1, "one that contradicts"
    assert touched(4, [1.0, 2.5, 3.0, 4.5], is_answer=True) == 1, "one that retracts"
    assert touched(3, [9.0] * 5, is_answer=True) == 1, "one that was received before it"
    assert touched(4, [1.0, 2.5, 3.0, 4.5, 7.0], is_answer=True) == 1, "one that is loaded again"


def border_set() -> Files:
    """A plant in São Paulo and one in Berlin from before a change of clocks until after the end of a month, twice told."""
    registry = {name: content for name, content in short_set().items() if name[0] == "registry"}
    return {
        **registry,
        ("plant_measurements", "west.json"): measurements({1: 10, 2: 20}, BORDER, start="00:00", hours=24),
        ("plant_measurements", "east.json"): measurements({3: 7, 9: 5}, BORDER, start="00:00", hours=24),
        ("plant_measurements", "again.json"): measurements({1: 11, 3: 8}, BORDER[1:4], start="12:00", hours=20),
    }


@pytest.fixture(scope="module")
def carried(new_warehouse, tmp_path_factory):
    """Lets the border flow, each wave into partitions of its own width."""
    preload()

    def carry(*widths: str) -> SmallRiver:
        river = SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))
        for wave, (width, files) in enumerate(zip(widths, [border_set(), late_set()], strict=True)):
            river.settings = replace(river.settings, reading_partitions=width)
            river.drop(files, wave=wave)
            river.flow(now=NOW)
        return river

    return carry


@pytest.fixture(scope="module")
def by_month(carried) -> SmallRiver:
    return carried("month", "month")


@pytest.mark.parametrize("widths", [("day", "day"), ("day", "month"), ("month", "day")])
def test_a_river_over_a_change_of_clocks_and_the_end_of_a_month_is_the_same_in_days(carried, by_month, widths):
    river = carried(*widths)

    assert_same_state(river.state(), by_month.state())
    assert_nothing_lost(river)
    names = partitions(river.settings.database_url)
    assert ("reading_2026_03_29" in names) is (widths[0] == "day")
    audit = audit_rollups(river.settings, {"tenant": "demo"}, days=None, seed=1, now=NOW)
    assert audit["equal_rows"] > 0
    assert audit["mismatch_count"] == 0


def test_a_replay_over_partitions_of_both_widths_changes_nothing(carried, by_month):
    river = carried("day", "month")
    with transaction(river.settings.database_url) as connection:
        connection.execute(text("UPDATE landing.document SET state = 'landed' WHERE feed = 'plant_measurements'"))

    river.flow(now=NOW)

    assert_same_state(river.state(), by_month.state(), but=("newest loads",))
    pd.testing.assert_frame_equal(river.state()["readings"], by_month.state()["readings"])
