"""What is asked of Huawei: few calls, whole local days, the subjects of each."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant
from include.core.span import Span, day_span
from include.sources.clouds.huawei.cloud import CLOUD
from tests.unit.sources.clouds.huawei.builders import CREDENTIALS, DAY, JUNE_14, NOW, fleet_in_three_zones, ms, plain_fleet


def counts(requests):
    """Calls by interface, and type of device where they are about one."""
    return Counter(
        (request.interface, request.body["devTypeId"]) if "devTypeId" in request.body else request.interface
        for request in requests
    )


def test_sixty_days_of_three_zones_cost_no_call_too_many():
    requests = CLOUD.day_requests(CREDENTIALS, fleet_in_three_zones(), date(2026, 4, 17), date(2026, 6, 15), True)

    # Seven inverters share a call: from Shanghai's first midnight to São Paulo's last are 60 days and 11 hours, 21 windows. The
    # weather station stands in São Paulo: 60 days, 20 windows. Days are listed by month (April, May, June), months by year.
    assert counts(requests) == {
        ("getDevHistoryKpi", 1): 21,
        ("getDevHistoryKpi", 10): 20,
        "getKpiStationDay": 3,
        "getKpiStationMonth": 1,
    }


def test_a_day_that_is_no_backfill_brings_the_hours_too():
    requests = CLOUD.day_requests(CREDENTIALS, fleet_in_three_zones(), DAY, DAY, False)

    assert [request.interface for request in requests] == [
        "getDevHistoryKpi",
        "getDevHistoryKpi",
        "getKpiStationDay",
        "getKpiStationMonth",
        "getKpiStationHour",
    ]


def test_windows_of_history_are_whole_in_three_days_and_follow_each_other():
    requests = [
        request
        for request in CLOUD.day_requests(CREDENTIALS, fleet_in_three_zones(), date(2026, 6, 1), date(2026, 6, 7), True)
        if request.body.get("devTypeId") == 1
    ]

    starts = [datetime(2026, 5, 31, 16, tzinfo=UTC) + timedelta(days=3 * number) for number in range(3)]
    assert [request.span for request in requests] == [
        Span(starts[0], starts[1]),
        Span(starts[1], starts[2]),
        Span(starts[2], datetime(2026, 6, 8, 3, tzinfo=UTC)),
    ]
    assert [(request.body["startTime"], request.body["endTime"]) for request in requests] == [
        (ms(request.span.start), ms(request.span.end) - 1) for request in requests
    ]


def test_history_is_asked_oldest_first():
    requests = CLOUD.day_requests(CREDENTIALS, plain_fleet(t1=12, t17=1), date(2026, 6, 1), date(2026, 6, 6), True)[:-2]

    starts = [request.body["startTime"] for request in requests]
    assert len(requests) == 6
    assert starts == sorted(starts)


def test_devices_of_one_zone_share_calls_so_that_no_window_is_cut_for_another_zone():
    # Three days in each of two zones: calls of ten devices of one zone need one window, mixed ones would need two.
    plants = (PulledPlant("BR", "America/Sao_Paulo"), PulledPlant("CN", "Asia/Shanghai"))
    devices = tuple(PulledDevice(f"{at:02}", plants[at % 2].key, "1") for at in range(20))

    requests = CLOUD.day_requests(CREDENTIALS, PulledFleet(plants, devices), date(2026, 6, 1), date(2026, 6, 3), True)

    assert counts(requests)["getDevHistoryKpi", 1] == 2


def test_only_devices_with_a_history_are_asked():
    fleet = plain_fleet(t1=1, t2=1, t10=1, t17=1, t37=1, t38=1, t39=1, t41=1, t46=1, t47=1, t62=1)

    requests = CLOUD.day_requests(CREDENTIALS, fleet, DAY, DAY, True)

    types = [request.body["devTypeId"] for request in requests if request.interface == "getDevHistoryKpi"]
    assert sorted(types) == [1, 10, 17, 38, 39, 41, 47]


def test_a_span_over_a_change_of_clocks_is_whole_local_days():
    fleet = plain_fleet(timezone="Europe/Berlin", t1=1)

    request = CLOUD.day_requests(CREDENTIALS, fleet, date(2026, 3, 29), date(2026, 3, 29), True)[0]

    assert request.span == Span(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))


def test_plants_are_asked_at_an_instant_that_lies_in_the_day_of_each():
    zones = ("Pacific/Kiritimati", "Pacific/Auckland", "Asia/Kolkata", "UTC", "America/Noronha", "Pacific/Pago_Pago")
    fleet = PulledFleet(tuple(PulledPlant(name, name) for name in zones))

    requests = [
        request for request in CLOUD.day_requests(CREDENTIALS, fleet, DAY, DAY, False) if request.interface == "getKpiStationHour"
    ]

    asked = {
        name: datetime.fromtimestamp(request.body["collectTime"] / 1000, ZoneInfo(name)).date()
        for request in requests
        for name in request.subjects
    }
    assert asked == dict.fromkeys(zones, DAY)
    assert len(requests) == 2


def test_a_hundred_plants_share_a_call():
    fleet = plain_fleet(plants=101)

    requests = CLOUD.day_requests(CREDENTIALS, fleet, date(2026, 1, 5), date(2026, 1, 6), False)

    assert counts(requests) == {"getKpiStationDay": 2, "getKpiStationHour": 4}  # no month of the year is over
    assert [request.body["stationCodes"].count(",") for request in CLOUD.device_requests(CREDENTIALS, fleet)] == [99, 0]
    assert [len(request.subjects) for request in CLOUD.snapshot_requests(CREDENTIALS, fleet)] == [100, 1]


def test_days_are_asked_from_the_start_of_the_month_to_the_last_day_that_is_wanted():
    requests = CLOUD.day_requests(CREDENTIALS, plain_fleet(), date(2026, 5, 30), date(2026, 6, 2), True)

    days = [request.span for request in requests if request.interface == "getKpiStationDay"]
    zone = ZoneInfo("America/Sao_Paulo")
    assert days == [day_span(date(2026, 5, 1), zone, 31), day_span(date(2026, 6, 1), zone, 2)]


def test_snapshots_are_of_plants_and_inverters_by_type():
    requests = CLOUD.snapshot_requests(CREDENTIALS, plain_fleet(t1=101, t38=1, t17=1))

    assert [
        (request.interface, request.kind, request.body.get("devTypeId"), len(request.subjects), request.span)
        for request in requests
    ] == [
        ("getStationRealKpi", "plants", None, 1, None),
        ("getDevRealKpi", "devices", 1, 100, None),
        ("getDevRealKpi", "devices", 1, 1, None),
        ("getDevRealKpi", "devices", 38, 1, None),
    ]


def test_alarms_are_asked_for_at_most_31_days():
    long = Span(NOW - timedelta(days=90), NOW)

    (request,) = CLOUD.alarm_requests(CREDENTIALS, plain_fleet(), long)

    assert request.span == Span(NOW - timedelta(days=31), NOW)
    assert request.body == {
        "stationCodes": "P000",
        "beginTime": ms(NOW - timedelta(days=31)),
        "endTime": ms(NOW),
        "language": "en_US",
    }


def test_an_empty_fleet_is_asked_nothing_but_its_plants():
    empty = PulledFleet()

    assert len(CLOUD.fleet_requests(CREDENTIALS)) == 1
    assert CLOUD.device_requests(CREDENTIALS, empty) == []
    assert CLOUD.snapshot_requests(CREDENTIALS, empty) == []
    assert CLOUD.alarm_requests(CREDENTIALS, empty, JUNE_14) == []
    assert CLOUD.day_requests(CREDENTIALS, empty, DAY, DAY, False) == []
