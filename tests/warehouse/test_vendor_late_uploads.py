"""Uploads that come hours and weeks late, at plants in three zones: from the vendor's answer to the published figures."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from include.steps import pull_plan
from sandbox.fleet import FIXED_PLANTS
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import CLOUD_NAMES, VendorHouse, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)
HOURS_LATE, WEEKS_LATE = date(2026, 6, 16), date(2026, 6, 17)
PUBLISHED = (
    "SELECT timezone, energy_kwh FROM api.plant_day JOIN fleet.plant USING (plant_id) "
    "WHERE local_date = :day AND energy_kwh IS NOT NULL"
)


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path) -> Iterator[VendorHouse]:
    """Three roofs with one inverter each, one in each zone."""
    with live_clouds(NOON, first=FIXED_PLANTS) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


def pull(house: VendorHouse, vendor: str, at: datetime) -> None:
    """Put the clock to an instant, pull what has fallen due, and load it."""
    house.world.clock.advance((at - house.world.now()).total_seconds())
    house.pull_until_done(vendor, purposes=("fleet", "days"))
    house.load()


def published(house: VendorHouse, day: date) -> dict[str, float]:
    """Published energy [kWh] of the plant in each zone, where it is known."""
    return dict(house.rows(PUBLISHED, day=day))


def heard_until(house: VendorHouse) -> datetime:
    """The last instant of the day in Berlin of which an inverter there told anything."""
    heard: datetime = house.one(
        "SELECT max(measured_at) FROM mart.reading JOIN fleet.series AS s USING (series_id) JOIN fleet.device USING (device_id) "
        "JOIN fleet.plant AS p ON p.plant_id = device.plant_id "
        "WHERE p.timezone = 'Europe/Berlin' AND (measured_at AT TIME ZONE p.timezone)::date = :day",
        day=HOURS_LATE,
    )
    return heard


def generated(house: VendorHouse, vendor: str, day: date) -> dict[str, float]:
    zones = {plant.key: plant.timezone for plant in house.world.sunshine.plants(vendor)}
    return {zones[key]: energy_kwh for key, energy_kwh in house.truth(vendor, day).items()}


@pytest.mark.torture
@pytest.mark.parametrize("vendor", CLOUD_NAMES)
def test_what_is_uploaded_four_hours_late_is_in_the_figures_of_every_zone_a_day_later(
    house: VendorHouse, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_plan, "PULLED_AGAIN", 2)  # the third look at a day says nothing more
    house.add(vendor)
    pull(house, vendor, NOON)
    house.world.faults.switch_on("upload_4_hours_late", vendor=vendor, times=0)

    # Ten past one in the night in Berlin: what was measured there after ten past nine is not known yet.
    pull(house, vendor, datetime(2026, 6, 16, 23, 10, tzinfo=UTC))
    early = heard_until(house), published(house, HOURS_LATE)["Europe/Berlin"]
    pull(house, vendor, datetime(2026, 6, 18, 12, tzinfo=UTC))

    assert early < (heard_until(house), published(house, HOURS_LATE)["Europe/Berlin"])
    assert published(house, HOURS_LATE) == pytest.approx(generated(house, vendor, HOURS_LATE), rel=0.005)


@pytest.mark.parametrize("vendor", [pytest.param(v, marks=() if v == "huawei" else pytest.mark.torture) for v in CLOUD_NAMES])
def test_what_is_uploaded_twenty_days_late_is_in_the_figures_of_every_zone(
    house: VendorHouse, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_plan, "PULLED_AGAIN", 1)  # the days around it say nothing more
    house.add(vendor)
    pull(house, vendor, NOON)
    house.world.faults.switch_on("upload_20_days_late", vendor=vendor, times=0)
    pull(house, vendor, datetime(2026, 6, 18, 12, tzinfo=UTC))
    missing = published(house, WEEKS_LATE)
    # As if the days in between had been asked for as well, one after the other, in vain.
    house.rows("UPDATE ops.pull_plan SET ends_on = '2026-07-15' WHERE purpose = 'days' RETURNING 1")

    pull(house, vendor, datetime(2026, 7, 17, 12, tzinfo=UTC))

    assert missing == {}
    assert published(house, WEEKS_LATE) == pytest.approx(generated(house, vendor, WEEKS_LATE), rel=0.005)
