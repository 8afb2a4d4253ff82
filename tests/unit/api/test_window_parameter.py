"""Spans: local days, defaults, limits, and what is settled."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from api.errors import Problem
from api.parameters import Window, require_rows_fit, settled_edge, settled_until
from include.core.span import Span

NOW = datetime(2026, 11, 21, 1, 7, 30, tzinfo=UTC)  # still 20 November, 22:07, in Sao Paulo
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def test_without_bounds_a_span_ends_with_the_local_day():
    span = Window(None, None).span(SAO_PAULO, now=NOW, default_days=1, longest_days=9)

    assert span == Span(datetime(2026, 11, 20, 3, tzinfo=UTC), datetime(2026, 11, 21, 3, tzinfo=UTC))


def test_a_day_on_which_the_clock_changes_has_twenty_three_hours():
    window = Window(date(2026, 3, 29), date(2026, 3, 30))

    span = window.span(ZoneInfo("Europe/Berlin"), now=NOW, default_days=1, longest_days=9)

    assert (span.end - span.start).total_seconds() == 23 * 3600


def test_a_span_longer_than_allowed_is_refused():
    with pytest.raises(Problem, match="the most is 9"):
        Window(date(2026, 1, 1), date(2026, 1, 12)).span(SAO_PAULO, now=NOW, default_days=1, longest_days=9)


def test_a_whole_leap_year_of_local_days_fits_366_days_in_any_zone():
    Window(date(2028, 1, 1), date(2029, 1, 1)).span(ZoneInfo("Africa/Casablanca"), now=NOW, default_days=1, longest_days=366)


@pytest.mark.parametrize(
    ("start", "end", "settled"),
    [
        (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 20, 23, 0, tzinfo=UTC)),
        (datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),
        (datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_settled_until_lies_within_the_span_at_a_quarter_hour(start, end, settled):
    assert settled_until(Span(start, end), settled_edge(now=NOW, settled_after_h=2)) == settled


def test_too_many_rows_in_one_answer_are_refused():
    year = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    require_rows_fit(year, "day", 200)
    with pytest.raises(Problem, match="coarser grain"):
        require_rows_fit(year, "hour", 200)
