"""Logs of one machine stay bounded: a service's log is cut at a size, one older part is kept; others go by age."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path


def cut_logs(folder: Path, *, most_bytes: int) -> list[Path]:
    """Move what each `<service>.log` above a size holds to `<service>.log.1`; returns those that were cut.

    The file itself stays, since its writer has it open and appends: it is copied and emptied. What is written in between is lost.
    """
    cut = [path for path in sorted(folder.glob("*.log")) if path.stat().st_size > most_bytes]
    for path in cut:
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        os.truncate(path, 0)
    return cut


def forget_logs(folder: Path, *, days: float) -> int:
    """Delete files below a folder that were not written for so many days, and folders that are empty then; returns how many."""
    oldest = time.time() - days * 86_400
    forgotten = 0
    for path in _from_the_deepest(folder):
        if path.is_dir():
            # Another process may just be writing its first file into it.
            if not any(path.iterdir()) and path.stat().st_mtime < oldest:
                path.rmdir()
        elif path.lstat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            forgotten += 1
    return forgotten


def _from_the_deepest(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder, topdown=False):
        yield from (Path(root, name) for name in (*files, *folders))
