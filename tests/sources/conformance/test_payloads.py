"""What the vendors' published answers mean is what we read from them, again and again."""

import dataclasses
from datetime import date, datetime

import pytest

from include.core.pulls import Request
from include.core.vendors import VENDORS
from include.sources.clouds.document import pack, unpack_answer, unpack_request
from include.sources.clouds.registry import CLOUDS
from tests.sources.conformance import known_differences
from tests.sources.conformance.payloads import Payload, expected_readings, payloads, readings

EVERY = [one for one in payloads("fleet", "plants", "devices", "alarms") if one.is_read]


def marked(found: list[Payload], differences: dict[str, str]) -> list:
    """Known differences must fail, so that whoever mends one strikes it off the list."""
    marks = {
        str(payload): pytest.mark.xfail(reason=differences[str(payload)], strict=True)
        for payload in found
        if str(payload) in differences
    }
    return [pytest.param(payload, id=str(payload), marks=marks.get(str(payload), ())) for payload in found]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_has_answers_of_every_kind(vendor: str) -> None:
    assert {payload.request.kind for payload in EVERY if payload.vendor == vendor} == {"fleet", "plants", "devices", "alarms"}


@pytest.mark.parametrize(
    "payload",
    marked([one for one in payloads("plants", "devices") if one.is_read], known_differences.READINGS),
)
def test_an_answer_tells_the_readings_that_were_worked_out_by_hand(payload: Payload) -> None:
    found = readings(CLOUDS[payload.vendor].parse(payload.document, payload.context))

    expected = expected_readings(payload)
    assert (found - expected, expected - found) == ({}, {})


@pytest.mark.parametrize("payload", marked([one for one in payloads("fleet") if one.is_read], known_differences.FLEETS))
def test_a_list_registers_the_plants_and_devices_that_it_names(payload: Payload) -> None:
    registry = CLOUDS[payload.vendor].parse_fleet(payload.document, payload.context)

    expected = payload.expected
    found = {
        "plants": [as_named(row, "plant_key") for row in registry.plants],
        "devices": [as_named(row, "device_key") for row in registry.devices],
    }
    for kind in ("plants", "devices"):
        assert [row["key"] for row in found[kind]] == [row["key"] for row in expected[kind]]
        for row, wanted in zip(found[kind], expected[kind], strict=True):
            assert {name: row[name] for name in wanted} == wanted
    assert registry.rejected == []


@pytest.mark.parametrize("payload", marked(payloads("alarms"), known_differences.ALARMS))
def test_a_list_of_alarms_says_what_happened(payload: Payload) -> None:
    found = CLOUDS[payload.vendor].parse_alarms(payload.document, payload.context)

    expected = payload.expected
    assert found.is_complete == expected.get("is_complete", found.is_complete)
    assert len(found.alarms) == len(expected["alarms"])
    for alarm, wanted in zip(found.alarms, expected["alarms"], strict=True):
        row = as_named(alarm, "key")
        assert {name: row[name] for name in wanted} == wanted


def as_named(row: object, key: str) -> dict:
    """Fields of a row as the expectations write them."""
    written = dataclasses.asdict(row)
    values = {name: _written(value) for name, value in written.items()}
    return values | {"key": values[key]}


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value) if isinstance(value, date) else value


@pytest.mark.parametrize("payload", EVERY, ids=str)
def test_reading_an_answer_again_gives_the_same(payload: Payload) -> None:
    document = payload.document

    first, second = (meaning(payload, body) for body in (document, memoryview(bytearray(document))))

    assert first == second
    assert pack(payload.vendor, payload.request, payload.raw) == document


def meaning(payload: Payload, body: bytes | memoryview) -> object:
    cloud = CLOUDS[payload.vendor]
    if payload.request.kind == "fleet":
        return cloud.parse_fleet(body, payload.context)
    if payload.request.kind == "alarms":
        return cloud.parse_alarms(body, payload.context)
    return [(piece.frame.to_csv(), piece.missing_count) for piece in cloud.parse(body, payload.context)]


@pytest.mark.parametrize("payload", EVERY, ids=str)
def test_a_document_keeps_its_request_and_the_bytes_of_the_answer(payload: Payload) -> None:
    assert unpack_request(payload.document) == payload.request
    assert unpack_answer(payload.document).request == payload.request
    assert payload.document.endswith(b"\n" + payload.raw)
    assert Request.from_json(payload.request.as_json()) == payload.request
