"""A report made of tables as an A4 PDF: tiles, what to look at, twelve months where there are any, and the tables."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from include.core.span import zone
from include.reports.charts import energy_bars, month_names
from include.reports.language import DASH, number, percent, say, short_date, short_moment, signed_percent
from include.reports.listing import ListingReport, listing_tile_marks
from include.reports.model import Language
from include.reports.pdf_page import CONTENT_W, MARGIN, Box, PdfPage, TableColumn, document_bytes
from include.reports.sheet import CELL, GAP, HEAD, SMALL, ReportSheet
from include.reports.tables import Cell, ReportColumn, ReportTable

_MOST_ROWS: Final = 100
_ROOM: Final = 3.0
_LEAST_TEXT: Final = 22.0


def render_listing(report: ListingReport) -> bytes:
    """The PDF of one report; the same report gives the same bytes."""
    return document_bytes(_ListingSheet(report).drawn())


def cell_text(cell: Cell, column: ReportColumn, language: Language, timezone: ZoneInfo) -> str:
    """A cell as people read it."""
    if cell is None:
        return DASH
    if isinstance(cell, str):
        return _told(cell, column, language, timezone)
    if column.form == "ratio":
        return percent(cell, language, column.decimals)
    if column.form == "growth":
        return signed_percent(cell, language, column.decimals)
    return number(cell, language, 0 if column.form == "count" else column.decimals)


def _told(text: str, column: ReportColumn, language: Language, timezone: ZoneInfo) -> str:
    if column.form == "date":
        return short_date(date.fromisoformat(text), language)
    return short_moment(datetime.fromisoformat(text), timezone, language) if column.form == "instant" else text


class _ListingSheet(ReportSheet):
    """One drawing of one report."""

    def __init__(self, report: ListingReport) -> None:
        super().__init__(report, about=report.whose, kind_text=say(f"{report.about}_{report.kind}", report.language))
        self.report = report

    def drawn(self) -> PdfPage:
        """Draw everything and return the page."""
        report = self.report
        below = say("customer_group", self.language) if report.customer_group else say(f"below_{report.about}", self.language)
        self.draw_head(below, tenant=self.page.words(report.tenant_name) if report.customer_group else "")
        self.draw_tiles(report.tiles, listing_tile_marks(report.marks))
        self.y = self.draw_observations(report.observations) + GAP - 2
        self._months()
        for table in report.tables:
            self._table(table)
        version = say("version", self.language, version=report.code_version)
        self.draw_method([f"{report.method} {version[:1].upper()}{version[1:]}."])
        self.draw_footers()
        return self.page

    def _months(self) -> None:
        bars = self.report.months
        if not bars:
            return
        title = say("months_of_consumption", self.language)
        self.room_for(56)
        self.heading(title)
        box = Box(MARGIN, self.y + 1.5, CONTENT_W, 47)
        with self.page.tagged("Figure", title):
            names = month_names([bar.day for bar in bars], self.language)
            energy_bars(self.page, box, bars, names, self.language, "month", legend="legend_consumption")
        self.y = box.bottom + GAP - 1

    def _table(self, table: ReportTable) -> None:
        timezone = zone(self.report.timezone)
        rows = [
            [
                self.page.words(text) if (text := cell_text(cell, column, self.language, timezone)) else ""
                for cell, column in zip(row, table.columns, strict=True)
            ]
            for row in table.rows[:_MOST_ROWS]
        ]
        columns = self._columns(table.columns, rows)
        self.table(table.title, columns, [(row, [CELL] * len(row)) for row in rows])
        if (more := len(table.rows) - _MOST_ROWS) > 0:
            self.page.write_at(MARGIN, self.y - GAP + 4, say("more_in_workbook", self.language, count=more), SMALL)
            self.y += 3

    def _columns(self, columns: Sequence[ReportColumn], rows: Sequence[Sequence[str]]) -> list[TableColumn]:
        """As wide as what is in them; texts share what is left over, and wrap where it is little."""
        widths = [
            max([self.page.width_of(column.title, HEAD), *(self.page.width_of(row[index], CELL) for row in rows)]) + _ROOM
            for index, column in enumerate(columns)
        ]
        texts = [index for index, column in enumerate(columns) if column.form == "text"]
        spare = CONTENT_W - sum(widths)
        if spare >= 0 and texts:
            widths[texts[0]] += spare
        elif texts:
            wanted = sum(widths[index] for index in texts)
            room = max(wanted + spare, _LEAST_TEXT * len(texts))
            for index in texts:
                widths[index] *= room / wanted
        return [
            TableColumn(column.title, width, "left" if is_left else "right", wraps=column.form == "text")
            for column, width, is_left in zip(columns, widths, _lefts(columns), strict=True)
        ]


def _lefts(columns: Sequence[ReportColumn]) -> list[bool]:
    """Texts stand at the left of their column, but not one that ends a row behind numbers: it would touch them."""
    last = len(columns) - 1
    return [
        column.form == "text" and not (0 < index == last and columns[index - 1].form != "text")
        for index, column in enumerate(columns)
    ]
