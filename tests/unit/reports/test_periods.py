"""Periods of reports begin and end where a calendar on paper says so."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import Refused
from include.reports.compose import Issue, compared_periods
from include.reports.periods import chosen_span, ended_with, period_around, period_name

READINGS = [date(2026, 1, 17), date(2026, 2, 16), date(2026, 3, 18)]
DAYS = st.dates(date(2001, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("kind", "day", "first", "last"),
    [
        ("day", "2026-02-28", "2026-02-28", "2026-02-28"),
        ("week", "2026-03-01", "2026-02-23", "2026-03-01"),
        ("week", "2026-03-02", "2026-03-02", "2026-03-08"),
        ("week", "2027-01-01", "2026-12-28", "2027-01-03"),
        ("month", "2024-02-10", "2024-02-01", "2024-02-29"),
        ("cycle", "2026-01-17", "2026-01-17", "2026-02-15"),
        ("cycle", "2026-02-15", "2026-01-17", "2026-02-15"),
        ("cycle", "2026-02-16", "2026-02-16", "2026-03-17"),
    ],
)
def test_a_day_lies_in_its_period(kind, day, first, last):
    period = period_around(kind, date.fromisoformat(day), READINGS)

    assert period == (date.fromisoformat(first), date.fromisoformat(last))


@given(DAYS, st.sampled_from(["day", "week", "month"]))
def test_every_day_ends_a_period_exactly_when_the_next_day_is_in_another(day, kind):
    is_last = period_around(kind, day) != period_around(kind, day + timedelta(days=1))

    assert (ended_with(kind, day) is not None) == is_last


@pytest.mark.parametrize(
    ("day", "ends"), [("2026-02-15", True), ("2026-02-14", False), ("2026-03-17", True), ("2026-01-16", False)]
)
def test_a_cycle_ends_the_day_before_the_meter_is_read_and_the_first_reading_ends_none(day, ends):
    assert (ended_with("cycle", date.fromisoformat(day), READINGS) is not None) == ends


@pytest.mark.parametrize(
    ("day", "word"), [("2026-01-16", "no reading of the meter"), ("2026-03-18", "from 2026-03-18 has no end yet")]
)
def test_a_cycle_of_which_an_end_is_unknown_is_refused_with_what_to_do(day, word):
    with pytest.raises(Refused, match=word):
        period_around("cycle", date.fromisoformat(day), READINGS)


def test_a_span_may_be_a_leap_year_long_and_no_longer():
    assert chosen_span(date(2024, 1, 1), date(2024, 12, 31)) == (date(2024, 1, 1), date(2024, 12, 31))
    with pytest.raises(Refused, match="367 days"):
        chosen_span(date(2024, 1, 1), date(2025, 1, 1))


def test_files_of_spans_that_begin_together_have_different_names():
    names = {period_name("span", date(2026, 1, 1), date(2026, 1, last)) for last in (10, 20)}

    assert names == {"span-2026-01-01-2026-01-10", "span-2026-01-01-2026-01-20"}
    assert period_name("month", date(2026, 1, 1), date(2026, 1, 31)) == "month-2026-01-01"


def issue(kind: str, first: date, last: date, through: date | None = None) -> Issue:
    return Issue(kind, first, last, through or last, "en", 1, None, None, "", 0.75)


def test_a_week_stands_beside_the_one_before_and_that_of_52_weeks_before():
    beside = compared_periods(issue("week", date(2026, 3, 2), date(2026, 3, 8), date(2026, 3, 4)))

    assert beside["period"] == (date(2026, 3, 2), date(2026, 3, 4))
    assert beside["previous"] == (date(2026, 2, 23), date(2026, 2, 25))
    assert beside["year_before"] == (date(2025, 3, 3), date(2025, 3, 5))


def test_a_span_stands_beside_as_many_days_before_it_and_the_same_dates_of_the_year_before():
    beside = compared_periods(issue("span", date(2024, 2, 29), date(2024, 3, 9)))

    assert beside["previous"] == (date(2024, 2, 19), date(2024, 2, 28))
    assert beside["year_before"] == (date(2023, 2, 28), date(2023, 3, 9))


@given(DAYS, st.integers(1, 366), st.sampled_from(["week", "month", "cycle", "span"]))
def test_every_period_has_others_beside_it_that_are_no_longer(day, days, kind):
    first, last = period_around(kind, day) if kind in {"week", "month"} else (day, day + timedelta(days=days - 1))

    beside = compared_periods(issue(kind, first, last))

    for name in ("previous", "year_before"):
        start, end = beside[name]
        assert start <= end < first or (name == "year_before" and end <= last)
        assert (end - start).days <= 366
