"""Alarms of Growatt, which lists what began on a day at one inverter. They have no number and no severity."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.alarms import Alarm, AlarmList
from include.core.errors import BadDocument
from include.core.span import instant_of
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.growatt.fields import ALARMS
from include.sources.clouds.growatt.lists import rows_of
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, lone_instant

_NAMES: Final[Mapping[str, str]] = dict(ALARMS.values())


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """Alarms of one inverter; a row without a time, or that repeats one, is left out."""
    answer = unpack_answer(body)
    interface, subjects = answer.request.interface, answer.request.subjects
    serial = names.key(answer.request.body.get(_NAMES.get(interface, "")))
    if serial is None or len(subjects) != 1:
        raise BadDocument(f"answers of {interface[:60]!r} are no alarms of one inverter; ask about one at once")
    timezone = context.zones.get(subjects[0], context.timezone)
    alarms: dict[str, Alarm] = {}
    for row in rows_of(answer.data, interface):
        alarm = _alarm(row, serial, subjects[0], timezone) if isinstance(row, dict) else None
        if alarm is not None:
            alarms.setdefault(alarm.key, alarm)
    return AlarmList(list(alarms.values()), subjects, is_complete=False)


def _alarm(row: Mapping[str, Any], serial: str, plant_key: str, timezone: ZoneInfo) -> Alarm | None:
    """One alarm; without an end it is open. What `status` means nobody says."""
    raised = _instant(row.get("start_time"), timezone)
    if raised == UNREADABLE:
        return None
    ended = _instant(row.get("end_time"), timezone, not_before=raised)
    raised_at = instant_of(raised)
    code = names.key(row.get("alarm_code")) or "unknown"
    return Alarm(
        key=f"{serial} {code} {raised_at:%Y%m%dT%H%M%SZ}",
        plant_key=plant_key,
        device_key=serial,
        code=code,
        name=names.words(row.get("alarm_message"), 200) or code,
        severity="minor",
        raised_at=raised_at,
        cleared_at=None if ended == UNREADABLE else instant_of(ended),
        is_open=ended == UNREADABLE,
    )


def _instant(stamp: object, timezone: ZoneInfo, *, not_before: int = UNREADABLE) -> int:
    return lone_instant(stamp, timezone, not_before=not_before) if isinstance(stamp, str) else UNREADABLE
