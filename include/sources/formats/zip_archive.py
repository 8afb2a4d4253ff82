"""ZIP archives: what kind of package one is, and the one data file in it."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from include.core.errors import BadDocument

MAGIC: Final = b"PK\x03\x04"

_END: Final = b"PK\x05\x06"
_MAGICS: Final = (MAGIC, _END, b"PK\x07\x08")
_STEP: Final = 1 << 20
_LONGEST_END: Final = 22 + 65_535
_MAX_CONTENTS_BYTES: Final = 1_000_000
_NAMED: Final = 5
_LEFT_BY_SYSTEMS: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_FAULTS: Final = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError, RuntimeError)
_PACKAGES: Final = (
    ("[Content_Types].xml", "word/", "a Word document"),
    ("[Content_Types].xml", "ppt/", "a PowerPoint file"),
    ("META-INF/manifest.xml", "", "an OpenDocument file (.ods, as LibreOffice saves it)"),
    ("mimetype", "", "an OpenDocument file (.ods, as LibreOffice saves it)"),
    ("Index/Document.iwa", "", "an Apple Numbers file"),
    ("Index.zip", "", "an Apple Numbers file"),
)
_WORKBOOK: Final = "[Content_Types].xml"


def is_container(body: bytes) -> bool:
    """Whether the bytes are a ZIP archive of files; false for an Excel workbook, which is a document itself."""
    if not body.startswith(_MAGICS):
        return False
    names = {member.filename for member in members_of(body)}
    for needed, folder, what in _PACKAGES:
        if needed in names and any(name.startswith(folder) for name in names):
            raise BadDocument(f"the file is {what}; save the table as CSV or as an Excel workbook (.xlsx) and drop it again")
    return _WORKBOOK not in names


def only_file(body: bytes) -> Iterator[bytes]:
    """Unpack the one data file of an archive, in steps of at most 1 MB.

    Folders and what systems leave behind (`__MACOSX`, `.DS_Store`, `Thumbs.db`) do not count.

    Raises:
        BadDocument: None or several files, a password, an unknown way of packing, a damaged archive.
    """
    files = [member for member in members_of(body) if not _is_left_by_system(member)]
    if not files:
        raise BadDocument("the ZIP archive holds no file; put the file in and drop it again")
    if len(files) > 1:
        named = ", ".join(repr(member.filename[:80]) for member in files[:_NAMED]) + (", ..." if len(files) > _NAMED else "")
        raise BadDocument(f"the ZIP archive holds {len(files)} files ({named}); drop each of them by itself")
    if files[0].flag_bits & 1:
        raise BadDocument("the ZIP archive is protected by a password; pack it without and drop it again")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive, archive.open(files[0]) as unpacking:
            while part := unpacking.read(_STEP):
                yield part
    except _FAULTS as error:
        raise BadDocument(f"the ZIP archive cannot be unpacked ({error}); pack the file again and drop it again") from error


def members_of(body: bytes) -> list[zipfile.ZipInfo]:
    """The list of contents; how long it is, its end says before anything is read of it."""
    end = body.rfind(_END, -_LONGEST_END)
    if int.from_bytes(body[end + 12 : end + 16], "little") > _MAX_CONTENTS_BYTES and end >= 0:
        raise BadDocument("the ZIP archive holds thousands of files; drop each of them by itself")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
    except _FAULTS as error:
        raise BadDocument(
            "the ZIP archive has no readable list of contents at its end; the transfer was cut, so send the file again"
        ) from error
    return members


def _is_left_by_system(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    is_hidden_twin = "__MACOSX" in path.parts or path.name.startswith("._")
    return member.is_dir() or is_hidden_twin or path.name.lower() in _LEFT_BY_SYSTEMS
