"""Names that others wrote, made fit for a page and a mail header."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import Refused
from include.reports.plain_text import clean, header_safe, in_font


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Usina\t Serf\r\nEast ", "Usina Serf East"),
        ("abc\u202edcba\u2069", "abcdcba"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("nul\x00 bell\x07", "nul bell"),
        ("cafe\u0301", "café"),
        ("", "–"),
        (None, "–"),
        ("\u200f\u0000", "–"),
        ("x" * 10, "xxxx…"),
        ("\ud800x", "x"),
    ],
)
def test_a_name_becomes_one_visible_line(text, expected):
    assert clean(text, 5 if text == "x" * 10 else 200) == expected


@pytest.mark.parametrize("name", ["نیروگاه\u200cخورشیدی", "क्\u200dष", "ශ්\u200dරී"])
def test_a_joiner_that_is_spelling_stays(name):
    assert clean(name) == name


@pytest.mark.parametrize("name", ["a\u200cb", "7\u200d7", "é\u200dé", "\u200cا", "👩\u200d🔧", "אב\u200cאב", "ا\u202eب"])
def test_a_joiner_that_is_none_goes(name):
    assert clean(name) == "".join(char for char in name if unicodedata.category(char) != "Cf")


@given(st.text(max_size=300), st.integers(1, 50))
def test_a_cleaned_name_is_short_and_has_nothing_invisible(text, most):
    cleaned = clean(text, most)

    assert 1 <= len(cleaned) <= most
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in cleaned)


def test_pictures_are_dropped_and_unknown_letters_stand_as_replacements():
    known = frozenset(map(ord, "Usina 1"))

    assert in_font("☀ Usina 北京 1", known) == "Usina �� 1"
    assert in_font("☀☀", known) == "–"


@pytest.mark.parametrize(
    "char", ["\r", "\n", "\x00", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]
)
def test_a_header_with_a_break_is_refused_with_its_name_and_place(char):
    with pytest.raises(Refused, match=r"mail header Subject holds a line break .* at position 4"):
        header_safe("Subject", f"abcd{char}Bcc: x@example.org")
