"""One bad plant or device never silences its group, and what the vendor lists no longer is kept and no longer asked."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.core.pulls import TICK, Request
from include.sources.clouds.errors import MemberRefused
from include.sources.clouds.registry import CLOUDS
from include.steps.integrations import list_integrations, set_state
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import CLOUD_NAMES, VendorHouse, build, expect_ours, leave_history_out

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)
CREDENTIALS = {"solaredge": {"api_key": "solaredge-demo-key", "monthly_credits": "20000"}}
ABOUT_PLANTS = {
    "huawei": {"getStationRealKpi", "getAlarmList"},
    "sungrow": {"getDeviceRealTimeData"},
    "deye": {"station/latest"},
    "solaredge": {"sites/energy"},
    "growatt": {"device/tlx/alarm_data"},
}
"""Interfaces whose answers are about plants, or about the devices of one; what is asked once a day is left out."""

ASKED_EVERY = {"solaredge": timedelta(hours=1), "growatt": timedelta(hours=1)}
FEWEST_DEVICES_FIRST = (
    "SELECT plant_key FROM fleet.plant LEFT JOIN fleet.device USING (plant_id) "
    "GROUP BY plant_key ORDER BY count(device_id), plant_key"
)


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorHouse]:
    leave_history_out(monkeypatch)
    with live_clouds(NOON, plants=2) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


class Refusing:
    """A vendor that refuses each request about certain members, as it does for one that is gone or was never authorised."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
        self.bad: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.asked_about: Counter[str] = Counter()
        cloud = CLOUDS[vendor]

        def fetch(session: Any, request: Request) -> list[Any]:
            self.calls[request.interface] += 1
            self.asked_about.update(request.subjects)
            if self.bad & set(request.subjects):
                raise MemberRefused(f"{vendor} answered {request.interface} with 20045 (not authorised); it is left out")
            return cloud.fetch(session, request)

        monkeypatch.setitem(CLOUDS, vendor, replace(cloud, fetch=fetch))


def tick(house: VendorHouse, vendor: str, ticks: int, *, length: timedelta = TICK) -> None:
    for _ in range(ticks):
        house.world.clock.advance(length.total_seconds())
        with expect_ours():
            house.pull(vendor)


