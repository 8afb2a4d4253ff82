"""Reports made by hand: a month and a day of a demo plant, to be changed by each test."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from include.reports.model import (
    Completeness,
    DayBar,
    Headline,
    InverterRow,
    Money,
    PlantReport,
    PowerPoint,
    Provenance,
    TargetWindow,
    with_peer_shares,
)

MakeReport = Callable[..., PlantReport]

_TARGET = 15_500.0 / 31


def make_inverters(count: int, *, low: int | None = None, silent: int | None = None, days: int = 31) -> tuple[InverterRow, ...]:
    rows = []
    for index in range(count):
        specific = 4.15 * days * (1 + 0.02 * math.sin(index)) * (0.78 if index == low else 1)
        rows.append(
            InverterRow(f"Inversor {index + 1:02d}", specific * 15, specific, None, 14.6 + 0.05 * index, 58.2 + index % 7, 0.994)
        )
    if silent is not None:
        rows[silent] = InverterRow(f"Inversor {silent + 1:02d}", None, None, None, None, None, 0.0)
    return with_peer_shares(rows)


def make_month(**changes: Any) -> PlantReport:
    """October 2026 of a demo plant with one low inverter and one incomplete day."""
    days = tuple(
        DayBar(
            date(2026, 10, 1) + timedelta(days=index),
            490 + 120 * math.sin(index * 1.7) - (180 if index in {8, 9, 21} else 0),
            _TARGET,
            0.62 if index == 13 else 0.99,
        )
        for index in range(31)
    )
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
        completeness=Completeness((), None, (("within_physical_limits", 100), ("time_plausible", 23))),
        provenance=Provenance(
            248, "0f3a9c1b77de0000", "fe91b2c4a0c30000", 71_424, datetime(2026, 11, 1, 6, 2, tzinfo=UTC), "0.1.0"
        ),
    )
    return replace(report, **changes)


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
