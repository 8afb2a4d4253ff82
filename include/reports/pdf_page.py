"""Page furniture on fpdf2: colours, two weights of one typeface, text that fits, tiles, tables, hairlines. All lengths in mm."""

import io
import unicodedata
from codecs import BOM_UTF16_BE
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from fpdf import FPDF
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences

from include.reports.direction import Direction, closed_lines, runs_of
from include.reports.logo import fitted
from include.reports.pdf_metadata import metadata
from include.reports.pdf_structure import Group, Leaf, PdfStructure
from include.reports.plain_text import clean, in_font
from include.reports.typefaces import FALLBACK_FONTS, tell_missing, typefaces_for

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

FONTS: Final = Path(__file__).parent / "fonts"
_REGULAR: Final = FONTS / "IBMPlexSans-Regular.ttf"
_SEMIBOLD: Final = FONTS / "IBMPlexSans-SemiBold.ttf"

MARK: Final = "heliograph-figures:"
"""What stands before the fingerprint of the figures in the keywords of a file."""

_POINT: Final = 25.4 / 72
_LINE: Final = 1.22
"""Distance of lines by the size of their letters."""

_MOST_LINES: Final = 4
_BESIDE_GAP: Final = 0.5
_CELL_BASELINE: Final = 0.3
"""Where fpdf2 stands a line in a cell without height: so far below its top, by the size of the letters."""


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
    """One column of a table; what is too long for it is shortened, or `wraps` over up to four lines."""

    title: str
    width: float
    align: Align = "right"
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class FigureMark:
    """Small letters behind the text of a column, by its place in the row, and what they mean, for those who hear them."""

    column: int
    letters: str
    meaning: str


BESIDE: Final = Pen(5.4, MUTED, True)
"""Marks beside figures."""


