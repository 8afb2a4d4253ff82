"""Vector charts: the power of one day, the energy of many days. Unknown time is hatched, never drawn as zero."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final, Literal, TypeVar

from include.core.coverage import is_complete
from include.core.span import Span, day_span, zone
from include.reports.language import MONTHS, day_short, number, percent, say
from include.reports.model import DayBar, InverterRow, Language, PlantReport, PowerPoint
from include.reports.pdf_page import (
    AMBER,
    FAINT,
    HAIRLINE,
    INK,
    MUTED,
    NAVY,
    PANEL,
    RED,
    SUN,
    SUN_PALE,
    Box,
    Colour,
    PdfPage,
    Pen,
)

_AXIS: Final = Pen(7, MUTED)
_UNIT: Final = Pen(7, MUTED)
_LEGEND: Final = Pen(7.5, MUTED)
_GUTTER: Final = 11.0
_MEGA_FROM: Final = 10_000.0
MOST_NUMBERED: Final = 45
"""Days in a row of which each has room for its number."""

_MOST_NAMES: Final = 15
_QUIET: Final = 0.02
_EARLIEST_H, _LATEST_H = 5, 19
_DAY_STARTS_H, _DAY_ENDS_H = 6, 18
_MOST_POINTS: Final = 480
_LEAST_GAP: Final = timedelta(minutes=30)
_HEAT: Final[tuple[tuple[float, Colour], ...]] = ((0.95, SUN_PALE), (0.9, SUN), (0.7, AMBER), (0.1, RED))
"""From which share of what was expected a cell has which colour; below the last it has that of ink."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Scale:
    """A vertical axis from 0 to `top` in steps that people like; `unit_size` is the printed unit in the values' unit."""

    top: float
    step: float
    unit: str
    unit_size: float

    @property
    def ticks(self) -> list[float]:
        """0, step, ... top."""
        return [index * self.step for index in range(round(self.top / self.step) + 1)]

    @property
    def decimals(self) -> int:
        """As many as the step needs."""
        step = self.step / self.unit_size
        return max(0, -math.floor(math.log10(step) + 1e-9)) + (1 if _has_half_step(step) else 0)


@dataclass(frozen=True, slots=True)
class _Curve:
    """The drawn part of one day: measured runs and the gaps between them."""

    span: Span
    runs: list[list[tuple[datetime, float]]]
    gaps: list[Span]


def nice_scale(largest: float, *, units: tuple[str, str] = ("kWh", "MWh")) -> Scale:
    """The axis that holds `largest` in two to five steps of 1, 2, 2.5 or 5 times a power of ten; 0 to 1 for nothing."""
    if not math.isfinite(largest) or largest <= 0:
        return Scale(1.0, 0.5, units[0], 1.0)
    power = 10.0 ** math.floor(math.log10(largest))
    steps = [factor * power for factor in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)]
    step = next(step for step in steps if math.ceil(largest / step - 1e-9) <= 5)
    top = step * math.ceil(largest / step - 1e-9)
    return Scale(top, step, units[1], 1000.0) if top >= _MEGA_FROM else Scale(top, step, units[0], 1.0)


def daily_bars(page: PdfPage, box: Box, report: PlantReport) -> None:
    """Energy per local day with the target as a line; incomplete days are pale, days without data hatched, days to come empty."""
    energy_bars(page, box, report.days, day_names([bar.day for bar in report.days], report.language), report.language)


def day_names(days: Sequence[date], language: Language) -> list[str]:
    """What stands below days in a row: of up to 45 the day of the month, of more about fifteen with their month."""
    if len(days) <= MOST_NUMBERED:
        return [str(day.day) for day in days]
    every = math.ceil(len(days) / _MOST_NAMES)
    return ["" if index % every else day_short(day, language) for index, day in enumerate(days)]


def monthly_bars(page: PdfPage, box: Box, report: PlantReport) -> None:
    """Energy and target of the twelve months up to the report's own; months that are not complete are pale."""
    names = month_names([bar.day for bar in report.months], report.language)
    energy_bars(page, box, report.months, names, report.language, "month")


def month_names(months: Sequence[date], language: Language) -> list[str]:
    """What stands below months in a row: out 26 or Oct 26."""
    return [f"{MONTHS[language][month.month - 1][:3]} {month:%y}" for month in months]


