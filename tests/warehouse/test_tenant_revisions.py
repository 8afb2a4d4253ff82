"""Revisions of tenants: equal ones show equal data, whoever writes at the same time and in whatever order they commit."""

import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event, text

from include.quality.checks import preload
from include.steps import targets
from include.warehouse.api_key import save_api_key
from include.warehouse.api_session import CurrentUser, QueryTooSlow, ReadOnlyDatabase
from include.warehouse.engine import engine_of, transaction
from include.warehouse.migrate import migrate
from tests.warehouse.small_river import SmallRiver, short_set

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

SECRET = "k" * 32
EVERY_VIEW = text(
    "SELECT string_agg(format("
    "'SELECT %L || md5(coalesce(string_agg(v::text, chr(10) ORDER BY v::text), '''')) FROM api.%I AS v', viewname, viewname), "
    "' UNION ALL ' ORDER BY viewname) FROM pg_views WHERE schemaname = 'api' AND viewname <> 'migration'"
)


def revision_of(connection: Connection, tenant_id: int) -> str:
    return connection.execute(text("SELECT ops.tenant_revision(:t)"), {"t": tenant_id}).scalar_one()


def add_user(url: str, tenant_id: int) -> CurrentUser:
    with transaction(url) as connection:
        save_api_key(connection, SECRET)
        user_id = connection.execute(
            text(
                "INSERT INTO fleet.app_user (tenant_id, email, role, password_hash, password_changed_at) "
                "VALUES (:t, 'u' || :t || '@x.example', 'client', '', now()) RETURNING user_id"
            ),
            {"t": tenant_id},
        ).scalar_one()
    return CurrentUser(user_id, tenant_id, 1)


def add_tenants(url: str, *slugs: str) -> list[int]:
    with transaction(url) as connection:
        return [
            connection.execute(
                text("INSERT INTO fleet.tenant (slug, name, timezone) VALUES (:s, :s, 'UTC') RETURNING tenant_id"), {"s": slug}
            ).scalar_one()
            for slug in slugs
        ]


def add_plant(url: str, tenant_id: int) -> tuple[int, int]:
    """A plant with a series and a document; ids of the first two."""
    plant = "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (:t, 'p', 'p', 'UTC') RETURNING plant_id"
    document = (
        "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
        "received_at, last_received_at) VALUES (:t, 'telemetry_batches', 'x', repeat('a', 64), 'x', 1, 1, 'loaded', now(), now())"
    )
    series = (
        f"WITH p AS ({plant}) INSERT INTO fleet.series (tenant_id, plant_id, quantity, kind, origin) "
        "SELECT :t, plant_id, 'state', 'state', 'measured' FROM p RETURNING plant_id, series_id"
    )
    with transaction(url) as connection:
        connection.execute(text(document), {"t": tenant_id})
        plant_id, series_id = connection.execute(text(series), {"t": tenant_id}).one()
    return plant_id, series_id


def test_every_table_that_the_api_reads_notes_its_changes(small_fleet):
    silent = small_fleet.read(
        "SELECT c.oid::regclass::text AS name FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND c.relnamespace = ANY (ARRAY['fleet', 'landing', 'mart', 'ops']::regnamespace[]) "
        "AND has_any_column_privilege('heliograph_api', c.oid, 'SELECT') "
        "AND (SELECT count(*) FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname LIKE 'note_%') <> 4"
    )

    assert silent["name"].tolist() == []


def test_a_table_that_comes_later_notes_its_changes_after_the_next_migration(small_fleet, warehouse_url):
    with transaction(warehouse_url) as connection:
        connection.execute(text("CREATE TABLE mart.late (tenant_id int, what text)"))
        connection.execute(text("GRANT SELECT ON mart.late TO heliograph_api"))
    migrate(warehouse_url)
    with transaction(warehouse_url) as connection:
        before = revision_of(connection, small_fleet.tenant_id)

    with transaction(warehouse_url) as connection:
        connection.execute(text("INSERT INTO mart.late VALUES (:t, 'x'), (NULL, 'y')"), {"t": small_fleet.tenant_id})

    with transaction(warehouse_url) as connection:
        assert revision_of(connection, small_fleet.tenant_id) != before


def test_whatever_a_document_does_on_its_way_equal_revisions_show_equal_data_and_others_stay_as_they_are(
    warehouse_url, api_url, tmp_path
):
    preload()
    river = SmallRiver(warehouse_url, tmp_path)
    (stranger,) = add_tenants(warehouse_url, "stranger")
    user, reader = add_user(warehouse_url, river.tenant_id), ReadOnlyDatabase(api_url, secret=SECRET, statement_timeout_s=2)
    seen: dict[str, set[str]] = {}
    strangers = set()

    def look(*_: object) -> None:
        # One that creates a partition lets nobody read before it has ended.
        with suppress(QueryTooSlow), reader.as_user(user) as session:
            question = session.connection.execute(EVERY_VIEW).scalar_one()
            answer = "\n".join(session.connection.exec_driver_sql(question.replace("%", "%%")).scalars())
            seen.setdefault(session.revision, set()).add(answer)
        with engine_of(warehouse_url, 1).connect() as connection:
            strangers.add(revision_of(connection, stranger))

    # Before each commit one sees what all commits before it have left.
    event.listen(engine_of(warehouse_url), "commit", look)
    river.drop(short_set())
    river.flow()
    targets.save_targets(river.settings, tenant="demo", plant="p", year=2026, months_kwh=[100.0] * 12, now=datetime.now(UTC))
    event.remove(engine_of(warehouse_url), "commit", look)
    look()
    reader.close()

    assert len(seen) > 10
    assert [states for states in seen.values() if len(states) > 1] == []
    assert len(strangers) == 1


