"""Written times -> UTC microseconds.

Rules: a text with an offset, Z or a zone is that instant; without one it is local time of a clock. Which forms are read is told
in `time_forms`. Numbers, and texts of digits alone, are epoch seconds, milliseconds, microseconds or nanoseconds, whose ranges do
not meet. Anything else, dates without a time and years outside 1900 to 2199 among them, is unreadable (`UNREADABLE`, which numpy
reads as NaT). A local time that was skipped when clocks were set forward is unreadable, too.

What a text alone cannot tell stays open: a local time that occurs twice where clocks are set back, a date whose day and month may
change places, a number that may be a spreadsheet's day. An open time is one int as well, beyond all instants, so that columns of
times stay arrays; `open_times` decides it when the whole document is known.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from include.core.span import DateOrder, microseconds_of
from include.sources.formats.time_forms import read_written

UNREADABLE: Final = -(2**63)

OPEN: Final = 2**54
"""The first int that is an open time and no instant."""

SERIAL: Final = 1 << 61
"""Flag of an open time: it may be a spreadsheet's number of a day."""

EITHER_ORDER: Final = 1 << 62
"""Flag of an open time: its day and month may change places."""

_BIAS: Final = 2**53
_OVERLAP_SHIFT: Final = 54
_OVERLAP_MASK: Final = 0x7F
_MINUTE_US: Final = 60_000_000
_MICROSECOND: Final = timedelta(microseconds=1)
_UNIX_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's

_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|[+-]\d\d(:?\d\d)?))?", re.IGNORECASE | re.ASCII
)
_NUMBER: Final = re.compile(r"\d{1,19}(\.\d{1,17})?", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"(\d)(?:\.(\d{1,17}))?e\+?(\d\d?)", re.IGNORECASE | re.ASCII)
_FIRST_EPOCH_S: Final = 100_000_000
_LAST_EPOCH_S: Final = 4_102_444_800
_FIRST_SERIAL: Final = 36_526
_LAST_SERIAL: Final = 73_050
_SERIAL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock's
_DATE_TIME_DIGITS: Final = frozenset({12, 14})
_MAX_REMEMBERED: Final = 100_000
_Codes = TypeVar("_Codes", int, NDArray[np.int64])


