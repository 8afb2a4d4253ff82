"""Where a place is, as vendors write it, and which time zone it has, offline."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import tzfpy

from include.core.errors import Refused
from include.core.span import utc_offset, zone
from include.sources.formats import numbers

_ZONES_BETWEEN_HOURS: Final[Mapping[str, str]] = {
    "-09:30": "Pacific/Marquesas", "+03:30": "Asia/Tehran", "+04:30": "Asia/Kabul", "+05:30": "Asia/Kolkata",
    "+05:45": "Asia/Kathmandu", "+06:30": "Asia/Yangon", "+08:45": "Australia/Eucla", "+09:30": "Australia/Darwin",
}  # fmt: skip
"""Zones without daylight saving whose offset is no whole hour."""

_TWO_DAYS: Final = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def place_of(latitude: object, longitude: object) -> tuple[float | None, float | None]:
    """Degrees; None for both where one is missing or impossible, and for 0, 0, which vendors write for "nobody said"."""
    north, east = (numbers.number(value, frozenset()) for value in (latitude, longitude))
    if north is None or east is None or (north == 0 and east == 0):
        return None, None
    return (north, east) if -90 <= north <= 90 and -180 <= east <= 180 else (None, None)


def zone_of_offset(written: object, usual: ZoneInfo) -> str | None:
    """IANA zone without daylight saving of a fixed offset such as `GMT+8` or `UTC-03:30`.

    None where there is none, and where the usual zone has that offset in January or July: it is the better guess.
    """
    name = _zone_of_offset(written)
    if name is None or any(day.astimezone(ZoneInfo(name)).utcoffset() == day.astimezone(usual).utcoffset() for day in _TWO_DAYS):
        return None
    return name


def _zone_of_offset(written: object) -> str | None:
    try:
        offset = utc_offset(str(written))
    except Refused:
        return None
    hours, minutes = int(offset[:3]), int(offset[4:])
    if minutes:
        return _ZONES_BETWEEN_HOURS.get(offset)
    # POSIX counts these the other way round: Etc/GMT-8 is eight hours ahead of UTC.
    name = "Etc/UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"
    return name if hours >= -12 else None


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
