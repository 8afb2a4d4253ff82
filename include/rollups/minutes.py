"""Minutes of series, computed when they are asked for and never stored: by the functions that compute the stored hours.

A minute has the readings, the parts of steps and the increase of a counter that its hour has of it, so the minutes of an hour add
up to the hour. The whole local days around a span are computed, with all readings outside that decide them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection

from include.core.span import Span, microseconds_of
from include.rollups.buckets import Buckets, empty_buckets, keys_of
from include.rollups.calendar import DAY_US, whole_years
from include.rollups.compute import compute_stretches
from include.rollups.derived import DerivedSeries, sum_inverters
from include.rollups.expectation import HeardInverter, expected_days
from include.rollups.series import KnownSeries, computed_together, describe_series, run
from include.rollups.stretches import Stretch

HAVE_MINUTES: Final = frozenset({"power", "gauge", "counter"})
"""Kinds of series that have minutes: an amount belongs to an hour or longer, a state is no number."""


def read_minutes(connection: Connection, series_ids: Sequence[int], span: Span) -> Buckets:
    """Minutes of these series that overlap the span, ordered by (series, start), from the readings as they are stored now.

    Minutes without a reading, covered time or energy are absent, and so are series that the role does not see or that have no
    minutes. A derived series is summed from the minutes of the inverters that its plant has now. The grain of the buckets is that
    of hours, in whose place the minutes stand.
    """
    facts = describe_series(connection, series_ids)
    parts = [_sum_plant(connection, each, span) for each in facts if each.origin == "derived"]
    parts.append(_compute(connection, [each for each in facts if each.origin == "measured"], span))
    buckets = np.concatenate(parts)
    return buckets[np.lexsort((buckets["starts_at"], buckets["series_id"]))]


def _compute(connection: Connection, facts: Sequence[KnownSeries], span: Span) -> Buckets:
    groups = computed_together(each for each in facts if each.kind in HAVE_MINUTES)
    return np.concatenate([empty_buckets(0), *(_compute_kind(connection, group, span) for group in groups)])


def _compute_kind(connection: Connection, facts: Sequence[KnownSeries], span: Span) -> Buckets:
    """Minutes of measured series of one zone and kind, sorted by series."""
    lo_us, hi_us = microseconds_of(span.start), microseconds_of(span.end)
    about = np.array([lo_us, hi_us]) // DAY_US
    calendar = whole_years(facts[0].timezone, [about.astype(np.int32)])
    first_day, last_day = calendar.day_of(np.array([lo_us, hi_us - 1])).tolist()
    stretches = [Stretch(each, first_day, last_day + 1, first_day, last_day + 1) for each in facts]
    computed, _ = compute_stretches(connection, stretches, calendar.in_minutes(first_day, last_day + 1))
    buckets = computed.hours
    return buckets[(buckets["ends_at"] > lo_us) & (buckets["starts_at"] < hi_us)]


def _sum_plant(connection: Connection, facts: KnownSeries, span: Span) -> Buckets:
    """Minutes of a plant's power: the sum of its inverters', of which each is expected when the plant's hours expect it."""
    inverters = run(connection, "minutes", "read_inverters", plant_id=facts.plant_id).all()
    series_ids = tuple(row.series_id for row in inverters if row.series_id is not None)
    minutes = _compute(connection, describe_series(connection, series_ids), span)
    if not len(minutes):
        return minutes
    days = np.unique(minutes["local_date"])
    known = [HeardInverter(row.device_id, row.is_retired, row.first_day, row.last_day, row.missed_until) for row in inverters]
    limited = expected_days(known)
    always = len(known) - len(limited)
    derived = DerivedSeries(facts.series_id, series_ids, always, facts.place, days, tuple(limited.values()))
    return sum_inverters(minutes, [derived], keys_of([(facts.series_id, days)]))
