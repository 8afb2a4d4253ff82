import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from include.core.errors import TryLater
from include.landing.claims import Claim, claim, recover, release
from include.landing.drops import Drop, in_turn, look, prepare


@pytest.fixture
def drops(tmp_path):
    prepare(tmp_path / "drops", "demo")
    return tmp_path / "drops"


@pytest.fixture
def claims(tmp_path):
    return tmp_path / "claims"


@pytest.fixture
def take_claim(drops, claims):
    return lambda drop: claim(drop, drops=drops, claims=claims)


@pytest.fixture
def another_file_system(monkeypatch):
    """The folder of claims lies on another file system than the drop folder."""
    rename_within_one_folder(monkeypatch)


def rename_within_one_folder(monkeypatch):
    rename = os.rename

    def within_one_folder(source, target, *, src_dir_fd=None, dst_dir_fd=None):
        if src_dir_fd != dst_dir_fd:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", within_one_folder)


def drop_file(drops: Path, name: str = "a.json", body: bytes = b"[]") -> Path:
    path = drops / "demo" / "consumption" / name
    path.write_bytes(body)
    return path


def look_later(drops: Path):
    return look(drops, settle_s=3, now=datetime.now(UTC) + timedelta(seconds=60))


def the_drop(drops: Path) -> Drop:
    (drop,) = look_later(drops).ready
    return drop


SUFFIXES = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", ".download", ".swp")
NAMES = ["a\nb.csv", "-rf", "..csv", "ação\u202e.csv", "x" * 255, "caf\udce9.csv", "%s{0}$HOME;.csv", "é" * 127]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_claimed_recovered_and_released(drops, claims, take_claim, name):
    path = drop_file(drops, name)
    if name.startswith("."):
        path = path.rename(path.with_name("a..csv"))
    (drop,) = look_later(drops).ready

    claimed = take_claim(drop)

    assert (claimed.original_name, claimed.path.read_bytes(), path.exists()) == (path.name, b"[]", False)
    assert look_later(drops).ready == []
    assert recover(claims) == ([claimed], [])
    release(claimed)
    assert recover(claims) == ([], [])
    assert [path for path in claims.rglob("*") if path.name not in {"demo", "consumption"}] == []


@given(st.binary(min_size=1, max_size=255), st.booleans())
def test_whatever_bytes_a_name_has_the_file_is_seen_claimed_and_named_by_them(written, is_of_another_file_system):
    name = os.fsdecode(written.translate(None, b"/\0") or b"a")
    assume(not name.startswith(".") and not name.lower().endswith((*SUFFIXES, "~")))
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        root = Path(folder)
        prepare(root / "drops", "demo")
        path = drop_file(root / "drops", name)
        if is_of_another_file_system:
            rename_within_one_folder(patch)

        claimed = claim(the_drop(root / "drops"), drops=root / "drops", claims=root / "claims")

        assert (claimed.original_name, claimed.path.read_bytes()) == (path.name, b"[]")
        assert recover(root / "claims") == ([claimed], [])
        assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("another_file_system")
def test_a_file_of_another_file_system_is_claimed_whole_with_its_name_and_time(drops, take_claim, name):
    if name.startswith("."):
        name = f"a{name}"
    os.utime(drop_file(drops, name, b"x" * 3_000_000), ns=(5, 7))

    claimed = take_claim(the_drop(drops))

    assert (claimed.path.read_bytes(), claimed.original_name) == (b"x" * 3_000_000, name)
    assert claimed.path.stat().st_mtime_ns == 7
    assert list((drops / "demo" / "consumption").iterdir()) == []


@pytest.mark.usefixtures("another_file_system")
def test_a_copy_that_broke_off_is_made_again_and_keeps_the_name(drops, claims, take_claim, monkeypatch):
    drop_file(drops, "a.json", b"whole")
    drop = the_drop(drops)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            take_claim(drop)
    assert recover(claims) == ([], [])

    claimed = take_claim(the_drop(drops))

    assert (claimed.original_name, claimed.path.read_bytes()) == ("a.json", b"whole")


@pytest.mark.usefixtures("another_file_system")
def test_a_copy_that_a_crash_cut_short_is_forgotten(drops, claims):
    part = claims / "demo" / "consumption" / "0123.part"
    part.mkdir(parents=True)
    (part / "a.json").write_bytes(b"ha")

    assert recover(claims) == ([], [])
    assert not part.exists()


