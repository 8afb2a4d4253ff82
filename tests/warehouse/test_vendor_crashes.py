"""A backfill that is killed again and again goes on where it stopped: nothing lost, nothing doubled, no limit broken."""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from include.quality.checks import preload
from include.steps.backfill import BackfillWish, order_backfill
from include.steps.pull import pull_account
from include.steps.vendor_account import Clock
from include.warehouse.engine import engine_of
from tests.conftest import live_clouds
from tests.warehouse.small_river import in_child
from tests.warehouse.vendor_house import VendorHouse, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

KILLS, KILLS_IN_TORTURE = 8, 250
"""A kill of a pull costs a new process and the calls before it."""

FEWEST = {"huawei": 4 * 2, "deye": 3 * 3, "sungrow": 12 * 8}
HISTORY = {"huawei": "getDevHistoryKpi", "deye": "device/historyRaw", "sungrow": "getDevicePointMinuteDataList"}
WISH = BackfillWish(date(2026, 5, 1), date(2026, 5, 12))


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path) -> Iterator[VendorHouse]:
    preload()
    with live_clouds(datetime(2026, 6, 16, 12, tzinfo=UTC), plants=1) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


def shared_clock(house: VendorHouse) -> Clock:
    """The sandbox's own clock, which a child can only reach from outside."""

    def now() -> datetime:
        return datetime.fromisoformat(requests.get(f"{house.url}/control", timeout=120).json()["now"])

    def sleep(seconds: float) -> None:
        requests.post(f"{house.url}/control", json={"advance_s": seconds + 0.01}, timeout=120)

    return Clock(now, sleep)


def work(house: VendorHouse, vendor: str) -> None:
    """Pull until nothing of the backfill waits, as the runs of some hours would."""
    clock = shared_clock(house)
    while True:
        pull_account(house.settings, house.ids[vendor], credentials=None, clock=clock, run_id="child")
        waiting, next_at = house.waiting(vendor, ("backfill",))
        if not waiting:
            return
        clock.sleep(max(1.0, (next_at - clock.now()).total_seconds()))


@pytest.mark.parametrize(
    "vendor", ["deye", *(pytest.param(vendor, marks=pytest.mark.torture) for vendor in ("huawei", "sungrow"))]
)
def test_a_backfill_killed_at_any_moment_is_resumed(house: VendorHouse, vendor: str, torture: bool) -> None:
    house.add(vendor)
    house.pull_until_done(vendor)
    before = house.calls(vendor)[HISTORY[vendor]]
    dice = random.Random(20260512)
    kills = rounds = lost = 0

    while kills < (KILLS_IN_TORTURE if torture else KILLS):
        rounds += 1
        order_backfill(house.settings, WISH, now=house.world.now(), run_id="test")
        while house.waiting(vendor, ("backfill",))[0]:
            calls = house.calls(vendor)[HISTORY[vendor]]
            engine_of(house.settings.database_url).dispose()
            child = in_child(lambda: work(house, vendor))
            time.sleep(0.02 + 1.2 * dice.random() ** 2)
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            kills += os.WIFSIGNALED(status)
            lost += min(house.calls(vendor)[HISTORY[vendor]] - calls, _waiting_history(house, vendor))

    house.load()
    made = house.calls(vendor)[HISTORY[vendor]] - before
    assert made <= rounds * FEWEST[vendor] + lost + _scheduled(house, vendor)
    assert house.refusals(vendor) == 0
    assert house.one("SELECT count(*) FROM ops.pull WHERE state = 'refused'") == 0
    day = date(2026, 5, 12)
    truth = house.truth(vendor, day)
    assert house.day_energies("energy_day_kwh", vendor, day) == pytest.approx(truth, rel=0.005)
    inverters: dict[str, Any] = house.day_energies("energy_today_kwh", vendor, day, of="device")
    assert sum(inverters.values()) == pytest.approx(sum(truth.values()), rel=0.005)


def _waiting_history(house: VendorHouse, vendor: str) -> int:
    """Requests for history of which no answer rests: the only ones whose calls a kill may have lost."""
    statement = "SELECT count(*) FROM ops.pull WHERE state = 'waiting' AND interface = :interface"
    return int(house.one(statement, interface=HISTORY[vendor]))


def _scheduled(house: VendorHouse, vendor: str) -> int:
    """History calls of the schedule, which went on meanwhile."""
    statement = "SELECT count(*) FROM ops.pull WHERE purpose = 'days' AND interface = :interface"
    return int(house.one(statement, interface=HISTORY[vendor]))
