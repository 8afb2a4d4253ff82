"""The report of one plant as an A4 PDF."""

from collections.abc import Sequence
from typing import Final

from include.core.coverage import COMPLETE_DAY_COVERAGE
from include.core.peer_shares import LOW_SHARE
from include.core.span import zone
from include.reports.alarm_words import alarm_name, alarm_times
from include.reports.charts import MOST_NUMBERED, daily_bars, heat_legend, heat_row, monthly_bars, power_curve
from include.reports.headline import is_partial, tile_marks, tiles, tone_of, yield_tile
from include.reports.language import (
    capacity,
    day_short,
    listed,
    moment,
    money,
    number,
    percent,
    period,
    quantity,
    say,
    short_date,
)
from include.reports.marks import in_words, letters, marks_beside, marks_of_figure, marks_of_window, ordered
from include.reports.model import AlarmRow, DayBar, InverterRow, Language, Mark, Money, PlantReport, TargetWindow
from include.reports.observations import extremes, observations
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
    PAGE_W,
    RED,
    RED_PALE,
    Box,
    PdfPage,
    Pen,
    TableColumn,
    document_bytes,
    row_height,
    table_head,
    table_row,
)
from include.reports.plain_text import clean
from include.reports.sheet import CELL, GAP, HEAD, ROW_H, SMALL, TONES, Badge, PrintedRow, ReportSheet

MarkedInverter = tuple[InverterRow, Sequence[Mark]]

_WINDOW_W: Final = 80.0
_RATIOS: Final = {"performance_ratio": 13.0, "data_availability": 17.0, "technical_availability": 19.0}


def render(report: PlantReport) -> bytes:
    """The PDF of one report; the same report gives the same bytes. Raises `Refused` for a time zone that does not exist."""
    return document_bytes(_PlantSheet(report).drawn())


