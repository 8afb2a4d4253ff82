"""A report as sheets of paper: what every page carries, headings that the outline knows, and blocks that flow down and on."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Protocol

from include.core.brand import Brand, rgb
from include.core.span import zone
from include.reports.headline import Tile, Tone
from include.reports.language import moment, period, say
from include.reports.marks import in_words, legend, letters, ordered
from include.reports.model import Language, Mark, figures, fingerprint
from include.reports.observations import Observation
from include.reports.pdf_page import (
    AMBER,
    AMBER_PALE,
    BESIDE,
    BOTTOM,
    CONTENT_W,
    GREEN,
    HAIRLINE,
    INK,
    MARGIN,
    MUTED,
    NAVY,
    PAGE_H,
    PAGE_W,
    PANEL,
    RED,
    Box,
    Colour,
    FigureMark,
    PdfPage,
    Pen,
    TableColumn,
    row_height,
    table_head,
    table_row,
)

HEADING: Final = Pen(10.5, INK, True)
CELL: Final = Pen(8.2, INK)
HEAD: Final = Pen(7.2, MUTED)
SMALL: Final = Pen(6.8, MUTED)
ROW_H: Final = 5.6
GAP: Final = 7.5
TONES: Final[dict[Tone, Colour]] = {"plain": INK, "good": GREEN, "watch": AMBER, "poor": RED}
PrintedRow = tuple[Sequence[str], Sequence[Pen]]
"""Cells of a table as people read them, and the pen of each."""

Badge = tuple[str, Colour, Colour]
"""A word on a coloured ground: text, its colour, the ground's."""

_LOGO: Final = Box(MARGIN, 5.0, 44, 11.5)

_MARKS: Final[dict[str, Colour]] = {"note": NAVY, "watch": AMBER, "poor": RED}
_BODY: Final = Pen(8.5, INK)
_LINE_H: Final = 4.1
_LEGEND_H: Final = 3.6
_KEPT_TOGETHER: Final = 6
"""Rows of a table that do not part from its heading."""


