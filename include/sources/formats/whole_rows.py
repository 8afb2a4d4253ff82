"""Which rows of a CSV are whole: neither with cells too many nor cut where the file ends.

A last row without a line end may have been cut inside its last value, and nobody can tell 2 from 23.7 that was cut. It is trusted
where its form shows that it is whole: its last cell is quoted or empty, or has as many decimals as all cells above it, or is as
long as they all are; or where nobody reads the last column.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Final

_COMPARED: Final = 200
_FIXED_WIDTH: Final = 8
_DECIMALS: Final = re.compile(r"[+-]?[\d.,' ]*\d[.,](\d+)", re.ASCII)


@dataclass(slots=True)
class WholeRow:
    """What a whole row of one CSV is like.

    Attributes:
        width: How many cells its header has.
        delimiter: What separates them.
        has_line_end: Whether the file ends with a line end.
        ends_quoted: Whether the file's last letter closes a quoted cell.
        reads_last: Whether the last column is read.
    """

    width: int
    delimiter: str
    has_line_end: bool
    ends_quoted: bool
    reads_last: bool
    _above: deque[str] = field(default_factory=lambda: deque(maxlen=_COMPARED))

    def judged(self, rows: Iterable[list[str]]) -> Iterator[tuple[list[str], str | None]]:
        """Rows as wide as the header, each with why it is not whole; cells left out at the end of a line are empty."""
        width = self.width
        for cells, is_cut in zip(rows, repeat(False)) if self.has_line_end else _with_last(rows):
            count = len(cells)
            if is_cut and count <= width:
                yield (cells + [""] * width)[:width], self._fault_of_last(cells)
            elif count > width:
                yield cells[:width], self._fault_of_wide(cells)
            else:
                yield cells if count == width else cells + [""] * (width - count), None
            if not self.has_line_end and count == width:
                self._above.append(cells[-1].strip())

    def _fault_of_wide(self, cells: Sequence[str]) -> str | None:
        if not any(cell.strip() for cell in cells[self.width :]):
            return None
        hint = "; are there decimal commas in a CSV that commas separate?" if self.delimiter == "," else ""
        return f"the row has {len(cells)} cells and the header {self.width}{hint}"

    def _fault_of_last(self, cells: Sequence[str]) -> str | None:
        if len(cells) < self.width:
            return f"the file ends in the middle of a row: it has {len(cells)} cells and the header {self.width}"
        last, above = cells[-1].strip(), {text for text in self._above if text}
        if self.ends_quoted or not self.reads_last or not last or (above and _is_formed_like(last, above)):
            return None
        return f"the file ends without a line end, so its last value {last[:60]!r} may be cut; end the file with a line end"


def _with_last(rows: Iterable[list[str]]) -> Iterator[tuple[list[str], bool]]:
    """Rows, each with whether it is the last one."""
    rest = iter(rows)
    for row in rest:
        previous = row
        for following in rest:
            yield previous, False
            previous = following
        yield previous, True


def _is_formed_like(last: str, above: Iterable[str]) -> bool:
    decimals, lengths = {_decimals(text) for text in above}, {len(text) for text in above}
    return decimals == {_decimals(last)} != {None} or (lengths == {len(last)} and len(last) >= _FIXED_WIDTH)


def _decimals(text: str) -> int | None:
    found = _DECIMALS.fullmatch(text)
    return len(found[1]) if found else None
