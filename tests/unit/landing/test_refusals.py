import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import NeedsHuman, Refused, TryLater
from include.landing.drops import Drop, look, prepare
from include.landing.files import open_regular, safe_name
from include.landing.refusals import Refusal, refuse, refuse_bytes


@pytest.fixture
def drops(tmp_path):
    prepare(tmp_path, "demo")
    return tmp_path


def a_refusal(name="a.csv", reason="the file is empty (0 bytes); export it again and drop it again"):
    return Refusal("demo", "consumption", name, reason, datetime(2026, 3, 1, 12, 30, tzinfo=UTC))


def the_drop(drops) -> Drop:
    found = look(drops, settle_s=3, now=datetime.now(UTC) + timedelta(seconds=60))
    (drop,) = [*found.ready, *(drop for drop, _ in found.faulty)]
    return drop


def test_a_refused_file_lies_beside_a_page_that_says_what_to_do(drops):
    path = drops / "demo" / "consumption" / "a.csv"
    path.write_bytes(b"")

    refused = refuse(the_drop(drops), a_refusal(), drops=drops)

    page = refused.with_name("a.csv.reason.txt").read_text()
    assert refused == drops / "demo" / "consumption" / "refused" / "a.csv"
    assert "File:        'a.csv'" in page
    assert "Received at: 2026-03-01 12:30:00 UTC" in page
    assert "Why: the file is empty (0 bytes)" in page
    assert "drop the file again into the folder consumption" in page
    assert not path.exists()


def test_refused_files_are_not_looked_at_again(drops):
    (drops / "demo" / "consumption" / "a.csv").write_bytes(b"")
    refuse(the_drop(drops), a_refusal(), drops=drops)

    found = look(drops, settle_s=3, now=datetime.now(UTC) + timedelta(seconds=60))

    assert (found.ready, found.waiting, found.faulty, found.strange) == ([], [], [], [])


def test_a_file_that_changed_since_the_look_stays_and_no_page_says_otherwise(drops):
    path = drops / "demo" / "consumption" / "a.csv"
    path.symlink_to("/nowhere")
    drop = the_drop(drops)
    path.unlink()
    path.write_bytes(b"a good one")

    with pytest.raises(TryLater, match="changed"):
        refuse(drop, a_refusal(), drops=drops)

    assert path.read_bytes() == b"a good one"
    assert list((path.parent / "refused").iterdir()) == []


def test_a_refused_file_keeps_its_mode_and_what_we_write_is_closed_to_others(drops):
    path = drops / "demo" / "consumption" / "a.csv"
    path.write_bytes(b"")
    path.chmod(0o600)

    refused = refuse(the_drop(drops), a_refusal(), drops=drops)
    written = refuse_bytes(io.BytesIO(b"x"), a_refusal(), drops=drops)

    modes = {file.name: file.stat().st_mode & 0o777 for file in (refused, written, refused.with_name("a.csv.reason.txt"))}
    assert modes == {"a.csv": 0o600, "a-2.csv": 0o640, "a.csv.reason.txt": 0o640}
    assert refused.parent.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("odd", ["link", "file", "broken link"])
def test_a_folder_of_refused_files_that_is_none_needs_a_human_and_nothing_moves(drops, tmp_path, odd):
    feed, outside = drops / "demo" / "consumption", tmp_path / "outside"
    outside.mkdir()
    (feed / "a.csv").symlink_to("/nowhere")
    if odd == "file":
        (feed / "refused").mkdir()
    drop = the_drop(drops)
    if odd == "file":
        (feed / "refused").rmdir()
        (feed / "refused").write_bytes(b"")
    else:
        (feed / "refused").symlink_to(outside if odd == "link" else tmp_path / "nowhere")

    with pytest.raises(NeedsHuman, match="a link or a file lies where a folder belongs"):
        refuse(drop, a_refusal(), drops=drops)
    with pytest.raises(NeedsHuman):
        refuse_bytes(io.BytesIO(b"x"), a_refusal(), drops=drops)

    assert list(outside.iterdir()) == []
    assert (feed / "a.csv").is_symlink()


