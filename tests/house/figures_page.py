"""The tables of figures in docs/kpis.md: those that have a column for the demo."""

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parents[2] / "docs" / "kpis.md"
HEADER = ["figure", "formula", "unit", "standard", "demo", "null where"]


class Figure(NamedTuple):
    """One figure: the section that tells it, its name in the API, and the cells of its row."""

    section: str
    name: str
    formula: str
    standard: str
    demo: str
    null_where: str


def figures() -> list[Figure]:
    """All figures of the page; a row may tell several, with as many values."""
    found, section, is_inside = [], "", False
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        cells = re.split(r"\s*\|\s*", line)[1:-1] if line.startswith("|") else []
        is_inside = bool(cells) and (is_inside or cells == HEADER)
        if is_inside and cells != HEADER and not line.startswith("|---"):
            names = re.findall(r"`(\w+)`", cells[0])
            values = cells[4].split(", ") if len(names) > 1 else [cells[4]]
            found += [
                Figure(section, name, cells[1], cells[3], value, cells[5]) for name, value in zip(names, values, strict=True)
            ]
    return found
