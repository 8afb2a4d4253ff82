"""Refused files: given back in a folder of their feed, with a page that says why and what to do next."""

import contextlib
import errno
import io
import itertools
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from include.core.errors import HeliographError, NeedsHuman
from include.landing.drops import REFUSED, Drop, take
from include.landing.files import (
    create,
    is_same_device,
    is_there,
    make_folder,
    open_folder,
    open_regular,
    opened,
    safe_name,
    share_with_group,
    shown,
    trouble,
)

_MAX_SAME_NAME: Final = 10_000
_PAGE: Final = """\
This file was not loaded.

File:        {name}
Feed:        {feed}
Received at: {received_at:%Y-%m-%d %H:%M:%S} UTC

Why: {reason}

What to do next: correct what is said above and drop the file again into the folder {feed}, under any name. Nothing of it was
loaded, so dropping it again counts nothing twice. The refused file and this page may be deleted.
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file was not loaded. `received_at` is an aware instant; `reason` is a sentence for the person who dropped it."""

    tenant: str
    feed: str
    original_name: str
    reason: str
    received_at: datetime


def refuse(drop: Drop, refusal: Refusal, *, drops: Path) -> Path:
    """Move a file that is not read, as it is, to `<drops>/<tenant>/<feed>/refused/` beside its `.reason.txt`.

    The name is made safe and bounded; the page keeps the original one, escaped. A link moves as a link.

    Returns:
        Where the refused file lies.

    Raises:
        TryLater: It is gone or no longer the one that was looked at.
        NeedsHuman: The folder of refused files cannot be used, or the file's own does not let it go.
    """
    with _refused(refusal, drops) as folder, opened(drops, drop.tenant, *drop.within) as source:
        name = _reserve(refusal, folder)
        try:
            take(drop, source, to=folder, name=name)
        except (OSError, HeliographError):
            os.unlink(_page_of(name), dir_fd=folder)
            raise
    return _place(refusal, drops) / name


def refuse_bytes(stored: BinaryIO, refusal: Refusal, *, drops: Path) -> Path:
    """Write a document that was refused after it landed to `refused/`, beside its `.reason.txt`; returns where it lies.

    `stored` gives the bytes to write, and can be read again; the caller unpacks what only the store packed. The same refusal of
    the same bytes lies there once, however often it is written. Raises `NeedsHuman` where the folder of refused files cannot be
    used.
    """
    unfinished = f".{uuid.uuid4().hex}.tmp"
    with _refused(refusal, drops) as folder:
        if (name := _given_back(stored, refusal, folder)) is not None:
            return _place(refusal, drops) / name
        name = _reserve(refusal, folder)
        try:
            with create(unfinished, within=folder) as written:
                shutil.copyfileobj(stored, written, 1 << 20)
            os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            for left in (unfinished, _page_of(name)):
                with contextlib.suppress(OSError):
                    os.unlink(left, dir_fd=folder)
            raise
    return _place(refusal, drops) / name


@contextlib.contextmanager
def _refused(refusal: Refusal, drops: Path) -> Iterator[int]:
    """Descriptor of the feed's folder of refused files."""
    try:
        folder = _open_refused(refusal, drops)
        try:
            yield folder
        finally:
            os.close(folder)
    except OSError as error:
        raise NeedsHuman(f"what is refused cannot be put into {_place(refusal, drops)}: {trouble(error)}") from error


def _open_refused(refusal: Refusal, drops: Path) -> int:
    with opened(drops, refusal.tenant, refusal.feed, make=True) as feed:
        is_new = make_folder(REFUSED, within=feed)
        folder = open_folder(REFUSED, within=feed)
        if is_new:
            share_with_group(folder, os.fstat(feed).st_gid)
        if not is_same_device(folder, feed):
            os.close(folder)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return folder


def _reserve(refusal: Refusal, folder: int) -> str:
    """Write the page under the first free name; creating it is what takes the name."""
    for name in _names(refusal):
        if is_there(name, within=folder):
            continue
        try:
            with create(_page_of(name), within=folder) as written:
                written.write(_page(refusal))
        except FileExistsError:
            continue
        return name
    first = next(_names(refusal))
    raise NeedsHuman(f"{_MAX_SAME_NAME} refused files are named {first}; delete those that are no longer needed")


def _given_back(stored: BinaryIO, refusal: Refusal, folder: int) -> str | None:
    """Name under which a run that was cut short afterwards has put these bytes for this very reason."""
    page = _page(refusal)
    for name in itertools.takewhile(partial(is_there, within=folder), _names(refusal)):
        with contextlib.suppress(HeliographError):
            if _holds(_page_of(name), io.BytesIO(page), folder) and _holds(name, stored, folder):
                return name
    return None


def _holds(name: str, expected: BinaryIO, folder: int) -> bool:
    expected.seek(0)
    try:
        with open_regular(name, within=folder) as found:
            # Of a file with several names another one may lie outside: that is not read.
            while os.fstat(found.fileno()).st_nlink == 1:
                one, other = found.read(1 << 20), expected.read(1 << 20)
                if one != other or not one:
                    return one == other
            return False
    finally:
        expected.seek(0)


def _names(refusal: Refusal) -> Iterator[str]:
    safe = Path(safe_name(refusal.original_name))
    yield safe.name
    yield from (f"{safe.stem}-{number}{safe.suffix}" for number in range(2, _MAX_SAME_NAME))


def _page(refusal: Refusal) -> bytes:
    return _PAGE.format(
        name=shown(refusal.original_name),
        feed=refusal.feed,
        received_at=refusal.received_at.astimezone(UTC),
        reason=_one_line(refusal.reason),
    ).encode("utf-8", "replace")


def _page_of(name: str) -> str:
    return f"{name}.reason.txt"


def _place(refusal: Refusal, drops: Path) -> Path:
    return drops / refusal.tenant / refusal.feed / REFUSED


def _one_line(reason: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in reason)
    return " ".join(printable.split())[:2000]
