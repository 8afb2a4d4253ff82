"""The report of one plant as an A4 PDF."""

from collections.abc import Sequence
from typing import Final

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.core.span import zone
from include.reports.charts import daily_bars, power_curve
from include.reports.headline import Tile, Tone, is_partial, tiles, tone_of, yield_tile
from include.reports.language import capacity, moment, money, number, percent, period, quantity, say
from include.reports.model import LOW_SHARE, InverterRow, PlantReport, TargetWindow, figures, fingerprint
from include.reports.observations import observations
from include.reports.pdf_page import (
    AMBER,
    AMBER_PALE,
    BOTTOM,
    CONTENT_W,
    FAINT,
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
    RED_PALE,
    SUN,
    Box,
    Colour,
    PdfPage,
    Pen,
    TableColumn,
    document_bytes,
    table_head,
    table_row,
    with_page_count,
)

_TONES: Final[dict[Tone, Colour]] = {"plain": INK, "good": GREEN, "watch": AMBER, "poor": RED}
_MARKS: Final[dict[str, Colour]] = {"note": NAVY, "watch": AMBER, "poor": RED}
_HEADING: Final = Pen(10.5, INK, True)
_BODY: Final = Pen(8.5, INK)
_CELL: Final = Pen(8.2, INK)
_HEAD: Final = Pen(7.2, MUTED)
_SMALL: Final = Pen(6.8, MUTED)
_ROW_H: Final = 5.6
_GAP: Final = 7.5
_WINDOW_W: Final = 80.0


def render(report: PlantReport) -> bytes:
    """The PDF of one report; the same report gives the same bytes. Raises `Refused` for a time zone that does not exist."""
    mark = fingerprint(figures(report))[:12]
    return document_bytes(with_page_count(lambda count: _Sheet(report, mark, count).drawn()))