class _PlantSheet(ReportSheet):
    """One drawing of one report."""

    def __init__(self, report: PlantReport) -> None:
        super().__init__(report, about=report.plant_name, kind_text=say(f"report_{report.kind}", report.language))
        self.report = report

    def drawn(self) -> PdfPage:
        """Draw everything and return the page."""
        self.draw_head(self._plant_facts(), badges=self._badges(), tenant=self.page.words(self.report.tenant_name))
        headline = self.report.headline
        shown = tiles(headline, self.report.kind, self.language, self.report.through_day)
        self.draw_tiles(shown, tile_marks(headline, self.report.marks))
        self._chart()
        self._windows_and_observations()
        self._inverters()
        self._alarms()
        self._comparisons()
        self._months()
        self._heat_map()
        self._days()
        self.draw_method(self._method_texts())
        self.draw_footers()
        return self.page

    # -- header -------------------------------------------------------------------------------------------------------

    def _plant_facts(self) -> str:
        report = self.report
        facts = [self.page.words(report.city)] if report.city else []
        for key, value in (("capacity_dc", report.capacity_kwp), ("capacity_ac", report.capacity_kw)):
            if value is not None:
                facts.append(say(key, self.language, value=capacity(value, self.language)))
        return "  ·  ".join(facts)

    def _badges(self) -> list[Badge]:
        """What the reader must know before reading on."""
        report, badges = self.report, list[Badge]()
        if report.is_empty:
            badges.append((say("no_data", self.language), RED, RED_PALE))
        elif is_partial(report.headline.completeness):
            text = say("incomplete", self.language, percent=percent(report.headline.completeness, self.language))
            badges.append((text, AMBER, AMBER_PALE))
        return badges

    # -- figures ------------------------------------------------------------------------------------------------------

    def _chart(self) -> None:
        kind = self.report.kind
        self.heading(say(self._chart_key, self.language))
        box = Box(MARGIN, self.y + 1.5, CONTENT_W, 34 if self._has_no_chart else 57)
        with self.page.tagged("Figure", self._chart_in_words()):
            (power_curve if kind == "day" else daily_bars)(self.page, box, self.report)
        self.y = box.bottom + GAP - 1

    def _chart_in_words(self) -> str:
        """What the chart shows, for those who hear it."""
        shown = f"{say(self._chart_key, self.language)}: {self.period_text}"
        extreme = [item.text for item in extremes(self.report)]
        return f"{shown}. {' '.join(extreme)}".strip()

    @property
    def _chart_key(self) -> str:
        return "chart_day" if self.report.kind == "day" else "chart_days"

    @property
    def _has_no_chart(self) -> bool:
        report = self.report
        return report.is_empty or (report.kind == "day" and all(point.power_kw is None for point in report.power))

    # -- performance windows beside observations ----------------------------------------------------------------------

    def _windows_and_observations(self) -> None:
        x = MARGIN + _WINDOW_W + 10.0
        told = observations(self.report)
        height = max(self.observations_height(told, PAGE_W - MARGIN - x), 6 + ROW_H * (len(self.report.windows) + 5))
        self.room_for(min(height, BOTTOM - 30))
        top = self.y
        beside = self.draw_observations(told, x)
        self.y = top
        self.y = max(beside, self._windows()) + GAP - 2

    def _windows(self) -> float:
        """The table of target windows and the line on the data; returns the y below."""
        self.heading(say("windows", self.language))
        columns = (
            TableColumn(say("window", self.language), 26.5, "left"),
            TableColumn(say("days_counted", self.language), 13),
            TableColumn(say("column_energy", self.language), 14.5),
            TableColumn(say("column_target", self.language), 15.5),
            TableColumn("%", 10.5),
        )
        named = [(self._window_name(window.days_expected), window) for window in self.report.windows]
        if self.report.whole is not None:
            named.insert(0, (self._whole_name(), self.report.whole))
        with self.page.group("Table"):
            y = table_head(self.page, MARGIN, self.y, columns, HEAD)
            for name, window in named:
                index = window.performance_index if window.is_assessable else None
                pens = (CELL, Pen(8.2, MUTED), CELL, CELL, Pen(8.2, TONES[tone_of(index)], True))
                beside = self.beside(2, marks_of_window(self.report, window.days_expected))
                y = table_row(self.page, (MARGIN, y), columns, [name, *self._window_cells(window, index)], pens, ROW_H, beside)
        y += 5
        if self.report.headline.money is not None:
            tile = yield_tile(self.report.headline, self.language)
            y = self._fact(y, tile.label, f"{tile.value} {tile.unit}".strip(), "specific_yield_kwh_kwp")
        if (emissions := self.report.emissions) is not None:
            told = f"{quantity(emissions.avoided_kg, self.language)} kg"
            y = self._fact(y, say("co2_avoided", self.language), told, "avoided_kg")
        completeness = percent(self.report.headline.completeness, self.language)
        return self._fact(y, say("column_completeness_long", self.language), completeness)

    def _fact(self, y: float, label: str, value: str, figure: str = "") -> float:
        marks = marks_of_figure(self.report.marks, figure)
        self.page.write_at(MARGIN, y, label, Pen(8.2, MUTED))
        self.page.write_at(MARGIN + _WINDOW_W, y, value, Pen(8.2, INK, True), "right")
        self.page.write_beside(MARGIN + _WINDOW_W, y, letters(marks), in_words(marks, self.language))
        return y + 5

    def _window_name(self, days: int) -> str:
        return say("window_1", self.language) if days == 1 else say("window_n", self.language, days=days)

    def _whole_name(self) -> str:
        kind, through_day = self.report.kind, self.report.through_day
        if through_day is None:
            return say(f"the_{kind}", self.language)
        return say(f"window_so_far_{kind}", self.language, day=day_short(through_day, self.language))

    def _window_cells(self, window: TargetWindow, index: float | None) -> list[str]:
        return [
            say("of", self.language, counted=window.days_counted, expected=window.days_expected),
            quantity(window.energy_kwh, self.language),
            quantity(window.target_kwh, self.language),
            number(None if index is None else 100 * index, self.language, 1),
        ]

    # -- inverters ----------------------------------------------------------------------------------------------------

    def _inverters(self) -> None:
        rows = self.report.inverters
        self.room_for(12 + ROW_H * min(len(rows) + 1, 4))
        self.heading(say("inverters", self.language))
        if not rows:
            self.page.write_at(MARGIN, self.y + 3.6, say("inverters_none", self.language), Pen(8.5, MUTED))
            self.y += 8
            return
        columns = self._inverter_columns()
        decimals = 0 if max((row.energy_kwh or 0) for row in rows) >= 1000 else 1
        waiting = marks_beside(rows, self.report.marks.inverters)
        while waiting:
            with self.page.group("Table"):
                waiting = self._inverters_of_page(waiting, columns, decimals)
            if waiting:
                self.next_page()
                self.heading(say("inverters_more", self.language))
        self.draw_legend(ordered(mark for marks in self.report.marks.inverters for mark in marks))
        self.y += GAP - 1

    def _inverters_of_page(
        self, rows: list[MarkedInverter], columns: Sequence[TableColumn], decimals: int
    ) -> list[MarkedInverter]:
        """As many rows as the page holds, at least one; returns the others."""
        self.y = table_head(self.page, MARGIN, self.y, columns, HEAD)
        for index, (row, marks) in enumerate(rows):
            cells, pens = self._inverter_cells(row, decimals)
            height = row_height(self.page, columns, cells, pens, ROW_H)
            if index and self.y + height > BOTTOM:
                return rows[index:]
            self._share_bar(Box(MARGIN, self.y, CONTENT_W, height), row, columns)
            self.y = table_row(self.page, (MARGIN, self.y), columns, cells, pens, ROW_H, self.beside(1, marks))
        return []

    def _inverter_columns(self) -> tuple[TableColumn, ...]:
        titles = ("column_energy", "column_yield", "column_share", "column_power", "column_temperature", "column_completeness")
        widths = (17.0, 18.0, 36.0, 16.0, 16.0, 14.0)
        named = TableColumn(say("inverter", self.language), CONTENT_W - sum(widths), "left", wraps=True)
        return (named, *(TableColumn(say(title, self.language), width) for title, width in zip(titles, widths, strict=True)))

    def _inverter_cells(self, row: InverterRow, decimals: int) -> tuple[list[str], list[Pen]]:
        language = self.language
        cells = [
            self.page.words(row.name),
            number(row.energy_kwh, language, decimals),
            number(row.specific_yield_kwh_kwp, language, 2),
            percent(row.peer_share, language),
            number(row.max_power_kw, language, 1),
            number(row.temp_max_c, language, 1),
            percent(row.completeness, language, 0),
        ]
        share = Pen(8.2, RED if _is_low(row) else INK, _is_low(row))
        completeness = Pen(8.2, AMBER) if is_partial(row.completeness) else CELL
        name = Pen(8.2, RED, True) if row.energy_kwh is None or _is_low(row) else CELL
        return cells, [name, CELL, CELL, share, CELL, CELL, completeness]

    def _share_bar(self, box: Box, row: InverterRow, columns: Sequence[TableColumn]) -> None:
        """A thin bar before the number; its full length is 120 % of what is expected, a tick marks 100 %."""
        share = row.peer_share
        if share is None:
            return
        x = MARGIN + sum(column.width for column in columns[:3]) + 6
        width, middle = 18.0, box.y + box.h / 2
        self.page.fill_box(Box(x, middle - 0.6, width, 1.2), HAIRLINE, 0.6)
        colour = RED if _is_low(row) else GREEN
        self.page.fill_box(Box(x, middle - 0.6, width * min(max(share, 0), 1.2) / 1.2, 1.2), colour, 0.6)
        self.page.line_between((x + width / 1.2, middle - 1.3), (x + width / 1.2, middle + 1.3), FAINT, 0.25)

    # -- beside the period --------------------------------------------------------------------------------------------

    def _alarms(self) -> None:
        report, language = self.report, self.language
        if not report.alarms:
            return
        widths = {
            "column_device": 30.0,
            "column_raised": 26.0,
            "column_cleared": 26.0,
            "column_severity": 14.0,
            "column_lost": 16.0,
            "column_lost_value": 22.0,
        }
        columns = (
            TableColumn(say("column_alarm", language), CONTENT_W - sum(widths.values()), "left", wraps=True),
            TableColumn(say("column_device", language), widths["column_device"], "left", wraps=True),
            *(
                TableColumn(say(key, language), widths[key], "left")
                for key in ("column_severity", "column_raised", "column_cleared")
            ),
            *(TableColumn(say(key, language), widths[key]) for key in ("column_lost", "column_lost_value")),
        )
        self.table(say("alarms", language), columns, [self._alarm(row) for row in report.alarms])
        if report.alarms_left_out:
            self.y -= GAP - 4
            self.page.write_at(MARGIN, self.y, say("alarms_left_out", language, count=report.alarms_left_out), SMALL)
            self.y += GAP - 2

    def _alarm(self, row: AlarmRow) -> PrintedRow:
        page, language = self.page, self.language
        times = f"{row.alarms} × " if row.alarms > 1 else ""
        cells = [
            times + page.words(alarm_name(row.origin, row.code, row.name, language)),
            page.words(row.device_name or say("the_plant", language)),
            say(f"severity_{row.severity}", language),
            *alarm_times(row, zone(self.report.timezone), language),
            number(row.lost_kwh, language, 1),
            _worth(row, language),
        ]
        tone = {"critical": Pen(8.2, RED, True), "major": Pen(8.2, RED)}.get(row.severity, CELL)
        return cells, [CELL, CELL, tone, CELL, CELL, CELL, CELL if row.lost_value is not None else Pen(8.2, MUTED)]

    def _comparisons(self) -> None:
        rows, language = self.report.comparisons, self.language
        if not rows:
            return
        shown = {name: any(getattr(row, name) is not None for row in rows) for name in _RATIOS}
        titles = [("column_energy", 16.0), ("performance", 20.0), ("column_yield", 17.0)]
        titles += [(f"column_{name}", width) for name, width in _RATIOS.items() if shown[name]]
        widths = sum(width for _, width in titles) + 19
        columns = (
            TableColumn(say("column_period", language), CONTENT_W - widths, "left", wraps=True),
            *(TableColumn(say(key, language), width) for key, width in titles),
            TableColumn(say("column_days_known", language), 19),
        )
        printed = []
        for row in rows:
            pen = Pen(8.2, INK, row.name == "period")
            cells = [
                f"{say(f'compared_{row.name}', language)} · {period(row.first_day, row.last_day, language)}",
                quantity(row.energy_kwh, language),
                percent(row.performance_index if row.is_assessable else None, language),
                number(row.specific_yield_kwh_kwp, language, 2),
                *(percent(getattr(row, name), language) for name in _RATIOS if shown[name]),
                say("of", language, counted=row.days_known, expected=row.days),
            ]
            printed.append((cells, [pen] * len(cells)))
        marks = marks_of_figure(self.report.marks, "energy_kwh")
        beside = [self.beside(1, marks) if row.name == "period" else None for row in rows]
        self.table(say("comparisons", language), columns, printed, beside=beside)
        self.y -= GAP - 1
        self.draw_legend(marks)
        self.y += GAP - 1

    def _months(self) -> None:
        if not any(bar.energy_kwh is not None for bar in self.report.months[:-1]):
            return
        self.room_for(56)
        self.heading(say("chart_months", self.language))
        box = Box(MARGIN, self.y + 1.5, CONTENT_W, 47)
        with self.page.tagged("Figure", say("chart_months", self.language)):
            monthly_bars(self.page, box, self.report)
        self.y = box.bottom + GAP - 1

    def _heat_map(self) -> None:
        report = self.report
        rows = [row for row in report.inverters if any(share is not None for share in row.day_shares)]
        if not rows or len(report.days) > MOST_NUMBERED:
            return
        days, named, height = len(report.days), 38.0, 4.2
        self.room_for(22 + height * min(len(rows), 6))
        self._heat_head("heat_map")
        for row in rows:
            if self.y + height > BOTTOM - 10:
                self.next_page()
                self._heat_head("heat_map_more")
            text = self.page.fit(self.page.words(row.name), SMALL, named - 2)
            box = Box(MARGIN + named, self.y, CONTENT_W - named, height)
            with self.page.tagged("Figure", self._heat_in_words(row)):
                self.page.write_at(MARGIN, self.y + height / 2 + 0.9, text, SMALL)
                heat_row(self.page, box, row, days)
            self.y += height
        slot = (CONTENT_W - named) / days
        for index, bar in enumerate(report.days):
            self.page.write_at(MARGIN + named + (index + 0.5) * slot, self.y + 3, str(bar.day.day), SMALL, "centre")
        heat_legend(self.page, Box(MARGIN, self.y + 13, CONTENT_W, 0), self.language)
        self.y += 10 + GAP

    def _heat_head(self, key: str) -> None:
        self.heading(say(key, self.language))
        self.y += 0.5

    def _heat_in_words(self, row: InverterRow) -> str:
        over = (bar.day.day for bar in self.report.days)
        shares = (f"{day}: {percent(share, self.language, 0)}" for day, share in zip(over, row.day_shares, strict=False))
        return f"{self.page.words(row.name)} – {', '.join(shares)}"

    def _days(self) -> None:
        """The days in two columns side by side, so that they read down; of a long period they are in the workbook only."""
        report, language = self.report, self.language
        days = [(bar, marks) for bar, marks in marks_beside(report.days, report.marks.days) if bar.is_over]
        if report.kind == "day" or report.is_empty or not days:
            return
        if len(days) > MOST_NUMBERED:
            told = say("days_in_workbook", language, count=len(days))
            self.room_for(12)
            self.heading(say("days", language))
            self.page.write_at(MARGIN, self.y + 3.6, told, Pen(8.5, MUTED))
            self.y += 8 + GAP
            return
        half, height, gap = (len(days) + 1) // 2, 4.6, 8.0
        self.room_for(16 + height * half)
        self.heading(say("days", language))
        top, width = self.y, (CONTENT_W - gap) / 2
        columns = (
            TableColumn(say("column_day", language), width - 63, "left"),
            TableColumn(say("column_energy", language), 15),
            # Room for marks behind the energy.
            TableColumn(say("column_target", language), 18),
            *(TableColumn(say(key, language), 15) for key in ("column_share_of_target", "column_completeness")),
        )
        for index, part in enumerate((days[:half], days[half:])):
            x = MARGIN + index * (width + gap)
            with self.page.group("Table"):
                y = table_head(self.page, x, top, columns, HEAD)
                for bar, marks in part:
                    pens = (CELL, CELL, Pen(8.2, MUTED), CELL, Pen(8.2, AMBER) if is_partial(bar.completeness) else CELL)
                    y = table_row(self.page, (x, y), columns, self._day_cells(bar), pens, height, self.beside(1, marks))
            self.y = max(self.y, y)
        self.draw_legend(ordered(mark for _, marks in days for mark in marks))
        self.y += GAP

    def _day_cells(self, bar: DayBar) -> list[str]:
        language = self.language
        return [
            day_short(bar.day, language),
            quantity(bar.energy_kwh, language),
            quantity(bar.target_kwh, language),
            percent(bar.performance_index, language),
            percent(bar.completeness, language, 0),
        ]

    # -- method and provenance ----------------------------------------------------------------------------------------

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
            texts.insert(2, self._price_text(report.headline.money))
        if report.emissions is not None:
            factors = [
                say(
                    "emission_factor",
                    language,
                    factor=number(row.co2_kg_kwh, language, 4),
                    source=clean(row.source),
                    day=short_date(row.valid_from, language),
                )
                for row in report.emissions.factors
            ]
            texts.append(say("method_co2", language, factors=listed(factors, language)))
        return [" ".join(texts), self._source()]

    def _price_text(self, terms: Money) -> str:
        if terms.price_per_kwh is None:
            return say("method_savings_by_day", self.language)
        return say("method_savings", self.language, price=money(terms.price_per_kwh, terms.currency, self.language))

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


def _worth(row: AlarmRow, language: Language) -> str:
    """What an alarm's loss is worth, or why nobody can say."""
    if row.lost_kwh and row.lost_value is None:
        return say("several_currencies" if row.currency else "no_tariff", language)
    return money(row.lost_value, row.currency or "", language)


def _is_low(row: InverterRow) -> bool:
    return row.low_days > 0 or (row.peer_share is not None and row.peer_share < LOW_SHARE)
