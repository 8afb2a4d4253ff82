"""Accounts of the three vendors are pulled within their limits: figures as they were, refusals with a reason, no call wasted."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.core.errors import NeedsHuman, Refused, TryLater
from include.sources.clouds.errors import Rejected
from include.steps.backfill import BackfillWish, backlog, order_backfill, plan_backfill
from include.steps.integrations import activate, authorization_page, authorize, list_integrations, set_state, try_integration
from include.steps.pull import feeds_landed_lately
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import OAUTH, VendorHouse, all_told, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path) -> Iterator[VendorHouse]:
    """Clouds with one plant each."""
    with live_clouds(NOON, plants=1) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


@pytest.fixture
def three_plants(warehouse_url: str, clouds: Any, tmp_path: Path) -> VendorHouse:
    return build(warehouse_url, clouds, tmp_path)


def test_plants_of_other_owners_are_pulled_by_consent(house: VendorHouse) -> None:
    house.add("sungrow", {**OAUTH}, name="owners")
    with pytest.raises(Rejected, match="helio integration authorize"):
        house.pull("owners")

    page = authorization_page(house.settings, tenant="clouds", name="owners")
    authorize(house.settings, tenant="clouds", name="owners", code="code01", clock=house.world.now)
    house.pull_until_done("owners")
    house.load()

    assert "applicationId=4711" in page
    assert all_told(house.day_energies("energy_day_kwh", "sungrow", date(2026, 6, 15)), house.truth("sungrow", date(2026, 6, 15)))
    refresh = [
        ("apiManage/token", 1),
        ("apiManage/refreshToken", 1),
    ]
    house.world.clock.advance(2 * 86_400)
    house.pull("owners")
    assert [(name, house.calls("sungrow")[name]) for name, _ in refresh] == refresh


def test_what_landed_lately_and_waits_is_known_by_feed(house: VendorHouse) -> None:
    house.add("huawei")
    house.pull("huawei")
    now = house.world.now()

    waiting = feeds_landed_lately(house.settings, vendor="huawei", now=now)

    assert "huawei_devices" in waiting
    assert feeds_landed_lately(house.settings, vendor="deye", now=now) == []
    assert feeds_landed_lately(house.settings, vendor="huawei", now=now + timedelta(minutes=30)) == []
    house.load()
    assert feeds_landed_lately(house.settings, vendor="huawei", now=now) == []


def test_a_backfill_of_nobody_is_refused_by_name(house: VendorHouse) -> None:
    may = (date(2026, 5, 1), date(2026, 5, 2))

    with pytest.raises(NeedsHuman, match=r"tenant 'nobody' does not exist \(known: clouds\)"):
        plan_backfill(house.settings, BackfillWish(*may, tenant="nobody"), now=house.world.now())
    with pytest.raises(Refused, match="no account deye of tenant clouds pulls any plant yet; see `helio integration list`"):
        plan_backfill(house.settings, BackfillWish(*may, tenant="clouds", vendor="deye"), now=house.world.now())


def test_an_account_is_not_taken_up_as_one_of_another_vendor(house: VendorHouse) -> None:
    house.add("huawei", name="roof")
    account = {"tenant": "clouds", "name": "roof", "now": house.world.now()}

    assert activate(house.settings, vendor="huawei", **account)["state"] == "active"
    with pytest.raises(Refused, match="clouds/roof is one of huawei, not of deye; give its vendor, or another name"):
        activate(house.settings, vendor="deye", **account)


SIXTY_DAYS = [
    pytest.param(
        "huawei", "getDevHistoryKpi", 21 + 20, id="three days of ten inverters; the weather station is a type of its own"
    ),
    pytest.param("sungrow", "getDevicePointMinuteDataList", 60 * 8, id="three hours of fifty inverters"),
    pytest.param("deye", "device/historyRaw", 7 * 12, id="five days of one inverter"),
]


@pytest.mark.parametrize(("vendor", "history", "fewest"), SIXTY_DAYS)
def test_a_backfill_of_sixty_days_orders_the_fewest_calls_that_the_spans_permit(
    three_plants: VendorHouse, vendor: str, history: str, fewest: int
) -> None:
    house, wish = three_plants, BackfillWish(date(2026, 4, 1), date(2026, 5, 30), vendor=vendor)
    house.add(vendor)
    house.pull_until_done(vendor)

    (told,) = plan_backfill(house.settings, wish, now=house.world.now())
    order_backfill(house.settings, wish, now=house.world.now(), run_id="test")

    assert told["calls"][history] == fewest
    ordered = "SELECT count(*) FROM ops.pull WHERE purpose = 'backfill' AND state = 'waiting' AND interface = :interface"
    assert house.one(ordered, interface=history) == fewest


@pytest.mark.torture
@pytest.mark.parametrize(("vendor", "history", "fewest"), SIXTY_DAYS)
def test_a_backfill_of_sixty_days_takes_no_call_and_no_hour_more_than_was_told(
    three_plants: VendorHouse, vendor: str, history: str, fewest: int
) -> None:
    assert_carried_out(three_plants, BackfillWish(date(2026, 4, 1), date(2026, 5, 30), vendor=vendor), history, fewest)


@pytest.mark.parametrize(
    ("vendor", "history", "fewest"),
    [
        pytest.param("huawei", "getDevHistoryKpi", 4 + 4, id="three days of all inverters, and of the weather station"),
        pytest.param("sungrow", "getDevicePointMinuteDataList", 12 * 8, id="three hours"),
        pytest.param("deye", "device/historyRaw", 3 * 3, id="five days of one of three inverters"),
    ],
)
def test_a_backfill_of_twelve_days_takes_no_call_and_no_hour_more_than_was_told(
    house: VendorHouse, vendor: str, history: str, fewest: int
) -> None:
    assert_carried_out(house, BackfillWish(date(2026, 5, 1), date(2026, 5, 12), vendor=vendor), history, fewest)


def assert_carried_out(house: VendorHouse, wish: BackfillWish, history: str, fewest: int) -> None:
    vendor = str(wish.vendor)
    house.add(vendor)
    house.pull_until_done(vendor)
    before = Counter(house.calls(vendor))

    (told,) = plan_backfill(house.settings, wish, now=house.world.now())
    order_backfill(house.settings, wish, now=house.world.now(), run_id="test")
    started = house.world.now()
    house.pull_until_done(vendor, purposes=("backfill",))

    made = Counter(house.calls(vendor)) - before
    assert made[history] - _of_the_schedule(house, history) == fewest
    assert house.refusals(vendor) == 0
    assert (house.world.now() - started).total_seconds() <= told["seconds"] + 3600
    house.load()
    for day in (wish.first, wish.first + (wish.last - wish.first) // 2, wish.last):
        assert all_told(house.day_energies("energy_day_kwh", vendor, day), house.truth(vendor, day)), day


def _of_the_schedule(house: VendorHouse, interface: str) -> int:
    """Calls of an interface that days of the schedule made while the backfill went on."""
    statement = (
        "SELECT count(*) FROM ops.pull "
        "WHERE purpose = 'days' AND state = 'done' AND interface = :interface AND planned_at > :first"
    )
    first = house.one("SELECT min(planned_at) FROM ops.pull WHERE purpose = 'days'")
    return int(house.one(statement, interface=interface, first=first))


def test_a_second_order_of_the_same_backfill_adds_nothing(house: VendorHouse) -> None:
    house.add("deye")
    house.pull_until_done("deye")
    wish = BackfillWish(date(2026, 5, 1), date(2026, 5, 10), tenant="clouds")

    order_backfill(house.settings, wish, now=house.world.now(), run_id="test")
    first = backlog(house.settings, house.ids["deye"], first=wish.first, last=wish.last)
    order_backfill(house.settings, wish, now=house.world.now(), run_id="test")

    assert first["waiting"] > 0
    assert backlog(house.settings, house.ids["deye"], first=wish.first, last=wish.last)["waiting"] == first["waiting"]


def test_refused_credentials_mark_the_account_and_stop_the_calls_until_a_person_acts(house: VendorHouse) -> None:
    house.add("huawei", {"login": "nbi-user", "password": "wrong"})

    with pytest.raises(Rejected):
        house.pull("huawei")
    for _ in range(3):
        house.world.clock.advance(3600)
        assert not house.is_due("huawei")
        with pytest.raises(NeedsHuman):
            house.pull("huawei")

    (told,) = list_integrations(house.settings, now=house.world.now())
    assert (told["state"], house.calls("huawei")) == ("rejected", {"login": 1})
    assert "20400" in told["reason"]

    house.add("huawei")
    assert house.is_due("huawei")
    house.pull_until_done("huawei")
    assert house.refusals("huawei") == 0


def test_a_budget_that_is_gone_waits_for_the_next_day_and_the_operator_sees_it(house: VendorHouse) -> None:
    house.add("huawei")
    house.pull_until_done("huawei")
    house.world.faults.switch_on("quota_gone", vendor="huawei", interface="getDevHistoryKpi")
    order_backfill(
        house.settings, BackfillWish(date(2026, 5, 1), date(2026, 5, 9), vendor="huawei"), now=house.world.now(), run_id="test"
    )
    before = house.world.now()

    for _ in range(40):
        house.world.clock.advance(300)
        house.pull("huawei")

    (told,) = list_integrations(house.settings, now=house.world.now())
    (block,) = [block for block in told["blocked"] if block["interface"] == "getDevHistoryKpi"]
    fault = house.world.faults.told()[0]
    assert fault["hits"] == 3
    assert datetime.fromisoformat(block["until"]) == datetime(2026, 6, 17, 0, 10, tzinfo=UTC)
    assert told["waiting"] > 0
    assert house.world.now() - before < timedelta(hours=4)

    house.world.faults.switch_off()
    house.world.clock.advance(13 * 3600)
    house.pull_until_done("huawei")
    (told,) = list_integrations(house.settings, now=house.world.now())
    assert told["blocked"] == []


def test_all_tasks_share_one_login(house: VendorHouse) -> None:
    house.add("huawei")
    failures: list[BaseException] = []

    def try_it() -> None:
        try:
            try_integration(house.settings, tenant="clouds", name="huawei", clock=house.world.now)
        except TryLater:
            pass
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)

    assert failures == []
    assert house.calls("huawei")["login"] == 1


def test_a_token_that_ends_early_is_replaced_once_and_the_second_time_somebody_else_is_named(house: VendorHouse) -> None:
    house.add("deye")
    house.pull_until_done("deye")
    house.world.tokens.end_all("deye")
    house.world.clock.advance(600)
    logins = house.calls("deye")["account/token"]

    house.pull("deye")

    assert house.calls("deye")["account/token"] == logins + 1
    house.world.faults.switch_on("token_expires", vendor="deye", times=0)
    house.world.clock.advance(600)
    note = house.pull("deye")["note"]
    (told,) = list_integrations(house.settings, now=house.world.now())
    assert "another program uses this account" in note
    assert told["blocked"][0]["interface"] == "*"
    assert house.calls("deye")["account/token"] == logins + 2


def test_a_disabled_account_rests_and_goes_on_where_it_stopped(house: VendorHouse) -> None:
    house.add("deye")
    set_state(house.settings, tenant="clouds", name="deye", state="disabled", now=house.world.now())

    assert not house.is_due("deye")
    with pytest.raises(NeedsHuman, match="disabled"):
        house.pull("deye")
    set_state(house.settings, tenant="clouds", name="deye", state="active", now=house.world.now())

    assert house.is_due("deye")
    assert house.pull("deye")["documents"] > 0
