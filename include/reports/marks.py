"""Marks beside figures: a letter for each thing that one must know of a figure before trusting it, told once in a legend."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar

from include.core.coverage import is_complete
from include.reports.language import say
from include.reports.model import DayBar, InverterRow, Language, Mark, Marks, PlantReport

Row = TypeVar("Row")

LETTERS: Final[dict[Mark, str]] = {
    "provisional": "p", "counter": "c", "incomplete": "i", "hardly_measured": "h", "restated": "r", "held_back": "x",
}  # fmt: skip
"""The same in both languages, in the order in which they are printed."""

COUNTED: Final = {"counter", "power and counter"}
"""Sources of energy that counters are part of."""

_PROVISIONAL: Final[tuple[Mark, ...]] = ("provisional",)
_CARRIED: Final[dict[str, Collection[Mark]]] = {
    "energy_kwh": LETTERS,
    "specific_yield_kwh_kwp": LETTERS,
    "savings": LETTERS,
    "avoided_kg": LETTERS,
    "performance_index": _PROVISIONAL,
}
"""Which marks of the energy hold for the figures made of it; days that are not complete do not count in the performance."""


@dataclass(frozen=True, slots=True)
class MarkContext:
    """What figures do not tell of themselves.

    Local days whose late data is still expected; what the readings themselves mark, of the energy of each day and, in the order
    of the report, of each inverter; the figures of the revision before, None where it ended with another day.
    """

    unsettled_days: Collection[date] = ()
    of_days: Mapping[date, Collection[Mark]] = field(default_factory=dict)
    of_inverters: Sequence[Collection[Mark]] = ()
    before: Mapping[str, Any] | None = None


def plant_marks(report: PlantReport, facts: MarkContext) -> Marks:
    """The marks of a plant report; what is unknown has none but that readings were held back."""
    before = facts.before or {}
    days_before = _energies(before.get("days", ()), "day")
    inverters_before = _energies(before.get("inverters", ()), "name")
    days = tuple(_of_day(bar, facts, days_before) for bar in report.days)
    headline = report.headline
    of_any_day = {mark for marks in days for mark in marks}
    if report.is_empty:
        return Marks(which({"held_back": "held_back" in of_any_day}), days)
    is_incomplete = is_part(headline.completeness) or any(is_part(bar.completeness) for bar in report.days if bar.is_over)
    told: dict[Mark, bool] = {
        "provisional": report.is_provisional,
        "counter": headline.recovered_kwh > 0 or "counter" in of_any_day,
        "incomplete": is_incomplete,
        "hardly_measured": "hardly_measured" in of_any_day,
        "restated": is_restated(report.restated_from_kwh, headline.energy_kwh),
        "held_back": "held_back" in of_any_day,
    }
    known = facts.of_inverters or [()] * len(report.inverters)
    inverters = tuple(
        _of_inverter(row, marks, inverters_before, is_provisional=report.is_provisional)
        for row, marks in zip(report.inverters, known, strict=True)
    )
    return Marks(which(told), days, inverters)


def marks_of_figure(marks: Marks, figure: str) -> tuple[Mark, ...]:
    """The marks of a figure of the headline, by its name there or in the emissions."""
    return ordered(mark for mark in marks.headline if mark in _CARRIED.get(figure, ()))


def marks_of_window(report: PlantReport, days_expected: int) -> tuple[Mark, ...]:
    """Those of the sums over so many days up to the last one that is over: complete days alone are in them."""
    over = [marks for bar, marks in marks_beside(report.days, report.marks.days) if bar.is_over]
    return which({"provisional": any("provisional" in marks for marks in over[-days_expected:])})


def marks_beside(rows: Sequence[Row], marks: Sequence[Sequence[Mark]]) -> list[tuple[Row, Sequence[Mark]]]:
    """Each row with its marks; without any where the report has none of such rows."""
    return list(zip(rows, marks or [()] * len(rows), strict=True))


def which(told: Mapping[Mark, bool]) -> tuple[Mark, ...]:
    """Those that hold."""
    return ordered(mark for mark, holds in told.items() if holds)


def ordered(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Each once, in the order of the legend."""
    found = set(marks)
    return tuple(mark for mark in LETTERS if mark in found)


def is_part(completeness: float | None) -> bool:
    """True where it is known that some of a time was not measured."""
    return completeness is not None and not is_complete(completeness)


def is_restated(before_kwh: float | None, after_kwh: float | None) -> bool:
    """True where an energy that was told changed by what people can see."""
    return before_kwh is not None and (after_kwh is None or abs(after_kwh - before_kwh) >= 0.005)


def letters(marks: Iterable[Mark]) -> str:
    """The marks as they stand beside a figure."""
    return " ".join(LETTERS[mark] for mark in marks)


def in_words(marks: Iterable[Mark], language: Language) -> str:
    """The marks as a table and a screen reader say them."""
    return ", ".join(say(f"mark_{mark}", language) for mark in marks)


def meanings(marks: Iterable[Mark], language: Language) -> list[str]:
    """What each letter means."""
    return [f"{LETTERS[mark]} {say(f'mark_{mark}_legend', language)}" for mark in marks]


def legend(marks: Iterable[Mark], language: Language) -> str:
    """The meanings of a page; empty without marks."""
    # Lines break between marks only.
    return "  ·  ".join(text.replace(" ", "\u00a0") for text in meanings(marks, language))


def _energies(rows: Iterable[Mapping[str, Any]], key: str) -> dict[str, list[float | None]]:
    """What was told of each; several may have the same name."""
    told: dict[str, list[float | None]] = {}
    for row in rows:
        told.setdefault(row[key], []).append(row["energy_kwh"])
    return told


def _is_other(told: Sequence[float | None], energy_kwh: float | None) -> bool:
    """Was it told of, and as something else? What was unknown and is known now was told as a dash."""
    return bool(told) and all((one is None) != (energy_kwh is None) or is_restated(one, energy_kwh) for one in told)


def _of_day(bar: DayBar, facts: MarkContext, before: Mapping[str, Sequence[float | None]]) -> tuple[Mark, ...]:
    is_known, known = bar.energy_kwh is not None, facts.of_days.get(bar.day, ())
    return which(
        {
            "provisional": is_known and bar.day in facts.unsettled_days,
            "counter": is_known and (bar.energy_source in COUNTED or "counter" in known),
            "incomplete": is_known and is_part(bar.completeness),
            "hardly_measured": is_known and "hardly_measured" in known,
            "restated": _is_other(before.get(bar.day.isoformat(), ()), bar.energy_kwh),
            "held_back": "held_back" in known,
        }
    )


def _of_inverter(
    row: InverterRow, known: Collection[Mark], before: Mapping[str, Sequence[float | None]], *, is_provisional: bool
) -> tuple[Mark, ...]:
    is_known = row.energy_kwh is not None
    return which(
        {
            "provisional": is_known and is_provisional,
            "counter": is_known and "counter" in known,
            "incomplete": is_known and is_part(row.completeness),
            "hardly_measured": is_known and "hardly_measured" in known,
            "restated": _is_other(before.get(row.name, ()), row.energy_kwh),
            "held_back": "held_back" in known,
        }
    )
