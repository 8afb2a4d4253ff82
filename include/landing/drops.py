"""The drop folder: `<drops>/<tenant>/<feed>/<any name>`; what rests there is taken by one rename and leaves, landed or refused.

Any name, any order, any repeat is fine. A file that is still being written is left: it must not have changed for a while, and
nobody may hold it open for writing. Hidden files and the suffixes of unfinished transfers are ignored. Only regular files of one
name are read. Whoever may write into a tenant's folder may put anything there, at any moment: folders are reached by
`include.landing.files`, and what was taken is compared with what was seen.
"""

import contextlib
import errno
import itertools
import os
import re
import shutil
import stat
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeVar

from include.core.documents import FEEDS
from include.core.errors import HeliographError, NeedsHuman, Refused, TryLater
from include.landing.files import (
    create,
    is_open_for_writing,
    is_same_device,
    is_there,
    make_folder,
    open_folder,
    open_regular,
    opened,
    safe_name,
    shown,
    trouble,
)

REFUSED: Final = "refused"
MOST_ENTRIES: Final = 100_000
"""Of one folder, in one look; what lies beyond comes when these have left."""

_UNFINISHED: Final = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", ".download", ".swp", "~")
_TAKEN: Final = ".taken-"
_TAKEN_NAME: Final = re.compile(r"\.taken-[0-9a-f]{8}-(.+)", re.DOTALL)
_OLD_CLAIMS: Final = ".claimed"
_CLOCK_SKEW_S: Final = 60.0
_MOST_NAMED: Final = 20


class _Received(Protocol):
    """A file of a tenant, claimed or not."""

    @property
    def tenant(self) -> str: ...
    @property
    def original_name(self) -> str: ...
    @property
    def mtime_ns(self) -> int: ...


_FileT = TypeVar("_FileT", bound=_Received)


class Drop(NamedTuple):
    """One file in a drop folder, with its status when it was seen: `within` are the names from the tenant's folder to its own."""

    tenant: str
    feed: str
    place: Path
    within: tuple[str, ...]
    name: str
    status: os.stat_result

    @property
    def path(self) -> Path:
        """Where it was seen; for people, never to open it."""
        return self.place / self.name

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return self.status.st_size

    @property
    def mtime_ns(self) -> int:
        """When its sender last wrote it, as far as the sender tells [ns since 1970]; it gives the order of receipt."""
        return self.status.st_mtime_ns

    @property
    def original_name(self) -> str:
        """Name under which the file was dropped."""
        taken = _TAKEN_NAME.fullmatch(self.name)
        return taken[1] if taken and taken[1] not in {".", ".."} else self.name

    @property
    def key(self) -> tuple[str, int, int, int]:
        """What tells it from any other file, and from itself before it was changed."""
        return (self.name, self.status.st_dev, self.status.st_ino, self.status.st_mtime_ns)

    def is_still(self, status: os.stat_result) -> bool:
        """Whether this is the status of the same file, unchanged."""
        return _identity(self.status) == _identity(status)


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
    _from_future: list[Drop] = field(default_factory=list)
    _named: Counter[Path] = field(default_factory=Counter)

    def leave(self, path: Path, sentence: str) -> None:
        """Report what is left where it is; of one folder the first things only, however much somebody puts there."""
        self._named[path.parent] += 1
        if self._named[path.parent] <= _MOST_NAMED:
            self.strange.append((path, sentence))
        elif self._named[path.parent] == _MOST_NAMED + 1:
            self.strange.append((path.parent, "more lies here that is left alone and not named; remove what does not belong"))


def prepare(drops: Path, tenant: str) -> None:
    """Make a tenant's drop folders, one per feed; what already has such a name stays as it is."""
    with opened(drops, tenant, make=True) as folder:
        for feed in FEEDS:
            make_folder(feed, within=folder)


def look(
    drops: Path, *, settle_s: float, now: datetime, tenants: Collection[str] | None = None, max_bytes: int | None = None
) -> Look:
    """Look once into all drop folders, without opening any file.

    Args:
        drops: The folder of tenants.
        settle_s: How long a file must not have changed [s]. The file system's own change time counts, which no copying tool sets;
            where that is still to come the clock is wrong, and the look itself waits so long.
        now: Aware instant.
        tenants: Known tenants; None takes every folder for one.
        max_bytes: Larger files are faulty; they are judged by their size alone and never read.

    Returns:
        Tenants in turn, files of each oldest first, so that of two deliveries the later one is landed later and nobody waits for
        all files of another.
    """
    found, rules = Look(), _Rules(settle_s, now.timestamp(), max_bytes)
    with contextlib.suppress(FileNotFoundError), opened(drops) as root:
        for tenant, folder in _folders(root, drops, found):
            if tenants is not None and tenant not in tenants:
                found.leave(drops / tenant, f"no tenant is named {shown(tenant)}; create it or move its files")
                continue
            _look_into_feeds(folder, drops / tenant, found, rules)
            _look_into_old_claims(folder, drops / tenant, found, rules)
    _settle_without_clock(found, drops, rules)
    found.ready = in_turn(found.ready)
    return found


