"""Tables without lines, for terminals of any width and for pipes."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table

_WIDEST: Final = 10_000
_LEAST_FOLDED: Final = 24


def plain_table(*texts: str, figures: Sequence[str] = (), title: str | None = None, gap: int = 1) -> Table:
    """Columns of texts, and figures to their right, which stand at the right edge; nothing is wrapped."""
    columns = (
        *(Column(name, no_wrap=True) for name in texts),
        *(Column(name, justify="right", no_wrap=True) for name in figures),
    )
    return Table(*columns, title=title, box=None, padding=(0, gap, 0, 0), pad_edge=False)


def print_table(table: Table) -> None:
    """Print a table, wider than the terminal where its columns need it: lines break there, and nothing is cut off.

    Only a column that may be folded is narrowed, to 24 letters at the least.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    whole = console.measure(table, options=console.options.update(max_width=_WIDEST)).maximum
    folding = [column for column in table.columns if not column.no_wrap]
    longest = sum(max(cell_len(str(cell)) for cell in (column.header, *column.cells)) for column in folding)
    console.width = max(console.width, whole - max(0, longest - _LEAST_FOLDED))
    console.print(table)
