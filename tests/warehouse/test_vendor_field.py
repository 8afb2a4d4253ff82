"""What clouds and loggers were seen to do in the field, and the figures that are right nevertheless."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import live_clouds
from tests.warehouse.vendor_house import CLOUD_NAMES, COUNTING, VendorHouse, build, expect_ours, leave_history_out

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)
DAYS = (date(2026, 6, 14), date(2026, 6, 15))
HALF_PAST_MIDNIGHT = datetime(2026, 6, 17, 3, 30, tzinfo=UTC)
"""In São Paulo, where the plant stands."""

NEW_DAY = date(2026, 6, 17)
STUMBLES = ("yesterdays_total", "falling_day_energy", "zero_counter", "lower_counter")
LATEST = {
    "huawei": "getDevRealKpi",
    "sungrow": "getDeviceRealTimeData",
    "deye": "device/latest",
    "growatt": "new-api/queryLastData",
}
DEVICE_LISTS = {
    "huawei": "getDevList",
    "sungrow": "getDeviceListByUser",
    "deye": "station/device",
    "solaredge": "sites/devices",
    "growatt": "device/list",
}
LOST = {"huawei": {"communication interrupted"}, "deye": {"offline"}, "sungrow": {"on grid"}, "growatt": set()}
"""What is told of a lost device; Sungrow's last state stands where its last power does, Growatt's is not read."""

POWERS = (
    "SELECT d.device_key, measured_at, value FROM mart.reading JOIN fleet.series AS s USING (series_id) "
    "JOIN fleet.device AS d USING (device_id) WHERE s.quantity = 'ac_power_kw'"
)
SNAPSHOTS_OF_SITES = (
    "SELECT request -> 'asked' ->> 'siteId' FROM ops.pull WHERE purpose = 'now' AND interface = :interface AND state = 'done'"
)
PUBLISHED_AND_FLAGGED = (
    "SELECT d.energy_kwh, e.is_flagged FROM api.plant_day AS d JOIN api.energy_check AS e USING (plant_id, local_date) "
    "WHERE local_date = :day AND e.device_id IS NULL"
)


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path) -> Iterator[VendorHouse]:
    with live_clouds(NOON, plants=1) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


def _stumbles() -> Iterator[object]:
    yield pytest.param("huawei", STUMBLES, id="huawei-all")
    for vendor in COUNTING:
        for fault in STUMBLES:
            yield pytest.param(vendor, (fault,), id=f"{vendor}-{fault}", marks=pytest.mark.torture)


@pytest.mark.parametrize(("vendor", "faults"), list(_stumbles()))
def test_counters_that_stumble_tell_the_energy_that_was_made(house: VendorHouse, vendor: str, faults: tuple[str, ...]) -> None:
    switched_on = [house.world.faults.switch_on(fault, vendor=vendor, times=0) for fault in faults]
    house.add(vendor)

    house.pull_until_done(vendor, purposes=("fleet", "days"))
    house.load()

    assert all(fault.hits for fault in switched_on)
    sunshine = house.world.sunshine
    for day in DAYS:
        truth = {own.key: sunshine.energy_kwh(own, day) for plant in sunshine.plants(vendor) for own in plant.inverters}
        for counter in ("energy_today_kwh", "energy_total_kwh"):
            assert house.day_energies(counter, vendor, day, of="device") == pytest.approx(truth, rel=0.005), (counter, day)


@pytest.mark.parametrize("vendor", ["huawei", pytest.param("sungrow", marks=pytest.mark.torture)])
def test_a_total_that_is_still_yesterdays_after_midnight_is_no_energy_of_the_new_day(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    leave_history_out(monkeypatch)
    house.world.clock.advance((HALF_PAST_MIDNIGHT - NOON).total_seconds())
    switched_on = house.world.faults.switch_on("yesterdays_total", vendor=vendor, times=0)
    house.add(vendor)

    house.pull_until_done(vendor, purposes=("fleet", "now"))
    house.load()

    assert switched_on.hits > 0
    (plant,) = house.world.sunshine.plants(vendor)
    assert house.day_energies("energy_day_kwh", vendor, NEW_DAY).get(plant.key, 0.0) == 0.0
    assert all(
        not energy for (energy,) in house.rows("SELECT energy_kwh FROM api.plant_day WHERE local_date = :day", day=NEW_DAY)
    )


@pytest.mark.parametrize("vendor", [pytest.param(v, marks=() if v == "huawei" else pytest.mark.torture) for v in COUNTING])
def test_the_power_of_a_device_that_is_lost_is_no_reading_of_now(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    leave_history_out(monkeypatch)
    switched_on = house.world.faults.switch_on("stale_realtime", vendor=vendor, times=0)
    house.add(vendor)

    house.pull_until_done(vendor, purposes=("fleet", "now"))
    house.load()

    assert switched_on.hits > 0
    for key, at, value in house.rows(POWERS):
        inverter = house.world.sunshine.find_inverter(key)
        assert inverter is not None
        true = house.world.sunshine.day(inverter, date(2026, 6, 16)).until(at)
        assert (NOON - at).total_seconds() >= 3 * 3600 - 300
        assert value == pytest.approx(true.power_kw[-1], abs=0.01)
    told = house.rows("SELECT state, happened_at FROM mart.state_event")
    assert {state for state, _ in told} == LOST[vendor]
    assert vendor != "sungrow" or all((NOON - at).total_seconds() >= 3 * 3600 - 300 for _, at in told)


@pytest.mark.parametrize("vendor", [pytest.param(v, marks=() if v == "deye" else pytest.mark.torture) for v in CLOUD_NAMES])
def test_plants_whose_devices_are_not_listed_have_their_plant_figures_and_a_published_energy(
    house: VendorHouse, vendor: str
) -> None:
    house.world.faults.switch_on("nothing_told", vendor=vendor, interface=DEVICE_LISTS[vendor], times=0)
    house.add(vendor)

    house.pull_until_done(vendor, purposes=("fleet", "days"))
    house.load()

    assert house.one("SELECT count(*) FROM fleet.device") == 0
    (plant,) = house.world.sunshine.plants(vendor)
    for day, is_flagged in zip(DAYS, (vendor == "deye", False), strict=True):
        days = [house.world.sunshine.day(own, day) for own in plant.inverters]
        # A plant's own power lacks what an inverter makes while it is silent, 3.2 % of Deye's first day; the vendor's day has it.
        heard = sum(power or 0.0 for own in days for power in own.power_kw) / 12
        ((published, is_told),) = house.rows(PUBLISHED_AND_FLAGGED, day=day)
        assert (published, is_told) == (pytest.approx(heard, rel=0.001), is_flagged), day
        assert house.day_energies("energy_day_kwh", vendor, day) == pytest.approx(house.truth(vendor, day), rel=0.001)


@pytest.mark.parametrize(
    "vendor",
    [pytest.param(v, marks=() if v in {"huawei", "growatt"} else pytest.mark.torture) for v in CLOUD_NAMES],
)
def test_an_alarm_that_ended_more_than_a_month_after_it_was_raised_is_closed(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    leave_history_out(monkeypatch)
    sunshine = house.world.sunshine
    inverters = [own for plant in sunshine.plants(vendor) for own in plant.inverters]
    days = [NOON.date() + timedelta(days=ahead) for ahead in range(1, 60)]
    alarm = next(alarm for day in days for own in inverters for alarm in sunshine.alarms(own, day))
    house.world.clock.advance((alarm.raised_at - house.world.now()).total_seconds() + 300)
    house.add(vendor)
    is_open = "SELECT is_open FROM mart.alarm WHERE origin = 'vendor' AND raised_at = :at"

    seen = []
    for wait in (timedelta(days=45), timedelta(0)):
        house.pull_until_done(vendor, purposes=("fleet", "alarms", "days"))
        house.load()
        seen += [state for (state,) in house.rows(is_open, at=alarm.raised_at)]
        house.world.clock.advance(wait.total_seconds())

    assert seen == [True, False]


@pytest.mark.parametrize("vendor", [pytest.param(v, marks=() if v == "deye" else pytest.mark.torture) for v in COUNTING])
def test_one_bad_inverter_costs_the_others_no_snapshot(house: VendorHouse, monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
    leave_history_out(monkeypatch)
    inverters = [own.key for own in house.world.sunshine.plants(vendor)[0].inverters]
    switched_on = house.world.faults.switch_on("one_bad_member", vendor=vendor, interface=LATEST[vendor], times=0)
    house.add(vendor)

    for _ in range(8):
        with expect_ours():
            house.pull(vendor)
        house.world.clock.advance(301)
    house.load()

    assert switched_on.hits >= 2
    assert {key for key, *_ in house.rows(POWERS)} == set(inverters[1:])
    assert [key for (key,) in house.rows("SELECT member_key FROM ops.refused_member")] == inverters[:1]


@pytest.mark.parametrize("fault", ["one_bad_member", "one_site_too_frequent"])
def test_a_site_that_is_refused_or_asked_too_often_keeps_no_answer_about_the_others_away(
    warehouse_url: str, tmp_path: Path, fault: str
) -> None:
    with live_clouds(NOON, plants=2) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        bad, good = (plant.key for plant in house.world.sunshine.plants("solaredge"))
        switched_on = house.world.faults.switch_on(fault, vendor="solaredge", times=0)
        house.add("solaredge", {"api_key": "solaredge-demo-key", "monthly_credits": "20000"})

        for _ in range(60):
            with expect_ours():
                house.pull("solaredge")
            house.world.clock.advance(301)
        house.load()

        for day in DAYS:
            assert house.day_energies("energy_day_kwh", "solaredge", day).keys() == {good}, day
            told = house.day_energies("energy_15min_kwh", "solaredge", day, of="device")
            assert told == pytest.approx(house.truth_of_inverters("solaredge", day, plant_key=good), rel=0.005), day
        snapshots = [asked for (asked,) in house.rows(SNAPSHOTS_OF_SITES, interface="sites/energy")]
        assert snapshots.count(good) >= 4, "once an hour"
        assert switched_on.hits <= 30, "ever more rarely"
        assert bad not in snapshots
        assert house.one("SELECT state FROM fleet.integration") == "active"


def test_one_call_too_often_after_an_outage_takes_the_snapshots_away_for_minutes_only(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_history_out(monkeypatch)
    faults, interface = house.world.faults, LATEST["huawei"]
    house.add("huawei")
    house.pull_until_done("huawei", purposes=("fleet", "now"))

    faults.switch_on("connection_reset", vendor="huawei", times=0)
    for _ in range(18):
        with expect_ours():
            house.pull("huawei")
        house.world.clock.advance(301)
    faults.switch_off("connection_reset")
    refused = faults.switch_on("too_frequent", vendor="huawei", interface=interface, times=1)
    for _ in range(14):
        with expect_ours():
            house.pull("huawei")
        house.world.clock.advance(301)
    house.load()

    assert refused.hits == 1
    newest = max(at for _, at, _ in house.rows(POWERS))
    assert house.world.now() - newest < timedelta(minutes=20)
