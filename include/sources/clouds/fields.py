"""Facts about the fields of vendors' answers, as rows, and the conversions to our units that vendors share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from include.sources.clouds.columns import Column, first_of

UNIT_AS_SENT: Final = "as sent"
"""Unit of a field whose values come each with its own."""

Convert = Callable[[Sequence[Column]], Column]
"""Columns of a field's keys in the vendor's unit -> one column in ours; NaN where a number cannot be read."""

ReadColumn = Callable[[Sequence[Mapping[str, Any]], str], Column]
"""(rows, key) -> the values of one key, one for each row."""


class Field(NamedTuple):
    """One quantity in a vendor's answers.

    Attributes:
        quantity: Our name, with our unit.
        keys: The vendor's keys; of several that mean the same on different models the first with a reading counts.
        name: The vendor's own name of the point.
        unit: The vendor's unit, or `UNIT_AS_SENT`.
        evidence: Where that stands: document and section, client and version, or "observed in the sandbox only".
        convert: Columns of the keys -> one column in our unit.
    """

    quantity: str
    keys: tuple[str, ...]
    name: str
    unit: str
    evidence: str
    convert: Convert = first_of


def from_thousandths(columns: Sequence[Column]) -> Column:
    """W to kW, Wh to kWh, Wh/m² to kWh/m²: the first reading, divided by 1000."""
    return first_of(columns).over(1000)


def from_fraction(columns: Sequence[Column]) -> Column:
    """A fraction to per cent."""
    return first_of(columns).changed(lambda values: values * 100)
