"""The forecast of the days ahead: quantiles by hand, and what must hold whatever the sky does."""

import numpy as np
import pytest

from include.analysis.forecast import DAYS_AHEAD, forecast_energy, weighted_quantiles

# A sun of four lit hours: 0 at night, 1 and 2 at the edges.
SUN = np.array([0.0] * 10 + [1, 2, 2, 1] + [0.0] * 10)


def history(shares, sun=SUN):
    """Days that made these shares of the sun, the energies of the days, and the sun of them, of today and of seven days ahead."""
    hours = np.array(shares, float)[:, None] * sun
    return hours, hours.sum(axis=1), np.tile(sun, (len(shares) + 1 + DAYS_AHEAD, 1))


def test_quantiles_are_interpolated_between_the_middles_of_equal_weights():
    # Middles of four equal weights: 1/8, 3/8, 5/8, 7/8; the median lies half way from 2 to 3.
    found = weighted_quantiles(np.array([[4.0], [1.0], [3.0], [2.0]]), np.ones(4), (0.125, 0.5, 0.875, 1.0))

    assert found[:, 0].tolist() == [1, 2.5, 4, 4]


def test_a_value_that_weighs_more_pulls_the_median():
    # Weights 1 and 3: middles 1/8 and 5/8, so the median lies 3/4 of the way from 10 to 20.
    assert weighted_quantiles(np.array([[10.0], [20.0]]), np.array([1.0, 3.0]), (0.5,))[0, 0] == 17.5


def test_what_is_unknown_weighs_nothing_and_a_column_of_nothing_is_unknown():
    values = np.array([[np.nan, np.nan], [5.0, np.nan], [7.0, np.nan]])

    assert weighted_quantiles(values, np.array([100.0, 1, 1]), (0.5,))[0].tolist() == pytest.approx([6, np.nan], nan_ok=True)


def test_equal_days_are_told_again_without_doubt():
    found = forecast_energy(*history([0.5] * 60))

    assert found.days_known == 56
    assert found.hours_kwh.shape == (3, 7, 24)
    assert found.hours_kwh == pytest.approx(np.broadcast_to(0.5 * SUN, (3, 7, 24)))
    assert found.days_kwh == pytest.approx(np.full((3, 7), 3.0))


def test_the_day_ahead_has_the_sun_of_its_own_season():
    hours, days, sun = history([0.5] * 60)
    sun[-1] = 2 * SUN

    assert forecast_energy(hours, days, sun).days_kwh[1].tolist() == pytest.approx([3] * 6 + [6])


def test_thirteen_known_days_are_too_few_and_fourteen_are_enough():
    assert forecast_energy(*history([0.5] * 13)) is None
    assert forecast_energy(*history([np.nan] * 90 + [0.5] * 13)) is None
    assert forecast_energy(*history([np.nan] * 90 + [0.5] * 14)).days_known == 14


def test_the_night_is_zero_and_an_hour_that_was_never_known_is_unknown():
    hours, days, sun = history([0.5] * 60)
    hours[:, 10] = np.nan
    hours[:, :5] = np.nan

    found = forecast_energy(hours, days, sun)

    assert np.isnan(found.hours_kwh[:, :, 10]).all()
    assert (found.hours_kwh[:, :, :10] == 0).all()
    assert found.days_kwh == pytest.approx(3.0)


def test_what_lies_more_than_eight_weeks_back_changes_no_median():
    rng = np.random.default_rng(1)
    recent = rng.uniform(0, 1, 56)
    tables = [history([*old, *recent]) for old in (rng.uniform(0, 1, 60), np.zeros(60))]

    one, other = (forecast_energy(*table) for table in tables)

    assert one.hours_kwh[1].tolist() == other.hours_kwh[1].tolist()


def test_the_quantiles_are_in_order_and_nothing_is_below_zero_nor_by_chance():
    rng = np.random.default_rng(2)
    shares = np.clip(rng.normal(0.4, 0.5, 100), -0.05, 1.2)

    found, again = forecast_energy(*history(shares)), forecast_energy(*history(shares))

    assert (np.diff(found.hours_kwh, axis=0) >= 0).all()
    assert (np.diff(found.days_kwh, axis=0) >= 0).all()
    assert found.hours_kwh.min() == 0
    assert found.hours_kwh.tolist() == again.hours_kwh.tolist()


def test_eight_of_ten_days_of_a_sky_that_keeps_its_habits_lie_between_the_outer_quantiles():
    rng = np.random.default_rng(3)
    shares = rng.beta(4, 1.5, 1500)
    hours, days, sun = history(shares)
    within = []
    for issued in range(120, 1400, 3):
        found = forecast_energy(hours[issued - 105 : issued], days[issued - 105 : issued], sun[issued - 105 : issued + 8])
        within.append(found.days_kwh[0, 0] <= days[issued + 1] <= found.days_kwh[2, 0])

    assert 0.77 <= np.mean(within) <= 0.93


def test_polar_night_has_no_forecast():
    assert forecast_energy(*history([0.0] * 60, sun=np.zeros(24))) is None
