"""Rows of vendors' lists of plants and devices: what all vendors write alike."""

from typing import Any, Final

from include.core.fleet import Registry, RejectedRow
from include.sources.formats import names, numbers

MOST_KWP: Final = 1e9


def named_key(row: Any, *fields: str) -> str | None:  # noqa: ANN401 - any JSON value
    """The key in the first of these fields that a row has; None where it has none, or is no object."""
    if not isinstance(row, dict):
        return None
    return next((key for field in fields if (key := names.key(row.get(field))) is not None), None)


def reject(registry: Registry, row_number: int, reason: str, row: object) -> None:
    """Set aside a row that does not say what it is about."""
    registry.rejected.append(RejectedRow(row_number, reason, names.raw_text(row)))


def capacity_kwp(value: object, factor: float = 1.0) -> float | None:
    """Peak power [kWp] of a number that is `factor` kWp per unit; None where it is none, or impossible."""
    read = numbers.number(value)
    return read * factor if read is not None and 0 < read * factor <= MOST_KWP else None
