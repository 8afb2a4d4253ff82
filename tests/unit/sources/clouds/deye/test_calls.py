"""What is asked of Deye: as few calls as its limits allow, whole local days, nothing secret."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant
from include.core.span import Span
from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.portions import halves
from tests.unit.sources.clouds.deye.builders import ACCOUNT, FLEET, SAO_PAULO


def test_sixty_days_of_seven_inverters_take_the_fewest_calls():
    requests = CLOUD.day_requests(ACCOUNT, FLEET, date(2026, 4, 17), date(2026, 6, 15), True)

    counts = Counter((request.interface, request.body.get("granularity")) for request in requests)
    assert counts == {("device/historyRaw", None): 7 * 12, ("station/history", 2): 3 * 2, ("station/history", 3): 3}
    assert len({request.key for request in requests}) == len(requests)
    months = [request for request in requests if request.body.get("granularity") == 3]
    assert {(request.body["startAt"], request.body["endAt"]) for request in months} == {("2026-04", "2026-06")}


def test_station_frames_are_asked_by_the_day_unless_it_is_a_backfill():
    first, last = date(2026, 6, 13), date(2026, 6, 15)

    requests = [CLOUD.day_requests(ACCOUNT, FLEET, first, last, is_backfill) for is_backfill in (False, True)]

    assert [sum(request.body.get("granularity") == 1 for request in some) for some in requests] == [9, 0]
    assert not any(request.body.get("granularity") == 3 for request in requests[0])


def test_a_run_of_days_is_never_longer_than_five_times_24_hours():
    requests = CLOUD.day_requests(ACCOUNT, FLEET, date(2025, 10, 23), date(2025, 11, 1), True)

    spans = [request.span for request in requests if request.subjects == ("2406123459",)]
    assert spans[0].start == datetime(2025, 10, 22, 22, tzinfo=UTC)
    assert spans[-1].end == datetime(2025, 11, 1, 23, tzinfo=UTC)
    assert all(before.end == after.start for before, after in pairwise(spans))
    assert all(span.end - span.start <= timedelta(days=5) for span in spans)
    assert len(spans) == 3


def test_a_history_call_takes_the_five_points_that_the_vendor_allows():
    requests = CLOUD.day_requests(ACCOUNT, FLEET, date(2026, 6, 15), date(2026, 6, 15), True)

    assert {tuple(request.body["measurePoints"]) for request in requests if request.interface == "device/historyRaw"} == {
        ("TotalActiveACOutputPower", "TotalDCInputPower", "DailyActiveProduction", "TotalActiveProduction", "AC Temperature")
    }


def test_both_ends_of_a_raw_history_are_seconds_of_the_span():
    (request,) = CLOUD.day_requests(
        ACCOUNT, PulledFleet(FLEET.plants[1:2], FLEET.devices[3:4]), date(2026, 6, 15), date(2026, 6, 15), True
    )[-1:]

    ends = [datetime.fromtimestamp(request.body[name], UTC) for name in ("startTimestamp", "endTimestamp")]
    assert ends == [datetime(2026, 6, 14, 22, tzinfo=UTC), datetime(2026, 6, 15, 21, 59, 59, tzinfo=UTC)]


def test_realtime_asks_ten_inverters_at_once_and_each_station():
    fleet = PulledFleet(FLEET.plants, tuple(PulledDevice(f"{at:02}", SAO_PAULO, "INVERTER") for at in range(11)))

    requests = CLOUD.snapshot_requests(ACCOUNT, fleet)

    assert [(request.interface, len(request.subjects), request.kind) for request in requests] == [
        *[("station/latest", 1, "plants")] * 3,
        ("device/latest", 10, "devices"),
        ("device/latest", 1, "devices"),
    ]


def test_requests_hold_nothing_secret():
    requests = [
        *CLOUD.snapshot_requests(ACCOUNT, FLEET),
        *CLOUD.day_requests(ACCOUNT, FLEET, date(2026, 6, 1), date(2026, 6, 2), False),
    ]

    assert not any(secret in json.dumps(request.body) for request in requests for secret in ACCOUNT.values())


def test_a_long_span_of_alarms_is_asked_in_parts():
    span = Span(datetime(2025, 6, 16, tzinfo=UTC), datetime(2026, 6, 16, tzinfo=UTC))

    requests = CLOUD.alarm_requests(ACCOUNT, PulledFleet(FLEET.plants[:1]), span)

    assert [(request.span.end - request.span.start).days for request in requests] == [180, 180, 5]
    assert all(request.body["endTimestamp"] - request.body["startTimestamp"] <= 180 * 86_400 for request in requests)


def test_devices_of_ten_stations_are_asked_for_at_once_and_halved_by_the_field_that_lists_them():
    plants = tuple(PulledPlant(f"{at:02}" if at else "x0", "UTC") for at in range(11))

    requests = CLOUD.device_requests(ACCOUNT, PulledFleet(plants))

    assert [request.body for request in requests] == [
        {"stationIds": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "page": 1, "size": 200},
        {"stationIds": ["x0"], "page": 1, "size": 200},
    ]
    assert [half.body["stationIds"] for half in halves(requests[0], CLOUD.group_fields["station/device"])] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
    ]
