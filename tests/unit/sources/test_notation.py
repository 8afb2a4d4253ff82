import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sources.formats.notation import UNDECIDED, ColumnNumbers, Notation, Notations, NumberColumn
from include.sources.formats.units import Conversion

KWH = NumberColumn("kwh", "consumption_kwh")
POWER = NumberColumn("power", "ac_power_kw", Conversion(1, 1000))
CELSIUS = NumberColumn("temperature", "temperature_c")
VOLT = NumberColumn("voltage", "voltage_v")


def read(*texts, column=KWH, beside=(), earlier=UNDECIDED):
    """Values and details of faults of a column, beside texts of other columns."""
    found = [(column, text) for text in texts if isinstance(text, str)] + list(beside)
    reader = ColumnNumbers(Notations(lambda: found, earlier))
    pairs = [reader.read(text, column) for text in texts]
    return [
        ("held back" if fault else "unreadable") if value is not None and math.isnan(value) else value for value, fault in pairs
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1.234", "12.345", "1.002,5"], [1234, 12345, 1002.5]),
        (["1,234", "12,345", "1,002.5"], [1234, 12345, 1002.5]),
        (["1.234", "0.5"], [1.234, 0.5]),
        (["1,234", "12,5", "7"], [1.234, 12.5, 7]),
        (["1.234", "1.234.567"], [1234, 1234567]),
        (["1.234", "1234.567"], [1.234, 1234.567]),
        (["1.234", "0.000"], [1.234, 0]),
        (["1.234", "1 234,5"], [1234, 1234.5]),
        (["1.234 kWh", "1,5 kWh"], [1234, 1.5]),
        (["-1.234", "(1.234)", "1,5-"], [-1234, -1234, -1.5]),
        (["12.000", "10.500", "9.800,5"], [12000, 10500, 9800.5]),
    ],
)
def test_what_one_text_proves_holds_for_its_column(texts, expected):
    assert read(*texts) == expected
    assert read(*reversed(texts)) == expected[::-1]


@pytest.mark.parametrize(
    "texts",
    [["123.456", "98.765", "310.250"], ["1,234", "12,345", "987"], ["1.250"], ["1.234", "1,234"], ["1.234", "1e3", "1 234"]],
)
def test_what_nothing_proves_is_held_back(texts):
    assert [value for value in read(*texts) if value == "held back"] == ["held back"] * sum("," in t or "." in t for t in texts)


def test_a_column_that_contradicts_itself_holds_back_what_it_would_decide():
    assert read("12,5", "12.5", "1.234", "7") == [12.5, 12.5, "held back", 7]
    assert read("12,5", "12.5", "1.234", earlier=Notation(","))[2] == "held back"
    assert read("12,5", "12.5", "1.234", beside=[(VOLT, "1,5")])[2] == "held back"


def test_the_other_columns_of_a_document_decide_where_the_own_one_does_not():
    assert read("1.234", beside=[(VOLT, "220,5")]) == [1234]
    assert read("1.234", beside=[(VOLT, "220.5"), (POWER, "7")]) == [1.234]
    assert read("1.234", beside=[(VOLT, "220.5"), (POWER, "7,5")]) == ["held back"]


def test_only_one_reading_may_be_possible_in_the_physical_world():
    assert read("23.456", "24.123", column=CELSIUS) == [23.456, 24.123]
    assert read("23,456", column=CELSIUS) == [23.456]
    assert read("220.123", column=VOLT, beside=[(CELSIUS, "23.456")]) == [220.123]
    assert read("1.234", column=POWER) == ["held back"]
    # One impossible value among possible ones is a fault of the sensor and says nothing of the rest.
    assert read("600.000", "1.234", column=NumberColumn("power", "ac_power_kw")) == ["held back"] * 2


def test_the_notation_of_earlier_documents_decides_last():
    assert read("1.234", earlier=Notation(",")) == [1234]
    assert read("1.234", beside=[(VOLT, "220.5")], earlier=Notation(",")) == [1.234]
    assert read("23.456", column=CELSIUS, earlier=Notation(",")) == [23.456]


def test_a_number_that_is_none_is_unreadable_and_no_reading_is_none():
    assert read("12:30", True, [], {}, "n/a", None, "", -999, "-999", "65535") == ["unreadable"] * 4 + [None] * 6


