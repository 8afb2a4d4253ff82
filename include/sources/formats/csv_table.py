"""CSV as lines of cells: encoding and delimiter found; comma, semicolon, tab and bar are read."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.errors import BadDocument
from include.sources.formats.deadline import keep_deadline
from include.sources.formats.document_text import invalid_utf8_at, recognised

if TYPE_CHECKING:
    import _csv

DELIMITERS: Final = ",;\t|"

_SEPARATOR_LINE: Final = re.compile(rb'\s*"?sep=(.)"?[ \t]*(\r\n|\r|\n)', re.IGNORECASE | re.DOTALL)
_NOT_WINDOWS: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_LONGEST_LINE: Final = 1_000_000
_HEAD: Final = 20_000
_LINES_A_LOOK: Final = 10_000
_END_OF_FILE: Final = b"\x1a"


@dataclass(frozen=True, slots=True)
class CsvText:
    """A document of lines.

    Attributes:
        lines: Opens its text anew, line by line, at the first line that is not blank.
        delimiters: Those that may separate its cells, the likeliest first.
        has_line_end: Whether the last line has one.
        ends_quoted: Whether the last letter closes a quoted cell.
    """

    lines: Callable[[], Iterator[str]]
    delimiters: tuple[str, ...]
    has_line_end: bool
    ends_quoted: bool

    def cells(self, delimiter: str, *, is_wrapped: bool = False) -> Iterator[list[str]]:
        """Cells of each line, blank lines included; `is_wrapped` where each line is quoted as one cell.

        Raises:
            BadDocument: While it is read: a quoted text without end, a line that is no text or too long.
        """
        reader = csv.reader(self.lines(), delimiter=delimiter, strict=True, skipinitialspace=True)
        rows = _checked(reader, reader)
        if not is_wrapped:
            return rows
        return _checked((next(csv.reader(cells[:1], delimiter=delimiter, strict=True), []) for cells in rows), reader)


def open_csv(body: bytes | memoryview, *, max_lines: int, wanted: str = "CSV") -> CsvText:
    """Open a CSV document in UTF-8, UTF-16 or Windows-1252, whatever its lines end with.

    Raises:
        BadDocument: Empty, another encoding or format, more lines than `max_lines`.
    """
    text = recognised(body, wanted=wanted).rstrip(_END_OF_FILE)
    if max(text.count(b"\n"), text.count(b"\r")) > max_lines:
        raise BadDocument(f"the document holds more than {max_lines} lines; split it and drop the parts")
    start = len(text) - len(text.lstrip(b"\r\n")) if text[:1] in b"\r\n" else 0
    separator = _SEPARATOR_LINE.match(text, start)
    head = text[start : start + _HEAD]
    delimiters = sorted(DELIMITERS, key=lambda delimiter: -head.count(delimiter.encode()))
    if separator:
        start, named = separator.end(), separator[1].decode("latin-1")
        delimiters = [named, *(delimiter for delimiter in delimiters if delimiter != named)]
    encoding = "utf-8" if invalid_utf8_at(text) is None else _one_byte_encoding(text)
    has_nul = b"\0" in text

    def lines() -> Iterator[str]:
        stored = io.BytesIO(text)
        stored.seek(start)
        return _lines(io.TextIOWrapper(stored, encoding, newline=""), has_nul)

    return CsvText(lines, tuple(delimiters), text[-1:] in b"\r\n", text.endswith(b'"'))


def _one_byte_encoding(text: bytes) -> str:
    if undefined := _NOT_WINDOWS.search(text):
        raise BadDocument(
            f"the file is neither UTF-8 nor Windows-1252 (byte {undefined.start()}); save it as CSV UTF-8 and drop it again"
        )
    return "cp1252"


def _lines(text: io.TextIOWrapper, has_nul: bool) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: text.readline(_LONGEST_LINE), ""), start=1):
        if len(line) == _LONGEST_LINE and line[-1] not in "\r\n":
            raise BadDocument(
                f"line {number} is longer than {_LONGEST_LINE} letters; this is no table of lines, so export it again"
            )
        if number % _LINES_A_LOOK == 0:
            keep_deadline()
        # A logger whose power failed leaves zeros in front of what it wrote next.
        yield line.lstrip("\0") if has_nul else line


def _checked(rows: Iterator[list[str]], reader: "_csv.Reader") -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise BadDocument(f"the CSV cannot be read at line {reader.line_num} ({error}); correct it and drop it again") from error
