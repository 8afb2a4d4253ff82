"""When is a source late? Judged by its own silences at the same time of day, so night, week-end and seasons need no calendar."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Final

FEWEST_RECEIPTS: Final = 4
"""Different receipts among the earlier moments from which a rhythm can be told; what came less often is not judged."""

_USUAL_QUANTILE: Final = 0.8
_TOLERANCE: Final = 1.5


def longest_usual(silences: Sequence[timedelta], *, receipts: int, margin: timedelta) -> timedelta | None:
    """How long a source may be silent now; None where its rhythm is not known.

    The bound is one and a half times the silence that four of five earlier moments did not exceed, and the margin: an earlier
    outage of some days does not make the next one usual.

    Args:
        silences: How long it had been silent on earlier days, at the local time that it was `margin` ago: what comes every
            morning at six is late at seven, and not a minute after six.
        receipts: How many different receipts they were counted from.
        margin: By how much it may be late.
    """
    if receipts < FEWEST_RECEIPTS or len(silences) < FEWEST_RECEIPTS:
        return None
    ordered = sorted(silences)
    usual = ordered[ceil(_USUAL_QUANTILE * len(ordered)) - 1]
    return _TOLERANCE * usual + margin
