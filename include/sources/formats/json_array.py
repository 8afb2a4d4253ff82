"""A JSON array, cut into the texts of its records some megabytes at a time.

Where a cut may be is guessed from what stands between the first two records, and proved by decoding what lies before it: brackets
and quotes that close there close nowhere else. Where the guess fails the depth of every byte is computed.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

_PORTION: Final = 4 << 20
_LOOKS_AHEAD: Final = (1 << 12, 1 << 16, 1 << 20)
"""Bytes within which the end of an array is looked for first: a document may hold millions of small ones."""

_TRIES: Final = 3
_LONGEST_SEPARATOR: Final = 200
_POSITION: Final = re.compile(r"\(byte (\d+)\)")
_CLOSING: Final = re.compile(rb"[\]}\s]*\Z")
_ENDS: Final = re.compile(rb"\s*\]")
_BEGINS: Final = re.compile(rb"\s*,\s*.", re.DOTALL)
_STEPS: Final = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
_RECORDS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE: Final = msgspec.json.Decoder(msgspec.Raw)


class JsonArray:
    """The array whose bracket stands at a position of a text. `end`, once it is read, is where the text goes on behind it."""

    def __init__(self, text: bytes, start: int, *, portion: int = _PORTION) -> None:
        """Nothing is read yet; `portion` [bytes] is for tests."""
        self.end = start
        self._text = text
        self._position = start + 1
        self._portion = portion
        self._is_behind_comma = False
        self._separator = b""
        self._closing = 0

    def portions(self) -> Iterator[list[msgspec.Raw]]:
        """The records, a portion at a time; raises `msgspec.DecodeError` where the text is no JSON, at its place in the text."""
        while len(self._text) - self._position > self._portion:
            records = self._next_portion()
            if records is None:
                break
            yield records
        yield self._last_portion()

    def _next_portion(self) -> list[msgspec.Raw] | None:
        """Records of one portion, at least one; None where the array ends within it."""
        return self._before_separator() or self._after_first()

    def _before_separator(self) -> list[msgspec.Raw] | None:
        """Records before the last place of the portion where what stands between records stands, if they are whole."""
        stop = self._position + self._portion
        for _ in range(_TRIES if self._separator else 0):
            cut = self._text.rfind(self._separator, self._position, stop)
            if cut < 0:
                break
            if (records := self._tried(cut + self._closing)) is not None:
                return records
            stop = cut
        return None

    def _after_first(self) -> list[msgspec.Raw] | None:
        """Look at the first record: alone where it is large, else all that end within the portion."""
        text, start = self._text, self._position
        if _ENDS.match(text, start):
            return None
        end = value_end(text, start)
        between = _BEGINS.match(text, end)
        if between is None:
            return None
        closing = _CLOSING.search(text, max(start, end - _LONGEST_SEPARATOR), end)
        self._closing = end - (closing.start() if closing else end)
        self._separator = text[end - self._closing : between.end()]
        is_large = end - start > self._portion // 2
        if not is_large and (found := self._before_separator()):
            return found
        last = end if is_large else self._last_boundary()
        records = self._tried(last)
        if records is None:
            raise _at(self._fault(last), start - 1)
        return records

    def _tried(self, end: int) -> list[msgspec.Raw] | None:
        """Records that end at a position, with the comma behind it skipped; None where no record ends there."""
        between = _BEGINS.match(self._text, end)
        if between is None:
            return None
        try:
            records = _RECORDS.decode(b"[%b]" % self._text[self._position : end])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        self._position, self._is_behind_comma = between.end() - 1, True
        return records

    def _fault(self, end: int) -> msgspec.DecodeError:
        try:
            _RECORDS.decode(b"[%b]" % self._text[self._position : end])
        except msgspec.DecodeError as error:
            return error
        return msgspec.DecodeError(f"JSON is malformed: expected ',' or ']' (byte {end - self._position + 1})")

    def _last_boundary(self) -> int:
        """End of the last record that ends within the portion, by the depth of every byte."""
        window = self._text[self._position : self._position + self._portion]
        letters = np.frombuffer(window, np.uint8)
        quotes = letters == ord('"')
        if b"\\" in window:
            quotes[_escaped(letters)] = False
        depths = np.cumsum(np.where(np.logical_xor.accumulate(quotes), 0, _STEPS[letters]), dtype=np.int32)
        commas = np.flatnonzero((letters == ord(",")) & (depths == 0) & ~np.logical_xor.accumulate(quotes))
        return self._position + int(commas[-1]) if len(commas) else value_end(self._text, self._position)

    def _last_portion(self) -> list[msgspec.Raw]:
        text, start = self._text, self._position
        if self._is_behind_comma and _ENDS.match(text, start):
            raise msgspec.DecodeError(f"JSON is malformed: trailing comma in array (byte {start})")
        for size in _LOOKS_AHEAD:
            if len(text) - start > size and (records := self._ended_within(start + size)) is not None:
                return records
        return self._ended_by_the_text()

    def _ended_within(self, stop: int) -> list[msgspec.Raw] | None:
        """The records of an array that ends before a position; None where it does not, or is no JSON."""
        try:
            return self._up_to(stop)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _ended_by_the_text(self) -> list[msgspec.Raw]:
        try:
            return self._up_to(len(self._text))
        except msgspec.DecodeError as error:
            raise _at(error, self._position - 1) from error

    def _up_to(self, stop: int) -> list[msgspec.Raw]:
        """The records of the array, whose end lies before a position or at the end of the text."""
        start = self._position
        with memoryview(self._text) as view:
            rest = b"".join((b"[", view[start:stop]))
        try:
            records = _RECORDS.decode(rest)
            self.end = stop
        except msgspec.DecodeError as error:
            if "trailing characters" not in str(error):
                raise
            length = _position_of(error)
            records = _RECORDS.decode(rest[:length])
            self.end = start - 1 + length
        return records


def value_end(text: bytes, start: int) -> int:
    """Where the JSON value at a position, and white space behind it, ends; raises `msgspec.DecodeError` where it does not."""
    with memoryview(text) as view:
        try:
            _VALUE.decode(view[start:])
        except msgspec.DecodeError as error:
            if "trailing characters" not in str(error):
                raise _at(error, start) from error
            return start + _position_of(error)
    return len(text)


def _position_of(error: msgspec.DecodeError) -> int:
    """Count of bytes before the one that an error is about."""
    found = _POSITION.search(str(error))
    return int(found[1]) - 1 if found else 0


def _at(error: msgspec.DecodeError, offset: int) -> msgspec.DecodeError:
    """The same error about a position that is counted from the beginning of the text."""
    return msgspec.DecodeError(_POSITION.sub(lambda found: f"(byte {int(found[1]) + offset})", str(error)))


def _escaped(letters: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Positions behind a backslash that is not itself behind one: an odd one of a run."""
    slashes = np.flatnonzero(letters == ord("\\"))
    starts = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
    place_in_run = np.arange(len(slashes)) - np.repeat(starts, np.diff(starts, append=len(slashes)))
    escaped: NDArray[np.intp] = slashes[place_in_run % 2 == 0] + 1
    return escaped[escaped < len(letters)]