@pytest.mark.parametrize("vendor", ["sungrow", "deye"])
def test_a_refused_device_is_left_out_of_its_group_and_asked_alone_ever_more_rarely(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    refusing = Refusing(monkeypatch, vendor)
    house.add(vendor)
    house.pull_until_done(vendor, purposes=("fleet",))
    keys = [row[0] for row in house.rows("SELECT device_key FROM fleet.device WHERE kind = 'inverter' ORDER BY 1")]
    bad, good = keys[0], keys[1:]
    refusing.bad, refusing.calls, refusing.asked_about = {bad}, Counter(), Counter()

    tick(house, vendor, 14)

    interface = {"sungrow": "getDeviceRealTimeData", "deye": "device/latest"}[vendor]
    assert all(refusing.asked_about[key] >= 14 for key in good)
    assert refusing.asked_about[bad] <= 14
    assert refusing.calls[interface] <= 14 * {"sungrow": 3, "deye": 1}[vendor] + 10
    (told,) = house.rows("SELECT member_key, times FROM ops.refused_member WHERE interface = :interface", interface=interface)
    assert told == (bad, 2)
    (account,) = list_integrations(house.settings, now=house.world.now())
    assert (account["state"], account["left_out"], account["last_left_out"]["member"]) == ("active", 1, bad)

    refusing.bad = set()
    house.world.clock.advance(2 * 3600)
    tick(house, vendor, 2)
    assert house.one("SELECT count(*) FROM ops.refused_member WHERE interface = :interface", interface=interface) == 0


@pytest.mark.parametrize("vendor", [pytest.param(v, marks=() if v == "huawei" else pytest.mark.torture) for v in CLOUD_NAMES])
def test_a_plant_that_is_not_authorised_blocks_only_itself_and_a_person_who_enables_has_it_asked_at_once(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    refusing = Refusing(monkeypatch, vendor)
    house.add(vendor, CREDENTIALS.get(vendor))
    house.pull_until_done(vendor, purposes=("fleet",))
    bad, good = (key for (key,) in house.rows(FEWEST_DEVICES_FIRST))
    devices = "SELECT device_key FROM fleet.device JOIN fleet.plant USING (plant_id) WHERE plant_key = :plant"
    own = {key for (key,) in house.rows(devices, plant=bad)}
    refusing.bad, refusing.asked_about = {bad}, Counter()

    tick(house, vendor, 20, length=ASKED_EVERY.get(vendor, TICK))

    assert list_integrations(house.settings, now=house.world.now())[0]["blocked"] == []
    told = house.rows("SELECT interface, member_key FROM ops.refused_member")
    assert ABOUT_PLANTS[vendor] <= {interface for interface, _ in told}
    assert {member for _, member in told} <= {bad, *own}
    assert refusing.asked_about[good] > 1.5 * refusing.asked_about[bad]

    set_state(house.settings, tenant="clouds", name=vendor, state="active", now=house.world.now())
    assert house.rows("SELECT 1 FROM ops.refused_member") == []


@pytest.mark.parametrize(
    ("vendor", "what"),
    [
        pytest.param(
            vendor, what, marks=() if (vendor, what) in {("sungrow", "plant"), ("growatt", "device")} else pytest.mark.torture
        )
        for what in ("plant", "device")
        for vendor in CLOUD_NAMES
    ],
)
def test_what_three_whole_lists_lack_is_kept_and_no_longer_asked_until_it_is_listed_again(
    house: VendorHouse, vendor: str, what: str
) -> None:
    house.add(vendor, CREDENTIALS.get(vendor))
    house.pull_until_done(vendor, purposes=("fleet",))
    house.world.faults.switch_on(f"{what}_removed", vendor=vendor, times=0)
    count = f"SELECT count(*) FROM fleet.{what} WHERE retired_at IS NULL", f"SELECT count(*) FROM fleet.{what}"
    before, seen = house.one(count[1]), []

    for _ in range(4):
        set_state(house.settings, tenant="clouds", name=vendor, state="active", now=house.world.now())
        house.pull_until_done(vendor, purposes=("fleet",))
        seen.append(tuple(house.one(statement) for statement in count))
        house.world.clock.advance(timedelta(hours=13).total_seconds())

    removed = {"plant": 1, "device": 2}[what]
    assert seen == [(before, before)] * 2 + [(before - removed, before)] * 2
    asked = "SELECT request ->> 'asked' FROM ops.pull WHERE purpose = 'now' AND planned_at >= :since"
    gone = {key for (key,) in house.rows(f"SELECT {what}_key FROM fleet.{what} WHERE retired_at IS NOT NULL")}
    since = house.world.now()
    tick(house, vendor, 14)
    questions = [subjects for (subjects,) in house.rows(asked, since=since)]
    assert questions
    assert not [key for key in gone for subjects in questions if key in subjects]

    house.world.faults.switch_off()
    set_state(house.settings, tenant="clouds", name=vendor, state="active", now=house.world.now())
    house.pull_until_done(vendor, purposes=("fleet",))
    assert house.one(count[0]) == before


def test_lists_of_one_afternoon_are_one(house: VendorHouse) -> None:
    house.add("sungrow")
    house.pull_until_done("sungrow", purposes=("fleet",))
    house.world.faults.switch_on("plant_removed", vendor="sungrow", times=0)

    for _ in range(4):
        set_state(house.settings, tenant="clouds", name="sungrow", state="active", now=house.world.now())
        house.pull_until_done("sungrow", purposes=("fleet",))

    assert house.one("SELECT max(missed_lists) FROM fleet.plant") == 1
