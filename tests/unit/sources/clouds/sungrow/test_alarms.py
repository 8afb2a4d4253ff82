from datetime import UTC, datetime

from include.core.span import Span
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, CONTEXT, FLEET, NOW, answer


def test_an_alarm_list_with_a_row_that_cannot_be_read_ends_no_alarm():
    (request,) = CLOUD.alarm_requests(ACCOUNT, FLEET, Span(NOW, NOW))
    good = {
        "fault_code": "60064.1", "ps_id": "1598300", "ps_key": "1598300_1_1_1", "create_time": "2026-06-14 12:00:00",
        "over_time": "2026-06-14 13:00:00", "fault_type": "3", "fault_type_code": 10, "process_status": 9,
    }  # fmt: skip
    foreign = {**good, "ps_id": 99}

    listed = CLOUD.parse_alarms(
        answer(request, {"rowCount": 3, "pageList": [good, foreign, {**good, "create_time": "?"}]}), CONTEXT
    )
    whole = CLOUD.parse_alarms(answer(request, {"rowCount": 2, "pageList": [good, foreign]}), CONTEXT)
    short = CLOUD.parse_alarms(answer(request, {"rowCount": 2, "pageList": [good]}), CONTEXT)

    (alarm,) = listed.alarms
    assert (alarm.name, alarm.severity, alarm.is_open) == ("10", "notice", False)
    assert alarm.cleared_at == datetime(2026, 6, 14, 11, tzinfo=UTC)
    assert (listed.is_complete, whole.is_complete, short.is_complete) == (False, True, False)
