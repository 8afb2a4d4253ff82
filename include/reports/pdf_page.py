"""Page furniture on fpdf2: colours, two weights of one typeface, text that fits, tiles, tables, hairlines. All lengths in mm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from fpdf import FPDF
from fpdf.fonts import TTFFont

from include.reports.plain_text import clean, in_font

Colour = tuple[int, int, int]
Align = Literal["left", "right", "centre"]

INK: Final[Colour] = (24, 38, 54)
MUTED: Final[Colour] = (98, 112, 130)
FAINT: Final[Colour] = (160, 170, 183)
HAIRLINE: Final[Colour] = (222, 228, 235)
PANEL: Final[Colour] = (246, 248, 250)
NAVY: Final[Colour] = (31, 78, 121)
SUN: Final[Colour] = (240, 168, 48)
SUN_PALE: Final[Colour] = (252, 235, 205)
GREEN: Final[Colour] = (34, 128, 96)
AMBER: Final[Colour] = (184, 110, 8)
AMBER_PALE: Final[Colour] = (253, 243, 224)
RED: Final[Colour] = (184, 58, 52)
RED_PALE: Final[Colour] = (252, 235, 233)
WHITE: Final[Colour] = (255, 255, 255)

PAGE_W: Final = 210.0
PAGE_H: Final = 297.0
MARGIN: Final = 18.0
CONTENT_W: Final = PAGE_W - 2 * MARGIN
BOTTOM: Final = PAGE_H - 20.0
"""Lower edge of what flows; below it is the footer."""

_FONTS: Final = Path(__file__).parent / "fonts"
_REGULAR: Final = _FONTS / "IBMPlexSans-Regular.ttf"
_SEMIBOLD: Final = _FONTS / "IBMPlexSans-SemiBold.ttf"
_POINT: Final = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.h


@dataclass(frozen=True, slots=True)
class Pen:
    """How a piece of text looks: size in points, colour, weight."""

    size: float
    colour: Colour = INK
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table."""

    title: str
    width: float
    align: Align = "right"


