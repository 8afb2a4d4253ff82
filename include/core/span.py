"""Time: half-open UTC spans, local days of a zone, grains and report periods."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.core.errors import Refused

Grain = Literal["hour", "day", "week", "month", "year"]
GRAINS: Final[tuple[Grain, ...]] = ("hour", "day", "week", "month", "year")
"""Stored grains, finest first. A bucket is labelled by its start; weeks start on Monday."""

DateOrder = Literal["day first", "month first"]
"""How a date of three numbers with the year at its end begins."""

HOUR_US: Final = 3_600_000_000
"""Microseconds of an hour."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?(?:([+-])(\d{1,2})(?::?([0-5]\d))?)?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open interval `[start, end)` of two aware instants, kept in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse naive instants and reversed spans."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise Refused(f"span {self.start} to {self.end} has no time zone; give an offset such as Z or -03:00")
        if self.end < self.start:
            raise Refused(f"span ends {self.end} before it starts {self.start}; swap the two")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))


def zone(name: str) -> ZoneInfo:
    """Find an IANA zone; raises `Refused` with the name when it does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(f"time zone {name!r} is not an IANA name; use one such as America/Sao_Paulo") from error


def utc_offset(text: str) -> str:
    """A fixed offset from UTC as `-03:00`, from forms such as `-3`, `-0300`, `UTC-03:00` and `Z`; raises `Refused` for others."""
    written = text.strip().upper().replace("\u2212", "-")
    found = _OFFSET.fullmatch(written.replace("Z", "UTC") if written == "Z" else written)
    if not written or not found or int(found[2] or 0) > 14:
        raise Refused(f"{text!r} is no offset from UTC; write one such as -03:00")
    return f"{found[1] or '+'}{int(found[2] or 0):02}:{found[3] or '00'}"


def clock_of(name: str) -> tzinfo:
    """The clock of an IANA zone or of an offset as `utc_offset` writes it; raises `Refused` for another name."""
    if name[:1] not in {"+", "-"}:
        return zone(name)
    offset = timedelta(hours=int(name[1:3]), minutes=int(name[4:6]))
    return timezone(-offset if name[0] == "-" else offset)


def instant_of(microseconds: int) -> datetime:
    """Aware UTC instant of whole microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(instant: datetime) -> int:
    """Whole microseconds since 1970 of an aware instant."""
    return (instant - _EPOCH) // _MICROSECOND


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_of_number(number: int) -> date:
    """The day that is so many days after 1970-01-01."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


def day_span(first: date, timezone: ZoneInfo, days: int = 1) -> Span:
    """UTC span of whole local days; 23 or 25 hours long where the clock changes."""
    return Span(_midnight(first, timezone), _midnight(first + timedelta(days=days), timezone))


def local_day(instant: datetime, timezone: ZoneInfo) -> date:
    """Local calendar day in which an aware instant falls."""
    return instant.astimezone(timezone).date()


def month_start(day: date) -> date:
    """First day of the month of `day`."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """First day of the month after `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def days_between(first: date, end: date) -> Iterator[date]:
    """Each day of the half-open range `[first, end)`."""
    for offset in range((end - first).days):
        yield first + timedelta(days=offset)


def _midnight(day: date, timezone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone).astimezone(UTC)
