"""Reports of plants that do not exist, with what a report may hold: weather, a weak and a silent inverter, alarms, gaps."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from random import Random
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from include.core.brand import Brand
from include.reports.consumption_report import (
    consumption_marks,
    consumption_months,
    consumption_observations,
    consumption_tables,
    consumption_tiles,
    customers_of,
)
from include.reports.language import say
from include.reports.listing import ListingReport
from include.reports.logo import logo_png
from include.reports.marks import MarkContext, ordered, plant_marks
from include.reports.model import (
    NO_MARKS,
    AlarmRow,
    Comparison,
    Completeness,
    DayBar,
    EmissionFactor,
    Emissions,
    Headline,
    InverterRow,
    Language,
    Mark,
    Marks,
    Money,
    PlantReport,
    PowerPoint,
    Provenance,
    TargetWindow,
    figures,
)
from include.reports.pdf_page import FONTS
from include.reports.portfolio import PlantLine, PortfolioReport, weakest_first
from include.reports.quality_report import QualityFindings, quality_observations, quality_tables, quality_tiles

FIRST = date(2026, 10, 1)
_FEED = ("feed", "documents", "waiting", "refused", "rows", "held_back", "median_age_h", "late_age_h")
_COUNTER = ("device", "quantity", "days", "held_back", "resets", "dips", "zeros")
_ACCOUNT = (
    "vendor", "name", "state", "reason", "answered_at", "calls", "budget_calls", "budget_allowed", "budget_share", "waiting",
    "blocked_until_at",
)  # fmt: skip
_TYPEFACE = FONTS / "IBMPlexSans-SemiBold.ttf"
DAYS = 31
KWP = 125.4
PRICE = 0.92
_HELD_BACK: dict[date, tuple[Mark, ...]] = {FIRST + timedelta(days=day): ("held_back",) for day in (5, 16)}
_PLANT_MARKS: dict[str, tuple[Mark, ...]] = {
    "p3": ("held_back",),
    "p11": ("counter",),
    "p14": ("incomplete",),
    "p20": ("counter", "incomplete"),
}
FACTOR = EmissionFactor(0.0385, "MCTI, média anual 2023", date(2023, 1, 1))
ISSUED = datetime(2026, 11, 1, 10, tzinfo=UTC)


def _logo() -> bytes:
    """A sun that rises, as a PNG."""
    picture, drawn = Image.new("RGB", (640, 200), "white"), io.BytesIO()
    pen = ImageDraw.Draw(picture)
    pen.pieslice((40, 40, 280, 280), 180, 360, fill="#ffd166")
    pen.rectangle((0, 164, 320, 180), fill="#5b2a86")
    pen.text((344, 30), "cerrado", fill="#5b2a86", font=ImageFont.truetype(_TYPEFACE, 84))
    picture.save(drawn, "PNG")
    return logo_png(drawn.getvalue())


BRAND = Brand("#5b2a86", "#ffd166", "Cerrado Solar · Rua das Acácias 7, Uberlândia · cerrado.example", _logo())


def with_marks(example: Callable[..., PlantReport]) -> Callable[..., PlantReport]:
    """The same report with its marks; of a month that has them already, only those that still hold."""

    @wraps(example)
    def marked(*arguments: Any, **options: Any) -> PlantReport:
        report = example(*arguments, **options)
        return replace(report, marks=plant_marks(report, MarkContext(of_days=_HELD_BACK)))

    return marked


@with_marks
def month_report(language: Language, *, inverters: int = 8, seed: int = 1) -> PlantReport:
    """October 2026 of one plant: inverter 5 is weak from the 9th on, inverter 7 silent on two days."""
    lot = Random(seed)
    weather = [min(1.0, 0.55 + 0.5 * lot.random()) for _ in range(DAYS)]
    rows = tuple(_inverter(index, weather, KWP / inverters, lot) for index in range(inverters))
    energies = [sum(row.day_energies_kwh[day] or 0.0 for row in rows) for day in range(DAYS)]
    target_kwh = 15_500.0
    bars = tuple(
        DayBar(
            FIRST + timedelta(days=day),
            energy,
            target_kwh / DAYS,
            0.87 if day in {16, 17} else 0.995,
            "power",
            performance_index=None if day in {16, 17} else energy * DAYS / target_kwh,
        )
        for day, energy in enumerate(energies)
    )
    counted = [bar for bar in bars if (bar.completeness or 0) >= 0.9]
    counted_kwh, counted_target = sum(bar.energy_kwh or 0 for bar in counted), len(counted) * target_kwh / DAYS
    index, energy_kwh = counted_kwh / counted_target, sum(energies)
    recent_kwh = counted_kwh - energies[0]
    whole = TargetWindow(DAYS, len(counted), counted_kwh, counted_target, index)
    return PlantReport(
        tenant_name="Sol do Cerrado Energia Ltda.",
        plant_name="Usina Serra Branca",
        city="Uberlândia",
        capacity_kwp=KWP,
        capacity_kw=100.0,
        timezone="America/Sao_Paulo",
        kind="month",
        first_day=FIRST,
        last_day=FIRST + timedelta(days=DAYS - 1),
        language=language,
        issued_at=ISSUED,
        revision=1,
        report_id=f"serra-branca-month-2026-10-01-{language}",
        headline=Headline(
            energy_kwh, target_kwh, index, len(counted), DAYS, energy_kwh / KWP, 0.987, Money(PRICE, "BRL", energy_kwh * PRICE),
            recovered_kwh=84.2,
        ),
        days=bars,
        inverters=rows,
        windows=(
            TargetWindow(1, 1, bars[-1].energy_kwh, 500.0, (bars[-1].energy_kwh or 0) / 500),
            TargetWindow(7, 7, sum(energies[-7:]), 3_500.0, sum(energies[-7:]) / 3_500),
            TargetWindow(30, 28, recent_kwh, counted_target - 500, recent_kwh / (counted_target - 500)),
        ),
        whole=whole,
        completeness=Completeness((), 3.2, (("within_physical_limits", 14),)),
        provenance=Provenance(248, "0f3a9c1b77de", "fe91b2c4a0c3", 71_424, ISSUED - timedelta(hours=2), "0.1.0"),
        comparisons=_comparisons(energy_kwh, index),
        months=(*map(_month, range(11, 0, -1)), DayBar(FIRST, energy_kwh, target_kwh, 0.94)),
        alarms=_alarms(rows[min(4, inverters - 1)]),
        emissions=Emissions(energy_kwh * FACTOR.co2_kg_kwh, (FACTOR,)),
    )  # fmt: skip


def everything_report(language: Language) -> PlantReport:
    """The second revision of that month with every mark at once, while its last two days may still change."""
    month = month_report(language)
    days = tuple(replace(bar, energy_source="power and counter") if bar.day.day in {3, 17, 18} else bar for bar in month.days)
    before = tuple(replace(bar, energy_kwh=480.0) if bar.day.day == 17 else bar for bar in days)
    restated_from_kwh = (month.headline.energy_kwh or 0.0) - 36.4
    report = replace(month, days=days, revision=2, restated_from_kwh=restated_from_kwh, is_provisional=True, brand=BRAND)
    of_days = _HELD_BACK | {FIRST + timedelta(days=11): ("hardly_measured",)}
    facts = MarkContext({bar.day for bar in days[-2:]}, of_days, before=figures(replace(month, days=before)))
    return replace(report, marks=plant_marks(report, facts))


@with_marks
def day_report(language: Language) -> PlantReport:
    """15 October 2026 of the same plant, with clouds and an hour without readings."""
    month, lot = month_report(language), Random(15)
    midnight = datetime(2026, 10, 15, 3, tzinfo=UTC)
    power = tuple(
        PowerPoint(
            midnight + timedelta(minutes=15 * quarter),
            None if 54 <= quarter < 58 else _bell(quarter) * (0.75 + 0.25 * lot.random()),
        )
        for quarter in range(96)
    )
    bar, before = month.days[14], month.days[13]
    energy_kwh = bar.energy_kwh or 0.0
    known = replace(month.comparisons[0], days_known=1)
    rows = tuple(
        replace(
            row,
            energy_kwh=row.day_energies_kwh[14],
            specific_yield_kwh_kwp=(row.day_energies_kwh[14] or 0.0) / (KWP / 8),
            peer_share=row.day_shares[14],
            lost_kwh=row.lost_kwh / 23,
            low_days=min(row.low_days, 1),
            low_since=bar.day if row.low_days else None,
            day_energies_kwh=(),
            day_shares=(),
        )
        for row in month.inverters
    )

    def compared(name: str, on: DayBar) -> Comparison:
        energy = on.energy_kwh or 0.0
        return replace(
            known,
            name=name,
            first_day=on.day,
            last_day=on.day,
            energy_kwh=energy,
            performance_index=energy / 500,
            specific_yield_kwh_kwp=energy / KWP,
        )

    to_date = sum(day.energy_kwh or 0.0 for day in month.days[:15])
    return replace(
        month,
        kind="day",
        first_day=bar.day,
        last_day=bar.day,
        report_id=f"serra-branca-day-{bar.day}-{language}",
        headline=Headline(
            energy_kwh, 500.0, energy_kwh / 500, 1, 1, energy_kwh / KWP, 0.94, Money(PRICE, "BRL", energy_kwh * PRICE)
        ),
        power=power,
        days=(bar,),
        months=(),
        whole=None,
        windows=(replace(month.windows[0], energy_kwh=energy_kwh, performance_index=energy_kwh / 500), *month.windows[1:]),
        inverters=rows,
        completeness=Completeness((), 1.0, ()),
        emissions=Emissions(energy_kwh * FACTOR.co2_kg_kwh, (FACTOR,)),
        alarms=tuple(replace(_lost(row, 1 / 23), cleared_at=None, is_on=True) for row in month.alarms[1:3]),
        comparisons=(
            compared("period", bar),
            compared("previous", before),
            replace(
                known,
                name="month_to_date",
                last_day=bar.day,
                days_known=15,
                energy_kwh=to_date,
                performance_index=to_date / 7_500,
                specific_yield_kwh_kwp=to_date / KWP,
            ),
        ),
    )


@with_marks
def week_report(language: Language) -> PlantReport:
    """The week from 19 to 25 October 2026 of the same plant, of which five days are over."""
    month = month_report(language)
    days, over = month.days[18:25], 5
    bars = tuple(bar if index < over else replace(bar, energy_kwh=None, is_over=False) for index, bar in enumerate(days))
    energies = [bar.energy_kwh or 0.0 for bar in bars[:over]]
    energy_kwh, first = sum(energies), days[0].day
    index = energy_kwh / (over * 500)
    last_over = days[over - 1].day
    rows = tuple(
        replace(
            row,
            energy_kwh=sum(day or 0.0 for day in row.day_energies_kwh[18:23]),
            specific_yield_kwh_kwp=sum(day or 0.0 for day in row.day_energies_kwh[18:23]) / (KWP / 8),
            completeness=0.995,
            peer_share=sum(share or 0.0 for share in row.day_shares[18:23]) / over,
            lost_kwh=row.lost_kwh * over / 23,
            low_days=over if row.low_days else 0,
            low_since=first if row.low_days else None,
            day_energies_kwh=row.day_energies_kwh[18:23],
            day_shares=row.day_shares[18:23],
        )
        for row in month.inverters
    )
    window = TargetWindow(over, over, energy_kwh, over * 500.0, index)
    known = replace(month.comparisons[0], first_day=first, last_day=last_over, days_known=over, energy_kwh=energy_kwh)
    return replace(
        month,
        kind="week",
        first_day=first,
        last_day=days[-1].day,
        through_day=last_over,
        issued_at=datetime(2026, 10, 24, 10, tzinfo=UTC),
        is_provisional=True,
        report_id=f"serra-branca-week-{first}-{language}",
        headline=Headline(
            energy_kwh, 3_500.0, index, over, over, energy_kwh / KWP, 0.995, Money(PRICE, "BRL", energy_kwh * PRICE),
            target_so_far_kwh=over * 500.0,
        ),
        days=bars,
        months=(),
        whole=window,
        windows=(
            TargetWindow(1, 1, energies[-1], 500.0, energies[-1] / 500),
            replace(month.windows[1], performance_index=None, energy_kwh=None, target_kwh=None, days_counted=0),
            month.windows[2],
        ),
        inverters=rows,
        completeness=Completeness((), None, ()),
        emissions=Emissions(energy_kwh * FACTOR.co2_kg_kwh, (FACTOR,)),
        alarms=tuple(_lost(row, over / 23) for row in month.alarms[1:2]),
        comparisons=(
            replace(known, performance_index=index, specific_yield_kwh_kwp=energy_kwh / KWP),
            replace(
                known, name="previous", first_day=date(2026, 10, 12), last_day=date(2026, 10, 16), energy_kwh=2_391.6,
                performance_index=0.957, specific_yield_kwh_kwp=19.07,
            ),
        ),
    )  # fmt: skip


@with_marks
def span_report(language: Language, days: int = 92) -> PlantReport:
    """So many days up to the end of October 2026 of the same plant, for somebody who asked for them."""
    month = month_report(language)
    bars = tuple(
        replace(month.days[index % DAYS], day=FIRST + timedelta(days=DAYS - days + index), energy_source="power")
        for index in range(days)
    )
    energy_kwh, counted = sum(bar.energy_kwh or 0.0 for bar in bars), [bar for bar in bars if bar.performance_index is not None]
    counted_kwh = sum(bar.energy_kwh or 0.0 for bar in counted)
    index = counted_kwh / (len(counted) * 500)
    return replace(
        month,
        kind="span",
        first_day=bars[0].day,
        report_id=f"serra-branca-span-{bars[0].day}-{bars[-1].day}-{language}",
        headline=Headline(
            energy_kwh, days * 500.0, index, len(counted), days, energy_kwh / KWP, 0.987, Money(PRICE, "BRL", energy_kwh * PRICE)
        ),
        days=bars,
        months=(),
        whole=TargetWindow(days, len(counted), counted_kwh, len(counted) * 500.0, index),
        inverters=tuple(
            replace(
                row,
                energy_kwh=(row.energy_kwh or 0.0) * days / DAYS,
                specific_yield_kwh_kwp=(row.specific_yield_kwh_kwp or 0.0) * days / DAYS,
                day_energies_kwh=tuple(row.day_energies_kwh[index % DAYS] for index in range(days)),
                day_shares=tuple(row.day_shares[index % DAYS] for index in range(days)),
            )
            for row in month.inverters
        ),
        emissions=Emissions(energy_kwh * FACTOR.co2_kg_kwh, (FACTOR,)),
        comparisons=(
            replace(
                month.comparisons[0], first_day=bars[0].day, days_known=days, energy_kwh=energy_kwh, performance_index=index,
                specific_yield_kwh_kwp=energy_kwh / KWP,
            ),
            month.comparisons[3],
        ),
    )  # fmt: skip


def empty_report(language: Language) -> PlantReport:
    """The month of a plant that sent nothing."""
    month = month_report(language)
    days = tuple(replace(bar, energy_kwh=None, completeness=0.0, energy_source=None) for bar in month.days)
    silent = tuple(InverterRow(row.name, None, None, None, None, None, 0.0) for row in month.inverters)
    return replace(
        month,
        headline=Headline(None, 15_500.0, None, 0, DAYS, None, 0.0),
        days=days,
        inverters=silent,
        windows=tuple(TargetWindow(count, 0, None, None, None) for count in (1, 7, 30)),
        whole=None,
        completeness=Completeness(tuple(bar.day for bar in days), None, ()),
        provenance=Provenance(0, None, None, 0, None, "0.1.0"),
        comparisons=(),
        months=(),
        alarms=(),
        emissions=None,
        marks=NO_MARKS,
    )


def portfolio_report(language: Language, *, plants: int = 32) -> PortfolioReport:
    """October 2026 of many plants, three of them in trouble and two silent."""
    lot = Random(7)
    lines = [_plant_line(index, lot) for index in range(plants)]
    plants_shown = weakest_first(lines)
    marks = tuple(_PLANT_MARKS.get(line.plant_key, ()) for line in plants_shown)
    return PortfolioReport(
        tenant_name="Sol do Cerrado Energia Ltda.",
        kind="month",
        first_day=FIRST,
        last_day=FIRST + timedelta(days=DAYS - 1),
        through_day=None,
        timezone="America/Sao_Paulo",
        language=language,
        issued_at=ISSUED,
        revision=1,
        report_id=f"sol-portfolio-month-2026-10-01-{language}",
        code_version="0.1.0",
        plants=plants_shown,
        marks=Marks(ordered(mark for row in marks for mark in row), plants=marks),
    )


def consumption_report(language: Language, *, customers: int = 24) -> ListingReport:
    """October 2026 of a group of customers: one far above its limits, one far below, one bill and one customer missing."""
    lot = Random(11)
    months = [date(2025 + (9 + index) // 12, (9 + index) % 12 + 1, 1) for index in range(13)]
    rows = [row for index in range(customers) for row in _customer_months(index, months, lot)]
    found = customers_of(rows)
    bars = consumption_months(found, months)
    return ListingReport(
        about="consumption",
        tenant_name="Sol do Cerrado Energia Ltda.",
        customer_group="Condomínio Vereda Norte",
        kind="month",
        first_day=FIRST,
        last_day=FIRST + timedelta(days=DAYS - 1),
        timezone="America/Sao_Paulo",
        language=language,
        issued_at=ISSUED,
        revision=1,
        report_id=f"sol-consumption-vereda-norte-month-2026-10-01-{language}",
        code_version="0.1.0",
        tiles=consumption_tiles(found, language),
        observations=consumption_observations(found, language),
        tables=consumption_tables(found, bars, language),
        marks=consumption_marks(found, is_provisional=False),
        method=say("method_consumption", language),
        months=bars,
    )


def _customer_months(index: int, months: list[date], lot: Random) -> list[dict]:
    usual = 180.0 + 90 * (index % 7)
    kwh = [usual * (1 + 0.12 * math.cos(month.month * math.pi / 6) + 0.04 * lot.uniform(-1, 1)) for month in months]
    kwh[-1] *= {3: 2.3, 8: 0.2}.get(index, 1.0)
    verdict = {3: "high", 8: "low", 15: None, 20: None}.get(index, "usual")
    known: list[float | None] = [*kwh[:-1], None if index == 15 else kwh[-1]]
    return [
        {
            "customer_id": index,
            "name": f"Unidade {101 + index}",
            "consumption_kwh": value,
            "is_whole": value is not None and not (index == 20 and place == len(months) - 1),
            "expected_kwh": usual * 1.06 if verdict else None,
            "lower_kwh": usual * 0.8 if verdict else None,
            "upper_kwh": usual * 1.33 if verdict else None,
            "verdict": verdict,
        }
        for place, value in enumerate(known)
    ]


def quality_report(language: Language) -> ListingReport:
    """A week of October 2026 of a tenant with refused files, quarantine, a silent plant and an account in trouble."""
    found = QualityFindings(
        feeds=[
            dict(zip(_FEED, row, strict=True))
            for row in (
                ("consumption", 12, 0, 2, 4_310, 25, 210.4, 415.0),
                ("huawei_devices", 2_016, 1, 0, 241_920, 0, 0.1, 0.3),
                ("plant_measurements", 168, 0, 0, 61_824, 14, 1.2, 26.5),
                ("sungrow_devices", 1_344, 0, 0, 96_768, 3, 0.2, 5.1),
            )
        ],
        refused=[
            {
                "name": f"fatura-{number}.xlsx",
                "feed": "consumption",
                "reason": "the workbook is protected by a password; save it without one and drop it again",
                "received_at": datetime(2026, 10, 22, 14, 5 * number, tzinfo=UTC),
            }
            for number in (2, 1)
        ],
        rules=[
            {"feed": "consumption", "rule": "subject_known", "rows": 25},
            {"feed": "plant_measurements", "rule": "within_physical_limits", "rows": 14},
            {"feed": "sungrow_devices", "rule": "time_plausible", "rows": 3},
        ],
        plants=[
            {"name": name, "coverage": coverage, "days_missing": missing, "days": 7, "last_day": last}
            for name, coverage, missing, last in (
                ("Usina Aroeira 2", 0.0, 7, None),
                ("Usina Buriti 1", 0.71, 2, date(2026, 10, 25)),
                ("Usina Serra Branca", 0.99, 0, date(2026, 10, 25)),
                ("Usina Pequi 3", 1.0, 0, date(2026, 10, 25)),
            )
        ],
        counters=[
            dict(zip(_COUNTER, row, strict=True))
            for row in (
                ("Inversor 03", "energy_total_kwh", 5, 4, 1, 0, 12),
                ("Medidor geral", "energy_day_kwh", 2, 0, 0, 3, 0),
            )
        ],
        accounts=[
            dict(zip(_ACCOUNT, row, strict=True))
            for row in (
                (
                    "huawei", "Filial sul", "active", None, datetime(2026, 10, 26, 9, 55, tzinfo=UTC), 3_120, 468, 480, 468 / 480,
                    4, None,
                ),
                (
                    "sungrow", "Filial norte", "needs attention", "the vendor refuses the password since 24 October; renew it",
                    datetime(2026, 10, 24, 3, 10, tzinfo=UTC), 12, None, None, None, 168, datetime(2026, 10, 26, 12, tzinfo=UTC),
                ),
            )
        ],
    )  # fmt: skip
    return ListingReport(
        about="quality",
        tenant_name="Sol do Cerrado Energia Ltda.",
        customer_group=None,
        kind="week",
        first_day=date(2026, 10, 19),
        last_day=date(2026, 10, 25),
        timezone="America/Sao_Paulo",
        language=language,
        issued_at=datetime(2026, 10, 26, 10, tzinfo=UTC),
        revision=1,
        report_id=f"sol-quality-week-2026-10-19-{language}",
        code_version="0.1.0",
        tiles=quality_tiles(found, language),
        observations=quality_observations(found, language),
        tables=quality_tables(found, language),
        method=say("method_quality", language, zone="America/Sao_Paulo"),
    )


def _inverter(index: int, weather: list[float], kwp: float, lot: Random) -> InverterRow:
    shares = [1 + 0.015 * lot.uniform(-1, 1) - (0.26 if index == 4 and day >= 8 else 0.0) for day in range(DAYS)]
    energies = [None if index == 6 and day in {16, 17} else 4.9 * kwp * weather[day] * share for day, share in enumerate(shares)]
    energy_kwh = sum(energy or 0.0 for energy in energies)
    # What it made on silent days is unknown: they lower its yield and its completeness, and are not compared.
    expected_kwh = sum(energy / share for energy, share in zip(energies, shares, strict=True) if energy is not None)
    told = sum(energy is not None for energy in energies) / DAYS
    row = InverterRow(
        f"Inversor {index + 1:02d}", energy_kwh, energy_kwh / kwp, energy_kwh / expected_kwh, 0.8 * kwp, 54.0 + index,
        0.995 * told,
        day_energies_kwh=tuple(energies),
        day_shares=tuple(None if energy is None else share for energy, share in zip(energies, shares, strict=True)),
    )  # fmt: skip
    if index != 4:
        return row
    lost = sum(4.9 * kwp * weather[day] * 0.26 for day in range(8, DAYS))
    return replace(row, lost_kwh=lost, low_days=DAYS - 8, low_since=FIRST + timedelta(days=8), low_share=0.74)


def _comparisons(energy_kwh: float, index: float) -> tuple[Comparison, ...]:
    last = FIRST + timedelta(days=DAYS - 1)
    return (
        Comparison("period", FIRST, last, 31, energy_kwh, index, True, energy_kwh / KWP, 0.781, 0.996, 0.989),
        Comparison("previous", date(2026, 9, 1), date(2026, 9, 30), 30, 14_120.4, 0.961, True, 112.6, 0.792, 1.0, 0.998),
        Comparison("year_before", date(2025, 10, 1), date(2025, 10, 31), 31, 14_760.9, 0.952, True, 117.7, None, 0.998, 0.997),
        Comparison("year_to_date", date(2026, 1, 1), last, 304, 147_902.7, 0.968, True, 1_179.4, 0.788, 0.995, 0.993),
    )


def _month(back: int) -> DayBar:
    year, month = divmod(2026 * 12 + 9 - back, 12)
    target = 15_200 + 1_800 * math.cos(month * math.pi / 6)
    return DayBar(date(year, month + 1, 1), target * (0.93 + 0.012 * ((back * 5) % 9)), target, 0.7 if back == 6 else 0.98)


def _alarms(weak: InverterRow) -> tuple[AlarmRow, ...]:
    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 10, day, hour + 3, 20, tzinfo=UTC)

    return (
        AlarmRow(None, "outage", "Outage", "critical", "heliograph", 1, at(17, 9), at(17, 15), False, None),
        AlarmRow(
            weak.name, "low", "Low beside its peers", "major", "heliograph", 1, at(9, 0), None, True, weak.lost_kwh,
            weak.lost_kwh * PRICE, "BRL",
        ),
        AlarmRow("Inversor 02", "2032", "No grid", "major", "vendor", 6, at(3, 11), at(24, 14), False, None),
        AlarmRow("Logger 1", "C-7", "Communication lost", "notice", "vendor", 2, at(17, 8), None, False, None),
    )  # fmt: skip


def _lost(row: AlarmRow, share: float) -> AlarmRow:
    """An alarm with so much of its loss."""
    if row.lost_kwh is None or row.lost_value is None:
        return row
    return replace(row, lost_kwh=row.lost_kwh * share, lost_value=row.lost_value * share)


def _plant_line(index: int, lot: Random) -> PlantLine:
    name = f"Usina {('Buriti', 'Ipê', 'Jatobá', 'Pequi', 'Aroeira', 'Mangaba', 'Cajuí', 'Sucupira')[index % 8]} {index // 8 + 1}"
    kwp = 75.0 + 25 * (index % 5)
    share = 0.97 + 0.05 * lot.uniform(-1, 1) - (0.3 if index in {3, 11} else 0.12 if index == 20 else 0)
    target = 124 * kwp
    if index in {9, 25}:
        return PlantLine(
            f"p{index}", name, None, None, None, None, False, 0, DAYS, None, None, None, None, None, None, "no data", 0,
            date(2026, 9, 22 + index // 9),
        )  # fmt: skip
    energy = target * share
    state = "critical" if index == 3 else "major" if index in {11, 20} else "minor" if index == 14 else "no alarm"
    lost = target * 0.25 if index in {3, 11} else target * 0.008 * lot.random()
    return PlantLine(
        f"p{index}", name, energy, energy, target, share, True, DAYS, DAYS, energy / kwp, 0.99, lost, energy * PRICE, "BRL",
        energy * FACTOR.co2_kg_kwh, state, 0 if state == "no alarm" else 1 + index % 2, date(2026, 10, 28 if index == 14 else 31),
    )  # fmt: skip


def _bell(quarter: int) -> float:
    return 88 * max(0.0, math.sin(math.pi * (quarter / 4 - 5.6) / 12.6)) ** 1.2 if 22 < quarter < 73 else 0.0
