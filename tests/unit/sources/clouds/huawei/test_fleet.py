"""Plants and devices of Huawei's lists."""

import json

import pytest

from include.core.errors import BadDocument
from include.core.fleet import PlantRow
from include.core.pulls import Request
from include.sources.clouds.document import pack
from include.sources.clouds.huawei.cloud import CLOUD
from tests.unit.sources.clouds.huawei.builders import CONTEXT, CREDENTIALS, document


def devices_document(*rows, plants="A"):
    return pack("huawei", Request("getDevList", {"stationCodes": plants}, "fleet"), json.dumps({"data": rows}).encode())


def test_kinds_of_devices_that_do_not_matter_are_left_out_and_broken_rows_set_aside():
    kinds = {1: "inverter", 38: "inverter", 10: "sensor", 17: "meter", 47: "meter", 39: "battery", 41: "battery", 62: "logger"}
    rows = [{"id": number, "devTypeId": number, "stationCode": "A"} for number in (*kinds, 8, 22, 46, 60003)]

    registry = CLOUD.parse_fleet(devices_document(*rows, {"id": 5}, "text"), CONTEXT)

    assert {int(row.vendor_type): row.kind for row in registry.devices} == kinds
    assert [(row.row_number, row.reason) for row in registry.rejected] == [
        (13, "row 13 of getDevList has no id or no devTypeId"),
        (14, "row 14 of getDevList has no id or no devTypeId"),
    ]


def test_devices_of_plants_that_were_not_asked_for_are_left_out():
    rows = [{"id": number, "devTypeId": 1, "stationCode": plant} for number, plant in enumerate(("A", "B", "C", None))]

    registry = CLOUD.parse_fleet(devices_document(*rows, plants="A,B"), CONTEXT)

    assert [(row.device_key, row.plant_key) for row in registry.devices] == [("0", "A"), ("1", "B"), ("3", None)]


def test_a_plant_without_place_capacity_and_date_is_registered_by_its_key_alone():
    rows = [
        {"plantCode": "A", "latitude": 0, "longitude": 0.0, "capacity": 0, "gridConnectionDate": None},
        {"plantCode": "B", "latitude": "-21.17", "longitude": "-47.81", "capacity": "270.5"},
        {"plantName": "no code"},
    ]
    body = pack("huawei", CLOUD.fleet_requests(CREDENTIALS)[0], json.dumps({"data": {"list": rows}}).encode())

    registry = CLOUD.parse_fleet(body, CONTEXT)

    assert registry.plants == [
        PlantRow("A"),
        PlantRow("B", timezone="America/Sao_Paulo", latitude=-21.17, longitude=-47.81, capacity_kwp=270.5),
    ]
    assert [row.row_number for row in registry.rejected] == [3]


@pytest.mark.parametrize("body", [document("getAlarmList", []), document("stations", []), document("getDevList", {})])
def test_what_lists_neither_plants_nor_devices_is_a_bad_document(body):
    with pytest.raises(BadDocument):
        CLOUD.parse_fleet(body, CONTEXT)