class ClockTimes(dict[str, int]):
    """Remembers the instant [µs since 1970, UTC] or open time of each text, as a clock's local time where it has no offset.

    A document has far fewer distinct times than readings.

    Attributes:
        orders: Orders of day and month that texts have proved.
        has_local: Whether a text was a local time, so that the clock's changes matter.
        has_open: Whether a text stayed open.
        has_other: Whether a time was read that is no spreadsheet's number.
    """

    def __init__(self, timezone: tzinfo) -> None:
        """Read texts without offset as local times of `timezone`."""
        super().__init__()
        self.timezone = timezone
        self.orders: set[DateOrder] = set()
        self.has_local = self.has_open = self.has_other = False

    def __missing__(self, text: str) -> int:
        """Read a text that is not remembered; `UNREADABLE` where it is no time."""
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        instant = self[text] = self._noted(self._text(text.strip()))
        return instant

    def read(self, stamp: object) -> int:
        """One value: a text, a number, a spreadsheet's date, or MongoDB's `{"$date": ...}`."""
        if type(stamp) is str:
            return self[stamp]
        if isinstance(stamp, dict):
            return self._extended(stamp)
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return self._noted(self._number(stamp))
        return self._noted(self._datetime(stamp)) if isinstance(stamp, datetime) else UNREADABLE

    def at(self, wall: datetime) -> int:
        """Instant of a naive local time of this clock; open where it occurs twice, `UNREADABLE` where it was skipped."""
        return _local(wall, self.timezone)

    def _extended(self, stamp: dict[Any, Any]) -> int:
        if len(stamp) != 1:
            return UNREADABLE
        ((key, inner),) = stamp.items()
        if key == "$date":
            return self.read(inner)
        if key == "$numberLong" and isinstance(inner, str | int) and re.fullmatch(r"-?\d{1,18}", str(inner), re.ASCII):
            return self._noted(epoch_ms(int(inner)))
        return UNREADABLE

    def _noted(self, instant: int) -> int:
        if instant >= OPEN:
            self.has_open = True
        if instant != UNREADABLE and not (instant >= OPEN and instant & SERIAL):
            self.has_other = True
        return instant

    def _text(self, text: str) -> int:
        if _ISO.fullmatch(text) and "1900" <= text[:4] <= "2199" and text[11:13] != "24":
            try:
                written = datetime.fromisoformat(text.upper().replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
                return self._datetime(written)
            except (ValueError, OverflowError):
                return UNREADABLE
        if _NUMBER.fullmatch(text) and len(text.partition(".")[0]) not in _DATE_TIME_DIGITS:
            return self._number(float(text) if "." in text else int(text))
        if found := _SCIENTIFIC.fullmatch(text):
            return self._scientific(found[1], found[2] or "", int(found[3]))
        return self._written(text)

    def _written(self, text: str) -> int:
        written = read_written(text)
        if written is None:
            return self._number(int(text)) if text.isascii() and text.isdigit() and len(text) <= 19 else UNREADABLE
        if written.order:
            self.orders.add(written.order)
        if written.is_either:
            return _open(microseconds_of_wall(written.wall), EITHER_ORDER)
        if written.zone is not None:
            return _local(written.wall, written.zone)
        self.has_local = True
        return self.at(written.wall)

    def _datetime(self, written: datetime) -> int:
        if written.tzinfo is not None:
            return microseconds_of(written)
        self.has_local = True
        return self.at(written)

    def _number(self, number: float) -> int:
        if isinstance(number, int) and (10**11 <= number < 10**12 or 10**13 <= number < 10**14):
            written = read_written(str(number))
            if written is not None:
                self.has_local = True
                return self.at(written.wall)
        if _FIRST_SERIAL <= number < _LAST_SERIAL:
            return _open(_serial_wall(number), SERIAL)
        return epoch(number)

    def _scientific(self, digit: str, digits: str, exponent: int) -> int:
        # With fewer digits than the exponent says, a spreadsheet has rounded the time away.
        return self._number(int(digit + digits)) if len(digits) == exponent else UNREADABLE


def lone_instant(stamp: object, timezone: tzinfo, *, not_before: int = UNREADABLE) -> int:
    """Instant [µs UTC] of a time that stands alone, such as an alarm's; no open time but a repeated hour's is read.

    Of a repeated hour it is the first pass, unless that lies before `not_before`.
    """
    instant = ClockTimes(timezone).read(stamp)
    if instant < OPEN:
        return instant
    first, overlap = known_part(instant), overlap_of(instant)
    if not overlap:
        return UNREADABLE
    return first if first >= not_before else first + overlap


def known_part(codes: _Codes) -> _Codes:
    """Of open times: the first of two instants [µs UTC], or the wall clock's time [µs since 1970] with the day written first."""
    return (codes & (OPEN - 1)) - _BIAS


def overlap_of(codes: _Codes) -> _Codes:
    """Of open times: by how much the second instant is later than the first [µs]; 0 where something else is open."""
    return (codes >> _OVERLAP_SHIFT & _OVERLAP_MASK) * _MINUTE_US


def microseconds_of_wall(wall: datetime) -> int:
    """Microseconds of a naive time since 1970 on the same clock."""
    return (wall - _UNIX_EPOCH) // _MICROSECOND


def wall_of(microseconds: int) -> datetime:
    """Naive time of microseconds since 1970 on the same clock."""
    return _UNIX_EPOCH + timedelta(microseconds=microseconds)


def _open(known: int, flag: int) -> int:
    return known + _BIAS | flag


def _local(wall: datetime, timezone: tzinfo) -> int:
    local = wall.replace(tzinfo=timezone)
    first = local.astimezone(UTC)
    if first.astimezone(timezone).replace(tzinfo=None, fold=0) != wall:
        return UNREADABLE
    overlap = (local.replace(fold=1).astimezone(UTC) - first) // _MICROSECOND
    if overlap <= 0:
        return microseconds_of(first)
    minutes, rest = divmod(overlap, _MINUTE_US)
    if rest or minutes > _OVERLAP_MASK:
        # Zones before 1970 alone.
        return UNREADABLE
    return microseconds_of(first) + _BIAS | minutes << _OVERLAP_SHIFT


def _serial_wall(number: float) -> int:
    """Wall clock's time of days since 1899-12-30, to the second where it is meant, else to the millisecond."""
    milliseconds = round(number * 86_400_000)
    seconds = round(milliseconds / 1000)
    exact = seconds * 1000 if abs(milliseconds - seconds * 1000) <= 50 else milliseconds
    return microseconds_of_wall(_SERIAL_EPOCH + timedelta(milliseconds=exact))


def written_day(value: object) -> date | None:
    """The day that a text begins with, as it stands there: a plant's own, whatever the offset behind it."""
    try:
        return date.fromisoformat(value.strip()[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def epoch(number: float) -> int:
    """Instant of epoch seconds, milli-, micro- or nanoseconds from 1973 to 2100, told apart by their size; else unreadable."""
    for per_second in (1, 1_000, 1_000_000, 1_000_000_000):
        if _FIRST_EPOCH_S * per_second <= number <= _LAST_EPOCH_S * per_second:
            return number * 1_000_000 // per_second if isinstance(number, int) else round(number * (1_000_000 / per_second))
    return UNREADABLE


def epoch_ms(number: float) -> int:
    """Instant of epoch milliseconds from 1973 to 2100, else unreadable."""
    return round(number * 1000) if _FIRST_EPOCH_S * 1000 <= number <= _LAST_EPOCH_S * 1000 else UNREADABLE


def as_datetimes(instants: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """View microseconds as numpy instants without copying."""
    return instants.view("datetime64[us]")
