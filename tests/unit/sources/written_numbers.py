"""Columns of numbers as people and programs of all countries write them; written by hand, not by the code under test."""

from hypothesis import strategies as st

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
    """Digits as a number with so many decimals, grouped."""
    padded = digits.rjust(decimals + 1, "0")
    whole, part = (padded[:-decimals], padded[-decimals:]) if decimals else (padded, "")
    whole = whole.lstrip("0") or "0"
    groups = []
    while whole:
        groups.append(whole[-3:])
        whole = whole[:-3]
    return group.join(reversed(groups)) + (decimal + part if decimals else "")


@st.composite
def columns(draw, largest=10**9, signs=SIGNS):
    """(text, number) of each row of a column in one notation, mixed with missing values."""
    decimal, group = draw(st.sampled_from(NOTATIONS))
    fixed = draw(st.one_of(st.none(), st.integers(0, 6)))
    rows = []
    for number in draw(st.lists(st.integers(0, largest), min_size=1, max_size=8)):
        decimals = draw(st.integers(0, 6)) if fixed is None else fixed
        sign = draw(st.sampled_from(signs))
        exact = float(f"{number}e-{decimals}") * (1 if sign in {"{}", "+{}"} else -1)
        rows.append((sign.format(write(str(number), decimals, decimal, group)), exact))
    return draw(st.permutations(rows + [("", None)] * draw(st.integers(0, 2))))
