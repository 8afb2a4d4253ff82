from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from include.core.errors import Refused
from include.core.span import Span, clock_of, day_span, days_between, local_day, month_start, next_month, utc_offset, zone

SAO_PAULO, NEW_YORK = ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York")


def test_a_span_is_kept_in_utc():
    span = Span(datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=-3))), datetime(2026, 3, 2, tzinfo=UTC))

    assert (span.start, span.start.tzinfo) == (datetime(2026, 3, 1, 3, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 3, 1), datetime(2026, 3, 2, tzinfo=UTC)),
        (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_naive_and_reversed_spans_are_refused(start, end):
    with pytest.raises(Refused):
        Span(start, end)


def test_an_empty_span_is_fine():
    moment = datetime(2026, 3, 1, tzinfo=UTC)

    assert Span(moment, moment).start == moment


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 9), 23), (date(2025, 11, 2), 25), (date(2025, 6, 1), 24)])
def test_a_day_is_as_long_as_the_clock_makes_it(day, hours):
    span = day_span(day, NEW_YORK)

    assert (span.end - span.start) / timedelta(hours=1) == hours


def test_days_join_without_gap_and_overlap():
    first, second = day_span(date(2025, 3, 9), NEW_YORK), day_span(date(2025, 3, 10), NEW_YORK)

    assert first.end == second.start
    assert day_span(date(2025, 3, 9), NEW_YORK, days=2).end == second.end


def test_a_local_day_is_the_plants_own():
    assert local_day(datetime(2026, 3, 1, 2, 59, tzinfo=UTC), SAO_PAULO) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("day", "following"),
    [(date(2025, 12, 31), date(2026, 1, 1)), (date(2024, 2, 29), date(2024, 3, 1)), (date(2025, 1, 31), date(2025, 2, 1))],
)
def test_months_have_a_start_and_a_next(day, following):
    assert month_start(day).day == 1
    assert next_month(day) == following


def test_days_between_is_half_open():
    assert list(days_between(date(2025, 1, 31), date(2025, 2, 2))) == [date(2025, 1, 31), date(2025, 2, 1)]
    assert list(days_between(date(2025, 1, 2), date(2025, 1, 1))) == []


@pytest.mark.parametrize("name", ["Brasilia", "", "../etc/passwd", "America/", "\0"])
def test_an_unknown_zone_is_refused_by_name(name):
    with pytest.raises(Refused, match="IANA"):
        zone(name)


def test_a_known_zone_is_found():
    assert zone("America/Sao_Paulo") == SAO_PAULO


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("-03:00", "-03:00"),
        ("-3", "-03:00"),
        ("−03:00", "-03:00"),
        ("+0545", "+05:45"),
        ("UTC-03:00", "-03:00"),
        ("gmt+1", "+01:00"),
        ("Z", "+00:00"),
        ("UTC", "+00:00"),
        ("+14", "+14:00"),
    ],
)
def test_an_offset_is_written_in_one_way_and_is_a_clock_that_is_never_set(text, offset):
    sign = -1 if offset[0] == "-" else 1
    away = sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))

    assert utc_offset(text) == offset
    for month in (1, 7):
        assert clock_of(offset).utcoffset(datetime(2025, month, 1)) == away


@pytest.mark.parametrize("text", ["", "3", "-15:00", "-03:60", "America/Sao_Paulo", "--3", "-3h", "03:00"])
def test_what_is_no_offset_is_refused_with_an_example(text):
    with pytest.raises(Refused, match=r"write one such as -03:00"):
        utc_offset(text)


def test_the_clock_of_a_zone_is_the_zone():
    assert clock_of("America/Sao_Paulo") == SAO_PAULO
