"""The owner behind PgBouncer in transaction mode: few sessions for all tasks, in which nothing of one is left for the next."""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url, text

from cli.run.postgres import ensure_database
from include.core.errors import NeedsHuman, TryLater
from include.core.settings import Settings
from include.steps import land, load, register, roll_up
from include.steps.due_reports import due_reports
from include.steps.lease import lease
from include.steps.overview import read_gauges
from include.steps.recompute import recompute_rollups
from include.steps.report import render_reports
from include.steps.schema import migrate_warehouse
from include.steps.send import send_outbox
from include.warehouse.engine import engine_of, transaction
from include.warehouse.migrate import newest_revision
from tests.conftest import _superuser
from tests.pooler import pooled, through
from tests.warehouse.small_river import SmallRiver, assert_nothing_lost, assert_same_state, late_set, short_set
from tests.warehouse.test_fair_loading import land as land_documents

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

SESSIONS = 2
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LEFT_BEHIND = """
    SELECT 'setting ' || name || ' = ' || setting FROM pg_settings
    WHERE source = 'session'
        AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')
    UNION ALL SELECT 'prepared ' || name FROM pg_prepared_statements
    UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE name <> ''
    UNION ALL SELECT 'listens to ' || pg_listening_channels()
    UNION ALL SELECT 'lock ' || locktype || ' ' || mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
    UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()
"""
"""What the next one finds in a session. PgBouncer itself gives each client the five settings that are left out."""


@pytest.fixture(scope="module")
def port(postgres_server, tmp_path_factory) -> Iterator[int]:
    """PgBouncer's."""
    with pooled(postgres_server, tmp_path_factory.mktemp("pgbouncer"), default_pool_size=SESSIONS) as port:
        yield port


@pytest.fixture(scope="module")
def direct_url(new_warehouse) -> str:
    """A migrated warehouse, without the pooler."""
    return new_warehouse()


@pytest.fixture(scope="module")
def url(direct_url, port) -> Iterator[str]:
    """The same through the pooler."""
    url = through(port, direct_url)
    yield url
    engine_of(url).dispose()
    engine_of.cache_clear()


@pytest.fixture
def empty_url(postgres_server, port) -> Iterator[str]:
    """A database without anything, through the pooler."""
    name = "behind_a_pooler"
    with _superuser(postgres_server) as cursor:
        ensure_database(cursor, name, owner="heliograph")
    url = through(port, postgres_server.url(name, "heliograph", "owner"))
    yield url
    engine_of(url).dispose()
    engine_of.cache_clear()
    with _superuser(postgres_server) as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def client(url: str) -> Iterator["psycopg2.extensions.connection"]:
    """Somebody else who comes through the pooler."""
    with contextlib.closing(psycopg2.connect(url.replace("+psycopg2", ""), application_name="psql")) as connection:
        yield connection
        # A session in which a transaction is left open is ended by the pooler, not kept.
        if not connection.closed:
            connection.rollback()


def left_behind(url: str) -> list[str]:
    """What lies in any session of the pool; each is held by a transaction of its own while it is looked at."""
    found: list[str] = []
    with contextlib.ExitStack() as open_ones:
        sessions = set()
        for _ in range(SESSIONS):
            cursor = open_ones.enter_context(client(url)).cursor()
            cursor.execute("SELECT pg_backend_pid()")
            sessions.add(cursor.fetchone())
            cursor.execute(LEFT_BEHIND)
            found += [one for (one,) in cursor.fetchall()]
        assert len(sessions) == SESSIONS
    return found


# ---- the work


def test_from_an_empty_database_to_the_report_everything_goes_through_two_sessions(empty_url, direct_url, tmp_path):
    assert migrate_warehouse(Settings(database_url=empty_url, jwt_secret="s" * 32)) == newest_revision()
    rivers = [
        SmallRiver(url, tmp_path / name, recipients=["a@example.org"])
        for name, url in {"pooled": empty_url, "direct": direct_url}.items()
    ]
    for river in rivers:
        for wave, files in enumerate([short_set(), late_set()]):
            river.drop(files, wave=wave)
            flow_at_once(river) if river is rivers[0] else river.flow()

    behind, direct = rivers
    assert_same_state(behind.state(), direct.state(), but=("newest loads",))
    assert_nothing_lost(behind)
    assert reported(behind) == reported(direct)
    assert left_behind(empty_url) == []


def flow_at_once(river: SmallRiver) -> None:
    """The steps, with more tasks than there are sessions."""
    deadline = time.monotonic() + 300
    with ThreadPoolExecutor(3 * SESSIONS) as slots:
        while river.waits():
            assert time.monotonic() < deadline, river.waits()
            act = partial(step, slots, settings=river.settings, now=datetime.now(UTC))
            acts = [act(land.land_drops), act(register.register_landed, run_id="test")]
            acts += [
                act(load.load_batch, document_ids=batch, run_id="test") for batch in load.pending_batches(river.settings) * 2
            ]
            wait([*acts, act(roll_up.roll_up_dirty), act(roll_up.roll_up_dirty)])


def step(slots: ThreadPoolExecutor, act: Callable, **arguments: object) -> Future:
    """Begin it; what another one holds is left to it."""

    def run() -> None:
        with contextlib.suppress(TryLater):
            act(**arguments)

    return slots.submit(run)


def reported(river: SmallRiver) -> tuple[int, int, set[str]]:
    """Issue a report and try to mail it; returns mails written, mails that wait by the gauges, and series that are read."""
    wanted = due_reports(
        river.settings, tenant="demo", plants=["p"], kind="month", day=date(2026, 2, 1), language="en", run_after=NOW
    )
    told = render_reports(river.settings, wanted, now=NOW, run_id="test", send=True)
    with pytest.raises(TryLater, match="1 of 1 mails wait"):
        send_outbox(river.settings, smtp=lambda: {"host": "127.0.0.1", "port": 1, "sender": "a@example.org"}, now=NOW)
    gauges = read_gauges(river.settings, now=NOW)
    return told["mails"], sum(mail["waiting"] for mail in gauges["mails"]), {feed["feed"] for feed in gauges["feeds"]}


def test_loads_of_more_tenants_than_there_are_sessions_all_end(url, tmp_path):
    river = SmallRiver(url, tmp_path, unknown_devices="register", register_under="p")
    for number in range(SESSIONS + 1):
        land_documents(river, f"tenant-{number}", range(number, number + 1))
    batches = load.pending_batches(river.settings)

    with ThreadPoolExecutor(len(batches)) as slots:
        loaded = list(
            slots.map(lambda batch: load.load_batch(river.settings, batch, now=datetime.now(UTC), run_id="test"), batches)
        )

    assert [one["documents"] for one in loaded] == [1] * (SESSIONS + 1)
    assert left_behind(url) == []


def test_a_lease_keeps_others_out_though_all_share_a_session(url, tmp_path):
    settings = Settings(home=tmp_path, database_url=url)

    with lease(settings, "landing", seconds=60) as first, lease(settings, "landing", seconds=60) as second:
        assert first is not None
        assert second is None
    with lease(settings, "landing", seconds=60) as third:
        assert third is not None


# ---- limits


@pytest.fixture
def limit(url) -> Iterator[Callable[..., None]]:
    """Set limits as a start does, through the pooler, whose sessions began with others."""

    def set_limits(**seconds: float) -> None:
        migrate_warehouse(Settings(database_url=url, **seconds))

    yield set_limits
    set_limits()


def test_limits_that_are_written_hold_in_all_sessions_that_the_pooler_kept(url, limit):
    with contextlib.ExitStack() as open_ones:
        for _ in range(SESSIONS):
            open_ones.enter_context(client(url)).cursor().execute("SELECT 1")

    limit(lock_timeout_s=7, statement_timeout_s=8, idle_transaction_timeout_s=9)

    with contextlib.ExitStack() as open_ones:
        for _ in range(SESSIONS):
            cursor = open_ones.enter_context(client(url)).cursor()
            cursor.execute(
                "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), "
                "current_setting('idle_in_transaction_session_timeout'), current_setting('temp_buffers')"
            )
            assert cursor.fetchone() == ("7s", "8s", "9s", "128MB")