def test_numbers_need_no_evidence_and_are_exact():
    assert read(1.234, 1234, 0.1, "1.234") == [1.234, 1234, 0.1, "held back"]


def test_an_ambiguous_text_may_be_a_sentinel_in_one_notation():
    assert read("-999.000", "0.5") == [None, 0.5]
    assert read("65.535", "0,5") == [None, 0.5]
    assert read("65.535", "0.5") == [65.535, 0.5]


def test_a_unit_in_the_value_counts_before_that_of_the_column():
    assert read("12,5 kW", "1500", "1500 W", "7 mW", column=POWER) == [12.5, 1.5, 1.5, 7e-6]


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("5 furlong", "unit_known", "unit 'furlong' in '5 furlong'"),
        ("R$ 5,00", "unit_known", "unit 'R$' in 'R$ 5,00'"),
        ("5 mwh", "unit_known", "unit 'mwh' is mWh or MWh: capital or small letters must tell in '5 mwh'"),
        (
            "1.234",
            "number_unambiguous",
            "'1.234' is 1.234 with a decimal point or 1234 with a decimal comma, and no other number tells which",
        ),
    ],
)
def test_a_fault_tells_what_was_found(text, rule, words):
    value, fault = ColumnNumbers(Notations(lambda: [(KWH, text)])).read(text, KWH)

    assert math.isnan(value)
    assert fault == (rule, words)


def test_the_texts_are_asked_for_once_and_only_where_one_is_ambiguous():
    asked = []

    def texts():
        asked.append(1)
        return [(KWH, "1.234"), (KWH, "1,5")]

    reader = ColumnNumbers(Notations(texts))

    assert reader.read("12,5", KWH) == (12.5, None)
    assert asked == []
    assert [reader.read("1.234", KWH)[0], reader.read("2.345", KWH)[0]] == [1234, 2345]
    assert asked == [1]
    assert reader.proved == {","}


def test_a_notation_by_itself_reads_and_asks():
    notation = Notation.of(["12.000", "9.800,5"])

    assert [notation.number(text) for text in ("12.000", "9.800,5", "", "x")] == pytest.approx(
        [12000, 9800.5, None, math.nan], nan_ok=True
    )
    assert notation.question("12.000") is None
    assert Notation.of(["1.250"]).question("1.250") == (
        "'1.250' is 1.25 with a decimal point or 1250 with a decimal comma, and no other number tells which"
    )
    assert Notation.of(["1.250"], otherwise=notation).number("1.250") == 1250
    assert Notation.of(["1,5", "1.5"], otherwise=notation) == UNDECIDED


NOTATIONS = [
    (".", ","),
    (".", " "),
    (".", "'"),
    (".", "\u202f"),
    (".", ""),
    (",", "."),
    (",", " "),
    (",", "\u00a0"),
    (",", "’"),
    (",", ""),
]
SIGNS = ["{}", "-{}", "−{}", "{}-", "({})", "+{}"]


def write(digits, decimals, decimal, group):
    """Digits as a number with so many decimals, grouped: written here by hand, not by the code under test."""
    padded = digits.rjust(decimals + 1, "0")
    whole, part = (padded[:-decimals], padded[-decimals:]) if decimals else (padded, "")
    whole = whole.lstrip("0") or "0"
    groups = []
    while whole:
        groups.append(whole[-3:])
        whole = whole[:-3]
    return group.join(reversed(groups)) + (decimal + part if decimals else "")


@st.composite
def columns(draw):
    decimal, group = draw(st.sampled_from(NOTATIONS))
    fixed = draw(st.one_of(st.none(), st.integers(0, 6)))
    rows = []
    for number in draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=8)):
        decimals = draw(st.integers(0, 6)) if fixed is None else fixed
        sign = draw(st.sampled_from(SIGNS))
        exact = float(f"{number}e-{decimals}") * (1 if sign in {"{}", "+{}"} else -1)
        rows.append((sign.format(write(str(number), decimals, decimal, group)), exact))
    return draw(st.permutations(rows + [("", None)] * draw(st.integers(0, 2))))


@given(columns())
def test_a_column_in_one_notation_comes_back_exactly_or_is_held_back(column):
    reader = ColumnNumbers(Notations(lambda: [(KWH, text) for text, _ in column]), frozenset())

    for text, exact in column:
        value, fault = reader.read(text, KWH)
        if fault is not None:
            assert fault.rule == "number_unambiguous"
        else:
            assert value == exact
