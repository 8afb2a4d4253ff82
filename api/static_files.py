"""Files that the API serves as they are: read once, each with its type, its tag and its packed form."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import Request, Response

from api.responses import accepts_gzip, is_known

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent: plain and packed, with the tag of the plain one."""

    body: bytes
    packed: bytes
    media_type: str
    digest: str


def read_folder(folder: Path, fill: Callable[[str, bytes], bytes] = lambda _, body: body) -> dict[str, PageFile]:
    """Every file of a folder by its path in it; `x.js.gz` rests packed and is `x.js`. `fill` completes a file by its name."""
    return dict(_read(path, folder, fill) for path in sorted(folder.rglob("*")) if path.is_file())


def send(request: Request, file: PageFile, headers: Mapping[str, str]) -> Response:
    """Send a file, or 304 where the caller has it already; packed where the caller can unpack."""
    packs = accepts_gzip(request.headers.get("accept-encoding", ""))
    etag = f'"{file.digest}{"-gzip" if packs else ""}"'
    sent = {**headers, "cache-control": "no-cache", "vary": "Accept-Encoding", "etag": etag}
    if is_known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=sent)
    if packs:
        return Response(file.packed, headers=sent | {"content-encoding": "gzip"}, media_type=file.media_type)
    return Response(file.body, headers=sent, media_type=file.media_type)


def _read(path: Path, folder: Path, fill: Callable[[str, bytes], bytes]) -> tuple[str, PageFile]:
    name, body = path.relative_to(folder).as_posix(), path.read_bytes()
    if path.suffix == ".gz":
        name, body = name.removesuffix(".gz"), gzip.decompress(body)
    body = fill(name, body)
    digest = hashlib.sha256(body).hexdigest()[:32]
    return name, PageFile(body, gzip.compress(body, mtime=0), _TYPES[Path(name).suffix], digest)
