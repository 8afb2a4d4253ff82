"""JSON documents, cut into the texts of their records: an array, one record, JSON lines, or several of them one after the other.

Records are cut some megabytes at a time, so that a document costs little more memory than its own bytes. Nesting is capped before
anything is decoded. A list of records may stand within an object (`{"data": [...]}`) where it is the only one.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np

from include.core.errors import BadDocument
from include.sources.formats.context import ParseContext
from include.sources.formats.deadline import keep_deadline
from include.sources.formats.document_text import utf8_body
from include.sources.formats.json_array import JsonArray, value_end
from include.sources.formats.json_dialects import strict_json
from include.sources.formats.json_fields import RecordFields

_EVERY_BYTE: Final = bytes(range(256))
_NOT_STRUCTURE: Final = bytes(set(_EVERY_BYTE) - set(b'[]{}"'))
_QUOTE: Final = ord('"')
_SCANNED: Final = 1 << 20
_STEPS: Final = np.zeros(256, np.int32)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
_POSITION: Final = re.compile(r"\(byte (\d+)\)")
_SPACE: Final = re.compile(rb"\s*")
_MAX_DIGITS: Final = 300
_LINES_AT_ONCE: Final = 1 << 20
_SAMPLED: Final = 100
_RECORD: Final = msgspec.json.Decoder(msgspec.Raw)


def raw_records(
    body: bytes | memoryview, context: ParseContext, fields: RecordFields, remarks: list[str], *, scan_nesting: bool = True
) -> Iterator[msgspec.Raw]:
    """Cut a JSON document into the texts of its records.

    Args:
        body: UTF-8 or UTF-16, with or without byte order mark.
        context: Gives the caps on nesting and on records.
        fields: What the feed reads.
        remarks: Gets a sentence for each field that some of the records have and the feed does not read.
        scan_nesting: False where records are decoded into fixed types, whose depth the types already bound.

    Yields:
        One `Raw` per record. A bad line of JSON lines is kept as it is, for the caller to report.

    Raises:
        BadDocument: Not JSON, truncated, nested too deeply, of another encoding, without a record that has the fields of the
            feed, or with several lists that could be meant; the reason says where.
    """
    text = strict_json(utf8_body(body, wanted="JSON"))
    if scan_nesting:
        check_nesting(text, context.max_nesting)
    try:
        text = fields.records_within(text)
        _require_fields(text, fields, context)
        yield from _sampled(_counted(text, context), fields, remarks)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadDocument(json_fault(text, error)) from error
    except RecursionError as error:
        raise BadDocument(_too_deep(context.max_nesting)) from error


def _require_fields(text: bytes, fields: RecordFields, context: ParseContext) -> None:
    """Look for the first record that has the feed's fields; raises `BadDocument` where there are records and none has."""
    names: dict[str, None] = {}
    is_empty = True
    for portion in _counted(text, context):
        for raw in portion:
            if fields.are_in(raw):
                return
            if len(names) < _SAMPLED:
                names.update(dict.fromkeys(fields.names_of(raw)))
            is_empty = False
    if not is_empty:
        raise fields.refusal(names)


def _sampled(portions: Iterator[list[msgspec.Raw]], fields: RecordFields, remarks: list[str]) -> Iterator[msgspec.Raw]:
    """The records; those at the beginning of each portion are asked which of their fields are not used."""
    unused: dict[str, None] = {}
    for portion in portions:
        for raw in portion[:_SAMPLED]:
            unused.update(dict.fromkeys(fields.unused_of(raw)))
        yield from portion
    remarks += [f"field {name[:60]!r} is not used" for name in unused]


def _counted(text: bytes, context: ParseContext) -> Iterator[list[msgspec.Raw]]:
    count = 0
    for portion in _portions(text):
        keep_deadline()
        count += len(portion)
        if count > context.max_rows:
            raise BadDocument(f"the document holds more than {context.max_rows} readings; split it and drop the parts")
        yield portion


