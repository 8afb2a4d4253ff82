"""Days are drawn evenly, each once, and again by their seed."""

from collections import Counter

import numpy as np
import pytest

from include.rollups.wish import StoredSpans, in_portions

SPANS = StoredSpans(np.array([7, 9, 4], np.int32), np.array([100, -3, 50], np.int32), np.array([101, 0, 50], np.int32))
ALL = {7: [100, 101], 9: [-3, -2, -1, 0], 4: [50]}
NOTHING = StoredSpans(*(np.empty(0, np.int32) for _ in range(3)))


def plain(days):
    return {owner: its_days.tolist() for owner, its_days in days.items()}


def test_every_day_of_each_span_is_there_both_ends_included():
    assert SPANS.day_count == 7
    assert plain(SPANS.all_days()) == ALL


@pytest.mark.parametrize("count", [7, 8, 1000])
def test_a_sample_as_large_as_all_is_all(count):
    assert plain(SPANS.some_days(count, 1)) == ALL


def test_no_span_has_no_day():
    assert NOTHING.all_days() == NOTHING.some_days(5, 1) == {}


def test_a_seed_draws_the_same_days_and_each_day_is_as_likely_as_any_other():
    drawn = [[(o, d) for o, days in plain(SPANS.some_days(2, seed)).items() for d in days] for seed in range(3500)]

    assert plain(SPANS.some_days(3, 5)) == plain(SPANS.some_days(3, 5))
    assert {len(set(days)) for days in drawn} == {2}
    counts = Counter(day for days in drawn for day in days)
    assert len(counts) == 7
    # 1000 of each are expected; the deviation of a binomial is about 27.
    assert all(880 < count < 1120 for count in counts.values())


def test_portions_keep_the_days_of_one_together():
    days = {owner: np.arange(1500, dtype=np.int32) for owner in range(7)}

    assert [list(portion) for portion in in_portions(days)] == [[0, 1, 2], [3, 4, 5], [6]]
