import io
from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import Refused
from include.landing.drops import claim, look, prepare, recover
from include.landing.files import open_regular, safe_name
from include.landing.refusals import Refusal, refuse, refuse_bytes


@pytest.fixture
def drops(tmp_path):
    prepare(tmp_path, "demo")
    return tmp_path


def a_refusal(name="a.csv", reason="the file is empty (0 bytes); export it again and drop it again"):
    return Refusal("demo", "consumption", name, reason, datetime(2026, 3, 1, 12, 30, tzinfo=UTC))


def test_a_refused_file_lies_beside_a_page_that_says_what_to_do(drops):
    path = drops / "demo" / "consumption" / "a.csv"
    path.write_bytes(b"")

    refused = refuse(path, a_refusal(), drops=drops)

    page = refused.with_name("a.csv.reason.txt").read_text()
    assert refused == drops / "demo" / "consumption" / "refused" / "a.csv"
    assert "File:        'a.csv'" in page
    assert "Received at: 2026-03-01 12:30:00 UTC" in page
    assert "Why: the file is empty (0 bytes)" in page
    assert "drop the file again into the folder consumption" in page
    assert not path.exists()


def test_refused_files_are_not_looked_at_again(drops):
    (drops / "demo" / "consumption" / "a.csv").write_bytes(b"")
    refuse(drops / "demo" / "consumption" / "a.csv", a_refusal(), drops=drops)

    found = look(drops, settle_s=3, now=datetime.now(UTC) + timedelta(seconds=60))

    assert (found.ready, found.waiting, found.faulty, found.strange) == ([], [], [], [])


def test_a_claimed_file_is_refused_and_leaves_nothing_claimed(drops):
    (drops / "demo" / "consumption" / "a.csv").write_bytes(b"x")
    (drop,) = look(drops, settle_s=3, now=datetime.now(UTC) + timedelta(seconds=60)).ready

    refused = refuse(claim(drop), a_refusal(), drops=drops)

    assert refused.read_bytes() == b"x"
    assert recover(drops) == []
    assert list((drops / "demo" / ".claimed" / "consumption").iterdir()) == []


def test_the_same_name_refused_again_gets_a_number(drops):
    names = [refuse_bytes(io.BytesIO(body), a_refusal(), drops=drops).name for body in (b"1", b"2", b"3")]

    folder = drops / "demo" / "consumption" / "refused"
    assert names == ["a.csv", "a-2.csv", "a-3.csv"]
    assert (folder / "a-2.csv").read_bytes() == b"2"
    assert (folder / "a-2.csv.reason.txt").exists()


def test_a_link_is_moved_as_a_link_and_its_target_stays(drops, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    link = drops / "demo" / "consumption" / "a.csv"
    link.symlink_to(secret)

    refused = refuse(link, a_refusal(), drops=drops)

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
