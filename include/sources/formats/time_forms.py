"""Forms in which people, loggers and spreadsheets write a time -> what the text says, before any zone is asked.

Read are year first (`2025-07-01T10:30:00`, `2025/07/01 10:30`, `20250701T103000`, `202507011030`), day and month before the year
(`01/07/2025 10:30`, `01-07-2025`, `01.07.2025`) and named months in English and Portuguese (`1 Jul 2025 10:30`,
`Jul 1, 2025 10:30`). The hour may be 24:00, which is the next midnight, or be followed by AM or PM; behind the time may stand
`Z`, `UTC`, an offset or an IANA name. Points mean that the day is written first; slashes and hyphens do not tell.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple

from include.core.errors import Refused
from include.core.span import DateOrder, zone
from include.sources.formats.months import MONTH_NAMES
from include.sources.formats.names import plain


class WrittenTime(NamedTuple):
    """What a text says.

    `wall` is naive and in the zone that the text names, or, where `zone` is None, in that of whoever wrote it. `order` is the
    order that its own numbers prove; `is_either` says that they are right in both orders, and `wall` has the day first.
    """

    wall: datetime
    zone: tzinfo | None
    order: DateOrder | None = None
    is_either: bool = False


_CLOCK: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?(?: ?(?P<half>[AP])\.? ?M\b\.?)?"
)
_ZONE: Final = (
    r"(?: ?(?:(?P<utc>Z|UTC|GMT)|(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?))?"
    r"(?: ?\[?(?P<name>[A-Z]+(?:/[A-Z0-9_+-]+)+|(?<=\[)(?:UTC|GMT|Z))\]?)?"
)
_GAP: Final = r"(?:T|,? +(?:[àa]s +)?)"
_FLAGS: Final = re.IGNORECASE | re.ASCII
_YEAR_FIRST: Final = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_GAP}{_CLOCK}{_ZONE}", _FLAGS
)
_YEAR_LAST: Final = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second_number>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}){_GAP}{_CLOCK}{_ZONE}", _FLAGS
)
_BASIC: Final = re.compile(
    rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?:[T ]?(?P<hour>\d\d)(?P<minute>\d\d)"
    rf"(?:(?P<second>\d\d)(?:[.,](?P<fraction>\d{{1,9}}))?)?){_ZONE}",
    _FLAGS,
)
_BASIC_DAY: Final = re.compile(rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d){_GAP}{_CLOCK}{_ZONE}", _FLAGS)
_NAMED: Final = re.compile(
    r"(?:[^\W\d_]{3,9}\.?, *)?"
    r"(?:(?P<day>\d{1,2})(?:[-/. ]| de )(?P<name_after>[^\W\d_]{3,9})\.?"
    r"|(?P<name_before>[^\W\d_]{3,9})\.? (?P<day_after>\d{1,2}),?)"
    rf"(?:[-/. ]| de )(?P<year>(?a:\d{{4}}))(?::|(?:T|,? +(?:[àa]s +)?)){_CLOCK}{_ZONE}",
    re.IGNORECASE,
)
_LONGEST: Final = 60


def read_written(text: str) -> WrittenTime | None:
    """What a text says, None where it is no time of these forms or its numbers are no time; years are 1900 to 2199."""
    if len(text) > _LONGEST:
        return None
    try:
        if found := _YEAR_FIRST.fullmatch(text) or _BASIC.fullmatch(text) or _BASIC_DAY.fullmatch(text):
            return _written(found, int(found["month"]), int(found["day"]))
        if found := _YEAR_LAST.fullmatch(text):
            return _in_order(found)
        return _named(found) if (found := _NAMED.fullmatch(text)) else None
    except (ValueError, OverflowError, Refused):
        return None


def joined(day: object, time_of_day: object) -> str | None:
    """One text of a date and a time of day that stand in two columns; None where one of them is missing.

    Spreadsheets write midnight behind a date and a day before a time: only the date of the one and the time of the other count.
    """
    date_text, time_text = _cell(day), _cell(time_of_day)
    if not date_text or not time_text:
        return None
    return f"{_ONLY_DATE.sub('', date_text)} {_ONLY_TIME.sub('', time_text)}"


_ONLY_DATE: Final = re.compile(r"[T ]+00:00(:00(\.0+)?)?$", re.ASCII)
_ONLY_TIME: Final = re.compile(r"^(1899-12-3[01]|1900-01-0[01]|30/12/1899)[T ]+", re.ASCII)


def _cell(value: object) -> str:
    return "" if value is None else str(value).strip()


def _in_order(found: re.Match[str]) -> WrittenTime:
    first, second = int(found["first"]), int(found["second_number"])
    if found["mark"] == "." or second == first:
        return _written(found, second, first)
    if first > 12 >= second:
        return _written(found, second, first)._replace(order="day first")
    if second > 12 >= first:
        return _written(found, first, second)._replace(order="month first")
    return _written(found, second, first)._replace(is_either=True)


def _named(found: re.Match[str]) -> WrittenTime | None:
    month = MONTH_NAMES.get(plain(found["name_after"] or found["name_before"]))
    return _written(found, month, int(found["day"] or found["day_after"])) if month else None


def _written(found: re.Match[str], month: int, day: int) -> WrittenTime:
    year, hour, minute, second = (int(found[part] or 0) for part in ("year", "hour", "minute", "second"))
    if not 1900 <= year <= 2199:
        raise ValueError(f"no plausible year: {year}")
    named = found.groupdict()
    if half := named.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError(f"no hour of a half day: {hour}")
        hour = hour % 12 + (12 if half in "pP" else 0)
    microsecond = int((found["fraction"] or "")[:6].ljust(6, "0"))
    is_next_midnight = not half and (hour, minute, second, microsecond) == (24, 0, 0, 0)
    wall = datetime(year, month, day, 0 if is_next_midnight else hour, minute, second, microsecond)  # noqa: DTZ001 - a wall clock's
    return WrittenTime(wall + timedelta(days=is_next_midnight), _zone(found))


def _zone(found: re.Match[str]) -> tzinfo | None:
    if found["sign"]:
        hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
        if hours > 15 or minutes > 59:
            raise ValueError("no offset of a place on earth")
        return timezone(timedelta(hours=hours, minutes=minutes) * (1 if found["sign"] == "+" else -1))
    name = found["name"]
    if found["utc"] or (name and name.upper() in {"UTC", "GMT", "Z"}):
        return UTC
    return zone(name) if name else None
