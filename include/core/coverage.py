"""Coverage: the share of the expected time that was measured."""

from typing import Final

COMPLETE_DAY_COVERAGE: Final = 0.9
"""Coverage from which a local day is complete, so that its energy may be compared with its target."""


def is_complete(coverage: float) -> bool:
    """True where a local day of this coverage may be compared with its target."""
    return coverage >= COMPLETE_DAY_COVERAGE