class PdfPage(FPDF):
    """A4 pages of one document, as PDF/A-2b, to be kept for years. Same calls, same `issued_at`: same bytes."""

    def __init__(self, *, title: str, author: str, language: str, issued_at: datetime, mark: str = "") -> None:
        """Open the first page; `issued_at` is aware and becomes the creation date, `mark` names the figures (`MARK`)."""
        super().__init__(unit="mm", format="A4", enforce_compliance="PDF/A-2B")
        self._structure = PdfStructure()
        self.struct_builder = self._structure
        self.set_auto_page_break(False)
        # Who is called {nb} is called so, and not by the number of pages.
        self.alias_nb_pages("")
        self.set_margin(0)
        self.c_margin = 0
        self.add_font("plex", "", _REGULAR)
        self.add_font("plex", "B", _SEMIBOLD)
        maps = [frozenset(font.cmap) for font in self.fonts.values() if isinstance(font, TTFFont)]
        self._own = frozenset.intersection(*maps)
        self._fallbacks: dict[str, frozenset[int]] = {}
        self._told_missing: set[str] = set()
        self.set_title(clean(title, 300))
        # The library's own would say when it was written, and so never be the same twice.
        self.set_xmp_metadata(metadata(clean(title, 300), clean(author, 300), f"{MARK}{mark}", language, issued_at))
        self.set_lang(language)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_creation_date(issued_at)
        self.set_display_mode("fullwidth")
        self._marks: Counter[int] = Counter()
        self._is_marked = False
        self.add_page()

    @contextmanager
    def tagged(self, kind: Leaf, alternative: str | None = None) -> Iterator[None]:
        """What is drawn inside is one element of the document's structure, in reading order; no page may begin inside.

        `alternative` says in words what a figure shows. Inside of another element it is part of that one.
        """
        if self._is_marked:
            yield
            return
        mark = self._marks[self.page]
        self._marks[self.page] += 1
        self.pages[self.page].struct_parents = self._structure.leaf(kind, self._place, mark, alternative)
        self._out(f"/{kind} <</MCID {mark}>> BDC")
        self._is_marked = True
        yield
        self._is_marked = False
        self._out("EMC")

    def group(self, kind: Group) -> AbstractContextManager[None]:
        """What is drawn inside belongs to one table, or to one row of it; furniture belongs to nothing."""
        return nullcontext() if self._is_marked else self._structure.group(kind, self._place)

    @contextmanager
    def furniture(self) -> Iterator[None]:
        """What is drawn inside is no content: lines, colours and what every page repeats."""
        if self._is_marked:
            yield
            return
        self._out("/Artifact BMC")
        self._is_marked = True
        yield
        self._is_marked = False
        self._out("EMC")

    def return_to(self, page: int) -> None:
        """Draw on a page that was begun before: what was set for another page does not hold there."""
        self.page = page
        self.current_font_is_set_on_page = False

    def begin_section(self, name: str, y: float, level: int = 0) -> None:
        """An entry of the document's outline that leads to `y` of this page."""
        self.set_xy(0, max(y - 4, 0))
        self.start_section(name, level, strict=False)

    def words(self, text: str) -> str:
        """Text of others as this typeface can show it."""
        return self.sentence(clean(text, 300))

    def sentence(self, text: str) -> str:
        """Text of ours, names of others already cleaned, as these typefaces can show it."""
        if self._is_own(text):
            return in_font(text, self._own)
        self._add_fallbacks(char for char in text if ord(char) not in self._own)
        known = self._own.union(*self._fallbacks.values())
        missing = {char for char in text if ord(char) not in known and unicodedata.category(char)[0] == "L"} - self._told_missing
        if missing:
            self._told_missing |= missing
            tell_missing(missing)
        return in_font(text, known)

    def width_of(self, text: str, pen: Pen) -> float:
        """Printed width."""
        self._take_up(pen)
        if self._is_own(text):
            return float(self.get_string_width(text))
        return sum(self._shaped_width(part, direction) for part, direction in runs_of(text))

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
        with self.tagged("P"):
            if self._is_own(text):
                self.text(left, baseline, text)
            else:
                self._write_shaped(left, baseline, text)
        return width

    def write_beside(self, x: float, baseline: float, letters: str, meaning: str) -> float:
        """Print small letters, raised, behind a figure that ends at `x`; returns their width."""
        if not letters:
            return 0.0
        with self.tagged("P"):
            self._out(f"/Span <</E <{(BOM_UTF16_BE + meaning.encode('utf-16-be')).hex()}>>> BDC")
            width = self.write_at(x + _BESIDE_GAP, baseline - 1.1, letters, BESIDE)
            self._out("EMC")
        return width + _BESIDE_GAP

    def fitted_lines(self, text: str, pen: Pen, width: float, most: int = _MOST_LINES) -> list[str]:
        """The text broken into at most so many lines, the last one shortened where more are needed."""
        lines = self.lines_of(text, pen, width)
        return lines if len(lines) <= most else [*lines[: most - 1], self.fit(" ".join(lines[most - 1 :]), pen, width)]

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
        return closed_lines([*lines, line])

    def fill_box(self, box: Box, colour: Colour, radius: float = 0) -> None:
        """A filled rectangle, with round corners where asked."""
        self.set_fill_color(*colour)
        with self.furniture():
            if radius and box.w > 0 and box.h > 0:
                radius = min(radius, 0.49 * box.w, 0.49 * box.h)  # fpdf2 misreads a full half
                self.rect(box.x, box.y, box.w, box.h, style="F", round_corners=True, corner_radius=radius)
            else:
                self.rect(box.x, box.y, box.w, box.h, style="F")

    def line_between(self, start: tuple[float, float], end: tuple[float, float], colour: Colour, width: float = 0.2) -> None:
        """A straight line."""
        self.set_draw_color(*colour)
        self.set_line_width(width)
        with self.furniture():
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

    def picture(self, room: Box, png: bytes, *, alternative: str) -> float:
        """Draw a picture as large as it fits, at the left and in the middle of the room's height; returns its width."""
        width, height = fitted(png, room.w, room.h)
        with self.tagged("Figure", alternative):
            self.image(io.BytesIO(png), room.x, room.y + (room.h - height) / 2, width, height)
        return width

    def dot(self, x: float, y: float, size: float, colour: Colour) -> None:
        """A filled circle in the square at left `x`, top `y`."""
        self.set_fill_color(*colour)
        with self.furniture():
            self.ellipse(x, y, size, size, style="F")

    def pill(self, right: float, baseline: float, text: str, pen: Pen, fill: Colour) -> float:
        """A small label with a round background that ends at `right`; returns its width."""
        width = self.width_of(text, pen) + 5
        self.fill_box(Box(right - width, baseline - 3.6, width, 5.2), fill, 2.6)
        self.write_at(right - width / 2, baseline, text, pen, "centre")
        return width

    @property
    def _place(self) -> tuple[int, Any]:
        return self.page, self.pages[self.page]

    def _longest_start(self, text: str, pen: Pen, width: float) -> int:
        cut = 1
        while cut < len(text) and self.width_of(text[: cut + 1], pen) <= width:
            cut += 1
        return cut

    def _is_own(self, text: str) -> bool:
        """Has the report's own typeface every letter?"""
        return self._own.issuperset(map(ord, text))

    def _take_up(self, pen: Pen) -> None:
        self.set_font("plex", "B" if pen.is_bold else "", pen.size)
        self.set_text_color(*pen.colour)

    def _shaped_width(self, part: str, direction: Direction) -> float:
        self.set_text_shaping(use_shaping_engine=True, direction=direction)
        width = float(self.get_string_width(part))
        self.set_text_shaping(use_shaping_engine=False)
        return width

    def _write_shaped(self, x: float, baseline: float, text: str) -> None:
        """Print a text of other scripts, whose letters join, stack and run as their readers expect.

        Who hears or copies it gets the letters in the order in which they are read.
        """
        said = (BOM_UTF16_BE + text.encode("utf-16-be")).hex()
        self._out(f"/Span <</ActualText <{said}>>> BDC")
        for part, direction in runs_of(text):
            width = self._shaped_width(part, direction)
            self.set_xy(x, baseline - _CELL_BASELINE * self.font_size)
            # A typeface that is changed inside does not hold behind it, neither in the file nor in what fpdf2 remembers.
            with self.local_context():
                self.set_text_shaping(use_shaping_engine=True, direction=direction)
                self.cell(width, 0, part)
            x += width
        self._out("EMC")

    def _add_fallbacks(self, letters: Iterable[str]) -> None:
        """Take in the other typefaces that have letters of a text: they are large, so no other one."""
        for path, characters in typefaces_for(letters, FALLBACK_FONTS).items():
            family = path.stem.lower()
            if family not in self._fallbacks:
                self.add_font(family, "", path)
                self._fallbacks[family] = characters
        self.set_fallback_fonts(list(self._fallbacks), exact_match=False)


