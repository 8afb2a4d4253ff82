"""How the texts of a column write numbers: one decimal mark per column, found in what the column shows.

What a column proves comes first (`12,5` is written with a decimal comma, `1234.567` with a point), then which reading is
physically possible, then what the other columns of the document prove, then what earlier documents of the tenant's feed proved. A
column that proves both marks contradicts itself, and nothing else decides for it. What stays undecided is held back.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from include.core.frames import Fault
from include.core.quantities import QUANTITIES
from include.sources.formats import numbers, units
from include.sources.formats.numbers import DecimalMark, WrittenNumber, written
from include.sources.formats.units import Conversion


class Notation(NamedTuple):
    """The decimal mark of a column, as far as it is known."""

    decimal: DecimalMark | None = None

    @classmethod
    def of(cls, texts: Iterable[str], otherwise: "Notation | None" = None) -> "Notation":
        """What the texts prove; `otherwise` holds where they prove nothing, and not where they contradict each other."""
        return _agreed({mark for text in texts if (mark := written(text).mark) is not None}, otherwise or UNDECIDED)

    def number(self, text: str) -> float | None:
        """The number that a text without a unit writes; None for "no reading", NaN where it is none or could be two."""
        if numbers.is_no_reading(text):
            return None
        found = written(text)
        return math.nan if found.unit else found.number(self.decimal)

    def question(self, text: str) -> str | None:
        """Both readings of a text that could be two numbers in this notation, as a clause for a person; None where it is not."""
        found = written(text)
        return _question(text, found) if found.is_ambiguous and self.decimal is None else None


UNDECIDED: Final = Notation()


class NumberColumn(NamedTuple):
    """What is written in one way: a column of a table, a field of all records, a sensor's readings.

    `conversion` is that of the unit that the column's numbers have.
    """

    key: Hashable
    quantity: str
    conversion: Conversion = units.AS_IT_IS


Texts = Iterable[tuple[NumberColumn, str]]
"""Texts, each with the column that it stands in."""


class Notations:
    """The notations of a document's columns, found when the first ambiguous text asks for one."""

    def __init__(self, texts: Callable[[], Texts], earlier: Notation = UNDECIDED) -> None:
        """Start without having read any text.

        Args:
            texts: Gives all texts of the document; called once, if at all.
            earlier: What earlier documents of the tenant's feed proved.
        """
        self._texts = texts
        self._earlier = earlier
        self._found: dict[NumberColumn, Notation] | None = None
        self._document = earlier

    def of(self, column: NumberColumn) -> Notation:
        """Notation of a column."""
        if self._found is None:
            self._found = self._learn()
        return self._found.get(column, self._document)

    def _learn(self) -> dict[NumberColumn, Notation]:
        shown: defaultdict[NumberColumn, _Shown] = defaultdict(_Shown)
        for column, text in self._texts():
            shown[column].take(written(text), column)
        proved = {mark for one in shown.values() for mark in one.marks}
        possible = {column: one.possible_marks for column, one in shown.items()}
        self._document = _agreed(proved or set().union(*possible.values()), self._earlier)
        return {column: _agreed(one.marks or possible[column], self._document) for column, one in shown.items()}


@dataclass(slots=True)
class _Shown:
    """What the texts of a column show: the marks that they prove, and how many of the ambiguous ones each mark makes possible."""

    marks: set[DecimalMark] = field(default_factory=set)
    ambiguous: int = 0
    possible: Counter[DecimalMark] = field(default_factory=Counter)

    def take(self, found: WrittenNumber, column: NumberColumn) -> None:
        if found.mark is not None:
            self.marks.add(found.mark)
        elif found.is_ambiguous and not found.unit:
            self.ambiguous += 1
            self.possible["."] += _is_possible(found.if_point, column)
            self.possible[","] += _is_possible(found.if_comma, column)

    @property
    def possible_marks(self) -> set[DecimalMark]:
        """The mark that makes every ambiguous number physically possible where the other one makes none possible."""
        counts = self.possible["."], self.possible[","]
        if not self.ambiguous or sorted(counts) != [0, self.ambiguous]:
            return set()
        return {"."} if counts[0] else {","}


class ColumnNumbers:
    """Reads the values of a document's columns as numbers of quantities.

    Attributes:
        proved: The decimal marks that the texts read so far prove.
    """

    def __init__(self, notations: Notations, sentinels: frozenset[float] = numbers.SENTINELS) -> None:
        """Read texts in these notations; `sentinels` are numbers that mean "no reading"."""
        self._notations = notations
        self._sentinels = sentinels
        self.proved: set[DecimalMark] = set()

    def read(self, value: object, column: NumberColumn) -> tuple[float | None, Fault | None]:
        """The number in the quantity's unit: None for "no reading", NaN where there is none, with its fault where one is known.

        A unit inside the value is nearer to it than that of the column, and counts instead.
        """
        if not isinstance(value, str):
            read = numbers.exact(value, self._sentinels)
            return (read if read is None else column.conversion(read)), None
        if numbers.is_no_reading(value):
            return None, None
        found = written(value)
        if found.mark is not None:
            self.proved.add(found.mark)
        conversion = units.conversion(column.quantity, found.unit) if found.unit else column.conversion
        if conversion is None:
            return math.nan, Fault("unit_known", f"{units.question(found.unit)} in {_shortened(value)}")
        read = found.number(self._notations.of(column).decimal if found.is_ambiguous else None)
        if found.is_ambiguous and math.isnan(read):
            return math.nan, Fault("number_unambiguous", _question(value, found))
        return (None if read in self._sentinels else conversion(read)), None


def _agreed(marks: set[DecimalMark], otherwise: Notation) -> Notation:
    """The one mark of a set; UNDECIDED where they contradict each other."""
    if not marks:
        return otherwise
    return Notation(min(marks)) if len(marks) == 1 else UNDECIDED


def _is_possible(number: float, column: NumberColumn) -> bool:
    limits = QUANTITIES[column.quantity]
    return limits.low <= column.conversion(number) <= limits.high


def _question(text: str, found: WrittenNumber) -> str:
    return (
        f"{_shortened(text)} is {found.if_point:.15g} with a decimal point or {found.if_comma:.15g} with a decimal comma, "
        "and no other number tells which"
    )


def _shortened(text: str) -> str:
    return repr(text[:60])