def energy_bars(  # noqa: PLR0913 - a chart
    page: PdfPage,
    box: Box,
    bars: Sequence[DayBar],
    names: Sequence[str],
    language: Language,
    grain: Literal["day", "month"] = "day",
    legend: str = "legend_energy",
) -> None:
    """Bars of energy over their names, each with its target as a dashed line; `legend` is the sentence that says what it is."""
    values = [value for bar in bars for value in (bar.energy_kwh, bar.target_kwh) if value is not None]
    if not any(bar.energy_kwh is not None for bar in bars):
        _empty(page, box, language)
        return
    _legend(page, box, _bar_legend(bars, language, grain, legend))
    scale = nice_scale(max(values) * 1.02)
    plot = _plot(box)
    _grid(page, plot, scale, language)
    slot = plot.w / len(bars)
    for index, bar in enumerate(bars):
        _bar(page, Box(plot.x + index * slot, plot.y, slot, plot.h), bar, scale)
    _baseline(page, plot)
    _target_line(page, plot, bars, scale)
    for index, name in enumerate(names):
        if not name:
            continue
        middle = min(plot.x + (index + 0.5) * slot, box.right - page.width_of(name, _AXIS) / 2)
        page.write_at(middle, plot.bottom + 4, name, _AXIS, "centre")


def heat_row(page: PdfPage, box: Box, row: InverterRow, days: int) -> None:
    """One inverter's days as cells: the darker, the further below what was expected of it."""
    width = box.w / days
    for index, (energy_kwh, share) in enumerate(zip(row.day_energies_kwh, row.day_shares, strict=True)):
        cell = Box(box.x + index * width + 0.2, box.y + 0.2, width - 0.4, box.h - 0.4)
        if energy_kwh is None:
            page.hatch(cell, HAIRLINE, 1.2)
        else:
            page.fill_box(cell, heat_of(share))


def heat_of(share: float | None) -> Colour:
    """The colour of a share of what was expected; they differ in grey too."""
    if share is None:
        return HAIRLINE
    return next((colour for least, colour in _HEAT if share >= least), INK)


def heat_legend(page: PdfPage, box: Box, language: Language) -> None:
    """What the colours of `heat_row` mean, where a chart's legend is."""
    x, y = box.right, box.y - 5
    entries = [(colour, f"≥ {percent(least, language, 0)}") for least, colour in _HEAT]
    entries[0] = (entries[0][0], say("of_expected", language, share=entries[0][1]))
    entries = [*entries, (INK, f"< {percent(_HEAT[-1][0], language, 0)}"), (HAIRLINE, say("legend_not_compared", language))]
    text = say("legend_gap", language)
    x -= page.width_of(text, _LEGEND)
    page.write_at(x, y, text, _LEGEND)
    x -= 5.2
    with page.furniture():
        page.hatch(Box(x, y - 2.2, 3.6, 2.2), FAINT, 0.9)
    for colour, words in reversed(entries):
        x -= 4 + page.width_of(words, _LEGEND)
        page.write_at(x, y, words, _LEGEND)
        x -= 4.6
        page.fill_box(Box(x, y - 2.2, 3.6, 2.2), colour, 0.4)


def power_curve(page: PdfPage, box: Box, report: PlantReport) -> None:
    """Mean power over the hours of light; gaps in the light are hatched, the quiet night is left out."""
    curve = _curve(report)
    if curve is None:
        _empty(page, box, report.language, "chart_empty" if report.is_empty else "chart_no_power")
        return
    peak = max(power for run in curve.runs for _, power in run)
    capacity = report.capacity_kw if report.capacity_kw and 0.5 * report.capacity_kw <= peak <= report.capacity_kw * 1.5 else None
    _legend(page, box, _curve_legend(curve, capacity, report.language))
    scale = nice_scale(max(peak, capacity or 0) * 1.02, units=("kW", "MW"))
    plot = _plot(box)
    for gap in curve.gaps:
        left, right = (_across(plot, curve.span, instant) for instant in (gap.start, gap.end))
        page.hatch(Box(left, plot.y, right - left, plot.h))
    _grid(page, plot, scale, report.language)
    for run in curve.runs:
        _run(page, plot, curve.span, run, scale)
    _baseline(page, plot)
    if capacity is not None:
        y = plot.bottom - plot.h * capacity / scale.top
        _dashed(page, [(plot.x, y), (plot.right, y)])
    _hours(page, plot, curve.span, report.timezone)


def _plot(box: Box) -> Box:
    return Box(box.x + _GUTTER, box.y + 5, box.w - _GUTTER, box.h - 11)


def _empty(page: PdfPage, box: Box, language: Language, why: str = "chart_empty") -> None:
    plot = Box(box.x, box.y + 2, box.w, box.h - 6)
    page.fill_box(plot, PANEL, 1.5)
    page.write_at(plot.x + plot.w / 2, plot.y + plot.h / 2 + 1, say(why, language), Pen(10, MUTED), "centre")


