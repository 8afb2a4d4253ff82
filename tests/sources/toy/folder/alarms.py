"""Alarms of Toy Cloud."""

from datetime import UTC

from include.sources.clouds.toy.readings import rows_of

from include.core.alarms import Alarm, AlarmList
from include.core.span import instant_of
from include.sources.clouds.document import unpack_answer
from include.sources.clouds.fleet_rows import named_key
from include.sources.formats import names
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, lone_instant


def parse_alarms(body: bytes | memoryview, context: ParseContext) -> AlarmList:
    """The open events of one plant: a complete list. Raises `BadDocument`."""
    answer = unpack_answer(body)
    (plant_key,) = answer.request.subjects
    timezone = context.zones.get(plant_key, context.timezone)
    alarms = []
    for row in rows_of(answer):
        key = named_key(row, "id")
        at = UNREADABLE if key is None else lone_instant(row.get("at"), timezone)
        if key is not None and at != UNREADABLE:
            code = names.key(row.get("code")) or "unknown"
            raised_at = instant_of(at).astimezone(UTC)
            alarms.append(Alarm(key, plant_key, None, code, code, "minor", raised_at, None, is_open=True))
    return AlarmList(alarms, answer.request.subjects, is_complete=True)
