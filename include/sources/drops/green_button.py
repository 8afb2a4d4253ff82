"""Green Button files (NAESB REQ.21, ESPI 1.1 to 4.0): energies of intervals of a customer's meter, as Atom feeds of a utility.

An entry with an `IntervalBlock` belongs to a meter reading of a usage point, whose number in the links is the key of the meter;
the `ReadingType` that the meter reading links to tells unit, power of ten and direction. `start` is in seconds since 1970 UTC and
is the beginning of the interval, `duration` its length [s]. Read are deltas (accumulation behaviour 4) in Wh (uom 72) of 5, 15,
30 and 60 minutes and of days, delivered to the customer (flow direction 1: import) or received from him (19: export). Other
readings, of gas or of a register, are told in the load.

XML is read by a parser that refuses document types, so that no entity is expanded or fetched; depth and text are bounded.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from xml.parsers import expat

from include.core.errors import BadDocument
from include.core.frames import Piece, Subject
from include.core.identities import identity
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import epoch
from include.sources.formats.numbers import number

_NAMESPACE: Final = "http://naesb.org/espi"
_USAGE_POINT: Final = re.compile(r"/UsagePoint/([^/?#]+)", re.IGNORECASE)
_METER_READING: Final = re.compile(r"(.*/MeterReading/[^/?#]+)", re.IGNORECASE)
_LOOKED_AT: Final = 2_000
_MOST_NESTED: Final = 32
_LONGEST_TEXT: Final = 10_000
_DELTA, _WATT_HOUR = "4", "72"
_DIRECTIONS: Final = {"1": "import", "19": "export"}
_LENGTHS: Final = {300: "5min", 900: "15min", 1800: "30min", 3600: "hour", 86400: "day"}
_TYPE_FIELDS: Final = frozenset({"accumulationBehaviour", "commodity", "flowDirection", "powerOfTenMultiplier", "uom"})


def is_xml(body: bytes | memoryview) -> bool:
    """Whether a document begins as XML does, or holds a feed."""
    head = bytes(body[:_LOOKED_AT]).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return head.startswith(b"<?xml") or (head.startswith(b"<") and b"feed" in head)


def parse_green_button(text: bytes, context: ParseContext) -> Iterator[Piece]:
    """Read a Green Button file. Raises `BadDocument` for other XML, and where it holds no energies of electricity."""
    feed = _read(text, context.max_rows)
    columns, told = Columns(context), Counter[str]()
    row_number = 0
    for block in feed.blocks:
        meter, kind = block.meter, feed.type_of(block)
        code = columns.code(meter, Subject(meter, kind="meter")) if meter else None
        for start, duration, value in block.readings:
            row_number += 1
            quantity, why = _quantity(kind, duration)
            if code is None or quantity is None:
                told["it names no usage point" if code is None else why] += 1
                continue
            record = {"usage_point": meter, "start": start, "duration": duration, "value": value}
            columns.add(row_number, code, QUANTITY_CODES[quantity], _instant(start), _kwh(value, kind), record)
        yield from columns.full()
    if row_number == sum(told.values()):
        why = "; ".join(told) or "it holds no interval readings"
        raise BadDocument(
            f"the Green Button file has no energies of electricity to read ({why}); download the usage of the meter again"
        )
    columns.remarks += [f"{count} interval readings are not used: {why}" for why, count in told.items()]
    yield from columns.rest()


class _Interval(NamedTuple):
    """An interval reading, as written."""

    start: str
    duration: str
    value: str


@dataclass(slots=True)
class _Entry:
    """An entry of the feed: its own address and those that it is related to, and what it holds."""

    address: str = ""
    related: list[str] = field(default_factory=list)
    kind: dict[str, str] = field(default_factory=dict)
    readings: list[_Interval] = field(default_factory=list)

    @property
    def meter(self) -> str | None:
        """Number of the usage point in the entry's address."""
        found = next((found for href in (self.address, *self.related) if (found := _USAGE_POINT.search(href))), None)
        return identity(found[1]) if found else None


