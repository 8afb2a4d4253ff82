"""Readings that hardly were measured: what is marked in labelled real series, at night, at edges and in almost nothing."""

import numpy as np
import pytest

from bench.quality import FILES, marks_of, read_labelled, score_gauge
from include.analysis.series_marks import interpolated, outliers, stale, still

QUARTER = 900_000_000
CURVE = 40 * np.sin(np.linspace(0, np.pi, 49)) * np.where(np.arange(49) % 2, 0.97, 1.0)


def at(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64) * QUARTER


@pytest.mark.parametrize(
    ("kind", "precision", "recall"), [("stale", 0.99, 0.99), ("interpolated", 0.95, 0.9), ("outlier", 0.8, 0.8)]
)
def test_labelled_readings_of_real_series_are_told(kind, precision, recall):
    at_us, power, labels = read_labelled(kind)
    marks = marks_of(at_us, power)[kind]

    assert labels.any()
    assert (marks & labels).sum() >= recall * labels.sum()
    assert (marks & labels).sum() >= precision * marks.sum()
    assert set(FILES) == {"stale", "interpolated", "outlier"}


def test_nights_are_neither_stale_nor_interpolated():
    night = np.concatenate([np.zeros(40), CURVE, np.full(40, -0.003)])

    for marks in marks_of(at(len(night)), night).values():
        assert not marks.any()


def test_a_power_that_is_repeated_four_times_is_stale_and_three_times_not():
    for count, expected in ((3, 0), (4, 4), (9, 9)):
        power = CURVE.copy()
        power[20 : 20 + count] = power[20]
        assert stale(power).sum() == expected
        assert not interpolated(at(49), power)[20 : 20 + count].any()


def test_a_line_across_a_gap_is_interpolated_and_one_over_unequal_times_is_not():
    power = CURVE.copy()
    power[10:20] = np.linspace(power[10], power[10] + 9, 10)
    stamps = at(49)

    assert interpolated(stamps, power)[10:20].all()
    assert interpolated(stamps, power).sum() == 10
    stamps += np.arange(49) ** 2 * 60_000_000
    assert not interpolated(stamps, power).any()


def test_a_reading_alone_far_from_its_neighbours_is_an_outlier_wherever_it_stands():
    for place in (0, 24, 48):
        power = CURVE.copy()
        power[place] = 400.0
        assert np.flatnonzero(outliers(power)).tolist() == [place]


@pytest.mark.parametrize("power", [[], [1.0], [0.0, 0.0], [5.0, 5.0, 5.0], [-1.0] * 10])
def test_of_almost_nothing_nothing_is_marked(power):
    for marks in marks_of(at(len(power)), np.array(power, float)).values():
        assert marks.shape == (len(power),)
        assert not marks.any()


def hours(count: float) -> np.ndarray:
    """A reading every quarter of so many hours."""
    return at(int(4 * count))


def test_a_gauge_that_usually_moves_is_stale_where_it_stands_still_for_six_hours():
    stamps, values = hours(24), np.round(20 + 5 * np.sin(np.arange(96) / 15), 2)
    stuck, shorter = values.copy(), values.copy()
    stuck[40:66] = 21.11
    shorter[40:64] = 21.11

    assert list(np.flatnonzero(still(stamps, stuck, usual_span=10.0))) == list(range(40, 66))
    assert not still(stamps, shorter, usual_span=10.0).any()
    assert not still(stamps, values, usual_span=10.0).any()


def test_a_gauge_may_stand_still_at_its_least_and_greatest_value_and_where_it_hardly_ever_moves():
    light = np.concatenate([np.zeros(40), 300 + 10 * np.arange(16.0), np.zeros(40)])
    cellar = np.concatenate([np.full(40, 12.1), np.full(16, 12.2), np.full(40, 12.3)])

    assert not still(hours(24), light, usual_span=450.0).any()
    assert not still(hours(24), cellar, usual_span=0.2).any()


def test_a_gauge_that_stood_still_all_day_is_stale_if_it_usually_moves_and_not_if_it_never_did():
    constant = np.full(96, 7.0)

    assert still(hours(24), constant, usual_span=3.0).all()
    assert not still(hours(24), constant, usual_span=0.0).any()
    assert not still(hours(0), np.array([]), usual_span=3.0).any()


def test_faults_that_are_put_into_a_real_gauge_are_told_and_nothing_else_is():
    recall, wrongly = score_gauge()

    assert min(recall.values()) >= 0.95
    assert max(wrongly.values()) <= 0.005