def _grid(page: PdfPage, plot: Box, scale: Scale, language: Language) -> None:
    for tick in scale.ticks:
        y = plot.bottom - plot.h * tick / scale.top
        if tick:
            page.rule(y, HAIRLINE, plot.x, plot.w)
        page.write_at(plot.x - 2, y + 0.9, number(tick / scale.unit_size, language, scale.decimals), _AXIS, "right")
    page.write_at(plot.x - 2, plot.y - 3.4, scale.unit, _UNIT, "right")


def _baseline(page: PdfPage, plot: Box) -> None:
    page.rule(plot.bottom, FAINT, plot.x, plot.w)


def _bar(page: PdfPage, slot: Box, bar: DayBar, scale: Scale) -> None:
    if not bar.is_over:
        return
    if bar.energy_kwh is None:
        page.hatch(slot)
        return
    height = slot.h * max(bar.energy_kwh, 0) / scale.top
    width = min(slot.w * 0.68, 9)
    drawn = Box(slot.x + (slot.w - width) / 2, slot.bottom - height, width, height)
    page.fill_box(drawn, SUN_PALE if _is_partial(bar) else SUN)
    if _is_partial(bar):
        page.set_draw_color(*SUN)
        page.set_line_width(0.2)
        page.rect(drawn.x, drawn.y, drawn.w, drawn.h)


def _is_partial(bar: DayBar) -> bool:
    return bar.energy_kwh is not None and (bar.completeness is None or not is_complete(bar.completeness))


def _target_line(page: PdfPage, plot: Box, bars: Sequence[DayBar], scale: Scale) -> None:
    slot = plot.w / len(bars)
    line: list[tuple[float, float]] = []
    for index, bar in enumerate(bars):
        if bar.target_kwh is None:
            _dashed(page, line)
            line = []
            continue
        y = plot.bottom - plot.h * bar.target_kwh / scale.top
        line += [(plot.x + index * slot, y), (plot.x + (index + 1) * slot, y)]
    _dashed(page, line)


def _dashed(page: PdfPage, line: list[tuple[float, float]]) -> None:
    if not line:
        return
    page.set_draw_color(*NAVY)
    page.set_line_width(0.35)
    page.set_dash_pattern(dash=1.4, gap=1.0)
    page.polyline(line)
    page.set_dash_pattern()


def _curve(report: PlantReport) -> _Curve | None:
    points = sorted(
        ((point.instant, power) for point in report.power if (power := _known(point)) is not None), key=lambda pair: pair[0]
    )
    if not points:
        return None
    timezone = zone(report.timezone)
    whole = day_span(report.first_day, timezone)
    step = median([(later[0] - earlier[0]).total_seconds() for earlier, later in _pairs(points)] or [900])
    longest = max(timedelta(seconds=3 * step), _LEAST_GAP)
    runs = _runs_of(points, longest)
    loud = _QUIET * max(power for _, power in points)
    return _Curve(_shown(whole, points, loud), [_thin(run) for run in runs], _gaps(whole, runs, loud, longest))


def _known(point: PowerPoint) -> float | None:
    return point.power_kw if point.power_kw is not None and math.isfinite(point.power_kw) else None


def _runs_of(points: list[tuple[datetime, float]], longest: timedelta) -> list[list[tuple[datetime, float]]]:
    runs = [[points[0]]]
    for earlier, later in _pairs(points):
        if later[0] - earlier[0] > longest:
            runs.append([])
        runs[-1].append(later)
    return runs


def _gaps(whole: Span, runs: list[list[tuple[datetime, float]]], loud: float, longest: timedelta) -> list[Span]:
    """Unmeasured time in the light: between two runs, or before and after them where power was on at that edge."""
    dawn = whole.start + timedelta(hours=_DAY_STARTS_H)
    dusk = whole.start + timedelta(hours=_DAY_ENDS_H)
    first, last = runs[0][0], runs[-1][-1]
    gaps = [Span(before[-1][0], after[0][0]) for before, after in _pairs(runs) if _is_in_light(before[-1], after[0], dawn, dusk)]
    if first[1] > loud and first[0] - dawn > longest:
        gaps.insert(0, Span(dawn, first[0]))
    if last[1] > loud and dusk - last[0] > longest:
        gaps.append(Span(last[0], dusk))
    return gaps


def _is_in_light(before: tuple[datetime, float], after: tuple[datetime, float], dawn: datetime, dusk: datetime) -> bool:
    return after[0] > dawn and before[0] < dusk


