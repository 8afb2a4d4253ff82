"""Sessions on the warehouse."""

import pytest

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(("setting", "value"), [("idle", "60"), ("interval", "15"), ("count", "4")])
def test_a_worker_that_vanishes_keeps_its_locks_for_two_minutes_at_most(small_fleet, setting, value):
    rows = small_fleet.read(f"SHOW tcp_keepalives_{setting}")

    assert rows.iloc[0, 0] == value
