"""What each source told is counted from its documents' readings, and a source that lost most of it is told once, by its cause."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from include.steps.source_volumes import watch_volumes
from include.warehouse.queries import query
from tests.warehouse.operation import Operation

pytestmark = pytest.mark.postgres

TODAY = date(2026, 3, 30)
FEED, OTHER_FEED = "telemetry_batches", "plant_measurements"
ACCOUNT = """
INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state, state_set_at, next_due_at, last_answer_at)
VALUES (:tenant_id, 'deye', 'north', 'north', 'active', :at, :at, :at) RETURNING integration_id
"""
PLANT = """
INSERT INTO fleet.plant (tenant_id, source, plant_key, name, timezone, integration_id)
VALUES (:tenant_id, :source, :key, 'Plant ' || :key, 'America/Sao_Paulo', :integration_id) RETURNING plant_id
"""
INVERTERS = """
WITH made AS (
    INSERT INTO fleet.device (tenant_id, source, device_key, plant_id, kind, name)
    SELECT :tenant_id, :source, :key || '-' || n, :plant_id, 'inverter', 'Inverter ' || n FROM generate_series(1, 2) AS n
    RETURNING device_id
)
INSERT INTO fleet.series (tenant_id, device_id, quantity, kind) SELECT :tenant_id, device_id, 'ac_power_kw', 'power' FROM made
"""
DAYS = """
WITH day AS (
    SELECT CAST(d AS date) AS day, (d + interval '22 hours') AT TIME ZONE 'America/Sao_Paulo' AS received_at
    FROM generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp), '1 day') AS d
), document AS (
    INSERT INTO landing.document (
        tenant_id, feed, integration_id, original_name, sha256, uri, size_bytes, stored_bytes, state, received_at,
        last_received_at
    )
    SELECT
        :tenant_id, :feed, :integration_id, 'f', encode(sha256(CAST(:feed || day || random() AS bytea)), 'hex'), 'f', 1, 1,
        'loaded', received_at, received_at
    FROM day RETURNING document_id, received_at
), load AS (
    INSERT INTO landing.load (
        document_id, tenant_id, loaded_at, run_id, code_version, parsed_rows, inserted_rows, updated_rows, unchanged_rows,
        duplicate_rows, quarantined_rows, missing_values, quarantine_reasons, first_measured_at, last_measured_at
    )
    SELECT
        document_id, :tenant_id, received_at, 'test', 'test', 1, 1, 0, 0, 0, 0, 0, '{}', received_at - interval '20 hours',
        received_at
    FROM document
)
INSERT INTO mart.reading (series_id, document_id, measured_at, value)
SELECT s.series_id, document_id, received_at - interval '16 hours' + n * interval '10 minutes', 1
FROM document
CROSS JOIN generate_series(1, :readings) AS n
CROSS JOIN fleet.series AS s
JOIN fleet.device AS d USING (device_id)
WHERE d.plant_id = ANY (:plants)
"""


class Sources:
    """Two plants of a vendor account, and one whose readings come by two feeds of files."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        operation.run("DELETE FROM fleet.series")
        operation.run("SELECT ops.ensure_reading_partitions('{2026-01-01,2026-02-01,2026-03-01}', 'month')")
        (made,) = operation.run(ACCOUNT, tenant_id=operation.tenant_id, at=operation.at)
        self.account = made["integration_id"]
        self.vendor_plants = [self.plant("deye", key, self.account) for key in ("a", "b")]
        self.file_plant = self.plant("drops", "c", None)
        self.second_plant = self.plant("drops", "d", None)

    def plant(self, source: str, key: str, integration_id: int | None) -> int:
        row = {"tenant_id": self.operation.tenant_id, "source": source, "key": key}
        (made,) = self.operation.run(PLANT, **row, integration_id=integration_id)
        self.operation.run(INVERTERS, **row, plant_id=made["plant_id"])
        return int(made["plant_id"])

    def tell(self, feed: str, plants: list[int], first: date, last: date, *, readings: int = 80) -> None:
        account = self.account if feed.startswith("deye") else None
        self.operation.run(
            DAYS, tenant_id=self.operation.tenant_id, feed=feed, integration_id=account, first=first, last=last,
            readings=readings, plants=plants,
        )  # fmt: skip

    def judge(self) -> list[tuple[str, str]]:
        """Count and look."""
        self.operation.run("UPDATE fleet.integration SET last_answer_at = :at", at=self.operation.at + timedelta(minutes=10))
        watch_volumes(self.operation.settings, now=self.operation.at)
        return [found for found in self.operation.look() if found[0] != "data_late"]

    def days(self) -> dict[str, list[tuple[date, float, float]]]:
        """Short days by source: day, expected, received."""
        rows = self.operation.run("SELECT * FROM ops.source_volume WHERE is_short ORDER BY local_day")
        found: dict[str, list[tuple[date, float, float]]] = {}
        for row in rows:
            found.setdefault(row["feed"] or "account", []).append(
                (row["local_day"], row["expected_readings"], row["received_readings"])
            )
        return found


