"""Local times over a clock that is set back: true instants, worked out from UTC, or held back with the sentence."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.span import instant_of
from include.sources.formats.columns import QUANTITY_CODES, Columns
from include.sources.formats.context import ParseContext
from include.sources.formats.document_times import DocumentTimes
from include.sources.formats.instants import UNREADABLE

POWER = QUANTITY_CODES["ac_power_kw"]
SET_BACK = {
    "Europe/Berlin": datetime(2025, 10, 26, 1, tzinfo=UTC),
    "America/New_York": datetime(2025, 11, 2, 6, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2025, 4, 5, 15, tzinfo=UTC),
    "America/Sao_Paulo": datetime(2018, 2, 18, 2, tzinfo=UTC),
    "Europe/Dublin": datetime(2025, 10, 26, 1, tzinfo=UTC),
    "Pacific/Chatham": datetime(2025, 4, 5, 14, tzinfo=UTC),
    "Africa/Casablanca": datetime(2025, 2, 23, 2, tzinfo=UTC),
}
"""Instants at which clocks were set back, by the tz database: half an hour on Lord Howe, at midnight in Sao Paulo."""


def read(rows, zone, **known):
    """What (subject, local text) rows are read as: instants by row, None where the row is held back as ambiguous."""
    codes = {subject: code for code, subject in enumerate(sorted({subject for subject, _ in rows}))}
    times = DocumentTimes(ParseContext(ZoneInfo(zone), "rows.json", **known), codes)
    subjects = np.array([codes[subject] for subject, _ in rows], np.int32)
    instants = np.array([times.read(text, codes[subject]) for subject, text in rows], np.int64)
    decided, faults = times.decide(np.arange(1, len(rows) + 1, dtype=np.int32), subjects, instants)
    assert ((faults != None) == (decided == UNREADABLE)).all()  # noqa: E711 - element by element
    return [None if instant == UNREADABLE else instant_of(instant) for instant in decided.tolist()]


def read_in_pieces(rows, zone, piece_rows):
    """The same through frames of so many rows."""
    columns = Columns(ParseContext(ZoneInfo(zone), "rows.json"), piece_rows)
    pieces = []
    for number, (subject, text) in enumerate(rows, start=1):
        code = columns.code(subject)
        columns.add(number, code, POWER, columns.times.read(text, code), 1.0)
        pieces += columns.full()
    frame = pd.concat([piece.frame for piece in [*pieces, *columns.rest()]]).sort_values("row_number")
    assert len(frame) == len(rows)
    return [at.to_pydatetime() for at in frame["measured_at"]]


def around(zone, minutes, hours=4):
    """Instants every so many minutes around the change."""
    first = SET_BACK[zone] - timedelta(hours=hours)
    return [first + timedelta(minutes=minutes * step) for step in range(2 * hours * 60 // minutes)]


def written(zone, subject, instants):
    return [(subject, f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}") for at in instants]


@pytest.mark.parametrize("zone", SET_BACK)
@pytest.mark.parametrize("minutes", [5, 10, 15, 30])
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_rows_in_order_are_the_true_instants_in_either_direction(zone, minutes, is_newest_first):
    instants = around(zone, minutes)[:: -1 if is_newest_first else 1]

    assert read(written(zone, "a", instants), zone) == instants


@pytest.mark.parametrize("zone", sorted(SET_BACK.keys() - {"Australia/Lord_Howe"}))
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_an_hourly_file_is_read_in_either_direction(zone, is_newest_first):
    instants = around(zone, 60)[:: -1 if is_newest_first else 1]

    assert read(written(zone, "a", instants), zone) == instants


def test_half_an_hour_that_is_repeated_is_found_in_an_hourly_file_by_its_step():
    instants = [at + timedelta(minutes=45) for at in around("Australia/Lord_Howe", 60)]

    assert read(written("Australia/Lord_Howe", "a", instants), "Australia/Lord_Howe") == instants


def test_a_table_sorted_by_local_time_has_the_first_pass_first():
    instants = around("Europe/Berlin", 15)
    zone = ZoneInfo("Europe/Berlin")
    by_clock = sorted(instants, key=lambda at: at.astimezone(zone).replace(tzinfo=None))

    assert read(written("Europe/Berlin", "a", by_clock), "Europe/Berlin") == by_clock


@given(zone=st.sampled_from(sorted(SET_BACK)), minutes=st.sampled_from([5, 15, 30]), data=st.data())
def test_interleaved_subjects_are_each_read_in_their_own_direction(zone, minutes, data):
    left = {}
    for subject in "abc":
        instants = around(zone, minutes)
        left[subject] = instants[::-1] if data.draw(st.booleans()) else instants
    count = len(left["a"])
    turns = data.draw(st.permutations([subject for subject in left for _ in range(count)]))
    order = [(subject, left[subject].pop(0)) for subject in turns]
    rows = [written(zone, subject, [at])[0] for subject, at in order]

    assert read(rows, zone) == [at for _, at in order]


def is_true(rows, instants, found):
    """Nobody can tell which of two equal texts of a subject is which, but together they may be no other instants."""
    true = defaultdict(list)
    for row, at in zip(rows, instants, strict=True):
        true[row].append(at)
    told = defaultdict(list)
    for row, at in zip(rows, found, strict=True):
        if at is not None:
            told[row].append(at)
    return all(len(set(ats)) == len(ats) and set(ats) <= set(true[row]) for row, ats in told.items())


@given(zone=st.sampled_from(sorted(SET_BACK)), minutes=st.sampled_from([5, 10, 15, 20, 30, 60]), data=st.data())
def test_shuffled_rows_are_the_true_instants_or_are_held_back(zone, minutes, data):
    grid = around(zone, minutes, hours=3)
    start = data.draw(st.integers(0, len(grid) - 1))
    instants = data.draw(st.permutations(grid[start : data.draw(st.integers(start + 1, len(grid)))]))
    rows = [written(zone, data.draw(st.sampled_from("ab")), [at])[0] for at in instants]

    assert is_true(rows, instants, read(rows, zone))


@given(zone=st.sampled_from(sorted(SET_BACK)), minutes=st.sampled_from([5, 15, 30, 60]), data=st.data())
def test_rows_in_order_with_gaps_are_the_true_instants_or_are_held_back(zone, minutes, data):
    grid = around(zone, minutes)
    kept = data.draw(st.lists(st.integers(0, len(grid) - 1), min_size=1, unique=True))
    instants = [grid[position] for position in sorted(kept, reverse=data.draw(st.booleans()))]
    found = read(written(zone, "a", instants), zone)

    assert all(told in {at, None} for at, told in zip(instants, found, strict=True)) or are_of_a_logger(found)


def are_of_a_logger(found):
    """Rows at equal steps: nothing tells a part of others that looks like them from a whole."""
    steps = [] if None in found else np.abs(np.diff([at.timestamp() for at in found]))
    return len(steps) > 0 and steps.max() <= 1.25 * steps.min()


@pytest.mark.parametrize(
    ("zone", "minutes", "places"),
    [
        ("Africa/Casablanca", 15, (0, 8, 12, 22, 27)),
        ("Europe/Berlin", 15, (2, 7, 12, 14, 23, 30)),
        ("Australia/Lord_Howe", 5, (1, 18, 32, 42, 62, 74, 92)),
    ],
)
def test_rows_at_unequal_steps_tell_nothing_by_a_step_that_happens_to_be_short(zone, minutes, places):
    grid = around(zone, minutes)
    instants = [grid[place] for place in places]

    found = read(written(zone, "a", instants), zone)

    assert all(told in {at, None} for at, told in zip(instants, found, strict=True))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo"])
@pytest.mark.parametrize("piece_rows", [1, 7, 40])
def test_a_cut_into_pieces_changes_nothing(zone, piece_rows):
    instants = around(zone, 15)

    assert read_in_pieces(written(zone, "a", instants), zone, piece_rows) == instants


@pytest.mark.parametrize(
    "texts",
    [
        ["02:30"],
        ["02:00", "02:00"],
        ["01:45", "02:00", "02:15", "02:30", "02:45", "03:00", "03:15"],
        ["02:40", "02:05"],
        ["01:45", "02:00", "02:15", "02:15", "02:30", "02:45", "03:00"],
        ["01:45", "02:00", "02:30", "02:45", "02:15", "03:00"],
        ["01:55", "01:55", "02:00", "02:00", "02:05", "02:05"],
        ["03:00", "02:30", "02:30", "02:15", "02:15", "02:00", "02:00", "01:45"],
    ],
    ids=["alone", "pair alone", "one pass", "two rows", "doubled row", "shuffled", "all doubled", "sorted newest first"],
)
def test_where_the_rows_do_not_tell_they_are_held_back_with_the_local_time(texts):
    rows = [("a", f"2025-10-26T{text}:00") for text in texts]
    columns = Columns(ParseContext(ZoneInfo("Europe/Berlin"), "rows.json"))
    for number, (subject, text) in enumerate(rows, start=1):
        columns.add(number, columns.code(subject), POWER, columns.times.read(text, 0), 1.0)
    (piece,) = columns.rest()
    held = piece.frame[piece.frame["measured_at"].isna()]

    assert held["row_number"].tolist() == [number for number, text in enumerate(texts, start=1) if text[:2] == "02"]
    first = next(text for text in texts if text[:2] == "02")
    assert held["faults"].iloc[0][0].detail == (
        f"ambiguous local time 2025-10-26 {first}:00: clocks were set back (Europe/Berlin) and nothing tells which it is"
    )


def test_rows_of_others_tell_where_a_subject_speaks_once():
    first, second = ([f"2025-10-26T02:{minute:02}:00" for minute in range(0, 60, 5)] for _ in range(2))
    rows = [("a", "2025-10-26T01:50:00"), ("a", "2025-10-26T01:55:00"), *(("a", text) for text in first)]
    rows += [("b", "2025-10-26T02:57:00"), *(("a", text) for text in second), ("b", "2025-10-26T02:57:00")]
    rows += [("a", "2025-10-26T03:00:00"), ("a", "2025-10-26T03:05:00")]

    instants = read(rows, "Europe/Berlin")

    assert [at for (subject, _), at in zip(rows, instants, strict=True) if subject == "b"] == [
        datetime(2025, 10, 26, 0, 57, tzinfo=UTC),
        datetime(2025, 10, 26, 1, 57, tzinfo=UTC),
    ]


def test_what_was_received_before_the_second_pass_is_of_the_first():
    received = datetime(2025, 10, 26, 1, 20, tzinfo=UTC)
    rows = [("a", "2025-10-26T02:15:00"), ("b", "2025-10-26T02:20:01"), ("c", "2025-10-26T02:40:00")]

    assert read(rows, "Europe/Berlin", latest=received) == [
        None,
        datetime(2025, 10, 26, 0, 20, 1, tzinfo=UTC),
        datetime(2025, 10, 26, 0, 40, tzinfo=UTC),
    ]


def test_an_offset_decides_in_a_repeated_hour():
    rows = [("a", "2025-10-26T02:30:00+01:00"), ("a", "2025-10-26T02:30:00+02:00")]

    assert read(rows, "Europe/Berlin") == [datetime(2025, 10, 26, 1, 30, tzinfo=UTC), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)]


def test_a_clock_on_standard_time_all_year_has_no_repeated_and_no_skipped_hour():
    standard = timezone(timedelta(hours=1))
    instants = [datetime(2025, 3, 30, 0, tzinfo=UTC) + timedelta(minutes=15 * step) for step in range(20)]
    rows = [("a", f"{at.astimezone(standard):%Y-%m-%d %H:%M}") for at in instants]

    assert read(rows, "Europe/Berlin", clocks={"a": standard}) == instants


def test_each_subject_is_read_by_its_own_clock():
    rows = [("a", "2026-05-01T10:00:00"), ("b", "2026-05-01T10:00:00"), ("a", "2026-05-01T10:00:00Z")]

    assert read(rows, "America/Sao_Paulo", clocks={"a": ZoneInfo("America/Manaus")}) == [
        datetime(2026, 5, 1, 14, tzinfo=UTC),
        datetime(2026, 5, 1, 13, tzinfo=UTC),
        datetime(2026, 5, 1, 10, tzinfo=UTC),
    ]
