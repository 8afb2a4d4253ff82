"""The sun over a plant: daylight, the weight of a span by the sun's height, and the place of a plant that names none.

Spans are half-open, in microseconds since 1970 UTC. The sunrise equation with NOAA's fits of declination and equation of time
(Spencer 1971, as in NOAA's "General Solar Position Calculations"), good to about two minutes.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Degrees: TypeAlias = float | NDArray[np.float64]

LOWEST_SUN_DEGREES: Final = 5.0
"""Height of the sun's centre above which readings are expected of solar power [degrees]."""
_DAY_US: Final = 86_400_000_000
_DEGREE_S: Final = 240
"""The sun's hour angle grows by one degree in so many seconds."""


def daylight(day: NDArray[np.int32], latitude: Degrees, longitude: Degrees) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When the sun's centre is more than 5 degrees high: (begin, end) per day [us UTC], equal in polar night.

    `day` counts days since 1970 in the calendar that the longitude keeps (`solar_day`): the local day, except where a zone keeps
    another date than its longitude (Samoa, Kiritimati). In midnight sun it is the whole solar day. The same formula as
    `mart.daylight`, to the microsecond but for one rounding in 200,000. `place_of` has a place for every plant.
    """
    declination, _ = _sun(day)
    north = np.radians(latitude)
    level = np.maximum(np.cos(north) * np.cos(declination), 1e-9)
    cos_half = (np.sin(np.radians(LOWEST_SUN_DEGREES)) - np.sin(north) * np.sin(declination)) / level
    half = np.rint(1e6 * _DEGREE_S * np.degrees(np.arccos(np.clip(cos_half, -1, 1)))).astype(np.int64)
    noon = _noon(day, longitude)
    return noon - half, noon + half


def sun_weights(
    start_us: NDArray[np.int64], end_us: NDArray[np.int64], latitude: Degrees, longitude: Degrees
) -> NDArray[np.float64]:
    """Integral of max(0, sine of the sun's height) over each span [s]: how much of a clear day's energy falls into it.

    The declination is that of the solar day in which the span has its middle: the hours of a local day add up to the day, and
    spans of many days are approximate.
    """
    day = solar_day(start_us + (end_us - start_us) // 2, longitude)
    declination, _ = _sun(day)
    north = np.radians(latitude)
    offset, swing = np.sin(north) * np.sin(declination), np.cos(north) * np.cos(declination)
    noon = _noon(day, longitude)
    integral = _integral((end_us - noon) / _DAY_US, offset, swing) - _integral((start_us - noon) / _DAY_US, offset, swing)
    return np.asarray(integral * np.degrees(1) * _DEGREE_S)


def sun_degrees(at_us: NDArray[np.int64], latitude: Degrees, longitude: Degrees) -> NDArray[np.float64]:
    """Height of the sun's centre over the horizon at instants [degrees], without refraction."""
    day = solar_day(at_us, longitude)
    declination, _ = _sun(day)
    north, angle = np.radians(latitude), 2 * np.pi * (at_us - _noon(day, longitude)) / _DAY_US
    sine = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1, 1))))


