"""Plain sentences with numbers: what a careful person would point out on this report, most important first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from include.core.coverage import COMPLETE_DAY_COVERAGE, is_complete
from include.core.energy import EnergySource
from include.core.peer_shares import LOW_SHARE, ZERO_SHARE
from include.core.span import zone
from include.reports.headline import deviation
from include.reports.language import CATALOGUE, day_and_month, days_listed, listed, money, number, percent, quantity, say
from include.reports.model import InverterRow, Kind, Language, PlantReport
from include.reports.plain_text import named

_MOST_NAMED: Final = 3
_NAME_CHARS: Final = 40
_COUNTERS_DIFFER: Final = 0.03
"""Energy of power and of counters may differ so far on a day that is complete; above it a day is flagged in the API too."""

_SOURCES: Final[tuple[EnergySource, ...]] = ("power", "power and counter", "counter", "vendor")
_WORTH_SAYING_H: Final = {"day": 0.25}


@dataclass(frozen=True, slots=True)
class Observation:
    """One sentence; `tone` decides the colour of its mark."""

    tone: Literal["note", "watch", "poor"]
    text: str


def observations(report: PlantReport) -> tuple[Observation, ...]:
    """The observations of one report in its own language; never empty for a report with inverters or a target."""
    if report.is_empty:
        key = "see_no_data" if report.comparisons or report.months else "see_no_data_beside"
        if report.completeness.quarantined:
            # They came: who looks for them on the line looks in the wrong place.
            key = "see_all_held_back"
        return (Observation("poor", say(key, report.language)), *_state_of_report(report), *_held_back(report))
    return (
        *_state_of_report(report),
        *_against_target(report),
        *_sources(report),
        *_counted_more(report),
        *_negative(report),
        *_site(report),
        *_inverters(report),
        *_missing(report),
        *extremes(report),
        *_held_back(report),
    )


def reasons(report: PlantReport) -> str:
    """The rules that readings broke with their counts, most frequent first; a rule without a translation keeps its name."""
    counted = sorted(report.completeness.quarantined, key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{rule_words(name, report.language)}: {number(count, report.language)}" for name, count in counted)


def restatement(before_kwh: float | None, after_kwh: float | None, language: Language) -> str | None:
    """What a revision changed in the energy, with as many decimals as show it; None where there is nothing to tell."""
    if before_kwh is None or after_kwh is None:
        return None
    pairs = [(quantity(before_kwh, language), quantity(after_kwh, language))]
    pairs += [(number(before_kwh, language, digits), number(after_kwh, language, digits)) for digits in (1, 2)]
    told = next(((before, after) for before, after in pairs if before != after), None)
    return say("see_restated", language, before=told[0], after=told[1]) if told else None


def running(kind: Kind, through_day: date, language: Language) -> str:
    """That a period is not over yet, and with which day its figures end."""
    return say("see_running", language, period=say(f"the_{kind}", language), day=day_and_month(through_day, language))


def _state_of_report(report: PlantReport) -> Iterator[Observation]:
    if report.is_provisional:
        yield Observation("watch", say("see_provisional", report.language))
    if report.revision > 1:
        yield Observation("note", say("see_revision", report.language, number=report.revision))
    if restated := restatement(report.restated_from_kwh, report.headline.energy_kwh, report.language):
        yield Observation("watch", restated)
    if report.through_day is not None:
        yield Observation("note", running(report.kind, report.through_day, report.language))


def _against_target(report: PlantReport) -> Iterator[Observation]:
    headline, language = report.headline, report.language
    if headline.target_kwh is None:
        yield Observation("note", say("see_no_target", language))
    elif headline.performance_index is not None and not headline.is_assessable:
        energy, target = _counted_sums(report)
        yield Observation(
            "watch",
            say(
                "see_not_assessable",
                language,
                counted=headline.days_counted,
                expected=headline.days_expected,
                energy=quantity(energy, language),
                target=quantity(target, language),
            ),
        )
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


def _counted_more(report: PlantReport) -> Iterator[Observation]:
    """What counters tell of incomplete days beyond what is published, where the two differ by more than they may."""
    both = [
        bar
        for bar in report.days
        if bar.energy_kwh is not None and bar.counted_kwh is not None and not is_complete(bar.completeness or 0)
    ]
    counted = sum(bar.counted_kwh or 0 for bar in both)
    published = sum(bar.energy_kwh or 0 for bar in both)
    if counted > max(published, 0) * (1 + _COUNTERS_DIFFER):
        energies = {"counted": quantity(counted, report.language), "published": quantity(published, report.language)}
        yield Observation("watch", say("see_counted_more", report.language, **energies))


def _negative(report: PlantReport) -> Iterator[Observation]:
    days = [bar for bar in report.days if (bar.energy_kwh or 0) < 0 and is_complete(bar.completeness or 0)]
    if days:
        energy = number(sum(bar.energy_kwh or 0 for bar in days), report.language, 3)
        told = days_listed([bar.day for bar in days], report.language)
        yield Observation("watch", say("see_negative", report.language, energy=energy, days=told))


def _site(report: PlantReport) -> Iterator[Observation]:
    """What the place consumed, and its bill without the plant."""
    if (site := report.site) is not None:
        told = {
            "energy": quantity(site.consumed_kwh, report.language),
            "days": _day_count(site.days, report),
            "bill": money(site.bill_without_pv, site.currency, report.language),
        }
        yield Observation("note", say("see_bill_without_pv", report.language, **told))


def _day_count(count: int, report: PlantReport) -> str:
    return say("day_count_one" if count == 1 else "day_count", report.language, count=count)


def _counted_sums(report: PlantReport) -> tuple[float | None, float | None]:
    """Energy and target over the counted days; one of a day's report is that day."""
    if report.whole is None:
        return report.headline.energy_kwh, report.headline.target_kwh
    return report.whole.energy_kwh, report.whole.target_kwh


