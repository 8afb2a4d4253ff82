"""Daylight, the weight of the sun and the place of a plant, against the NREL solar position algorithm, geometry and maps.

The figures of `SOLAR_POSITION` are from `pvlib.solarposition.spa_python` of pvlib 0.16.1 (true height of the sun's centre, every
10 s of a solar day): when it is first and last above 5 degrees, and the integrals of its sine over the day and from four to three
hours before mean solar noon.
"""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
import pytest

from include.rollups.daylight import Place, daylight, place_of, solar_day, sun_weights

HOUR_US = 3_600_000_000
SOLAR_POSITION = [
    ("2026-03-20", -23.55, -46.63, "2026-03-20T09:35", "2026-03-20T20:51", 25203, 1919),  # São Paulo
    ("2026-06-21", -23.55, -46.63, "2026-06-21T10:16", "2026-06-21T20:00", 16681, 1247),
    ("2024-12-31", -23.55, -46.63, "2024-12-31T08:50", "2024-12-31T21:28", 30363, 2373),
    ("2026-11-03", -3.73, -38.52, "2026-11-03T08:34", "2026-11-03T20:00", 27225, 2357),  # Fortaleza
    ("2026-03-20", 52.52, 13.41, "2026-03-20T05:47", "2026-03-20T16:40", 16695, 1266),  # Berlin
    ("2026-06-21", 52.52, 13.41, "2026-06-21T03:31", "2026-06-21T18:44", 31519, 2344),
    ("2026-11-03", 52.52, 13.41, "2026-11-03T06:50", "2026-11-03T14:49", 8217, 656),
    ("2026-06-21", -33.87, 151.21, "2026-06-20T21:32", "2026-06-21T06:21", 12269, 851),  # Sydney
    ("2026-06-21", 69.65, 18.96, "2026-06-21T00:31", "2026-06-21T21:00", 32222, 2033),  # Tromsø
    ("2026-11-03", -13.83, -171.77, "2026-11-03T17:16", "2026-11-04T05:04", 28540, 2460),  # Apia
]


def days(*dates: str) -> np.ndarray:
    return np.array(dates, "datetime64[D]").astype(np.int32)


def instants(*stamps: str) -> np.ndarray:
    return np.array(stamps, "datetime64[us]").astype(np.int64)


@pytest.mark.parametrize(("date", "latitude", "longitude", "begin", "end", "_day", "_hour"), SOLAR_POSITION)
def test_daylight_begins_and_ends_within_three_minutes_of_the_solar_position(date, latitude, longitude, begin, end, _day, _hour):
    lo, hi = daylight(days(date), latitude, longitude)

    # The minute before the first and the one after the last are cut off in the figures: two minutes, and that one.
    assert abs(lo - instants(begin)) <= 180e6
    assert abs(hi - instants(end)) <= 180e6


@pytest.mark.parametrize(("date", "latitude", "longitude", "_begin", "_end", "of_day", "of_hour"), SOLAR_POSITION)
def test_weights_are_those_of_the_solar_position(date, latitude, longitude, _begin, _end, of_day, of_hour):
    noon = days(date).astype(np.int64) * 24 * HOUR_US + np.int64((12 - longitude / 15) * HOUR_US)
    start = np.concatenate([noon - 12 * HOUR_US, noon - 4 * HOUR_US])
    end = np.concatenate([noon + 12 * HOUR_US, noon - 3 * HOUR_US])

    weights = sun_weights(start, end, latitude, longitude)

    # Half a day's change of the declination at an equinox, which is all there is, is 1.5 % in the far north.
    assert weights == pytest.approx([of_day, of_hour], rel=0.015)


def test_places_and_days_are_taken_one_by_one_as_arrays():
    latitude, longitude = np.array([-23.55, 52.52]), np.array([-46.63, 13.41])
    at = days("2026-03-20", "2026-06-21")

    lo, hi = daylight(at, latitude, longitude)

    for i in range(2):
        alone = daylight(at[i : i + 1], float(latitude[i]), float(longitude[i]))
        assert (lo[i], hi[i]) == (alone[0][0], alone[1][0])
    assert sun_weights(lo, hi, latitude, longitude)[1] == sun_weights(lo[1:], hi[1:], 52.52, 13.41)[0]


def test_polar_night_is_empty_and_midnight_sun_is_the_whole_solar_day():
    lo, hi = daylight(days("2026-12-21", "2026-06-21"), 78.22, 15.65)  # Longyearbyen

    assert (hi - lo).tolist() == [0, 24 * HOUR_US]
    assert sun_weights(lo, hi, 78.22, 15.65)[0] == 0
    # It does not set, so the cosine of the hour angle cancels out over the day.
    mean_sine = np.sin(np.radians(78.22)) * np.sin(np.radians(23.44))
    assert sun_weights(lo, hi, 78.22, 15.65)[1] == pytest.approx(86400 * mean_sine, rel=1e-3)


def test_at_the_poles_there_is_one_day_and_one_night():
    lo, hi = daylight(days("2026-06-21", "2026-06-21"), np.array([90.0, -90.0]), 0.0)

    assert (hi - lo).tolist() == [24 * HOUR_US, 0]
    assert sun_weights(lo, lo + 24 * HOUR_US, np.array([90.0, -90.0]), 0.0).tolist() == pytest.approx(
        [86400 * np.sin(np.radians(23.44)), 0], rel=1e-3
    )


def test_on_the_equator_at_an_equinox_the_day_has_two_radians_of_weight():
    # Integral of cos(angle) from -90 to 90 degrees is 2 radians, at 86,400 s for 2 pi.
    noon = instants("2026-03-20T12:00")

    assert sun_weights(noon - 12 * HOUR_US, noon + 12 * HOUR_US, 0.0, 0.0) == pytest.approx(2 * 86400 / (2 * np.pi), rel=1e-4)


