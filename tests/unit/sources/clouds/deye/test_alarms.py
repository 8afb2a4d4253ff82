"""Alarms of Deye: how bad each is, and whether it has ended."""

from datetime import timedelta

import pytest

from include.sources.clouds.deye.cloud import CLOUD
from tests.unit.sources.clouds.deye.builders import CONTEXT, NOON, NOON_S, landed


@pytest.mark.parametrize(
    ("fields", "severity", "is_open", "cleared_at"),
    [
        ({"level": 2, "status": 1, "alertEndTime": 0}, "major", True, None),
        ({"level": "1", "status": "0", "alertEndTime": float(NOON_S)}, "minor", False, NOON),
        ({"level": 0, "status": 0}, "notice", False, None),
        ({"level": 9, "alertEndTime": NOON_S}, "minor", False, NOON),
        ({"level": 2}, "major", True, None),
        ({"level": 2, "status": 1, "alertEndTime": NOON_S}, "major", True, None),
    ],
)
def test_an_alarm_says_how_bad_it_is_and_whether_it_has_ended(fields, severity, is_open, cleared_at):
    row = {"alertId": 12, "alertCode": 35, "deviceSn": "7", "alertStartTime": NOON_S - 60, **fields}
    payload = {"total": 3, "stationAlertItems": [row, {"alertId": 13}, "junk", {**row, "deviceSn": "8"}]}

    (alarm,) = CLOUD.parse_alarms(landed("station/alertList", payload, kind="alarms", subjects=("5",)), CONTEXT).alarms

    assert (alarm.key, alarm.code, alarm.name, alarm.plant_key, alarm.device_key) == ("12", "35", "35", "5", "7")
    assert (alarm.severity, alarm.is_open, alarm.cleared_at) == (severity, is_open, cleared_at)
    assert alarm.raised_at == NOON - timedelta(minutes=1)