def _shown(whole: Span, points: list[tuple[datetime, float]], loud: float) -> Span:
    """Whole hours from the first to the last light, at least 5 to 19 h after local midnight."""
    active = [instant for instant, power in points if power > loud] or [whole.start + timedelta(hours=12)]
    first = min(_EARLIEST_H, math.floor((active[0] - whole.start) / timedelta(hours=1)))
    last = max(_LATEST_H, math.ceil((active[-1] - whole.start) / timedelta(hours=1)))
    return Span(max(whole.start, whole.start + timedelta(hours=first)), min(whole.end, whole.start + timedelta(hours=last)))


def _thin(run: list[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """Means of neighbours, so that a second-by-second day costs no more than a quarter-hourly one."""
    size = math.ceil(len(run) / _MOST_POINTS)
    if size == 1:
        return run
    groups = [run[start : start + size] for start in range(0, len(run), size)]
    return [(group[len(group) // 2][0], sum(power for _, power in group) / len(group)) for group in groups]


def _run(page: PdfPage, plot: Box, shown: Span, run: list[tuple[datetime, float]], scale: Scale) -> None:
    line = [
        (_across(plot, shown, instant), plot.bottom - plot.h * max(power, 0) / scale.top)
        for instant, power in run
        if shown.start <= instant <= shown.end
    ]
    if len(line) == 1:
        page.fill_box(Box(line[0][0] - 0.4, line[0][1] - 0.4, 0.8, 0.8), SUN)
    if len(line) < 2:
        return
    page.set_fill_color(*SUN_PALE)
    with page.local_context(fill_opacity=0.75):
        page.polygon([(line[0][0], plot.bottom), *line, (line[-1][0], plot.bottom)], style="F")
    page.set_draw_color(*SUN)
    page.set_line_width(0.55)
    page.polyline(line)


def _across(plot: Box, shown: Span, instant: datetime) -> float:
    share = (instant - shown.start) / (shown.end - shown.start)
    return plot.x + plot.w * min(max(share, 0), 1)


def _hours(page: PdfPage, plot: Box, shown: Span, timezone: str) -> None:
    local_zone = zone(timezone)
    instant = shown.start
    while instant <= shown.end:
        x = _across(plot, shown, instant)
        page.line_between((x, plot.bottom), (x, plot.bottom + 0.9), FAINT)
        local = instant.astimezone(local_zone)
        if local.hour % 2 == 0 and local.minute == 0:
            page.write_at(x, plot.bottom + 4.2, f"{local:%H:%M}", _AXIS, "centre")
        instant += timedelta(hours=1)


def _bar_legend(bars: Sequence[DayBar], language: Language, grain: str, legend: str) -> list[tuple[str, str]]:
    wanted = [
        ("sun", legend, True),
        ("pale", f"legend_partial_{grain}", any(_is_partial(bar) for bar in bars)),
        ("hatch", "legend_gap", any(bar.energy_kwh is None and bar.is_over for bar in bars)),
        ("dash", f"legend_target_{grain}", any(bar.target_kwh is not None for bar in bars)),
    ]
    return [(mark, say(key, language)) for mark, key, is_wanted in wanted if is_wanted]


def _curve_legend(curve: _Curve, capacity: float | None, language: Language) -> list[tuple[str, str]]:
    wanted = [
        ("sun", "legend_power", True),
        ("hatch", "legend_gap", bool(curve.gaps)),
        ("dash", "legend_capacity", capacity is not None),
    ]
    return [(mark, say(key, language)) for mark, key, is_wanted in wanted if is_wanted]


def _legend(page: PdfPage, box: Box, entries: list[tuple[str, str]]) -> None:
    """Marks with their words, ending at the right edge of the heading above the box."""
    x, y = box.right, box.y - 5
    for mark, text in reversed(entries):
        x -= page.width_of(text, _LEGEND)
        page.write_at(x, y, text, _LEGEND)
        x -= 5.2
        _mark(page, Box(x, y - 2.2, 3.6, 2.2), mark)
        x -= 5


def _mark(page: PdfPage, box: Box, mark: str) -> None:
    if mark == "dash":
        _dashed(page, [(box.x, box.y + box.h / 2), (box.right, box.y + box.h / 2)])
    elif mark == "hatch":
        page.hatch(box, FAINT, 0.9)
    else:
        page.fill_box(box, SUN if mark == "sun" else SUN_PALE, 0.4)


def _has_half_step(step: float) -> bool:
    digits = step / 10 ** math.floor(math.log10(step) + 1e-9)
    return abs(digits - round(digits)) > 1e-6 and step < 10


def _pairs(items: Sequence[_Item]) -> list[tuple[_Item, _Item]]:
    return list(pairwise(items))