@pytest.fixture
def sources(operation):
    return Sources(operation)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_an_account_that_sends_thirty_percent_is_told_with_its_figures_and_since_when_and_when_it_has_ended(sources):
    sources.tell("deye_devices", sources.vendor_plants, ago(40), ago(4))
    sources.tell("deye_devices", sources.vendor_plants, ago(3), ago(1), readings=24)
    sources.tell(FEED, [sources.file_plant], ago(40), ago(1))

    found = sources.judge()
    (told,) = [one for one in sources.operation.open() if one["kind"] == "volume_short"]
    short = sources.days()
    sources.tell("deye_devices", sources.vendor_plants, TODAY, TODAY)
    sources.tell(FEED, [sources.file_plant], TODAY, TODAY)
    sources.operation.at += timedelta(days=1)
    sources.judge()
    after = [sources.operation.look() for _ in range(3)][-1]

    assert found == [("volume_short", "demo/north")]
    assert short == {"account": [(ago(day), pytest.approx(320, rel=0.02), 96) for day in (3, 2, 1)]}
    assert "the Deye Cloud account demo/north told 30 % of its usual readings from 2026-03-27 to 2026-03-29" in told["summary"]
    assert ": 288 of 95" in told["summary"]
    assert told["began_at"] == datetime(2026, 3, 27, 3, tzinfo=UTC)
    assert "volume_short" not in dict(after)
    assert any("30 %" in sentence for one in sources.operation.notices() for sentence in one["told"])


def test_a_feed_that_brings_nothing_though_its_documents_come_and_its_plant_reports_by_another_way_is_one_incident(sources):
    sources.tell(FEED, [sources.file_plant, sources.second_plant], ago(40), ago(5))
    sources.tell(OTHER_FEED, [sources.file_plant, sources.second_plant], ago(4), ago(1))
    sources.tell(FEED, [], ago(4), ago(1))

    assert sources.judge() == [("volume_short", f"demo {FEED}")]
    assert [received for _, _, received in sources.days()[FEED]] == [0, 0, 0, 0]


def test_a_feed_that_is_late_as_a_whole_is_told_as_late_and_not_twice(sources):
    sources.tell(FEED, [sources.file_plant], ago(40), ago(4))

    watch_volumes(sources.operation.settings, now=sources.operation.at)

    assert sources.operation.look() == [("data_late", f"demo {FEED}")]
    assert len(sources.days()[FEED]) == 3


def test_plants_that_their_vendor_lists_no_longer_are_not_missed(sources):
    sources.tell("deye_devices", sources.vendor_plants, ago(40), ago(4))
    sources.tell("deye_devices", [], ago(3), ago(1))

    before = sources.judge()
    sources.operation.run("UPDATE fleet.plant SET missed_lists = 1 WHERE plant_id = ANY (:plants)", plants=sources.vendor_plants)
    sources.operation.at += timedelta(hours=4)
    sources.judge()
    sources.operation.look()

    assert before == [("volume_short", "demo/north")]
    assert sources.operation.look() == []


