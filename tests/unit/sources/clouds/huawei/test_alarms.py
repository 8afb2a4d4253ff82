"""Alarms of Huawei's list of active ones."""

import json

import pytest

from include.core.pulls import Request
from include.sources.clouds.document import pack
from include.sources.clouds.huawei.cloud import CLOUD
from tests.unit.sources.clouds.huawei.builders import CONTEXT, JUNE_14, at, ms


def alarm_row(**changes):
    row = {"stationCode": "A", "esnCode": "S1", "devName": "INV 1", "alarmId": 1, "raiseTime": ms(at(12)), "lev": 1, "status": 1}
    return {**row, **changes}


def alarms_of(*rows):
    request = Request("getAlarmList", {"stationCodes": "A"}, "alarms", JUNE_14, ("A",))
    return CLOUD.parse_alarms(pack("huawei", request, json.dumps({"data": rows}).encode()), CONTEXT)


@pytest.mark.parametrize(
    ("level", "severity"), [(1, "critical"), (2, "major"), (3, "minor"), (4, "notice"), (9, "minor"), (None, "minor")]
)
def test_levels_become_severities(level, severity):
    (alarm,) = alarms_of(alarm_row(lev=level)).alarms

    assert alarm.severity == severity


@pytest.mark.parametrize(
    ("status", "is_open"), [(1, True), (2, True), (3, True), (None, True), (4, False), (5, False), (6, False)]
)
def test_alarms_are_open_until_they_are_handled_or_cleared(status, is_open):
    (alarm,) = alarms_of(alarm_row(status=status)).alarms

    assert alarm.is_open is is_open


def test_an_alarm_says_what_happened_where_and_what_helps():
    row = alarm_row(devId=-7, alarmId="2032", alarmName="Grid Loss", repairSuggestion="Check the AC breaker.", lev=2)

    (alarm,) = alarms_of(row).alarms

    assert (alarm.plant_key, alarm.device_key, alarm.code, alarm.name) == ("A", "-7", "2032", "Grid Loss")
    assert (alarm.raised_at, alarm.cleared_at, alarm.advice) == (at(12), None, "Check the AC breaker.")


def test_alarms_of_two_devices_at_one_moment_are_two():
    listed = alarms_of(alarm_row(esnCode="S1"), alarm_row(esnCode="S2"), alarm_row(esnCode=None))

    assert [alarm.key for alarm in listed.alarms] == [f"A/{device}/1/{ms(at(12))}" for device in ("S1", "S2", "INV 1")]


def test_alarms_of_plants_that_were_not_asked_for_are_left_out():
    assert alarms_of(alarm_row(stationCode="B")).alarms == []


@pytest.mark.parametrize("row", ["text", alarm_row(raiseTime=None), alarm_row(alarmId=None), alarm_row(stationCode="")])
def test_a_list_with_an_alarm_that_cannot_be_read_is_not_complete(row):
    listed = alarms_of(alarm_row(), row)

    assert len(listed.alarms) == 1
    assert not listed.is_complete


def test_long_advice_is_cut_and_put_on_one_line():
    (alarm,) = alarms_of(alarm_row(alarmName=None, repairSuggestion="Check\r\n\tthe breaker. " + "x" * 2000)).alarms

    assert alarm.name == "alarm 1"
    assert alarm.advice.startswith("Check the breaker. xxx")
    assert len(alarm.advice) == 1000
