"""Sessions on the warehouse."""

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DataError, OperationalError

from cli.run.postgres import free_port
from include.core.errors import NeedsHuman, TryLater
from include.warehouse.engine import _told, transaction

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(("setting", "value"), [("idle", "60"), ("interval", "15"), ("count", "4")])
def test_a_worker_that_vanishes_keeps_its_locks_for_two_minutes_at_most(small_fleet, setting, value):
    rows = small_fleet.read(f"SHOW tcp_keepalives_{setting}")

    assert rows.iloc[0, 0] == value


def ask(url: str, *statements: str) -> None:
    with transaction(url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_server_that_is_away_is_told_with_its_address_and_what_to_do():
    port = free_port()

    with pytest.raises(TryLater, match=rf"PostgreSQL at 127.0.0.1:{port} does not answer \(Connection refused\); start it"):
        ask(f"postgresql+psycopg2://heliograph:x@127.0.0.1:{port}/heliograph")


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "nobody"}, {"database": "elsewhere"}])
def test_a_server_that_lets_nobody_in_needs_a_person(small_fleet, wrong):
    url = make_url(small_fleet.url).set(**wrong).render_as_string(hide_password=False)

    with pytest.raises(NeedsHuman, match=r"does not let \w+ in"):
        ask(url)


def test_a_pooler_that_knows_no_such_database_needs_a_person():
    """PgBouncer's words, where its list names each database."""
    refused = OperationalError("", None, Exception("connection to server failed: FATAL:  no such database: elsewhere"))

    with (
        pytest.raises(NeedsHuman, match=r"does not let heliograph in \(FATAL:  no such database"),
        _told("postgresql+psycopg2://heliograph@h/x"),
    ):
        raise refused


def test_a_connection_that_is_lost_on_the_way_is_tried_again_later(small_fleet):
    # A backend that ends itself: what comes next finds nobody.
    with pytest.raises(TryLater, match="does not answer"):
        ask(small_fleet.url, "SELECT pg_terminate_backend(pg_backend_pid())")


def test_an_error_of_a_statement_stays_what_it_is(small_fleet):
    with pytest.raises(DataError, match="division by zero"):
        ask(small_fleet.url, "SELECT 1 / 0")
