"""Reads rendered reports from the report store, and nothing from anywhere else."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from upath import UPath

from include.core.errors import NeedsHuman, TryLater
from include.core.stores import StoreFailure, opened_store, told

_log = logging.getLogger(__name__)

READ_S: Final = 5
"""A store that says nothing for so long is given up: who asks waits meanwhile, and keeps others from being answered."""

WHOLE_S: Final = 20
"""A report that comes in drops is given up after so long."""


def read_report_file(store: str, uri: str) -> bytes:
    """Bytes of one report.

    Raises `NeedsHuman` when `uri` lies outside the store, the file is gone or access is refused, `TryLater` when the store does
    not give it now.
    """
    with _for_callers(), told(f"report file {uri!r}", store, doing="read", if_gone="restore it or render the report again"):
        try:
            target = _inside(_opened(store), _opened(uri))
        except ValueError:
            target = None
        if target is None:
            raise NeedsHuman(f"report file {uri!r} lies outside the report store {store!r}; correct HELIOGRAPH_REPORT_STORE_URL")
        return _read(target)


@contextlib.contextmanager
def _for_callers() -> Iterator[None]:
    """Which store fails, and how, is for the operator's log."""
    try:
        yield
    except StoreFailure as error:
        _log.warning("%s", error)
        raise TryLater("the report cannot be read now, its store does not answer; ask again", after_s=30) from error


def _opened(url: str) -> UPath:
    return opened_store(UPath, url, read_s=READ_S, attempts=1)


def _read(target: Path | UPath) -> bytes:
    if isinstance(target, UPath) and target.protocol == "s3":
        return bytes(target.fs.cat_file(target.path, timeout=WHOLE_S))
    try:
        return bytes(target.read_bytes())
    except OSError as error:
        raise NeedsHuman(f"report file '{target}' cannot be read ({error}); restore it or render the report again") from error


def _inside(store: UPath, target: UPath) -> Path | UPath | None:
    if store.protocol != target.protocol and {store.protocol, target.protocol} != {"", "file"}:
        return None
    if target.protocol in {"", "file"}:
        # Symbolic links are followed before the comparison.
        local = Path(target.path).resolve()
        return local if local.is_relative_to(Path(store.path).resolve()) else None
    path = PurePosixPath(target.path)
    return target if ".." not in path.parts and path.is_relative_to(store.path) else None
