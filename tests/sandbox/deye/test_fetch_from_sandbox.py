"""Pages, groups and histories of the served Deye Cloud."""

from collections import Counter
from datetime import date

import pytest

from include.core.errors import TryLater
from include.core.pulls import PulledFleet, Request
from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.errors import MemberRefused
from include.sources.clouds.portions import halves
from tests.unit.sources.clouds.deye.builders import ACCOUNT, CONTEXT, FLEET, ZONES, readings


def test_lists_are_walked_to_the_last_page(account):
    (request,) = CLOUD.fleet_requests(ACCOUNT)

    documents = account.landed(Request(request.interface, {"page": 1, "size": 2}, "fleet"))

    keys = [plant.plant_key for document in documents for plant in CLOUD.parse_fleet(document, CONTEXT).plants]
    assert keys == list(ZONES)
    assert Counter(account.budget.interfaces)["station/list"] == 2


@pytest.mark.parametrize("fault", ["repeated_page", "missing_page"])
def test_a_page_that_repeats_or_is_missing_is_never_a_short_list(clouds, account, fault):
    clouds.world.faults.switch_on(fault, vendor="deye", interface="station/list")

    with pytest.raises(TryLater, match="of 3 rows"):
        account.landed(Request("station/list", {"page": 1, "size": 2}, "fleet"))


def test_day_by_day_gives_the_same_readings(clouds, account):
    fleet = PulledFleet(FLEET.plants[1:2], FLEET.devices_of("INVERTER")[3:4])
    requests = CLOUD.day_requests(ACCOUNT, fleet, date(2026, 3, 28), date(2026, 3, 30), True)
    at_once = account.readings(*requests)
    # The first of a burst is HTTP 500 with the body of a call that the cloud fell over.
    clouds.world.faults.switch_on("burst_5xx", vendor="deye", interface="device/historyRaw", times=1)

    day_by_day = account.readings(*requests)

    assert day_by_day == at_once
    assert Counter(account.budget.interfaces)["device/history"] == 3


def now_of(*serials):
    return Request("device/latest", {"deviceList": list(serials)}, "devices", subjects=serials)


def in_halves(account, request):
    """The landed answers of a request, asked again in halves where a member is refused, and the members left out."""
    try:
        return account.landed(request), []
    except MemberRefused:
        parts = [in_halves(account, half) for half in halves(request, CLOUD.group_fields[request.interface])]
        left_out = [member for _, members in parts for member in members] if parts else list(request.subjects)
        return [document for documents, _ in parts for document in documents], left_out


def test_one_unknown_device_does_not_silence_its_group(account):
    serials = [device.key for device in FLEET.devices]

    documents, left_out = in_halves(account, now_of("404", *serials))

    assert {subject for subject, _ in readings(*documents)} == set(serials)
    assert left_out == ["404"]


def test_a_group_of_unknown_devices_has_no_answer(account):
    with pytest.raises(MemberRefused, match="2101032"):
        account.landed(now_of("404", "405"))

    assert in_halves(account, now_of("404", "405")) == ([], ["404", "405"])
