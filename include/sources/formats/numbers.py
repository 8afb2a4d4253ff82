"""WrittenNumber values -> numbers: what is a number, what says "no reading", and what cannot be read.

A text is read with a decimal point and with a decimal comma. Mostly only one of them makes sense of it; where both do and differ
(`1.234`, `12,345`) the column that it stands in tells, see `notation`. Thousands may be grouped by the other of the two marks, a
blank or an apostrophe. `None` stands for "no reading", NaN for unreadable.
"""

import math
import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

DecimalMark = Literal[".", ","]

SENTINELS: Final = frozenset(
    {-999.0, -9999.0, -99999.0, -1_000_000.0, 65535.0, 6553.5, 4294967295.0, 2147483647.0, -2147483648.0}
)
"""Numbers that field devices send for "no reading", counters too: where a counter really passes one, a reading is missed and no
energy."""

NO_READING: Final = frozenset({
    "", "-", "--", "---", "n/a", "na", "n.a.", "n/d", "nd", "#n/a", "#n/d", "none", "null", "nan", "unknown", "unavailable",
    "indisponível", "indisponivel", "desconhecido",
})  # fmt: skip
"""Texts, in lower case, that say "no reading"."""

_LONGEST: Final = 100
_LETTERS: Final = str.maketrans(
    dict(zip("０１２３４５６７８９．，％＋", "0123456789.,%+", strict=True))
    | dict.fromkeys("−–—‒－﹣", "-")
    | dict.fromkeys("’‘ʼ´`′", "'")
    | dict.fromkeys("\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
    | dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", "")
)
_CURRENCY: Final = r"R\$|US\$|\$|€|£|BRL|USD|EUR"
_FORM: Final = re.compile(
    rf"(?P<opened>\()?(?P<before>{_CURRENCY})? *(?P<sign>[+-])? *(?P<behind>{_CURRENCY})? *"
    r"(?P<digits>\d[\d., ']*|[.,]\d+)(?P<exponent>[eE][+-]?\d{1,4})?"
    r" *(?P<unit>[^\d\s.,:;'()+-][^\d:;()+-]{0,15}(?:-?[23])?)??(?P<trailing>-)?(?P<closed>\))?",
    re.ASCII,
)
_PLAIN: Final = r"\d{1,40}"
_GROUPED: Final = r"[1-9]\d{0,2}(?P<group>[%s '])\d{3}(?:(?P=group)\d{3})*"
_INDIAN: Final = r"[1-9]\d?(?:,\d\d)+,\d{3}"
_POINT: Final = re.compile(rf"(?:{_PLAIN}|{_GROUPED % ','}|{_INDIAN})(?:\.\d{{0,40}})?|\.\d{{1,40}}", re.ASCII)
_COMMA: Final = re.compile(rf"(?:{_PLAIN}|{_GROUPED % '.'})(?:,\d{{0,40}})?|,\d{{1,40}}", re.ASCII)
_NO_GROUPS: Final = re.compile(r"\d{1,40}[.,]?\d{0,40}|[.,]\d{1,40}", re.ASCII)


class WrittenNumber(NamedTuple):
    """A text read in both ways: the number with a decimal point and with a decimal comma, NaN where it is none; and its unit."""

    if_point: float
    if_comma: float
    unit: str = ""

    @property
    def mark(self) -> DecimalMark | None:
        """The decimal mark that the text proves, None where it is a number with both or with none."""
        if math.isnan(self.if_point) == math.isnan(self.if_comma):
            return None
        return "," if math.isnan(self.if_point) else "."

    @property
    def is_ambiguous(self) -> bool:
        """Whether it is two different numbers."""
        return self.if_point != self.if_comma and not math.isnan(self.if_point) and not math.isnan(self.if_comma)

    def number(self, mark: DecimalMark | None) -> float:
        """The number in a column with this decimal mark; NaN where it is none, or where it is two and the mark is not known."""
        if self.is_ambiguous:
            return math.nan if mark is None else self.if_point if mark == "." else self.if_comma
        return self.if_comma if math.isnan(self.if_point) else self.if_point


UNREADABLE: Final = WrittenNumber(math.nan, math.nan)


def is_no_reading(text: str) -> bool:
    """Whether a text says that there is no reading."""
    return _simplified(text).lower() in NO_READING


@lru_cache(maxsize=100_000)
def written(text: str) -> WrittenNumber:
    """Read a text as a number: sign before or behind it, parentheses for a minus, groups, an exponent, a unit or currency."""
    found = _FORM.fullmatch(_simplified(text)) if len(text) <= _LONGEST else None
    if found is None or bool(found["opened"]) != bool(found["closed"]):
        return UNREADABLE
    signs = [sign for sign in (found["sign"], found["trailing"], found["opened"]) if sign]
    units = [unit for unit in (found["before"], found["behind"], found["unit"]) if unit]
    if len(signs) > 1 or len(units) > 1:
        return UNREADABLE
    factor = -1.0 if signs and signs[0] != "+" else 1.0
    digits, exponent = found["digits"].strip(), found["exponent"] or ""
    if exponent and not _NO_GROUPS.fullmatch(digits):
        return UNREADABLE
    unit = units[0].strip().rstrip(".") if units else ""
    return WrittenNumber(
        factor * _read(digits, exponent, _POINT, group=",", decimal=".") + 0.0,
        factor * _read(digits, exponent, _COMMA, group=".", decimal=",") + 0.0,
        unit,
    )


def number(value: object, sentinels: frozenset[float] = SENTINELS) -> float | None:
    """Read a value of a source that writes decimal points; its texts have no units.

    Returns:
        The number; None for "no reading" (null, a sentinel, `unknown`); NaN for anything else, NaN and infinities among them.
    """
    if isinstance(value, str):
        if is_no_reading(value):
            return None
        text = written(value)
        read = math.nan if text.unit else text.number(".")
        return None if read in sentinels else read
    return exact(value, sentinels)


def exact(value: object, sentinels: frozenset[float] = SENTINELS) -> float | None:
    """Read a value that is no text; None for null or a sentinel, NaN for what is no finite number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        read = float(value)
    except OverflowError:
        return math.nan
    if not math.isfinite(read):
        return math.nan
    return None if read in sentinels else read


def _simplified(text: str) -> str:
    return text.translate(_LETTERS).strip()


def _read(digits: str, exponent: str, form: re.Pattern[str], *, group: str, decimal: str) -> float:
    if not form.fullmatch(digits) or (exponent and group in digits):
        return math.nan
    bare = digits.translate({ord(letter): None for letter in f"{group} '"})
    read = float(bare.replace(decimal, ".") + exponent)
    return read if math.isfinite(read) else math.nan
