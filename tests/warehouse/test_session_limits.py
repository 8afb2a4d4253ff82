"""Sessions of the owner wait, work and stand idle for a limited time, and what ends them says who stands in the way."""

import threading
import time
from contextlib import contextmanager

import psycopg2
import pytest
from sqlalchemy import make_url, text

from include.core.errors import TryLater
from include.core.settings import Settings
from include.steps.schema import migrate_warehouse
from include.warehouse.engine import engine_of, snapshot, transaction

pytestmark = pytest.mark.postgres


@pytest.fixture
def limit(warehouse_url):
    """Set the limits as a start does; sessions begun before keep theirs, so those of the pool are ended."""

    def set_limits(**seconds: float) -> str:
        migrate_warehouse(Settings(database_url=warehouse_url, **seconds))
        engine_of(warehouse_url).dispose()
        return warehouse_url

    return set_limits


@contextmanager
def psql(url: str, statement: str):
    """Somebody types a statement into a session of the owner, and forgets to end the transaction."""
    address = make_url(url)
    session = psycopg2.connect(
        host=address.host, port=address.port, dbname=address.database, user=address.username, password=address.password,
        application_name="psql",
    )  # fmt: skip
    try:
        with session.cursor() as cursor:
            cursor.execute(statement)
        yield session
    finally:
        session.close()


def ask(url: str, *statements: str) -> None:
    with transaction(url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_forgotten_lock_ends_a_task_with_who_holds_it_where_and_what_to_do(limit):
    url = limit(lock_timeout_s=0.3)

    with psql(url, "LOCK TABLE fleet.plant") as holder:
        pid, began = holder.info.backend_pid, time.monotonic()
        with pytest.raises(TryLater) as told:
            ask(url, "SELECT count(*) FROM fleet.plant")

    assert time.monotonic() - began < 20
    said = str(told.value)
    assert said.startswith(f"PostgreSQL at 127.0.0.1:{make_url(url).port} did not give a lock in time")
    assert f"session {pid} (psql from 127.0.0.1, idle in transaction" in said
    assert "'LOCK TABLE fleet.plant') holds the table fleet.plant" in said
    assert f"SELECT pg_terminate_backend({pid})" in said


def test_a_row_that_another_session_holds_is_told_with_that_session(limit):
    url = limit(lock_timeout_s=0.3)
    ask(url, "INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('sol', 'Sol', 'UTC')")

    with psql(url, "SELECT * FROM fleet.tenant FOR UPDATE") as holder:
        pid = holder.info.backend_pid
        with pytest.raises(TryLater, match=rf"session {pid} \(psql"):
            ask(url, "UPDATE fleet.tenant SET name = 'Sol'")


def test_a_lock_whose_holder_has_gone_meanwhile_is_simply_tried_again(limit):
    url = limit(lock_timeout_s=0.3)

    with pytest.raises(TryLater, match="nobody holds one now; it is tried again"):
        ask(url, "DO $$ BEGIN RAISE EXCEPTION 'lock timeout' USING ERRCODE = 'lock_not_available'; END $$")


def test_a_statement_without_end_is_ended(limit):
    url = limit(statement_timeout_s=1)

    with pytest.raises(
        TryLater, match=r"ended a statement \(canceling statement due to statement timeout\).*STATEMENT_TIMEOUT_S"
    ):
        ask(url, "SELECT pg_sleep(30)")


def test_a_transaction_that_was_forgotten_in_psql_is_ended_and_its_lock_is_free(limit):
    url = limit(idle_transaction_timeout_s=1)

    with psql(url, "LOCK TABLE fleet.plant") as holder:
        ask(url, "SELECT count(*) FROM fleet.plant")
        with pytest.raises(psycopg2.Error), holder.cursor() as cursor:
            cursor.execute("SELECT 1")


def test_a_transaction_of_ours_that_stood_idle_for_too_long_is_told(limit):
    url = limit(idle_transaction_timeout_s=1)

    def stand_idle() -> None:
        with transaction(url) as connection:
            connection.execute(text("SELECT 1"))
            time.sleep(1.5)
            connection.execute(text("SELECT 1"))

    with pytest.raises(TryLater, match=r"does not answer \(server closed the connection"):
        stand_idle()


def test_a_snapshot_may_take_as_long_as_it_needs(limit):
    url = limit(idle_transaction_timeout_s=0.2, statement_timeout_s=0.2)

    with snapshot(url) as connection:
        connection.execute(text("SELECT pg_sleep(0.4)"))
        time.sleep(0.4)
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_migration_waits_for_another_one_longer_than_tasks_wait_for_a_lock(limit):
    url = limit(lock_timeout_s=0.2)
    with psql(url, "SELECT pg_advisory_xact_lock(hashtext('heliograph.migrate'))") as other:
        ended = threading.Timer(0.8, other.rollback)
        ended.start()
        assert migrate_warehouse(Settings(database_url=url))
        ended.join()


def test_no_limit_is_set_where_a_setting_is_zero(limit):
    url = limit(lock_timeout_s=0, statement_timeout_s=0, idle_transaction_timeout_s=0)

    with transaction(url) as connection:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        assert [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names] == ["0", "0", "0"]


def test_a_full_disk_of_postgresql_is_the_same_sentence_as_a_full_disk_of_ours(warehouse_url):
    with pytest.raises(TryLater, match=r"no space left: PostgreSQL at 127\.0\.0\.1:\d+ says 'could not extend file"):
        ask(warehouse_url, "DO $$ BEGIN RAISE EXCEPTION 'could not extend file \"base/1/2\"' USING ERRCODE = 'disk_full'; END $$")