class PdfPage(FPDF):
    """A4 pages of one document. Same calls, same `issued_at`: same bytes."""

    def __init__(self, *, title: str, author: str, language: str, issued_at: datetime) -> None:
        """Open the first page; `issued_at` is aware and becomes the creation date."""
        super().__init__(unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0
        self.add_font("plex", "", _REGULAR)
        self.add_font("plex", "B", _SEMIBOLD)
        maps = [frozenset(font.cmap) for font in self.fonts.values() if isinstance(font, TTFFont)]
        self._known_characters = frozenset.intersection(*maps)
        self.set_title(clean(title, 300))
        self.set_author(clean(author, 300))
        self.set_creator("Heliograph")
        self.set_producer("Heliograph")
        self.set_lang(language)
        self.set_creation_date(issued_at)
        self.set_display_mode("fullwidth")
        self.add_page()

    def words(self, text: str) -> str:
        """Text of others as this typeface can show it."""
        return self.sentence(clean(text, 300))

    def sentence(self, text: str) -> str:
        """Text of ours, names of others already cleaned, as this typeface can show it."""
        return in_font(text, self._known_characters)

    def width_of(self, text: str, pen: Pen) -> float:
        """Printed width."""
        self._take(pen)
        return float(self.get_string_width(text))

    def fit(self, text: str, pen: Pen, width: float) -> str:
        """The text, or as much of it as fits with an ellipsis."""
        if self.width_of(text, pen) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.width_of(text[:middle].rstrip() + "…", pen) <= width else (low, middle - 1)
        return text[:low].rstrip() + "…"

    def write_at(self, x: float, baseline: float, text: str, pen: Pen, align: Align = "left") -> float:
        """Print one line whose left, right or middle is at `x`; returns its width."""
        width = self.width_of(text, pen)
        left = x - {"left": 0.0, "right": width, "centre": width / 2}[align]
        self.text(left, baseline, text)
        return width

    def lines_of(self, text: str, pen: Pen, width: float) -> list[str]:
        """The text broken into lines; a word wider than a line is broken inside."""
        lines, line = [], ""
        for word in text.split(" "):
            candidate = f"{line} {word}" if line else word
            if self.width_of(candidate, pen) <= width:
                line = candidate
                continue
            if line:
                lines.append(line)
            line = word
            while self.width_of(line, pen) > width:
                cut = self._longest_start(line, pen, width)
                lines.append(line[:cut])
                line = line[cut:]
        return [*lines, line]

    def fill_box(self, box: Box, colour: Colour, radius: float = 0) -> None:
        """A filled rectangle, with round corners where asked."""
        self.set_fill_color(*colour)
        if radius and box.w > 0 and box.h > 0:
            radius = min(radius, 0.49 * box.w, 0.49 * box.h)  # fpdf2 misreads a full half
            self.rect(box.x, box.y, box.w, box.h, style="F", round_corners=True, corner_radius=radius)
        else:
            self.rect(box.x, box.y, box.w, box.h, style="F")

    def line_between(self, start: tuple[float, float], end: tuple[float, float], colour: Colour, width: float = 0.2) -> None:
        """A straight line."""
        self.set_draw_color(*colour)
        self.set_line_width(width)
        self.line(*start, *end)

    def rule(self, y: float, colour: Colour = HAIRLINE, x: float = MARGIN, width: float = CONTENT_W) -> None:
        """A horizontal hairline."""
        self.line_between((x, y), (x + width, y), colour)

    def hatch(self, box: Box, colour: Colour = HAIRLINE, step: float = 1.8) -> None:
        """Slanted lines inside a rectangle: nothing is known here."""
        if box.w <= 0 or box.h <= 0:
            return
        # Set before the clip: what is set inside is forgotten by the file at its end, but not by fpdf2.
        self.set_draw_color(*colour)
        self.set_line_width(0.22)
        with self.rect_clip(box.x, box.y, box.w, box.h):
            # Lines stand on a grid of the page, so that neighbouring boxes look like one.
            first = int((box.x - box.h) // step)
            for index in range(first, int(box.right // step) + 2):
                self.line(index * step, box.bottom, index * step + box.h, box.y)

    def dot(self, x: float, y: float, size: float, colour: Colour) -> None:
        """A filled circle in the square at left `x`, top `y`."""
        self.set_fill_color(*colour)
        self.ellipse(x, y, size, size, style="F")

    def pill(self, right: float, baseline: float, text: str, pen: Pen, fill: Colour) -> float:
        """A small label with a round background that ends at `right`; returns its width."""
        width = self.width_of(text, pen) + 5
        self.fill_box(Box(right - width, baseline - 3.6, width, 5.2), fill, 2.6)
        self.write_at(right - width / 2, baseline, text, pen, "centre")
        return width

    def _longest_start(self, text: str, pen: Pen, width: float) -> int:
        cut = 1
        while cut < len(text) and self.width_of(text[: cut + 1], pen) <= width:
            cut += 1
        return cut

    def _take(self, pen: Pen) -> None:
        self.set_font("plex", "B" if pen.is_bold else "", pen.size)
        self.set_text_color(*pen.colour)


def table_head(page: PdfPage, x: float, y: float, columns: Sequence[TableColumn], pen: Pen) -> float:
    """Print the titles over a line; returns the y below."""
    for column, left in zip(columns, _lefts(x, columns), strict=True):
        page.write_at(_anchor(column, left), y + 3.6, page.fit(column.title, pen, column.width - 1), pen, column.align)
    width = sum(column.width for column in columns)
    page.line_between((x, y + 5.4), (x + width, y + 5.4), FAINT, 0.25)
    return y + 5.4


def table_row(
    page: PdfPage,
    at: tuple[float, float],
    columns: Sequence[TableColumn],
    cells: Sequence[str],
    pens: Sequence[Pen],
    height: float,
) -> float:
    """Print one row over a hairline, cells shortened to their columns; returns the y below."""
    x, y = at
    for column, left, cell, pen in zip(columns, _lefts(x, columns), cells, pens, strict=True):
        baseline = y + height / 2 + pen.size * _POINT * 0.35
        page.write_at(_anchor(column, left), baseline, page.fit(cell, pen, column.width - 1), pen, column.align)
    page.rule(y + height, HAIRLINE, x, sum(column.width for column in columns))
    return y + height


def with_page_count(draw: Callable[[int], PdfPage]) -> PdfPage:
    """Draw with the number of pages as one; draw again where it turns out otherwise."""
    page = draw(1)
    count = page.pages_count
    return page if count == 1 else draw(count)


def document_bytes(page: PdfPage) -> bytes:
    """The finished file."""
    finished: Any = page.output()
    return bytes(finished)


def _lefts(x: float, columns: Sequence[TableColumn]) -> list[float]:
    return [x + sum(column.width for column in columns[:index]) for index in range(len(columns))]


def _anchor(column: TableColumn, left: float) -> float:
    return left if column.align == "left" else left + column.width if column.align == "right" else left + column.width / 2
