"""What a parser is told about a document besides its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class ParseContext:
    """Facts and caps that hold for one document.

    Attributes:
        timezone: Zone of instants written without an offset, and of calendar months.
        original_name: Name under which the file was dropped; only for messages, never for recognising a format.
        max_rows: Most readings that one document may hold; more raise `BadDocument`.
        max_nesting: Deepest nesting of JSON that is read; deeper raises `BadDocument`.
        zones: Zones of the source's registered plants by plant key, for sources that write plant-local times.
    """

    timezone: ZoneInfo
    original_name: str
    max_rows: int = 10_000_000
    max_nesting: int = 32
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)
