from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from include.sources.formats.instants import UNREADABLE, lone_instant


def utc(instant):
    return None if instant == UNREADABLE else datetime.fromtimestamp(instant / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2025-01-01T03:05:22.733Z", "2025-01-01 03:05:22"),
        ("2025-01-01T00:00:00-03:00", "2025-01-01 03:00:00"),
        ("2025-01-01 00:00:00 -0300", "2025-01-01 03:00:00"),
        ("2025-01-01T00:00", "2025-01-01 03:00:00"),
        ("2025-01-01 00:00:00,5", "2025-01-01 03:00:00"),
        (" 2025-01-01t00:00:00z ", "2025-01-01 00:00:00"),
        (1735689600, "2025-01-01 00:00:00"),
        (1735689600000, "2025-01-01 00:00:00"),
        ("1735689600", "2025-01-01 00:00:00"),
        ("1735689600000", "2025-01-01 00:00:00"),
        ({"$date": 1735689600000}, "2025-01-01 00:00:00"),
        ({"$date": {"$numberLong": "1735689600000"}}, "2025-01-01 00:00:00"),
        ({"$date": "2025-01-01T00:00:00Z"}, "2025-01-01 00:00:00"),
        ("2025-01-01", None),
        ("20250101T000000", "2025-01-01 03:00:00"),
        ("01/01/2025 10:00", "2025-01-01 13:00:00"),
        ("01/02/2025 10:00", None),
        ("2025-01-01T24:00:00", "2025-01-02 03:00:00"),
        ("2025-02-29T00:00:00", None),
        ("10:00 PM", None),
        (0, None),
        (20250101, None),
        (float("inf"), None),
        (float("nan"), None),
        (10**400, None),
        (True, None),
        (None, None),
        ({"$date": {"$numberLong": "9" * 30}}, None),
        ({}, None),
        ("٢٠٢٥-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_are_read_by_fixed_rules(stamp, expected):
    assert utc(lone_instant(stamp, ZoneInfo("America/Sao_Paulo"))) == expected


NEW_YORK = ZoneInfo("America/New_York")


def test_a_skipped_local_time_is_unreadable():
    assert utc(lone_instant("2025-03-09T02:30:00", NEW_YORK)) is None
    assert utc(lone_instant("2025-03-09T03:00:00", NEW_YORK)) == "2025-03-09 07:00:00"


def test_a_repeated_hour_is_the_first_unless_something_was_before_it():
    first = lone_instant("2025-11-02T01:30:00", NEW_YORK)

    assert utc(first) == "2025-11-02 05:30:00"
    assert utc(lone_instant("2025-11-02T01:30:00", NEW_YORK, not_before=first)) == "2025-11-02 05:30:00"
    assert utc(lone_instant("2025-11-02T01:20:00", NEW_YORK, not_before=first)) == "2025-11-02 06:20:00"


def test_an_offset_decides_in_a_repeated_hour():
    assert utc(lone_instant("2025-11-02T01:30:00-05:00", NEW_YORK)) == "2025-11-02 06:30:00"
