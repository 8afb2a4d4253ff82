from collections import Counter
from datetime import UTC, date, datetime

import pytest

from include.core.pulls import PulledDevice, PulledFleet
from include.core.span import Span
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, BOTH, FLEET, JUNE_14, NOW, OCTOBER_CHANGE, OWNERS


@BOTH
def test_sixty_days_of_seven_inverters_take_480_calls_and_a_few_for_their_energies(credentials):
    requests = CLOUD.day_requests(credentials, FLEET, date(2026, 4, 17), date(2026, 6, 15), True)

    calls = Counter((request.kind, "Minute" in request.interface) for request in requests)
    assert calls == {("devices", True): 480, ("devices", False): 1, ("plants", False): 2}
    assert len({request.key for request in requests}) == 483


@BOTH
def test_a_daily_pull_also_asks_for_the_five_minute_values_of_plants(credentials):
    requests = CLOUD.day_requests(credentials, FLEET, JUNE_14, JUNE_14, False)

    calls = Counter((request.kind, "Minute" in request.interface) for request in requests)
    assert calls == {("devices", True): 8, ("plants", True): 8, ("devices", False): 1, ("plants", False): 1}


def test_a_window_is_three_local_hours_less_the_row_of_the_next_one():
    requests = [
        request for request in CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True) if "Minute" in request.interface
    ]

    ends = [(request.body["start_time_stamp"], request.body["end_time_stamp"]) for request in requests]
    assert ends[:2] == [("20260614000000", "20260614025500"), ("20260614030000", "20260614055500")]
    assert ends[-1] == ("20260614210000", "20260614235500")
    assert requests[0].body["points"] == "p24,p14,p25,p26,p27,p4,p1,p2,p29"


def test_the_span_of_a_window_is_the_union_over_the_zones_of_its_plants():
    first = next(
        request for request in CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True) if "Minute" in request.interface
    )
    only_berlin = PulledFleet(FLEET.plants[1:2], FLEET.devices)
    berlin = [
        request
        for request in CLOUD.day_requests(ACCOUNT, only_berlin, OCTOBER_CHANGE, OCTOBER_CHANGE, True)
        if "Minute" in request.interface
    ]

    assert first.span == Span(datetime(2026, 6, 13, 16, tzinfo=UTC), datetime(2026, 6, 14, 6, tzinfo=UTC))
    # From midnight of summer time to three o'clock of winter time there are four hours.
    assert berlin[0].span == Span(datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 2, tzinfo=UTC))
    assert berlin[0].subjects == ("1598300_1_1_1", "1598300_1_2_1")


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 6, 1), date(2026, 6, 29), []),
        (date(2026, 6, 12), date(2026, 6, 14), []),
        (date(2026, 6, 28), date(2026, 6, 30), [("202606", "202606")]),
        (date(2026, 5, 31), date(2026, 6, 2), [("202605", "202605")]),
        (date(2024, 1, 15), date(2026, 6, 14), [("202401", "202512"), ("202601", "202605")]),
    ],
)
def test_only_months_that_are_over_are_asked_for_at_most_24_at_once(first, last, months):
    requests = [
        request for request in CLOUD.day_requests(OWNERS, FLEET, first, last, True) if request.body.get("query_type") == "month"
    ]

    assert [(request.body["start_time"], request.body["end_time"]) for request in requests] == months
    assert all(request.body["data_type"] == "4" for request in requests)


def test_days_are_asked_for_at_most_100_at_once_and_devices_at_most_50():
    devices = tuple(PulledDevice(f"1598299_1_{number}_1", "1598299", "1") for number in range(51))

    requests = CLOUD.day_requests(ACCOUNT, PulledFleet(FLEET.plants, devices), date(2026, 1, 1), date(2026, 4, 11), True)

    of_devices = [request for request in requests if request.kind == "devices" and request.body.get("query_type") == "1"]
    assert [(request.body["start_time"], request.body["end_time"], len(request.subjects)) for request in of_devices] == [
        ("20260101", "20260410", 50), ("20260411", "20260411", 50), ("20260101", "20260410", 1), ("20260411", "20260411", 1),
    ]  # fmt: skip


def test_each_type_of_device_is_asked_for_its_own_points_and_others_are_left_out():
    types = ("1", "14", "55", "7", "5", "43", "9", "22", "23", "3")
    devices = tuple(PulledDevice(f"1598299_{vendor_type}_1_1", "1598299", vendor_type) for vendor_type in types)
    stranger = PulledDevice("77_1_1_1", "77", "1")

    requests = CLOUD.snapshot_requests(ACCOUNT, PulledFleet(FLEET.plants, (*devices, stranger)))

    asked = {request.body["device_type"]: request.body["point_id_list"] for request in requests}
    assert set(asked) == {1, 14, 55, 7, 5, 43, 11}
    assert (asked[7], asked[43]) == (["8018", "8030", "8031"], ["58604"])
    assert {"13011", "13126", "13150"} <= set(asked[14])
    assert "51303" in asked[55]
    assert "77_1_1_1" not in {subject for request in requests for subject in request.subjects}


@BOTH
def test_an_account_without_plants_asks_nothing_of_them(credentials):
    nothing = PulledFleet()

    assert CLOUD.device_requests(credentials, nothing) == CLOUD.snapshot_requests(credentials, nothing) == []
    assert CLOUD.alarm_requests(credentials, nothing, Span(NOW, NOW)) == []
    assert CLOUD.day_requests(credentials, nothing, JUNE_14, JUNE_14, False) == []
