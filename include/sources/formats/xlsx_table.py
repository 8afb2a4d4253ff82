"""Excel workbooks (.xlsx): the first sheet as rows of values, opened only after the archive's contents list is judged."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from include.core.errors import BadDocument

MAGIC: Final = b"PK\x03\x04"

_MAX_MEMBERS: Final = 500
_MAX_UNPACKED: Final = 200_000_000
_MAX_RATIO: Final = 200
_RATIO_MATTERS_ABOVE: Final = 10_000_000
_MAX_COLUMNS: Final = 50
_MAX_ROWS: Final = 1_048_576
_FAULTS: Final = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError, LookupError, ValueError, TypeError, AttributeError,
    ArithmeticError, EOFError, OSError, NotImplementedError, RuntimeError, AssertionError,
)  # fmt: skip


def read_rows(body: bytes | memoryview) -> Iterator[list[Any]]:
    """Yield the rows of the first sheet, header included, as Python values; formulas give the value that Excel stored.

    Raises:
        BadDocument: Not an Excel workbook, encrypted, damaged, or an archive built to exhaust memory.
    """
    data = body if isinstance(body, bytes) else bytes(body)
    try:
        _judge(data)
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        if not workbook.worksheets:
            raise BadDocument("the Excel file has no sheet with cells; put the table in the first sheet and drop it again")
        sheet = workbook.worksheets[0]
        # The stored dimensions may lie in both directions.
        sheet.reset_dimensions()
        for cells in sheet.iter_rows(values_only=True, max_col=_MAX_COLUMNS, max_row=_MAX_ROWS):
            yield list(cells)
    except _FAULTS as error:
        raise BadDocument(
            f"the file is no readable Excel workbook ({type(error).__name__}: {str(error)[:120]}); save it again as .xlsx"
        ) from error


def _judge(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise BadDocument(
            f"the Excel file is an archive of {len(members)} parts, more than {_MAX_MEMBERS}; save the table alone as .xlsx"
        )
    unpacked, packed = sum(member.file_size for member in members), sum(member.compress_size for member in members)
    if unpacked > _MAX_UNPACKED or (unpacked > _RATIO_MATTERS_ABOVE and unpacked > _MAX_RATIO * max(len(data), 1)):
        raise BadDocument(
            f"the Excel file unpacks from {len(data)} to {unpacked} bytes, as a zip bomb does; save the table as CSV"
        )
    if packed > len(data):
        raise BadDocument("the Excel file's parts overlap, as in a zip bomb; save the table again as .xlsx or CSV")
    if any(member.flag_bits & 1 for member in members):
        raise BadDocument("the Excel file is protected by a password; save it without and drop it again")
