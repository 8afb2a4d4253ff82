"""Stored and fresh buckets are compared by their key and written where they differ; spans of series become ranges."""

import numpy as np

from include.rollups.buckets import empty_buckets
from include.rollups.stored import differ, merged_ranges

HOUR_US = 3_600_000_000


def hours_of(*pairs):
    """Hours by (series_id, place), each with its place as its sum."""
    buckets = empty_buckets(len(pairs))
    for bucket, (series_id, place) in zip(buckets, pairs, strict=True):
        bucket["series_id"], bucket["starts_at"], bucket["sum"] = series_id, place * HOUR_US, place
    return buckets


def test_a_changed_bucket_counts_once_whatever_series_change_beside_it():
    stored, fresh = hours_of((5, 1), (5, 2), (9, 1)), hours_of((3, 1), (5, 1), (5, 2))
    fresh["sum"][1] = 7

    found = differ(stored, fresh)

    # One hour of series 5 has another sum, that of series 9 is gone, that of series 3 is new.
    assert found.changed_rows == 3
    assert found.same == 1
    assert found.gone[["series_id", "sum"]].tolist() == [(5, 1.0), (9, 1.0)]
    assert found.come[["series_id", "sum"]].tolist() == [(3, 1.0), (5, 7.0)]


def test_spans_of_a_series_that_overlap_or_touch_become_one_range_and_those_of_another_do_not():
    series_id = np.array([7, 2, 2, 2, 7, 2], np.int32)
    lo = np.array([0, 9, 0, 1, 6, 20]) * HOUR_US
    hi = np.array([5, 12, 9, 3, 8, 21]) * HOUR_US

    ranges = merged_ranges(series_id, lo, hi)

    assert ranges.series_id.tolist() == [2, 2, 7, 7]
    assert (ranges.lo_us // HOUR_US).tolist() == [0, 20, 0, 6]
    assert (ranges.hi_us // HOUR_US).tolist() == [12, 21, 5, 8]
