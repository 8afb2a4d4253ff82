"""Stored bytes -> the document itself: gzip layers, recognised by their magic, are removed under caps on size and ratio.

What was delivered is never trusted to say its own size: bytes are counted while they come out, and unpacking stops at the cap.
"""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from isal import isal_zlib
from isal.igzip_lib import IsalError

from include.core.errors import BadDocument
from include.core.settings import Settings

# isal's stubs declare its error as a value, not as a type.
_FAULTS: Final[tuple[Any, ...]] = (IsalError, zlib.error, ValueError, EOFError)
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
_CHUNK: Final = 1 << 20
_STEP: Final = 4 << 20
_RATIO_MATTERS_ABOVE: Final = 10_000_000
_MAX_LAYERS: Final = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one document; sizes in bytes. `max_ratio` (unpacked to packed) counts above 10 MB unpacked."""

    max_packed: int
    max_unpacked: int
    max_ratio: float

    @classmethod
    def from_settings(cls, settings: Settings) -> "Limits":
        """Take the caps from the settings, where MB are 10^6 bytes."""
        return cls(
            max_packed=int(settings.max_document_mb * 1e6),
            max_unpacked=int(settings.max_unpacked_mb * 1e6),
            max_ratio=settings.max_unpack_ratio,
        )


def unpack(stored: BinaryIO, *, limits: Limits) -> bytes:
    """Read a stored document and remove its gzip layers, however it is named.

    Returns:
        The document's own bytes; bytes that are not gzip come back as they are.

    Raises:
        BadDocument: Empty, truncated, corrupt, too large, too dense or packed more than three times.
    """
    body = _first_layer(stored, limits)
    for _ in range(_MAX_LAYERS - 1):
        if not body.startswith(_GZIP_MAGIC):
            return body
        body = _gunzip(io.BytesIO(body), limits)
    if body.startswith(_GZIP_MAGIC):
        raise BadDocument(f"the file is gzipped more than {_MAX_LAYERS} times; pack it once and drop it again")
    return body


def _first_layer(stored: BinaryIO, limits: Limits) -> bytes:
    head = stored.read(2)
    if not head:
        raise BadDocument("the file is empty (0 bytes); export it again and drop it again")
    if head == _GZIP_MAGIC:
        return _gunzip(stored, limits, head)
    body = io.BytesIO()
    body.write(head)
    while chunk := stored.read(_CHUNK):
        body.write(chunk)
        if body.tell() > limits.max_unpacked:
            raise BadDocument(_too_large(limits))
    return body.getvalue()


def _gunzip(packed: BinaryIO, limits: Limits, head: bytes = b"") -> bytes:
    body = io.BytesIO()
    member, chunk = isal_zlib.decompressobj(wbits=_GZIP_WINDOW), head or packed.read(_CHUNK)
    packed_count = len(chunk)
    while chunk:
        for part in _inflate(member, chunk):
            body.write(part)
            _check_size(body.tell(), packed_count, limits)
        if member.eof:
            rest = member.unused_data.lstrip(b"\0") or packed.read(_CHUNK).lstrip(b"\0")
            if not rest:
                return _unpacked(body)
            # A further member follows, as when gzip files are joined with cat; anything else is not part of a gzip file.
            if not rest.startswith(_GZIP_MAGIC[: len(rest)]):
                raise BadDocument(f"after the gzip data come {len(rest)} or more bytes that are not gzip; send the file again")
            packed_count += 0 if member.unused_data else len(rest)
            member, chunk = isal_zlib.decompressobj(wbits=_GZIP_WINDOW), rest
        else:
            chunk = packed.read(_CHUNK)
            packed_count += len(chunk)
            if packed_count > limits.max_packed:
                raise BadDocument(
                    f"the file is larger than {limits.max_packed / 1e6:g} MB as delivered; split it and drop the parts"
                )
    raise BadDocument(f"the gzip data ends too early, after {packed_count} bytes; the transfer was cut, so send the file again")


def _inflate(member: "isal_zlib.Decompress", chunk: bytes) -> Iterator[bytes]:
    try:
        part = member.decompress(chunk, _STEP)
        while part or member.unconsumed_tail:
            yield part
            if member.eof:
                return
            part = member.decompress(member.unconsumed_tail, _STEP)
    except _FAULTS as error:
        raise BadDocument(f"the gzip data is corrupt ({error}); send the file again") from error


def _check_size(size: int, packed_count: int, limits: Limits) -> None:
    if size > limits.max_unpacked:
        raise BadDocument(_too_large(limits))
    if size > _RATIO_MATTERS_ABOVE and size > limits.max_ratio * packed_count:
        raise BadDocument(
            f"the file grows more than {limits.max_ratio:g} times when unpacked (from {packed_count} to over {size} bytes), "
            "as a decompression bomb does; drop it unpacked or split it"
        )


def _unpacked(body: io.BytesIO) -> bytes:
    if body.tell() == 0:
        raise BadDocument("the gzip file holds an empty document (0 bytes); export it again and drop it again")
    return body.getvalue()


def _too_large(limits: Limits) -> str:
    return f"the document is larger than {limits.max_unpacked / 1e6:g} MB unpacked; split it and drop the parts"
