"""Where a place is, as vendors write it, and which time zone it has, offline."""

import tzfpy

from include.core.errors import Refused
from include.core.span import zone
from include.sources.formats import numbers


def place_of(latitude: object, longitude: object) -> tuple[float | None, float | None]:
    """Degrees; None for both where one is missing or impossible, and for 0, 0, which vendors write for "nobody said"."""
    north, east = (numbers.number(value, frozenset()) for value in (latitude, longitude))
    if north is None or east is None or (north == 0 and east == 0):
        return None, None
    return (north, east) if -90 <= north <= 90 and -180 <= east <= 180 else (None, None)


def zone_at(latitude: float | None, longitude: float | None) -> str | None:
    """IANA zone of a place in degrees; None without a place, at sea, and for 0, 0."""
    north, east = place_of(latitude, longitude)
    if north is None or east is None:
        return None
    name = tzfpy.get_tz(east, north)
    if not name or name.startswith("Etc/"):
        return None
    try:
        return zone(name).key
    except Refused:
        return None
