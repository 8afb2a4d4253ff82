"""A disk that is nearly full, and one that is full."""

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from include.core.errors import TryLater
from include.core.settings import Settings
from include.landing import free_space
from include.landing.free_space import full_disks
from include.landing.store import ObjectStore
from include.steps.free_space import require_free_space
from tests.unit.landing.test_store import RECEIVED_AT


def test_a_disk_with_room_is_not_told(tmp_path):
    assert full_disks([tmp_path], needed_mb=0.001) == []


def test_a_disk_is_told_once_with_what_is_free_and_needed_and_the_folder_that_is_there(tmp_path):
    places = [tmp_path / "not" / "yet" / "made", str(tmp_path), tmp_path / "other"]

    (told,) = full_disks(places, needed_mb=1e12)

    assert str(told).startswith(f"no space left: {tmp_path} has ")
    assert str(told).endswith(" MB free, 1,000,000,000,000 MB are needed")


def test_an_object_store_has_no_end():
    assert full_disks(["s3://bucket/landing"], needed_mb=1e12) == []


def test_nothing_is_taken_in_while_the_landing_lies_on_a_full_disk_of_its_own(tmp_path, monkeypatch):
    usage = {tmp_path: 9e9, tmp_path / "landing": 3e6}
    (tmp_path / "landing").mkdir()
    monkeypatch.setattr(free_space.shutil, "disk_usage", lambda folder: Usage(usage[folder]))

    with pytest.raises(TryLater, match=r"no space left: .*/landing has 3 MB free, 500 MB are needed \(HELIOGRAPH_MIN_FREE_MB\)"):
        require_free_space(Settings(home=tmp_path))


class Usage:
    def __init__(self, free: float) -> None:
        self.free = free


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_store_that_runs_full_says_so_and_leaves_nothing_behind(tmp_path, monkeypatch, number):
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.json").write_bytes(b"[]")
    monkeypatch.setattr("include.landing.store.os.fsync", full)

    with pytest.raises(TryLater, match=r"no space left: .*/landing cannot be written .*it goes on by itself"):
        ObjectStore(str(tmp_path / "landing")).put(tmp_path / "a.json", tenant="t", feed="f", received_at=RECEIVED_AT)

    assert [path for path in (tmp_path / "landing").rglob("*") if path.is_file()] == []


REAL = """
    import os, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from include.core.errors import TryLater
    from include.landing.store import ObjectStore

    disk, source = map(Path, sys.argv[1:])
    store = ObjectStore(str(disk / "landing"))
    filler = disk / "filler"
    put = lambda: store.put(source, tenant="t", feed="f", received_at=datetime(2026, 3, 1, tzinfo=UTC))
    filler.write_bytes(b"x" * 900_000)
    try:
        put()
    except TryLater as error:
        print(error)
    print(len([path for path in (disk / "landing").rglob("*") if path.is_file()]), "left")
    filler.unlink()
    print(put().size_bytes, "stored")
"""


def test_a_disk_that_is_really_full_is_told_leaves_nothing_and_goes_on_when_there_is_room(tmp_path):
    (tmp_path / "disk").mkdir()
    source = tmp_path / "a.bin"
    source.write_bytes(os.urandom(400_000))
    # A mount of its own, which ends with the process.
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1" "$4"'
    script = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        mount,
        "sh",
        str(tmp_path / "disk"),
        sys.executable,
        textwrap.dedent(REAL),
        str(source),
    ]
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root may mount")

    done = subprocess.run(script, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)

    told, left, stored = done.stdout.splitlines()
    assert told.startswith(f"no space left: {tmp_path}/disk/landing cannot be written (No space left on device); make room there")
    assert (left, stored) == ("0 left", "400000 stored")
