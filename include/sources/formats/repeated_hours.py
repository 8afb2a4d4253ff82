"""Local times that occur twice where clocks are set back: which of the two they are, as the rows around them tell.

Rows of one subject that run through the repeated hour in order step back once, from the end of its first pass to the beginning of
its second; a file with the newest row first is the same read backwards. A table that was sorted by local time has every time of
the hour twice. Whatever else the rows look like, nothing tells, and the times stay undecided.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

import numpy as np
from numpy.typing import NDArray

from include.core.frames import Fault
from include.core.span import HOUR_US, instant_of, microseconds_of
from include.sources.formats.instants import OPEN, UNREADABLE, known_part, overlap_of

NEAR_US: Final = 12 * HOUR_US
"""Rows so close to a repeated hour are looked at."""

_WIDER_STEP: Final = 1.5
"""Longest step in the repeated hour, in usual steps."""

_SAME_STEP: Final = 0.1
"""Steps are the same that differ by no more than this part; loggers are exact, rows that were picked by hand are not."""

_ENOUGH_STEPS: Final = 4
_FEWEST_RISES: Final = 2
_FEWEST_ROWS: Final = 5
_MOST_SUBJECTS: Final = 100_000
"""Subjects that are looked at one by one; it bounds time."""

_AROUND: Final = 5
_JUST_NOW_US: Final = 900_000_000
"""A value of the moment is no older than this when it is received, or it is none of the moment."""

_Instants = NDArray[np.int64]
_Flags = NDArray[np.bool_]


def decide_repeated(
    row_numbers: NDArray[np.int32], subject_codes: NDArray[np.int32], instants: _Instants, latest: int | None = None
) -> _Instants:
    """The instants [µs UTC] with those decided that occur twice; `UNREADABLE` where nothing tells.

    Rows may come in any order; that of the document counts. Rows of one record have one row number and the same time. What would
    lie after `latest` in the second pass is of the first.
    """
    if latest is not None:
        is_first = (instants >= OPEN) & (known_part(instants) + overlap_of(instants) > latest)
        instants = np.where(is_first, known_part(instants), instants)
    decided = instants.copy()
    for about in _groups(instants):
        rows = about[np.lexsort((row_numbers[about], subject_codes[about]))]
        starts = np.flatnonzero(np.diff(subject_codes[rows], prepend=-1))
        ends = np.append(starts[1:], len(rows))
        for subject in np.flatnonzero(ends - starts >= _FEWEST_ROWS)[:_MOST_SUBJECTS].tolist():
            part = rows[starts[subject] : ends[subject]]
            decided[part] = _of_subject(row_numbers[part], instants[part])
        if (decided[rows] >= OPEN).any():
            in_order = about[np.argsort(row_numbers[about], kind="stable")]
            _decide_by_document(row_numbers[in_order], subject_codes[in_order], instants[in_order], in_order, decided)
    decided[decided >= OPEN] = UNREADABLE
    return decided


def decide_by_receipt(instant: int, received_at: datetime | None) -> int:
    """An open time [µs UTC] of what was measured before it was received, usually just before; open where that does not tell."""
    if instant < OPEN or received_at is None:
        return instant
    first, received = known_part(instant), microseconds_of(received_at)
    possible = [at for at in (first, first + overlap_of(instant)) if at <= received + _JUST_NOW_US]
    recent = [at for at in possible if at >= received - _JUST_NOW_US]
    told = possible if len(possible) == 1 else recent
    return told[0] if len(told) == 1 else instant


def undecided(instant: int, timezone: tzinfo) -> Fault:
    """Why an open time cannot be trusted of which nothing tells what it is."""
    wall = instant_of(known_part(instant)).astimezone(timezone)
    detail = f"ambiguous local time {wall:%Y-%m-%d %H:%M:%S}: clocks were set back ({timezone}) and nothing tells which it is"
    return Fault("time_unambiguous", detail)


def _groups(instants: _Instants) -> Iterator[NDArray[np.int64]]:
    """Positions of the open rows of each time that clocks were set back, with the rows around them."""
    is_open = instants >= OPEN
    firsts = np.unique(known_part(instants[is_open]))
    for group in np.split(firsts, np.flatnonzero(np.diff(firsts) > 2 * NEAR_US) + 1):
        if len(group):
            low, high = group[0] - NEAR_US, group[-1] + 2 * NEAR_US
            at = np.where(is_open, known_part(instants), instants)
            yield np.flatnonzero((at >= low) & (at <= high))


def _of_subject(row_numbers: NDArray[np.int32], instants: _Instants) -> _Instants:
    """The rows of one subject in the order of the document; open ones stay open where nothing tells."""
    is_first_of_record = np.diff(row_numbers, prepend=-1) != 0
    if _are_told_twice(instants[is_first_of_record]):
        is_first_of_record &= np.diff(instants, prepend=UNREADABLE) != 0
    records = instants[is_first_of_record]
    passes = _passes(records) if (records >= OPEN).any() else None
    if passes is None:
        return instants
    placed: _Instants = _placed(records, passes)[np.cumsum(is_first_of_record) - 1]
    return placed


def _are_told_twice(records: _Instants) -> bool:
    """Whether a source repeats its rows one by one: then those of other hours come twice, too."""
    is_repeat = np.diff(records) == 0
    return bool((is_repeat & (records[1:] < OPEN)).any())


def _decide_by_document(
    row_numbers: NDArray[np.int32],
    subject_codes: NDArray[np.int32],
    instants: _Instants,
    positions: NDArray[np.int64],
    decided: _Instants,
) -> None:
    """Subjects that tell too little themselves stand between rows of others, which step back once for all of them."""
    is_first_of_record = np.diff(row_numbers, prepend=-1) != 0
    records = instants[is_first_of_record]
    overlap, firsts = _overlap(records), known_part(records[records >= OPEN])
    if len(np.unique(subject_codes)) == 1 or firsts.max() - firsts.min() >= overlap:
        return
    wall, is_open = _wall(records), records >= OPEN
    forwards = _stepped_back(wall, is_open, overlap, strictly=False)
    passes = _only_one(forwards, _stepped_back(wall[::-1], is_open[::-1], overlap, strictly=False))
    if passes is None:
        return
    placed = _placed(records, passes)[np.cumsum(is_first_of_record) - 1]
    is_undecided = decided[positions] >= OPEN
    decided[positions[is_undecided]] = placed[is_undecided]


def _passes(records: _Instants) -> _Flags | None:
    """Of one subject's records in the order of the document: which are of the second pass; None where nothing tells."""
    wall, is_open, overlap = _wall(records), records >= OPEN, _overlap(records)
    forwards = _stepped_back(wall, is_open, overlap, strictly=True)
    backwards = _stepped_back(wall[::-1], is_open[::-1], overlap, strictly=True)
    stepped = _only_one(forwards, backwards)
    return _written_twice(wall, is_open, overlap) if stepped is None else stepped


