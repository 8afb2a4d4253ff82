"""The figures of a report as tables, one per sheet of a workbook or file of an archive; values as stored, never rounded again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from include.reports.alarm_words import alarm_name
from include.reports.language import say
from include.reports.marks import in_words, marks_beside, marks_of_figure
from include.reports.model import Language, marks_of

Form = Literal["text", "number", "ratio", "growth", "count", "date", "instant"]
Cell = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column: its title with the unit, and what its cells are; a growth is a ratio with a sign, dates and instants are ISO."""

    title: str
    form: Form = "text"
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Rows under columns; `name` is ASCII, for a sheet or a file, `title` is what people read."""

    name: str
    title: str
    columns: tuple[ReportColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]


_HEADLINE: Final[tuple[tuple[str, str, Form, str], ...]] = (
    ("energy_kwh", "energy", "number", "kWh"),
    ("target_kwh", "target", "number", "kWh"),
    ("target_so_far_kwh", "target_so_far", "number", "kWh"),
    ("performance_index", "performance", "ratio", "1"),
    ("days_counted", "days_counted_long", "count", ""),
    ("days_expected", "days_expected_long", "count", ""),
    ("specific_yield_kwh_kwp", "yield", "number", "kWh/kWp"),
    ("completeness", "column_completeness_long", "ratio", "1"),
    ("recovered_kwh", "recovered", "number", "kWh"),
)


def plant_tables(figures: Mapping[str, Any], observations: Sequence[str]) -> tuple[ReportTable, ...]:
    """The tables of a plant report from its stored figures; those that would have no row are left out.

    A performance that is not assessable is as absent here as it is on the page.
    """
    language: Language = figures["language"]
    tables = (
        _summary(figures, language),
        _days(figures, language),
        _power(figures, language),
        _comparisons(figures, language),
        _months(figures, language),
        _inverters(figures, language),
        _inverter_days(figures, language),
        _alarms(figures, language),
        ReportTable(
            "observations",
            say("observations", language),
            (ReportColumn(say("observations", language)),),
            tuple((text,) for text in observations),
        ),
    )
    return tuple(table for table in tables if table.rows)


def _summary(figures: Mapping[str, Any], language: Language) -> ReportTable:
    headline = figures["headline"]
    rows: list[tuple[Cell, ...]] = [
        (say("column_plant", language), figures["plant_name"], "", ""),
        (say("column_tenant", language), figures["tenant_name"], "", ""),
        (say("column_from", language), figures["first_day"], "", ""),
        (say("column_to", language), figures["through_day"] or figures["last_day"], "", ""),
        (say("column_zone", language), figures["timezone"], "", ""),
    ]
    for name, key, _, unit in _HEADLINE:
        value = headline.get(name)
        if name == "performance_index" and not headline.get("is_assessable", True):
            value = None
        rows.append((say(key, language), value, unit, _marks(figures, name)))
    rows += _money_and_emissions(figures, language)
    columns = (
        ReportColumn(say("column_figure", language)),
        ReportColumn(say("column_value", language), "number", 4),
        ReportColumn(say("column_unit", language)),
        ReportColumn(say("marks", language)),
    )
    return ReportTable("summary", say("summary", language), columns, tuple(rows))


def _money_and_emissions(figures: Mapping[str, Any], language: Language) -> Iterator[tuple[Cell, ...]]:
    if money := figures["headline"].get("money"):
        yield say("savings", language), money["savings"], money["currency"], _marks(figures, "savings")
        yield say("column_price", language), money["price_per_kwh"], f"{money['currency']}/kWh", ""
    if site := figures.get("site"):
        yield say("site_consumption", language), site["consumed_kwh"], "kWh", ""
        yield say("bill_without_pv", language), site["bill_without_pv"], site["currency"], ""
    if emissions := figures.get("emissions"):
        yield say("co2_avoided", language), emissions["avoided_kg"], "kg", _marks(figures, "avoided_kg")
        for factor in emissions["factors"]:
            since = f"{factor['source']}, {factor['valid_from']}"
            yield f"{say('column_factor', language)} ({since})", factor["co2_kg_kwh"], "kg/kWh", ""


def _marks(figures: Mapping[str, Any], name: str) -> str:
    return in_words(marks_of_figure(marks_of(figures), name), figures["language"])


def _days(figures: Mapping[str, Any], language: Language) -> ReportTable:
    columns = (
        ReportColumn(say("column_day", language), "date"),
        ReportColumn(say("energy_in_kwh", language), "number"),
        ReportColumn(say("target_in_kwh", language), "number"),
        ReportColumn(say("performance", language), "ratio", 1),
        ReportColumn(say("column_completeness_long", language), "ratio", 1),
        ReportColumn(say("column_source", language)),
        ReportColumn(say("marks", language)),
    )
    marked = marks_beside(figures["days"], marks_of(figures).days) if figures["kind"] != "day" else []
    names = ("energy_kwh", "target_kwh", "performance_index", "completeness", "energy_source")
    rows = tuple(
        (bar["day"], *(bar.get(name) for name in names), in_words(marks, language))
        for bar, marks in marked
        if bar.get("is_over", True)
    )
    return ReportTable("days", say("days", language), columns, rows)


def _power(figures: Mapping[str, Any], language: Language) -> ReportTable:
    columns = (ReportColumn(say("column_instant", language), "instant"), ReportColumn(say("power_in_kw", language), "number", 3))
    rows = tuple((point["instant"], point["power_kw"]) for point in figures["power"])
    return ReportTable("power", say("chart_day", language), columns, rows)


def _comparisons(figures: Mapping[str, Any], language: Language) -> ReportTable:
    columns = (
        ReportColumn(say("column_period", language)),
        ReportColumn(say("column_from", language), "date"),
        ReportColumn(say("column_to", language), "date"),
        ReportColumn(say("energy_in_kwh", language), "number"),
        ReportColumn(say("performance", language), "ratio", 1),
        ReportColumn(say("column_yield", language), "number"),
        *(
            ReportColumn(say(f"column_{name}", language), "ratio", 1)
            for name in ("performance_ratio", "data_availability", "technical_availability")
        ),
        ReportColumn(say("column_days_known", language), "count"),
        ReportColumn(say("marks", language)),
    )
    rows = tuple(
        (
            say(f"compared_{row['name']}", language),
            row["first_day"],
            row["last_day"],
            row["energy_kwh"],
            row["performance_index"] if row["is_assessable"] else None,
            row["specific_yield_kwh_kwp"],
            row["performance_ratio"],
            row["data_availability"],
            row["technical_availability"],
            row["days_known"],
            _marks(figures, "energy_kwh") if row["name"] == "period" else "",
        )
        for row in figures.get("comparisons", ())
    )
    return ReportTable("comparisons", say("comparisons", language), columns, rows)


def _months(figures: Mapping[str, Any], language: Language) -> ReportTable:
    columns = (
        ReportColumn(say("column_month", language), "date"),
        ReportColumn(say("energy_in_kwh", language), "number"),
        ReportColumn(say("target_in_kwh", language), "number"),
        ReportColumn(say("share_of_complete_days", language), "ratio", 1),
    )
    rows = tuple((bar["day"], bar["energy_kwh"], bar["target_kwh"], bar["completeness"]) for bar in figures.get("months", ()))
    return ReportTable("months", say("chart_months", language), columns, rows)


def _inverters(figures: Mapping[str, Any], language: Language) -> ReportTable:
    columns = (
        ReportColumn(say("inverter", language)),
        ReportColumn(say("energy_in_kwh", language), "number"),
        ReportColumn(say("column_yield", language), "number"),
        ReportColumn(say("column_share", language), "ratio", 1),
        ReportColumn(say("column_power", language), "number", 1),
        ReportColumn(say("column_temperature", language), "number", 1),
        ReportColumn(say("column_completeness", language), "ratio", 1),
        ReportColumn(say("low_days", language), "count"),
        ReportColumn(say("low_since", language), "date"),
        ReportColumn(say("column_lost", language), "number"),
        ReportColumn(say("column_lost_value", language), "number", 2),
        ReportColumn(say("column_currency", language)),
        ReportColumn(say("marks", language)),
    )
    names = ("energy_kwh", "specific_yield_kwh_kwp", "peer_share", "max_power_kw", "temp_max_c", "completeness")
    rows = tuple(
        (
            row["name"],
            *(row.get(name) for name in names),
            row["low_days"],
            row["low_since"],
            row["lost_kwh"],
            row.get("lost_value"),
            row.get("currency"),
            in_words(marks, language),
        )
        for row, marks in marks_beside(figures["inverters"], marks_of(figures).inverters)
        if "low_days" in row
    )
    return ReportTable("inverters", say("inverters", language), columns, rows)


def _inverter_days(figures: Mapping[str, Any], language: Language) -> ReportTable:
    columns = (
        ReportColumn(say("column_day", language), "date"),
        ReportColumn(say("inverter", language)),
        ReportColumn(say("energy_in_kwh", language), "number"),
        ReportColumn(say("column_share", language), "ratio", 1),
    )
    first = date.fromisoformat(figures["first_day"])
    rows = tuple(
        ((first + timedelta(days=index)).isoformat(), row["name"], energy, share)
        for row in figures["inverters"]
        for index, (energy, share) in enumerate(zip(row.get("day_energies_kwh", ()), row.get("day_shares", ()), strict=True))
    )
    return ReportTable("inverter_days", say("heat_map", language), columns, rows)


def _alarms(figures: Mapping[str, Any], language: Language) -> ReportTable:
    keys = (
        "column_alarm",
        "column_device",
        "column_severity",
        "column_count",
        "column_raised",
        "column_cleared",
        "still_on",
        "column_lost",
        "column_lost_value",
        "column_currency",
    )
    forms: tuple[Form, ...] = ("text", "text", "text", "count", "instant", "instant", "text", "number", "number", "text")
    rows = tuple(
        (
            alarm_name(row["origin"], row["code"], row["name"], language),
            row["device_name"] or say("the_plant", language),
            say(f"severity_{row['severity']}", language),
            row["alarms"],
            row["raised_at"],
            row["cleared_at"],
            say("yes" if row["is_on"] else "no", language),
            row["lost_kwh"],
            row.get("lost_value"),
            row.get("currency"),
        )
        for row in figures.get("alarms", ())
    )
    columns = tuple(ReportColumn(say(key, language), form) for key, form in zip(keys, forms, strict=True))
    return ReportTable("alarms", say("alarms", language), columns, rows)
