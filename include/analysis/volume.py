"""How much a source tells of a local day, against what it usually tells: data that is lost in silence.

Pure. A source is a vendor account or a feed of dropped files; its subjects are devices, and plants as a whole. Arrays are
[local days, subjects]. What a subject is expected to tell is learned from itself, so that week-ends, night's sleep and seasons
need no calendar: the lesser of the medians of its last seven telling days and of the same day of the week, and no more than the
daylight allows. A day is judged once what is told of it has come as late as it usually does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

REACH_DAYS: Final = 28
"""Days back in which a subject is known; what told nothing for longer is taken for gone."""
LEAST_EXPECTED: Final = 20
"""Readings of a source's day below which nothing is judged."""

_TELLING_DAYS: Final = 7
_LEAST_WEEKS: Final = 2
_LEAST_RECEIPTS: Final = 3
"""Different receipts from which a rhythm can be told: a history that was handed over once has none."""
_WEEKS: Final = REACH_DAYS // 7


@dataclass(frozen=True, slots=True, eq=False)
class SourceDays:
    """What one source told.

    Attributes:
        counts: Readings, 0 where nothing was told.
        delay_s: How long after the end of the day it was told [s]; below zero: before its end; NaN where nothing was.
        age_s: How long ago the day ended [s].
        daylight_s: How long the sun was up over the subject [s].
        is_away: Subjects of which nothing is expected now.
    """

    counts: Numbers
    delay_s: Numbers
    age_s: Numbers
    daylight_s: Numbers
    is_away: Marks


@dataclass(frozen=True, slots=True, eq=False)
class SourceVolume:
    """What was expected of a source and what it told, by local day; both NaN where a day cannot be judged."""

    expected: Numbers
    received: Numbers
    is_short: Marks


def judge_volume(days: SourceDays, *, least_share: float, margin_s: float) -> SourceVolume:
    """Hold each day against those before it that were not short.

    A source that rests on some days of the week may rest on a holiday too: it is short from two such days in a row on.

    Args:
        days: What the source told.
        least_share: Share of what is expected below which a day is short.
        margin_s: By how much a day may come later than it usually does before it is judged.
    """
    length = len(days.counts)
    expected, received = np.full((2, length), np.nan)
    is_below, is_short = np.zeros((2, length), bool)
    for day in range(length):
        usual, is_due = _usual(days, day, is_short, margin_s)
        is_judged = is_due & ~days.is_away
        whole, known = float(np.nansum(usual[~days.is_away])), float(np.nansum(usual[is_judged]))
        if known < LEAST_EXPECTED or known < whole / 2:
            continue
        expected[day], received[day] = known, float(days.counts[day][is_judged & np.isfinite(usual)].sum())
        is_below[day] = received[day] < least_share * known
        if not is_below[day]:
            continue
        before = np.flatnonzero(np.isfinite(expected[:day]))
        if not _rests(days, day, is_short):
            is_short[day] = True
        elif len(before) and is_below[before[-1]]:
            is_short[[before[-1], day]] = True
    return SourceVolume(expected, received, is_short)


def _usual(days: SourceDays, day: int, is_short: Marks, margin_s: float) -> tuple[Numbers, Marks]:
    """What each subject is expected to tell of a day, NaN where unknown; and of whom the day is due."""
    first = max(day - REACH_DAYS, 0)
    counts = np.where(is_short[first:day, np.newaxis], np.nan, days.counts[first:day])
    telling = np.where(counts > 0, counts, np.nan)
    is_last = np.isfinite(telling) & (np.cumsum(np.isfinite(telling)[::-1], axis=0)[::-1] <= _TELLING_DAYS)
    told_s = np.where(np.isfinite(telling), np.rint(days.delay_s[first:day] - days.age_s[first:day]), np.nan)
    has_rhythm = _distinct(told_s) >= _LEAST_RECEIPTS
    recent = np.where(has_rhythm, _median(np.where(is_last, telling, np.nan), least=_TELLING_DAYS), np.nan)
    sun = _median(np.where(is_last, days.daylight_s[first:day], np.nan), least=1)
    usual = np.minimum(recent, _same_weekday(days, day, is_short))
    delays = np.where(is_last, days.delay_s[first:day], -np.inf)
    delay_s = np.maximum(delays.max(axis=0, initial=-np.inf), 0.0)
    return usual * np.minimum(days.daylight_s[day] / np.maximum(sun, 1.0), 1.0), days.age_s[day] >= delay_s + margin_s


def _same_weekday(days: SourceDays, day: int, is_short: Marks) -> Numbers:
    """The median of what a subject told of the same day of the earlier weeks, nothing included; NaN where too few are known."""
    rows = np.array([day - 7 * week for week in range(1, _WEEKS + 1) if day >= 7 * week], np.int64)
    was_known = np.cumsum(days.counts > 0, axis=0)[rows] > 0
    return _median(np.where(was_known & ~is_short[rows, np.newaxis], days.counts[rows], np.nan), least=_LEAST_WEEKS)


def _rests(days: SourceDays, day: int, is_short: Marks) -> bool:
    """Does the source usually tell nothing of some day of the week?"""
    week = (_same_weekday(days, one, is_short) for one in range(max(day - 6, 0), day + 1))
    return any(np.isfinite(usual).any() and np.nansum(usual) == 0 for usual in week)


def _distinct(values: Numbers) -> NDArray[np.int64]:
    """How many different values each column has."""
    ordered = np.sort(values, axis=0)
    return np.asarray(np.isfinite(ordered[:1]).sum(axis=0) + (np.diff(ordered, axis=0) > 0).sum(axis=0))


def _median(values: Numbers, *, least: int) -> Numbers:
    """Of each column that has at least so many values."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    found = np.full(values.shape[1], np.nan)
    for known in np.unique(count[count >= least]):
        columns = count == known
        found[columns] = (ordered[(known - 1) // 2, columns] + ordered[known // 2, columns]) / 2
    return found
