"""How much is free where files rest. A nearly full disk takes nothing in, so that PostgreSQL and the logs beside go on."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class FullDisk(NamedTuple):
    """A folder whose file system has less free [MB, 10^6 bytes] than is needed."""

    folder: Path
    free_mb: float
    needed_mb: float

    def __str__(self) -> str:
        """What is short, and where."""
        return f"no space left: {self.folder} has {self.free_mb:,.0f} MB free, {self.needed_mb:,.0f} MB are needed"


def full_disks(places: Iterable[str | Path], *, needed_mb: float) -> list[FullDisk]:
    """Where less than `needed_mb` is free, each file system once; what is no local folder (`s3://...`) has no end."""
    found: dict[int, FullDisk] = {}
    for place in places:
        if "://" in str(place):
            continue
        folder = _existing(Path(place).absolute())
        free_mb = shutil.disk_usage(folder).free / 1e6
        if free_mb < needed_mb:
            found.setdefault(folder.stat().st_dev, FullDisk(folder, free_mb, needed_mb))
    return list(found.values())


def _existing(folder: Path) -> Path:
    """The folder, or what is there of the way to it."""
    return next((part for part in (folder, *folder.parents) if part.is_dir()), Path("/"))
