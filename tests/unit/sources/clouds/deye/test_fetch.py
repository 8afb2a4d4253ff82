"""Answers of one request: whole lists, and frames of devices that cannot do all that is asked of them."""

from datetime import timedelta

import pytest

from include.core.errors import TryLater
from include.core.pulls import Request
from include.core.span import Span
from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.document import pack
from include.sources.clouds.errors import Unanswerable
from tests.unit.sources.clouds.deye.builders import ACCOUNT, BROKEN, NOON, NOON_S, SPAN, ok, point, readings, refusal
from tests.unit.sources.clouds.fakes import PreparedSession

ROW = {"time": str(NOON_S), "itemList": [point("TotalActiveACOutputPower", "1000", "W")]}
FRAMES = Request(
    "device/historyRaw",
    {"deviceSn": "7", "startTimestamp": 1, "endTimestamp": 2, "measurePoints": ["A", "B"], "days": ["2026-06-14", "2026-06-15"]},
    "devices",
    Span(SPAN.start - timedelta(days=1), SPAN.end),
    ("7",),
)


def prepared(*answers):
    """A session that gives these answers, one after the other."""
    return PreparedSession(CLOUD, ACCOUNT, *answers)


def interfaces(session):
    return [interface for interface, _, _ in session.calls]


def test_a_row_that_rightly_comes_twice_does_not_make_the_list_endless():
    row = {"deviceSn": "A", "deviceType": "INVERTER"}
    session = prepared(ok(total=2, deviceListItems=[row, row]))

    answers = CLOUD.fetch(session, Request("station/device", {"stationIds": [5], "page": 1, "size": 200}, "fleet"))

    assert len(answers) == 1


@pytest.mark.parametrize("payload", [{"total": 1}, {"stationList": []}, {"total": "x", "stationList": []}, {"stationList": 1}])
def test_a_list_without_rows_or_total_is_asked_again(payload):
    with pytest.raises(TryLater):
        CLOUD.fetch(prepared(ok(**payload)), *CLOUD.fleet_requests(ACCOUNT))


def test_a_list_that_says_no_records_is_an_answer_without_rows():
    (answer,) = CLOUD.fetch(prepared(refusal("2101016")), *CLOUD.fleet_requests(ACCOUNT))

    assert answer.data["code"] == "2101016"


@pytest.mark.parametrize("refused", [refusal("2104005"), BROKEN])
def test_raw_history_that_a_device_refuses_is_asked_day_by_day(refused):
    session = prepared(refused, ok(deviceSn="7", dataList=[]), ok(deviceSn="7", granularity=1, dataList=[ROW]))

    answers = CLOUD.fetch(session, FRAMES)

    assert session.calls == [
        ("device/historyRaw", {"deviceSn": "7", "startTimestamp": 1, "endTimestamp": 2, "measurePoints": ["A", "B"]}, "7"),
        *(
            (
                "device/history",
                {"deviceSn": "7", "granularity": 1, "startAt": day, "endAt": None, "measurePoints": ["A", "B"]},
                "7",
            )
            for day in ("2026-06-14", "2026-06-15")
        ),
    ]
    assert readings(*(pack("deye", FRAMES, answer.raw) for answer in answers)) == {("7", "ac_power_kw"): {NOON: 1.0}}


@pytest.mark.parametrize(("step_s", "calls"), [(60, 3), (300, 1)])
def test_frames_of_each_minute_are_asked_day_by_day_where_one_answer_may_not_hold_them(step_s, calls):
    frames = [{"time": str(NOON_S + step_s * number), "itemList": []} for number in range(1440)]
    session = prepared(ok(deviceSn="7", dataList=frames), ok(deviceSn="7", dataList=[]), ok(deviceSn="7", dataList=[ROW]))

    CLOUD.fetch(session, FRAMES)

    assert interfaces(session) == ["device/historyRaw", "device/history", "device/history"][:calls]


@pytest.mark.parametrize("listed", [["TotalActiveACOutputPower", "TotalSolarPower"], [{"key": "TotalActiveACOutputPower"}]])
def test_a_point_that_a_device_lacks_is_left_out_or_replaced(listed):
    session = prepared(refusal("2106001"), ok(measurePoints=listed), ok(deviceSn="7", dataList=[ROW]))

    answers = CLOUD.fetch(session, FRAMES)

    assert len(answers) == 1
    assert interfaces(session) == ["device/historyRaw", "device/measurePoints", "device/historyRaw"]
    _, body, _ = session.calls[-1]
    assert body["measurePoints"] == [name if isinstance(name, str) else name["key"] for name in listed]


def test_points_are_looked_up_once_and_then_the_device_is_given_up():
    session = prepared(refusal("2106001"), ok(measurePoints=["AC Temperature"]), refusal("2106001"), refusal("2106001"))

    with pytest.raises(Unanswerable):
        CLOUD.fetch(session, FRAMES)

    assert interfaces(session) == ["device/historyRaw", "device/measurePoints", "device/historyRaw", "device/history"]


def test_a_device_without_any_point_that_is_read_cannot_be_asked():
    session = prepared(refusal("2106001"), ok(measurePoints=["Other"]))

    with pytest.raises(Unanswerable, match="device 7 has none"):
        CLOUD.fetch(session, FRAMES)


@pytest.mark.parametrize(
    ("request_of", "subject"),
    [
        (Request("station/latest", {"stationId": 5}, "plants", None, ("5",)), "5"),
        (Request("station/latest", {"stationId": 5}, "plants", None, ("5", "6")), None),
    ],
)
def test_a_call_names_the_only_station_that_it_is_about(request_of, subject):
    session = prepared(ok(lastUpdateTime=NOON_S))

    CLOUD.fetch(session, request_of)

    assert session.calls == [("station/latest", {"stationId": 5}, subject)]
