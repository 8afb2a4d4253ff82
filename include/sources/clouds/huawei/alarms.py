"""Alarms of Huawei, which lists those that are active."""

from typing import Any

from include.core.alarms import Alarm, AlarmList
from include.core.span import instant_of
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.huawei.fields import OPEN_STATUSES, SEVERITIES
from include.sources.clouds.huawei.readings import instant, list_of
from include.sources.clouds.huawei.refusals import code_of
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Active alarms. The list is complete for alarms raised within the asked span, unless a row of it cannot be read."""
    answer = unpack_answer(body)
    read = [_alarm(row) for row in list_of(answer)]
    subjects = answer.request.subjects
    alarms = [alarm for alarm in read if alarm is not None and alarm.plant_key in subjects]
    return AlarmList(alarms, subjects, is_complete=None not in read)


def _alarm(row: Any) -> Alarm | None:  # noqa: ANN401 - any JSON value
    if not isinstance(row, dict):
        return None
    plant_key, code = names.key(row.get("stationCode")), names.key(row.get("alarmId"))
    device = names.key(row.get("esnCode")) or names.key(row.get("devName")) or "-"
    raised_at = instant(row.get("raiseTime"))
    if plant_key is None or code is None or raised_at == UNREADABLE:
        return None
    return Alarm(
        key=f"{plant_key}/{device}/{code}/{raised_at // 1000}",
        plant_key=plant_key,
        device_key=names.key(row.get("devId")),
        code=code,
        name=names.words(row.get("alarmName"), 200) or f"alarm {code}",
        severity=SEVERITIES.get(code_of(row.get("lev")) or 0, "minor"),
        raised_at=instant_of(raised_at),
        cleared_at=None,
        is_open=code_of(row.get("status")) in OPEN_STATUSES,
        advice=names.words(row.get("repairSuggestion"), 1000),
        device_serial=names.key(row.get("esnCode")),
    )