def in_turn(files: Iterable[_FileT]) -> list[_FileT]:
    """Each tenant's files oldest first, and tenants in turn: the first of each, then the second of each."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, int, _FileT]] = []
    for age, file in enumerate(sorted(files, key=lambda file: (file.mtime_ns, file.original_name))):
        turns.append((seen[file.tenant], age, file))
        seen[file.tenant] += 1
    return [file for _, _, file in sorted(turns, key=lambda turn: turn[:2])]


def is_being_written(drop: Drop, drops: Path) -> bool:
    """Whether somebody holds the file open for writing; what is gone or cannot be opened is not."""
    with (
        contextlib.suppress(OSError, HeliographError),
        opened(drops, drop.tenant, *drop.within) as folder,
        open_regular(drop.name, within=folder) as file,
    ):
        return is_open_for_writing(file)
    return False


def take(drop: Drop, folder: int, *, to: int, name: str) -> None:
    """Move a file out of its folder in one rename, to `name` in another folder of the same file system.

    Raises:
        TryLater: It is gone or no longer the one that was seen; it is where it was, for the next look to see.
        NeedsHuman: The folder does not let it go.
        OSError: Anything else, as when the other folder lies on another file system.
    """
    try:
        os.rename(drop.name, name, src_dir_fd=folder, dst_dir_fd=to)
    except FileNotFoundError as error:
        raise TryLater(f"{shown(drop.name)} left the drop folder before it could be taken; look again") from error
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise NeedsHuman(f"files cannot be taken out of it: {trouble(error)}") from error
        raise
    if not drop.is_still(os.stat(name, dir_fd=to, follow_symlinks=False)):
        put_back(drop, folder, of=to, name=name)
        raise TryLater(f"{shown(drop.name)} changed while it was taken; look again when it rests")


def put_back(drop: Drop, folder: int, *, of: int, name: str) -> None:
    """Return what was taken; where its name is taken again, under a name of its own."""
    back = drop.name
    if is_there(back, within=folder):
        back = f"{uuid.uuid4().hex[:8]}-{safe_name(drop.original_name)}"
    os.rename(name, back, src_dir_fd=of, dst_dir_fd=folder)


def taken_name(drop: Drop) -> str:
    """Name under which a file waits in its own folder while its bytes are copied to another file system."""
    room = 255 - len(_TAKEN) - 9
    return f"{_TAKEN}{uuid.uuid4().hex[:8]}-{os.fsdecode(os.fsencode(drop.original_name)[:room])}"


def deliver(file: Path, *, drops: Path, tenant: str, feed: str) -> Path:
    """Put a copy of a file of our own into a drop folder, whole or not at all; returns where it lies.

    Raises `Refused` for a name that no look would see, and `NeedsHuman` where the drop folder cannot be used.
    """
    if _is_ignored(file.name):
        raise Refused(f"{shown(file.name)} would be left alone as hidden or unfinished; rename the file")
    hidden = f".{uuid.uuid4().hex}"
    try:
        with file.open("rb") as source, opened(drops, tenant, feed, make=True) as folder:
            try:
                with create(hidden, within=folder) as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
                name = _free_name(file, folder)
                os.rename(hidden, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(hidden, dir_fd=folder)
                raise
    except OSError as error:
        raise NeedsHuman(f"{shown(file.name)} cannot be put into {drops / tenant / feed}: {trouble(error)}") from error
    return drops / tenant / feed / name


@dataclass(frozen=True, slots=True)
class _Rules:
    settle_s: float
    now_s: float
    max_bytes: int | None


def _look_into_feeds(folder: int, place: Path, found: Look, rules: _Rules) -> None:
    for feed, inside in _folders(folder, place, found):
        if not is_same_device(inside, folder):
            found.leave(place / feed, f"{shown(feed)} lies on another file system; mount the tenant's whole folder")
        elif feed in FEEDS:
            _look_into(inside, place, (feed,), found, rules)
        else:
            found.leave(place / feed, f"no feed is named {shown(feed)}; the feeds are {', '.join(FEEDS)}")


def _look_into_old_claims(folder: int, place: Path, found: Look, rules: _Rules) -> None:
    """What an earlier version claimed, `.claimed/<feed>/<uuid>/<name>`: like any other drop, as anybody may have put it there."""
    for _, claims in _folders(folder, place, Look(), only=_OLD_CLAIMS):
        for feed, batches in _folders(claims, place / _OLD_CLAIMS, Look()):
            for batch, inside in _folders(batches, place / _OLD_CLAIMS / feed, Look()):
                if feed in FEEDS and is_same_device(inside, folder):
                    _look_into(inside, place, (_OLD_CLAIMS, feed, batch), found, rules)


def _look_into(folder: int, tenant_place: Path, within: tuple[str, ...], found: Look, rules: _Rules) -> None:
    place, feed = tenant_place.joinpath(*within), within[min(1, len(within) - 1)]
    device = os.fstat(folder).st_dev
    for entry in _entries(folder, place, found):
        if _is_ignored(entry.name):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            found.leave(place, trouble(error))
            return
        _judge(Drop(tenant_place.name, feed, place, within, entry.name, status), device, found, rules)


def _judge(drop: Drop, device: int, found: Look, rules: _Rules) -> None:
    is_link = stat.S_ISLNK(drop.status.st_mode)
    if drop.name == REFUSED and stat.S_ISDIR(drop.status.st_mode):
        return
    if sentence := _strangeness(drop, device, rules):
        found.leave(drop.path, sentence)
    elif drop.status.st_ctime > rules.now_s + _CLOCK_SKEW_S:
        found._from_future.append(drop)
    elif not is_link and not 0 <= rules.now_s - drop.status.st_ctime >= rules.settle_s:
        found.waiting.append(drop.path)
    else:
        _take_in(drop, found, rules)


def _take_in(drop: Drop, found: Look, rules: _Rules) -> None:
    if reason := _fault(drop, rules):
        found.faulty.append((drop, reason))
    else:
        found.ready.append(drop)


def _settle_without_clock(found: Look, drops: Path, rules: _Rules) -> None:
    """What changed at a time to come, as the clock was put back: it rests if it stays the same while this look waits."""
    if found._from_future:
        time.sleep(rules.settle_s)
    for drop in found._from_future:
        if _is_unchanged(drop, drops):
            _take_in(drop, found, rules)
        else:
            found.waiting.append(drop.path)


def _is_unchanged(drop: Drop, drops: Path) -> bool:
    with contextlib.suppress(OSError, HeliographError), opened(drops, drop.tenant, *drop.within) as folder:
        status = os.stat(drop.name, dir_fd=folder, follow_symlinks=False)
        return drop.is_still(status) and status.st_ctime_ns == drop.status.st_ctime_ns
    return False


def _strangeness(drop: Drop, device: int, rules: _Rules) -> str | None:
    """Why it is neither taken nor refused."""
    kind = stat.S_IFMT(drop.status.st_mode)
    if drop.name == REFUSED and kind != stat.S_IFREG:
        return "it lies where the folder of refused files belongs; remove it"
    if kind not in {stat.S_IFREG, stat.S_IFLNK}:
        return f"{shown(drop.name)} is no regular file; drop files only, without folders"
    if drop.status.st_dev != device:
        return f"{shown(drop.name)} lies on another file system than its folder; drop a copy of it"
    return None


def _fault(drop: Drop, rules: _Rules) -> str | None:
    """Why it is refused without being read."""
    if stat.S_ISLNK(drop.status.st_mode):
        return "it is a link, and links are not followed; drop the file itself"
    if drop.status.st_nlink != 1:
        return f"it has {drop.status.st_nlink} names (hard links), so others may change it; drop a copy of it"
    if rules.max_bytes is not None and drop.size_bytes > rules.max_bytes:
        limit_mb = rules.max_bytes / 1e6
        return f"it has {drop.size_bytes / 1e6:.0f} MB, more than the {limit_mb:g} MB that one document may have; split it"
    return None


def _folders(parent: int, place: Path, found: Look, *, only: str | None = None) -> Iterator[tuple[str, int]]:
    """Name and descriptor of each folder within another, open until the next; what is wrong with one holds back no other."""
    for entry in _entries(parent, place, found):
        if entry.name != only if only else entry.name.startswith("."):
            continue
        try:
            folder = open_folder(entry.name, within=parent)
        except FileNotFoundError:
            continue
        except OSError as error:
            found.leave(place / entry.name, trouble(error))
            continue
        try:
            yield entry.name, folder
        finally:
            os.close(folder)


def _entries(folder: int, place: Path, found: Look) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            first = list(itertools.islice(entries, MOST_ENTRIES + 1))
    except OSError as error:
        found.leave(place, trouble(error))
        return []
    if len(first) > MOST_ENTRIES:
        found.leave(place, f"more than {MOST_ENTRIES:,} things lie here; the others come when these have left")
    return sorted(first[:MOST_ENTRIES], key=lambda entry: entry.name)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    kind = stat.S_IFMT(status.st_mode)
    return (status.st_dev, status.st_ino, kind, status.st_nlink, status.st_size, status.st_mtime_ns)


def _is_ignored(name: str) -> bool:
    return (name.startswith(".") and not name.startswith(_TAKEN)) or name.lower().endswith(_UNFINISHED)


def _free_name(file: Path, folder: int) -> str:
    """The file's own name, or the first numbered one that nothing has; `refused` is the name of a folder."""
    names = itertools.chain([file.name], (f"{number}-{safe_name(file.name)}" for number in itertools.count(2)))
    return next(name for name in names if name != REFUSED and not is_there(name, within=folder))
