"""Refused files: moved beside the drop folder with a page that says why and what to do next."""

import contextlib
import os
import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from include.core.errors import NeedsHuman
from include.landing.drops import CLAIMED, REFUSED
from include.landing.files import safe_name, shown

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


def refuse(path: Path, refusal: Refusal, *, drops: Path) -> Path:
    """Move a file (claimed, or still in its drop folder) to `<drops>/<tenant>/<feed>/refused/` beside its `.reason.txt`.

    The file itself is moved, a link as a link. The name is made safe and bounded; the page keeps the original one, escaped.

    Returns:
        Path of the refused file.
    """
    target = _reserve(refusal, drops)
    path.rename(target)
    if path.parents[2].name == CLAIMED:
        with contextlib.suppress(OSError):
            path.parent.rmdir()
    return target


def refuse_bytes(stored: BinaryIO, refusal: Refusal, *, drops: Path) -> Path:
    """Write a document that was refused after it landed to `refused/`, beside its `.reason.txt`.

    `stored` gives the bytes to write; the caller unpacks what only the store packed.
    """
    target = _reserve(refusal, drops)
    partial = target.with_name(f".{uuid.uuid4().hex}.tmp")
    with partial.open("xb") as written:
        shutil.copyfileobj(stored, written, 1 << 20)
    partial.replace(target)
    return target


def _reserve(refusal: Refusal, drops: Path) -> Path:
    """Write the page under the first free name; creating it is what takes the name."""
    folder = drops / refusal.tenant / refusal.feed / REFUSED
    folder.mkdir(parents=True, exist_ok=True)
    safe = Path(safe_name(refusal.original_name))
    page = _PAGE.format(
        name=shown(refusal.original_name),
        feed=refusal.feed,
        received_at=refusal.received_at.astimezone(UTC),
        reason=_one_line(refusal.reason),
    )
    for number in range(1, _MAX_SAME_NAME):
        target = folder / (safe.name if number == 1 else f"{safe.stem}-{number}{safe.suffix}")
        if os.path.lexists(target):
            continue
        try:
            with (folder / f"{target.name}.reason.txt").open("x", encoding="utf-8", errors="replace") as written:
                written.write(page)
        except FileExistsError:
            continue
        return target
    raise NeedsHuman(f"{folder} holds {_MAX_SAME_NAME} files named {safe.name}; delete those that are no longer needed")


def _one_line(reason: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in reason)
    return " ".join(printable.split())[:2000]
