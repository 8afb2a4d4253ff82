"""Which rows are wanted: pages, granularities, periods and spans."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.deye.body import Body, Refusal
from sandbox.fleet import Plant

FRAMES, DAYS, MONTHS, YEARS = 1, 2, 3, 4
FORMS = {DAYS: "%Y-%m-%d", MONTHS: "%Y-%m", YEARS: "%Y"}
MOST_DAYS, MOST_MONTHS = 31, 12


def page_of(rows: list[Any], body: Body, *, most: int) -> list[Any]:
    """The rows of the page that is wanted."""
    page, size = body.page(most=most)
    return rows[(page - 1) * size : page * size]


def granularity_of(body: Body) -> int:
    """Frames, days, months or years."""
    granularity = body.number("granularity")
    if granularity not in {FRAMES, DAYS, MONTHS, YEARS}:
        raise Refusal("2101006")
    return granularity


def periods_of(body: Body, granularity: int) -> list[list[date]]:
    """The days of each period that was asked for. The end of a range of days is not in it; that of months and years is."""
    form = FORMS[granularity]
    start, end = body.date("startAt", form), body.date("endAt", form)
    if start > end:
        raise Refusal("2101014")
    if granularity == DAYS:
        if (end - start).days > MOST_DAYS:
            raise Refusal("2101012")
        return [[start + timedelta(days=number)] for number in range((end - start).days)]
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    if granularity == MONTHS and months > MOST_MONTHS:
        raise Refusal("2101013")
    last = end.replace(month=12, day=31) if granularity == YEARS else end.replace(day=monthrange(end.year, end.month)[1])
    periods: dict[str, list[date]] = {}
    for number in range(min((last - start).days + 1, 366 * 20)):
        day = start + timedelta(days=number)
        periods.setdefault(day.strftime(form), []).append(day)
    return list(periods.values())


def days_of_span(plant: Plant, start: int, end: int) -> list[date]:
    """The local days that a span of Unix seconds touches, from the plant's first on."""
    first, last = (datetime.fromtimestamp(second, UTC).astimezone(plant.zone()).date() for second in (start, end))
    first = max(first, plant.installed_on)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
