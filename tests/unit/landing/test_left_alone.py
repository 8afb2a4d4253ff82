from pathlib import Path

import pytest

from include.landing.left_alone import new_sentences


@pytest.fixture
def page(tmp_path):
    return tmp_path / "home" / "left_alone.txt"


def test_a_sentence_is_new_once_and_stands_in_the_page_while_it_is_so(page):
    pipe, folder = (Path("drops/a/pipe"), "no file"), (Path("drops/a/folder"), "a folder")

    told = [new_sentences(page, found) for found in ([pipe], [pipe, folder], [pipe, folder], [folder])]

    assert told == [["'drops/a/pipe': no file"], ["'drops/a/folder': a folder"], [], []]
    assert page.read_text() == "'drops/a/folder': a folder\n"


def test_what_came_back_is_told_again(page):
    found = [(Path("a"), "odd")]

    assert [len(new_sentences(page, now)) for now in (found, [], found)] == [1, 0, 1]


def test_a_name_makes_no_line_of_its_own(page):
    told = new_sentences(page, [(Path("a\nb\u2028c\udce9"), "odd")])

    assert told == [r"'a\nb\u2028c\udce9': odd"]
    assert page.read_text() == f"{told[0]}\n"


def test_a_page_that_cannot_be_written_only_means_that_all_is_told_again(tmp_path):
    (tmp_path / "home").write_text("a file where the folder belongs")
    page = tmp_path / "home" / "left_alone.txt"

    assert [len(new_sentences(page, [(Path("a"), "odd")])) for _ in range(2)] == [1, 1]
