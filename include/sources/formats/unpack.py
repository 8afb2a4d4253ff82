"""Stored bytes -> the document itself: gzip, Zstandard and ZIP, known by their first bytes, are removed under caps.

What was delivered is never trusted to say its own size: bytes are counted while they come out, and unpacking stops at the cap.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol

from backports.zstd import ZstdDecompressor, ZstdError
from isal import isal_zlib
from isal.igzip_lib import IsalError

from include.core.errors import BadDocument
from include.core.settings import Settings
from include.sources.formats import zip_archive
from include.sources.formats.deadline import keep_deadline

# isal's stubs declare its error as a value, not as a type.
_FAULTS: Final[tuple[Any, ...]] = (IsalError, zlib.error, ZstdError, ValueError, EOFError)
_GZIP_WINDOW: Final = 31
_CHUNK: Final = 1 << 20
_STEP: Final = 4 << 20
_RATIO_MATTERS_ABOVE: Final = 10_000_000
_MAX_LAYERS: Final = 3
_LONGEST_MAGIC: Final = 4


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
    """Read a stored document and remove up to three layers of packing, however it is named.

    Returns:
        The document's own bytes. Excel workbooks, which are ZIP archives too, and what is not packed come back as they are.

    Raises:
        BadDocument: Empty, truncated, corrupt, too large, too dense, packed more than three times, an archive of several.
    """
    head = stored.read(_LONGEST_MAGIC)
    if not head:
        raise BadDocument("the file is empty (0 bytes); export it again and drop it again")
    for _ in range(_MAX_LAYERS):
        packing = _packing_of(head)
        if packing is not None:
            body = _expand(packing, stored, limits, head)
        else:
            body = _read_whole(stored, limits, head)
            if not zip_archive.is_container(body):
                return body
            body = _first_file(body, limits)
        stored, head = io.BytesIO(body), body[:_LONGEST_MAGIC]
        stored.seek(len(head))
    if _packing_of(head) is None and not zip_archive.is_container(body):
        return body
    raise BadDocument(f"the file is packed more than {_MAX_LAYERS} times; pack it once and drop it again")


class _Member(Protocol):
    """One gzip member or Zstandard frame while it is unpacked."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def parts(self, chunk: bytes) -> Iterator[bytes]: ...


class _GzipMember:
    def __init__(self) -> None:
        self._inflater = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def parts(self, chunk: bytes) -> Iterator[bytes]:
        part = self._inflater.decompress(chunk, _STEP)
        while part or self._inflater.unconsumed_tail:
            yield part
            if self._inflater.eof:
                return
            part = self._inflater.decompress(self._inflater.unconsumed_tail, _STEP)


class _ZstdFrame:
    def __init__(self) -> None:
        self._inflater = ZstdDecompressor()

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def parts(self, chunk: bytes) -> Iterator[bytes]:
        yield self._inflater.decompress(chunk, _STEP)
        while not self._inflater.eof and not self._inflater.needs_input:
            yield self._inflater.decompress(b"", _STEP)


@dataclass(frozen=True, slots=True)
class _Packing:
    """A way of packing one stream of bytes. `padding` may follow a member without being one."""

    name: str
    magics: tuple[bytes, ...]
    padding: bytes
    open_member: Callable[[], _Member]


_PACKINGS: Final = (
    _Packing("gzip", (b"\x1f\x8b",), b"\0", _GzipMember),
    # The second is a frame to be skipped, with which parallel writers begin.
    _Packing("Zstandard", (b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"), b"", _ZstdFrame),
)


def _packing_of(head: bytes) -> _Packing | None:
    return next((packing for packing in _PACKINGS if head.startswith(packing.magics)), None)


def _read_whole(stored: BinaryIO, limits: Limits, head: bytes) -> bytes:
    body = io.BytesIO()
    body.write(head)
    while chunk := stored.read(_CHUNK):
        body.write(chunk)
        if body.tell() > limits.max_unpacked:
            raise BadDocument(_too_large(limits))
    return body.getvalue()


def _expand(packing: _Packing, packed: BinaryIO, limits: Limits, head: bytes) -> bytes:
    body = io.BytesIO()
    member, chunk = packing.open_member(), head
    packed_count = len(chunk)
    while chunk:
        for part in _inflated(packing, member, chunk):
            body.write(part)
            _check_size(body.tell(), packed_count, limits)
        if member.eof:
            rest = member.unused_data.lstrip(packing.padding) or packed.read(_CHUNK).lstrip(packing.padding)
            if not rest:
                return _unpacked(packing, body)
            # A further member follows, as when packed files are joined with cat; anything else is no part of a packed file.
            if not any(rest.startswith(magic[: len(rest)]) for magic in packing.magics):
                raise BadDocument(
                    f"after the {packing.name} data come {len(rest)} or more bytes that are no {packing.name}; send it again"
                )
            packed_count += 0 if member.unused_data else len(rest)
            member, chunk = packing.open_member(), rest
        else:
            chunk = packed.read(_CHUNK)
            packed_count += len(chunk)
            if packed_count > limits.max_packed:
                raise BadDocument(
                    f"the file is larger than {limits.max_packed / 1e6:g} MB as delivered; split it and drop the parts"
                )
    raise BadDocument(
        f"the {packing.name} data ends too early, after {packed_count} bytes; the transfer was cut, so send the file again"
    )


def _inflated(packing: _Packing, member: _Member, chunk: bytes) -> Iterator[bytes]:
    try:
        yield from member.parts(chunk)
    except _FAULTS as error:
        raise BadDocument(f"the {packing.name} data is corrupt ({error}); send the file again") from error


def _first_file(archive: bytes, limits: Limits) -> bytes:
    if len(archive) > limits.max_packed:
        raise BadDocument(f"the file is larger than {limits.max_packed / 1e6:g} MB as delivered; split it and drop the parts")
    body = io.BytesIO()
    for part in zip_archive.only_file(archive):
        body.write(part)
        _check_size(body.tell(), len(archive), limits)
    if body.tell() == 0:
        raise BadDocument("the file in the ZIP archive is empty (0 bytes); export it again and drop it again")
    return body.getvalue()


def _check_size(size: int, packed_count: int, limits: Limits) -> None:
    keep_deadline()
    if size > limits.max_unpacked:
        raise BadDocument(_too_large(limits))
    if size > _RATIO_MATTERS_ABOVE and size > limits.max_ratio * packed_count:
        raise BadDocument(
            f"the file grows more than {limits.max_ratio:g} times when unpacked (from {packed_count} to over {size} bytes), "
            "as a decompression bomb does; drop it unpacked or split it"
        )


def _unpacked(packing: _Packing, body: io.BytesIO) -> bytes:
    if body.tell() == 0:
        raise BadDocument(f"the {packing.name} file holds an empty document (0 bytes); export it again and drop it again")
    return body.getvalue()


def _too_large(limits: Limits) -> str:
    return f"the document is larger than {limits.max_unpacked / 1e6:g} MB unpacked; split it and drop the parts"
