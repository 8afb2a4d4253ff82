"""The four tiles of a report, said the same way in the PDF and in the mail."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from include.core.coverage import is_complete
from include.reports.language import DASH, day_short, money, number, percent, quantity, say
from include.reports.marks import marks_of_figure
from include.reports.model import Headline, Kind, Language, Mark, Marks

Tone = Literal["plain", "good", "watch", "poor"]

_WATCH_BELOW: Final = 0.95
_POOR_BELOW: Final = 0.85


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure as people read it; `unit` is empty where the value carries it; `fill` is the share of a bar [1], if any."""

    label: str
    value: str
    unit: str
    note: str
    tone: Tone = "plain"
    fill: float | None = None


def tiles(headline: Headline, kind: Kind, language: Language, through_day: date | None = None) -> tuple[Tile, Tile, Tile, Tile]:
    """Generation, target, performance, and savings where there is a tariff, else specific yield.

    `through_day` is the last day that is over, of a period that still runs.
    """
    last = _savings(headline, language) if headline.money else yield_tile(headline, language)
    return _energy(headline, language), _target(headline, kind, language, through_day), _performance(headline, language), last


def tile_marks(headline: Headline, marks: Marks) -> tuple[tuple[Mark, ...], ...]:
    """The marks of each of the `tiles`."""
    last = "savings" if headline.money else "specific_yield_kwh_kwp"
    return tuple(marks_of_figure(marks, name) for name in ("energy_kwh", "target_kwh", "performance_index", last))


def yield_tile(headline: Headline, language: Language) -> Tile:
    """Specific yield [kWh/kWp]."""
    value = headline.specific_yield_kwh_kwp
    note = "note_yield_none" if value is None else "note_yield"
    return Tile(say("yield", language), number(value, language, 2), _unit(value, "kWh/kWp"), say(note, language))


def tone_of(performance_index: float | None) -> Tone:
    """Good from 95 % of target, watch from 85 %, poor below; plain where unknown."""
    if performance_index is None:
        return "plain"
    return "good" if performance_index >= _WATCH_BELOW else "watch" if performance_index >= _POOR_BELOW else "poor"


def is_partial(coverage: float | None) -> bool:
    """True where some time was measured, but not practically all of it."""
    return coverage is not None and not is_complete(coverage)


def deviation(performance_index: float, language: Language) -> tuple[str, str]:
    """(`above`, `below` or `on_target`, how far as per cent of the target), by the rounded figure that is printed."""
    distance = round(performance_index - 1, 3)
    where = "above" if distance > 0 else "below" if distance < 0 else "on_target"
    return where, percent(abs(distance), language)


def _energy(headline: Headline, language: Language) -> Tile:
    value = headline.energy_kwh
    if value is None:
        note = say("note_energy_none", language)
    elif is_partial(headline.completeness):
        note = say("note_energy_partial", language, percent=percent(headline.completeness, language))
    elif headline.energy_source == "vendor":
        note = say("note_energy_vendor", language)
    else:
        note = say("note_energy_complete", language)
    return Tile(say("energy", language), quantity(value, language), _unit(value, "kWh"), note)


def _target(headline: Headline, kind: Kind, language: Language, through_day: date | None) -> Tile:
    value, so_far = headline.target_kwh, headline.target_so_far_kwh
    if value is None:
        note = say("note_target_none", language)
    elif through_day is not None:
        whole, day = say(f"of_the_{kind}", language), day_short(through_day, language)
        note = say("note_target_so_far", language, period=whole, target=quantity(so_far, language), day=day)
    else:
        note = say("note_target_day" if kind == "day" else "note_target_period", language)
    return Tile(say("target", language), quantity(value, language), _unit(value, "kWh"), note)


def _performance(headline: Headline, language: Language) -> Tile:
    index = headline.performance_index
    if index is None:
        return Tile(say("performance", language), DASH, "", say("note_performance_none", language))
    if not headline.is_assessable:
        note = say("note_not_assessable", language, counted=headline.days_counted, expected=headline.days_expected)
        return Tile(say("performance", language), DASH, "", note)
    where, distance = deviation(index, language)
    note = say(f"note_{where}", language, percent=distance)
    if headline.days_counted < headline.days_expected:
        note = say("note_days", language, counted=headline.days_counted, expected=headline.days_expected)
    return Tile(say("performance", language), percent(index, language), "", note, tone_of(index), index)


def _savings(headline: Headline, language: Language) -> Tile:
    terms = headline.money
    assert terms is not None
    if terms.days_priced is not None:
        note = say("note_days_priced", language, count=terms.days_priced)
    elif terms.price_per_kwh is None:
        note = say("note_price_by_day", language)
    else:
        note = say("note_price", language, price=money(terms.price_per_kwh, terms.currency, language))
    return Tile(say("savings", language), money(terms.savings, terms.currency, language), "", note)


def _unit(value: float | None, unit: str) -> str:
    return "" if value is None else unit
