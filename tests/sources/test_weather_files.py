"""Files of forecasts of the weather: what hours they tell, and what is said of those that cannot be read."""

import json
from datetime import UTC, datetime

import pytest

from include.core.errors import BadDocument
from include.core.span import HOUR_US, microseconds_of
from include.sources.weather_files import read_weather

ISSUED = datetime(2026, 5, 20, 6, tzinfo=UTC)
HEADER = "issued_at,valid_at,interval,ghi_w_m2,temp_air_c\n"


def hours(tmp_path, *texts, until=ISSUED, origin_us=0):
    """The irradiance that files tell, by the hour of 21 May."""
    paths = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.{'json' if text.lstrip()[:1] == '[' else 'csv'}"
        path.write_text(text)
        paths.append(path)
    found = read_weather(paths, origin_us=origin_us, issued_until_us=microseconds_of(until))
    first = microseconds_of(datetime(2026, 5, 21, tzinfo=UTC))
    return {
        (int(at - first) // HOUR_US): None if ghi != ghi else round(float(ghi), 3)
        for at, ghi in zip(found.starts_us, found.ghi_w_m2, strict=True)
    }


def rows(times, values, interval, issued="2026-05-20T06:00Z"):
    return "".join(f"{issued},2026-05-21T{at}Z,{interval},{value},20\n" for at, value in zip(times, values, strict=True))


@pytest.mark.parametrize(
    ("interval", "known"),
    [
        ("beginning", {10: 150.0, 11: 350.0}),
        ("ending", {10: 250.0, 11: 450.0}),
        ("instant", {10: 200.0, 11: 400.0}),
    ],
)
def test_values_of_half_hours_become_whole_hours_by_what_their_time_is_of(tmp_path, interval, known):
    times = ("10:00", "10:30", "11:00", "11:30", "12:00")

    assert hours(tmp_path, HEADER + rows(times, (100, 200, 300, 400, 500), interval)) == known


def test_two_instants_with_one_missing_between_them_tell_no_hour(tmp_path):
    times = ("10:00", "11:00", "13:00", "14:00")

    assert hours(tmp_path, HEADER + rows(times, (100, 200, 600, 800), "instant")) == {10: 150.0, 13: 700.0}


def test_what_was_issued_later_is_not_there(tmp_path):
    times = ("10:00", "11:00")
    early, late = rows(times, (100, 200), "beginning"), rows(times, (1, 2), "beginning", issued="2026-05-20T06:01Z")

    assert hours(tmp_path, HEADER + early + late) == {10: 100.0, 11: 200.0}
    assert hours(tmp_path, HEADER + late) == {}


def test_an_hour_that_a_later_issue_leaves_blank_is_still_told_by_an_earlier_one(tmp_path):
    times = ("12:00", "13:00")
    early = rows(times, (120, 130), "beginning", issued="2026-05-20T00:00Z")
    late = rows(times, ("", 131), "beginning")

    assert hours(tmp_path, HEADER + early + late) == {12: 120.0, 13: 131.0}


def test_json_says_the_same_and_the_last_file_of_an_issue_holds(tmp_path):
    record = {"issued_at": "2026-05-20T06:00:00+00:00", "interval": "beginning"}
    told = [{**record, "valid_at": f"2026-05-21T{hour}:00:00-03:00", "ghi_w_m2": hour} for hour in (10, 11)]

    assert hours(tmp_path, json.dumps(told)) == {13: 10.0, 14: 11.0}
    assert hours(tmp_path, json.dumps(told), json.dumps([{**one, "ghi_w_m2": 7} for one in told])) == {13: 7.0, 14: 7.0}


def test_hours_of_a_zone_of_half_hours_are_told_by_half_hours_alone(tmp_path):
    half = HOUR_US // 2
    whole = HEADER + rows(("10:00", "11:00", "12:00"), (100, 200, 300), "beginning")
    halves = HEADER + rows(("10:30", "11:00", "11:30", "12:00"), (100, 200, 300, 400), "beginning")

    assert hours(tmp_path, whole, origin_us=half) == {}
    assert hours(tmp_path, halves, origin_us=half) == {10: 150.0, 11: 350.0}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0.csv cannot be read"),
        ("[{", "0.json cannot be read"),
        ("issued_at,interval,ghi_w_m2\n", "lacks the column valid_at"),
        ("issued_at,valid_at,interval\n", "neither ghi_w_m2 nor poa_w_m2"),
        (HEADER + "2026-05-20T06:00,2026-05-21T10:00Z,beginning,1,2\n", "row 1 has the issued_at '2026-05-20T06:00'"),
        (HEADER + "2026-05-20T06:00Z,21/05/2026 10:00,beginning,1,2\n", "row 1 has the valid_at '21/05/2026 10:00'"),
        (HEADER + rows(("10:00", "11:00"), (1, "much"), "beginning"), "row 2 has ghi_w_m2 'much', which is no number"),
        (HEADER + rows(("10:00", "11:00"), (1, 90000), "beginning"), "row 2 has ghi_w_m2 '90000'"),
        (
            HEADER + rows(("10:00",), (1,), "middle"),
            "interval 'middle', which is none of beginning, ending, instant",
        ),
        (HEADER + rows(("10:00", "13:00"), (1, 1), "beginning"), "180 minutes apart; 15, 30 and 60 are read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_row_and_what_to_do(tmp_path, text, says):
    with pytest.raises(BadDocument) as told:
        hours(tmp_path, text)

    assert says in str(told.value)
    assert "again" in str(told.value)
