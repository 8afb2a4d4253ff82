"""Plants and devices of Deye's lists: where they are, what they are, and whose."""

import pytest

from include.sources.clouds.deye.cloud import CLOUD
from tests.unit.sources.clouds.deye.builders import CONTEXT, landed


def test_a_serial_number_of_two_types_is_the_inverter():
    listed = [
        ("A", "LORA_MASTER"),
        ("A", "MICRO_STORAGE_IN_ONE"),
        ("A", "INVERTER"),
        ("B", "BATTERY"),
        ("B", "COLLECTOR"),
        ("C", "MECD"),
    ]
    items = [{"deviceSn": serial, "deviceType": kind, "stationId": 5} for serial, kind in listed]
    foreign = {"deviceSn": "D", "deviceType": "INVERTER", "stationId": 6}
    payload = {"total": 7, "deviceListItems": [*items, foreign, {"deviceType": "INVERTER"}]}

    registry = CLOUD.parse_fleet(landed("station/device", payload, kind="fleet", subjects=(), stationIds=[5]), CONTEXT)

    assert [(d.device_key, d.plant_key, d.kind, d.vendor_type) for d in registry.devices] == [
        ("A", "5", "inverter", "MICRO_STORAGE_IN_ONE"),
        ("B", "5", "battery", "BATTERY"),
    ]
    assert [rejected.row_number for rejected in registry.rejected] == [8]


@pytest.mark.parametrize(
    ("row", "zone", "latitude"),
    [
        ({"regionTimezone": "Mars/Base", "locationLat": 52.5, "locationLng": "13.4"}, "Europe/Berlin", 52.5),
        ({"regionTimezone": None, "locationLat": 0, "locationLng": 0}, None, None),
        ({"regionTimezone": "Asia/Tokyo", "locationLat": 95, "locationLng": 0}, "Asia/Tokyo", None),
    ],
)
def test_a_zone_that_does_not_exist_is_found_by_the_place(row, zone, latitude):
    payload = {"total": 1, "stationList": [{"id": 5, "name": "x", "startOperatingTime": 0, "installedCapacity": 0, **row}]}

    (plant,) = CLOUD.parse_fleet(landed("station/list", payload, kind="fleet", subjects=()), CONTEXT).plants

    assert (plant.timezone, plant.latitude) == (zone, latitude)
    assert (plant.capacity_kwp, plant.commissioned_on) == (None, None)
