"""The fields of JSON records: which of them a feed reads, and where in a document the records are."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from include.core.errors import BadDocument
from include.sources.formats.fields import Fields
from include.sources.formats.json_array import value_end

_DEEPEST: Final = 4
_LOOKED_AT: Final = 100
_LARGE: Final = 1_000_000
_BETWEEN: Final = re.compile(rb"[\s,]*")
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class RecordFields:
    """What a feed reads of a JSON record.

    Attributes:
        fields: Names and what of them a record needs.
        spelled: Makes of a record's name the one that `fields` has; for feeds that do not mind case and accents.
    """

    fields: Fields
    spelled: Callable[[str], str] = str

    def names_of(self, raw: msgspec.Raw) -> list[str]:
        """Names of a record's fields; none where it is no object."""
        return list(object_of(raw))

    def are_in(self, raw: msgspec.Raw) -> bool:
        """Whether a record has the fields that the feed needs."""
        return self.fields.are_in(map(self.spelled, self.names_of(raw)))

    def unused_of(self, raw: msgspec.Raw) -> Iterable[str]:
        """Names of a record's fields that the feed does not read."""
        return (name for name in self.names_of(raw) if self.spelled(name) not in self.fields.aliases)

    def refusal(self, names: Iterable[str]) -> BadDocument:
        """Error of a document in which no record has the fields; `names` are those that its records have."""
        return self.fields.refusal(names)

    def records_within(self, text: bytes) -> bytes:
        """The text itself, or that of the only list of records within it where it is one object and no record.

        Raises `BadDocument` where several lists could be meant.
        """
        if not text[:1000].lstrip().startswith(b"{"):
            return text
        raw = msgspec.Raw(text)
        if self.are_in(raw):
            return text
        found = list(self._lists(raw, ()))
        if len(found) > 1:
            named = ", ".join(path for path, _ in found[:5])
            raise BadDocument(
                f"records stand in {len(found)} lists of the file ({named}); which is meant? Drop that one by itself"
            )
        return bytes(found[0][1]) if found else text

    def _lists(self, raw: msgspec.Raw, path: tuple[str, ...]) -> Iterator[tuple[str, msgspec.Raw]]:
        for name, value in object_of(raw).items():
            within = (*path, name[:40])
            view = memoryview(value)
            if begins(value) == b"{" and len(path) < _DEEPEST:
                yield from self._lists(value, within)
            elif begins(value) == b"[" and any(map(self.are_in, first_of(view[:_LARGE]))):
                yield ".".join(within), value


def object_of(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """A record as its names and the texts of their values; empty where it is no object."""
    try:
        return _OBJECT.decode(raw)
    except _FAULTS:
        return {}


def begins(raw: msgspec.Raw) -> bytes:
    """First byte of a value."""
    return bytes(memoryview(raw)[:1])


def first_of(array: bytes | memoryview, *, most: int = _LOOKED_AT) -> list[msgspec.Raw]:
    """The first values of an array whose text may be cut behind them."""
    text, position, found = bytes(array), 1, list[msgspec.Raw]()
    while len(found) < most:
        between = _BETWEEN.match(text, position)
        position = between.end() if between else position
        try:
            end = value_end(text, position)
        except msgspec.DecodeError:
            break
        found.append(msgspec.Raw(text[position:end]))
        position = end
    return found
