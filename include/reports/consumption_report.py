"""What customers consumed in a month, beside the months before and what was to be expected of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from include.reports.headline import Tile
from include.reports.language import DASH, listed, number, quantity, say, signed_percent
from include.reports.marks import in_words, ordered, which
from include.reports.model import DayBar, Language, Mark, Marks
from include.reports.observations import Observation
from include.reports.plain_text import named
from include.reports.tables import ReportColumn, ReportTable

_MOST_NAMED: Final = 5
_NAME_CHARS: Final = 60
_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class CustomerMonths:
    """A customer's consumption [kWh] in the months of the report, the last one being its own, with the check of that one.

    What is not known is None; a month is whole where every point that was expected told it. `verdict` is usual, high or low; None
    where the month could not be judged.
    """

    name: str
    consumption_kwh: tuple[float | None, ...]
    is_whole: tuple[bool, ...]
    expected_kwh: float | None
    lower_kwh: float | None
    upper_kwh: float | None
    verdict: str | None

    @property
    def now_kwh(self) -> float | None:
        """Of the month of the report."""
        return self.consumption_kwh[-1]

    @property
    def is_incomplete(self) -> bool:
        """Is a part of the month of the report missing?"""
        return self.now_kwh is not None and not self.is_whole[-1]

    @property
    def over_month(self) -> tuple[float | None, float | None]:
        """The month of the report and the one before it, as far as they are whole."""
        return self._whole(-1), self._whole(-2)

    @property
    def over_year(self) -> tuple[float | None, float | None]:
        """The month of the report and the same one of the year before, as far as they are whole."""
        return self._whole(-1), self._whole(-1 - _YEAR)

    def _whole(self, place: int) -> float | None:
        return self.consumption_kwh[place] if self.is_whole[place] else None


def customers_of(rows: Sequence[Mapping[str, Any]]) -> list[CustomerMonths]:
    """Customers with the largest consumption first, those without any last, from rows of customers and months in their order."""
    months: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        months.setdefault(row["customer_id"], []).append(row)
    found = [
        CustomerMonths(
            name=of[-1]["name"],
            consumption_kwh=tuple(row["consumption_kwh"] for row in of),
            is_whole=tuple(row["is_whole"] for row in of),
            **{name: of[-1][name] for name in ("expected_kwh", "lower_kwh", "upper_kwh", "verdict")},
        )
        for of in months.values()
    ]
    return sorted(found, key=lambda customer: (customer.now_kwh is None, -(customer.now_kwh or 0.0), customer.name))


def has_data(customers: Sequence[CustomerMonths]) -> bool:
    """Is any consumption known of anybody, in any of the months?"""
    return any(kwh is not None for customer in customers for kwh in customer.consumption_kwh)


def growth_of(pairs: Sequence[tuple[float | None, float | None]]) -> tuple[float | None, float | None, int]:
    """Growth [1] of what is known now and before, that before, and of how many."""
    known = [(now, before) for now, before in pairs if now is not None and before is not None]
    before = sum(pair[1] for pair in known) if known else None
    return (sum(pair[0] for pair in known) / before - 1 if before else None), before, len(known)


def customer_marks(customer: CustomerMonths, *, is_provisional: bool) -> tuple[Mark, ...]:
    """What one must know of the consumption of the month of the report."""
    return which({"provisional": customer.now_kwh is not None and is_provisional, "incomplete": customer.is_incomplete})


def consumption_marks(customers: Sequence[CustomerMonths], *, is_provisional: bool) -> Marks:
    """The marks of the sum of all customers."""
    marks = (customer_marks(customer, is_provisional=is_provisional) for customer in customers)
    return Marks(ordered(mark for of in marks for mark in of))


def consumption_tiles(customers: Sequence[CustomerMonths], language: Language) -> tuple[Tile, Tile, Tile, Tile]:
    """Consumption, its growth over a month and over a year, and how many are unusual."""
    known = [customer.now_kwh for customer in customers if customer.now_kwh is not None]
    total = sum(known) if known else None
    judged = [customer for customer in customers if customer.verdict is not None]
    unusual = [customer for customer in judged if customer.verdict != "usual"]
    return (
        Tile(
            say("consumption", language),
            quantity(total, language),
            "" if total is None else "kWh",
            say("note_customers", language, counted=number(len(known), language), expected=number(len(customers), language)),
        ),
        _growth("growth", [customer.over_month for customer in customers], language),
        _growth("growth_year", [customer.over_year for customer in customers], language),
        Tile(
            say("unusual_customers", language),
            number(len(unusual), language) if judged else DASH,
            "",
            say("note_judged", language, count=number(len(judged), language)),
            "watch" if unusual else "plain",
        ),
    )


def _growth(key: str, pairs: Sequence[tuple[float | None, float | None]], language: Language) -> Tile:
    growth, before, count = growth_of(pairs)
    if growth is None:
        return Tile(say(key, language), DASH, "", say("note_growth_none", language))
    note = say("note_growth", language, before=quantity(before, language), count=number(count, language))
    return Tile(say(key, language), signed_percent(growth, language), "", note)


def consumption_observations(customers: Sequence[CustomerMonths], language: Language) -> tuple[Observation, ...]:
    """Who is unusual and by how much, and of whom nothing is known."""
    if not customers:
        return (Observation("watch", say("see_no_customers", language)),)
    if not has_data(customers):
        key = "see_no_consumption_one" if len(customers) == 1 else "see_no_consumption"
        return (Observation("watch", say(key, language, count=number(len(customers), language))),)
    unusual = [customer for customer in customers if customer.verdict in {"high", "low"}]
    unusual.sort(key=lambda customer: -abs((customer.now_kwh or 0.0) - (customer.expected_kwh or 0.0)))
    found = [
        Observation(
            "watch",
            say(
                f"see_unusual_{customer.verdict}",
                language,
                name=named(customer.name, _NAME_CHARS),
                energy=quantity(customer.now_kwh, language),
                limit=quantity(customer.upper_kwh if customer.verdict == "high" else customer.lower_kwh, language),
                expected=quantity(customer.expected_kwh, language),
            ),
        )
        for customer in unusual[:_MOST_NAMED]
    ]
    if more := len(unusual) - _MOST_NAMED:
        found += [Observation("watch", say("see_unusual_more", language, count=more))] if more > 0 else []
    if partial := [named(customer.name, _NAME_CHARS) for customer in customers if customer.is_incomplete]:
        facts = {"count": len(partial), "names": _names(partial, language)}
        found.append(Observation("watch", say("see_customers_incomplete", language, **facts)))
    if missing := [named(customer.name, _NAME_CHARS) for customer in customers if customer.now_kwh is None]:
        facts = {"count": len(missing), "names": _names(missing, language)}
        found.append(Observation("note", say("see_customers_missing", language, **facts)))
    if not unusual:
        is_judged = any(customer.verdict for customer in customers)
        found.append(Observation("note", say("see_consumption_well" if is_judged else "see_nothing_judged", language)))
    return tuple(found)


def _names(names: Sequence[str], language: Language) -> str:
    return ", ".join(names[:_MOST_NAMED]) + " …" if len(names) > _MOST_NAMED else listed(names, language)


def consumption_months(customers: Sequence[CustomerMonths], months: Sequence[date]) -> tuple[DayBar, ...]:
    """The sum of each of the last twelve months as a bar; pale where less than nine tenths of the customers told all.

    None where nothing is known of any month.
    """
    bars = []
    for index, month in list(enumerate(months))[-_YEAR:]:
        known = [kwh for customer in customers if (kwh := customer.consumption_kwh[index]) is not None]
        whole = sum(customer.is_whole[index] for customer in customers)
        bars.append(DayBar(month, sum(known) if known else None, None, whole / len(customers) if customers else None))
    return tuple(bars) if any(bar.energy_kwh is not None for bar in bars) else ()


def consumption_tables(
    customers: Sequence[CustomerMonths], bars: Sequence[DayBar], language: Language, *, is_provisional: bool = False
) -> tuple[ReportTable, ...]:
    """Customers with the marks of their consumption, those that are unusual, and the months; one without rows is left out."""
    energy = {
        key: ReportColumn(say(f"{key}_in_kwh", language), "number", 1)
        for key in ("consumption", "before", "year_before", "expected", "lower", "upper")
    }
    name, verdict = ReportColumn(say("customer", language)), ReportColumn(say("column_verdict", language))
    marks = ReportColumn(say("marks", language))
    growth = ReportColumn(say("column_growth", language), "growth", 1)
    columns = (name, marks, energy["consumption"], energy["before"], growth, energy["year_before"], energy["expected"], verdict)
    rows = tuple(
        (
            customer.name,
            in_words(customer_marks(customer, is_provisional=is_provisional), language),
            customer.now_kwh,
            customer.over_month[1],
            growth_of([customer.over_month])[0],
            customer.over_year[1],
            customer.expected_kwh,
            say(f"verdict_{customer.verdict}", language) if customer.verdict else None,
        )
        for customer in (customers if has_data(customers) else ())
    )
    unusual = tuple(
        (
            customer.name,
            customer.now_kwh,
            customer.expected_kwh,
            customer.lower_kwh,
            customer.upper_kwh,
            say(f"verdict_{customer.verdict}", language),
        )
        for customer in customers
        if customer.verdict in {"high", "low"}
    )
    limits = (name, energy["consumption"], energy["expected"], energy["lower"], energy["upper"], verdict)
    by_month = (ReportColumn(say("column_month", language), "date"), energy["consumption"])
    tables = (
        ReportTable("unusual", say("unusual_customers", language), limits, unusual),
        ReportTable("customers", say("customers", language), columns, rows),
        ReportTable(
            "months",
            say("months_of_consumption", language),
            by_month,
            tuple((bar.day.isoformat(), bar.energy_kwh) for bar in bars),
        ),
    )
    return tuple(table for table in tables if table.rows)
