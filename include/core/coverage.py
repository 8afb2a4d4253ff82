"""Coverage and completeness: the shares of a day that were measured or are known."""

from typing import Final

COMPLETE_DAY_COVERAGE: Final = 0.9
"""Completeness from which a local day is complete, so that its energy may be compared with its target."""


def is_complete(completeness: float) -> bool:
    """True where a local day of this completeness may be compared with its target."""
    return completeness >= COMPLETE_DAY_COVERAGE


def is_assessable(days_counted: int, days_expected: int, least_share: float) -> bool:
    """True where enough of a period's days count for its performance to say something of the period."""
    return days_counted > 0 and days_counted >= least_share * days_expected
