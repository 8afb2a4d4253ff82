"""Plain sentences with numbers: what a careful person would point out on this report, most important first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from include.core.coverage import COMPLETE_DAY_COVERAGE, is_complete
from include.core.energy import EnergySource
from include.core.span import zone
from include.reports.headline import deviation
from include.reports.language import CATALOGUE, day_and_month, days_listed, listed, number, percent, quantity, say
from include.reports.model import LOW_SHARE, InverterRow, PlantReport
from include.reports.plain_text import clean

_MOST_NAMED: Final = 3
_NAME_CHARS: Final = 40
_SOURCES: Final[tuple[EnergySource, ...]] = ("power", "power and counter", "counter", "vendor")
_WORTH_SAYING_H: Final = {"day": 0.25, "month": 1.0}


@dataclass(frozen=True, slots=True)
class Observation:
    """One sentence; `tone` decides the colour of its mark."""

    tone: Literal["note", "watch", "poor"]
    text: str


def observations(report: PlantReport) -> tuple[Observation, ...]:
    """The observations of one report in its own language; never empty for a report with inverters or a target."""
    if report.is_empty:
        return (Observation("poor", say("see_no_data", report.language)), *_state_of_report(report), *_held_back(report))
    return (
        *_state_of_report(report),
        *_against_target(report),
        *_sources(report),
        *_inverters(report),
        *_missing(report),
        *_extreme(report),
        *_held_back(report),
    )


def reasons(report: PlantReport) -> str:
    """The rules that readings broke with their counts, most frequent first; a rule without a translation keeps its name."""
    counted = sorted(report.completeness.quarantined, key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{_rule(name, report)}: {number(count, report.language)}" for name, count in counted)


def _state_of_report(report: PlantReport) -> Iterator[Observation]:
    if report.is_provisional:
        yield Observation("watch", say("see_provisional", report.language))
    if report.revision > 1:
        yield Observation("note", say("see_revision", report.language, number=report.revision))


def _against_target(report: PlantReport) -> Iterator[Observation]:
    headline, language = report.headline, report.language
    if headline.target_kwh is None:
        yield Observation("note", say("see_no_target", language))
    elif headline.performance_index is None:
        yield Observation("watch", say("see_no_complete_day", language, percent=percent(COMPLETE_DAY_COVERAGE, language, 0)))
    else:
        where, distance = deviation(headline.performance_index, language)
        energy, target = _counted_sums(report)
        days = (
            say("complete_day", language)
            if headline.days_counted == 1
            else say("complete_days", language, count=headline.days_counted)
        )
        tone: Literal["note", "poor"] = "poor" if headline.performance_index < LOW_SHARE else "note"
        text = say(
            f"see_{where}",
            language,
            percent=distance,
            energy=quantity(energy, language),
            target=quantity(target, language),
            days=days,
        )
        yield Observation(tone, text)


def _sources(report: PlantReport) -> Iterator[Observation]:
    """Where the energy comes from, unless it is power alone, and how much of it counters recovered."""
    language, days = report.language, report.energy_sources
    by_power = days.keys() & {"power", "power and counter"}
    if len(days) == 1 and not by_power:
        yield Observation("note", say(f"see_{next(iter(days))}", language))
    elif days.keys() - {"power", "power and counter"}:
        told = [say(f"source_{source}", language, days=_day_count(days[source], report)) for source in _SOURCES if days[source]]
        yield Observation("note", say("see_sources", language, sources=listed(told, language)))
    if by_power and report.headline.recovered_kwh > 0:
        yield Observation("note", say("see_recovered", language, energy=quantity(report.headline.recovered_kwh, language)))


def _day_count(count: int, report: PlantReport) -> str:
    return say("day_count_one" if count == 1 else "day_count", report.language, count=count)


def _counted_sums(report: PlantReport) -> tuple[float | None, float | None]:
    """Energy and target over the counted days; one of a day's report is that day."""
    headline = report.headline
    if headline.days_counted == headline.days_expected or not report.days:
        return headline.energy_kwh, headline.target_kwh
    counted = [
        (bar.energy_kwh, bar.target_kwh)
        for bar in report.days
        if bar.energy_kwh is not None and bar.target_kwh is not None and is_complete(bar.completeness or 0)
    ]
    return sum(energy for energy, _ in counted), sum(target for _, target in counted)