def test_inverters_that_are_offline_by_an_alarm_of_their_own_do_not_make_their_source_short(sources):
    sources.tell(FEED, [sources.file_plant], ago(40), ago(1))
    sources.tell(FEED, [sources.second_plant], ago(40), ago(3))
    moved = "UPDATE fleet.device SET plant_id = :plant WHERE plant_id = :second"
    sources.operation.run(moved, plant=sources.file_plant, second=sources.second_plant)
    sources.operation.change(volume_short_pct=80.0)
    alone = sources.judge()
    sources.operation.run(
        "INSERT INTO mart.alarm (tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, is_open, origin, "
        "reported_at) "
        "SELECT tenant_id, plant_id, device_id, CAST(device_id AS text), 'offline', 'Offline', 'minor', now(), true, "
        "'heliograph', now() "
        "FROM fleet.device WHERE device_key LIKE 'd-%'"
    )
    sources.operation.at += timedelta(hours=4)
    sources.judge()

    assert alone == [("volume_short", f"demo {FEED}")]
    assert sources.days() == {}


def test_a_plant_that_fell_silent_with_its_account_is_told_with_it_and_one_that_did_so_weeks_before_or_later_by_itself(sources):
    sources.tell("deye_devices", sources.vendor_plants, ago(50), ago(21))
    sources.tell("deye_devices", sources.vendor_plants, ago(20), ago(1), readings=24)
    sources.tell(FEED, [sources.file_plant], ago(50), ago(1))
    with_it, later = sources.vendor_plants
    before = sources.plant("deye", "e", sources.account)
    for plant, day in ((before, ago(40)), (with_it, ago(20)), (later, ago(1))):
        sources.operation.run(
            "INSERT INTO mart.alarm (tenant_id, plant_id, alarm_key, code, name, severity, raised_at, is_open, origin, "
            "reported_at) "
            "SELECT tenant_id, plant_id, 'offline', 'offline', 'Offline', 'major', :at, true, 'heliograph', :at "
            "FROM fleet.plant WHERE plant_id = :plant",
            plant=plant,
            at=datetime(day.year, day.month, day.day, 15, tzinfo=UTC),
        )

    assert set(sources.judge()) == {
        ("alarm", f"{before} offline Offline"), ("alarm", f"{later} offline Offline"), ("volume_short", "demo/north")
    }  # fmt: skip


def test_late_readings_are_counted_with_their_day(sources):
    sources.tell(FEED, [sources.file_plant, sources.second_plant], ago(40), ago(4))
    sources.tell(FEED, [sources.file_plant, sources.second_plant], ago(3), ago(1), readings=20)
    sources.judge()
    was_short = sources.days()
    sources.operation.run("UPDATE ops.source_count SET counted_at = counted_at - interval '5 days'")
    sources.operation.run("DELETE FROM mart.reading WHERE measured_at >= '2026-03-27'")
    sources.tell(FEED, [sources.file_plant, sources.second_plant], ago(3), ago(1))

    sources.judge()

    assert len(was_short[FEED]) == 3
    assert sources.days() == {}


def test_each_day_that_is_counted_is_a_search_of_the_index(sources):
    sources.tell("deye_devices", sources.vendor_plants, ago(60), ago(1))
    sources.tell(FEED, [sources.file_plant, sources.second_plant], ago(60), ago(1))
    sources.operation.run("ANALYZE")
    counted = {"tenant_id": sources.operation.tenant_id, "days": [ago(day) for day in range(1, 31)]}

    rows = sources.operation.run(f"EXPLAIN {query('source_volumes', 'count_days')}", **counted)
    plan = [row["QUERY PLAN"].strip() for row in rows]
    searches = [(scan, how) for scan, how in pairwise(plan) if " on reading_" in scan]

    assert len(searches) == 3
    for scan, how in searches:
        assert how.startswith("Index Cond:"), scan
        assert how.count("measured_at") == 2, scan