def _portions(text: bytes) -> Iterator[list[msgspec.Raw]]:
    position = _after_space(text, 0)
    if text[position : position + 1] not in {b"[", b"{"}:
        begins = text[position : position + 20].decode("utf-8", "replace")
        raise BadDocument(f"the file is no JSON, it begins with {begins!r}; export it as JSON and drop it again")
    is_first = True
    while position < len(text):
        if text.startswith(b"[", position):
            array = JsonArray(text, position)
            yield from array.portions()
            position = array.end
        else:
            end = value_end(text, position)
            if is_first and _ends_line(text, position, end):
                yield from _lines(text)
                return
            yield [msgspec.Raw(text[position:end])]
            position = end
        position, is_first = _after_space(text, position), False


def _ends_line(text: bytes, start: int, end: int) -> bool:
    """Whether a value, with the white space behind it, is exactly a line: how JSON lines begin."""
    line_end = text.find(b"\n", start, end)
    return line_end >= 0 and not text[line_end:end].strip()


def _lines(text: bytes) -> Iterator[list[msgspec.Raw]]:
    last = text[text.rfind(b"\n") + 1 :]
    if last.strip() and not _is_json(last):
        # Without its line end the last record was cut; a bad line elsewhere is a bad record.
        raise BadDocument(f"the last line of the JSON lines ends too early, at byte {len(text)}; export and drop it again")
    start = 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + _LINES_AT_ONCE) + 1 or text.find(b"\n", start) + 1 or len(text)
        yield [msgspec.Raw(line) for line in text[start:end].split(b"\n") if line.strip()]
        start = end


def _after_space(text: bytes, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def check_nesting(text: bytes, max_nesting: int) -> None:
    """Raise `BadDocument` when brackets outside strings nest deeper than the cap; about 1 ns per byte."""
    if text.count(b"[") + text.count(b"{") <= max_nesting:
        return
    if b"\\" in text:
        # An escaped quote does not end its string; of a run of backslashes an odd one is left, which escapes what follows.
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = text.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    depth = quotes = 0
    for start in range(0, len(structure), _SCANNED):
        letters = np.frombuffer(structure, np.uint8, min(_SCANNED, len(structure) - start), start)
        is_outside = (np.cumsum(letters == _QUOTE) + quotes) % 2 == 0
        quotes += int(np.count_nonzero(letters == _QUOTE))
        depths = (_STEPS[letters] * is_outside).cumsum() + depth
        if int(depths.max()) > max_nesting:
            raise BadDocument(_too_deep(max_nesting))
        depth = int(depths[-1])


def json_fault(text: bytes, error: Exception) -> str:
    """Say where and why a text is not JSON, in words for the person who sent it."""
    reason = str(error)
    if "truncated" in reason:
        return f"the JSON ends too early, at byte {len(text)}; the file was cut off, so export and drop it again"
    if found := _POSITION.search(reason):
        position = int(found[1])
        near = text[max(0, position - 20) : position + 20].decode("utf-8", "replace")
        return f"the file is not valid JSON at byte {position}, near {near!r}; correct it and drop it again"
    return f"the file is not valid JSON ({reason}); correct it and drop it again"


def loose(raw: bytes | msgspec.Raw) -> Any:  # noqa: ANN401 - any JSON value
    """Decode one record that the strict decoder refused for a number or an escape; raises ValueError when it is not JSON.

    Numbers beyond float64 become infinite and integers of absurd length too, so that only their own value is unreadable.
    """
    return json.loads(bytes(raw), parse_int=_bounded_int, parse_constant=_no_constant)


def _is_json(line: bytes) -> bool:
    try:
        _RECORD.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _bounded_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _too_deep(max_nesting: int) -> str:
    return f"the JSON nests deeper than {max_nesting} levels; no feed needs that, so export the data again"
