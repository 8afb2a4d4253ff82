"""Leases: one holder at a time, an end that comes by itself, and at once where the holder's process has ended."""

import os
import signal
import time

import pytest
from sqlalchemy import text

from include.core.process import has_ended, process_name
from include.core.settings import Settings
from include.steps.lease import Lease, lease
from include.warehouse import leases
from include.warehouse.engine import engine_of, transaction
from tests.warehouse.small_river import in_child

pytestmark = pytest.mark.postgres

LONG_S = 600


@pytest.fixture
def settings(warehouse_url) -> Settings:
    return Settings(database_url=warehouse_url)


def take(settings: Settings, holder: str) -> bool:
    with transaction(settings.database_url) as connection:
        return leases.take(connection, "landing", holder, seconds=LONG_S)


def holders(settings: Settings) -> list[str]:
    with transaction(settings.database_url) as connection:
        return list(connection.execute(text("SELECT holder FROM ops.lease WHERE ends_at > now()")).scalars())


def wait_out(settings: Settings) -> None:
    """Let what every lease is given pass."""
    with transaction(settings.database_url) as connection:
        connection.execute(text("UPDATE ops.lease SET ends_at = statement_timestamp() - interval '1 ms'"))


def test_one_holds_a_thing_at_a_time_and_others_hold_others(settings):
    with lease(settings, "landing", seconds=LONG_S) as mine:
        assert mine
        with lease(settings, "landing", seconds=LONG_S) as second, lease(settings, "loading", seconds=LONG_S) as other:
            assert second is None
            assert other

    with lease(settings, "landing", seconds=LONG_S) as later:
        assert later


def test_a_block_that_fails_gives_its_lease_back(settings):
    with pytest.raises(KeyError), lease(settings, "landing", seconds=LONG_S):
        raise KeyError("a fault of our own")

    assert take(settings, "another")


def test_a_lease_of_another_machine_ends_by_itself_and_is_not_renewed_then(settings):
    assert take(settings, "elsewhere/4026/7/99#1")
    assert not take(settings, "another")
    wait_out(settings)

    assert take(settings, "another")

    held = Lease(settings.database_url, "landing", 0.0, holder="elsewhere/4026/7/99#1")
    assert not held.go_on()


def test_a_lease_that_is_renewed_goes_on(settings):
    with lease(settings, "landing", seconds=LONG_S) as mine:
        wait_out(settings)
        mine.renewed_at -= LONG_S
        assert mine.go_on()
        assert not take(settings, "another")


def test_a_process_that_was_killed_is_succeeded_at_once(settings):
    def hold() -> None:
        with lease(settings, "landing", seconds=LONG_S):
            time.sleep(LONG_S)

    engine_of(settings.database_url).dispose()
    child = in_child(hold)
    try:
        deadline = time.monotonic() + 60
        while not holders(settings) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not take(settings, "another"), "the child holds it while it lives"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    assert take(settings, "another")


def test_a_process_is_told_from_a_later_one_of_the_same_number():
    name = process_name()
    machine, _, begin = name.rpartition("/")

    assert not has_ended(name)
    assert has_ended(f"{machine}/{int(begin) - 1}"), "this number was another process's"
    assert not has_ended("elsewhere/4026531836/1/1"), "of another machine nothing is known"
    assert not has_ended("")