@pytest.mark.parametrize(("latitude", "longitude"), [(-23.55, -46.63), (64.1, -21.9), (31.2, 75.9)])
def test_the_hours_of_a_day_add_up_to_the_day_and_the_night_has_none(latitude, longitude):
    noon = days("2026-04-10").astype(np.int64) * 24 * HOUR_US + np.int64((12 - longitude / 15) * HOUR_US)
    start = noon + np.arange(-12, 12) * HOUR_US

    hours = sun_weights(start, start + HOUR_US, latitude, longitude)

    assert hours.sum() == pytest.approx(sun_weights(start[:1], start[:1] + 24 * HOUR_US, latitude, longitude)[0], rel=1e-9)
    assert hours[[0, 1, 22, 23]].tolist() == [0, 0, 0, 0]
    assert (hours >= 0).all()


def test_weights_are_the_numerical_integral_of_the_suns_height_between_any_two_instants():
    rng = np.random.default_rng(7)
    latitude, longitude = rng.uniform(-80, 80, 200), rng.uniform(-180, 180, 200)
    start = instants("2026-01-01T00:00") + rng.integers(0, 365 * 24 * HOUR_US, 200)
    length = rng.integers(0, 24 * HOUR_US, 200)

    weights = sun_weights(start, start + length, latitude, longitude)

    # Declination by Cooper's formula at the middle, hour angle by the mean sun: other fits, so minutes and half a degree apart.
    middle = start + length // 2
    day_of_year = (middle - instants("2026-01-01T00:00")) / (24 * HOUR_US)
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day_of_year) / 365)
    at = start[:, None] + length[:, None] * np.linspace(0, 1, 2001)
    angle = 2 * np.pi * (at / (24 * HOUR_US) + longitude[:, None] / 360 - 0.5)
    north = np.radians(latitude)[:, None]
    height = np.sin(north) * np.sin(declination)[:, None] + np.cos(north) * np.cos(declination)[:, None] * np.cos(angle)
    expected = np.trapezoid(np.maximum(0, height), dx=1.0, axis=1) * length / 1e6 / 2000
    assert weights == pytest.approx(expected, abs=0.04 * 24 * 3600 / np.pi)
    assert np.corrcoef(weights, expected)[0, 1] > 0.9995


def test_an_instant_belongs_to_the_date_of_its_longitude_not_of_its_zone():
    # Noon in Apia (UTC+13, 171.8 degrees west) is 23:00 UTC of the day before, and the sun has the date of Hawaii there.
    assert solar_day(instants("2026-11-03T23:00"), -171.77).tolist() == days("2026-11-03").tolist()
    assert solar_day(instants("2026-11-04T02:30"), -46.63).tolist() == days("2026-11-03").tolist()
    assert solar_day(instants("1969-12-31T12:00"), 0.0).tolist() == [-1]


def test_the_light_of_a_local_day_in_samoa_is_inside_that_day():
    begin = np.datetime64("2026-11-03T11:00").astype("datetime64[us]").astype(np.int64)  # 4 November, 00:00 in UTC+13
    middle = np.array([begin + 12 * HOUR_US])

    lo, hi = daylight(solar_day(middle, -171.77), -13.83, -171.77)

    assert begin < lo[0] < middle[0] < hi[0] < begin + 24 * HOUR_US


def test_a_plants_own_place_is_taken_where_it_has_one():
    assert place_of("America/Sao_Paulo", -3.73, -38.52) == Place(-3.73, -38.52, is_guessed=False)
    assert place_of("America/Sao_Paulo", 0.0, -38.52) == Place(0.0, -38.52, is_guessed=False)


@pytest.mark.parametrize(
    ("timezone", "latitude", "longitude"),
    [
        ("America/Sao_Paulo", -23.53, -46.62),
        ("Brazil/East", -23.53, -46.62),
        ("America/Argentina/Buenos_Aires", -34.60, -58.45),
        ("America/Buenos_Aires", -34.60, -58.45),
        ("Europe/Berlin", 52.50, 13.37),
        ("Asia/Calcutta", 22.53, 88.37),
        ("America/Argentina/Ushuaia", -54.80, -68.30),
        ("UTC", 0, 0),
        ("Etc/GMT+3", 0, -45),
        ("Etc/GMT-14", 0, -150),
        ("CST6CDT", 0, -90),
    ],
)
def test_a_plant_without_a_place_has_its_zones_city_or_meridian(timezone, latitude, longitude):
    place = place_of(timezone, None, None)

    assert place.is_guessed
    assert (place.latitude, place.longitude) == pytest.approx((latitude, longitude), abs=0.01)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(None, -46.6), (-23.5, None), (0.0, 0.0), (-0.0, 0.0), (np.nan, 10.0), (10.0, np.inf), (91.0, 0.0), (0.0, 181.0)],
)
def test_half_a_place_one_off_the_globe_and_a_field_that_nobody_filled_in_are_no_place(latitude, longitude):
    assert place_of("America/Sao_Paulo", latitude, longitude) == place_of("America/Sao_Paulo", None, None)


def test_every_zone_has_a_place_whose_noon_is_within_four_hours_of_its_own():
    for timezone in available_timezones():
        place = place_of(timezone, None, None)
        offset = ZoneInfo(timezone).utcoffset(datetime(2026, 1, 1))
        assert offset is not None
        apart = (offset.total_seconds() / 3600 - place.longitude / 15 + 12) % 24 - 12
        assert abs(apart) <= 4, timezone


def test_a_zone_that_does_not_exist_is_named():
    with pytest.raises(ZoneInfoNotFoundError, match="Mars/Olympus"):
        place_of("Mars/Olympus", None, None)