@dataclass(slots=True)
class _Feed:
    """What a feed holds, before its entries are joined by their addresses."""

    blocks: list[_Entry] = field(default_factory=list)
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    type_of_reading: dict[str, str] = field(default_factory=dict)

    def take(self, entry: _Entry) -> None:
        """Take a whole entry."""
        if entry.readings:
            self.blocks.append(entry)
        elif entry.kind:
            self.types[entry.address] = entry.kind
        elif found := _METER_READING.fullmatch(entry.address):
            for href in entry.related:
                if "/ReadingType/" in href:
                    self.type_of_reading[found[1]] = href

    def type_of(self, block: _Entry) -> dict[str, str]:
        """The type of a block's readings; the only one of the file where links do not tell."""
        for href in (block.address, *block.related):
            found = _METER_READING.match(href)
            if found and (kind := self.types.get(self.type_of_reading.get(found[1], ""))):
                return kind
        return next(iter(self.types.values())) if len(self.types) == 1 else {}


def _quantity(kind: dict[str, str], duration: str) -> tuple[str | None, str]:
    """The quantity of an interval reading, and why there is none."""
    if not kind:
        return None, "their type is not told"
    if kind.get("uom") != _WATT_HOUR:
        return None, f"their unit (uom {kind.get('uom')}) is not Wh"
    if kind.get("accumulationBehaviour", _DELTA) != _DELTA:
        return None, "they are no energies of intervals (accumulationBehaviour is not 4)"
    if (direction := _DIRECTIONS.get(kind.get("flowDirection", ""))) is None:
        return None, f"their direction (flowDirection {kind.get('flowDirection')}) is neither delivered nor received"
    length = _LENGTHS.get(int(duration)) if duration.isdecimal() and len(duration) < 9 else None
    return (
        (f"{direction}_{length}_kwh", "") if length else (None, "their intervals are not 5, 15, 30 or 60 minutes or a day long")
    )


def _kwh(value: str, kind: dict[str, str]) -> float | None:
    power, read = kind.get("powerOfTenMultiplier", "0"), number(value, frozenset())
    if not re.fullmatch(r"-?\d{1,2}", power):
        return math.nan
    return None if read is None else read * 10.0 ** int(power) / 1000


def _instant(start: str) -> int:
    return epoch(float(start)) if start.isdecimal() and len(start) < 12 else epoch(0)


def _read(text: bytes, max_rows: int) -> _Feed:
    reader = _Reader(max_rows)
    try:
        reader.parser.Parse(text, True)
    except expat.ExpatError as error:
        raise BadDocument(f"the file is no readable XML ({error}); download it again and drop it again") from error
    if not reader.is_espi:
        raise BadDocument("the file is XML, but no Green Button file; export the data as CSV, Excel or JSON and drop it again")
    return reader.feed


class _Reader:
    """Takes the events of the parser; keeps one entry at a time and what the feed needs of it."""

    def __init__(self, max_rows: int) -> None:
        self.feed = _Feed()
        self.is_espi = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = _refuse_document_type
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._left = max_rows
        self._depth = 0
        self._written: list[str] = []
        self._entry = _Entry()
        self._interval: dict[str, str] | None = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise BadDocument(f"the XML nests deeper than {_MOST_NESTED} levels; no Green Button file does, so export it again")
        namespace, _, local = name.rpartition(" ")
        self.is_espi |= namespace == _NAMESPACE or local == "feed"
        self._written.clear()
        if local == "entry":
            self._entry = _Entry()
        elif local == "link":
            href = attributes.get("href", "")[:500]
            if attributes.get("rel") == "self":
                self._entry.address = href
            else:
                self._entry.related.append(href)
        elif local == "IntervalReading":
            self._interval = {}

    def _text(self, text: str) -> None:
        if len(text) > _LONGEST_TEXT:
            raise BadDocument(f"the XML holds a text of more than {_LONGEST_TEXT} letters; no Green Button file does")
        if len(self._written) < 100:
            self._written.append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        local, text = name.rpartition(" ")[2], "".join(self._written).strip()
        self._written.clear()
        if self._interval is not None and local in {"start", "duration", "value"}:
            self._interval[local] = text
        elif local == "IntervalReading" and self._interval is not None:
            self._keep(self._interval)
            self._interval = None
        elif local in _TYPE_FIELDS:
            self._entry.kind[local] = text
        elif local == "entry":
            self.feed.take(self._entry)
            self._entry = _Entry()

    def _keep(self, found: dict[str, str]) -> None:
        self._left -= 1
        if self._left < 0:
            raise BadDocument("the document holds too many readings; split it and drop the parts")
        self._entry.readings.append(_Interval(found.get("start", ""), found.get("duration", ""), found.get("value", "")))


def _refuse_document_type(*_: object) -> None:
    raise BadDocument("the XML declares a document type, which no Green Button file needs; export it again without one")
