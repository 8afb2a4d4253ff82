"""Numbers of registry files: how each column writes them, and in which unit."""

import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, Final, NamedTuple

from include.sources.drops.registry_fields import BadField
from include.sources.formats.notation import Notation
from include.sources.formats.numbers import written

NUMBERS: Final = frozenset({
    "latitude", "longitude", "capacity_kwp", "capacity_kw", "target_kwh", "price_per_kwh", "tilt_deg", "azimuth_deg",
    "co2_kg_kwh",
})  # fmt: skip
"""Fields that are numbers."""

_FACTORS: Final = {
    "capacity_kwp": {"wp": 0.001, "kwp": 1.0, "mwp": 1000.0},
    "capacity_kw": {"w": 0.001, "kw": 1.0, "mw": 1000.0},
    "target_kwh": {"wh": 0.001, "kwh": 1.0, "mwh": 1000.0},
    "price_per_kwh": {"r$": 1.0, "brl": 1.0},
    "tilt_deg": {"°": 1.0},
    "azimuth_deg": {"°": 1.0},
}
"""Units in which a field may be written, in the name of its column or behind the number, and what makes them ours."""


class NumberField(NamedTuple):
    """A field of one table; `read` raises `BadField` for what the field cannot be."""

    table: str
    name: str
    column: str
    read: Callable[[float], float]


class RegistryNumbers:
    """The notation of each column: what its own texts prove, else what its field can be, else what the others prove."""

    def __init__(self, texts: Iterable[tuple[tuple[str, str], list[str]]]) -> None:
        """Learn from the texts by (table, field)."""
        columns = dict(texts)
        self._document = Notation.of(chain.from_iterable(columns.values()))
        self._columns = {column: Notation.of(found) for column, found in columns.items()}

    def read(self, value: Any, field: NumberField) -> float:  # noqa: ANN401 - any JSON value
        """The number of a field in our unit; raises `BadField`, with the question where a text could be two numbers."""
        factors = _FACTORS.get(field.name, {})
        of_column = factors.get(field.column.rpartition("_")[2], 1.0)
        if not isinstance(value, str):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return field.read(value * of_column if is_number else value)
        found = written(value)
        factor = factors.get(found.unit.lower(), math.nan) if found.unit else of_column
        own = self._columns[field.table, field.name]
        if found.is_ambiguous and own.decimal is None:
            possible = [number * factor for number in found[:2] if _can_be(field, number * factor)]
            if len(possible) == 1:
                return possible[0]
            if question := self._document.question(value):
                raise BadField(question.removeprefix(f"{value!r} "))
            own = self._document
        return field.read(found.number(own.decimal) * factor)


def _can_be(field: NumberField, number: float) -> bool:
    try:
        field.read(number)
    except BadField:
        return False
    return True
