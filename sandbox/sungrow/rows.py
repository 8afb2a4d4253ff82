"""What the rows of answers have in common: pages, labels, texts of numbers, and the dictionary of points."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sandbox.sungrow.body import Body
from sandbox.sungrow.points import CATALOGUE

MINUTE_FORM = "%Y%m%d%H%M%S"
MOST_KEYS = 50


def paged(rows: list[dict[str, Any]], body: Body, *, page: str, count: str) -> dict[str, Any]:
    """One page of rows, with the count of all."""
    number, size = body.number(page), body.number("size")
    return {count: len(rows), "pageList": rows[(number - 1) * size : number * size]}


def days_between(first: date, last: date) -> Iterable[date]:
    """Days from the first to the last, both included."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def point_dictionary(device_type: int, points: list[str]) -> list[dict[str, str]]:
    """Names and units of the points that a type of device has."""
    catalogue = CATALOGUE.get(device_type, {})
    return [
        {"point_id": point, "point_name": catalogue[point].name, "point_unit": catalogue[point].unit}
        for point in points
        if point in catalogue
    ]


def text_of(value: float | None) -> str | None:
    """A number as the answers write it."""
    return None if value is None else str(float(round(value, 3)))