class Writers:
    """Threads that change the data of two tenants in every way until they are told to stop."""

    def __init__(self, url: str, tenants: Sequence[int], plants: Sequence[int], series: Sequence[int]) -> None:
        self._url, self._tenants, self._plants, self._series = url, tenants, plants, series
        self._stop = threading.Event()
        self.commits = 0
        self._threads = [threading.Thread(target=self._work, args=(seed,)) for seed in range(4)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self._stop.is_set():
            with suppress(InterruptedError), transaction(self._url) as connection:
                if chance.random() < 0.2:
                    self._write_rollup(connection, chance)
                for _ in range(chance.randint(0, 3)):
                    self._change(connection, chance)
                    time.sleep(chance.random() / 200)
                if chance.random() < 0.3:
                    raise InterruptedError
            self.commits += 1

    def _change(self, connection: Connection, chance: random.Random) -> None:
        which = chance.randrange(2)
        values = {"p": self._plants[which], "t": self._tenants[which], "s": self._series[which], "v": chance.random() * 1000}
        month = datetime(2026, chance.randint(1, 12), 1)
        act = chance.randrange(4)
        if act == 0:
            savepoint = connection.begin_nested()
            self._set_target(connection, month, values)
            savepoint.rollback() if chance.random() < 0.5 else savepoint.commit()
        elif act == 1:
            self._set_target(connection, month, values)
        elif act == 2:
            connection.execute(text("INSERT INTO ops.dirty_day (series_id, local_day) VALUES (:s, '2026-01-01')"), values)
        else:
            connection.execute(
                text(
                    "INSERT INTO mart.state_event SELECT :s, document_id, clock_timestamp(), 'on' FROM landing.document "
                    "WHERE tenant_id = :t ON CONFLICT DO NOTHING"
                ),
                values,
            )

    def _write_rollup(self, connection: Connection, chance: random.Random) -> None:
        """A row of a large table, of which nobody said before whose it is."""
        values = {"s": chance.choice(self._series), "at": datetime.now(UTC), "v": chance.random()}
        connection.execute(
            text(
                "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, "
                "expected_s, energy_kwh, computed_at) "
                "VALUES (:s, 'hour', :at, :at + interval '1 hour', '2026-01-01', 1, 0, 0, :v, :at)"
            ),
            values,
        )

    def _set_target(self, connection: Connection, month: datetime, values: dict) -> None:
        connection.execute(
            text(
                "INSERT INTO fleet.target (plant_id, month, tenant_id, target_kwh) VALUES (:p, :m, :t, :v) "
                "ON CONFLICT (plant_id, month) DO UPDATE SET target_kwh = excluded.target_kwh"
            ),
            values | {"m": month},
        )


def test_under_concurrent_writers_equal_revisions_show_equal_data(warehouse_url, api_url, torture):
    tenants = add_tenants(warehouse_url, "a", "b")
    users = [add_user(warehouse_url, tenant_id) for tenant_id in tenants]
    plants, series = zip(*(add_plant(warehouse_url, tenant_id) for tenant_id in tenants), strict=True)
    question = text(
        "SELECT md5((SELECT coalesce(string_agg(t::text, ',' ORDER BY t::text), '') FROM api.target AS t) || "
        "(SELECT count(*)::text FROM api.state_event) || (SELECT count(*)::text FROM api.dirty_day) || "
        "(SELECT coalesce(sum(energy_kwh), 0)::text FROM api.rollup))"
    )
    seen: dict[tuple[int, str], set[str]] = {}
    looks = 0
    reader = ReadOnlyDatabase(api_url, secret=SECRET, pool_size=2)
    with Writers(warehouse_url, tenants, plants, series) as writers:
        end = time.monotonic() + (60 if torture else 4)
        # A slow machine takes longer to see as much.
        while time.monotonic() < end or (min(writers.commits, len(seen)) <= 50 and time.monotonic() < end + 300):
            for user in users:
                with reader.as_user(user) as session:
                    data = session.connection.execute(question).scalar_one()
                    seen.setdefault((user.tenant_id, session.revision), set()).add(data)
                    looks += 1
    with transaction(warehouse_url) as connection:
        rows = connection.execute(text("SELECT count(*) FROM ops.tenant_change")).scalar_one()
    reader.close()

    assert [states for states in seen.values() if len(states) > 1] == []
    assert min(writers.commits, len(seen)) > 50
    assert rows < 1000, "changes are folded as they come"


def test_folding_changes_no_revision_in_any_snapshot(small_fleet, warehouse_url):
    tenant_id = small_fleet.tenant_id
    for day in range(30):
        with transaction(warehouse_url) as connection:
            connection.execute(
                text("INSERT INTO ops.dirty_day (series_id, local_day) SELECT series_id, :d FROM fleet.series LIMIT 1"),
                {"d": datetime(2026, 1, 1, tzinfo=UTC).date() + timedelta(days=day)},
            )
    with engine_of(warehouse_url).begin() as before, engine_of(warehouse_url).begin() as other:
        before.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        revision = revision_of(before, tenant_id)
        other.execute(text("SELECT ops.fold_changes(:t)"), {"t": tenant_id})
        other.commit()
        after = small_fleet.read("SELECT count(*) AS n, ops.tenant_revision(:t) AS revision FROM ops.tenant_change", t=tenant_id)

        assert revision_of(before, tenant_id) == revision
        assert after["revision"].tolist() == [revision]
        assert after["n"].item() == 1
