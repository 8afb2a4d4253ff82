"""What is special about Growatt: one token for two versions, questions that may not be repeated, days of each plant's zone."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.core.alarms import OpenAlarm
from include.core.errors import BadDocument, TryLater
from include.core.pulls import Plan, PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span
from include.sources.clouds.document import pack
from include.sources.clouds.errors import NotPermitted, RateLimited, Rejected
from include.sources.clouds.growatt.cloud import CLOUD
from include.sources.clouds.growatt.lists import frames_of
from include.sources.clouds.http import Reply
from include.sources.clouds.portions import members_of
from include.sources.formats.context import ParseContext
from include.steps import pull_plan
from include.steps.refused_members import spared
from tests.unit.sources.clouds.fakes import PreparedSession

FLEET = PulledFleet(
    (PulledPlant("7", "Europe/Berlin"), PulledPlant("8", "America/Sao_Paulo"), PulledPlant("9", "Asia/Shanghai")),
    (
        *(PulledDevice(f"MIN{at:02d}", "7", "7") for at in range(12)),
        PulledDevice("MAX1", "8", "4"),
        PulledDevice("MIN99", "8", "7"),
        PulledDevice("HPS1", "9", "9"),
    ),
)
DAY = date(2026, 6, 14)


def history() -> list[Request]:
    requests = CLOUD.day_requests({}, FLEET, DAY, DAY, False)
    return [request for request in requests if request.kind == "devices"]


def page(rows: list[dict[str, str]], count: int) -> bytes:
    return json.dumps({"data": {"count": count, "devices": rows}, "error_code": 0, "error_msg": ""}).encode()


def test_the_token_goes_with_a_query_of_version_1_and_with_a_form_of_version_4() -> None:
    tokens = CLOUD.log_in(None, {"api_key": " token-1 "}, None)
    listed = CLOUD.sign("plant/data", {"plant_id": "7&x=1"}, {}, tokens)
    figures = CLOUD.sign("new-api/queryLastData", {"deviceSn": "A,B", "deviceType": "min"}, {}, tokens)
    alarms = CLOUD.sign("device/tlx/alarm_data", {"tlx_sn": "A"}, {}, tokens)

    assert (listed.method, listed.path, listed.headers) == ("GET", "/v1/plant/data?plant_id=7%26x%3D1", {"token": "token-1"})
    assert (figures.method, figures.path, figures.is_form) == ("POST", "/v4/new-api/queryLastData", True)
    assert (alarms.method, alarms.path, alarms.is_form) == ("POST", "/v1/device/tlx/alarm_data", True)


@pytest.mark.parametrize("given", [{}, {"api_key": " "}, {"api_key": "schlüssel"}, {"api_key": "a\nb"}])
def test_an_account_without_a_token_that_a_header_can_carry_is_rejected(given: dict[str, str]) -> None:
    with pytest.raises(Rejected, match="enter"):
        CLOUD.log_in(None, given, None)


def test_inverters_of_one_call_share_a_zone_and_a_type_and_are_ten_at_most() -> None:
    asked = [(request.body["deviceType"], len(request.subjects), request.span) for request in history()]

    berlin, sao_paulo = (Span(datetime(2026, 6, 13, 22, tzinfo=UTC), datetime(2026, 6, 14, 22, tzinfo=UTC)),
                         Span(datetime(2026, 6, 14, 3, tzinfo=UTC), datetime(2026, 6, 15, 3, tzinfo=UTC)))  # fmt: skip
    assert Counter(asked) == Counter([("min", 10, berlin), ("min", 2, berlin), ("max", 1, sao_paulo), ("min", 1, sao_paulo)])


def test_a_plant_without_an_inverter_is_asked_for_its_own_figures() -> None:
    now = [request.body for request in CLOUD.snapshot_requests({}, FLEET) if request.kind == "plants"]
    days = [request.subjects for request in CLOUD.day_requests({}, FLEET, DAY, DAY, False) if request.interface == "plant/power"]

    assert (now, days) == ([{"plant_id": "9"}], [("9",)])


def test_energies_of_plants_are_asked_for_seven_days_at_once() -> None:
    requests = CLOUD.day_requests({}, FLEET, date(2026, 6, 1), date(2026, 6, 10), True)
    spans = [
        (r.body["start_date"], r.body["end_date"]) for r in requests if r.interface == "plant/energy" and r.subjects == ("7",)
    ]

    assert spans == [("2026-06-01", "2026-06-07"), ("2026-06-08", "2026-06-10")]


def test_alarms_are_those_of_the_last_two_days_of_the_plants_own_calendar() -> None:
    span = Span(datetime(2026, 5, 15, tzinfo=UTC), datetime(2026, 6, 14, 1, tzinfo=UTC))  # in Brazil it is still the 13th
    asked = [request.body for request in CLOUD.alarm_requests({}, FLEET, span)]

    assert {body["date"] for body in asked if "tlx_sn" in body and body["tlx_sn"] == "MIN00"} == {"2026-06-13", "2026-06-14"}
    assert {body["date"] for body in asked if "max_sn" in body} == {"2026-06-12", "2026-06-13"}
    assert len(asked) == 2 * 14


def test_an_open_alarm_is_looked_for_in_the_list_of_its_inverter_and_the_day_on_which_it_began() -> None:
    now = datetime(2026, 6, 14, 15, tzinfo=UTC)
    in_brazil = datetime(2026, 4, 2, 1, tzinfo=UTC)  # there it is still the 1st
    open_ = [
        OpenAlarm("8", "MIN99", in_brazil),
        OpenAlarm("8", "MIN99", datetime(2026, 4, 1, 15, tzinfo=UTC)),
        OpenAlarm("8", "MAX1", datetime(2026, 6, 12, 4, tzinfo=UTC)),
        OpenAlarm("8", "SWAPPED", datetime(2026, 6, 12, 4, tzinfo=UTC)),
        OpenAlarm("8", "MAX1", datetime(2024, 6, 12, 4, tzinfo=UTC)),
    ]

    asked = [request.body for request in pull_plan.old_alarm_requests(CLOUD, {}, FLEET, open_, now)]

    assert [(body.get("tlx_sn"), body.get("max_sn"), body["date"]) for body in asked] == [
        ("MIN99", None, "2026-04-01"),
        (None, "MAX1", "2026-06-12"),
    ]


def test_an_inverter_that_is_refused_leaves_the_alarms_of_the_others_of_its_plant() -> None:
    now = datetime(2026, 6, 14, 15, tzinfo=UTC)
    requests = CLOUD.alarm_requests({}, FLEET, Span(now, now))
    refused = {("device/tlx/alarm_data", "MIN00"): now + timedelta(hours=1)}

    left = [request.body for request in spared(requests, refused, CLOUD.group_fields, now)]

    assert members_of(requests[0], CLOUD.group_fields[requests[0].interface]) == ("MAX1",)
    assert {body["tlx_sn"] for body in left if "tlx_sn" in body} == {*(f"MIN{at:02d}" for at in range(1, 12)), "MIN99"}
    assert len(left) == len(requests) - 2


def test_each_question_about_a_plant_device_or_page_is_counted_apart() -> None:
    rows = [{"device_sn": f"D{at}"} for at in range(3)]
    session = PreparedSession(CLOUD, {}, page(rows[:2], 3), page(rows[2:], 3))

    CLOUD.fetch(session, Request("device/list", {"plant_id": "7", "page": 1, "perpage": 2}, "fleet", None, ("7",)))

    assert [subject for *_, subject in session.calls] == ["7", "7 2"]


def test_the_alarms_of_each_day_are_another_question() -> None:
    body = json.dumps({"data": {"count": 0, "alarms": []}, "error_code": 0}).encode()
    now = datetime(2026, 6, 14, 15, tzinfo=UTC)
    lists = [request for request in CLOUD.alarm_requests({}, FLEET, Span(now, now)) if request.body.get("tlx_sn") == "MIN00"]
    session = PreparedSession(CLOUD, {}, body, body)

    for request in lists:
        CLOUD.fetch(session, request)

    assert [subject for *_, subject in session.calls] == ["MIN00 2026-06-13", "MIN00 2026-06-14"]


@pytest.mark.parametrize(("inverters", "minutes"), [(1, 60), (20, 60), (150, 60), (600, 240), (3000, 1200)])
def test_alarms_are_asked_for_every_hour_or_as_slowly_as_takes_a_quarter_of_all_calls(inverters: int, minutes: int) -> None:
    now = datetime(2026, 6, 14, 15, tzinfo=UTC)
    fleet = PulledFleet(FLEET.plants[:1], tuple(PulledDevice(f"MIN{at:04d}", "7", "7") for at in range(inverters)))
    requests = CLOUD.alarm_requests({}, fleet, Span(now, now))
    planned_at = {age: {("alarms", ""): Plan(now - timedelta(minutes=age), None)} for age in (minutes - 2, minutes)}

    due = {age: pull_plan.due_plans(CLOUD, {}, fleet, plans, now=now) for age, plans in planned_at.items()}

    assert [plan for plan in due[minutes - 2] if plan.purpose == "alarms"] == []
    assert [plan.requests for plan in due[minutes] if plan.purpose == "alarms"] == [requests]
    a_day = 24 * 60 / minutes * len(requests)
    assert a_day <= 28_800 / 4


def test_an_alarm_that_comes_twice_ends_no_list() -> None:
    alarm = {"alarm_code": 25, "start_time": "2026-06-14 09:55:55.0"}
    body = json.dumps({"data": {"count": 2, "alarms": [alarm, alarm]}, "error_code": 0}).encode()
    request = Request("device/max/alarm_data", {"max_sn": "M", "date": "2026-06-14", "page": 1, "perpage": 100}, "alarms")

    assert len(CLOUD.fetch(PreparedSession(CLOUD, {}, body), request)) == 1


@pytest.mark.parametrize("data", [[], 7, {"devices": None}, {"count": "many", "devices": []}])
def test_a_list_in_another_shape_is_asked_again(data: object) -> None:
    body = json.dumps({"data": data, "error_code": 0}).encode()

    with pytest.raises(TryLater):
        CLOUD.fetch(PreparedSession(CLOUD, {}, body), Request("device/list", {"plant_id": "7", "page": 1, "perpage": 2}, "fleet"))


@pytest.mark.parametrize(
    ("interface", "body", "kind"),
    [
        ("plant/list", {"error_code": 10011, "error_msg": "error_permission_denied", "data": ""}, NotPermitted),
        ("new-api/queryLastData", {"code": 2, "message": "", "data": None}, Rejected),
        ("new-api/queryLastData", {"error_code": 10012, "error_msg": "error_frequently_access"}, RateLimited),
    ],
)
def test_either_versions_words_for_a_refusal_are_understood(interface: str, body: dict, kind: type) -> None:
    with pytest.raises(kind):
        CLOUD.classify_response(interface, Reply(200, {}, json.dumps(body).encode()))


def test_a_sign_in_page_in_place_of_an_answer_is_asked_again() -> None:
    with pytest.raises(TryLater):
        CLOUD.classify_response("plant/list", Reply(200, {}, b'<html data-name="login">'))


@pytest.mark.parametrize("is_last_first", [False, True], ids=["the first first", "the last first"])
def test_the_hour_that_comes_twice_is_told_apart_in_whatever_order_the_frames_come(is_last_first: bool) -> None:
    berlin, midnight = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 24, 22, tzinfo=UTC)
    true = {midnight + timedelta(minutes=5 * step): float(step) for step in range(12 * 5)}
    rows = [
        {"deviceSn": "A", "time": f"{at.astimezone(berlin):%Y-%m-%d %H:%M:%S}", "pac": 1000 * power} for at, power in true.items()
    ]
    raw = json.dumps({"data": {"A": rows[::-1] if is_last_first else rows}, "error_code": 0}).encode()
    span = Span(midnight, midnight + timedelta(hours=25))
    request = Request("new-api/queryDevicesHistoricalData", {"deviceSn": "A"}, "devices", span, ("A",))
    context = ParseContext(berlin, "f", received_at=datetime(2026, 10, 26, tzinfo=UTC))

    frames = [piece.frame for piece in CLOUD.parse(pack("growatt", request, raw), context)]

    told = {row.measured_at.to_pydatetime(): row.value for frame in frames for row in frame.itertuples()}
    assert told == true


def test_figures_that_are_no_object_are_no_answer() -> None:
    with pytest.raises(BadDocument):
        list(frames_of({"data": [1]}))


@pytest.mark.parametrize(
    ("told_at", "energies"),
    [("2026-06-15 00:20:00", []), ("2026-06-15 01:59:59", []), ("2026-06-15 02:00:00", [42.0]), ("2026-06-14 23:55:00", [42.0])],
)
def test_what_a_plant_made_today_is_not_believed_for_two_hours_after_midnight(told_at: str, energies: list[float]) -> None:
    request = Request("plant/data", {"plant_id": "9"}, "plants", None, ("9",))
    raw = json.dumps({"data": {"today_energy": "42.0", "last_update_time": told_at}, "error_code": 0}).encode()
    context = ParseContext(ZoneInfo("America/Sao_Paulo"), "f", received_at=datetime(2026, 6, 15, 6, tzinfo=UTC))

    read = [value for piece in CLOUD.parse(pack("growatt", request, raw), context) for value in piece.frame["value"]]

    assert read == energies


def test_rows_are_counted_where_the_answer_has_them() -> None:
    assert CLOUD.row_count("new-api/queryDevicesHistoricalData", {"data": {"A": [1, 2], "B": []}}) == 2
    assert CLOUD.row_count("new-api/queryLastData", {"data": None}) == 0
    assert CLOUD.row_count("plant/list", {"data": {"count": 1, "plants": [{}]}}) == 1
    assert CLOUD.row_count("plant/data", {"data": {"today_energy": "1"}}) == 1