class _Sheet:
    """One drawing of one report; `y` is where the next block begins."""

    def __init__(self, report: PlantReport, mark: str, page_count: int) -> None:
        self.report = report
        self.language = report.language
        self.mark = mark
        self.page_count = page_count
        self.kind_text = say(f"report_{report.kind}", report.language)
        self.period_text = period(report.first_day, report.last_day, report.language)
        self.page = PdfPage(
            title=f"{report.plant_name} – {self.kind_text}, {self.period_text}",
            author=report.tenant_name,
            language=report.language,
            issued_at=report.issued_at,
        )
        self.plant = self.page.words(report.plant_name)
        self.y = 0.0

    def drawn(self) -> PdfPage:
        """Draw everything and return the page."""
        self._footer()
        self._header()
        self._tiles()
        self._chart()
        self._windows_and_observations()
        self._inverters()
        self._method()
        return self.page

    # -- header -------------------------------------------------------------------------------------------------------

    def _header(self) -> None:
        page, report = self.page, self.report
        page.fill_box(Box(0, 0, PAGE_W, 2.2), NAVY)
        page.fill_box(Box(0, 2.2, PAGE_W, 0.9), SUN)
        right = PAGE_W - MARGIN
        when = say("issued", self.language, when=moment(report.issued_at, zone(report.timezone), self.language))
        kind = Pen(9, NAVY, True)
        tenant = Pen(9, MUTED)
        left = self._badges(right - page.write_at(right, 16, self.kind_text, kind, "right") - 4, 16)
        page.write_at(MARGIN, 16, page.fit(page.words(report.tenant_name), tenant, left - MARGIN - 4), tenant)
        words = Pen(10.5, INK, True)
        room = CONTENT_W - page.width_of(self.period_text, words) - 10
        page.write_at(MARGIN, 25, *self._plant_title(room))
        page.write_at(right, 25, self.period_text, words, "right")
        facts = Pen(9, MUTED)
        page.write_at(right, 31, when, Pen(7.5, MUTED), "right")
        page.write_at(MARGIN, 31, page.fit(self._plant_facts(), facts, CONTENT_W - 68), facts)
        self.y = 36.5

    def _plant_title(self, room: float) -> tuple[str, Pen]:
        """The plant's name as large as it fits, down to 13 points, then shortened."""
        for size in (20, 18, 16, 14.5, 13):
            pen = Pen(size, INK, True)
            if self.page.width_of(self.plant, pen) <= room:
                return self.plant, pen
        return self.page.fit(self.plant, pen, room), pen

    def _plant_facts(self) -> str:
        report = self.report
        facts = [self.page.words(report.city)] if report.city else []
        for key, value in (("capacity_dc", report.capacity_kwp), ("capacity_ac", report.capacity_kw)):
            if value is not None:
                facts.append(say(key, self.language, value=capacity(value, self.language)))
        return "  ·  ".join(facts)

    def _badges(self, right: float, baseline: float) -> float:
        """Say what the reader must know before reading on; returns the left edge."""
        report, x = self.report, right
        badges: list[tuple[str, Colour, Colour]] = []
        if report.is_empty:
            badges.append((say("no_data", self.language), RED, RED_PALE))
        elif is_partial(report.headline.completeness):
            text = say("incomplete", self.language, percent=percent(report.headline.completeness, self.language))
            badges.append((text, AMBER, AMBER_PALE))
        if report.is_provisional:
            badges.append((say("provisional", self.language), AMBER, AMBER_PALE))
        if report.revision > 1:
            badges.append((say("revision", self.language, number=report.revision), NAVY, PANEL))
        for text, colour, fill in badges:
            x -= self.page.pill(x, baseline, text, Pen(7.5, colour, True), fill) + 2
        return x

    # -- figures ------------------------------------------------------------------------------------------------------

    def _tiles(self) -> None:
        gap, height = 4.0, 27.0
        width = (CONTENT_W - 3 * gap) / 4
        for index, tile in enumerate(tiles(self.report.headline, self.report.kind, self.language)):
            self._tile(Box(MARGIN + index * (width + gap), self.y, width, height), tile)
        self.y += height + _GAP

    def _tile(self, box: Box, tile: Tile) -> None:
        page = self.page
        page.fill_box(box, PANEL, 1.8)
        inner = box.w - 8
        page.write_at(box.x + 4, box.y + 6.6, tile.label, Pen(8.2, MUTED))
        unit = Pen(9, MUTED)
        room = inner - (page.width_of(tile.unit, unit) + 1.2 if tile.unit else 0)
        pen = next(
            (Pen(size, _TONES[tile.tone], True) for size in (18, 16, 14, 12, 10) if self._fits(tile.value, size, room)),
            None,
        )
        pen = pen or Pen(8.5, _TONES[tile.tone], True)
        width = page.write_at(box.x + 4, box.y + 15.6, tile.value, pen)
        page.write_at(box.x + 4 + width + 1.2, box.y + 15.6, tile.unit, unit)
        note = Pen(7.2, MUTED)
        page.write_at(box.x + 4, box.y + 21, page.fit(tile.note, note, inner), note)
        if tile.fill is not None:
            page.fill_box(Box(box.x + 4, box.y + 23.4, inner, 1.1), HAIRLINE, 0.55)
            page.fill_box(Box(box.x + 4, box.y + 23.4, inner * min(max(tile.fill, 0), 1), 1.1), _TONES[tile.tone], 0.55)

    def _fits(self, text: str, size: float, room: float) -> bool:
        return self.page.width_of(text, Pen(size, INK, True)) <= room

    def _chart(self) -> None:
        kind = self.report.kind
        self._heading(say(f"chart_{kind}", self.language))
        box = Box(MARGIN, self.y + 1.5, CONTENT_W, 34 if self._has_no_chart else 57)
        (power_curve if kind == "day" else daily_bars)(self.page, box, self.report)
        self.y = box.bottom + _GAP - 1

    @property
    def _has_no_chart(self) -> bool:
        report = self.report
        return report.is_empty or (report.kind == "day" and all(point.power_kw is None for point in report.power))

    # -- performance windows beside observations ----------------------------------------------------------------------

    def _windows_and_observations(self) -> None:
        page, left_w = self.page, _WINDOW_W
        gap = 10.0
        x = MARGIN + left_w + gap
        body_w = CONTENT_W - left_w - gap - 4
        lines = [(item.tone, page.lines_of(page.sentence(item.text), _BODY, body_w)) for item in observations(self.report)]
        height = max(sum(4.1 * len(text) + 1.5 for _, text in lines) + 6, 6 + _ROW_H * (len(self.report.windows) + 4))
        self._room_for(min(height, BOTTOM - 30))
        top = self.y
        self._heading(say("observations", self.language), x)
        y = self.y + 3.6
        for tone, text in lines:
            page.dot(x, y - 2.0, 1.5, _MARKS[tone])
            for line in text:
                page.write_at(x + 4, y, line, _BODY)
                y += 4.1
            y += 1.5
        self.y = top
        below = self._windows()
        self.y = max(y - 2, below) + _GAP - 2

    def _windows(self) -> float:
        """The table of target windows and the line on the data; returns the y below."""
        self._heading(say("windows", self.language))
        columns = (
            TableColumn(say("window", self.language), 23, "left"),
            TableColumn(say("days_counted", self.language), 13),
            TableColumn(say("column_energy", self.language), 15.5),
            TableColumn(say("column_target", self.language), 17),
            TableColumn("%", 11.5),
        )
        y = table_head(self.page, MARGIN, self.y, columns, _HEAD)
        for window in self.report.windows:
            pens = (_CELL, Pen(8.2, MUTED), _CELL, _CELL, Pen(8.2, _TONES[tone_of(window.performance_index)], True))
            y = table_row(self.page, (MARGIN, y), columns, self._window_cells(window), pens, _ROW_H)
        y += 5
        facts = [(yield_tile(self.report.headline, self.language), self.report.headline.money is not None)]
        for tile, is_shown in facts:
            if is_shown:
                y = self._fact(y, tile.label, f"{tile.value} {tile.unit}".strip())
        completeness = percent(self.report.headline.completeness, self.language)
        return self._fact(y, say("column_completeness_long", self.language), completeness)

    def _fact(self, y: float, label: str, value: str) -> float:
        self.page.write_at(MARGIN, y, label, Pen(8.2, MUTED))
        self.page.write_at(MARGIN + _WINDOW_W, y, value, Pen(8.2, INK, True), "right")
        return y + 5

    def _window_cells(self, window: TargetWindow) -> list[str]:
        days = window.days_expected
        return [
            say("window_1", self.language) if days == 1 else say("window_n", self.language, days=days),
            say("of", self.language, counted=window.days_counted, expected=days),
            quantity(window.energy_kwh, self.language),
            quantity(window.target_kwh, self.language),
            number(None if window.performance_index is None else 100 * window.performance_index, self.language, 1),
        ]

    # -- inverters ----------------------------------------------------------------------------------------------------

    def _inverters(self) -> None:
        rows = self.report.inverters
        self._room_for(12 + _ROW_H * min(len(rows) + 1, 4))
        self._heading(say("inverters", self.language))
        if not rows:
            self.page.write_at(MARGIN, self.y + 3.6, say("inverters_none", self.language), Pen(8.5, MUTED))
            self.y += 8
            return
        columns = self._inverter_columns()
        decimals = 0 if max((row.energy_kwh or 0) for row in rows) >= 1000 else 1
        y = table_head(self.page, MARGIN, self.y, columns, _HEAD)
        for row in rows:
            if y + _ROW_H > BOTTOM:
                self._next_page()
                self._heading(say("inverters_more", self.language))
                y = table_head(self.page, MARGIN, self.y, columns, _HEAD)
            y = self._inverter_row(y, row, columns, decimals)
        self.y = y + _GAP - 1

    def _inverter_columns(self) -> tuple[TableColumn, ...]:
        titles = ("column_energy", "column_yield", "column_share", "column_power", "column_temperature", "column_completeness")
        widths = (22.0, 20.0, 38.0, 18.0, 18.0, 16.0)
        named = TableColumn(say("inverter", self.language), CONTENT_W - sum(widths), "left")
        return (named, *(TableColumn(say(title, self.language), width) for title, width in zip(titles, widths, strict=True)))

    def _inverter_row(self, y: float, row: InverterRow, columns: Sequence[TableColumn], decimals: int) -> float:
        language = self.language
        is_low = row.peer_share is not None and row.peer_share < LOW_SHARE
        cells = [
            self.page.words(row.name),
            number(row.energy_kwh, language, decimals),
            number(row.specific_yield_kwh_kwp, language, 2),
            percent(row.peer_share, language),
            number(row.max_power_kw, language, 1),
            number(row.temp_max_c, language, 1),
            percent(row.completeness, language, 0),
        ]
        share = Pen(8.2, RED if is_low else INK, is_low)
        completeness = Pen(8.2, AMBER) if is_partial(row.completeness) else _CELL
        name = Pen(8.2, RED, True) if row.energy_kwh is None or is_low else _CELL
        self._share_bar(y, row.peer_share, columns, RED if is_low else GREEN)
        return table_row(self.page, (MARGIN, y), columns, cells, (name, _CELL, _CELL, share, _CELL, _CELL, completeness), _ROW_H)

    def _share_bar(self, y: float, share: float | None, columns: Sequence[TableColumn], colour: Colour) -> None:
        """A thin bar before the number; its full length is 120 % of the median, a tick marks 100 %."""
        if share is None:
            return
        x = MARGIN + sum(column.width for column in columns[:3]) + 6
        width, middle = 18.0, y + _ROW_H / 2
        self.page.fill_box(Box(x, middle - 0.6, width, 1.2), HAIRLINE, 0.6)
        self.page.fill_box(Box(x, middle - 0.6, width * min(max(share, 0), 1.2) / 1.2, 1.2), colour, 0.6)
        self.page.line_between((x + width / 1.2, middle - 1.3), (x + width / 1.2, middle + 1.3), FAINT, 0.25)

    # -- method and provenance ----------------------------------------------------------------------------------------

    def _method(self) -> None:
        page = self.page
        lines = [line for text in self._method_texts() for line in page.lines_of(page.sentence(text), _SMALL, CONTENT_W)]
        height = 6 + 3.2 * len(lines)
        self._room_for(height)
        self.y = max(self.y, BOTTOM - height)
        page.write_at(MARGIN, self.y + 2, say("method", self.language), Pen(7.2, MUTED, True))
        y = self.y + 5.8
        for line in lines:
            page.write_at(MARGIN, y, line, _SMALL)
            y += 3.2
        self.y = y

    def _method_texts(self) -> list[str]:
        report, language = self.report, self.language
        texts = [
            say("method_energy" if report.energy_sources.keys() <= {"power"} else "method_energy_counters", language),
            say("method_target", language, percent=percent(COMPLETE_DAY_COVERAGE, language, 0)),
            say("method_day", language, timezone=report.timezone),
        ]
        if report.is_place_guessed:
            texts.append(say("method_place_guessed", language))
        if report.headline.money is not None:
            terms = report.headline.money
            texts.insert(2, say("method_savings", language, price=money(terms.price_per_kwh, terms.currency, language)))
        return [" ".join(texts), self._source()]

    def _source(self) -> str:
        source, language = self.report.provenance, self.language
        key = ("source_none", "source_one")[source.document_count] if source.document_count < 2 else "source_many"
        parts = [
            say(
                key,
                language,
                documents=number(source.document_count, language),
                first=(source.first_sha256 or "")[:12],
                last=(source.last_sha256 or "")[:12],
                readings=number(source.reading_count, language),
            )
        ]
        if source.computed_at is not None:
            when = moment(source.computed_at, zone(self.report.timezone), language)
            parts.append(say("computed", language, when=when))
        if source.code_version:
            parts.append(say("version", language, version=source.code_version))
        return " · ".join(parts) + "."

    # -- flow ---------------------------------------------------------------------------------------------------------

    def _heading(self, text: str, x: float = MARGIN) -> None:
        self.page.write_at(x, self.y + 1, text, _HEADING)
        self.y += 4.5

    def _room_for(self, height: float) -> None:
        if self.y + height > BOTTOM:
            self._next_page()

    def _next_page(self) -> None:
        page = self.page
        page.add_page()
        self._footer()
        page.fill_box(Box(0, 0, PAGE_W, 2.2), NAVY)
        page.fill_box(Box(0, 2.2, PAGE_W, 0.9), SUN)
        room = CONTENT_W - page.width_of(self.period_text, _SMALL) - 8
        page.write_at(MARGIN, 13, page.fit(self.plant, _SMALL, room), _SMALL)
        page.write_at(PAGE_W - MARGIN, 13, self.period_text, _SMALL, "right")
        page.rule(15.5)
        self.y = 23.0

    def _footer(self) -> None:
        page, y = self.page, PAGE_H - 11
        page.rule(y - 4.5)
        text = say(
            "footer_report",
            self.language,
            report=page.words(self.report.report_id),
            revision=self.report.revision,
            fingerprint=self.mark,
        )
        page.write_at(MARGIN, y, page.fit(text, _SMALL, CONTENT_W - 35), _SMALL)
        place = say("page", self.language, number=page.page_no(), count=self.page_count)
        page.write_at(PAGE_W - MARGIN, y, place, _SMALL, "right")
