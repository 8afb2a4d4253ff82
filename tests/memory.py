"""The files of a test run lie in memory where there is room, on the disk elsewhere.

A warehouse is made by copying some 700 small files: 20 ms of CPU in memory, 130 to 400 ms on a disk.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil
import pytest

MEMORY = Path("/dev/shm")
WANTED_BYTES = 4 << 30
"""More than a run has been seen to keep; as much again must be left for its processes."""
FOLDER = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest makes the folder of a run, unless it is told one."""
MEMBERSHIP = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    if has_room(MEMORY):
        os.environ.setdefault(FOLDER, str(MEMORY))


def has_room(folder: Path) -> bool:
    """Whether a run's files fit; a folder from which nothing may be executed is none for programs that tests write."""
    if not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free >= WANTED_BYTES and available_bytes() >= 2 * WANTED_BYTES


def let_others_in(folder: Path) -> None:
    """Let programs of another user pass through to a folder of the run; a folder that lets them pass stays as it is."""
    for each in (folder, *folder.parents):
        mode = stat.S_IMODE(each.stat().st_mode)
        if not mode & stat.S_IXOTH:
            each.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)


def available_bytes(membership: Path = MEMBERSHIP, cgroups: Path = CGROUPS) -> int:
    """What this process may still take of the machine's memory; a container is shown all of it, but is given less."""
    left = [_left_bytes(folder) for folder in _groups(membership, cgroups)]
    return min([psutil.virtual_memory().available, *(size for size in left if size is not None)])


def _groups(membership: Path, cgroups: Path) -> Iterator[Path]:
    """The control groups that limit this process's memory: its own and all above it, as far as they can be seen."""
    lines = membership.read_text().splitlines() if membership.is_file() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if not controllers or "memory" in controllers.split(","):
            own = PurePosixPath(path.replace("/..", "") or "/")  # what lies above a namespace is not shown in it
            mounted = cgroups / "memory" if controllers else cgroups
            yield from (mounted / group.relative_to("/") for group in (own, *own.parents))


def _left_bytes(group: Path) -> int | None:
    """Of a group, in either version; None without a limit. What it holds of files on disks is given up when it is needed."""
    for limits, used, cached in (
        (("memory.max", "memory.high"), "memory.current", "inactive_file"),
        (("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_inactive_file"),
    ):
        with contextlib.suppress(OSError, ValueError):
            told = [text for name in limits if (text := (group / name).read_text().strip()) != "max"]
            held = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            return min(map(int, told)) - int((group / used).read_text()) + int(held.get(cached, 0))
    return None
