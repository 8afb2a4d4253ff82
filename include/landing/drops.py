"""The drop folder: `<drops>/<tenant>/<feed>/<any name>`; what rests there is claimed by one rename and leaves, landed or refused.

Any name, any order, any repeat is fine. A file that is still being written is left: it must not have changed for a while, and
nobody may hold it open for writing. Hidden files and the suffixes of unfinished transfers are ignored. Only regular files are
taken; links are moved aside and never followed. The tenant's folders `.claimed` and `refused` are ours.
"""

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from include.core.documents import FEEDS
from include.core.errors import Refused, TryLater
from include.landing.files import is_open_for_writing, shown

CLAIMED: Final = ".claimed"
REFUSED: Final = "refused"

_UNFINISHED: Final = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", ".download", ".swp", "~")


@dataclass(frozen=True, slots=True)
class Drop:
    """One file in a drop folder, or claimed from it; `inode` and `modified_ns` tell whether it is the one seen."""

    tenant: str
    feed: str
    path: Path
    size_bytes: int
    inode: int
    modified_ns: int

    @property
    def original_name(self) -> str:
        """Name under which the file was dropped."""
        return self.path.name


@dataclass(slots=True)
class Look:
    """What one look into the drop folders found.

    `ready` may be claimed; `waiting` still changes; `faulty` must be refused for the reason beside it; `strange` is left where
    it is and reported, a sentence each.
    """

    ready: list[Drop] = field(default_factory=list)
    waiting: list[Path] = field(default_factory=list)
    faulty: list[tuple[Drop, str]] = field(default_factory=list)
    strange: list[tuple[Path, str]] = field(default_factory=list)


def prepare(drops: Path, tenant: str) -> None:
    """Make a tenant's drop folders, one per feed."""
    for feed in FEEDS:
        (drops / tenant / feed).mkdir(parents=True, exist_ok=True)


def settled(drops: Path, *, settle_s: float, now: datetime) -> list[Drop]:
    """Files of all tenants that may be claimed; `look` tells of the rest."""
    return look(drops, settle_s=settle_s, now=now).ready


def look(
    drops: Path, *, settle_s: float, now: datetime, tenants: Collection[str] | None = None, max_bytes: int | None = None
) -> Look:
    """Look once into all drop folders.

    Args:
        drops: The folder of tenants.
        settle_s: How long a file must not have changed [s]. The file system's own change time counts, which no copying tool sets.
        now: Aware instant.
        tenants: Known tenants; None takes every folder for one.
        max_bytes: Larger files are faulty; they are judged by their size alone and never read.

    Returns:
        Files oldest first, so that of two deliveries the later one is landed later.
    """
    found = Look()
    for tenant_folder in _folders(drops, found):
        if tenants is not None and tenant_folder.name not in tenants:
            found.strange.append((tenant_folder, f"no tenant is named {shown(tenant_folder.name)}; create it or move its files"))
            continue
        with _reporting(tenant_folder, found):
            _look_into(tenant_folder, found, _Rules(settle_s, now.timestamp(), max_bytes))
    found.ready.sort(key=lambda drop: (drop.modified_ns, drop.path.name))
    return found


def claim(drop: Drop) -> Path:
    """Take a file out of its drop folder in one rename, to `<tenant>/.claimed/<feed>/<uuid>/<name>`.

    Raises:
        TryLater: The file is gone or is no longer the one that was looked at; the next look sees it as it is then.
    """
    place = drop.path.parents[1] / CLAIMED / drop.feed / uuid.uuid4().hex
    place.mkdir(parents=True)
    claimed = place / drop.path.name
    try:
        drop.path.rename(claimed)
    except OSError as error:
        place.rmdir()
        raise TryLater(
            f"{shown(drop.path.name)} left the drop folder before it could be claimed ({error.strerror}); look again"
        ) from error
    status = claimed.lstat()
    if (status.st_ino, status.st_size, status.st_mtime_ns) != (drop.inode, drop.size_bytes, drop.modified_ns):
        _put_back(claimed, drop.path)
        raise TryLater(f"{shown(drop.path.name)} changed while it was claimed; look again when it rests")
    return claimed


