"""Reports made by hand: a month and a day of a demo plant, to be changed by each test."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from include.reports.model import (
    AlarmRow,
    Comparison,
    Completeness,
    DayBar,
    EmissionFactor,
    Emissions,
    Headline,
    InverterRow,
    Money,
    PlantReport,
    PowerPoint,
    Provenance,
    TargetWindow,
)

MakeReport = Callable[..., PlantReport]

_TARGET = 15_500.0 / 31


def make_inverters(count: int, *, low: int | None = None, silent: int | None = None, days: int = 31) -> tuple[InverterRow, ...]:
    rows = []
    for index in range(count):
        share = (1 + 0.02 * math.sin(index)) * (0.78 if index == low else 1)
        specific = 4.15 * days * share
        row = InverterRow(
            f"Inversor {index + 1:02d}", specific * 15, specific, share, 14.6 + 0.05 * index, 58.2 + index % 7, 0.994
        )
        if index == low:
            lost = 4.15 * days * 15 - specific * 15
            row = replace(row, lost_kwh=lost, low_days=days, low_since=date(2026, 10, 1), low_share=share)
        rows.append(row)
    if silent is not None:
        name = f"Inversor {silent + 1:02d}"
        rows[silent] = InverterRow(name, None, None, None, None, None, 0.0, not_compared="not measured")
    return tuple(rows)


def make_month(**changes: Any) -> PlantReport:
    """October 2026 of a demo plant with one low inverter and one incomplete day."""
    days = tuple(
        DayBar(
            date(2026, 10, 1) + timedelta(days=index),
            490 + 120 * math.sin(index * 1.7) - (180 if index in {8, 9, 21} else 0),
            _TARGET,
            0.62 if index == 13 else 0.99,
            performance_index=None if index == 13 else 0.95 + 0.01 * (index % 7),
        )
        for index in range(31)
    )
    counted_kwh = sum(bar.energy_kwh for bar in days if bar.completeness >= 0.9)
    report = PlantReport(
        tenant_name="demo",
        plant_name="Usina Serf East",
        city="Uberlândia",
        capacity_kwp=125.4,
        capacity_kw=100.0,
        timezone="America/Sao_Paulo",
        kind="month",
        first_day=date(2026, 10, 1),
        last_day=date(2026, 10, 31),
        language="pt-BR",
        issued_at=datetime(2026, 11, 1, 9, 5, tzinfo=UTC),
        revision=1,
        report_id="serf-east-2026-10",
        headline=Headline(15_012.4, 15_500.0, 0.9712, 30, 31, 119.72, 0.974, Money(0.92, "BRL", 13_811.41)),
        days=days,
        inverters=make_inverters(8, low=4),
        windows=(
            TargetWindow(1, 1, 512.3, 500.0, 1.0246),
            TargetWindow(7, 7, 3_391.0, 3_500.0, 0.9689),
            TargetWindow(30, 29, 14_082.3, 14_500.0, 0.9712),
        ),
        whole=TargetWindow(31, 30, counted_kwh, 15_000.0, 0.9712),
        completeness=Completeness((), None, (("within_physical_limits", 100), ("time_plausible", 23))),
        provenance=Provenance(
            248, "0f3a9c1b77de0000", "fe91b2c4a0c30000", 71_424, datetime(2026, 11, 1, 6, 2, tzinfo=UTC), "0.1.0"
        ),
    )
    return replace(report, **changes)


def make_full_month(**changes: Any) -> PlantReport:
    """The same month with all that may stand beside it: other periods, twelve months, alarms, days of inverters, CO2."""
    month = make_month()
    rows = []
    for index, row in enumerate(month.inverters):
        shares = tuple(row.peer_share * (1 + 0.03 * math.sin(day * (index + 2))) for day in range(31))
        energies = tuple(None if index == 5 and day in {3, 4} else 62.0 for day in range(31))
        rows.append(replace(row, day_energies_kwh=energies, day_shares=shares))
    whole = (31, 15_012.4, 0.9712, True, 119.72, 0.7812, 0.998, 0.987)
    comparisons = (
        Comparison("period", date(2026, 10, 1), date(2026, 10, 31), *whole),
        Comparison("previous", date(2026, 9, 1), date(2026, 9, 30), 30, 13_990.2, 0.951, True, 111.56, 0.79, 1.0, 0.993),
        Comparison("year_before", date(2025, 10, 1), date(2025, 10, 31), 12, 5_010.0, 0.98, False, 39.95, None, 0.4, 0.99),
        Comparison("year_to_date", date(2026, 1, 1), date(2026, 10, 31), 304, 151_220.0, 0.962, True, 1_205.9, 0.784, 0.99, 0.98),
    )
    months = tuple(
        DayBar(date(2025 + (9 + index) // 12, (9 + index) % 12 + 1, 1), 14_000 + 2_500 * math.cos(index * 0.55), 15_300.0, 0.97)
        for index in range(1, 13)
    )
    alarms = (
        AlarmRow(None, "outage", "x", "critical", "heliograph", 1, moment(9), moment(10), False, None),
        AlarmRow("Inversor 05", "low", "x", "major", "heliograph", 1, moment(1), None, True, 428.25),
        AlarmRow("Inversor 02", "532", "No grid", "major", "vendor", 6, moment(8), moment(22), False, None),
        AlarmRow("Logger A", "C-7", "Communication lost", "notice", "vendor", 2, moment(3), None, False, None),
    )
    emissions = Emissions(577.98, (EmissionFactor(0.0385, "MCTI, média 2023", date(2023, 1, 1)),))
    full = replace(month, inverters=tuple(rows), comparisons=comparisons, months=months, alarms=alarms, emissions=emissions)
    return replace(full, **changes)


def moment(day: int) -> datetime:
    return datetime(2026, 10, day, 11, 30, tzinfo=UTC)


def make_day(**changes: Any) -> PlantReport:
    """15 October 2026 of the same plant, quarter-hourly, with a gap at noon."""
    midnight = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
    power = tuple(
        PowerPoint(midnight + timedelta(minutes=15 * quarter), _bell(quarter / 4))
        for quarter in range(22, 74)
        if not 50 <= quarter < 56
    )
    report = replace(
        make_month(),
        kind="day",
        first_day=date(2026, 10, 15),
        last_day=date(2026, 10, 15),
        report_id="serf-east-2026-10-15",
        headline=Headline(512.3, 500.0, 1.0246, 1, 1, 4.09, 0.91, None),
        days=(),
        whole=None,
        power=power,
        inverters=make_inverters(3, days=1),
        completeness=Completeness((), 1.5, ()),
    )
    return replace(report, **changes)


def make_empty(**changes: Any) -> PlantReport:
    """A month in which nothing arrived and nobody registered a target."""
    silent = tuple(InverterRow(f"INV-{number}", None, None, None, None, None, 0.0) for number in (1, 2))
    days = tuple(DayBar(date(2026, 10, day), None, None, None) for day in range(1, 32))
    missing = tuple(bar.day for bar in days)
    return replace(
        make_month(),
        headline=Headline(None, None, None, 0, 31, None, None, None),
        days=days,
        inverters=silent,
        windows=tuple(TargetWindow(count, 0, None, None, None) for count in (1, 7, 30)),
        completeness=Completeness(missing, None, ()),
        provenance=Provenance(0, None, None, 0, None, "0.1.0"),
        **changes,
    )


def _bell(hour: float) -> float:
    return 96 * max(0.0, math.sin(math.pi * (hour - 5.6) / 12.6)) ** 1.4 * (0.75 if 9 < hour < 10 else 1)


@pytest.fixture
def full_month() -> MakeReport:
    return make_full_month


@pytest.fixture
def month() -> MakeReport:
    return make_month


@pytest.fixture
def day() -> MakeReport:
    return make_day


@pytest.fixture
def empty() -> MakeReport:
    return make_empty


@pytest.fixture
def inverters() -> Callable[..., tuple[InverterRow, ...]]:
    return make_inverters