class SheetReport(Protocol):
    """What the pages of every report say of it."""

    @property
    def tenant_name(self) -> str: ...  # noqa: D102
    @property
    def first_day(self) -> date: ...  # noqa: D102
    @property
    def last_day(self) -> date: ...  # noqa: D102
    @property
    def timezone(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> Language: ...  # noqa: D102
    @property
    def issued_at(self) -> datetime: ...  # noqa: D102
    @property
    def revision(self) -> int: ...  # noqa: D102
    @property
    def report_id(self) -> str: ...  # noqa: D102
    @property
    def is_provisional(self) -> bool: ...  # noqa: D102
    @property
    def brand(self) -> Brand: ...  # noqa: D102


class ReportSheet:
    """Pages of one report; `y` is where the next block begins."""

    def __init__(self, issued: SheetReport, *, about: str, kind_text: str) -> None:
        """`about` is whose report it is, as people call it; the page carries the fingerprint of the figures."""
        mark = fingerprint(figures(issued))
        self.issued = issued
        self.language = issued.language
        self.kind_text = kind_text
        self.period_text = period(issued.first_day, issued.last_day, issued.language)
        self.page = PdfPage(
            title=f"{about} – {kind_text}, {self.period_text}",
            author=issued.tenant_name,
            language=issued.language,
            issued_at=issued.issued_at,
            mark=mark,
        )
        self.about = self.page.words(about)
        self.main_colour, self.accent_colour = rgb(issued.brand.main_colour), rgb(issued.brand.accent_colour)
        self.footer = say(
            "footer_report",
            issued.language,
            report=self.page.words(issued.report_id),
            revision=issued.revision,
            fingerprint=mark[:12],
        )
        self.y = 0.0

    def draw_head(self, below: str, *, badges: Sequence[Badge] = (), tenant: str = "") -> None:
        """The head of the first page: kind of report, whose it is in one line or two, the facts below it, when it was issued."""
        page, right = self.page, PAGE_W - MARGIN
        above, title = self.kind_text, self.about
        badges = [*badges, *self._state_badges()]
        local = moment(self.issued.issued_at, zone(self.issued.timezone), self.language)
        issued = say("issued", self.language, when=local)
        self.draw_stripe()
        left = right - page.write_at(right, 16, above, Pen(9, self.main_colour, True), "right") - 4
        for text, colour, fill in badges:
            left -= page.pill(left, 16, text, Pen(7.5, colour, True), fill) + 2
        muted, words = Pen(9, MUTED), Pen(10.5, INK, True)
        x = self._logo()
        page.write_at(x, 16, page.fit(tenant, muted, left - x - 4), muted)
        lines, pen = self._title(title, CONTENT_W - page.width_of(self.period_text, words) - 10)
        lower = 5.4 * (len(lines) - 1)
        page.begin_section(f"{title}, {self.period_text}", 25)
        with page.tagged("H1"):
            for index, line in enumerate(lines):
                page.write_at(MARGIN, 25 + 5.4 * index, line, pen)
        page.write_at(right, 25, self.period_text, words, "right")
        page.write_at(right, 31, issued, Pen(7.5, MUTED), "right")
        page.write_at(MARGIN, 31 + lower, page.fit(below, muted, CONTENT_W - 68), muted)
        self.y = 36.5 + lower

    def _logo(self) -> float:
        """Draw the tenant's logo at the top left, where there is one; returns the x behind it."""
        if self.issued.brand.logo_png is None:
            return MARGIN
        name = self.page.words(self.issued.tenant_name)
        return MARGIN + self.page.picture(_LOGO, self.issued.brand.logo_png, alternative=name) + 4

    def _title(self, title: str, room: float) -> tuple[list[str], Pen]:
        """The title as large as it fits in one line, else in two smaller ones."""
        for size in (20, 18, 16, 14.5, 13):
            pen = Pen(size, INK, True)
            if self.page.width_of(title, pen) <= room:
                return [title], pen
        small = Pen(12, INK, True)
        return self.page.fitted_lines(title, small, room, 2), small

    def _state_badges(self) -> list[Badge]:
        """Badges of what may still change and of what did."""
        badges: list[Badge] = []
        if self.issued.is_provisional:
            badges.append((say("provisional", self.language), AMBER, AMBER_PALE))
        if self.issued.revision > 1:
            badges.append((say("revision", self.language, number=self.issued.revision), NAVY, PANEL))
        return badges

    def draw_tiles(self, tiles: Sequence[Tile], marks: Sequence[Sequence[Mark]] = ((),) * 4) -> None:
        """Four tiles in a row, each with its marks, and what these mean."""
        gap, height = 4.0, 27.0
        width = (CONTENT_W - 3 * gap) / 4
        for index, (tile, beside) in enumerate(zip(tiles, marks, strict=True)):
            with self.page.tagged("P"):
                self._tile(Box(MARGIN + index * (width + gap), self.y, width, height), tile, beside)
        self.y += height
        self.draw_legend(ordered(mark for beside in marks for mark in beside))
        self.y += GAP

    def draw_legend(self, marks: Sequence[Mark]) -> None:
        """What the marks above mean, in as few lines as they need."""
        if not marks:
            return
        with self.page.tagged("P"):
            for line in self.page.lines_of(legend(marks, self.language), SMALL, CONTENT_W):
                self.y += _LEGEND_H
                self.page.write_at(MARGIN, self.y, line, SMALL)

    def beside(self, column: int, marks: Sequence[Mark]) -> FigureMark | None:
        """Marks behind a figure of a row."""
        return FigureMark(column, letters(marks), in_words(marks, self.language)) if marks else None

    def _tile(self, box: Box, tile: Tile, marks: Sequence[Mark]) -> None:
        page = self.page
        page.fill_box(box, PANEL, 1.8)
        inner = box.w - 8
        page.write_at(box.x + 4, box.y + 6.6, tile.label, Pen(8.2, MUTED))
        unit = Pen(9, MUTED)
        beside = letters(marks)
        room = inner - (page.width_of(tile.unit, unit) + 1.2 if tile.unit else 0) - page.width_of(beside, BESIDE) - 0.5
        pen = next(
            (Pen(size, TONES[tile.tone], True) for size in (18, 16, 14, 12, 10) if self._fits(tile.value, size, room)),
            None,
        )
        pen = pen or Pen(8.5, TONES[tile.tone], True)
        width = page.write_at(box.x + 4, box.y + 15.6, tile.value, pen)
        if tile.unit:
            width += 1.2 + page.write_at(box.x + 4 + width + 1.2, box.y + 15.6, tile.unit, unit)
        page.write_beside(box.x + 4 + width, box.y + 14.6, beside, in_words(marks, self.language))
        note = Pen(7.2, MUTED)
        page.write_at(box.x + 4, box.y + 21, page.fit(tile.note, note, inner), note)
        if tile.fill is not None:
            page.fill_box(Box(box.x + 4, box.y + 23.4, inner, 1.1), HAIRLINE, 0.55)
            page.fill_box(Box(box.x + 4, box.y + 23.4, inner * min(max(tile.fill, 0), 1), 1.1), TONES[tile.tone], 0.55)

    def _fits(self, text: str, size: float, room: float) -> bool:
        return self.page.width_of(text, Pen(size, INK, True)) <= room

    def observations_height(self, told: Sequence[Observation], width: float) -> float:
        """What `draw_observations` takes."""
        lines = [self.page.lines_of(self.page.sentence(item.text), _BODY, width - 4) for item in told]
        return sum(_LINE_H * len(text) + 1.5 for text in lines) + 6

    def draw_observations(self, told: Sequence[Observation], x: float = MARGIN) -> float:
        """Observations from `x` to the right edge under their heading; returns the y below."""
        page = self.page
        self.heading(say("observations", self.language), x)
        y = self.y + 3.6
        for item in told:
            page.dot(x, y - 2.0, 1.5, _MARKS[item.tone])
            with page.tagged("P"):
                for line in page.lines_of(page.sentence(item.text), _BODY, PAGE_W - MARGIN - x - 4):
                    page.write_at(x + 4, y, line, _BODY)
                    y += _LINE_H
            y += 1.5
        self.y = y - 2
        return self.y

    def draw_method(self, texts: Sequence[str]) -> None:
        """How the figures were made, at the foot of the last page."""
        page = self.page
        lines = [line for text in texts for line in page.lines_of(page.sentence(text), SMALL, CONTENT_W)]
        height = 6 + 3.2 * len(lines)
        self.room_for(height)
        self.y = max(self.y, BOTTOM - height)
        page.write_at(MARGIN, self.y + 2, say("method", self.language), Pen(7.2, MUTED, True))
        y = self.y + 5.8
        with page.tagged("P"):
            for line in lines:
                page.write_at(MARGIN, y, line, SMALL)
                y += 3.2
        self.y = y

    def heading(self, text: str, x: float = MARGIN) -> None:
        """A heading with its entry in the outline."""
        self.page.begin_section(text, self.y, 1)
        with self.page.tagged("H2"):
            self.page.write_at(x, self.y + 1, text, HEADING)
        self.y += 4.5

    def room_for(self, height: float) -> None:
        """Go on to the next page where this one has not so much room."""
        if self.y + height > BOTTOM:
            self.next_page()

    def next_page(self) -> None:
        """Begin a page with what every page carries."""
        page = self.page
        page.add_page()
        self.draw_stripe()
        with page.furniture():
            room = CONTENT_W - page.width_of(self.period_text, SMALL) - 8
            page.write_at(MARGIN, 13, page.fit(self.about, SMALL, room), SMALL)
            page.write_at(PAGE_W - MARGIN, 13, self.period_text, SMALL, "right")
            page.rule(15.5)
        self.y = 23.0

    def draw_stripe(self) -> None:
        """The two colours at the top."""
        self.page.fill_box(Box(0, 0, PAGE_W, 2.2), self.main_colour)
        self.page.fill_box(Box(0, 2.2, PAGE_W, 0.9), self.accent_colour)

    def draw_footers(self) -> None:
        """Which report this is, page x of y and the tenant's own line; to be called last, for only then the pages are counted."""
        page, y = self.page, PAGE_H - 11
        count = page.pages_count
        for number in range(1, count + 1):
            page.return_to(number)
            with page.furniture():
                page.rule(y - 4.5)
                page.write_at(MARGIN, y, page.fit(self.footer, SMALL, CONTENT_W - 35), SMALL)
                place = say("page", self.language, number=number, count=count)
                page.write_at(PAGE_W - MARGIN, y, place, SMALL, "right")
                if self.issued.brand.footer:
                    page.write_at(MARGIN, y + 4, page.fit(page.words(self.issued.brand.footer), SMALL, CONTENT_W), SMALL)

    def table(
        self,
        title: str,
        columns: Sequence[TableColumn],
        rows: Sequence[PrintedRow],
        height: float = ROW_H,
        beside: Sequence[FigureMark | None] = (),
    ) -> None:
        """A table under its heading, on one page where it is short; its head is repeated on every page that it reaches."""
        self.room_for(14 + sum(row_height(self.page, columns, *row, height) for row in rows[:_KEPT_TOGETHER]))
        self.heading(title)
        with self.page.group("Table"):
            self.y = table_head(self.page, MARGIN, self.y, columns, HEAD)
            for row, marks in zip(rows, beside or [None] * len(rows), strict=True):
                if self.y + row_height(self.page, columns, *row, height) > BOTTOM:
                    self.next_page()
                    # Who hears the table hears its head once.
                    with self.page.furniture():
                        self.y = table_head(self.page, MARGIN, self.y, columns, HEAD)
                self.y = table_row(self.page, (MARGIN, self.y), columns, *row, height, marks)
        self.y += GAP - 1
