import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sources.formats.numbers import is_no_reading, number, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.5", 12.5),
        ("12,5", 12.5),
        ("1234.567", 1234.567),
        ("1234,567", 1234.567),
        ("0.123", 0.123),
        ("0,000", 0.0),
        ("1.0000", 1.0),
        ("1.234.567", 1234567.0),
        ("1,234,567", 1234567.0),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1,23,456.7", 123456.7),
        ("1 234,5", 1234.5),
        ("1\u00a0234,5", 1234.5),
        ("1\u202f234.567", 1234.567),
        ("1'234.5", 1234.5),
        ("1’234’567", 1234567.0),
        ("123 456", 123456.0),
        (" 5 ", 5.0),
        (".5", 0.5),
        (",5", 0.5),
        ("5.", 5.0),
        ("+5", 5.0),
        ("-5,2", -5.2),
        ("−5,2", -5.2),
        ("–5,2", -5.2),
        ("5,2-", -5.2),
        ("(5,2)", -5.2),
        ("- 5", -5.0),
        ("１２,５", 12.5),
        ("1e3", 1000.0),
        ("1.234E3", 1234.0),
        ("1,5e-3", 0.0015),
        ("\u200b7\ufeff", 7.0),
        ("-0,0", 0.0),
    ],
)
def test_a_text_that_only_one_notation_can_read_needs_no_column(text, expected):
    found = written(text)

    assert (found.number(None), found.unit) == (expected, "")
    assert math.copysign(1, found.number(None)) == math.copysign(1, expected)


@pytest.mark.parametrize("text", ["1.234", "12,345", "-999.000", "(1.234)", "1.234-", "１.２３４", "+1,234", "1.234 kWh"])
def test_a_lone_mark_before_three_digits_is_two_numbers(text):
    found = written(text)

    assert found.is_ambiguous
    assert math.isnan(found.number(None))
    assert sorted([abs(found.if_point) / abs(found.if_comma), 1000])[0] in {1000, 0.001}


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("12.5", "."),
        ("12,5", ","),
        ("1,234,567", "."),
        ("1.234.567", ","),
        ("0.000", "."),
        ("1.234", None),
        ("1 234", None),
        ("5", None),
        ("x", None),
    ],
)
def test_a_text_proves_a_decimal_mark_where_only_one_makes_sense_of_it(text, mark):
    assert written(text).mark == mark


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("12,5 kWh", 12.5, "kWh"),
        ("230V", 230.0, "V"),
        ("20.6 ℃", 20.6, "℃"),
        ("45 %", 45.0, "%"),
        ("45％", 45.0, "%"),
        ("R$ 1.234,56", 1234.56, "R$"),
        ("-R$ 5,00", -5.0, "R$"),
        ("R$ -5,00", -5.0, "R$"),
        ("900 W/m^2", 900.0, "W/m^2"),
        ("900 W.m-2", 900.0, "W.m-2"),
        ("5 m3", 5.0, "m3"),
        ("5 kWh.", 5.0, "kWh"),
    ],
)
def test_a_unit_is_told_apart_from_its_number(text, value, unit):
    found = written(text)

    assert (found.number(None), found.unit) == (value, unit)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "on", "12:30", "2025-07-01", "1.2.3.4", "1.23.456,7", "12 5", "1 2345", "0 123", "01.234.567", "--5", "-5-",
        "-(5)", "(5", "5)", "1e999", "inf", "-Infinity", "NaN", "0x1F", "1,234.567,8", "1'234,567.8", "1.234,5E3", "R$ 5 kWh",
        "5 6 kWh", "½", "٣", "1" * 200, "1" + ".123" * 30, "5 - 7", "12/05", "1..2", "1,,2", ".", ",", "-", "1_000",
    ],
)  # fmt: skip
def test_what_is_no_number_in_any_notation_is_unreadable(text):
    found = written(text)

    assert math.isnan(found.number("."))
    assert math.isnan(found.number(","))
    assert not found.is_ambiguous


@pytest.mark.parametrize("text", ["", " ", "-", "–", "—", "N/A", "nan", "NULL", "Indisponível", "\u00a0"])
def test_texts_that_say_no_reading(text):
    assert is_no_reading(text)


def test_a_source_that_writes_points_has_its_texts_read_with_points():
    assert [number(text) for text in ("1.234", "12.5", "1,234.5", "-999", "--", None)] == [1.234, 12.5, 1234.5, None, None, None]
    assert all(math.isnan(number(value)) for value in ("12.5 kW", "x", True, [], float("inf"), 10**400))


@given(st.text())
def test_any_text_is_judged_without_an_error(text):
    found = written(text)

    assert not math.isinf(found.if_point)
    assert not math.isinf(found.if_comma)


@given(st.text(alphabet="0123456789., '-+()eE%kWhR$/m²−\u00a0", max_size=120))
def test_any_text_of_the_letters_of_numbers_is_judged_without_an_error(text):
    found = written(text)

    assert found.is_ambiguous == (found.if_point != found.if_comma and not math.isnan(found.if_point + found.if_comma))