def solar_day(at_us: NDArray[np.int64], longitude: Degrees) -> NDArray[np.int32]:
    """The date in mean solar time at the longitude, as days since 1970; at a local day's middle it is that day's daylight."""
    east = np.rint(np.asarray(longitude) * _DEGREE_S * 1e6).astype(np.int64)
    return ((at_us + east) // _DAY_US).astype(np.int32)


def _integral(turns: NDArray[np.float64], offset: NDArray[np.float64], swing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral of max(0, offset + swing x cos(angle)) from noon on, in radians of the hour angle, after so many turns of it."""
    whole = np.rint(turns)
    angle = 2 * np.pi * (turns - whole)
    sunset = np.arccos(np.clip(-offset / np.maximum(swing, 1e-9), -1, 1))
    lit = np.clip(angle, -sunset, sunset)
    return np.asarray(offset * (lit + 2 * whole * sunset) + swing * (np.sin(lit) + 2 * whole * np.sin(sunset)))


def _sun(day: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Declination [radians] and equation of time [minutes] at the middle of each day since 1970, once for each."""
    if day.size and (last := int(day.max())) - (first := int(day.min())) < day.size:
        declination, equation_min = _sun_of(np.arange(first, last + 1, dtype=np.int32))
        return declination[day - first], equation_min[day - first]
    return _sun_of(day)


def _sun_of(day: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    date = day.astype("datetime64[D]")
    day_of_year = (date - date.astype("datetime64[Y]")).astype(np.int64) + 1
    g = 2 * np.pi / 365.25 * (day_of_year - 0.5)
    declination = (
        0.006918 - 0.399912 * np.cos(g) + 0.070257 * np.sin(g) - 0.006758 * np.cos(2 * g) + 0.000907 * np.sin(2 * g)
        - 0.002697 * np.cos(3 * g) + 0.00148 * np.sin(3 * g)
    )  # fmt: skip
    equation_min = 229.18 * (
        0.000075 + 0.001868 * np.cos(g) - 0.032077 * np.sin(g) - 0.014615 * np.cos(2 * g) - 0.040849 * np.sin(2 * g)
    )
    return declination, equation_min


def _noon(day: NDArray[np.int32], longitude: Degrees) -> NDArray[np.int64]:
    """True solar noon of each day [us UTC]."""
    _, equation_min = _sun(day)
    return day.astype(np.int64) * _DAY_US + np.rint(60e6 * (720 - 4 * np.asarray(longitude) - equation_min)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plant stands [degrees north and east]; guessed where it is only its zone's city or meridian."""

    latitude: float
    longitude: float
    is_guessed: bool


@cache
def place_of(timezone: str, latitude: float | None, longitude: float | None) -> Place:
    """The plant's own place, else the city of its IANA zone, else (UTC, Etc/GMT+3) the meridian of the zone on the equator.

    0 north 0 east is a field that nobody filled in, and half a place or one outside the globe is none. A link (Brazil/East) has
    the city of its zone. Raises ZoneInfoNotFoundError for a zone that does not exist.
    """
    if latitude is not None and longitude is not None and _is_place(latitude, longitude):
        return Place(latitude, longitude, is_guessed=False)
    cities, links = _cities(), _links()
    name = timezone
    while name in links and name not in cities:
        name = links[name]
    return cities.get(name) or Place(0.0, _meridian(timezone), is_guessed=True)


def _is_place(latitude: float, longitude: float) -> bool:
    is_on_globe = isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return is_on_globe and (latitude, longitude) != (0, 0)


def _meridian(timezone: str) -> float:
    """Degrees east at which the zone's standard time is the sun's, -180 to 180."""
    winter, summer = (ZoneInfo(timezone).utcoffset(datetime(2000, month, 1)) for month in (1, 7))  # noqa: DTZ001 - wall clock
    assert winter is not None
    assert summer is not None
    hours = min(winter, summer).total_seconds() / 3600
    return (15 * hours + 180) % 360 - 180


@cache
def _cities() -> dict[str, Place]:
    """The principal city of each zone, from the zone database's `zone.tab`; the machine's own database may lack that file."""
    rows = (line.split("\t") for line in _zone_file("zone.tab") if not line.startswith("#"))
    return {zone: _city(place) for _, place, zone, *_ in rows}


@cache
def _links() -> dict[str, str]:
    """Zones that are another name of a zone, from the compact source of the zone database: `L <zone> <link>`."""
    rows = (line.split() for line in _zone_file("tzdata.zi") if line.startswith("L "))
    return {link: zone for _, zone, link in rows}


def _zone_file(name: str) -> list[str]:
    return files("tzdata.zoneinfo").joinpath(name).read_text("utf-8").splitlines()


def _city(place: str) -> Place:
    """A city's place from ISO 6709: +-DDMM+-DDDMM or +-DDMMSS+-DDDMMSS."""
    middle = max(place.rfind("+"), place.rfind("-"))
    north, east = place[:middle], place[middle:]
    return Place(_degrees(north, digits=2), _degrees(east, digits=3), is_guessed=True)


def _degrees(text: str, digits: int) -> float:
    sign, whole, rest = text[0], text[1 : 1 + digits], text[1 + digits :]
    size = int(whole) + int(rest[:2]) / 60 + int(rest[2:] or 0) / 3600
    return -size if sign == "-" else size
