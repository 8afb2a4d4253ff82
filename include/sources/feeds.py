"""The feeds that people drop as files: name, subject and parser of each; an explicit table, nothing is registered from afar."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from include.core.frames import Piece, SubjectKind
from include.sources import consumption, plant_measurements, sensor_readings, telemetry_batches
from include.sources.context import ParseContext
from include.sources.fleet_registry import Registry, parse_registry

__all__ = ["FEEDS", "Feed", "ParseContext", "Parser", "Registry", "parse_registry"]

Parser = Callable[[bytes | memoryview, ParseContext], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of dropped file.

    `parse` is pure. It raises `BadDocument` (at once or while it is iterated) when the document as a whole cannot be read;
    a bad record becomes rows with NaT or NaN and its JSON text in `raw`.
    """

    name: str
    subject_kind: SubjectKind
    parse: Parser


FEEDS: Final[dict[str, Feed]] = {
    feed.name: feed
    for feed in (
        Feed("plant_measurements", "device", plant_measurements.parse),
        Feed("telemetry_batches", "device", telemetry_batches.parse),
        Feed("sensor_readings", "device", sensor_readings.parse),
        Feed("consumption", "customer", consumption.parse),
    )
}
"""Feeds of readings by name. The feed `registry` holds no readings: it is read by `parse_registry`."""
