"""Written times -> UTC microseconds.

Rules: ISO 8601 with offset or Z is that instant. ISO 8601 without offset is local time of the document's zone. Numbers, and
texts of digits alone, are epoch seconds (from 1973) or epoch milliseconds. Anything else, 12-hour forms, dates without a time and
years outside 1900 to 2199 among them, is unreadable (`UNREADABLE`, which numpy reads as NaT).

Where clocks are set back, an hour occurs twice and a local time without offset names two instants. It means the first, unless
the same subject's times were rising and then go back by at least half of the repeated hour: from there on they mean the
second. A local time that was skipped when clocks were set forward is unreadable.
"""

import re
from collections.abc import Hashable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.core.span import microseconds_of

UNREADABLE: Final = -(2**63)

_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|[+-]\d\d(:?\d\d)?))?", re.IGNORECASE | re.ASCII
)
_DIGITS: Final = re.compile(r"\d{9,13}(\.\d{1,9})?", re.ASCII)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST_EPOCH_S: Final = 100_000_000
_LAST_EPOCH_S: Final = 4_102_444_800
_MAX_REMEMBERED: Final = 100_000


class Instants(dict[str, int]):
    """Remembers the instant [µs since 1970, UTC] of each text; a document has far fewer distinct times than readings."""

    def __init__(self, timezone: ZoneInfo) -> None:
        """Read texts without offset as local times of `timezone`."""
        super().__init__()
        self._timezone = timezone
        self._overlaps: dict[int, int] = {}
        self._passes: dict[Hashable, _Pass] = {}

    def __missing__(self, text: str) -> int:
        """Read a text that is not remembered; `UNREADABLE` where it is no time."""
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        instant = self[text] = self._read(text)
        return instant

    def read(self, stamp: object, subject: Hashable) -> int:
        """Instant of one value in file order; a text, a number or MongoDB's `{"$date": ...}`."""
        if type(stamp) is str:
            instant = self[stamp]
        else:
            return self._other(stamp, subject)
        return self._second_pass(instant, subject) if self._overlaps else instant

    def read_all(self, stamps: Sequence[Any], subjects: Sequence[Hashable]) -> list[int]:
        """Instants of many values in file order; `subjects` are the keys that they belong to."""
        if set(map(type, stamps)) == {str}:
            instants = list(map(self.__getitem__, stamps))
            if not self._overlaps:
                return instants
        return [self.read(stamp, subject) for stamp, subject in zip(stamps, subjects, strict=True)]

    def _other(self, stamp: object, subject: Hashable) -> int:
        if isinstance(stamp, dict):
            if len(stamp) != 1:
                return UNREADABLE
            ((key, inner),) = stamp.items()
            if key == "$date":
                return self.read(inner, subject)
            if key == "$numberLong" and isinstance(inner, str | int) and re.fullmatch(r"-?\d{1,18}", str(inner), re.ASCII):
                return epoch_ms(int(inner))
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return epoch(stamp)
        return UNREADABLE

    def _read(self, text: str) -> int:
        text = text.strip()
        if _DIGITS.fullmatch(text):
            return epoch(float(text))
        if not _ISO.fullmatch(text) or not "1900" <= text[:4] <= "2199":
            return UNREADABLE
        try:
            written = datetime.fromisoformat(text.upper().replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
            return microseconds_of(written) if written.tzinfo else self._local(written)
        except (ValueError, OverflowError):
            return UNREADABLE

    def _local(self, written: datetime) -> int:
        local = written.replace(tzinfo=self._timezone)
        first = local.astimezone(UTC)
        if first.astimezone(self._timezone).replace(tzinfo=None, fold=0) != written:
            return UNREADABLE
        second = local.replace(fold=1).astimezone(UTC)
        if second > first:
            self._overlaps[microseconds_of(first)] = (second - first) // _MICROSECOND
        return microseconds_of(first)

    def _second_pass(self, instant: int, subject: Hashable) -> int:
        passed = self._passes.get(subject)
        if passed is None:
            passed = self._passes[subject] = _Pass()
        return passed.place(instant, self._overlaps.get(instant, 0))


class _Pass:
    """How one subject's times run through a repeated hour."""

    __slots__ = ("is_rising", "is_second", "previous")

    def __init__(self) -> None:
        self.previous = UNREADABLE
        self.is_rising = False
        self.is_second = False

    def place(self, instant: int, overlap: int) -> int:
        step = instant - self.previous
        if overlap == 0:
            self.is_second = False
        elif self.is_rising and step <= -overlap // 2:
            self.is_second = True
        if step != 0:
            self.is_rising = step > 0 and self.previous != UNREADABLE
        self.previous = instant
        return instant + overlap if self.is_second else instant


def written_day(value: object) -> date | None:
    """The day that a text begins with, as it stands there: a plant's own, whatever the offset behind it."""
    try:
        return date.fromisoformat(value.strip()[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def epoch(number: float) -> int:
    """Instant of epoch seconds from 1973 to 2100, or of milliseconds where the number is larger, else unreadable."""
    if _FIRST_EPOCH_S <= number <= _LAST_EPOCH_S:
        return round(number * 1_000_000)
    return epoch_ms(number) if number > _LAST_EPOCH_S else UNREADABLE


def epoch_ms(number: float) -> int:
    """Instant of epoch milliseconds from 1973 to 2100, else unreadable."""
    return round(number * 1000) if _FIRST_EPOCH_S * 1000 <= number <= _LAST_EPOCH_S * 1000 else UNREADABLE


def as_datetimes(instants: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """View microseconds as numpy instants without copying."""
    return instants.view("datetime64[us]")
