"""Clear sky, plane and degradation: published figures, planes that are found again, and plants that have none."""

import numpy as np
import pytest

from include.analysis.clear_sky import clear_sky, clear_sky_power, plane_irradiance, usual_plane
from include.analysis.degradation import degradation
from include.analysis.plane_fit import clear_days, fit_plane, is_bright

HOURS_2025 = np.datetime64("2025-01-01T03:00", "us").astype(np.int64) + np.arange(8760) * 3_600_000_000


def year_of(latitude, longitude, tilt, azimuth, capacity_kwp=100.0, capacity_kw=None):
    sky = clear_sky(latitude, longitude, HOURS_2025)
    return sky, clear_sky_power(plane_irradiance(sky, tilt, azimuth), capacity_kwp, capacity_kw).reshape(365, 24)


def clouded(hours_kwh, clear_share=0.15, seed=0):
    rng = np.random.default_rng(seed)
    is_clear = rng.random((len(hours_kwh), 1)) < clear_share
    return hours_kwh * np.where(is_clear, 1.0, rng.uniform(0.1, 1.0, hours_kwh.shape))


@pytest.mark.parametrize(
    ("place", "mwh"),
    [((-15.79, -47.88), 202.2), ((-23.55, -46.63), 197.7), ((-3.73, -38.52), 188.1)],
    ids=["Brasilia", "Sao Paulo", "Fortaleza"],
)
def test_a_clear_sky_year_of_100_kwp_is_that_of_the_pvwatts_chain_within_3_percent(place, mwh):
    # PVWatts' chain in pvlib: 15 degrees to the north, losses 14 %, 25 degrees; computed independently by others.
    _, hours_kwh = year_of(*place, 15, 0)

    assert hours_kwh.sum() / 1000 == pytest.approx(mwh, rel=0.03)


def test_the_night_has_no_power_and_the_inverter_cuts_at_its_rating():
    sky, hours_kwh = year_of(-23.5, -46.6, 20, 0, 100, 60)

    assert hours_kwh.max() == pytest.approx(60)
    assert (hours_kwh.ravel()[sky.zenith_deg > 92] == 0).all()


@pytest.mark.parametrize(
    ("latitude", "longitude", "tilt", "azimuth"), [(-23.5, -46.6, 20, 330), (-15.8, -47.9, 10, 90), (40, -105, 35, 200)]
)
def test_a_plane_is_found_again_among_clouds(latitude, longitude, tilt, azimuth):
    sky, hours_kwh = year_of(latitude, longitude, tilt, azimuth, 250)

    found = fit_plane(clouded(hours_kwh), sky)

    assert found.tilt_deg == pytest.approx(tilt, abs=3)
    assert found.azimuth_deg == pytest.approx(azimuth, abs=5)
    assert found.capacity_kwp == pytest.approx(250, rel=0.02)


def test_with_a_registered_plane_only_the_capacity_is_fitted():
    sky, hours_kwh = year_of(-23.5, -46.6, 20, 0, 80)

    found = fit_plane(clouded(hours_kwh), sky, plane=(20.0, 0.0))

    assert (found.tilt_deg, found.azimuth_deg, found.capacity_kwp) == (20, 0, pytest.approx(80, rel=0.02))


def test_a_plant_that_follows_the_sun_or_is_new_has_no_fitted_plane():
    sky, hours_kwh = year_of(-23.5, -46.6, 20, 0)
    tracking = np.where(sky.zenith_deg < 80, 80.0, 0.0).reshape(365, 24)
    few = np.full_like(hours_kwh, np.nan)
    few[:4] = hours_kwh[:4]

    assert fit_plane(tracking, sky) is None
    noon_only = np.where(np.arange(24) == 15, hours_kwh, np.nan)

    assert fit_plane(noon_only, sky) is None
    assert fit_plane(few, sky) is None
    assert fit_plane(np.full_like(hours_kwh, np.nan), sky) is None
    assert fit_plane(np.zeros_like(hours_kwh), sky) is None


def test_a_day_with_a_gap_or_a_cloud_is_not_clear():
    _, hours_kwh = year_of(-23.5, -46.6, 20, 0)
    days = hours_kwh[100:110].copy()
    days[2, 14] = np.nan
    days[3, 14] *= 0.5

    assert sorted(clear_days(days).tolist()) == [0, 1, 4, 5, 6, 7, 8, 9]


def test_where_no_plane_is_known_it_looks_to_the_equator():
    assert [(p.tilt_deg, p.azimuth_deg) for p in (usual_plane(-23.5, 0), usual_plane(39.7, 0), usual_plane(-80, 0))] == [
        (23.5, 0), (39.7, 180), (60, 0)
    ]  # fmt: skip


def test_a_plant_that_loses_one_percent_a_year_is_told_so_and_below_two_years_nothing_is():
    rng = np.random.default_rng(4)
    clear_kwh = 500 + 100 * np.cos(2 * np.pi * np.arange(1200) / 365.25)
    days_kwh = clear_kwh * rng.uniform(0.9, 1.0, 1200) * 0.99 ** (np.arange(1200) / 365)

    found = degradation(days_kwh, clear_kwh, is_bright(days_kwh))

    assert found.pct == pytest.approx(-1.0, abs=0.4)
    assert found.low_pct < -1.0 < found.high_pct
    assert degradation(days_kwh[:729], clear_kwh[:729], is_bright(days_kwh[:729])) is None
    assert degradation(np.full(1200, np.nan), clear_kwh, np.zeros(1200, bool)) is None
