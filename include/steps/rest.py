"""How long what failed is left alone: twice as long each time."""

from datetime import timedelta
from typing import Final

_MOST_DOUBLINGS: Final = 20


def rest(failures: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """The time until the next try after one failure more than `failures` in a row: `first` after the first one."""
    return min(first * (1 << min(failures, _MOST_DOUBLINGS)), longest)
