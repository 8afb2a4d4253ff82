import os
import socket
from datetime import UTC, datetime, timedelta

import pytest

from include.core.documents import FEEDS
from include.core.errors import Refused, TryLater
from include.landing.drops import claim, look, prepare, recover, release, settled

LATER = timedelta(seconds=60)


@pytest.fixture
def drops(tmp_path):
    prepare(tmp_path, "demo")
    return tmp_path


def now():
    return datetime.now(UTC)


def drop_file(drops, name="a.json", body=b"[]", feed="consumption"):
    path = drops / "demo" / feed / name
    path.write_bytes(body)
    return path


def look_later(drops, **changes):
    return look(drops, settle_s=3, now=now() + LATER, **changes)


def test_a_tenant_has_a_folder_per_feed(drops):
    assert sorted(folder.name for folder in (drops / "demo").iterdir()) == sorted(FEEDS)


def test_a_file_that_rests_is_ready_with_its_facts(drops):
    path = drop_file(drops)

    (drop,) = settled(drops, settle_s=3, now=now() + LATER)

    assert (drop.tenant, drop.feed, drop.path, drop.size_bytes, drop.original_name) == ("demo", "consumption", path, 2, "a.json")


def test_a_file_that_changed_just_now_waits(drops):
    path = drop_file(drops)

    found = look(drops, settle_s=3, now=now())

    assert (found.ready, found.waiting) == ([], [path])


def test_a_copied_old_modification_time_does_not_make_a_file_old(drops):
    path = drop_file(drops)
    os.utime(path, (1, 1))

    assert look(drops, settle_s=3, now=now()).waiting == [path]


def test_a_file_that_somebody_holds_open_for_writing_waits_however_old(drops):
    path = drop_file(drops)

    with path.open("ab"):
        assert look_later(drops).waiting == [path]
    assert look_later(drops).waiting == []


@pytest.mark.parametrize(
    "name", [".hidden.json", "a.tmp", "a.json.part", "a.CRDOWNLOAD", ".a.json.Xy12", "a.json~", "a.json.filepart"]
)
def test_unfinished_transfers_and_hidden_files_are_ignored(drops, name):
    drop_file(drops, name)

    found = look_later(drops)

    assert (found.ready, found.waiting, found.strange) == ([], [], [])


def test_older_files_come_first(drops):
    for name, moment in (("b", 200), ("a", 300), ("c", 100)):
        os.utime(drop_file(drops, name), (moment, moment))

    assert [drop.path.name for drop in look_later(drops).ready] == ["c", "b", "a"]


def test_a_sparse_giant_is_faulty_by_its_size_alone(drops):
    path = drop_file(drops)
    os.truncate(path, 5_000_000_000)

    found = look_later(drops, max_bytes=200_000_000)

    assert found.ready == []
    assert "5000 MB, more than the 200 MB" in found.faulty[0][1]


def test_a_link_is_faulty_and_never_followed(drops, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    (drops / "demo" / "consumption" / "link.csv").symlink_to(secret)

    found = look_later(drops)

    assert [(drop.path.name, "link" in reason) for drop, reason in found.faulty] == [("link.csv", True)]
    assert found.ready == []


@pytest.mark.parametrize("closed", ["demo/registry", "closed"])
def test_a_folder_that_is_closed_to_us_is_reported_and_holds_back_no_other(drops, monkeypatch, closed):
    (drops / "closed").mkdir(exist_ok=True)
    path = drop_file(drops)
    scan = os.scandir

    def scandir(folder):
        if str(folder).startswith(str(drops / closed)):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    found = look_later(drops)

    assert [drop.path for drop in found.ready] == [path]
    assert [(place, "Permission denied" in sentence) for place, sentence in found.strange] == [(drops / closed, True)]
    assert recover(drops) == []


def test_pipes_sockets_and_folders_are_left_and_reported(drops, monkeypatch):
    folder = drops / "demo" / "consumption"
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")

        found = look_later(drops)

    assert sorted(path.name for path, _ in found.strange) == ["folder", "pipe", "socket"]


def test_unknown_tenants_and_feeds_and_stray_files_are_left_and_reported(drops):
    (drops / "stranger" / "consumption").mkdir(parents=True)
    (drops / "demo" / "weather").mkdir()
    (drops / "stray.csv").write_text("x")
    (drops / "demo" / "stray.csv").write_text("x")
    (drops / "linked").symlink_to(drops / "demo")

    found = look_later(drops, tenants={"demo"})

    reasons = {path.relative_to(drops).as_posix(): reason for path, reason in found.strange}
    assert set(reasons) == {"stranger", "demo/weather", "stray.csv", "demo/stray.csv", "linked"}
    assert "no tenant is named 'stranger'" in reasons["stranger"]
    assert found.ready == []


def test_a_missing_drop_folder_holds_nothing(tmp_path):
    assert look_later(tmp_path / "none").ready == []


@pytest.mark.parametrize("name", ["a\nb.csv", "-rf", "..csv", "ação\u202e.csv", "x" * 255, "caf\udce9.csv", "%s{0}$HOME;.csv"])
def test_any_name_is_claimed_recovered_and_released(drops, name):
    path = drop_file(drops, name)
    if name.startswith("."):
        path = path.rename(path.with_name("a..csv"))
    (drop,) = look_later(drops).ready

    claimed = claim(drop)

    assert (claimed.name, claimed.read_bytes(), path.exists()) == (path.name, b"[]", False)
    assert look_later(drops).ready == []
    assert [(left.tenant, left.feed, left.path) for left in recover(drops)] == [("demo", "consumption", claimed)]
    release(claimed)
    assert recover(drops) == []
    assert list((drops / "demo" / ".claimed" / "consumption").iterdir()) == []


def test_a_file_is_claimed_once(drops):
    drop_file(drops)
    (drop,) = look_later(drops).ready
    claim(drop)

    with pytest.raises(TryLater, match="look again"):
        claim(drop)
    assert len(recover(drops)) == 1


def test_a_file_that_changed_since_the_look_goes_back(drops):
    path = drop_file(drops)
    (drop,) = look_later(drops).ready
    path.write_bytes(b"[1,2]")

    with pytest.raises(TryLater, match="changed"):
        claim(drop)
    assert path.read_bytes() == b"[1,2]"
    assert recover(drops) == []


def test_only_a_claimed_file_can_be_released(drops):
    path = drop_file(drops)

    with pytest.raises(Refused):
        release(path)
    assert path.exists()