def _inverters(report: PlantReport) -> Iterator[Observation]:
    low = sorted((row for row in report.inverters if row.low_days), key=lambda row: (-row.lost_kwh, row.name))
    silent = [row for row in report.inverters if row.energy_kwh is None]
    yield from _low_inverters(report, low)
    yield from _silent_inverters(report, silent)
    yield from _not_compared(report)
    shares = [row.peer_share for row in report.inverters if row.peer_share is not None]
    if len(shares) > 1 and min(shares) >= LOW_SHARE and not low and not silent:
        yield Observation("note", say("see_even", report.language, count=len(shares)))


def _low_inverters(report: PlantReport, low: Sequence[InverterRow]) -> Iterator[Observation]:
    for row in low[:_MOST_NAMED]:
        yield Observation("poor", _low_text(row, report))
    if rest := low[_MOST_NAMED:]:
        lost = quantity(sum(row.lost_kwh for row in rest), report.language)
        key = "see_low_more_one" if len(rest) == 1 else "see_low_more"
        yield Observation("poor", say(key, report.language, count=len(rest), energy=lost))


def _not_compared(report: PlantReport) -> Iterator[Observation]:
    """Why inverters with energy are not compared, each reason with those for whom it holds."""
    reasons: dict[str, list[str]] = {}
    for row in report.inverters:
        if row.not_compared and row.energy_kwh is not None:
            reasons.setdefault(row.not_compared, []).append(named(row.name, _NAME_CHARS))
    for reason, names in sorted(reasons.items()):
        is_all = len(names) == len(report.inverters) > 1
        told = say("all_inverters", report.language) if is_all else _names(names, report)
        why = say(f"not_compared_{reason.replace(' ', '_').replace(',', '')}", report.language)
        key = "see_not_compared_one" if len(names) == 1 else "see_not_compared"
        yield Observation("watch", say(key, report.language, names=told, reason=why))


def _names(names: Sequence[str], report: PlantReport) -> str:
    return ", ".join(names[:_MOST_NAMED]) + " …" if len(names) > _MOST_NAMED else listed(list(names), report.language)


def _silent_inverters(report: PlantReport, silent: Sequence[InverterRow]) -> Iterator[Observation]:
    if len(silent) == 1:
        yield Observation("poor", say("see_silent_one", report.language, name=named(silent[0].name, _NAME_CHARS)))
    elif silent:
        text = _names([named(row.name, _NAME_CHARS) for row in silent], report)
        yield Observation("poor", say("see_silent", report.language, count=len(silent), names=text))


def _low_text(row: InverterRow, report: PlantReport) -> str:
    language = report.language
    assert row.low_since is not None
    if row.low_days == 1:
        when = say("on_day", language, day=day_and_month(row.low_since, language))
    else:
        when = say("on_days_since", language, count=row.low_days, day=day_and_month(row.low_since, language))
    share = row.low_share or 0.0
    key = "see_dead" if share < ZERO_SHARE else "see_low"
    return say(
        f"{key}_alone" if len(report.inverters) == 1 else key,
        language,
        name=named(row.name, _NAME_CHARS),
        percent=percent(1 - share, language),
        when=when,
        energy=quantity(row.lost_kwh, language),
        worth=f" ({money(row.lost_value, row.currency, language)})" if row.lost_value and row.currency else "",
    )


def _missing(report: PlantReport) -> Iterator[Observation]:
    days, language = report.completeness.missing_days, report.language
    if days:
        key = "see_missing_day" if len(days) == 1 else "see_missing_days"
        yield Observation("watch", say(key, language, count=len(days), days=days_listed(days, language)))
    hours = report.completeness.missing_hours
    if hours is not None and hours >= _WORTH_SAYING_H.get(report.kind, 1.0):
        yield Observation("watch", say("see_missing_hours", language, hours=number(hours, language, 1)))


def extremes(report: PlantReport) -> Iterator[Observation]:
    """The best of several days, the greatest power of one."""
    language = report.language
    measured = [(bar.energy_kwh, bar.day) for bar in report.days if bar.energy_kwh is not None]
    if len(measured) > 1:
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


def rule_words(rule: str, language: Language) -> str:
    """What a rule that was broken means to people; one without a translation keeps its name."""
    return say(f"rule_{rule}", language) if f"rule_{rule}" in CATALOGUE else named(rule, _NAME_CHARS)