def table_head(page: PdfPage, x: float, y: float, columns: Sequence[TableColumn], pen: Pen) -> float:
    """Print the titles over a line; returns the y below."""
    with page.group("TR"):
        for column, left in zip(columns, _lefts(x, columns), strict=True):
            with page.tagged("TH"):
                page.write_at(_anchor(column, left), y + 3.6, page.fit(column.title, pen, column.width - 1), pen, column.align)
    width = sum(column.width for column in columns)
    page.line_between((x, y + 5.4), (x + width, y + 5.4), FAINT, 0.25)
    return y + 5.4


def row_height(page: PdfPage, columns: Sequence[TableColumn], cells: Sequence[str], pens: Sequence[Pen], height: float) -> float:
    """Height of one row: `height`, or what its longest wrapped cell takes."""
    lines = [
        len(page.fitted_lines(cell, pen, column.width - 2)) * pen.size * _POINT * _LINE
        for column, cell, pen in zip(columns, cells, pens, strict=True)
        if column.wraps
    ]
    return max(height, max(lines, default=0.0) + 2.0)


def table_row(  # noqa: PLR0913 - a row as it stands on the page
    page: PdfPage,
    at: tuple[float, float],
    columns: Sequence[TableColumn],
    cells: Sequence[str],
    pens: Sequence[Pen],
    height: float,
    beside: FigureMark | None = None,
) -> float:
    """Print one row over a hairline, cells shortened to their columns or wrapped; returns the y below."""
    x, y = at
    height = row_height(page, columns, cells, pens, height)
    with page.group("TR"):
        for place, (column, left, cell, pen) in enumerate(zip(columns, _lefts(x, columns), cells, pens, strict=True)):
            lines = page.fitted_lines(cell, pen, column.width - 2) if column.wraps else [page.fit(cell, pen, column.width - 1)]
            step = pen.size * _POINT * _LINE
            baseline = y + height / 2 + pen.size * _POINT * 0.35 - step * (len(lines) - 1) / 2
            with page.tagged("TD"):
                for index, line in enumerate(lines):
                    page.write_at(_anchor(column, left), baseline + index * step, line, pen, column.align)
                if beside and beside.column == place:
                    page.write_beside(left + column.width, baseline, beside.letters, beside.meaning)
    page.rule(y + height, HAIRLINE, x, sum(column.width for column in columns))
    return y + height


def document_bytes(page: PdfPage) -> bytes:
    """The finished file."""
    finished: Any = page.output()
    return bytes(finished)


def _lefts(x: float, columns: Sequence[TableColumn]) -> list[float]:
    return [x + sum(column.width for column in columns[:index]) for index in range(len(columns))]


def _anchor(column: TableColumn, left: float) -> float:
    return left if column.align == "left" else left + column.width if column.align == "right" else left + column.width / 2
