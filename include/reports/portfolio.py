"""The report of all plants of a tenant: one line per plant, the weakest first, their state and the age of their data apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from include.core.brand import OWN_BRAND, Brand
from include.reports.headline import Tile, tone_of
from include.reports.language import DASH, listed, money, number, percent, quantity, say
from include.reports.marks import in_words, is_restated, marks_beside, marks_of_figure, ordered
from include.reports.model import NO_MARKS, Kind, Language, Mark, Marks, marks_of
from include.reports.observations import Observation, restatement, running
from include.reports.plain_text import named
from include.reports.tables import ReportColumn, ReportTable

State = Literal["critical", "major", "minor", "notice", "no alarm", "no data"]
_NO_ALARM: Final = {"no alarm", "no data"}

_MOST_NAMED: Final = 5
_NAME_CHARS: Final = 60
_WORTH_SAYING: Final = 0.01
"""A loss from this share of the target on is said in a sentence."""


@dataclass(frozen=True, slots=True)
class PlantLine:
    """One plant over the period, as the plant report has it; unknown is None.

    `energy_kwh` is everything known, `counted_kwh` and `target_kwh` are of the `days_counted` days that count. `state` is the
    worst of the `alarms` that were on at the end of the period; `last_day` the last local day up to it with anything known.
    """

    plant_key: str
    name: str
    energy_kwh: float | None
    counted_kwh: float | None
    target_kwh: float | None
    performance_index: float | None
    is_assessable: bool
    days_counted: int
    days_expected: int
    specific_yield_kwh_kwp: float | None
    technical_availability: float | None
    lost_kwh: float | None
    savings: float | None
    currency: str | None
    co2_avoided_kg: float | None
    state: State
    alarms: int
    last_day: date | None

    @property
    def told_index(self) -> float | None:
        """The performance where enough days count."""
        return self.performance_index if self.is_assessable else None


@dataclass(frozen=True, slots=True)
class PortfolioReport:
    """One report of all plants of a tenant over the local days `first_day` to `last_day`, each plant's own, both included.

    `through_day` is the last day that is over everywhere, of a period that still runs. `plants` are sorted by `weakest_first`.
    `restated_from_kwh` is the energy of the revision before, `marks` stand beside the figures.
    """

    tenant_name: str
    kind: Kind
    first_day: date
    last_day: date
    through_day: date | None
    timezone: str
    language: Language
    issued_at: datetime
    revision: int
    report_id: str
    code_version: str
    plants: tuple[PlantLine, ...]
    is_provisional: bool = False
    about: Literal["portfolio"] = "portfolio"
    restated_from_kwh: float | None = None
    marks: Marks = NO_MARKS
    brand: Brand = OWN_BRAND

    @property
    def energy_kwh(self) -> float | None:
        """Of all plants together, as far as anything is known."""
        return energy_of(self.plants)


def energy_of(lines: Sequence[PlantLine]) -> float | None:
    """Energy of all plants together, None where none is known."""
    known = [line.energy_kwh for line in lines if line.energy_kwh is not None]
    return sum(known) if known else None


def weakest_first(lines: Sequence[PlantLine]) -> tuple[PlantLine, ...]:
    """Plants without any data, then by performance from the lowest, then those that cannot be assessed, by name."""

    def place(line: PlantLine) -> tuple[int, float, str, str]:
        if line.energy_kwh is None:
            return 0, 0.0, line.name, line.plant_key
        if line.told_index is None:
            return 2, 0.0, line.name, line.plant_key
        return 1, line.told_index, line.name, line.plant_key

    return tuple(sorted(lines, key=place))


def with_restated(report: PortfolioReport, before: Sequence[PlantLine]) -> Marks:
    """The marks of a report, with those of what differs from the revision before."""
    energies = {line.plant_key: line.energy_kwh for line in before}

    def added(marks: Sequence[Mark], was_kwh: float | None, is_kwh: float | None) -> tuple[Mark, ...]:
        return ordered((*marks, "restated") if is_restated(was_kwh, is_kwh) else marks)

    plants = tuple(
        added(marks, energies.get(line.plant_key), line.energy_kwh)
        for line, marks in marks_beside(report.plants, report.marks.plants)
    )
    return Marks(added(report.marks.headline, energy_of(before), report.energy_kwh), plants=plants)


def portfolio_tile_marks(marks: Marks) -> tuple[tuple[Mark, ...], ...]:
    """The marks of each of the `portfolio_tiles`."""
    return (*(marks_of_figure(marks, name) for name in ("energy_kwh", "performance_index", "savings")), ())


def lines_of(figures: Mapping[str, Any]) -> tuple[PlantLine, ...]:
    """The lines of stored figures."""
    return tuple(
        PlantLine(**{**row, "last_day": row["last_day"] and date.fromisoformat(row["last_day"])}) for row in figures["plants"]
    )


def portfolio_tiles(lines: Sequence[PlantLine], language: Language) -> tuple[Tile, Tile, Tile, Tile]:
    """Generation, performance, money where all of it has one currency (else what was lost), and the plants with data."""
    with_data = [line for line in lines if line.energy_kwh is not None]
    energy = energy_of(lines)
    energy_note = say("note_plants", language, counted=len(with_data), expected=len(lines))
    return (
        Tile(say("energy", language), quantity(energy, language), "" if energy is None else "kWh", energy_note),
        _performance(lines, language),
        _money(with_data, language),
        _alarms(lines, language),
    )


def _performance(lines: Sequence[PlantLine], language: Language) -> Tile:
    counted = [line for line in lines if line.told_index is not None]
    target = sum(line.target_kwh or 0 for line in counted)
    if not counted or not target:
        return Tile(say("performance", language), DASH, "", say("note_performance_none", language))
    index = sum(line.counted_kwh or 0 for line in counted) / target
    note = say("note_assessable_plants", language, counted=len(counted), expected=len(lines))
    return Tile(say("performance", language), percent(index, language), "", note, tone_of(index), index)


def _money(lines: Sequence[PlantLine], language: Language) -> Tile:
    priced = [line for line in lines if line.savings is not None]
    currencies = {line.currency for line in priced}
    if len(currencies) == 1:
        total = sum(line.savings or 0 for line in priced)
        note = say("note_priced_plants", language, counted=len(priced), expected=len(lines))
        return Tile(say("savings", language), money(total, str(currencies.pop()), language), "", note)
    lost = [line.lost_kwh for line in lines if line.lost_kwh is not None]
    value = sum(lost) if lost else None
    return Tile(say("lost", language), quantity(value, language), "" if value is None else "kWh", say("note_lost", language))


def _alarms(lines: Sequence[PlantLine], language: Language) -> Tile:
    alarmed = [line.state for line in lines if line.state not in _NO_ALARM]
    tone: Literal["plain", "watch", "poor"] = "poor" if {"critical", "major"} & set(alarmed) else "watch" if alarmed else "plain"
    note = say("note_alarmed", language, expected=len(lines))
    return Tile(say("alarmed_plants", language), number(len(alarmed), language), "", note, tone)


def portfolio_observations(report: PortfolioReport) -> tuple[Observation, ...]:
    """Who sends nothing, who is weakest and what it lost, and who cannot be assessed."""
    language, found = report.language, []
    if report.is_provisional:
        found.append(Observation("watch", say("see_provisional", language)))
    if restated := restatement(report.restated_from_kwh, report.energy_kwh, language):
        found.append(Observation("watch", restated))
    if report.through_day is not None:
        found.append(Observation("note", running(report.kind, report.through_day, language)))
    if nothing := no_plant_data(report.plants, language):
        return (*found, Observation("poor", nothing))
    silent = [line for line in report.plants if line.energy_kwh is None]
    if silent:
        found.append(Observation("poor", say("see_silent_plants", language, count=len(silent), names=_names(silent, language))))
    found += [_weak(line, language) for line in report.plants if tone_of(line.told_index) in {"watch", "poor"}][:_MOST_NAMED]
    open_ended = [line for line in report.plants if line.energy_kwh is not None and line.told_index is None]
    if open_ended:
        names = _names(open_ended, language)
        found.append(Observation("note", say("see_not_assessable_plants", language, count=len(open_ended), names=names)))
    if not found:
        found.append(Observation("note", say("see_all_well", language)))
    return tuple(found)


def no_plant_data(lines: Sequence[PlantLine], language: Language) -> str | None:
    """That none of several plants ever sent anything; None where one did."""
    if len(lines) < 2 or any(line.last_day for line in lines):
        return None
    return say("see_no_plant_data", language, count=number(len(lines), language))


def _weak(line: PlantLine, language: Language) -> Observation:
    text = say(
        "see_weak_plant",
        language,
        name=named(line.name, _NAME_CHARS),
        percent=percent(line.told_index, language),
        energy=quantity(line.counted_kwh, language),
        target=quantity(line.target_kwh, language),
    )
    if line.lost_kwh and line.lost_kwh >= _WORTH_SAYING * (line.target_kwh or 0):
        text += " " + say("see_weak_lost", language, energy=quantity(line.lost_kwh, language))
    return Observation("poor" if tone_of(line.told_index) == "poor" else "watch", text)


def _names(lines: Sequence[PlantLine], language: Language) -> str:
    names = [named(line.name, _NAME_CHARS) for line in lines[:_MOST_NAMED]]
    return ", ".join(names) + " …" if len(lines) > _MOST_NAMED else listed(names, language)


def state_word(line: PlantLine, language: Language) -> str:
    """The state of a plant in a word."""
    if line.state in _NO_ALARM:
        return say(f"state_{line.state}", language)
    return say(f"severity_{line.state}", language)


def portfolio_tables(figures: Mapping[str, Any], observations: Sequence[str]) -> tuple[ReportTable, ...]:
    """The tables of a portfolio report from its stored figures."""
    language: Language = figures["language"]
    forms: dict[str, ReportColumn] = {
        "column_plant": ReportColumn(say("column_plant", language)),
        "column_key": ReportColumn(say("column_key", language)),
        "column_state": ReportColumn(say("column_state", language)),
        "column_alarms": ReportColumn(say("column_alarms", language), "count"),
        "column_last_day": ReportColumn(say("column_last_day", language), "date"),
        "energy_in_kwh": ReportColumn(say("energy_in_kwh", language), "number"),
        "counted_in_kwh": ReportColumn(say("counted_in_kwh", language), "number"),
        "target_in_kwh": ReportColumn(say("target_in_kwh", language), "number"),
        "performance": ReportColumn(say("performance", language), "ratio", 1),
        "days_counted_long": ReportColumn(say("days_counted_long", language), "count"),
        "days_expected_long": ReportColumn(say("days_expected_long", language), "count"),
        "yield": ReportColumn(f"{say('yield', language)} (kWh/kWp)", "number"),
        "availability": ReportColumn(say("column_technical_availability", language), "ratio", 1),
        "column_lost": ReportColumn(say("column_lost", language), "number"),
        "savings": ReportColumn(say("savings", language), "number"),
        "column_currency": ReportColumn(say("column_currency", language)),
        "co2_avoided": ReportColumn(f"{say('co2_avoided', language)} (kg)", "number"),
        "marks": ReportColumn(say("marks", language)),
    }
    rows = tuple(
        (
            line.name,
            line.plant_key,
            state_word(line, language),
            line.alarms,
            line.last_day.isoformat() if line.last_day else None,
            line.energy_kwh,
            line.counted_kwh,
            line.target_kwh,
            line.told_index,
            line.days_counted,
            line.days_expected,
            line.specific_yield_kwh_kwp,
            line.technical_availability,
            line.lost_kwh,
            line.savings,
            line.currency,
            line.co2_avoided_kg,
            in_words(marks, language),
        )
        for line, marks in marks_beside(lines_of(figures), marks_of(figures).plants)
    )
    told = ReportTable(
        "observations",
        say("observations", language),
        (ReportColumn(say("observations", language)),),
        tuple((text,) for text in observations),
    )
    return ReportTable("plants", say("plants", language), tuple(forms.values()), rows), told
