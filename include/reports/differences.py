"""Which figures of a report differ between two tellings of it: two revisions, or what was issued and what the data say now."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

_NOT_COMPARED: Final = ("provenance", "restated_from_kwh", "completeness.quarantined", "marks")


class FigureDifference(NamedTuple):
    """A figure by its path, such as `headline.energy_kwh`, and what it was and is."""

    name: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FigureDifference]:
    """Figures that differ, those of the headline first; the state in which the data were is not compared."""
    found = [one for one in _differences(before, after) if not one.name.startswith(_NOT_COMPARED)]
    return sorted(found, key=lambda one: not one.name.startswith("headline"))


def _differences(before: Any, after: Any, name: str = "") -> Iterator[FigureDifference]:  # noqa: ANN401 - any JSON values
    """Paths of values that differ, of those that are there before; a list of another length differs as a whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before:
            yield from _differences(before[key], after.get(key), f"{name}.{key}" if name else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, f"{name}[{index}]")
    elif before != after:
        yield FigureDifference(name, _short(before), _short(after))


def _short(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, list | dict):
        return f"{len(value)} entries"
    return "unknown" if value is None else str(value)
