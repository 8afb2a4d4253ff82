from dataclasses import replace
from datetime import UTC, datetime

import pytest

from include.core.errors import TryLater
from include.core.pulls import PulledFleet
from include.core.span import Span
from include.sources.clouds.document import pack
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, CONTEXT, DEVICES, FLEET, JUNE_14, NOW, answer, canned


def rows(*keys):
    return [{"ps_key": key, "ps_id": 1, "device_type": 1} for key in keys]


def test_pages_are_walked_until_the_vendors_total_is_reached():
    session = canned(
        {"rowCount": "3", "pageList": rows("a", "b")},
        {"rowCount": 3, "pageList": rows("c")},
    )

    answers = CLOUD.fetch(session, DEVICES)

    assert [body["curPage"] for _, body, _ in session.calls] == [1, 2]
    assert [len(answer.data["result_data"]["pageList"]) for answer in answers] == [2, 1]


@pytest.mark.parametrize(
    "result",
    [
        None, [], {"rowCount": 1}, {"pageList": []}, {"rowCount": 1, "pageList": None}, {"rowCount": 1, "pageList": ["a"]},
        {"rowCount": "many", "pageList": []}, {"rowCount": 1, "pageList": []},
    ],
)  # fmt: skip
def test_a_list_of_another_shape_is_asked_for_again(result):
    with pytest.raises(TryLater):
        CLOUD.fetch(canned(result), DEVICES)


def test_an_empty_list_is_an_answer():
    assert len(CLOUD.fetch(canned({"rowCount": 0, "pageList": []}), DEVICES)) == 1


def test_alarms_of_several_pages_are_one_complete_list():
    def alarm(number):
        return {"fault_code": f"f{number}", "ps_id": 1598300, "create_time": "2026-06-14 12:00:00", "fault_type": 2}

    (request,) = CLOUD.alarm_requests(ACCOUNT, FLEET, Span(NOW, NOW))
    session = canned(
        {"rowCount": 3, "pageList": [alarm(1), alarm(2)]},
        {"rowCount": 3, "pageList": [alarm(3)]},
    )

    (joined,) = CLOUD.fetch(session, request)

    listed = CLOUD.parse_alarms(pack("sungrow", request, joined.raw), CONTEXT)
    assert [(found.key, found.severity) for found in listed.alarms] == [("f1", "minor"), ("f2", "minor"), ("f3", "minor")]
    assert listed.alarms[0].raised_at == datetime(2026, 6, 14, 10, tzinfo=UTC)
    assert listed.is_complete


@pytest.mark.parametrize("result", [[], {"device_point_list": None}, None])
def test_realtime_of_another_shape_is_asked_for_again(result):
    with pytest.raises(TryLater):
        CLOUD.fetch(canned(result), CLOUD.snapshot_requests(ACCOUNT, FLEET)[0])


def test_history_without_anything_is_an_answer_without_readings():
    request = CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True)[0]

    (empty,) = CLOUD.fetch(canned(None), request)

    assert empty.data["result_data"] is None
    assert list(CLOUD.parse(answer(request, None), CONTEXT)) == []


def test_a_call_about_a_single_plant_names_it():
    (request, *_) = CLOUD.day_requests(ACCOUNT, PulledFleet(FLEET.plants, FLEET.devices[:1]), JUNE_14, JUNE_14, True)
    several, single = canned({}), canned({})

    CLOUD.fetch(several, request)
    CLOUD.fetch(single, replace(request, subjects=request.subjects[:1]))

    assert [call[2] for call in (*several.calls, *single.calls)] == [None, "1598299"]
