"""The last three days of all vendors, pulled once: what was generated, told as it was, and no secret kept."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from include.landing.store import ObjectStore
from include.steps.integrations import authorize
from include.warehouse.engine import transaction
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import CLOUD_NAMES, OAUTH, VendorHouse, all_told, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]


COUNTED = {"solaredge": "energy_15min_kwh"}
"""What tells an inverter's energy beside its power where that is no counter of the day."""

AFTER_CLOCK_CHANGE = datetime(2026, 3, 31, 12, tzinfo=UTC)
"""Germany set its clocks forward on 2026-03-29, one of the three days that are pulled then."""


@pytest.fixture(scope="module")
def spring(new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorHouse]:
    with live_clouds(AFTER_CLOCK_CHANGE) as clouds:
        house = build(new_warehouse(), clouds, tmp_path_factory.mktemp("house"))
        for vendor in CLOUD_NAMES:
            house.add(vendor)
            house.pull_until_done(vendor)
        house.load()
        yield house


@pytest.mark.parametrize("vendor", CLOUD_NAMES)
def test_the_energies_of_three_closed_days_are_those_that_were_generated_in_each_plants_own_zone(
    spring: VendorHouse, vendor: str
) -> None:
    zones = dict(spring.rows("SELECT plant_key, timezone FROM fleet.plant"))
    assert set(zones.values()) == {"America/Sao_Paulo", "Europe/Berlin", "Asia/Shanghai"}
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)):
        truth = spring.truth(vendor, day)
        assert all_told(spring.day_energies("energy_day_kwh", vendor, day), truth), day
        inverters = spring.day_energies(COUNTED.get(vendor, "energy_today_kwh"), vendor, day, of="device")
        for plant in spring.world.sunshine.plants(vendor):
            assert sum(inverters[inverter.key] for inverter in plant.inverters) == pytest.approx(truth[plant.key], rel=0.005), day
    assert spring.refusals(vendor) == 0


@pytest.mark.parametrize("vendor", CLOUD_NAMES)
def test_the_integral_of_power_is_the_energy_wherever_every_inverter_was_heard(spring: VendorHouse, vendor: str) -> None:
    compared = 0
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)):
        integrated = spring.day_energies("ac_power_kw", vendor, day)
        for plant in spring.world.sunshine.plants(vendor):
            days = [spring.world.sunshine.day(inverter, day) for inverter in plant.inverters]
            if all(power is not None for own in days for power in own.power_kw):
                assert integrated[plant.key] == pytest.approx(sum(own.energy_kwh for own in days), rel=0.005), (day, plant.name)
                compared += 1
    assert compared >= 7


@pytest.mark.parametrize("vendor", CLOUD_NAMES)
def test_the_published_energy_is_what_was_generated_also_where_power_was_silent_for_a_time(
    spring: VendorHouse, vendor: str
) -> None:
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)):
        truth = spring.truth(vendor, day)
        rows = spring.rows(
            "SELECT plant_key, energy_kwh, completeness FROM api.plant_day JOIN fleet.plant USING (plant_id) "
            "WHERE source = :vendor AND local_date = :day",
            vendor=vendor,
            day=day,
        )
        assert {key: energy_kwh for key, energy_kwh, _ in rows} == pytest.approx(truth, rel=0.005), day
        assert all(completeness > 0.99 for *_, completeness in rows), day


def test_landed_answers_read_again_without_a_network_are_the_same_readings(spring: VendorHouse) -> None:
    readings = spring.readings()

    spring.world.faults.switch_on("connection_reset", times=0)
    with transaction(spring.settings.database_url) as connection:
        connection.execute(text("TRUNCATE mart.reading, mart.superseded_reading, mart.rollup, landing.load"))
        connection.execute(text("UPDATE landing.document SET state = 'landed' WHERE state = 'loaded'"))
    spring.load()

    assert len(readings) > 20_000
    assert spring.readings() == readings
    assert spring.world.faults.told()[0]["hits"] == 0
    spring.world.faults.switch_off()


def test_no_secret_rests_in_clear(spring: VendorHouse) -> None:
    spring.add("sungrow", {**OAUTH}, name="sungrow-owners")
    authorize(spring.settings, tenant="clouds", name="sungrow-owners", code="code01", clock=spring.world.now)
    spring.pull("sungrow-owners")
    spring.load()
    secrets = [
        "Nbi@12345",
        "sgpass",
        "deyepass",
        "deyesecret",
        "solaredge-demo-key",
        "growatt-demo-token",
        "A" * 32,
        "s" * 32,
        *_tokens(spring),
    ]
    assert len(secrets) >= 12

    schemas = ["landing", "fleet", "mart", "ops"]
    named = spring.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY (:schemas)", schemas=schemas
    )
    tables = [row[0] for row in named]
    rows = "\n".join(str(row) for table in tables for row in spring.rows(f"SELECT t::text FROM {table} AS t"))
    landed = b"\n".join(
        ObjectStore(spring.settings.landing).open_delivered(uri, sha256=sha256).read()
        for uri, sha256 in spring.rows(
            "SELECT uri, sha256 FROM landing.document WHERE split_part(feed, '_', 1) = ANY (:vendors)", vendors=list(CLOUD_NAMES)
        )
    )

    for secret in secrets:
        assert secret not in rows, secret[:4]
        assert secret.encode().hex() not in rows, secret[:4]
        assert secret.encode() not in landed, secret[:4]


def _tokens(spring: VendorHouse) -> list[str]:
    return [token for _, token in spring.world.tokens._good]
