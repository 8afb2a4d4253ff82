"""The feeds, dropped by people or answered by vendor clouds: name, subject and parser of each.

An explicit table; nothing is registered from afar.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from include.core.alarms import AlarmList
from include.core.documents import DROPS
from include.core.fleet import Registry
from include.core.frames import Piece, SubjectKind
from include.sources.clouds.registry import CLOUDS
from include.sources.clouds.together import listing_together, reading_together
from include.sources.drops import consumption, plant_measurements, sensor_readings, telemetry_batches
from include.sources.drops.fleet_registry import parse_registry
from include.sources.formats.context import ParseContext

__all__ = ["ALARM_FEEDS", "FEEDS", "AlarmFeed", "Feed", "ParseContext", "Parser", "Registry", "parse_registry"]

Parser = Callable[[bytes | memoryview, ParseContext], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of documents that hold readings. `source` says whose keys its subjects have: a vendor's, or those of the drops.

    `parse` is pure. It raises `BadDocument` (at once or while it is iterated) when the document as a whole cannot be read;
    a bad record becomes rows with NaT or NaN and its JSON text in `raw`.
    """

    name: str
    subject_kind: SubjectKind
    parse: Parser
    source: str = DROPS


@dataclass(frozen=True, slots=True)
class AlarmFeed:
    """A vendor's lists of alarms; `parse` is as pure as that of readings."""

    name: str
    source: str
    parse: Callable[[bytes | memoryview, ParseContext], AlarmList]


FEEDS: Final[dict[str, Feed]] = {
    feed.name: feed
    for feed in (
        Feed("plant_measurements", "device", plant_measurements.parse),
        Feed("telemetry_batches", "device", telemetry_batches.parse),
        Feed("sensor_readings", "device", sensor_readings.parse),
        Feed("consumption", "point", consumption.parse),
        *(Feed(f"{name}_plants", "plant", reading_together(cloud.parse), name) for name, cloud in CLOUDS.items()),
        *(Feed(f"{name}_devices", "device", reading_together(cloud.parse), name) for name, cloud in CLOUDS.items()),
    )
}
"""Feeds of readings by name. The feed `registry` holds no readings: it is read by `parse_registry`."""

ALARM_FEEDS: Final[dict[str, AlarmFeed]] = {
    feed.name: feed
    for feed in (AlarmFeed(f"{name}_alarms", name, listing_together(cloud.parse_alarms)) for name, cloud in CLOUDS.items())
}
"""Feeds of alarms by name."""