def _inverters(report: PlantReport) -> Iterator[Observation]:
    low = sorted((row for row in report.inverters if _is_low(row)), key=lambda row: (row.peer_share or 0, row.name))
    silent = [row for row in report.inverters if row.energy_kwh is None]
    yield from _low_inverters(report, low)
    yield from _silent_inverters(report, silent)
    compared = sum(1 for row in report.inverters if row.peer_share is not None)
    if compared and not low and not silent:
        share = percent(LOW_SHARE, report.language, 0)
        yield Observation("note", say("see_even", report.language, count=compared, percent=share))


def _low_inverters(report: PlantReport, low: Sequence[InverterRow]) -> Iterator[Observation]:
    for row in low[:_MOST_NAMED]:
        yield Observation("poor", _low_text(row, report))
    if more := len(low[_MOST_NAMED:]):
        share = percent(LOW_SHARE, report.language, 0)
        yield Observation("poor", say("see_low_more", report.language, count=more, percent=share))


def _silent_inverters(report: PlantReport, silent: Sequence[InverterRow]) -> Iterator[Observation]:
    if len(silent) == 1:
        yield Observation("poor", say("see_silent_one", report.language, name=clean(silent[0].name, _NAME_CHARS)))
    elif silent:
        names = [clean(row.name, _NAME_CHARS) for row in silent[:_MOST_NAMED]]
        text = ", ".join(names) + " …" if len(silent) > _MOST_NAMED else listed(names, report.language)
        yield Observation("poor", say("see_silent", report.language, count=len(silent), names=text))


def _is_low(row: InverterRow) -> bool:
    return row.peer_share is not None and row.peer_share < LOW_SHARE


def _low_text(row: InverterRow, report: PlantReport) -> str:
    return say(
        "see_low",
        report.language,
        name=clean(row.name, _NAME_CHARS),
        percent=percent(1 - (row.peer_share or 0), report.language),
        **{"yield": number(row.specific_yield_kwh_kwp, report.language, 2)},
    )


def _missing(report: PlantReport) -> Iterator[Observation]:
    days, language = report.completeness.missing_days, report.language
    if days:
        key = "see_missing_day" if len(days) == 1 else "see_missing_days"
        yield Observation("watch", say(key, language, count=len(days), days=days_listed(days, language)))
    hours = report.completeness.missing_hours
    if hours is not None and hours >= _WORTH_SAYING_H[report.kind]:
        yield Observation("watch", say("see_missing_hours", language, hours=number(hours, language, 1)))


def _extreme(report: PlantReport) -> Iterator[Observation]:
    language = report.language
    measured = [(bar.energy_kwh, bar.day) for bar in report.days if bar.energy_kwh is not None]
    if report.kind == "month" and len(measured) > 1:
        energy, day = max(measured, key=lambda pair: (pair[0], -pair[1].toordinal()))
        yield Observation("note", say("see_best", language, day=day_and_month(day, language), energy=quantity(energy, language)))
    points = [(point.power_kw, point.instant) for point in report.power if point.power_kw is not None]
    if report.kind == "day" and points:
        power, instant = max(points, key=lambda pair: (pair[0], -pair[1].timestamp()))
        if power > 0:
            local = instant.astimezone(zone(report.timezone))
            yield Observation("note", say("see_peak", language, power=quantity(power, language), time=f"{local:%H:%M}"))


def _held_back(report: PlantReport) -> Iterator[Observation]:
    total = sum(count for _, count in report.completeness.quarantined)
    if total:
        key = "see_quarantined_one" if total == 1 else "see_quarantined"
        yield Observation("watch", say(key, report.language, count=number(total, report.language), reasons=reasons(report)))


def _rule(name: str, report: PlantReport) -> str:
    key = f"rule_{name}"
    return say(key, report.language) if key in CATALOGUE else clean(name, _NAME_CHARS)
