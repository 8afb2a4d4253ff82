"""CSV with a header: encoding, delimiter and header found; rows as texts. Comma, semicolon, tab and bar are read."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from include.core.errors import BadDocument
from include.sources.formats.document_text import invalid_utf8_at, recognised, utf8_body
from include.sources.formats.names import plain

_DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts. `header` is in `names.plain` form; rows are numbered from 1 below it, blank lines skipped."""

    header: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]
    delimiter: str = ","


def read_table(body: bytes | memoryview, *, accept_windows: bool) -> Table:
    """Open a CSV document.

    Args:
        body: UTF-8 with or without byte order mark.
        accept_windows: Whether Windows-1252, which Excel writes in Brazil and Europe, is read too.

    Raises:
        BadDocument: Empty, another encoding or format; while rows are read, a text without end.
    """
    if accept_windows:
        found = recognised(body, wanted="CSV")
        text = _windows(found) if invalid_utf8_at(found) is not None else found.decode()
    else:
        text = utf8_body(body, wanted="CSV").decode()
    first = text.lstrip("\r\n \t").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    header = tuple(plain(cell) for cell in next(_checked(lines)))
    return Table(header, _numbered(lines), delimiter)


def positions(header: tuple[str, ...], aliases: dict[str, str]) -> dict[str, int]:
    """Column of each known field; `aliases` gives the field of a header cell. The first of several columns counts."""
    found: dict[str, int] = {}
    for position, cell in enumerate(header):
        if cell in aliases:
            found.setdefault(aliases[cell], position)
    return found


def missing_header(header: tuple[str, ...], wanted: str) -> BadDocument:
    """Error that says which columns a header must name and what was found instead."""
    shown = ", ".join(cell[:40] for cell in header[:12])
    return BadDocument(
        f"the first line must be a header that names {wanted}, but it reads: {shown}; add the header and drop it again"
    )


def _windows(found: bytes) -> str:
    try:
        return found.decode("cp1252")
    except UnicodeDecodeError as error:
        raise BadDocument(
            f"the file is neither UTF-8 nor Windows-1252 (byte {error.start}); save it as CSV UTF-8 and drop it again"
        ) from error


def _numbered(lines: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for cells in _checked(lines):
        if any(cell.strip() for cell in cells):
            number += 1
            yield number, cells


def _checked(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from lines
    except csv.Error as error:
        line = getattr(lines, "line_num", 0)
        raise BadDocument(f"the CSV cannot be read at line {line} ({error}); correct it and drop it again") from error
