"""The package of an Excel workbook: an archive of XML parts, judged by its list of contents and read as a stream.

Cost is bounded before it is paid: parts, sizes and ratio by the list of contents, and elements as their bytes come out. Document
types, with whose entities XML can grow without end, are refused.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol
from xml.parsers import expat

from include.core.errors import BadDocument
from include.sources.formats.deadline import keep_deadline
from include.sources.formats.zip_archive import members_of

_MAX_PARTS: Final = 500
_MAX_UNPACKED: Final = 200_000_000
_MAX_RATIO: Final = 200
_RATIO_MATTERS_ABOVE: Final = 10_000_000
_MAX_TAGS: Final = 40_000_000
_CHUNK: Final = 1 << 18

Attributes = dict[str, str]


class _Reader(Protocol):
    """What takes the elements of a part, by their names without prefix."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text within the current element, whole."""


@dataclass(frozen=True, slots=True)
class _Relation:
    """What a part of a package refers to: kind is the last word of its type, path that of the other part."""

    kind: str
    path: str


class Package:
    """An archive whose list of contents is sound."""

    def __init__(self, data: bytes) -> None:
        """Open it; raises `BadDocument` for a bomb, a password or an archive without a readable list of contents."""
        _judge(data)
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._names = {name.lower(): name for name in self._archive.namelist()}
        self._tag_count = 0

    def has(self, path: str) -> bool:
        """Whether there is such a part; case does not matter."""
        return path.lower() in self._names

    def stream(self, path: str) -> Iterator[bytes]:
        """Bytes of a part, a chunk at a time."""
        with self._archive.open(self._names[path.lower()]) as part:
            while chunk := part.read(_CHUNK):
                keep_deadline()
                yield chunk

    def parse(self, path: str, reader: _Reader) -> Iterator[None]:
        """Give the elements of a part to a reader; yields after each chunk, so that what was read can be taken."""
        parser = _parser(reader)
        for chunk in self.stream(path):
            self._tag_count += chunk.count(b"<")
            if self._tag_count > _MAX_TAGS:
                raise BadDocument("the Excel file has millions of cells more than are read; split it and drop the parts as CSV")
            parser.Parse(chunk, False)
            yield
        parser.Parse(b"", True)
        yield

    def read(self, path: str, reader: _Reader) -> None:
        """Give all elements of a part to a reader."""
        for _ in self.parse(path, reader):
            pass

    def relations(self, path: str) -> dict[str, _Relation]:
        """What a part refers to, by the identifiers that it uses; of the package itself for an empty path."""
        folder, name = posixpath.split(path)
        found = _Relations(folder)
        self.read(posixpath.join(folder, "_rels", f"{name}.rels"), found)
        return found.relations


class _Relations:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.relations: dict[str, _Relation] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join("/", self._folder, attributes["Target"])).lstrip("/")
            self.relations[attributes["Id"]] = _Relation(attributes["Type"].rpartition("/")[2], path)

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Bare(dict[str, str]):
    """Names without their prefix, remembered."""

    def __missing__(self, name: str) -> str:
        bare = self[name] = name.rpartition(":")[2]
        return bare


def _parser(reader: _Reader) -> "expat.XMLParserType":
    parser, bare = expat.ParserCreate(), _Bare()
    start, end = reader.start, reader.end
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(bare[name], attributes)
    parser.EndElementHandler = lambda name: end(bare[name])
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*_: object) -> None:
    raise BadDocument(
        "the Excel file declares an XML document type, as no spreadsheet program does; save the table again as .xlsx"
    )


def _judge(data: bytes) -> None:
    members = members_of(data)
    if len(members) > _MAX_PARTS:
        raise BadDocument(
            f"the Excel file is an archive of {len(members)} parts, more than {_MAX_PARTS}; save the table alone as .xlsx"
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
