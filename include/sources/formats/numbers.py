"""Written values -> numbers: what is a number, what says "no reading", and what cannot be read.

`None` stands for "no reading", NaN for unreadable.
"""

import math
import re
from typing import Final

SENTINELS: Final = frozenset(
    {-999.0, -9999.0, -99999.0, -1_000_000.0, 65535.0, 6553.5, 4294967295.0, 2147483647.0, -2147483648.0}
)
"""Numbers that field devices send for "no reading"."""

NO_READING: Final = frozenset({
    "", "-", "--", "---", "n/a", "na", "n.a.", "n/d", "nd", "#n/a", "#n/d", "none", "null", "nan", "unknown", "unavailable",
    "indisponível", "indisponivel", "desconhecido",
})  # fmt: skip
"""Texts, in lower case, that say "no reading"."""

_PLAIN: Final = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?", re.ASCII)
_COMMA: Final = re.compile(r"[+-]?\d{1,40},\d{0,40}", re.ASCII)
_DOTS_THEN_COMMA: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d{0,40})?", re.ASCII)
_COMMAS_THEN_DOT: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d{0,40}", re.ASCII)
_DOTS_ONLY: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}", re.ASCII)


def number(value: object, sentinels: frozenset[float] = SENTINELS) -> float | None:
    """Read a JSON value or a text as a finite number.

    Texts may have a decimal point or comma and thousands separators; a lone comma is a decimal comma, a lone point a decimal
    point.

    Returns:
        The number; None for "no reading" (null, a sentinel, `unknown`); NaN for anything else, NaN and infinities among them.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if value.lower() in NO_READING:
            return None
        read = from_text(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    else:
        read = _as_float(value)
    if not math.isfinite(read):
        return math.nan
    return None if read in sentinels else read


def from_text(text: str, *, dot_groups: bool = False) -> float:
    """Number that a text writes, NaN where it is none; `dot_groups` reads a lone point as a thousands separator."""
    if dot_groups and _DOTS_THEN_COMMA.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    if _PLAIN.fullmatch(text):
        return float(text)
    if _COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    if _DOTS_ONLY.fullmatch(text):
        return float(text.replace(".", ""))
    if _DOTS_THEN_COMMA.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    if _COMMAS_THEN_DOT.fullmatch(text):
        return float(text.replace(",", ""))
    return math.nan


def is_dot_grouped(text: str) -> bool:
    """Whether the points in a text can be thousands separators: `1.234` and `12.345,6`, not `0.123`."""
    return _DOTS_THEN_COMMA.fullmatch(text) is not None and text.lstrip("+-")[0] != "0"


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.nan
