"""Claims: dropped files that landing has taken and not yet let go of, `<claims>/<tenant>/<feed>/<uuid>/<name>`.

The folder of claims lies outside of the drop folder, open to nobody but us: what is in it can be opened by its path. A claim is
one rename; where the drop folder lies on another file system, the file is renamed within it and then copied.
"""

import contextlib
import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from include.core.errors import TryLater
from include.landing.drops import Drop, put_back, take, taken_name
from include.landing.files import is_open_for_writing, open_regular, opened, shown

_PRIVATE: Final = 0o700
_COPYING: Final = ".part"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed file; `mtime_ns` is what it had in the drop folder."""

    tenant: str
    feed: str
    path: Path
    mtime_ns: int

    @property
    def original_name(self) -> str:
        """Name under which the file was dropped."""
        return self.path.name

    @property
    def claim_id(self) -> str:
        """What tells this claim from all others."""
        return self.path.parent.name


def claim(drop: Drop, *, drops: Path, claims: Path) -> Claim:
    """Take a file out of its drop folder.

    Raises:
        TryLater: It is gone, still written, or no longer the one that was looked at; the next look sees it as it is then.
        Refused: It cannot be opened.
        NeedsHuman: Its folder does not let it go.
    """
    place = claims / drop.tenant / drop.feed / uuid.uuid4().hex
    claims.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    place.mkdir(parents=True)
    try:
        with _folder_of(drop, drops) as folder:
            _take_out(drop, folder, place)
    except BaseException:
        with contextlib.suppress(OSError):
            place.rmdir()
        raise
    if len(drop.within) > 1:
        _remove_folders(drop, drops)
    return Claim(drop.tenant, drop.feed, place / drop.original_name, drop.mtime_ns)


def recover(claims: Path) -> tuple[list[Claim], list[tuple[Path, str]]]:
    """Files that were claimed and never released, as after a crash; and what is no file, with a sentence each."""
    left: list[Claim] = []
    strange: list[tuple[Path, str]] = []
    for tenant, feed, place in _places(claims):
        if place.suffix == _COPYING:  # the drop folder still has the file
            shutil.rmtree(place, ignore_errors=True)
            continue
        for path in place.iterdir():
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                left.append(Claim(tenant, feed, path, status.st_mtime_ns))
            else:
                strange.append((path, f"{shown(path.name)} was put in the place of a file that was being claimed; remove it"))
    return left, strange


def release(claimed: Claim) -> None:
    """Forget a claimed file after its bytes are landed; one that is gone already is no fault."""
    claimed.path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        claimed.path.parent.rmdir()


@contextlib.contextmanager
def _folder_of(drop: Drop, drops: Path) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(opened(drops, drop.tenant, *drop.within))
        except OSError as error:
            raise TryLater(
                f"the folder of {shown(drop.name)} cannot be opened any more ({error.strerror}); look again"
            ) from error
        yield folder


def _take_out(drop: Drop, folder: int, place: Path) -> None:
    with open_regular(drop.name, within=folder) as file:
        if not drop.is_still(os.fstat(file.fileno())):
            raise TryLater(f"{shown(drop.name)} changed since it was seen; look again when it rests")
        if is_open_for_writing(file):
            raise TryLater(f"{shown(drop.name)} is still being written; look again when it rests")
        try:
            with opened(place) as target:
                _take_whole(drop, file, folder, to=target, name=drop.original_name)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            hidden = taken_name(drop)
            _take_whole(drop, file, folder, to=folder, name=hidden)
            _copy_out(drop, file, place)
            os.unlink(hidden, dir_fd=folder)


def _take_whole(drop: Drop, file: BinaryIO, folder: int, *, to: int, name: str) -> None:
    """Take it, unless somebody opened it for writing in the meantime; nobody can do so by its name afterwards."""
    take(drop, folder, to=to, name=name)
    if is_open_for_writing(file):
        put_back(drop, folder, of=to, name=name)
        raise TryLater(f"{shown(drop.name)} was opened for writing while it was taken; look again when it rests")


def _copy_out(drop: Drop, file: BinaryIO, place: Path) -> None:
    """Copy it to where it is claimed, complete or not at all."""
    part = place.with_suffix(_COPYING)
    part.mkdir()
    try:
        with (part / drop.original_name).open("xb") as copy:
            for offset in range(0, drop.size_bytes, _CHUNK):
                copy.write(file.read(min(_CHUNK, drop.size_bytes - offset)))
            copy.flush()
            os.utime(copy.fileno(), ns=(drop.mtime_ns,) * 2)
            os.fsync(copy.fileno())
        if not drop.is_still(os.fstat(file.fileno())):
            raise TryLater(f"{shown(drop.name)} changed while it was copied; look again when it rests")
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remove_folders(drop: Drop, drops: Path) -> None:
    """Remove what an earlier version made around its claim, as far as it is empty."""
    for depth in range(len(drop.within) - 1, -1, -1):
        with contextlib.suppress(OSError), opened(drops, drop.tenant, *drop.within[:depth]) as outer:
            os.rmdir(drop.within[depth], dir_fd=outer)


def _places(claims: Path) -> Iterator[tuple[str, str, Path]]:
    for tenant in _folders(claims):
        for feed in _folders(tenant):
            for place in _folders(feed):
                yield tenant.name, feed.name, place


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []
