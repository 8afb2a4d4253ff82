"""Written months -> their first day.

A month is written as such (`2024-03`, `03/2024`, `mar/24`, `2024M03`) or as a date that stands for it. What a date stands for is
decided per column: dates are months where all of the column are first or last days of one, with day and month in the order that
makes them so.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from include.sources.formats.names import plain

MONTH_NAMES: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan janeiro january", "fev fevereiro feb february", "mar marco march", "abr abril apr april", "mai maio may",
            "jun junho june", "jul julho july", "ago agosto aug august", "set setembro sep sept september",
            "out outubro oct october", "nov novembro november", "dez dezembro dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
"""Number of a month by its name in Portuguese or English, in `names.plain` form."""

_LONGEST: Final = 40
_LONGEST_TITLE: Final = 200
_EXCEL_EPOCH: Final = date(1899, 12, 30)
_FIRST_SHORT_YEAR: Final = 13
"""Two digits below it may be a month."""

_YEAR_FIRST: Final = re.compile(r"(\d{4})(?:[-/. ]?M?(\d{2})|(?:[-/. ]M?|M)(\d))", re.ASCII | re.IGNORECASE)
_YEAR_LAST: Final = re.compile(r"(\d{2})(\d{4})|(\d{1,2})[-/. ](\d{4})|(\d{1,2})[-/](\d{2})", re.ASCII)
_NAME_FIRST: Final = re.compile(r"([a-z]{3,9})_?(\d{4}|\d{2})", re.ASCII)
_NAME_LAST: Final = re.compile(r"(\d{4}|\d{2})_?([a-z]{3,9})", re.ASCII)
_TIME: Final = r"(?:[T ](?:00:00(?::00(?:\.0+)?)?|23:59(?::59(?:\.9+)?)?)(?:Z|[+-]\d\d:?\d\d)?)?"
_ISO_DAY: Final = re.compile(r"(?:(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{4})(\d\d)(\d\d))" + _TIME, re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-][01]\d:[0-5]\d)", re.ASCII)
_DAY: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})" + _TIME, re.ASCII)


class _Date(NamedTuple):
    """A full date, with the day before the month and the other way round; None where it is none."""

    day_first: date | None
    month_first: date | None

    @property
    def is_first(self) -> bool:
        """Whether it is the first of a month in either order."""
        return self.day_first is not None and self.day_first == self.month_first and self.day_first.day == 1


class _DayOrYear(NamedTuple):
    """`24-mar`: a month of 2024, or a day of March of some year."""

    month: date


_Found = date | _Date | _DayOrYear | None


class Months:
    """Months of one column; what could be days as well is judged together, when the first of them asks for it."""

    def __init__(self, values: Callable[[], Iterable[object]], timezone: tzinfo = UTC, *, excel_serials: bool = False) -> None:
        """Start without having read a value.

        Args:
            values: Gives all values of the column; called once, if at all.
            timezone: Zone of the months: an instant of UTC that is midnight there is a date.
            excel_serials: Whether numbers are Excel's day numbers.
        """
        self._values = values
        self._timezone = timezone
        self._excel_serials = excel_serials
        self._judged: tuple[Callable[[_Date], date | None], bool] | None = None

    def of(self, value: object) -> date | None:
        """First day of the month that a value of the column names; None where it names none."""
        found = self._read(value)
        if found is None or isinstance(found, date):
            return found
        if isinstance(found, _Date) and found.is_first:
            return found.day_first
        if self._judged is None:
            column = [self._read(one) for one in self._values()]
            self._judged = _month_of_dates(column), _are_years(column)
        month_of_date, are_years = self._judged
        return month_of_date(found) if isinstance(found, _Date) else found.month if are_years else None

    def _read(self, value: object) -> _Found:
        found = _read(value, self._excel_serials)
        if found is None and (day := _local_midnight(value, self._timezone)) is not None:
            return _Date(day, day)
        return found


def month_of(value: object, *, excel_serials: bool = False) -> date | None:
    """First day of the month that a single value names; of dates only the first of a month, day before month, names one."""
    found = _read(value, excel_serials)
    if isinstance(found, _Date):
        return _if_first(found)
    return found.month if isinstance(found, _DayOrYear) else found


def month_number(value: object) -> int | None:
    """Number of a month that is written without its year: `março`, `3`, `03`."""
    if isinstance(value, str):
        name = plain(value[:_LONGEST])
        return MONTH_NAMES.get(name) or (int(name) if re.fullmatch(r"0?[1-9]|1[0-2]", name, re.ASCII) else None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and value in range(1, 13) else None  # type: ignore[call-overload]


def year_of(value: object) -> int | None:
    """A year from 1900 to 2199, as a number or a text of four digits."""
    found = re.fullmatch(r"((?:19|20|21)\d\d)(?:\.0)?", str(value).strip()[:_LONGEST], re.ASCII)
    return int(found[1]) if found else None


def months_in(text: str) -> set[date]:
    """First days of the months that a title names, such as `Consumo de março de 2024`; dates are none."""
    words = re.split(r"[\s:;,()]+", text[:_LONGEST_TITLE])
    named = {_from_text(word) for word in words} | {
        _with_name(plain(" ".join(two))) for two in pairwise(w for w in words if w != "de")
    }
    return {month for month in named if isinstance(month, date)}


def years_in(text: str) -> set[int]:
    """Years that a title names."""
    return {int(year) for year in re.findall(r"(?<!\d)(?:19|20|21)\d\d(?!\d)", text[:_LONGEST_TITLE])}


def _read(value: object, excel_serials: bool) -> _Found:
    if isinstance(value, str):
        return _from_text(value.strip()) if len(value) <= _LONGEST else None
    if isinstance(value, datetime):
        is_midnight = (value.hour, value.minute) in {(0, 0), (23, 59)}
        return _Date(value.date(), value.date()) if is_midnight else None
    if isinstance(value, date):
        return _Date(value, value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    if excel_serials and 20_000 <= value <= 80_000:
        day = _EXCEL_EPOCH + timedelta(days=int(value))
        return _Date(day, day)
    return _from_text(str(int(value))) if 100_000 <= value < 100_000_000 else None


def _local_midnight(value: object, timezone: tzinfo) -> date | None:
    """Date that begins at an instant (of UTC, where it has no offset), None where no date does."""
    if isinstance(value, str) and _INSTANT.fullmatch(value.strip()):
        with suppress(ValueError):
            value = datetime.fromisoformat(value.strip())
    if not isinstance(value, datetime):
        return None
    local = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(timezone)
    return local.date() if (local.hour, local.minute, local.second) == (0, 0, 0) else None


@lru_cache(maxsize=10_000)
def _from_text(text: str) -> _Found:
    if (found := _YEAR_FIRST.fullmatch(text)) and (month := _month(found[1], found[2] or found[3])):
        return month
    if found := _YEAR_LAST.fullmatch(text):
        return _month(found[2] or found[4] or _full_year(found[6]), found[1] or found[3] or found[5])
    if found := _ISO_DAY.fullmatch(text):
        day = _day(found[1] or found[5], found[3] or found[6], found[4] or found[7])
        return _Date(day, day) if day else None
    if found := _DAY.fullmatch(text):
        year = found[4] if len(found[4]) == 4 else _full_year(found[4])
        return _Date(_day(year, found[3], found[1]), _day(year, found[1], found[3]))
    return _with_name(plain(text).replace("_de_", "_"))


def _with_name(text: str) -> _Found:
    if (found := _NAME_FIRST.fullmatch(text)) and found[1] in MONTH_NAMES:
        return _month(found[2] if len(found[2]) == 4 else f"20{found[2]}", str(MONTH_NAMES[found[1]]))
    if (found := _NAME_LAST.fullmatch(text)) and found[2] in MONTH_NAMES:
        month = _month(found[1] if len(found[1]) == 4 else _full_year(found[1]), str(MONTH_NAMES[found[2]]))
        return _DayOrYear(month) if month and len(found[1]) == 2 else month
    return None


def _full_year(short: str) -> str:
    return f"20{short}" if int(short) >= _FIRST_SHORT_YEAR else "0"


def _month(year: str, month: str) -> date | None:
    return _day(year, month, "1")


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day)) if 1900 <= int(year) < 2200 else None
    except ValueError:
        return None


def _month_of_dates(column: Iterable[_Found]) -> Callable[[_Date], date | None]:
    """How the dates of a column are read: with the order in which all are first or last days, else as single ones."""
    dates = {found for found in column if isinstance(found, _Date)}
    if all(_is_edge(found.day_first) for found in dates):
        return lambda found: found.day_first and found.day_first.replace(day=1)
    if all(_is_edge(found.month_first) for found in dates):
        return lambda found: found.month_first and found.month_first.replace(day=1)
    return _if_first


def _is_edge(day: date | None) -> bool:
    return day is not None and (day.day == 1 or (day + timedelta(days=1)).day == 1)


def _if_first(found: _Date) -> date | None:
    return found.day_first if found.day_first and found.day_first.day == 1 else None


def _are_years(column: Iterable[_Found]) -> bool:
    """Whether the two digits of `24-mar` are years: those of a column are at most two, one after the other."""
    years = {found.month.year for found in column if isinstance(found, _DayOrYear)}
    return len(years) < 2 or (len(years) == 2 and max(years) - min(years) == 1)
