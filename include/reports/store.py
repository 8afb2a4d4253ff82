"""Where rendered reports rest: a folder or an object store, one readable path per revision."""

import re
from hashlib import sha256
from typing import Any, Final

from upath import UPath

from include.core.errors import NeedsHuman
from include.core.stores import opened_store, told

_TEMPORARY: Final = ".part"
_UNSAFE: Final = re.compile(r"[^\w.-]+")
_LOCAL: Final = frozenset({"", "file", "local"})


def put_report(url: str, parts: tuple[str, ...], content: bytes, suffix: str = ".pdf") -> str:
    """Write a file of a report below `url` as `<parts...><suffix>` and return its URI; a crash leaves nothing half-written there.

    Raises `StoreFailure` where the store cannot take it now, `NeedsHuman` where it refuses access or its bucket is not there.
    """
    *folders, name = (_UNSAFE.sub("_", part).lstrip(".") or "_" for part in parts)
    with told("a report", url, doing="written"):
        target = opened_store(UPath, url).joinpath(*folders, f"{name}{suffix}")
        if target.protocol in _LOCAL:
            _put_local(target, content)
        else:
            # A whole object appears at once or not at all.
            target.fs.pipe_file(target.path, content)
    return str(target)


def read_report(uri: str, *, sha256_of_pdf: str, if_gone: str) -> bytes:
    """Bytes of a stored report, as they were put.

    Raises `NeedsHuman` where its file is gone or another one (`if_gone` says what to do then) or the store refuses access,
    `StoreFailure` where the store does not give it now.
    """
    with told(f"the report {uri}", _root(uri), doing="read", if_gone=if_gone):
        at = opened_store(UPath, uri)
        pdf = bytes(at.fs.cat_file(at.path))
    if sha256(pdf).hexdigest() != sha256_of_pdf:
        raise NeedsHuman(f"the report {uri} is not the file that was put there; remove it, then {if_gone}")
    return pdf


def is_kept(uri: str) -> bool:
    """Is the file of this report still there? Raises as `read_report`, for what is wrong with the store."""
    with told(f"the report {uri}", _root(uri), doing="read"):
        at = opened_store(UPath, uri)
        try:
            # What the library remembers of a folder may be of before the file was lost.
            _look(at)
        except FileNotFoundError:
            return False
    return True


def _look(at: Any) -> None:  # noqa: ANN401 - a path of any file system
    at.fs.invalidate_cache()
    at.fs.info(at.path)


def _put_local(target: Any, pdf: bytes) -> None:  # noqa: ANN401
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.parent / f"{target.stem}.{sha256(pdf).hexdigest()[:12]}{_TEMPORARY}"
    partial.write_bytes(pdf)
    partial.rename(target)


def _root(uri: str) -> str:
    return uri.partition("://")[0] + "://" + uri.partition("://")[2].partition("/")[0] if "://" in uri else "its folder"
