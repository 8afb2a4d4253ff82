"""What kind of bytes a document is: its encoding, and formats that were sent by mistake, named so that a person can act."""

import codecs
import io
from typing import Final

from include.core.errors import BadDocument

_EXPORT: Final = "export it as {wanted} and drop it again"
_UNPACK: Final = "unpack it and drop the file that is in it"
_MISTAKEN: Final = (
    (b"PK\x03\x04", "a ZIP or Excel file", _EXPORT),
    (b"%PDF", "a PDF file", _EXPORT),
    (b"PAR1", "a Parquet file", _EXPORT),
    (b"SQLite format 3\0", "an SQLite database", _EXPORT),
    (b"\x89PNG", "a picture", "export the data itself and drop it again"),
    (b"\xff\xd8\xff", "a picture", "export the data itself and drop it again"),
    (b"GIF8", "a picture", "export the data itself and drop it again"),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x04\x22\x4d\x18", "an LZ4 archive", _UNPACK),
)
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_WIDE: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STEP: Final = 1 << 20
_TAR_BLOCK: Final = 512
_LOCK_FILE_BYTES: Final = 165
_LOCK_NAME_AT: Final = 55
_LOOKED_AT: Final = 2000


def utf8_body(body: bytes | memoryview, *, wanted: str) -> bytes:
    """Check that a document is UTF-8 or UTF-16 text and give it as UTF-8 without byte order mark.

    Args:
        body: The unpacked document.
        wanted: What the feed reads, for the message, such as "JSON".

    Raises:
        BadDocument: Empty, HTML, a known binary format, UTF-32 or a one-byte encoding; the reason names the guess.
    """
    text = recognised(body, wanted=wanted)
    if (position := invalid_utf8_at(text)) is not None:
        raise BadDocument(
            f"the file is not UTF-8: byte {position} ({text[position]:#04x}) looks like Latin-1 or Windows-1252; "
            f"save it as UTF-8 {wanted} and drop it again"
        )
    return text


def recognised(body: bytes | memoryview, *, wanted: str) -> bytes:
    """Turn UTF-16 into UTF-8 and drop a byte order mark; one-byte encodings come back as they are.

    Raises `BadDocument` for what is certainly no text.
    """
    text = body if isinstance(body, bytes) else bytes(body)
    encoding, mark_length = _wide_encoding(text)
    if encoding == "utf-32":
        raise BadDocument(f"the file is UTF-32 text; save it as UTF-8 {wanted} and drop it again")
    if encoding is not None:
        text = _as_utf8(text, encoding, mark_length)
    text = text.removeprefix(codecs.BOM_UTF8)
    _refuse_mistaken(text, wanted)
    start = text[:1000].lstrip()
    if not start and not text.strip():
        raise BadDocument("the file holds nothing but white space; export it again and drop it again")
    if start.startswith(b"<"):
        raise BadDocument(f"the file is {_markup(start)}, not {wanted}; export the data itself and drop it again")
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


def _wide_encoding(text: bytes) -> tuple[str | None, int]:
    """Encoding of two or four bytes a letter, and how long its mark is; without a mark only where every letter shows it."""
    for mark, encoding in _WIDE:
        if text.startswith(mark):
            return encoding, len(mark)
    low, high = text[:_LOOKED_AT:2], text[1:_LOOKED_AT:2]
    if len(text) < 4 or len(text) % 2:
        return None, 0
    if 0 not in low and high.count(0) > 0.9 * len(high):
        return "utf-16-le", 0
    if 0 not in high and low.count(0) > 0.9 * len(low):
        return "utf-16-be", 0
    return None, 0


def _as_utf8(text: bytes, encoding: str, start: int) -> bytes:
    decoder, utf8 = codecs.getincrementaldecoder(encoding)(), io.BytesIO()
    try:
        for step in range(start, len(text), _STEP):
            utf8.write(decoder.decode(text[step : step + _STEP], final=step + _STEP >= len(text)).encode())
    except UnicodeError as error:
        raise BadDocument(f"the file is UTF-16 text that was cut or damaged ({error}); export it again") from error
    return utf8.getvalue()


def _refuse_mistaken(text: bytes, wanted: str) -> None:
    for magic, name, action in _MISTAKEN:
        if text.startswith(magic):
            raise BadDocument(f"the file is {name}, not {wanted}; {action.format(wanted=wanted)}")
    if text.startswith(_OLD_OFFICE):
        if _ENCRYPTED in text:
            raise BadDocument("the file is an Excel file that is protected by a password; save it without and drop it again")
        raise BadDocument(f"the file is an old Excel file (.xls), not {wanted}; {_EXPORT.format(wanted=wanted)}")
    if _is_tar(text[:_TAR_BLOCK]):
        raise BadDocument(f"the file is a tar archive, not {wanted}; {_UNPACK}")
    if _is_lock_file(text):
        raise BadDocument(
            "the file is the lock that Excel keeps beside an open workbook (~$...); close it and drop the workbook itself"
        )


def _is_tar(block: bytes) -> bool:
    """Whether the first block of a file is a tar header: the sum of its bytes stands in it."""
    if len(block) < _TAR_BLOCK:
        return False
    try:
        written = int(block[148:156].strip(b" \0") or b"-", 8)
    except ValueError:
        return False
    return written == sum(block[:148]) + sum(block[156:]) + 8 * ord(" ")


def _is_lock_file(text: bytes) -> bool:
    """Whether the bytes are the owner's name as Excel writes it into its lock: its length and letters, twice."""
    return len(text) == _LOCK_FILE_BYTES and 0 < text[0] < _LOCK_NAME_AT and text[_LOCK_NAME_AT] == text[0]


def _markup(start: bytes) -> str:
    lowered = start[:500].lower()
    if b"<!doctype html" in lowered or b"<html" in lowered or b"<head" in lowered:
        return "an HTML page (perhaps a login or error page)"
    if b"<table" in lowered:
        return "an HTML table (perhaps one that was named like an Excel file)"
    return "XML or HTML"
