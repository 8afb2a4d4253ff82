"""Stations and devices of the served Deye Cloud."""

from datetime import date

from include.sources.clouds.deye.cloud import CLOUD
from tests.unit.sources.clouds.deye.builders import ACCOUNT, BERLIN, CONTEXT, FLEET, SAO_PAULO, SHANGHAI, ZONES


def test_stations_come_with_zone_place_capacity_and_first_day(account):
    (document,) = account.landed(*CLOUD.fleet_requests(ACCOUNT))

    plants = CLOUD.parse_fleet(document, CONTEXT).plants

    assert [(plant.plant_key, plant.name, plant.timezone) for plant in plants] == [
        (SAO_PAULO, "Usina Serf East", "America/Sao_Paulo"),
        (BERLIN, "Halle Nord", "Europe/Berlin"),
        (SHANGHAI, "Suzhou Roof 3", "Asia/Shanghai"),
    ]
    assert [plant.commissioned_on for plant in plants] == [date(2024, 2, 12), date(2024, 3, 18), date(2024, 4, 9)]
    assert [plant.capacity_kwp for plant in plants] == [270.0, 120.0, 204.0]
    assert (plants[1].latitude, plants[1].longitude) == (52.49, 10.86)


def test_devices_come_with_their_kind_and_station(account):
    requests = CLOUD.device_requests(ACCOUNT, FLEET)

    (document,) = account.landed(*requests)

    devices = CLOUD.parse_fleet(document, CONTEXT).devices
    assert [(d.device_key, d.plant_key) for d in devices if d.kind == "inverter"] == [(d.key, d.plant_key) for d in FLEET.devices]
    assert [(d.device_key, d.vendor_type) for d in devices if d.kind == "logger"] == [(f"41{key}", "COLLECTOR") for key in ZONES]
