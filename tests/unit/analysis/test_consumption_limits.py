"""A month of consumption is judged by the months before it: hand-computed limits, and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.consumption import judged, read_meters, score
from include.analysis.consumption import METHODS, ConsumptionLimits, judge_months


def judge(*kwh: float) -> ConsumptionLimits:
    return judge_months(np.array([kwh], float))


def last(limits: ConsumptionLimits) -> dict:
    names = ("expected_kwh", "lower_kwh", "upper_kwh", "score")
    return {name: float(getattr(limits, name)[0, -1]) for name in names} | {"method": METHODS[limits.method[0, -1]]}


def test_two_months_are_too_few_to_judge_a_third():
    assert last(judge(100, 100, 900))["method"] == "none"


def test_after_three_months_only_gross_errors_are_told():
    told = last(judge(90, 100, 120, 300))

    assert (told["method"], told["expected_kwh"]) == ("short", pytest.approx(100))
    assert (told["lower_kwh"], told["upper_kwh"], told["score"]) == pytest.approx((20, 500, 0.5))
    assert judge(90, 100, 120, 501).is_unusual[0, -1]


def test_after_six_months_the_limits_are_three_deviations_from_the_mean():
    # Mean 500, sample variance (2 x 40000 + 2 x 10000) / 5 = 20000: 3 x 141.42 is more than 30 %.
    told = last(judge(500, 300, 400, 500, 600, 700, 80))

    assert (told["method"], told["expected_kwh"]) == ("recent", pytest.approx(500))
    assert told["lower_kwh"] == pytest.approx(500 - 424.264, abs=0.01)
    assert told["score"] == pytest.approx(-420 / 424.264, abs=1e-4)


def test_after_six_steady_months_a_change_of_less_than_thirty_percent_is_usual():
    told = last(judge(*[100] * 6, 129))

    assert (told["lower_kwh"], told["upper_kwh"], told["score"]) == pytest.approx((70, 130, 29 / 30))


def test_one_year_gives_the_season_and_the_trend_of_the_last_six_months():
    # The second year is 10 % above the first, so its July is expected at 1.1 x 200.
    first = [100, 120, 140, 160, 180, 190, 200, 190, 180, 160, 140, 120]
    told = last(judge(*first, *(1.1 * kwh for kwh in first[:6]), 400))

    assert told["method"] == "last_year"
    assert told["expected_kwh"] == pytest.approx(220)


def test_two_years_are_averaged_as_shares():
    # July was 200 and 242; the third year runs 10 % above the second and 21 % above the first.
    first = np.array([100, 120, 140, 160, 180, 190, 200, 190, 180, 160, 140, 120], float)
    second = 1.1 * first
    second[6] = 242
    told = last(judge(*first, *second, *(1.21 * first[:6]), 242))

    assert told["method"] == "seasonal"
    assert told["expected_kwh"] == pytest.approx(np.sqrt(1.21 * 200 * 1.1 * 242))


def test_no_limit_is_closer_than_ten_kilowatt_hours():
    assert not judge(*[4] * 6, 12).is_unusual[0, -1]
    assert judge(*[4] * 6, 15).is_unusual[0, -1]


def test_a_zero_is_unusual_until_zeros_are_usual():
    steady = [100.0] * 14

    assert judge(*steady, 0).is_unusual[0, -1]
    told = judge(*steady, *[0] * 6)
    assert told.is_unusual[0, -6:].tolist() == [True, True, True, False, False, False]
    assert last(told)["method"] == "none"


def test_one_wrong_month_does_not_spoil_the_next_ones():
    told = judge(*[100] * 14, 1000, 100, 100, 100)

    assert told.is_unusual[0, 14:].tolist() == [True, False, False, False]
    assert told.expected_kwh[0, 15] == pytest.approx(100)


def test_a_new_level_is_told_three_times_and_then_accepted():
    told = judge(*[100] * 26, *[200] * 10)

    assert told.is_unusual[0, 26:29].all()
    assert not told.is_unusual[0, 31:].any()


def test_months_that_are_unknown_are_not_judged_and_no_zero():
    kwh = np.array([[100.0] * 6 + [np.nan] * 3 + [100.0] * 6])

    told = judge_months(kwh)

    assert (told.method[0, 6:9] == 0).all()
    assert np.isnan(told.score[0, 6:9]).all()
    assert not told.is_unusual.any()


@pytest.mark.parametrize(
    "kwh", [np.full((2, 5), np.nan), np.zeros((1, 40)), np.empty((0, 12)), np.empty((3, 0)), np.full((1, 40), 1e9)]
)
def test_nothing_to_hold_a_month_against_gives_no_alarm(kwh):
    assert not judge_months(kwh).is_unusual.any()


HISTORIES = arrays(
    float,
    st.tuples(st.integers(1, 3), st.integers(1, 40)),
    elements=st.one_of(st.just(np.nan), st.just(0.0), st.floats(0.01, 1e6)),
)


@settings(max_examples=40)
@given(HISTORIES, st.data())
def test_no_later_month_changes_a_judgement(kwh, data):
    until = data.draw(st.integers(0, kwh.shape[1]))

    whole, part = judge_months(kwh), judge_months(kwh[:, :until])

    for name in ("method", "expected_kwh", "lower_kwh", "upper_kwh", "score"):
        np.testing.assert_array_equal(getattr(whole, name)[:, :until], getattr(part, name))


@settings(max_examples=40)
@given(HISTORIES)
def test_limits_enclose_what_was_expected_and_the_score_says_which_side(kwh):
    told = judge_months(kwh)
    is_judged = told.method > 0

    assert (np.isnan(told.expected_kwh) == ~is_judged).all()
    expected, lower, upper = (each[is_judged] for each in (told.expected_kwh, told.lower_kwh, told.upper_kwh))
    assert ((lower <= expected) & (expected <= upper) & (lower >= 0)).all()
    beyond = (kwh[is_judged] > upper) | (kwh[is_judged] < lower)
    close = np.isclose(kwh[is_judged], upper) | np.isclose(kwh[is_judged], lower)
    assert (beyond == told.is_unusual[is_judged])[~close].all()


def test_subjects_do_not_know_each_other():
    random = np.random.default_rng(1)
    kwh = random.lognormal(5, 0.3, (20, 40))

    together = judge_months(kwh)

    for row in range(20):
        np.testing.assert_array_equal(judge_months(kwh[row : row + 1]).score[0], together.score[row])


def test_injected_errors_are_found_in_real_meters_without_later_months():
    told = score(judged, read_meters(), seeds=10, share=0.02)

    assert told["f1"] >= 0.53
    assert told["by_kind"]["zero"] == told["by_kind"]["x 10"] == 1
    assert told["alerts"] <= 30
