"""A forecast by forecasts of the weather: used where it did better on the plant's own past, and not else."""

import numpy as np
import pytest

from include.analysis.forecast import DAYS_AHEAD, forecast_energy
from include.analysis.weather import WeatherTable, effective_irradiance, forecast_with_weather

DAYS = 105
HOURS = np.arange(24) + 0.5
CLEAR = np.clip(np.sin((HOURS - 6) / 12 * np.pi), 0, None) * 900


@pytest.fixture
def past():
    """Skies that differ from day to day, and energies of a tenth of a kilowatt-hour per W/m2; with the days ahead."""
    share = np.random.default_rng(1).uniform(0.15, 1.0, (DAYS + 1 + DAYS_AHEAD, 1))
    clear = np.tile(CLEAR, (DAYS + 1 + DAYS_AHEAD, 1))
    sky = share * clear
    return sky[:DAYS] / 10, sky[:DAYS].sum(axis=1) / 10, clear, sky


def every_lead(sky):
    return np.stack([sky] * DAYS_AHEAD)


def test_a_weather_that_comes_true_makes_the_forecast_of_all_days(past):
    energy, days, clear, sky = past

    found = forecast_with_weather(energy, days, clear, every_lead(sky))

    assert found is not None
    assert (found.by_weather.all(), found.reason) == (True, None)
    assert found.skill == pytest.approx([1.0] * DAYS_AHEAD, abs=0.01)
    assert found.forecast.hours_kwh[1] == pytest.approx(sky[-DAYS_AHEAD:] / 10)
    assert found.forecast.days_kwh[1] == pytest.approx(sky[-DAYS_AHEAD:].sum(axis=1) / 10)


def test_a_weather_that_says_nothing_leaves_the_forecast_as_it_is_without(past):
    energy, days, clear, sky = past
    shuffled = np.random.default_rng(2).permutation(sky, axis=0)

    found = forecast_with_weather(energy, days, clear, every_lead(shuffled))
    plain = forecast_energy(energy, days, clear)

    assert found is not None
    assert plain is not None
    assert (found.by_weather.any(), found.reason) == (False, "no better than without")
    assert (found.skill < 0.1).all()
    np.testing.assert_array_equal(found.forecast.hours_kwh, plain.hours_kwh)
    np.testing.assert_array_equal(found.forecast.days_kwh, plain.days_kwh)


def test_days_that_the_weather_is_not_told_for_are_as_without(past):
    energy, days, clear, sky = past
    told = every_lead(sky)
    told[:, DAYS + 1 + 3 :] = np.nan

    found = forecast_with_weather(energy, days, clear, told)
    plain = forecast_energy(energy, days, clear)

    assert found is not None
    assert plain is not None
    assert (found.by_weather.tolist(), found.reason) == ([True] * 3 + [False] * 4, "not told for the days")
    np.testing.assert_array_equal(found.forecast.hours_kwh[:, 3:], plain.hours_kwh[:, 3:])


def holes(told, rows, hours):
    told[:, rows, hours] = np.nan


@pytest.mark.parametrize(
    "hide",
    [
        lambda told: holes(told, np.arange(0, DAYS, 2)[:, None], [11, 12]),
        lambda told: holes(told, np.arange(0, DAYS, 3), slice(None)),
        lambda told: holes(told, np.arange(DAYS - 30, DAYS - 20), slice(None)),
    ],
    ids=["two hours at noon", "every third day", "ten days"],
)
def test_an_hour_of_the_past_that_was_not_told_is_no_hour_without_sun(past, hide):
    energy, days, clear, sky = past
    told = every_lead(sky)
    hide(told)

    found = forecast_with_weather(energy, days, clear, told)

    assert found is not None
    assert found.by_weather.all()
    assert found.skill == pytest.approx([1.0] * DAYS_AHEAD, abs=0.01)
    assert found.forecast.days_kwh[1] == pytest.approx(sky[-DAYS_AHEAD:].sum(axis=1) / 10)


def test_each_day_ahead_is_judged_by_what_was_told_as_early(past):
    energy, days, clear, sky = past
    told = every_lead(sky)
    told[4:] = np.random.default_rng(3).permutation(sky, axis=0)

    found = forecast_with_weather(energy, days, clear, told)

    assert found is not None
    assert (found.by_weather.tolist(), found.reason) == ([True] * 4 + [False] * 3, "no better than without")


def test_what_made_the_forecasts_error_after_it_was_told_does_not_help_to_judge_it(past):
    """Of a plant that grows by a hundredth a day each day ahead knows a day less, though the weather of all came true."""
    energy, days, clear, sky = past
    grown = 1.01 ** np.arange(DAYS)

    found = forecast_with_weather(energy * grown[:, np.newaxis], days * grown, clear, every_lead(sky))

    assert found is not None
    assert (np.diff(found.skill) < 0).all()


def test_a_weather_that_did_better_by_chance_is_not_rested_on(past):
    energy, days, clear, sky = past
    half_true = 0.4 * sky + 0.6 * np.random.default_rng(2).permutation(sky, axis=0)

    found = forecast_with_weather(energy, days, clear, every_lead(half_true))

    assert found is not None
    assert (found.skill > 0.1).all()
    assert (found.by_weather.any(), found.reason) == (False, "no better than without")


def test_thirteen_past_days_are_too_few_to_trust_a_weather(past):
    energy, days, clear, sky = past
    told = every_lead(sky)
    told[:, : DAYS - 13] = np.nan

    found = forecast_with_weather(energy, days, clear, told)

    assert found is not None
    assert (found.by_weather.any(), found.reason) == (False, "too few past days")


def test_nothing_is_told_of_a_plant_of_which_too_little_is_known(past):
    energy, days, clear, sky = past

    assert forecast_with_weather(np.full_like(energy, np.nan), np.full_like(days, np.nan), clear, every_lead(sky)) is None


def test_irradiance_comes_to_the_plane_by_the_clear_sky_and_counts_less_on_hot_modules():
    unknown = np.full((1, 3), np.nan)
    ghi, clear_ghi = np.array([[400.0, 5.0, 900.0]]), np.array([[800.0, 10.0, 500.0]])
    clear_plane = np.array([[1000.0, 40.0, 600.0]])
    poa, air = np.array([[700.0, np.nan, -3.0]]), np.full((1, 3), 20.0)

    by_ghi = effective_irradiance(WeatherTable(ghi, unknown, unknown), clear_ghi, clear_plane)
    by_poa = effective_irradiance(WeatherTable(ghi, poa, air), clear_ghi, clear_plane)

    # Half of the clear sky; too dim for a share; no more than one and a half of the clear sky.
    assert by_ghi.tolist() == [[500.0, 40.0, 900.0]]
    # What is not told of a dim hour is not its clear sky.
    assert np.isnan(effective_irradiance(WeatherTable(unknown, unknown, unknown), clear_ghi, clear_plane)).all()
    # PVsyst in a wind of 1 m/s: 20 + 700 x 0.9 x (1 - 0.1) / 29 = 39.55 degrees, so 5.8 % less of 700.
    assert by_poa[0, 0] == pytest.approx(700 * (1 - 0.004 * 14.55), rel=1e-3)
    assert by_poa[0, 2] == 0
