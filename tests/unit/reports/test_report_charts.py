"""Axes that people like, and gaps that stay gaps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.reports import charts
from include.reports.model import PowerPoint


@pytest.mark.parametrize(
    ("largest", "ticks", "unit", "decimals"),
    [
        (622, [0, 200, 400, 600, 800], "kWh", 0),
        (98, [0, 20, 40, 60, 80, 100], "kWh", 0),
        (101, [0, 25, 50, 75, 100, 125], "kWh", 0),
        (0.9, [0, 0.2, 0.4, 0.6, 0.8, 1.0], "kWh", 1),
        (12_000, [0, 2_500, 5_000, 7_500, 10_000, 12_500], "MWh", 1),
        (0, [0, 0.5, 1.0], "kWh", 1),
        (float("nan"), [0, 0.5, 1.0], "kWh", 1),
    ],
)
def test_an_axis_has_two_to_five_round_steps(largest, ticks, unit, decimals):
    scale = charts.nice_scale(largest)

    assert scale.ticks == pytest.approx(ticks)
    assert (scale.unit, scale.decimals) == (unit, decimals)


@pytest.mark.parametrize("exponent", range(-3, 9))
@pytest.mark.parametrize("factor", [1.0, 1.01, 1.9, 2.4, 3.7, 5.0, 7.7, 9.99])
def test_an_axis_always_holds_its_largest_value(factor, exponent):
    largest = factor * 10.0**exponent

    scale = charts.nice_scale(largest)

    assert largest <= scale.top * (1 + 1e-9)
    assert 3 <= len(scale.ticks) <= 6


def test_a_gap_at_noon_is_a_gap_and_the_night_is_none(day):
    curve = charts._curve(day())

    # Quarters 50 to 55 of the day are absent: 12:15 to 14:00 local.
    assert [(gap.start, gap.end) for gap in curve.gaps] == [
        (datetime(2026, 10, 15, 15, 15, tzinfo=UTC), datetime(2026, 10, 15, 17, 0, tzinfo=UTC))
    ]
    assert len(curve.runs) == 2


def test_a_late_first_reading_under_full_sun_leaves_the_morning_unknown(day):
    report = day()
    late = tuple(point for point in report.power if point.instant >= datetime(2026, 10, 15, 17, 0, tzinfo=UTC))

    curve = charts._curve(replace(report, power=late))

    assert curve.gaps[0].start == datetime(2026, 10, 15, 9, 0, tzinfo=UTC)  # 06:00 local
    assert curve.gaps[0].end == datetime(2026, 10, 15, 17, 0, tzinfo=UTC)


def test_unknown_points_are_not_drawn_as_zero(day):
    report = day()
    unknown = tuple(PowerPoint(point.instant, None) for point in report.power)

    assert charts._curve(replace(report, power=unknown)) is None


def test_a_day_by_the_second_is_thinned_and_keeps_its_mean(day):
    start = datetime(2026, 10, 15, 9, 0, tzinfo=UTC)
    points = tuple(PowerPoint(start + timedelta(seconds=5 * index), 50.0) for index in range(7_200))

    curve = charts._curve(day(power=points))

    assert sum(len(run) for run in curve.runs) <= 480
    assert {power for run in curve.runs for _, power in run} == {50.0}