def test_a_copy_that_does_not_fit_leaves_neither_part_nor_page(drops, monkeypatch):
    monkeypatch.setattr(
        "include.landing.refusals.shutil.copyfileobj", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )

    with pytest.raises(NeedsHuman, match="No space left"):
        refuse_bytes(io.BytesIO(b"x"), a_refusal(), drops=drops)

    assert list((drops / "demo" / "consumption" / "refused").iterdir()) == []


def test_the_same_name_refused_again_gets_a_number(drops):
    names = [refuse_bytes(io.BytesIO(body), a_refusal(), drops=drops).name for body in (b"1", b"2", b"3")]

    folder = drops / "demo" / "consumption" / "refused"
    assert names == ["a.csv", "a-2.csv", "a-3.csv"]
    assert (folder / "a-2.csv").read_bytes() == b"2"
    assert (folder / "a-2.csv.reason.txt").exists()


def test_the_same_refusal_of_the_same_bytes_lies_there_once(drops):
    twice = [refuse_bytes(io.BytesIO(b"1"), a_refusal(), drops=drops).name for _ in range(2)]
    other = refuse_bytes(io.BytesIO(b"1"), a_refusal(reason="another reason"), drops=drops).name
    again = [refuse_bytes(io.BytesIO(body), a_refusal(), drops=drops).name for body in (b"1", b"2", b"2")]

    assert twice == ["a.csv", "a.csv"]
    assert other == "a-2.csv"
    assert again == ["a.csv", "a-3.csv", "a-3.csv"]
    assert len(list((drops / "demo" / "consumption" / "refused").iterdir())) == 6


def test_a_page_that_a_crash_left_alone_is_no_file_that_was_given_back(drops):
    folder = refuse_bytes(io.BytesIO(b"1"), a_refusal(), drops=drops).parent
    (folder / "a.csv").unlink()

    written = refuse_bytes(io.BytesIO(b"1"), a_refusal(), drops=drops)

    assert written.read_bytes() == b"1"
    assert written.with_name(f"{written.name}.reason.txt").exists()


def test_a_link_is_moved_as_a_link_and_its_target_stays(drops, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    link = drops / "demo" / "consumption" / "a.csv"
    link.symlink_to(secret)

    refused = refuse(the_drop(drops), a_refusal(), drops=drops)

    assert refused.is_symlink()
    assert secret.read_text() == "x"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.csv", "a.csv"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "file"),
        ("", "file"),
        ("a\nb.csv", "a_b.csv"),
        ("a\0b", "a_b"),
        ("ação.csv", "ação.csv"),
        ("x\u202egnp.exe", "x_gnp.exe"),
        (".bashrc", "bashrc"),
        ("caf\udce9.csv", "caf_.csv"),
        ("$(rm)`;|.csv", "_(rm)___.csv"),
    ],
)
def test_names_are_made_safe(name, safe):
    assert safe_name(name) == safe


def test_long_names_are_bounded_and_keep_their_suffix():
    assert safe_name("x" * 250 + ".json") == "x" * 145 + ".json"
    assert len(safe_name("é" * 120 + ".json").encode()) <= 150


@given(st.text(st.characters(exclude_characters="\0"), max_size=300))
def test_a_safe_name_is_one_short_visible_name_and_stays_itself(name):
    safe = safe_name(name)

    assert 0 < len(safe.encode()) <= 150
    assert "/" not in safe
    assert safe.isprintable()
    assert not safe.startswith(".")
    assert safe_name(safe) == safe


def test_the_page_escapes_a_hostile_name_and_reason(drops):
    refused = refuse_bytes(io.BytesIO(b""), a_refusal("a\nWhy: nothing\u202e.csv", "bad\n\nWhat to do next: pay"), drops=drops)

    page = (refused.parent / f"{refused.name}.reason.txt").read_text()
    assert r"'a\nWhy: nothing\u202e.csv'" in page
    assert "Why: bad What to do next: pay" in page


def test_opening_never_follows_a_link(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    with pytest.raises(Refused):
        open_regular(tmp_path / "b")
    with pytest.raises(Refused):
        open_regular(tmp_path)
    with open_regular(tmp_path / "a") as opened:
        assert opened.read() == b"x"