def test_a_forgotten_lock_ends_a_task_with_who_holds_it_and_from_which_machine(url, limit):
    limit(lock_timeout_s=0.3)

    with client(url) as holder:
        cursor = holder.cursor()
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
        cursor.execute("LOCK TABLE mart.reading")
        with pytest.raises(TryLater, match="did not give a lock in time") as told, transaction(url) as connection:
            connection.execute(text("SELECT count(*) FROM mart.reading"))

    assert f"session {pid} (psql - 127.0.0.1:" in str(told.value)
    assert "'LOCK TABLE mart.reading') holds the table mart.reading" in str(told.value)
    assert f"SELECT pg_terminate_backend({pid})" in str(told.value)


def test_a_forgotten_transaction_is_ended_and_its_lock_is_free(url, limit):
    limit(idle_transaction_timeout_s=1)

    with client(url) as holder:
        holder.cursor().execute("LOCK TABLE mart.reading")
        with transaction(url) as connection:
            connection.execute(text("SELECT count(*) FROM mart.reading"))
        with pytest.raises(psycopg2.Error):
            holder.cursor().execute("SELECT 1")


def test_a_transaction_of_ours_that_stood_idle_for_too_long_is_told(url, limit):
    limit(idle_transaction_timeout_s=1)

    def stand_idle() -> None:
        with transaction(url) as connection:
            connection.execute(text("SELECT 1"))
            time.sleep(1.5)
            connection.execute(text("SELECT 1"))

    with pytest.raises(TryLater, match="does not answer"):
        stand_idle()


def test_a_statement_without_end_is_ended(url, limit):
    limit(statement_timeout_s=1)

    with pytest.raises(TryLater, match="ended a statement"), transaction(url) as connection:
        connection.execute(text("SELECT pg_sleep(30)"))


def test_a_limit_that_stays_as_it_is_ends_nobody(url, limit):
    limit(lock_timeout_s=11)
    with client(url) as one:
        cursor = one.cursor()
        cursor.execute("SELECT pg_backend_pid()")
        (kept,) = cursor.fetchone()

    limit(lock_timeout_s=11)

    with client(url) as one:
        cursor = one.cursor()
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (kept,))
        assert cursor.fetchone() == (1,)


# ---- what is refused, and what is told


def test_a_recompute_is_refused_with_what_to_do_and_leaves_nothing(url):
    with pytest.raises(NeedsHuman, match="PostgreSQL itself"):
        recompute_rollups(Settings(database_url=url), {}, clock=lambda: NOW, tell=print)

    assert left_behind(url) == []


def test_a_session_that_is_ended_amid_its_work_is_tried_again(url, postgres_server):
    def work() -> None:
        with transaction(url) as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with _superuser(postgres_server) as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            connection.execute(text("SELECT 1"))

    with pytest.raises(TryLater, match="does not answer"):
        work()


@pytest.mark.parametrize(("part", "wrong"), [("database", "nowhere"), ("username", "nobody"), ("password", "wrong")])
def test_who_is_not_let_in_is_told_to_correct_the_address(port, url, part, wrong):
    astray = make_url(url).set(**{part: wrong}).render_as_string(hide_password=False)

    with pytest.raises(NeedsHuman, match="does not let"), transaction(astray) as connection:
        connection.execute(text("SELECT 1"))


def test_a_wait_for_a_session_that_is_too_long_is_tried_again(postgres_server, direct_url, tmp_path: Path):
    with pooled(postgres_server, tmp_path, default_pool_size=1, query_wait_timeout=3) as port:
        url = through(port, direct_url)
        with client(url) as busy:
            busy.cursor().execute("SELECT 1")
            with pytest.raises(TryLater, match="does not answer"), transaction(url) as connection:
                connection.execute(text("SELECT 1"))


def test_whoever_sets_something_for_good_does_so_for_nobody_else_where_sessions_are_reset(postgres_server, direct_url, tmp_path):
    with pooled(postgres_server, tmp_path, default_pool_size=1, server_reset_query_always=1) as port:
        url = through(port, direct_url)
        with client(url) as stranger:
            stranger.autocommit = True
            cursor = stranger.cursor()
            cursor.execute("SET search_path = nowhere")
            cursor.execute("SET default_transaction_read_only = on")
            cursor.execute("CREATE TEMPORARY TABLE incoming ()")
        with transaction(url) as connection:
            found = connection.execute(text(LEFT_BEHIND)).scalars().all()
    assert found == []
