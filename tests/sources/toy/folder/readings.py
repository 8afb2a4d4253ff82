"""Readings of Toy Cloud's answers; times are local to the plant."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from include.sources.clouds.toy.fields import ENERGY_FIELDS, POWER_FIELDS

from include.core.errors import BadDocument
from include.core.frames import Piece
from include.sources.clouds.document import LandedAnswer, unpack_answer
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.gathering import Gathering, Row, day_start
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, written_day


def rows_of(answer: LandedAnswer) -> list[Any]:
    """The rows of an answer; raises `BadDocument` where it has none."""
    rows = answer.data.get("rows")
    if not isinstance(rows, list):
        raise BadDocument(f"the answer of {answer.request.interface[:60]} holds no rows; ask again")
    return rows


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Power of devices, or energy of a plant's days. Raises `BadDocument`."""
    answer = unpack_answer(body)
    gathering = Gathering(answer, context)
    is_power = answer.request.kind == "devices"
    for record in rows_of(answer):
        number = gathering.next_row()
        key = named_key(record, "id")
        if key is None:
            gathering.add_unreadable(number, "ac_power_kw" if is_power else "energy_day_kwh", record)
        elif gathering.subject(key) is not None:
            zone = gathering.timezone(str(record.get("plant")) if is_power else key)
            day = written_day(record.get("day"))
            instant = (
                gathering.written_instant(record.get("at"), zone)
                if is_power
                else UNREADABLE
                if day is None
                else day_start(day, zone)
            )
            end = None if is_power or day is None else day_start(day + timedelta(days=1), zone)
            if gathering.is_within(instant, end):
                gathering.add("rows", key, Row(number, instant, record, record))
    gathering.add_fields("rows", POWER_FIELDS if is_power else ENERGY_FIELDS)
    return gathering.pieces()
