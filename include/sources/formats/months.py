"""Written months -> their first day."""

import re
from datetime import date, datetime, timedelta
from typing import Final

from include.sources.formats.names import plain

_YEAR_FIRST: Final = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[T ]00:00(?::00)?)?)?", re.ASCII)
_MONTH_FIRST: Final = re.compile(r"(?:(\d{1,2})/)?(\d{1,2})/(\d{4})", re.ASCII)
_NAMED: Final = re.compile(r"([a-z]{3,9})_(\d{2}|\d{4})", re.ASCII)
MONTH_NAMES: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan janeiro january", "fev fevereiro feb february", "mar marco march", "abr abril apr april", "mai maio may",
            "jun junho june", "jul julho july", "ago agosto aug august", "set setembro sep september", "out outubro oct october",
            "nov novembro november", "dez dezembro dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
"""Number of a month by its name in Portuguese or English, in `names.plain` form."""

_EXCEL_EPOCH: Final = date(1899, 12, 30)


def month_of(value: object, *, excel_serials: bool = False) -> date | None:
    """First day of the month that a value names.

    Read are `2024-03`, `2024-03-01`, `03/2024`, `01/03/2024` (day first), `mar/24`, `março 2024`, dates, and Excel's day numbers
    where `excel_serials` says so. A day other than the first is no month.

    Returns:
        The first of the month, or None where the value names none.
    """
    if isinstance(value, datetime):
        return value.date() if value.day == 1 and (value.hour, value.minute) == (0, 0) else None
    if isinstance(value, date):
        return value if value.day == 1 else None
    if excel_serials and isinstance(value, int | float) and not isinstance(value, bool) and 20_000 <= value <= 80_000:
        day = _EXCEL_EPOCH + timedelta(days=int(value))
        return day if day.day == 1 and value == int(value) else None
    return _from_text(value.strip()) if isinstance(value, str) else None


def _from_text(text: str) -> date | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return _first(found[1], found[2], found[3])
    if found := _MONTH_FIRST.fullmatch(text):
        return _first(found[3], found[2], found[1])
    found = _NAMED.fullmatch(plain(text.replace(" de ", " "))) if len(text) <= 30 else None
    if found and found[1] in MONTH_NAMES:
        return _first(found[2] if len(found[2]) == 4 else f"20{found[2]}", str(MONTH_NAMES[found[1]]), None)
    return None


def _first(year: str, month: str, day: str | None) -> date | None:
    if not 1900 <= int(year) <= 2200 or not 1 <= int(month) <= 12 or (day is not None and int(day) != 1):
        return None
    return date(int(year), int(month), 1)