def test_a_file_is_claimed_once(drops, claims, take_claim):
    drop_file(drops)
    drop = the_drop(drops)
    take_claim(drop)

    with pytest.raises(TryLater, match="look again"):
        take_claim(drop)
    assert len(recover(claims)[0]) == 1


def test_a_file_that_changed_since_the_look_stays(drops, claims, take_claim):
    path = drop_file(drops)
    drop = the_drop(drops)
    path.write_bytes(b"[1,2]")

    with pytest.raises(TryLater, match="changed"):
        take_claim(drop)
    assert path.read_bytes() == b"[1,2]"
    assert recover(claims) == ([], [])


def test_a_file_that_is_replaced_at_the_last_moment_goes_back(drops, claims, take_claim, monkeypatch):
    path = drop_file(drops)
    drop = the_drop(drops)
    rename = os.rename

    def replacing(*arguments, **folders):
        monkeypatch.setattr(os, "rename", rename)
        path.unlink()
        path.write_bytes(b"newer")
        rename(*arguments, **folders)

    monkeypatch.setattr(os, "rename", replacing)
    with pytest.raises(TryLater, match="changed"):
        take_claim(drop)
    assert path.read_bytes() == b"newer"
    assert recover(claims) == ([], [])


def test_what_goes_back_does_not_replace_what_came_meanwhile(drops, claims, take_claim, monkeypatch):
    path = drop_file(drops)
    drop = the_drop(drops)
    rename = os.rename

    def replacing(*arguments, **folders):
        monkeypatch.setattr(os, "rename", rename)
        path.unlink()
        path.write_bytes(b"second")
        rename(*arguments, **folders)
        path.write_bytes(b"third")

    monkeypatch.setattr(os, "rename", replacing)
    with pytest.raises(TryLater):
        take_claim(drop)
    assert sorted(file.read_bytes() for file in path.parent.iterdir()) == [b"second", b"third"]


def test_a_file_that_somebody_holds_open_for_writing_stays_however_old(drops, claims, take_claim):
    path = drop_file(drops)
    drop = the_drop(drops)

    with path.open("ab"), pytest.raises(TryLater, match="still being written"):
        take_claim(drop)
    assert path.read_bytes() == b"[]"
    assert take_claim(drop).path.read_bytes() == b"[]"


def test_claims_lie_where_nobody_else_may_look(drops, claims, take_claim):
    drop_file(drops)
    take_claim(the_drop(drops))

    assert claims.stat().st_mode & 0o777 == 0o700
    assert not (drops / "demo" / ".claimed").exists()


def test_what_an_earlier_version_claimed_is_claimed_and_its_folders_go(drops, claims, take_claim):
    place = drops / "demo" / ".claimed" / "registry" / "0123"
    place.mkdir(parents=True)
    (place / "a.csv").write_bytes(b"x")

    claimed = take_claim(the_drop(drops))

    assert (claimed.tenant, claimed.feed, claimed.original_name) == ("demo", "registry", "a.csv")
    assert not (drops / "demo" / ".claimed").exists()


def test_older_claims_come_first(claims):
    for name, moment in (("b", 200), ("a", 300), ("c", 100)):
        place = claims / "demo" / "registry" / f"place of {name}"
        place.mkdir(parents=True)
        (place / name).write_bytes(b"x")
        os.utime(place / name, (moment, moment))

    assert [claimed.original_name for claimed in in_turn(recover(claims)[0])] == ["c", "b", "a"]


def test_what_a_crash_left_in_the_place_of_a_file_is_told_and_not_read(claims, tmp_path):
    place = claims / "demo" / "registry" / "0123"
    place.mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"x")
    (place / "link").symlink_to(tmp_path / "outside")
    os.link(tmp_path / "outside", place / "hard link")
    os.mkfifo(place / "pipe")

    left, strange = recover(claims)

    assert left == []
    assert sorted(path.name for path, _ in strange) == ["hard link", "link", "pipe"]


def test_a_claim_that_is_gone_is_released_all_the_same(tmp_path):
    release(Claim("demo", "registry", tmp_path / "gone" / "a.csv", 0))
