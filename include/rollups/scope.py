"""What a computed stretch may write: the hours that its change can reach, and whether the readings read so far decide them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.rollups.calendar import DAY_US
from include.rollups.measured import Readings
from include.rollups.steps import SHORT_STEP_US
from include.rollups.stretches import NOWHERE, Batch


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Hours [lo_us, hi_us) of each stretch that are written: of its days, and those that steps over its border reach."""

    lo_us: NDArray[np.int64]
    hi_us: NDArray[np.int64]

    def holds(self, stretch: NDArray[np.int64], starts_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Does an hour of a stretch that begins then belong to it?"""
        return (starts_us >= self.lo_us[stretch]) & (starts_us < self.hi_us[stretch])


def scope_between(batch: Batch, before_us: NDArray[np.int64], after_us: NDArray[np.int64]) -> Scope:
    """From the hour of the reading before each stretch to that of the reading after it (`NOWHERE`: there is none)."""
    hour_us, hour_of = batch.calendar.hour_us, batch.calendar.hour_of
    lo_us = np.where(before_us > NOWHERE, hour_us[hour_of(np.maximum(before_us, hour_us[0]))], batch.lo_us)
    hi_us = np.where(after_us > NOWHERE, hour_us[hour_of(np.maximum(after_us, hour_us[0])) + 1], batch.hi_us)
    return Scope(lo_us, hi_us)


def undecided(batch: Batch, readings: Readings, scope: Scope) -> NDArray[np.bool_]:
    """Stretches with a step in their scope of which nobody can tell yet whether it is bridged.

    Such a step lies outside the stretch's own days, is longer than half an hour, and ends in a day that was not read whole, so
    that the median step of that day is unknown. Its other reading may not have been read at all.
    """
    is_undecided = np.zeros(len(batch.stretches), bool)
    if not len(readings.at_us):
        return is_undecided
    stretch, at_us = readings.stretch, readings.at_us
    is_first = np.ones(len(at_us), bool)
    is_first[1:] = stretch[1:] != stretch[:-1]
    # The first and last reading of a stretch may have a neighbour that was not read, further away than half an hour.
    from_us = np.where(is_first, at_us - SHORT_STEP_US - 1, np.concatenate(([0], at_us[:-1])))
    is_outside = (at_us < batch.lo_us[stretch]) | (at_us >= batch.hi_us[stretch])
    is_long = (at_us - from_us > SHORT_STEP_US) & (at_us - from_us <= DAY_US)
    reaches = (at_us > scope.lo_us[stretch]) & (from_us < scope.hi_us[stretch])
    is_undecided[stretch[is_outside & is_long & reaches]] = True
    is_last = np.append(is_first[1:], True)
    ends_early = is_last & (batch.after_us[stretch] > NOWHERE) & (at_us < scope.hi_us[stretch])
    is_undecided[stretch[ends_early]] = True
    is_wide = np.array([each.is_wide for each in batch.stretches], bool)
    return np.asarray(is_undecided & ~is_wide)
