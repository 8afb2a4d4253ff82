"""Object store of untouched documents: `tenant=<t>/source=<feed>/dt=<day>/<sha256>.<ext>.gz` below a folder or an s3 prefix.

The name is the content's SHA-256, so storing the same document twice changes nothing, and a name from outside never becomes a
path.
"""

import contextlib
import gzip
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from upath import UPath

from include.core.errors import Refused
from include.core.stores import opened_store, told
from include.landing.files import open_regular

_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 20
_EXTENSIONS: Final = frozenset({"json", "jsonl", "ndjson", "csv", "tsv", "txt", "xlsx"})
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_KEY: Final = re.compile(
    r"tenant=[A-Za-z0-9][A-Za-z0-9_.-]{0,99}/source=[A-Za-z0-9][A-Za-z0-9_.-]{0,99}/dt=\d{4}-\d\d-\d\d/[0-9a-f]{64}\.[a-z]{2,6}\.gz",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One document at rest. `sha256` and `size_bytes` are of the bytes as delivered, `stored_bytes` of the object."""

    sha256: str
    uri: str
    size_bytes: int
    stored_bytes: int


class ObjectStore:
    """Documents below one URL: a local folder, `s3://bucket/prefix`, or anything else that fsspec opens."""

    def __init__(self, url: str) -> None:
        """Take the root; nothing is created before the first `put`."""
        self._root = opened_store(UPath, url)
        self._is_local = self._root.protocol in {"", "file", "local"}
        if self._is_local:
            self._root = UPath(Path(self._root.path).absolute())

    def put(self, body: Path, *, tenant: str, feed: str, received_at: datetime) -> StoredObject:
        """Store the bytes of a file: gzip as it is, anything else gzipped.

        Args:
            body: A regular file; a link is refused.
            tenant: Tenant's key, letters, digits and `_.-`.
            feed: Name of the feed, likewise.
            received_at: Aware instant; its UTC day becomes part of the path.

        Raises:
            Refused: The tenant or feed cannot be part of a path, or the file is no regular file or grows while it is read.
            TryLater: The store cannot be written now.
            NeedsHuman: The store refuses access, or its bucket is not there.
        """
        folder = _folder(tenant, feed, received_at)
        with open_regular(body) as stream:
            return self._put(stream, folder, _extension(body.name), most=os.fstat(stream.fileno()).st_size)

    def put_bytes(self, body: bytes, *, extension: str, tenant: str, feed: str, received_at: datetime) -> StoredObject:
        """Store bytes that are no file, named by an extension such as `json`; otherwise as `put`."""
        return self._put(io.BytesIO(body), _folder(tenant, feed, received_at), _extension(extension), most=len(body))

    def _put(self, stream: BinaryIO, folder: str, extension: str, *, most: int) -> StoredObject:
        with told("a document", self._root, doing="written"), self._staging() as staged:
            sha256, size_bytes = _pack(stream, staged, most=most)
            stored_bytes = os.fstat(staged.fileno()).st_size
            target = self._root / folder / f"{sha256}.{extension}.gz"
            self._publish(Path(staged.name), target)
        return StoredObject(sha256, str(target), size_bytes, stored_bytes)

    def open(self, uri: str) -> BinaryIO:
        """Open a stored object's bytes for reading; of a store behind a network they are all here when this returns.

        Only the part of the URI below the root counts, so a store may move.

        Raises:
            Refused: The URI is not of this store's form.
            NeedsHuman: The object is gone, or the store refuses access.
            TryLater: The store cannot be reached.
        """
        at = self._at(uri)
        with told(f"the landed document {uri}", self._root, doing="read"):
            return at.open("rb") if self._is_local else _fetched(at)

    def open_delivered(self, uri: str, *, sha256: str) -> BinaryIO:
        """Open the bytes exactly as they were delivered, whose hex digest is `sha256`; raises as `open` does."""
        stored, digest = self.open(uri), hashlib.sha256()
        while chunk := stored.read(_CHUNK):
            digest.update(chunk)
        stored.seek(0)
        return stored if digest.hexdigest() == sha256 else cast("BinaryIO", gzip.open(stored, "rb"))

    def delete(self, uri: str) -> None:
        """Delete a stored object; one that is gone already is no fault."""
        with contextlib.suppress(FileNotFoundError):
            self._at(uri).unlink()

    def _at(self, uri: str) -> UPath:
        key = uri[uri.rfind("tenant=") :] if "tenant=" in uri else uri
        if not _KEY.fullmatch(key):
            raise Refused(f"{uri[:200]!r} is no address of a landed document; take it from the manifest")
        return self._root / key

    @contextlib.contextmanager
    def _staging(self) -> Iterator[IO[bytes]]:
        """Temporary file on the store's own file system where that is local, so that publishing is one rename."""
        folder: Path | None = None
        if self._is_local:
            folder = Path(self._root.path) / ".staging"
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="put-", suffix=".gz", delete=False) as staged:
            try:
                yield staged
            finally:
                Path(staged.name).unlink(missing_ok=True)

    def _publish(self, staged: Path, target: UPath) -> None:
        if self._is_local:
            local = Path(target.path)
            local.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(local)
            _sync_folder(local.parent)
        else:
            # A whole-file upload appears at once or not at all, unlike an object that is opened for writing.
            target.fs.put_file(str(staged), target.path)


def _fetched(at: UPath) -> BinaryIO:
    """The whole object in a temporary file: what fails, fails before anybody works with half of it."""
    with tempfile.NamedTemporaryFile(prefix="get-") as copy:
        at.fs.get_file(at.path, copy.name)
        # The name goes with the block, the bytes when the caller closes them.
        return Path(copy.name).open("rb")


def _pack(stream: BinaryIO, staged: IO[bytes], *, most: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    head = stream.read(len(_GZIP_MAGIC))
    stream.seek(0)
    packed = staged if head == _GZIP_MAGIC else gzip.GzipFile(filename="", mode="wb", fileobj=staged, compresslevel=6, mtime=0)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size > most:
            raise Refused(f"the file grew beyond the {most:,} bytes that it had; drop it again when it rests")
        packed.write(chunk)
    if packed is not staged:
        packed.close()
    staged.flush()
    os.fsync(staged.fileno())
    return digest.hexdigest(), size


def _extension(name: str) -> str:
    stem = name.lower().removesuffix(".gz")
    extension = stem.rpartition(".")[2]
    return extension if extension in _EXTENSIONS else "bin"


def _folder(tenant: str, feed: str, received_at: datetime) -> str:
    return f"tenant={_safe(tenant)}/source={_safe(feed)}/dt={received_at.astimezone(UTC):%Y-%m-%d}"


def _safe(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refused(f"{name[:100]!r} cannot name a tenant or feed; use letters, digits, dots, hyphens and underscores")
    return name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
