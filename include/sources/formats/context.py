"""What a parser is told about a document besides its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from include.core.span import DateOrder
from include.sources.formats.numbers import DecimalMark


@dataclass(frozen=True, slots=True)
class ParseContext:
    """Facts and caps that hold for one document.

    Attributes:
        timezone: Zone of instants written without an offset, and of calendar months.
        original_name: Name under which the file was dropped; only for messages, never for recognising a format.
        max_rows: Most readings that one document may hold; more raise `BadDocument`.
        max_nesting: Deepest nesting of JSON that is read; deeper raises `BadDocument`.
        zones: Zones of the source's registered plants by plant key, for sources that write plant-local times; of their devices by
            device key, too, as some name no plant beside them.
        clocks: Zone or fixed offset of the local times of subjects whose clock is not `timezone`, by subject key.
        decimal_mark: The one that earlier documents of the tenant's feed prove, where they do not contradict each other.
        received_at: When the document was received, as far as a parser needs it: to tell what was measured just before.
        latest: Nothing can have been measured later; None where nobody knows.
        date_order: How the sender writes dates such as 05/07/2025, where somebody said so; else only the document can prove it.
    """

    timezone: ZoneInfo
    original_name: str
    max_rows: int = 10_000_000
    max_nesting: int = 32
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)
    clocks: Mapping[str, tzinfo] = field(default_factory=dict)
    received_at: datetime | None = None
    latest: datetime | None = None
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
