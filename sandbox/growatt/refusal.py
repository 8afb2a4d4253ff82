"""What Growatt's interfaces share: a refusal, the fields of a question, and numbers and times as Growatt writes them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

import numpy as np

from sandbox.fleet import Plant

VENDOR = "growatt"
MOST_ROWS = 100

Query = dict[str, str]
Row = TypeVar("Row")


class Refusal(Exception):
    """An answer that is no success: a code with a message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def page_of(query: Query, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows of a page; an empty number is the usual one."""
    page, size = query.get("page") or "1", query.get("perpage") or "20"
    if not (page.isdecimal() and size.isdecimal() and int(page) >= 1 and 1 <= int(size) <= MOST_ROWS):
        raise Refusal(10013, "error_page_size")
    return rows[(int(page) - 1) * int(size) : int(page) * int(size)]


def day_of(query: Query, name: str, code: int) -> date:
    """A day such as 2026-05-01."""
    try:
        return date.fromisoformat(query.get(name, ""))
    except ValueError as error:
        raise Refusal(code, "error_date_format") from error


def single(value: float, digits: int = 1) -> float:
    """A number of one decimal as single precision shows it: 21.6 is 21.600000381469727."""
    return float(np.float32(round(value, digits)))


def local_text(at: datetime, plant: Plant) -> str:
    """An instant in the plant's time, without its offset."""
    return f"{at.astimezone(plant.zone()):%Y-%m-%d %H:%M:%S}"
