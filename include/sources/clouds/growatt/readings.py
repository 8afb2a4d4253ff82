"""Readings of Growatt's answers: frames of inverters, and powers and energies of a plant. Times are the plant's own."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from include.core.errors import BadDocument
from include.core.frames import Piece
from include.sources.clouds.document import LandedAnswer, unpack_answer
from include.sources.clouds.gathering import Gathering, Row, day_start, may_be_of_before
from include.sources.clouds.growatt.fields import (
    DEVICE_FIELDS,
    DEVICES_NOW,
    HISTORY,
    PLANT_DAYS,
    PLANT_ENERGIES,
    PLANT_NOW,
    PLANT_POWER,
    PLANT_POWERS,
    PLANT_TODAY,
)
from include.sources.clouds.growatt.lists import frames_of, rows_of, stamp_of
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import UNREADABLE, written_day

_ROWS: Final = "rows"
_DAY: Final = timedelta(days=1)
_KEYS: Final = frozenset(key for field in DEVICE_FIELDS for key in field.keys)
_DAYS: Final = {PLANT_DAYS: ("date", PLANT_ENERGIES), PLANT_NOW: ("last_update_time", PLANT_TODAY)}
"""Where a row names its day, and what it tells of it."""


def parse(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
    """Readings of inverters or of a plant. Raises `BadDocument`."""
    answer = unpack_answer(body)
    gathering, interface = Gathering(answer, context), answer.request.interface
    if interface in {DEVICES_NOW, HISTORY}:
        _read_frames(gathering, answer)
    elif interface in {*_DAYS, PLANT_POWER} and len(answer.request.subjects) == 1:
        _read_plant(gathering, answer, answer.request.subjects[0])
    else:
        raise BadDocument(f"answers of {interface[:60]!r} hold no readings; land them with the feed of their kind")
    yield from gathering.pieces()


def _read_frames(gathering: Gathering, answer: LandedAnswer) -> None:
    """Frames of inverters; one with neither a time nor a figure is none."""
    for number, named, record in frames_of(answer.data):
        key, stamp = gathering.subject(named), stamp_of(record)
        if not isinstance(record, dict):
            gathering.add_unreadable(number, "ac_power_kw", record)
        elif key is not None and not (stamp is None and _KEYS.isdisjoint(record)):
            at = gathering.written_instant(stamp, gathering.timezone(key))
            if gathering.is_within(at):
                gathering.add(_ROWS, key, Row(number, at, record, record))
    gathering.add_fields(_ROWS, DEVICE_FIELDS)


def _read_plant(gathering: Gathering, answer: LandedAnswer, plant: str) -> None:
    """A plant's power through a day, or its energies of days; `date` may have a time behind it.

    What is told of today shortly after midnight is left out: it may be yesterday's.
    """
    interface, timezone = answer.request.interface, gathering.timezone(plant)
    name, fields = _DAYS.get(interface, ("time", PLANT_POWERS))
    for record in rows_of(answer.data, interface):
        number, end = gathering.next_row(), None
        if not isinstance(record, dict):
            gathering.add_unreadable(number, fields[0].quantity, record)
            continue
        if interface == PLANT_POWER:
            at = gathering.written_instant(record.get(name), timezone)
        elif (day := written_day(record.get(name))) is None:
            at = UNREADABLE
        else:
            at, end = day_start(day, timezone), day_start(day + _DAY, timezone)
            if interface == PLANT_NOW and may_be_of_before(gathering.written_instant(record.get(name), timezone), at):
                continue
        if gathering.is_within(at, end):
            gathering.add(_ROWS, plant, Row(number, at, record, record))
    gathering.add_fields(_ROWS, fields)
