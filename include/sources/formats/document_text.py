"""What kind of bytes a document is: its encoding, and formats that were sent by mistake, named so that a person can act."""

import codecs
from typing import Final

from include.core.errors import BadDocument

_MISTAKEN: Final = (
    (b"PK\x03\x04", "a ZIP or Excel file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)"),
    (b"%PDF", "a PDF file"),
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"(\xb5/\xfd", "a Zstandard archive"),
)
_WIDE_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_STEP: Final = 1 << 20


def utf8_body(body: bytes | memoryview, *, wanted: str) -> bytes:
    """Check that a document is UTF-8 text and drop its byte order mark.

    Args:
        body: The unpacked document.
        wanted: What the feed reads, for the message, such as "JSON".

    Raises:
        BadDocument: Empty, HTML, a known binary format, UTF-16, UTF-32 or a one-byte encoding; the reason names the guess.
    """
    text = recognised(body, wanted=wanted)
    if (position := invalid_utf8_at(text)) is not None:
        raise BadDocument(
            f"the file is not UTF-8: byte {position} ({text[position]:#04x}) looks like Latin-1 or Windows-1252; "
            f"save it as UTF-8 {wanted} and drop it again"
        )
    return text


def recognised(body: bytes | memoryview, *, wanted: str) -> bytes:
    """Drop a UTF-8 byte order mark; raises `BadDocument` for what is certainly not text of a one-byte or UTF-8 encoding."""
    text = body if isinstance(body, bytes) else bytes(body)
    for mark, encoding in _WIDE_BOMS:
        if text.startswith(mark):
            raise BadDocument(f"the file is {encoding} text; save it as UTF-8 {wanted} and drop it again")
    text = text.removeprefix(codecs.BOM_UTF8)
    for magic, name in _MISTAKEN:
        if text.startswith(magic):
            raise BadDocument(f"the file is {name}, not {wanted}; export it as {wanted} and drop it again")
    start = text[:1000].lstrip()
    if not start and not text.strip():
        raise BadDocument("the file holds nothing but white space; export it again and drop it again")
    if start.startswith(b"<"):
        raise BadDocument(f"the file is {_markup(start)}, not {wanted}; export the data itself and drop it again")
    if text[:400].count(b"\0") > len(text[:400]) // 4:
        raise BadDocument(
            f"the file looks like UTF-16 text without a byte order mark; save it as UTF-8 {wanted} and drop it again"
        )
    return text


def invalid_utf8_at(text: bytes) -> int | None:
    """Position of the first byte that is not UTF-8, or None; checked in steps, so that no second copy of the text is made."""
    if text.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(text), _STEP):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(text[start : start + _STEP], final=start + _STEP >= len(text))
        except UnicodeDecodeError as error:
            return start - held + error.start
    return None


def _markup(start: bytes) -> str:
    lowered = start[:500].lower()
    if b"<!doctype html" in lowered or b"<html" in lowered or b"<head" in lowered:
        return "an HTML page (perhaps a login or error page)"
    return "XML or HTML"
