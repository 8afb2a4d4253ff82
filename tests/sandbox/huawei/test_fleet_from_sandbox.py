"""Plants and devices that the served FusionSolar lists, as they are registered."""

from dataclasses import replace

from include.core.fleet import DeviceRow, PlantRow
from include.sources.clouds.huawei.cloud import CLOUD
from tests.sandbox.huawei.live import WEATHER_STATION, fleet_of
from tests.unit.sources.clouds.huawei.builders import CONTEXT, CREDENTIALS, SAO_PAULO, ZONES


def test_the_sandboxs_plants_are_registered_with_their_zones(clouds, account):
    (document,) = account.landed(CLOUD.fleet_requests(CREDENTIALS))

    registry = CLOUD.parse_fleet(document, CONTEXT)

    assert registry.plants == [
        PlantRow(
            plant.key,
            name=plant.name,
            timezone=plant.timezone,
            latitude=plant.latitude,
            longitude=plant.longitude,
            capacity_kwp=plant.capacity_kwp,
            commissioned_on=plant.installed_on,
        )
        for plant in clouds.world.sunshine.plants("huawei")
    ]


def test_the_sandboxs_devices_are_registered_with_the_vendors_types(clouds, account):
    (document,) = account.landed(CLOUD.device_requests(CREDENTIALS, fleet_of(clouds.world)))

    devices = {row.device_key: row for row in CLOUD.parse_fleet(document, CONTEXT).devices}

    inverters = [own for plant in clouds.world.sunshine.plants("huawei") for own in plant.inverters]
    assert len(devices) == len(inverters) + 3 + 1
    for own in inverters:
        row = DeviceRow(own.key, plant_key=own.plant_key, kind="inverter", name=own.name, model=own.model, vendor_type="1")
        assert replace(devices[own.key], serial=None) == row
    assert {devices[own.key].serial for own in inverters[:2]} == {"HV2140000000", "HV2140000001"}
    assert (devices["1000000070000002"].kind, devices["1000000070000002"].vendor_type) == ("logger", "2")
    assert (devices[WEATHER_STATION].kind, devices[WEATHER_STATION].plant_key) == ("sensor", SAO_PAULO)


def test_devices_of_plants_that_were_not_asked_for_are_left_out(clouds, account):
    clouds.world.faults.switch_on("foreign_row", vendor="huawei", interface="getDevList")
    (document,) = account.landed(CLOUD.device_requests(CREDENTIALS, fleet_of(clouds.world)))

    registry = CLOUD.parse_fleet(document, CONTEXT)

    assert b"NE=99999999" in document
    assert {row.plant_key for row in registry.devices} == set(ZONES)
