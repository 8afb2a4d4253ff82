"""Accounts of the three vendors are pulled within their limits: figures as they were, refusals with a reason, no call wasted."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from include.core.errors import NeedsHuman, TryLater
from include.landing.store import ObjectStore
from include.sources.clouds.errors import Rejected
from include.steps.backfill import BackfillWish, backlog, order_backfill, plan_backfill
from include.steps.integrations import authorization_page, authorize, list_integrations, set_state, try_integration
from include.warehouse.engine import transaction
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import OAUTH, VENDORS, VendorHouse, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

AFTER_CLOCK_CHANGE = datetime(2026, 3, 31, 12, tzinfo=UTC)
"""Germany set its clocks forward on 2026-03-29, one of the three days that are pulled then."""


@pytest.fixture
def house(warehouse_url: str, clouds: Any, tmp_path: Path) -> VendorHouse:
    return build(warehouse_url, clouds, tmp_path)


@pytest.fixture
def spring(warehouse_url: str, tmp_path: Path) -> Iterator[VendorHouse]:
    with live_clouds(AFTER_CLOCK_CHANGE) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


def _all_told(told: dict[str, float], truth: dict[str, float]) -> bool:
    return told.keys() == truth.keys() and all(told[key] == pytest.approx(truth[key], rel=0.005) for key in truth)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_energies_of_three_closed_days_are_those_that_were_generated_in_each_plants_own_zone(
    spring: VendorHouse, vendor: str
) -> None:
    spring.add(vendor)

    spring.pull_until_done(vendor)
    spring.load()

    zones = dict(spring.rows("SELECT plant_key, timezone FROM fleet.plant"))
    assert set(zones.values()) == {"America/Sao_Paulo", "Europe/Berlin", "Asia/Shanghai"}
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)):
        truth = spring.truth(vendor, day)
        assert _all_told(spring.day_energies("energy_day_kwh", vendor, day), truth), day
        inverters = spring.day_energies("energy_today_kwh", vendor, day, of="device")
        for plant in spring.world.sunshine.plants(vendor):
            assert sum(inverters[inverter.key] for inverter in plant.inverters) == pytest.approx(truth[plant.key], rel=0.005), day
    assert spring.refusals(vendor) == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_integral_of_power_is_the_energy_wherever_every_inverter_was_heard(spring: VendorHouse, vendor: str) -> None:
    spring.add(vendor)

    spring.pull_until_done(vendor)
    spring.load()

    compared = 0
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)):
        integrated = spring.day_energies("ac_power_kw", vendor, day)
        for plant in spring.world.sunshine.plants(vendor):
            days = [spring.world.sunshine.day(inverter, day) for inverter in plant.inverters]
            if all(power is not None for own in days for power in own.power_kw):
                assert integrated[plant.key] == pytest.approx(sum(own.energy_kwh for own in days), rel=0.005), (day, plant.name)
                compared += 1
    assert compared >= 7


def test_plants_of_other_owners_are_pulled_by_consent(house: VendorHouse) -> None:
    house.add("sungrow", {**OAUTH}, name="owners")
    with pytest.raises(Rejected, match="helio integration authorize"):
        house.pull("owners")

    page = authorization_page(house.settings, tenant="clouds", name="owners")
    authorize(house.settings, tenant="clouds", name="owners", code="code01", clock=house.world.now)
    house.pull_until_done("owners")
    house.load()

    assert "applicationId=4711" in page
    assert _all_told(
        house.day_energies("energy_day_kwh", "sungrow", date(2026, 6, 15)), house.truth("sungrow", date(2026, 6, 15))
    )
    refresh = [
        ("apiManage/token", 1),
        ("apiManage/refreshToken", 1),
    ]
    house.world.clock.advance(2 * 86_400)
    house.pull("owners")
    assert [(name, house.calls("sungrow")[name]) for name, _ in refresh] == refresh


@pytest.mark.parametrize(
    ("vendor", "history", "fewest"),
    [
        pytest.param(
            "huawei", "getDevHistoryKpi", 21 + 20, id="three days of ten inverters; the weather station is a type of its own"
        ),
        pytest.param("sungrow", "getDevicePointMinuteDataList", 60 * 8, id="three hours of fifty inverters"),
        pytest.param("deye", "device/historyRaw", 7 * 12, id="five days of one inverter"),
    ],
)
def test_a_backfill_of_sixty_days_takes_the_fewest_calls_that_the_spans_permit(
    house: VendorHouse, vendor: str, history: str, fewest: int
) -> None:
    house.add(vendor)
    house.pull_until_done(vendor)
    before = Counter(house.calls(vendor))
    wish = BackfillWish(date(2026, 4, 1), date(2026, 5, 30), vendor=vendor)

    (told,) = plan_backfill(house.settings, wish, now=house.world.now())
    order_backfill(house.settings, wish, now=house.world.now(), run_id="test")
    started = house.world.now()
    house.pull_until_done(vendor, purposes=("backfill",))

    made = Counter(house.calls(vendor)) - before
    assert told["calls"][history] == fewest
    assert made[history] - _of_the_schedule(house, history) == fewest
    assert house.refusals(vendor) == 0
    assert (house.world.now() - started).total_seconds() <= told["seconds"] + 3600
    house.load()
    for day in (date(2026, 4, 1), date(2026, 4, 30), date(2026, 5, 30)):
        assert _all_told(house.day_energies("energy_day_kwh", vendor, day), house.truth(vendor, day)), day


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


def test_landed_answers_read_again_without_a_network_are_the_same_readings(house: VendorHouse) -> None:
    for vendor in VENDORS:
        house.add(vendor)
        house.pull_until_done(vendor)
    house.load()
    readings = house.readings()

    house.world.faults.switch_on("connection_reset", times=0)
    with transaction(house.settings.database_url) as connection:
        connection.execute(text("TRUNCATE mart.reading, mart.superseded_reading, mart.rollup, landing.load"))
        connection.execute(text("UPDATE landing.document SET state = 'landed' WHERE state = 'loaded'"))
    house.load()

    assert len(readings) > 20_000
    assert house.readings() == readings
    assert house.world.faults.told()[0]["hits"] == 0


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
        thread.join(30)

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


def test_no_secret_rests_in_clear(house: VendorHouse) -> None:
    for vendor in VENDORS:
        house.add(vendor)
        house.pull_until_done(vendor)
    house.add("sungrow", {**OAUTH}, name="sungrow-owners")
    authorize(house.settings, tenant="clouds", name="sungrow-owners", code="code01", clock=house.world.now)
    house.pull("sungrow-owners")
    house.load()
    secrets = ["Nbi@12345", "sgpass", "deyepass", "deyesecret", "A" * 32, "s" * 32, *_tokens(house)]
    assert len(secrets) >= 10

    schemas = ["landing", "fleet", "mart", "ops"]
    named = house.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY (:schemas)", schemas=schemas
    )
    tables = [row[0] for row in named]
    rows = "\n".join(str(row) for table in tables for row in house.rows(f"SELECT t::text FROM {table} AS t"))
    landed = b"\n".join(
        ObjectStore(house.settings.landing).open_delivered(uri, sha256=sha256).read()
        for uri, sha256 in house.rows(
            "SELECT uri, sha256 FROM landing.document WHERE feed LIKE ANY (ARRAY['sungrow%','deye%','huawei%'])"
        )
    )

    for secret in secrets:
        assert secret not in rows, secret[:4]
        assert secret.encode().hex() not in rows, secret[:4]
        assert secret.encode() not in landed, secret[:4]


def _tokens(house: VendorHouse) -> list[str]:
    return [token for _, token in house.world.tokens._good]


def test_a_disabled_account_rests_and_goes_on_where_it_stopped(house: VendorHouse) -> None:
    house.add("deye")
    set_state(house.settings, tenant="clouds", name="deye", state="disabled", now=house.world.now())

    assert not house.is_due("deye")
    with pytest.raises(NeedsHuman, match="disabled"):
        house.pull("deye")
    set_state(house.settings, tenant="clouds", name="deye", state="active", now=house.world.now())

    assert house.is_due("deye")
    assert house.pull("deye")["documents"] > 0
