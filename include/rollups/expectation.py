"""From when until when each inverter of a plant is expected to tell its power.

One that is gone is expected until the day before it was dismantled, as the registry tells, or, where its vendor lists it no
longer, until the last day on which it generated: a cloud may go on telling zeros of it. One that first generated on that last day
or later takes its place from the next day on, so that a swap changes nothing of how many are expected, however late somebody
writes down that the old one was dismantled. All others always are.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from include.core.span import day_number

DaySpan = tuple[int, int]
"""Local days [since, until), since 1970-01-01."""

_EVER: Final = 2**30
"""Beyond all days."""


class HeardInverter(NamedTuple):
    """An inverter, and the local days on which it generated first and last; None where it never did.

    `missed_until` is the day before it was dismantled, None where nobody told.
    """

    device_id: int
    is_retired: bool
    first_day: date | None
    last_day: date | None
    missed_until: date | None = None


class Swap(NamedTuple):
    """An inverter that is gone, the one in its place, and the local day from which on it is there [since 1970-01-01]."""

    old_id: int
    new_id: int
    since: int


def swaps_of(inverters: Iterable[HeardInverter]) -> list[Swap]:
    """Which inverters of a plant were swapped: each that is gone has at most one successor, the first that began after it."""
    known = list(inverters)
    waiting = sorted(known, key=lambda each: (_first(each), each.device_id))
    found = []
    for old in _retired(known):
        new = next((each for each in waiting if each is not old and _first(each) >= _last(old)), None)
        if new is not None and old.last_day is not None:
            waiting.remove(new)
            # Who dismantles an old one after the new one runs writes down a day on which it was long gone.
            is_late = _first(new) <= _missed(old) + 1
            found.append(Swap(old.device_id, new.device_id, (_last(old) if is_late else _missed(old)) + 1))
    return found


def expected_days(inverters: Iterable[HeardInverter]) -> dict[int, DaySpan]:
    """The days on which those inverters of a plant are expected that are not always, by device_id."""
    known = list(inverters)
    spans = {each.device_id: (-_EVER, _missed(each) + 1) for each in _retired(known)}
    for old_id, new_id, since in swaps_of(known):
        spans[old_id] = (spans[old_id][0], since)
        spans[new_id] = (since, spans.get(new_id, (-_EVER, _EVER))[1])
    return spans


def _retired(inverters: Iterable[HeardInverter]) -> list[HeardInverter]:
    return sorted((each for each in inverters if each.is_retired), key=lambda each: (_last(each), each.device_id))


def _first(inverter: HeardInverter) -> int:
    return _EVER if inverter.first_day is None else day_number(inverter.first_day)


def _last(inverter: HeardInverter) -> int:
    return -_EVER if inverter.last_day is None else day_number(inverter.last_day)


def _missed(inverter: HeardInverter) -> int:
    return max(_last(inverter), -_EVER if inverter.missed_until is None else day_number(inverter.missed_until))
