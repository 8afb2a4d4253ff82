"""Periods of reports: which local days they have, and how they are named."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from include.core.errors import Refused
from include.core.span import month_start, next_month
from include.reports.model import Kind

KINDS: Final[tuple[Kind, ...]] = ("day", "week", "month", "cycle", "span")
MOST_DAYS: Final = 366
"""Longest span that somebody may choose."""

_DAY: Final = timedelta(days=1)


def usual_kinds(about: str) -> list[Kind]:
    """Kinds of the reports about something where nobody says which, the most usual first."""
    usual: dict[str, list[Kind]] = {"consumption": ["month"], "quality": ["week"]}
    return usual.get(about, ["day", "month"])


def period_around(kind: Kind, day: date, readings: Sequence[date] = ()) -> tuple[date, date]:
    """First and last local day of the day, ISO week, month or billing cycle in which `day` lies, both included.

    `readings` are the days on which the plant's meter is read. Raises `Refused` for a cycle of which they do not tell both ends.
    """
    if kind == "week":
        monday = day - day.weekday() * _DAY
        return monday, monday + 6 * _DAY
    if kind == "month":
        return month_start(day), next_month(day) - _DAY
    return _cycle(day, readings) if kind == "cycle" else (day, day)


def ended_with(kind: Kind, day: date, readings: Sequence[date] = ()) -> tuple[date, date] | None:
    """The period of this kind whose last day is `day`; None where none ends with it."""
    if kind == "cycle" and (day + _DAY not in readings or min(readings) > day):
        return None
    period = period_around(kind, day, readings)
    return period if period[1] == day else None


def chosen_span(first: date | None, last: date | None) -> tuple[date, date]:
    """Both ends of a span as somebody asked for it; raises `Refused` where one is missing, or it is reversed or too long."""
    if first is None or last is None:
        raise Refused("a report of a span needs its first and its last day; give both, or choose day, week, month or cycle")
    if last < first:
        raise Refused(f"the span ends {last} before it starts {first}; swap the two")
    if (days := (last - first).days + 1) > MOST_DAYS:
        raise Refused(f"the span {first} to {last} has {days} days; give at most {MOST_DAYS}")
    return first, last


def period_name(kind: Kind, first: date, last: date) -> str:
    """Kind and days of a period in a name of a file, as many as tell it from others."""
    return f"{kind}-{first}-{last}" if kind in {"cycle", "span"} else f"{kind}-{first}"


def _cycle(day: date, readings: Sequence[date]) -> tuple[date, date]:
    begun = [reading for reading in readings if reading <= day]
    following = [reading for reading in readings if reading > day]
    if not begun:
        raise Refused(f"no reading of the meter is registered up to {day}; register meter_readings, or ask for a span")
    if not following:
        raise Refused(
            f"the billing cycle from {max(begun)} has no end yet; register the next reading of the meter, or ask for a span"
        )
    return max(begun), min(following) - _DAY
