"""Sungrow's times: plant-local digits without an offset, such as `20260614120500`, `20260614` or `202606`."""

from datetime import date
from zoneinfo import ZoneInfo

from include.core.span import day_span, microseconds_of
from include.sources.formats import names
from include.sources.formats.instants import UNREADABLE


def iso_text(stamp: object) -> str | None:
    """ISO text of `yyyyMMddHHmmss`; other texts as they are, None for other digits."""
    text = names.key(stamp)
    if text is None or not text.isdecimal():
        return text
    if len(text) != 14:
        return None
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}"


def is_digits(text: str, count: int) -> bool:
    """Whether a text is so many digits and nothing else."""
    return len(text) == count and text.isascii() and text.isdecimal()


def period_start(text: str, length: int, timezone: ZoneInfo) -> int:
    """Instant [UTC µs] at which a local day (8 digits) or month (6 digits) begins; `UNREADABLE` where it is none."""
    if not is_digits(text, length):
        return UNREADABLE
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8] or 1))
        return microseconds_of(day_span(day, timezone).start)
    except (ValueError, OverflowError):
        return UNREADABLE


class StampWindow(dict[str, tuple[str | None, bool]]):
    """Remembers of each written time its ISO text, and whether it lies in a window of `yyyyMMddHHmmss`, ends included.

    What cannot be read as a time is not outside, so that it is kept. All devices of an answer share their times.
    """

    def __init__(self, first: str, last: str) -> None:
        """Remember nothing yet."""
        super().__init__()
        self._first = first
        self._last = last

    def __missing__(self, text: str) -> tuple[str | None, bool]:
        """Read a time that is not remembered."""
        stamp = names.key(text) or ""
        read = self[text] = iso_text(stamp), not is_digits(stamp, 14) or self._first <= stamp <= self._last
        return read

    def read(self, stamp: object) -> tuple[str | None, bool]:
        """ISO text, and whether the time counts."""
        return self[stamp] if type(stamp) is str else self[names.key(stamp) or ""]
