"""What is asked: the same for the same fleet, about the fleet alone, within the days, and without a secret."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span, day_span, zone
from include.core.vendors import VENDORS
from include.sources.clouds.portions import halves
from include.sources.clouds.registry import CLOUDS
from tests.sources.conformance.accounts import CREDENTIALS, SECRETS
from tests.sources.conformance.payloads import payloads

FIRST, LAST = date(2026, 10, 24), date(2026, 10, 26)
SPAN = Span(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))


def fleet_of(vendor: str) -> PulledFleet:
    """Plants and devices of the prepared lists, in two zones."""
    plants, devices = {}, {}
    for payload in payloads("fleet"):
        if payload.vendor == vendor and payload.path(".expected.json").exists():
            expected = payload.expected
            plants |= {row["key"]: row for row in expected["plants"]}
            devices |= {row["key"]: row for row in expected["devices"]}
    zones = ("Europe/Berlin", "America/Sao_Paulo")
    known = tuple(PulledPlant(key, zones[at % 2]) for at, key in enumerate(sorted(plants)))
    assert known
    found = (PulledDevice(key, row.get("plant_key") or known[0].key, row["vendor_type"]) for key, row in sorted(devices.items()))
    return PulledFleet(known, tuple(found))


def every_request(vendor: str, fleet: PulledFleet) -> list[Request]:
    cloud = CLOUDS[vendor]
    return [
        *cloud.fleet_requests(CREDENTIALS),
        *cloud.device_requests(CREDENTIALS, fleet),
        *cloud.snapshot_requests(CREDENTIALS, fleet),
        *cloud.alarm_requests(CREDENTIALS, fleet, SPAN),
        *cloud.day_requests(CREDENTIALS, fleet, FIRST, LAST, False),
    ]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_same_fleet_in_any_order_is_asked_about_in_the_same_requests(vendor: str) -> None:
    fleet = fleet_of(vendor)
    turned = PulledFleet(fleet.plants[::-1], fleet.devices[::-1])

    assert {request.key for request in every_request(vendor, turned)} == {request.key for request in every_request(vendor, fleet)}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_request_is_plain_json_about_known_subjects_without_a_secret(vendor: str) -> None:
    fleet = fleet_of(vendor)
    keys = {plant.key for plant in fleet.plants} | {device.key for device in fleet.devices}

    requests = every_request(vendor, fleet)

    assert {request.kind for request in requests} == {"fleet", "plants", "devices", "alarms"}
    for request in requests:
        written = json.dumps(request.as_json())
        assert Request.from_json(json.loads(written)) == request
        assert set(request.subjects) <= keys
        assert [secret for secret in SECRETS if secret in written] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_days_that_are_wanted_are_asked_for_whole_at_every_plant(vendor: str) -> None:
    fleet = fleet_of(vendor)

    requests = CLOUDS[vendor].day_requests(CREDENTIALS, fleet, FIRST, LAST, False)

    zones = {plant.key: plant.timezone for plant in fleet.plants}
    for plant, timezone in zones.items():
        wanted = day_span(FIRST, zone(timezone), (LAST - FIRST).days + 1)
        spans = sorted(
            (request.span for request in requests if plant in request.subjects and request.span), key=lambda span: span.start
        )
        assert spans, plant
        assert min(span.start for span in spans) <= wanted.start
        assert max(span.end for span in spans) >= wanted.end
        reached = wanted.start
        for span in spans:
            assert span.start <= max(reached, wanted.start) or span.start >= wanted.end
            reached = max(reached, span.end)
        assert reached >= wanted.end


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_group_can_be_halved_down_to_each_of_its_members(vendor: str) -> None:
    cloud = CLOUDS[vendor]
    for request in every_request(vendor, fleet_of(vendor)):
        if (field := cloud.group_fields.get(request.interface)) is None:
            continue
        waiting, single = [request], []
        while waiting:
            one = waiting.pop()
            parts = halves(one, field)
            (waiting.extend(parts) if parts else single.append(one))
        assert len({one.key for one in single}) == len(single)
        assert sorted(subject for one in single for subject in one.subjects) == sorted(request.subjects)
        assert all(one.span == request.span for one in single)


@pytest.mark.parametrize("vendor", VENDORS)
def test_limits_are_of_interfaces_that_are_called_or_of_all_together(vendor: str) -> None:
    limits = CLOUDS[vendor].rate_limits(CREDENTIALS, fleet_of(vendor))

    assert all(limit.calls >= 1 and timedelta(seconds=limit.window_s) <= timedelta(days=1) for limit in limits)
