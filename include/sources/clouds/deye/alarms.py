"""Alarms of Deye, which lists a station's alerts of a span, those that have ended too."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from include.core.alarms import Alarm, AlarmList
from include.core.errors import BadDocument
from include.core.span import instant_of
from include.sources.clouds.deye.fields import ALERTS, IS_OPEN, SEVERITIES
from include.sources.clouds.deye.lists import rows_of
from include.sources.clouds.deye.refusals import LABEL
from include.sources.clouds.document import unpack_answer
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, lone_instant


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Alarms of one station; a row without a number or a time, or that repeats one, is left out."""
    answer = unpack_answer(body)
    subjects = answer.request.subjects
    if len(subjects) != 1:
        raise BadDocument(f"alarms of {LABEL} about {len(subjects)} stations cannot be read; ask about one at once")
    timezone = context.zones.get(subjects[0], context.timezone)
    alarms: dict[str, Alarm] = {}
    for row in rows_of(answer.data, ALERTS):
        alarm = _alarm(row, subjects[0], timezone) if isinstance(row, dict) else None
        if alarm is not None:
            alarms.setdefault(alarm.key, alarm)
    return AlarmList(list(alarms.values()), subjects, is_complete=False)


def _alarm(row: Mapping[str, Any], plant_key: str, timezone: ZoneInfo) -> Alarm | None:
    key = names.key(row.get("alertId"))
    raised_at = lone_instant(row.get("alertStartTime"), timezone)
    if key is None or raised_at == UNREADABLE:
        return None
    ended = lone_instant(row.get("alertEndTime"), timezone, not_before=raised_at)
    ended_at = None if ended == UNREADABLE else instant_of(ended)
    is_open = IS_OPEN.get(names.key(row.get("status")) or "", ended_at is None)
    code = names.key(row.get("alertCode")) or names.key(row.get("protocolName")) or "unknown"
    return Alarm(
        key=key,
        plant_key=plant_key,
        device_key=names.key(row.get("deviceSn")),
        code=code,
        name=names.words(row.get("alertName"), 200) or code,
        severity=SEVERITIES.get(names.key(row.get("level")) or "", "minor"),
        raised_at=instant_of(raised_at),
        cleared_at=None if is_open else ended_at,
        is_open=is_open,
        advice=names.words(row.get("solution"), 1000),
    )
