"""Brazilian tax numbers: CPF of a person (11 digits), CNPJ of a company (14; since July 2026 capitals among the first 12)."""

import re
import unicodedata
from typing import Final, Literal

TaxNumber = Literal["cpf", "cnpj"]

_LENGTHS: Final[dict[TaxNumber, int]] = {"cpf": 11, "cnpj": 14}
_GREATEST_WEIGHT: Final[dict[TaxNumber, int]] = {"cpf": 11, "cnpj": 9}
_ZEROS_LOST: Final[dict[int, TaxNumber]] = {9: "cpf", 10: "cpf", 12: "cnpj", 13: "cnpj"}
"""Which tax number has lost leading zeros, where its length alone can say so."""

_LABEL: Final = re.compile(r"(CPF|CNPJ)\s*:?\s*(?=\S)", re.ASCII | re.IGNORECASE)
_CPF: Final = re.compile(r"\d{3}[. ]?\d{3}[. ]?\d{3}[-./ ]?\d{2}", re.ASCII)
_CNPJ: Final = re.compile(r"[0-9A-Z]{2}[. ]?[0-9A-Z]{3}[. ]?[0-9A-Z]{3}[/ ]?[0-9A-Z]{4}[- ]?\d{2}", re.ASCII | re.IGNORECASE)
_DASHES: Final = {ord(dash): "-" for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"}
_SEPARATORS: Final = re.compile(r"[-./ ]")


def tax_number(written: str, column: TaxNumber | None = None) -> str | None:
    """Bare digits and capitals of a CPF or CNPJ, None where the text is none.

    A number in its usual grouping is taken as it is, in another one if its check digits agree. Leading zeros that a spreadsheet
    took are restored if the check digits agree: of 9 and 10 digits (CPF) and 12 and 13 (CNPJ), and of any length where the name
    of the `column` says which number it holds.
    """
    plain = unicodedata.normalize("NFKC", written).translate(_DASHES)
    if label := _LABEL.match(plain):
        plain, column = plain[label.end() :], "cpf" if label[1].upper() == "CPF" else "cnpj"
    bare = _SEPARATORS.sub("", plain).upper()
    if bare == plain and bare.isdecimal() and (whole := _with_leading_zeros(bare, column)):
        return whole
    return bare if _is_cpf(plain, bare) or _is_cnpj(plain, bare) else None


def _is_cpf(plain: str, bare: str) -> bool:
    return _CPF.fullmatch(plain) is not None or _agrees("cpf", bare)


def _is_cnpj(plain: str, bare: str) -> bool:
    """Letters in groups without the slash, or in none, may be any code: their check digits must agree."""
    is_grouped = _CNPJ.fullmatch(plain) is not None and (bare.isdecimal() or "/" in plain)
    return is_grouped or _agrees("cnpj", bare)


def _with_leading_zeros(digits: str, column: TaxNumber | None) -> str | None:
    for number in (_ZEROS_LOST.get(len(digits)), column):
        if number and len(digits) < _LENGTHS[number] and _agrees(number, whole := digits.zfill(_LENGTHS[number])):
            return whole
    return None


def _agrees(number: TaxNumber, bare: str) -> bool:
    """Whether the length fits and the last two digits are the check digits of the others."""
    is_written = bare.isascii() and (bare.isdecimal() if number == "cpf" else bare.isalnum() and bare[-2:].isdecimal())
    if not is_written or len(bare) != _LENGTHS[number] or len(set(bare)) == 1:
        return False
    return all(
        int(bare[place]) == _check_digit(bare[:place], _GREATEST_WEIGHT[number]) for place in (-2 % len(bare), -1 % len(bare))
    )


def _check_digit(before: str, greatest_weight: int) -> int:
    """By modulo 11 with weights from 2 at the right; a letter counts its ASCII code less 48, as a digit does."""
    weights = (2 + place % (greatest_weight - 1) for place in range(len(before)))
    rest = sum((ord(letter) - 48) * weight for letter, weight in zip(reversed(before), weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest
