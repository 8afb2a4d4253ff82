"""The report of all plants of a tenant as an A4 PDF: tiles, what to look at, and 25 plants per page."""

from typing import Final

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.reports.headline import tone_of
from include.reports.language import day_short, number, percent, quantity, say
from include.reports.marks import marks_beside, ordered
from include.reports.pdf_page import (
    AMBER,
    CONTENT_W,
    MUTED,
    RED,
    PdfPage,
    Pen,
    TableColumn,
    document_bytes,
)
from include.reports.portfolio import (
    PlantLine,
    PortfolioReport,
    portfolio_observations,
    portfolio_tile_marks,
    portfolio_tiles,
    state_word,
)
from include.reports.sheet import CELL, GAP, TONES, PrintedRow, ReportSheet

_ROW_H: Final = 9.9
"""25 of them, with the head, fill a page."""


_ENERGY: Final = 3
"""Place of the column of the energy."""


def render_portfolio(report: PortfolioReport) -> bytes:
    """The PDF of one report; the same report gives the same bytes."""
    return document_bytes(_PortfolioSheet(report).drawn())


class _PortfolioSheet(ReportSheet):
    """One drawing of one report."""

    def __init__(self, report: PortfolioReport) -> None:
        super().__init__(report, about=report.tenant_name, kind_text=say(f"portfolio_{report.kind}", report.language))
        self.report = report

    def drawn(self) -> PdfPage:
        """Draw everything and return the page."""
        report, language = self.report, self.language
        count = len(report.plants)
        self.draw_head(say("plant_count_one" if count == 1 else "plant_count", language, count=number(count, language)))
        self.draw_tiles(portfolio_tiles(report.plants, language), portfolio_tile_marks(report.marks))
        self.y = self.draw_observations(portfolio_observations(report)) + GAP - 2
        self._plants()
        self.draw_method([self._method()])
        self.draw_footers()
        return self.page

    def _plants(self) -> None:
        language = self.language
        widths = {
            "column_state": 20.0, "column_last_day": 22.0, "column_energy": 20.0, "column_target": 20.0, "performance": 22.0,
            "column_yield": 17.0, "column_lost": 18.0,
        }  # fmt: skip
        columns = (
            TableColumn(say("column_plant", language), CONTENT_W - sum(widths.values()), "left", wraps=True),
            *(
                TableColumn(say(key, language), width, "left" if key == "column_state" else "right")
                for key, width in widths.items()
            ),
        )
        marked = marks_beside(self.report.plants, self.report.marks.plants)
        beside = [self.beside(_ENERGY, marks) for _, marks in marked]
        self.table(say("plants_weakest_first", language), columns, [self._plant(line) for line, _ in marked], _ROW_H, beside)
        self.y -= GAP - 1
        self.draw_legend(ordered(mark for _, marks in marked for mark in marks))
        self.y += GAP - 1

    def _plant(self, line: PlantLine) -> PrintedRow:
        language, through = self.language, self.report.through_day or self.report.last_day
        cells = [
            self.page.words(line.name),
            state_word(line, language),
            day_short(line.last_day, language) if line.last_day else say("state_no data", language),
            quantity(line.energy_kwh, language),
            quantity(line.target_kwh, language),
            percent(line.told_index, language),
            number(line.specific_yield_kwh_kwp, language, 2),
            quantity(line.lost_kwh, language),
        ]
        state = {"critical": Pen(8.2, RED, True), "major": Pen(8.2, RED), "no data": Pen(8.2, RED)}.get(line.state, CELL)
        fresh = CELL if line.last_day == through else Pen(8.2, AMBER)
        index = Pen(8.2, TONES[tone_of(line.told_index)], True)
        return cells, [CELL, state, fresh, CELL, Pen(8.2, MUTED), index, CELL, CELL]

    def _method(self) -> str:
        least = percent(COMPLETE_DAY_COVERAGE, self.language, 0)
        version = say("version", self.language, version=self.report.code_version)
        return f"{say('method_portfolio', self.language, percent=least)} {version}."