def recover(drops: Path) -> list[Drop]:
    """Files that were claimed and never released, as after a crash; claim them no second time, land or refuse them."""
    left: list[Drop] = []
    for tenant_folder in _folders(drops, Look()):
        with _reporting(tenant_folder, Look()):
            for feed in FEEDS:
                for place in _folders(tenant_folder / CLAIMED / feed, Look()):
                    left.extend(_drop(entry, tenant_folder.name, feed) for entry in _entries(place))
    return sorted(left, key=lambda drop: (drop.modified_ns, drop.path.name))


def release(claimed: Path) -> None:
    """Forget a claimed file after its bytes are landed; one that is gone already is no fault."""
    if claimed.parents[2].name != CLAIMED:
        raise Refused(f"{shown(str(claimed))} was not claimed; release only what claim() returned")
    claimed.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        claimed.parent.rmdir()


@dataclass(frozen=True, slots=True)
class _Rules:
    settle_s: float
    now_s: float
    max_bytes: int | None


def _look_into(tenant_folder: Path, found: Look, rules: _Rules) -> None:
    for feed_folder in _folders(tenant_folder, found):
        if feed_folder.name not in FEEDS:
            found.strange.append((feed_folder, f"no feed is named {shown(feed_folder.name)}; the feeds are {', '.join(FEEDS)}"))
            continue
        with _reporting(feed_folder, found):
            for entry in _entries(feed_folder):
                _judge(entry, tenant_folder.name, feed_folder.name, found, rules)


@contextlib.contextmanager
def _reporting(folder: Path, found: Look) -> Iterator[None]:
    """A folder that is closed to us is reported; it must not hold back the other folders."""
    try:
        yield
    except PermissionError as error:
        found.strange.append(
            (folder, f"the folder cannot be read ({error.strerror}); give Heliograph the right to read and write")
        )


def _judge(entry: os.DirEntry[str], tenant: str, feed: str, found: Look, rules: _Rules) -> None:
    path = Path(entry.path)
    try:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            found.faulty.append((_drop(entry, tenant, feed), "it is a link, and links are not followed; drop the file itself"))
        elif not stat.S_ISREG(status.st_mode):
            if entry.name != REFUSED:
                found.strange.append((path, f"{shown(entry.name)} is no regular file; drop files only, without folders"))
        elif not 0 <= rules.now_s - status.st_ctime >= rules.settle_s or is_open_for_writing(path):
            found.waiting.append(path)
        elif rules.max_bytes is not None and status.st_size > rules.max_bytes:
            limit_mb = rules.max_bytes / 1e6
            reason = f"it has {status.st_size / 1e6:.0f} MB, more than the {limit_mb:g} MB that one document may have; split it"
            found.faulty.append((_drop(entry, tenant, feed), reason))
        else:
            found.ready.append(_drop(entry, tenant, feed))
    except (FileNotFoundError, Refused) as error:
        if not isinstance(error, FileNotFoundError):
            found.strange.append((path, str(error)))


def _drop(entry: os.DirEntry[str], tenant: str, feed: str) -> Drop:
    status = entry.stat(follow_symlinks=False)
    return Drop(tenant, feed, Path(entry.path), status.st_size, status.st_ino, status.st_mtime_ns)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if folder.parent.parent.name == CLAIMED or not (
                entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED)
            ):
                yield entry


def _folders(parent: Path, found: Look) -> list[Path]:
    folders = []
    with contextlib.suppress(FileNotFoundError), os.scandir(parent) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                folders.append(Path(entry.path))
            elif not entry.name.startswith("."):
                found.strange.append(
                    (Path(entry.path), f"{shown(entry.name)} lies where only folders of tenants and feeds belong; move it")
                )
    return folders


def _put_back(claimed: Path, original: Path) -> None:
    """Return a claimed file; where its name is taken again, under a name of its own."""
    target = original if not original.exists() else original.with_name(f"{uuid.uuid4().hex[:8]}-{original.name[:180]}")
    shutil.move(claimed, target)
    claimed.parent.rmdir()