def _only_one(forwards: _Flags | None, backwards: _Flags | None) -> _Flags | None:
    """What one direction says of a sequence, where the other says nothing else; `backwards` is of the reversed sequence."""
    if backwards is None:
        return forwards
    backwards = backwards[::-1]
    return backwards if forwards is None or (forwards == backwards).all() else None


def _stepped_back(wall: _Instants, is_open: _Flags, overlap: int, *, strictly: bool) -> _Flags | None:
    """Which rows of an ascending sequence are of the second pass; None where the sequence is none, or does not tell.

    The clock went back at one step: the only one that falls, or the only one that is too short by the repeated hour. With it
    undone no step may be longer than usual: rows of one pass that are out of order look like two passes with gaps.
    """
    steps, usual = np.diff(wall), _usual_step(wall, is_open)
    if usual is None:
        return None
    falls = np.flatnonzero(steps <= 0 if strictly else steps < 0)
    is_between_open = is_open[:-1] & is_open[1:]
    at = falls if len(falls) or not strictly else _too_short(steps, is_open, overlap, usual)
    if len(at) != 1 or (len(falls) and not is_between_open[at[0]]):
        return None
    undone = np.diff(wall + overlap * (np.arange(len(wall)) > at[0]))[_at_open(is_open)]
    if (undone < strictly).any() or (undone > _WIDER_STEP * usual).any():
        return None
    is_second: _Flags = is_open & (np.arange(len(wall)) > at[0])
    return is_second


def _too_short(steps: _Instants, is_open: _Flags, overlap: int, usual: float) -> NDArray[np.int64]:
    is_usual = np.abs(steps - usual) <= usual * _SAME_STEP
    fits = np.abs(steps + overlap - usual) <= usual * _SAME_STEP
    fits &= is_open[1:] | is_open[:-1]
    return np.flatnonzero(fits) if len(steps) >= _ENOUGH_STEPS and (is_usual | fits).all() else np.empty(0, np.int64)


def _written_twice(wall: _Instants, is_open: _Flags, overlap: int) -> _Flags | None:
    """Sorted by local time: each time of the repeated hour stands there twice, and no other does."""
    steps = np.diff(wall)
    is_repeat = np.concatenate(([False], steps == 0))
    if (steps < 0).any() or is_repeat[~is_open].any() or is_repeat.sum() * 2 != is_open.sum():
        return None
    usual, rises = _usual_step(wall, is_open), steps[_at_open(is_open)]
    if usual is None or is_repeat.sum() * usual < overlap or (rises > _WIDER_STEP * usual).any():
        return None
    return None if (is_repeat[1:] & is_repeat[:-1]).any() else is_repeat


def _usual_step(wall: _Instants, is_open: _Flags) -> float | None:
    """Median step of the nearest rows before and after the repeated hour, None where they are too few."""
    first, last = np.flatnonzero(is_open)[[0, -1]]
    steps = np.concatenate((np.diff(wall[max(first - _AROUND, 0) : first]), np.diff(wall[last + 1 : last + 1 + _AROUND])))
    rises = steps[steps > 0]
    return float(np.median(rises)) if len(rises) >= _FEWEST_RISES else None


def _at_open(is_open: _Flags) -> slice:
    """Steps from the row before the repeated hour to the row after it."""
    first, last = np.flatnonzero(is_open)[[0, -1]]
    return slice(max(first - 1, 0), last + 1)


def _wall(records: _Instants) -> _Instants:
    """Times as the clock showed them, up to a constant: what follows the repeated hour is drawn up to it."""
    is_open = records >= OPEN
    firsts = known_part(records[is_open])
    wall = np.where(is_open, known_part(records), records)
    if len(firsts):
        wall[~is_open & (records > firsts.max())] -= _overlap(records)
    return wall


def _overlap(records: _Instants) -> int:
    is_open = records >= OPEN
    return int(overlap_of(records[is_open]).max()) if is_open.any() else 0


def _placed(records: _Instants, is_second: _Flags) -> _Instants:
    is_open = records >= OPEN
    return np.where(is_open, known_part(records) + np.where(is_second, overlap_of(records), 0), records)
