"""Where rendered reports rest: a folder or an object store, one readable path per revision."""

import re
from hashlib import sha256
from typing import Final

from upath import UPath

_TEMPORARY: Final = ".part"
_UNSAFE: Final = re.compile(r"[^\w.-]+")


def put_report(url: str, parts: tuple[str, ...], pdf: bytes) -> str:
    """Write a report below `url` as `<parts...>.pdf` and return its URI; a crash leaves no half-written report there."""
    *folders, name = (_UNSAFE.sub("_", part).lstrip(".") or "_" for part in parts)
    folder = UPath(url).joinpath(*folders)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.pdf"
    partial = folder / f"{name}.{sha256(pdf).hexdigest()[:12]}{_TEMPORARY}"
    partial.write_bytes(pdf)
    partial.rename(target)
    return str(target)


def read_report(uri: str) -> bytes:
    """Bytes of a stored report."""
    return UPath(uri).read_bytes()


def is_kept(uri: str) -> bool:
    """Is the file of this report still there?"""
    return bool(UPath(uri).exists())
