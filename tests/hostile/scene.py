"""A drop folder of two tenants, one of whom may do anything in its own folder, and a tree outside that nobody may touch."""

import contextlib
import gzip
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.landing.drops import Look, look, prepare
from tests import memory

TOKEN = b"known-to-nobody-outside"
GOOD = b'{"server_ulid":"G","timestamp":"2026-03-01T12:00:00Z","temperature":20}'
FEED = "sensor_readings"
NOBODY, SENDER = 65534, 65533


@dataclass
class Scene:
    """`evil` is the hostile tenant's folder, `outside` what it must not reach; `at_last_moment` happens between look and take."""

    root: Path
    at_last_moment: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.drops, self.home, self.outside = self.root / "drops", self.root / "home", self.root / "outside"
        self.claims = self.home / "claims"
        self.home.mkdir()
        for tenant in ("evil", "good"):
            prepare(self.drops, tenant)
        self.evil, self.feed = self.drops / "evil", self.drops / "evil" / FEED
        self.refused = self.feed / "refused"
        self.good_file = self.drops / "good" / FEED / "good.json"
        self.good_file.write_bytes(GOOD)
        _make_outside(self.outside)

    def look(self) -> Look:
        return look(self.drops, settle_s=0, now=datetime.now(UTC) + timedelta(seconds=5), max_bytes=50_000_000)

    def outside_now(self) -> dict[str, object]:
        """Everything about the tree outside; times of access first, since reading changes them."""
        paths = sorted(self.outside.rglob("*"))
        accessed = {str(path): path.lstat().st_atime_ns for path in paths if path.is_file() and not path.is_symlink()}
        return {"accessed": accessed, "facts": [_facts(path) for path in paths]}

    def forget_accesses(self) -> None:
        """Make every file look unread since it was written, so that a read shows whatever the mount's option says."""
        for path in self.outside.rglob("*"):
            if path.is_file() and not path.is_symlink():
                os.utime(path, ns=(10**18, 10**18 + 10**9))

    def leaks(self) -> list[str]:
        """Files of ours, or given back, that hold what lies outside."""
        places = [path for place in (self.home, self.drops) for path in place.rglob("*")]
        return [
            str(path)
            for path in places
            if stat.S_ISREG(path.lstat().st_mode) and _holds_token(path) and path.lstat().st_nlink == 1
        ]

    def give_to_sender(self) -> None:
        """What the hostile tenant made is its own; our folders belong to the user that tests drop their rights to."""
        for path in [self.root, *self.root.rglob("*")]:
            is_theirs = path.is_relative_to(self.evil)
            os.chown(path, SENDER if is_theirs else NOBODY, NOBODY, follow_symlinks=False)
            if is_theirs and stat.S_ISDIR(path.lstat().st_mode) and stat.S_IMODE(path.lstat().st_mode) == 0o750:
                path.chmod(0o770)


def _make_outside(outside: Path) -> None:
    (outside / "dags").mkdir(parents=True)
    (outside / FEED).mkdir()
    for name in ("secret.csv", "dags/dag.py", f"{FEED}/other.json", "empty/a.csv", "claimed/0123/a.csv"):
        (outside / name).parent.mkdir(parents=True, exist_ok=True)
        (outside / name).write_bytes(TOKEN + name.encode())
    os.mkfifo(outside / "pipe")


def _facts(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else None
    return (str(path), status.st_mode, status.st_uid, status.st_gid, status.st_size, status.st_mtime_ns, content)


def _holds_token(path: Path) -> bool:
    try:
        content = path.read_bytes() if path.stat().st_size < 1_000_000 else b""
    except PermissionError:
        return False
    with contextlib.suppress(OSError, EOFError):
        content += gzip.decompress(content)
    return TOKEN in content


@contextlib.contextmanager
def new_scene() -> Iterator[Scene]:
    """A scene in a folder that any user may enter."""
    root = Path(tempfile.mkdtemp(prefix="drops-", dir=os.environ.get(memory.FOLDER)))
    root.chmod(0o755)
    try:
        yield Scene(root)
    finally:
        remove(root)


def untouched(scene: Scene) -> dict[str, object]:
    scene.forget_accesses()
    before = scene.outside_now()
    scene.forget_accesses()
    return before


@contextlib.contextmanager
def at_last_moment(scene: Scene) -> Iterator[None]:
    """What the sender does just before the first rename of ours: after everything was looked at, before anything is taken."""
    rename = os.rename

    def changing(*arguments: object, **folders: object) -> None:
        os.rename = rename
        change, scene.at_last_moment = scene.at_last_moment, None
        if change:
            change()
        rename(*arguments, **folders)

    os.rename = changing
    try:
        yield
    finally:
        os.rename = rename


@contextlib.contextmanager
def small_disk(place: Path, *, kib: int) -> Iterator[bool]:
    """Mount a file system of that size there; False where this machine does not let us."""
    place.mkdir(parents=True, exist_ok=True)
    options = f"size={kib}k"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", place], check=True)


def is_root() -> bool:
    return os.geteuid() == 0


def without_rights(act: Callable[[], None]) -> None:
    """Do it in a child process of an ordinary user; raises what it raised, as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            act()
        except BaseException as error:  # noqa: BLE001 - the child must end here, and say why
            import traceback

            os.write(writing, "".join(traceback.format_exception(error))[-8000:].encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        trouble = told.read()
    os.waitpid(child, 0)
    assert not trouble, trouble


def remove(root: Path) -> None:
    for folder, _, _ in os.walk(root):
        with contextlib.suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)
