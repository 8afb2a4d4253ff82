"""One point of many rows: what has a number, what says "no reading" and what is not named."""

import math

from include.sources.clouds.columns import column_of


def test_a_difference_is_missing_where_one_side_says_no_reading_and_absent_where_one_side_is_not_named():
    rows = [
        {"bought": 5.0, "sold": 2.0}, {"bought": 5.0}, {"sold": None}, {"bought": "--", "sold": 2.0}, {},
        {"bought": "x", "sold": 1.0},
    ]  # fmt: skip

    balance = column_of(rows, "bought").less(column_of(rows, "sold"))

    assert balance.values[0] == 3
    assert math.isnan(balance.values[5])
    assert balance.is_missing.tolist() == [False, True, True, True, True, False]
    assert balance.is_absent.tolist() == [False, True, False, False, True, False]
