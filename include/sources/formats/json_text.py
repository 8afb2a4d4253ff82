"""Strict JSON: an array of records, one record, or JSON lines, cut into raw records without building the whole document.

Nesting is capped before anything is decoded; NaN and Infinity are not JSON and refuse the document.
"""

import json
import re
from typing import Any, Final

import msgspec
import numpy as np

from include.core.errors import BadDocument
from include.sources.formats.context import ParseContext
from include.sources.formats.document_text import utf8_body

_EVERY_BYTE: Final = bytes(range(256))
_NOT_STRUCTURE: Final = bytes(set(_EVERY_BYTE) - set(b'[]{}"'))
_QUOTE: Final = ord('"')
_SCANNED: Final = 1 << 20
_ESCAPED: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
_STEPS: Final = np.zeros(256, np.int32)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
_POSITION: Final = re.compile(r"\(byte (\d+)\)")
_MAX_DIGITS: Final = 300
_RECORDS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_RECORD: Final = msgspec.json.Decoder(msgspec.Raw)


def raw_records(body: bytes | memoryview, context: ParseContext, *, scan_nesting: bool = True) -> list[msgspec.Raw]:
    """Cut a JSON document into the texts of its records.

    Args:
        body: UTF-8, with or without byte order mark: an array, one object, or one object per line.
        context: Gives the nesting cap.
        scan_nesting: False where records are decoded into fixed types, whose depth the types already bound.

    Returns:
        One `Raw` per record. A bad line of JSON lines is kept as it is, for the caller to report.

    Raises:
        BadDocument: Not JSON, truncated, nested too deeply, or of another encoding; the reason says where.
    """
    text = utf8_body(body, wanted="JSON")
    if scan_nesting:
        check_nesting(text, context.max_nesting)
    try:
        return _cut(text)
    except msgspec.ValidationError as error:
        raise BadDocument(f"the file is JSON but no array of records ({error}); export it again") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadDocument(json_fault(text, error)) from error
    except RecursionError as error:
        raise BadDocument(_too_deep(context.max_nesting)) from error


def _cut(text: bytes) -> list[msgspec.Raw]:
    try:
        return _RECORDS.decode(text) if text.lstrip()[:1] != b"{" else _one_or_lines(text)
    except msgspec.DecodeError:
        # Half of a surrogate pair is no character: it spoils its own text, not the document.
        repaired = _ESCAPED.sub(_replaced, text) if b"\\ud" in text.lower() else text
        if repaired == text:
            raise
    return _RECORDS.decode(repaired) if repaired.lstrip()[:1] != b"{" else _one_or_lines(repaired)


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
        hint = " (NaN and Infinity are not JSON numbers: write null)" if re.search(r"NaN|Infinity", near) else ""
        return f"the file is not valid JSON at byte {position}, near {near!r}{hint}; correct it and drop it again"
    return f"the file is not valid JSON ({reason}); correct it and drop it again"


def loose(raw: bytes | msgspec.Raw) -> Any:  # noqa: ANN401 - any JSON value
    """Decode one record that the strict decoder refused for a number or an escape; raises ValueError when it is not JSON.

    Numbers beyond float64 become infinite and integers of absurd length too, so that only their own value is unreadable.
    """
    return json.loads(bytes(raw), parse_int=_bounded_int, parse_constant=_no_constant)


def _one_or_lines(text: bytes) -> list[msgspec.Raw]:
    try:
        return [_RECORD.decode(text)]
    except msgspec.DecodeError as error:
        if "trailing characters" not in str(error):
            raise
    lines = text.split(b"\n")
    if not _is_json(lines[0]):
        _RECORD.decode(text)
    if lines[-1].strip() and not _is_json(lines[-1]):
        # Without its line end the last record was cut; a bad line elsewhere is a bad record.
        raise BadDocument(f"the last line of the JSON lines ends too early, at byte {len(text)}; export and drop it again")
    return [msgspec.Raw(line) for line in lines if line.strip()]


def _replaced(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape[1] else escape[0]


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
