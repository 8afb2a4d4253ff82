"""Forms of times, worked out by hand; dates of three numbers are read in one order per document or held back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.instants import OPEN, UNREADABLE, ClockTimes
from include.sources.formats.time_forms import joined

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
POWER = QUANTITY_CODES["ac_power_kw"]


def utc(stamp):
    instant = ClockTimes(SAO_PAULO).read(stamp)
    assert instant < OPEN
    return None if instant == UNREADABLE else datetime.fromtimestamp(instant / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def read_column(stamps, **known):
    """Times of one subject's rows in Sao Paulo: local texts, `?` where they are held back, None where they are unreadable."""
    columns = Columns(ParseContext(SAO_PAULO, "rows.csv", **known))
    code = columns.code("a")
    for number, stamp in enumerate(stamps, start=1):
        columns.add(number, code, POWER, columns.times.read(stamp, code), 1.0)
    rows = [row for piece in columns.rest() for row in piece.frame.itertuples()]
    rows.sort(key=lambda row: row.row_number)
    held = ["?" if row.faults else None for row in rows]
    times = [row.measured_at for row in rows]
    return [why if at != at else f"{at.tz_convert(SAO_PAULO):%Y-%m-%d %H:%M}" for why, at in zip(held, times, strict=True)]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2025-06-30T24:00:00", "2025-07-01 03:00:00"),
        ("2025-06-30 24:00", "2025-07-01 03:00:00"),
        ("31/12/2025 24:00", "2026-01-01 03:00:00"),
        ("2025-06-30T24:01:00", None),
        ("2025-07-01T10:15:60Z", None),
        ("2025-07-01T1:30:00", "2025-07-01 04:30:00"),
        ("2025/07/01 10:30", "2025-07-01 13:30:00"),
        ("2025.7.1 10:30", "2025-07-01 13:30:00"),
        ("25/07/2025 10:30:15", "2025-07-25 13:30:15"),
        ("25-07-2025 10:30", "2025-07-25 13:30:00"),
        ("07/25/2025 10:30", "2025-07-25 13:30:00"),
        ("07/07/2025 10:30", "2025-07-07 13:30:00"),
        ("01.07.2025 10:45:00", "2025-07-01 13:45:00"),
        ("01.07.2025, 10:45:00", "2025-07-01 13:45:00"),
        ("25/07/2025 às 10:30", "2025-07-25 13:30:00"),
        ("31/02/2025 10:30", None),
        ("25/25/2025 10:30", None),
        ("25/07/25 10:30", None),
        ("20250701T110000Z", "2025-07-01 11:00:00"),
        ("20250701T1100", "2025-07-01 14:00:00"),
        ("20250701 110000", "2025-07-01 14:00:00"),
        ("20250701110000", "2025-07-01 14:00:00"),
        ("202507011100", "2025-07-01 14:00:00"),
        (202507011100, "2025-07-01 14:00:00"),
        (20250701110000, "2025-07-01 14:00:00"),
        ("946684800000", "2000-01-01 00:00:00"),
        ("1751367600", "2025-07-01 11:00:00"),
        ("1751367600.5", "2025-07-01 11:00:00"),
        ("1751367600000", "2025-07-01 11:00:00"),
        ("1751367600000000", "2025-07-01 11:00:00"),
        ("1751367600000000000", "2025-07-01 11:00:00"),
        (1751367600000000000, "2025-07-01 11:00:00"),
        ("1.751371500E9", "2025-07-01 12:05:00"),
        ("1.7513E+09", None),
        ("1.75137E+12", None),
        ("2025-07-01T11:15:00.123456789Z", "2025-07-01 11:15:00"),
        ("2025-07-01T11:30:00 +0200", "2025-07-01 09:30:00"),
        ("2025-07-01T11:30:00+02", "2025-07-01 09:30:00"),
        ("25/07/2025 11:30 GMT-3", "2025-07-25 14:30:00"),
        ("2025-07-01T11:45:00 UTC", "2025-07-01 11:45:00"),
        ("2025-07-01 12:00:00 Europe/Berlin", "2025-07-01 10:00:00"),
        ("2025-07-01T12:15:00+02:00[Europe/Berlin]", "2025-07-01 10:15:00"),
        ("2025-07-01T12:15:00Z[UTC]", "2025-07-01 12:15:00"),
        ("2025-07-01 12:00:00 Europe/Nowhere", None),
        ("2025-07-01 12:00:00 CET", None),
        ("2025-07-01 01:30 PM", "2025-07-01 16:30:00"),
        ("25/07/2025 12:05 am", "2025-07-25 03:05:00"),
        ("25/07/2025 12:05 p.m.", "2025-07-25 15:05:00"),
        ("25/07/2025 13:05 PM", None),
        ("1 Jul 2025 10:30", "2025-07-01 13:30:00"),
        ("01-jul-2025 10:30:00", "2025-07-01 13:30:00"),
        ("1 de julho de 2025 10:30", "2025-07-01 13:30:00"),
        ("July 1, 2025 10:30 PM", "2025-07-02 01:30:00"),
        ("Tue, 01 Jul 2025 10:30:00 GMT", "2025-07-01 10:30:00"),
        ("01/Jul/2025:10:30:00 -0300", "2025-07-01 13:30:00"),
        ("1 Foo 2025 10:30", None),
        ("2025-07-01", None),
        ("01/07/2025", None),
        ("10:30", None),
        (datetime(2025, 7, 1, 10, 30), "2025-07-01 13:30:00"),
        (datetime(2025, 7, 1, 10, 30, tzinfo=UTC), "2025-07-01 10:30:00"),
        ("9" * 200, None),
        ("2025-07-01T10:00:00+99:00", None),
        ("2018-11-04T00:30:00", None),
    ],
)
def test_each_form_is_its_instant(stamp, expected):
    assert utc(stamp) == expected


