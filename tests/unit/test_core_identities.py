"""One identity per subject, however its key is written."""

import string
import unicodedata
import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from include.core.identities import customer_identity, identity, is_rounded

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    "written",
    [
        "012.345.678-90", "01234567890", "1234567890", 1234567890, 1234567890.0, "1234567890.0", "012 345 678 90", "012345678-90",
        "012.345.678/90", "012.345.678\u201390", "CPF 012.345.678-90", "cpf: 1234567890", "\u200b012.345.678-90\u00a0",
        "０１２.345.678-90",
    ],
)  # fmt: skip
def test_a_cpf_is_known_by_its_digits(written):
    assert customer_identity(written) == "01234567890"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("11.222.333/0001-81", "11222333000181"),
        ("11222333/0001-81", "11222333000181"),
        ("11.222.333/0001-44", "11222333000144"),
        (11222333000144, "11222333000144"),
        ("00.000.000/0001-91", "00000000000191"),
        ("CNPJ: 11.222.333/0001-81", "11222333000181"),
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),
        ("12abc34501de35", "12ABC34501DE35"),
        ("1.2345678901234E+13", "12345678901234"),
        ("12345678901234.0", "12345678901234"),
        (12345678901234.0, "12345678901234"),
    ],
)
def test_a_cnpj_is_known_by_its_digits_and_capitals(written, number):
    assert customer_identity(written) == number


def test_zeros_are_restored_only_where_length_and_check_digits_say_so():
    assert customer_identity("1234567891") == "1234567891"
    assert customer_identity("191") == "191"
    assert customer_identity("191", "cnpj") == "00000000000191"
    assert customer_identity("191", "cpf") == "00000000191"
    assert customer_identity("1234567890", "cnpj") == "01234567890"
    assert customer_identity("12345678", "cpf") == "12345678"


@pytest.mark.parametrize("written", ["1,23457E+13", "1.23457E+13", "1.23457e+13", "1E+13", " 9,9E+10 ", 1e22, float(2**60)])
def test_a_rounded_number_is_no_identity(written):
    assert is_rounded(written)
    assert identity(written) is customer_identity(written) is None


@pytest.mark.parametrize("key", ["12E5", "1E10", "5E-03", "E+13", "inv 1E+1x", "u1", "AB12", "1.23", "0.5", "123-45", "00012"])
def test_keys_that_only_resemble_numbers_stay_as_they_are(key):
    assert identity(key) == customer_identity(key) == key
    assert not is_rounded(key)


@pytest.mark.parametrize(
    "written",
    ["José Ação", "Jose\u0301 Ac\u0327a\u0303o", "José  Ação", "José Ação\u200b", "\u00a0José\u00a0Ação ", "Jo\u00adsé\tAção"],
)
def test_a_text_key_is_composed_trimmed_and_without_invisible_characters(written):
    assert identity(written) == "José Ação"


def test_case_and_accents_tell_text_keys_apart():
    assert len({identity(key) for key in ("José Ação", "JOSÉ AÇÃO", "Jose Acao", "josé ação")}) == 4


@pytest.mark.parametrize(
    "value", [None, "", " \u200b ", True, 1.5, float("nan"), float("inf"), [], {}, "a\0b", "\ud800", "x" * 201, 10**40]
)
def test_what_is_no_key_is_none(value):
    assert identity(value) is None


def ulids():
    return st.tuples(st.sampled_from("01234567"), st.text(CROCKFORD, min_size=25, max_size=25)).map("".join)


def check_digit(digits, weights):
    rest = sum(value * weight for value, weight in zip(digits, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest


@st.composite
def cpfs(draw):
    digits = draw(st.lists(st.integers(0, 9), min_size=9, max_size=9))
    digits.append(check_digit(digits, range(10, 1, -1)))
    digits.append(check_digit(digits, range(11, 1, -1)))
    assume(len(set(digits)) > 1)
    return "".join(map(str, digits))


@st.composite
def cnpjs(draw):
    letters = draw(
        st.text(string.digits, min_size=12, max_size=12)
        | st.text(string.digits + string.ascii_uppercase, min_size=12, max_size=12)
    )
    values = [ord(letter) - ord("0") for letter in letters]
    values.append(check_digit(values, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))
    values.append(check_digit(values, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))
    number = letters + f"{values[12]}{values[13]}"
    assume(len(set(number)) > 1)
    return number


def forms_of_cpf(number):
    grouped = f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"
    shortened = [number.lstrip("0"), int(number), float(number)] if len(number.lstrip("0")) > 8 else []
    return [number, grouped, grouped.replace(".", " "), f"CPF: {grouped}", f"{number[:9]}-{number[9:]}", *shortened]


def forms_of_cnpj(number):
    grouped = f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"
    shortened = [number.lstrip("0"), int(number), float(number)] if number.isdecimal() and len(number.lstrip("0")) > 11 else []
    return [number, number.lower(), grouped, grouped.lower(), grouped.replace(".", ""), f"CNPJ {grouped}", *shortened]


def forms_of_uuid(value):
    return [str(value), str(value).upper(), value.hex, value.hex.upper(), f"{{{value}}}", value.urn, value.urn.upper()]


def forms_of_text(text):
    spread = text.replace(" ", " \u00a0 ")
    return [text, f" {text}\t", f"\ufeff{text}\u200b", unicodedata.normalize("NFD", text), spread]


def written_keys():
    """(the subject, the forms in which its key is written)."""
    words = st.lists(st.text("abcdefgABCÇãéôñÅ", min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join)
    return (
        cpfs().map(lambda number: (("tax", number), forms_of_cpf(number)))
        | cnpjs().map(lambda number: (("tax", number), forms_of_cnpj(number)))
        | st.uuids().map(lambda value: (("uuid", value.int), forms_of_uuid(value)))
        | ulids().map(lambda value: (("ulid", value), [value, value.lower(), f" {value} "]))
        | words.map(lambda text: (("text", unicodedata.normalize("NFC", text)), forms_of_text(text)))
        | st.integers(0, 10**8).map(lambda number: (("number", number), [number, str(number), float(number), f"{number}.0"]))
    )


@given(written_keys())
def test_all_forms_of_an_identity_are_one_subject(key):
    _, forms = key

    assert len({customer_identity(form) for form in forms}) == 1
    assert customer_identity(forms[0]) is not None


@given(written_keys(), written_keys())
def test_different_identities_never_merge(one, other):
    assume(one[0] != other[0])

    assert not {customer_identity(form) for form in one[1]} & {customer_identity(form) for form in other[1]}


@given(st.text(max_size=60) | st.integers() | st.floats())
def test_an_identity_is_its_own_identity(value):
    key = customer_identity(value)

    assert key is None or customer_identity(key) == key


@given(st.floats(1e6, 9.9e14), st.integers(1, 8))
def test_a_number_in_scientific_notation_is_exact_or_no_identity(number, digits):
    whole = round(number)
    written = f"{whole:.{digits}E}"
    key = identity(written)

    assert key is None or key == str(whole)


def test_uuids_of_other_notations_stay_texts():
    value = uuid.UUID(int=7)

    assert identity(f"{{{value}") == f"{{{value}"
    assert identity(str(value)[:-1]) == str(value)[:-1]
