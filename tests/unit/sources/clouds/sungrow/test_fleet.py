from zoneinfo import ZoneInfo

import pytest

from include.sources.clouds.place import zone_of_offset
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, CONTEXT, answer


@pytest.mark.parametrize(
    ("given", "capacity_kwp"),
    [
        ({"total_capcity": {"unit": "kWp", "value": "270.00"}}, 270),
        ({"total_capcity": {"unit": "MWp", "value": "1.25"}}, 1250),
        ({"total_capcity": {"unit": "W", "value": 900}}, 0.9),
        ({"total_capcity": {"unit": "acres", "value": "3"}, "design_capacity": 120_000.0, "install_power": 100_000}, 120),
        ({"install_power": "100000"}, 100),
        ({"total_capcity": {"unit": "kWp", "value": "--"}}, None),
        ({"total_capcity": {"unit": "kWp", "value": "0"}}, None),
        ({}, None),
    ],
)
def test_the_capacity_of_a_plant_is_scaled_by_its_unit(given, capacity_kwp):
    (request, _) = CLOUD.fleet_requests(ACCOUNT)

    (plant,) = CLOUD.parse_fleet(answer(request, {"rowCount": 1, "pageList": [{"ps_id": 7, **given}]}), CONTEXT).plants

    assert plant.capacity_kwp == pytest.approx(capacity_kwp)


@pytest.mark.parametrize("place", [{}, {"latitude": 0, "longitude": 0}, {"latitude": "116.4", "longitude": "39.9"}])
def test_a_plant_without_a_place_has_the_offset_that_the_vendor_names(place):
    (request, _) = CLOUD.fleet_requests(ACCOUNT)
    row = {"ps_id": 7, "ps_name": "Roof", "install_date": "soon", "ps_current_time_zone": "GMT+8", **place}

    (plant,) = CLOUD.parse_fleet(answer(request, {"rowCount": 1, "pageList": [row]}), CONTEXT).plants

    assert (plant.plant_key, plant.timezone, plant.latitude, plant.commissioned_on) == ("7", "Etc/GMT-8", None, None)


def test_devices_keep_the_vendors_type_and_those_that_measure_nothing_are_left_out():
    (_, request) = CLOUD.fleet_requests(ACCOUNT)
    types = (1, "14", 55, 7, 5, 9, 22, 23, 43, 3, 51, None)
    listed = [{"ps_key": f"7_{device_type}_1_1", "ps_id": 7, "device_type": device_type} for device_type in types]

    registry = CLOUD.parse_fleet(answer(request, {"rowCount": 13, "pageList": [*listed, {"ps_id": 7}]}), CONTEXT)

    assert [(device.vendor_type, device.kind) for device in registry.devices] == [
        ("1", "inverter"), ("14", "inverter"), ("55", "inverter"), ("7", "meter"), ("5", "sensor"), ("9", "logger"),
        ("22", "logger"), ("23", "battery"), ("43", "battery"),
    ]  # fmt: skip
    assert [(row.row_number, row.reason.partition(";")[0]) for row in registry.rejected] == [
        (13, "row 13 of getDeviceListByUser has no ps_key")
    ]


@pytest.mark.parametrize(
    ("written", "usual", "expected"),
    [
        ("GMT+8", "America/Sao_Paulo", "Etc/GMT-8"),
        ("GMT-3", "America/Sao_Paulo", None),
        ("GMT+1", "Europe/Berlin", None),
        ("GMT+2", "Europe/Berlin", None),
        ("UTC+05:30", "Europe/Berlin", "Asia/Kolkata"),
        ("GMT+0", "Europe/Berlin", "Etc/UTC"),
        ("GMT", "Asia/Tokyo", "Etc/UTC"),
        ("GMT+15", "Europe/Berlin", None),
        ("GMT+3:17", "Europe/Berlin", None),
        ("8", "Europe/Berlin", None),
        (None, "Europe/Berlin", None),
        (["GMT+8"], "Europe/Berlin", None),
    ],
)
def test_an_offset_is_a_zone_unless_the_tenants_zone_has_it(written, usual, expected):
    assert zone_of_offset(written, ZoneInfo(usual)) == expected
