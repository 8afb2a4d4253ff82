import os
import socket
from datetime import UTC, datetime, timedelta

import pytest

from include.core.documents import FEEDS
from include.core.errors import NeedsHuman, Refused
from include.landing.drops import deliver, is_being_written, look, prepare

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

    (drop,) = look_later(drops).ready

    assert (drop.tenant, drop.feed, drop.path, drop.size_bytes, drop.original_name) == ("demo", "consumption", path, 2, "a.json")


def test_a_file_that_changed_just_now_waits(drops):
    path = drop_file(drops)

    found = look(drops, settle_s=600, now=now())

    assert (found.ready, found.waiting) == ([], [path])


def test_a_copied_old_modification_time_does_not_make_a_file_old(drops):
    path = drop_file(drops)
    os.utime(path, (1, 1))

    assert look(drops, settle_s=600, now=now()).waiting == [path]


def test_it_is_told_whether_somebody_holds_a_file_open_for_writing(drops):
    path = drop_file(drops)
    (drop,) = look_later(drops).ready

    with path.open("ab"):
        assert is_being_written(drop, drops)
    assert not is_being_written(drop, drops)


def test_what_is_gone_is_not_being_written(drops):
    path = drop_file(drops)
    (drop,) = look_later(drops).ready
    path.unlink()

    assert not is_being_written(drop, drops)


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


def test_a_file_of_several_names_is_faulty_and_so_is_each_of_them(drops):
    path = drop_file(drops)
    os.link(path, path.with_name("b.json"))

    found = look_later(drops)

    assert [(drop.name, "2 names" in reason) for drop, reason in found.faulty] == [("a.json", True), ("b.json", True)]
    assert found.ready == []


def test_a_clock_that_was_put_back_holds_up_no_file_that_rests(drops):
    rests = drop_file(drops)
    os.link(drop_file(drops, "b.json"), drops / "two names")

    found = look(drops, settle_s=0.05, now=now() - timedelta(days=1))

    assert [drop.path for drop in found.ready] == [rests]
    assert [drop.name for drop, _ in found.faulty] == ["b.json"]
    assert found.waiting == []


@pytest.mark.parametrize(
    "change", [lambda path: path.write_bytes(b"[1]"), lambda path: path.unlink(), lambda path: path.chmod(0o600)]
)
def test_a_file_that_changes_meanwhile_waits_whatever_the_clock_says(drops, monkeypatch, change):
    path = drop_file(drops)
    monkeypatch.setattr("include.landing.drops.time.sleep", lambda _: change(path))

    found = look(drops, settle_s=3, now=now() - timedelta(days=1))

    assert (found.ready, found.waiting) == ([], [path])


def test_tenants_take_turns_and_each_one_s_files_come_by_age(drops):
    prepare(drops, "other")
    for tenant, name, moment in [("demo", "a", 1), ("demo", "b", 2), ("demo", "c", 3), ("other", "d", 9), ("other", "e", 8)]:
        path = drops / tenant / "registry" / name
        path.write_bytes(b"x")
        os.utime(path, (moment, moment))

    assert [drop.name for drop in look_later(drops).ready] == ["a", "e", "b", "d", "c"]


def test_a_thousand_things_that_do_not_belong_are_told_in_a_few_lines(drops):
    for number in range(1000):
        (drops / "demo" / "consumption" / f"{number}").mkdir()

    sentences = [sentence for _, sentence in look_later(drops).strange]

    assert len(sentences) == 21
    assert "more lies here" in sentences[-1]


def test_a_folder_with_too_many_things_is_looked_at_in_part(drops, monkeypatch):
    monkeypatch.setattr("include.landing.drops.MOST_ENTRIES", 10)
    for number in range(15):
        drop_file(drops, f"{number}.json")

    found = look_later(drops)

    assert len(found.ready) == 10
    assert "more than 10 things" in found.strange[0][1]


def test_files_that_an_earlier_version_claimed_are_found_where_it_put_them(drops):
    place = drops / "demo" / ".claimed" / "registry" / "0123"
    place.mkdir(parents=True)
    (place / "a.csv").write_bytes(b"x")

    (drop,) = look_later(drops).ready

    assert (drop.tenant, drop.feed, drop.original_name, drop.path) == ("demo", "registry", "a.csv", place / "a.csv")


@pytest.mark.parametrize("name", [".taken-0123abcd-..", ".taken-0123abcd-.", ".taken-0123abcd-", ".taken-x-a.csv", "..csv"])
def test_a_name_that_only_looks_like_ours_names_itself(drops, name):
    drop_file(drops, name)

    assert [drop.original_name for drop in look_later(drops).ready] in ([name], [])


def test_a_delivered_file_lies_whole_under_its_name_and_replaces_none(drops, tmp_path):
    file = tmp_path / "a.json"
    for body in (b"1", b"2", b"3"):
        file.write_bytes(body)
        deliver(file, drops=drops, tenant="demo", feed="registry")

    folder = drops / "demo" / "registry"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.json": b"1", "2-a.json": b"2", "3-a.json": b"3"}
    assert (folder / "a.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", [".hidden", "a.part", "b~"])
def test_a_file_that_no_look_would_see_is_not_delivered(drops, tmp_path, name):
    (tmp_path / name).write_bytes(b"x")

    with pytest.raises(Refused, match="rename the file"):
        deliver(tmp_path / name, drops=drops, tenant="demo", feed="registry")


def test_a_delivery_that_breaks_off_leaves_nothing(drops, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(b"x")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("include.landing.drops.shutil.copyfileobj", full)
    with pytest.raises(NeedsHuman, match="No space left"):
        deliver(tmp_path / "a.csv", drops=drops, tenant="demo", feed="registry")
    assert list((drops / "demo" / "registry").iterdir()) == []


def test_new_folders_are_open_to_their_owner_and_readable_by_their_group(drops):
    assert {(drops / "demo" / feed).stat().st_mode & 0o777 for feed in FEEDS} == {0o750}


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