@pytest.mark.parametrize("stamp", ["01/07/2025 11:30 GMT", "04/11/2018 00:30", "45839.5", "2018-02-17 23:30"])
def test_what_a_text_alone_does_not_tell_stays_open(stamp):
    assert ClockTimes(SAO_PAULO).read(stamp) >= OPEN


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (["05/07/2025 10:00", "13/07/2025 10:00"], ["2025-07-05 10:00", "2025-07-13 10:00"]),
        (["05/07/2025 10:00", "07/13/2025 10:00"], ["2025-05-07 10:00", "2025-07-13 10:00"]),
        (["05/07/2025 23:45", "06/07/2025 00:00"], ["2025-07-05 23:45", "2025-07-06 00:00"]),
        (["07/05/2025 23:45", "07/06/2025 00:00"], ["2025-07-05 23:45", "2025-07-06 00:00"]),
        (["06-07-2025 00:00", "05-07-2025 23:45"], ["2025-07-06 00:00", "2025-07-05 23:45"]),
        (["2025-07-05 10:00", "05/07/2025 10:15"], ["2025-07-05 10:00", "2025-07-05 10:15"]),
        (["05/07/2025 10:00", "05/07/2025 10:15"], ["?", "?"]),
        (["05/07/2025 10:00", "13/07/2025 10:00", "07/13/2025 10:00"], ["?", "2025-07-13 10:00", "2025-07-13 10:00"]),
        (["45839.5", "45839.51041666667"], ["2025-07-01 12:00", "2025-07-01 12:15"]),
        (["45839.5", "2025-07-01 12:15"], ["?", "2025-07-01 12:15"]),
        (["04/11/2018 00:30", "13/11/2018 00:30"], [None, "2018-11-13 00:30"]),
    ],
)
def test_a_document_has_one_order_of_day_and_month_and_one_kind_of_numbers(stamps, expected):
    assert read_column(stamps) == expected


def test_what_somebody_said_of_the_order_breaks_a_tie_and_no_proof():
    assert read_column(["05/07/2025 10:00"], date_order="day first") == ["2025-07-05 10:00"]
    assert read_column(["05/07/2025 10:00"], date_order="month first") == ["2025-05-07 10:00"]
    assert read_column(["05/07/2025 10:00", "07/13/2025 10:00"], date_order="day first")[0] == "2025-05-07 10:00"


def test_a_date_that_is_held_back_says_what_it_may_be():
    columns = Columns(ParseContext(SAO_PAULO, "rows.csv"))
    columns.add(1, columns.code("a"), POWER, columns.times.read("05/07/2025 10:00", 0), 1.0)
    (piece,) = columns.rest()

    (fault,) = piece.frame["faults"][0]
    assert fault.detail == "05/07/2025 10:00:00 has the day or the month first, and nothing in the file tells which"


FORMS = {
    "day first": ["%d/%m/%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d/%m/%Y, %I:%M:%S %p"],
    "month first": ["%m/%d/%Y %H:%M:%S", "%m-%d-%Y %H:%M", "%m/%d/%Y %I:%M %p"],
    "told by itself": [
        "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M:%S", "%Y%m%dT%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H%M%S",
        "%d %b %Y %H:%M",
    ],
}  # fmt: skip


@given(
    form=st.sampled_from([form for forms in FORMS.values() for form in forms]),
    first=st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)),
    steps=st.lists(st.integers(1, 5), max_size=300),
    minutes=st.sampled_from([1, 15, 60, 1440]),
    shuffle=st.randoms(use_true_random=False),
    is_shuffled=st.booleans(),
)
def test_times_written_in_one_form_come_back_exactly_or_are_held_back(form, first, steps, minutes, shuffle, is_shuffled):
    walls = [first.replace(second=0, microsecond=0)]
    for step in steps:
        walls.append(walls[-1] + timedelta(minutes=minutes * step))
    if is_shuffled:
        shuffle.shuffle(walls)

    found = read_column([wall.strftime(form) for wall in walls])

    assert all(text in {f"{wall:%Y-%m-%d %H:%M}", "?"} for text, wall in zip(found, walls, strict=True))
    if form in FORMS["told by itself"] or any(wall.day > 12 for wall in walls):
        assert "?" not in found


@given(first=st.integers(36_526, 73_000), minutes=st.lists(st.integers(0, 1439), min_size=1), decimals=st.integers(6, 11))
def test_a_column_of_spreadsheet_numbers_comes_back_to_the_minute(first, minutes, decimals):
    assume(all(minute >= 120 for minute in minutes))
    texts = [f"{first + minute / 1440:.{decimals}f}" for minute in minutes]
    day = datetime(1899, 12, 30) + timedelta(days=first)

    assert read_column(texts) == [f"{day + timedelta(minutes=minute):%Y-%m-%d %H:%M}" for minute in minutes]


@pytest.mark.parametrize(
    ("day", "time_of_day", "expected"),
    [
        ("01/07/2025", "10:30", "01/07/2025 10:30"),
        ("2025-07-01 00:00:00", "1899-12-30 10:30:00", "2025-07-01 10:30:00"),
        ("2025-07-01", "24:00", "2025-07-01 24:00"),
        ("01.07.2025", None, None),
        ("", "10:30", None),
    ],
)
def test_a_date_and_a_time_in_two_columns_make_one_text(day, time_of_day, expected):
    assert joined(day, time_of_day) == expected
