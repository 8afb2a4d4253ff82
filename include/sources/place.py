"""Which time zone a place has, offline."""

import tzfpy

from include.core.errors import Refused
from include.core.span import zone


def zone_at(latitude: float | None, longitude: float | None) -> str | None:
    """IANA zone of a place in degrees; None without a place, at sea, and for 0, 0, which vendors write for "nobody said"."""
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    name = tzfpy.get_tz(longitude, latitude)
    if not name or name.startswith("Etc/"):
        return None
    try:
        return zone(name).key
    except Refused:
        return None
