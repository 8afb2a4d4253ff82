"""How long a source may be silent."""

from datetime import timedelta

import pytest

from include.analysis.lateness import longest_usual

HOUR = timedelta(hours=1)


def test_the_bound_is_half_more_than_what_four_of_five_moments_did_not_exceed_and_the_margin():
    silences = [1 * HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 100 * HOUR]

    assert longest_usual(silences, receipts=5, margin=HOUR) == 1.5 * 4 * HOUR + HOUR


@pytest.mark.parametrize(("count", "receipts"), [(3, 4), (28, 3), (0, 0)])
def test_without_enough_receipts_there_is_no_rhythm(count, receipts):
    assert longest_usual([HOUR] * count, receipts=receipts, margin=HOUR) is None


def test_a_weekly_file_is_not_late_on_the_seventh_day_and_is_on_the_eleventh():
    silences = [day * 24 * HOUR for day in range(7)] * 4

    bound = longest_usual(silences, receipts=4, margin=HOUR)

    assert 7 * 24 * HOUR < bound < 11 * 24 * HOUR
