from datetime import UTC, datetime

from include.core.span import Span
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.sandbox.sungrow.live import documents, session_of
from tests.unit.sources.clouds.sungrow.builders import BOTH, CONTEXT, FLEET, NOW


@BOTH
def test_open_alarms_are_listed_whole_and_are_gone_when_they_have_ended(clouds, credentials):
    session = session_of(clouds, credentials)
    requests = CLOUD.alarm_requests(credentials, FLEET, Span(NOW, NOW))

    clouds.world.clock.advance(29.5 * 3600)
    (during,) = documents(session, requests)
    clouds.world.clock.advance(2 * 3600)
    (after,) = documents(session, requests)

    listed = CLOUD.parse_alarms(during, CONTEXT)
    (alarm,) = listed.alarms
    assert (alarm.plant_key, alarm.device_key, alarm.code, alarm.name) == ("1598299", "1598299_1_3_1", "10", "Grid Overvoltage")
    assert (alarm.raised_at, alarm.cleared_at) == (datetime(2026, 6, 17, 17, 5, tzinfo=UTC), None)
    assert (alarm.severity, alarm.is_open, alarm.advice) == ("major", True, "The grid voltage is too high.")
    assert (listed.plant_keys, listed.is_complete) == (("1598299", "1598300", "1598301"), True)
    assert CLOUD.parse_alarms(after, CONTEXT).alarms == []
    assert CLOUD.parse_alarms(after, CONTEXT).is_complete
