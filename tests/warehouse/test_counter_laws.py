"""Law of misbehaving counters: whatever came in whatever order, energies and faults are those of the readings that are stored.

What is told to one plant bit by bit, with roll-ups in between, is told to its twin at once; both must be equal to the last bit.
"""

import itertools
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.rollups.roll_up import rebuild
from include.rollups.series import describe_series
from include.warehouse import fleet
from include.warehouse.engine import transaction
from tests.warehouse.conftest import SmallFleet
from tests.warehouse.misbehaving_counters import Course, Piece, courses, pieces
from tests.warehouse.test_rollup_laws import Twins, figures, named, roll_up_once, stored, work_off

pytestmark = pytest.mark.postgres

ZONE = "America/Sao_Paulo"
FIRST = date(2025, 11, 20)
NUMBERS = itertools.count(1)
COUNTERS = {
    "lifetime": ("inverter", "energy_total_kwh"),
    "lifetime, unrated": ("meter", "energy_total_kwh"),
    "day": ("inverter", "energy_today_kwh"),
    "day, unrated": ("meter", "energy_today_kwh"),
}

short = settings(
    max_examples=2000 if settings().max_examples > 50 else 25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
"""25 examples, in torture 2,000."""


@pytest.fixture(scope="module")
def empty_twins(new_warehouse):
    """Two equal plants with an inverter of 50 kW and a meter of unknown rating, with nothing told yet."""
    url = new_warehouse()
    with transaction(url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, "twins", "Twins", ZONE))
        fleets = [SmallFleet(url, tenant_id, ZONE) for _ in range(2)]
        for name, small in zip(("told", "twin"), fleets, strict=True):
            small.series = make_series(connection, tenant_id, name)
    twins = Twins(url, *fleets)

    def forget() -> Twins:
        twins.forget()
        return twins

    return forget


def make_series(connection, tenant_id: int, plant_key: str) -> dict[str, int]:
    plant = {
        "tenant_id": tenant_id, "source": "drops", "plant_key": plant_key, "name": plant_key, "timezone": ZONE, "city": None,
        "latitude": None, "longitude": None, "capacity_kwp": None, "capacity_kw": None, "commissioned_on": None,
    }  # fmt: skip
    fleet.upsert_rows(connection, "plant", [plant])
    series = {}
    for place, (name, (kind, quantity)) in enumerate(COUNTERS.items()):
        key = f"{plant_key} {place % 2 + 1}"
        device = {
            "tenant_id": tenant_id, "source": "drops", "device_key": key, "plant_key": plant_key, "name": key,
            "parent_key": None, "kind": kind, "model": None, "capacity_kw": 50 if kind == "inverter" else None,
        }  # fmt: skip
        fleet.upsert_rows(connection, "device", [device])
        subject = fleet.read_subjects(connection, tenant_id, "device", [key])[key]
        (series_id,) = fleet.ensure_series(connection, tenant_id, "device", [(subject.subject_id, quantity)]).values()
        series[name] = series_id
    return series


@dataclass
class Case:
    """Documents of counters in the order of receipt; acts: ('load', document, each n-th row is gone), ('roll up', limit, 0)."""

    counters: dict[str, Course]
    documents: list[Piece]
    acts: list[tuple[str, int, int]]


loads = st.tuples(st.just("load"), st.integers(0, 4), st.sampled_from([0, 0, 0, 2, 3]))
roll_ups = st.tuples(st.just("roll up"), st.sampled_from([1, 50_000]), st.just(0))
counters = st.dictionaries(st.sampled_from(["lifetime", "lifetime, unrated"]), courses(is_daily=False), max_size=2).flatmap(
    lambda some: st.dictionaries(
        st.sampled_from(["day", "day, unrated"]), courses(is_daily=True), min_size=0 if some else 1, max_size=1
    ).map(lambda others: some | others)
)
cases = st.builds(
    Case,
    counters=counters,
    documents=st.lists(pieces, min_size=1, max_size=5),
    acts=st.lists(st.one_of(loads, roll_ups), min_size=1, max_size=10),
)


def rows_of(small: SmallFleet, counters: dict[str, Course], piece: Piece) -> pd.DataFrame:
    begin = pd.Timestamp(FIRST, tz=ZONE)
    frames = []
    for name, course in counters.items():
        if piece.is_true:
            course = Course(course.is_daily, course.minutes, course.count, course.level_kwh)
        readings = course.readings(begin)
        share = (readings.index - begin) / (pd.Timedelta(minutes=course.minutes) * course.count)
        low, high = sorted((piece.begin, piece.end))
        readings = readings[(share >= low) & ((share < high) | (low == high))][:: piece.stride]
        at = readings.index.tz_convert("UTC").tz_localize(None).as_unit("us")
        frames.append(pd.DataFrame({"series_id": small.series[name], "at": at, "value": readings.to_numpy()}))
    return pd.concat(frames, ignore_index=True)


def act(twins: Twins, case: Case) -> None:
    """Let everything happen to the told plant; what was registered and never loaded is loaded in the end."""
    small, number = twins.told, next(NUMBERS)
    ids = [small.register(f"{number} {place}") for place in range(len(case.documents))]
    loaded = set()

    def load(place: int, gone: int) -> None:
        small.read("UPDATE landing.document SET state = 'landed' WHERE document_id = :id RETURNING 1", id=ids[place])
        rows = rows_of(small, case.counters, case.documents[place])
        small.load(ids[place], rows[rows.index % gone != 1] if gone else rows)
        loaded.add(place)

    for what, which, gone in case.acts:
        if what == "load":
            load(which % len(ids), gone)
        else:
            roll_up_once(twins.url, limit=which)
    for place in set(range(len(ids))) - loaded:
        load(place, 0)


def assert_told_bit_by_bit_is_told_at_once(twins: Twins, case: Case) -> None:
    act(twins, case)
    work_off(twins.url)
    twins.tell_twin()
    work_off(twins.url)
    for of_twins in (figures, lambda small: named(small, "mart.counter_day"), lambda small: named(small, "mart.energy_day")):
        found, expected = of_twins(twins.told), of_twins(twins.twin)
        try:
            pd.testing.assert_frame_equal(found, expected, check_exact=True)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{difference(found, expected)}\n{stored(twins.told).to_string()}") from None


def difference(found: pd.DataFrame, expected: pd.DataFrame) -> str:
    both = pd.concat({"told": found.astype(str), "twin": expected.astype(str)}).reset_index(level=0, names="of")
    return both[~both.drop(columns="of").duplicated(keep=False)].to_string()


# ---------------------------------------------------------------------------------------------------- sequences that went wrong


def assert_parts_end_as_one(twins: Twins, name: str, parts: list[pd.Series]) -> pd.DataFrame:
    """Load parts of a counter one by one, each rolled up; returns its days."""
    small = twins.told
    for part in parts:
        at = part.index.tz_convert("UTC").tz_localize(None).as_unit("us")
        rows = pd.DataFrame({"series_id": small.series[name], "at": at, "value": part.to_numpy(float)})
        small.load(small.register(f"part {next(NUMBERS)}"), rows)
        work_off(twins.url)
    assert_told_bit_by_bit_is_told_at_once(twins, Case({}, [], []))
    return small.rollups("day", small.series[name]).set_index("local_date")


def counter(begin: str, values, freq: str = "h") -> pd.Series:
    return pd.Series(values, pd.date_range(begin, periods=len(values), freq=freq, tz=ZONE), dtype=float)


@pytest.mark.parametrize("corrected", ["2025-12-31", "2026-01-01"])
def test_a_correction_beside_new_year_reaches_into_the_other_year(empty_twins, corrected):
    readings = counter("2025-12-30", np.arange(96.0) + 500)
    correction = readings[corrected][1:-1] + 0.5

    days = assert_parts_end_as_one(empty_twins(), "lifetime", [readings, correction])

    assert days["energy_kwh"].sum() == pytest.approx(95)
    assert days["reading_count"].tolist() == [24] * 4


@pytest.mark.parametrize("name", ["lifetime", "lifetime, unrated"])
def test_whether_a_counter_began_at_zero_is_decided_by_the_rate_of_the_next_day(empty_twins, name):
    readings = counter("2026-02-03T22:00", [0, 5, 10, 15, 20, 25, 30, 35, 40, 45])

    days = assert_parts_end_as_one(empty_twins(), name, [readings[:2], readings[2:8], readings[8:]])

    assert days["energy_kwh"].sum() == pytest.approx(45)


@pytest.mark.parametrize("name", ["day", "day, unrated", "lifetime", "lifetime, unrated"])
def test_a_counter_silent_for_more_than_a_month_begins_anew(empty_twins, name):
    before, after = counter("2025-11-20T15:00", [40, 50, 60]), counter("2026-01-10T13:00", [70, 80, 10, 20, 30])

    assert_parts_end_as_one(empty_twins(), name, [before, after[3:], after[:3]])


def test_a_reading_every_other_day_is_judged_by_those_of_a_month(empty_twins):
    level = np.repeat(np.arange(0, 400, 20.0), 2) + 1000
    level[-5:] += 5000

    readings = counter("2025-10-01T12:00", level, freq="2D")

    assert_parts_end_as_one(empty_twins(), "lifetime, unrated", [readings[:37], readings[37:]])
    assert_parts_end_as_one(empty_twins(), "lifetime", [readings[:37], readings[37:]])


def test_zeros_before_the_first_reading_after_a_month_are_a_beginning_however_the_readings_came(empty_twins):
    readings = pd.concat([counter("2025-11-20", [5000.0, 5001]), counter("2026-01-10T08:00", [0, 0, 3, 6, 9, 12, 15.0])])

    days = assert_parts_end_as_one(empty_twins(), "lifetime", [readings[:2], readings[4:], readings[2:4]])

    assert days.loc[date(2026, 1, 10), "energy_kwh"] == pytest.approx(15)


@pytest.mark.parametrize("name", ["lifetime", "lifetime, unrated"])
@pytest.mark.parametrize("last", ["none", "reading", "reading after a month"])
def test_days_of_nothing_but_zeros_are_told_the_same_however_they_came(empty_twins, name, last):
    zeros = [counter(begin, np.zeros(30)) for begin in ("2025-04-01", "2025-05-20", "2025-06-10", "2025-06-12")]
    ends = {
        "none": [],
        "reading": [counter("2025-06-13T12:00", [2.0, 3, 4, 5, 6])],
        "reading after a month": [counter("2025-08-01", [0.0, 0, 1, 2, 3])],
    }

    days = assert_parts_end_as_one(empty_twins(), name, [zeros[2], zeros[0], *ends[last], zeros[3], zeros[1]])

    assert days["energy_kwh"].sum() == pytest.approx({"none": 0, "reading": 6, "reading after a month": 3}[last])


def test_a_counter_that_shows_zeros_for_ever_is_not_computed_from_its_first_day_on(empty_twins):
    twins = empty_twins()
    series_id = twins.told.series["lifetime"]
    assert_parts_end_as_one(twins, "lifetime", [counter("2025-04-01", np.zeros(24 * 100))])

    with transaction(twins.url) as connection:
        facts = describe_series(connection, [series_id])
        day = np.array([(date(2025, 6, 10) - date(1970, 1, 1)).days], np.int32)
        (rebuilt,) = rebuild(connection, facts, {series_id: day})
    assert 1 <= (rebuilt.counter_days["zeros"] > 0).sum() <= 4


@pytest.mark.parametrize("kept", [0, 2])
def test_what_a_step_over_silent_days_added_goes_with_its_readings(empty_twins, kept):
    twins = empty_twins()
    small, name = twins.told, "lifetime"
    at = pd.date_range("2026-03-01T12:00", periods=6, freq="4D", tz=ZONE).tz_convert("UTC").tz_localize(None).as_unit("us")
    rows = pd.DataFrame({"series_id": small.series[name], "at": at, "value": np.arange(6) * 10 + 500.0})
    document_id = small.register(f"vanishing {next(NUMBERS)}")
    small.load(document_id, rows)
    work_off(twins.url)

    small.read("UPDATE landing.document SET state = 'landed' WHERE document_id = :id RETURNING 1", id=document_id)
    small.load(document_id, rows[:kept])
    assert_told_bit_by_bit_is_told_at_once(twins, Case({}, [], []))

    assert len(small.rollups("day", small.series[name])) == (5 if kept else 0)


@pytest.mark.parametrize("name", ["lifetime", "lifetime, unrated"])
@pytest.mark.parametrize("wrong", [0.0, 90_000.0], ids=["zeros", "spike"])
def test_the_last_step_of_a_day_ends_behind_all_that_is_wrong_from_midnight_on(empty_twins, name, wrong):
    readings = counter("2026-02-03", np.arange(96 * 12) + 500.0, freq="15min")
    readings.iloc[96 * 6 : 96 * 6 + 40] = wrong
    correction = readings[96 * 5 - 50 : 96 * 5 - 45] + 0.25

    days = assert_parts_end_as_one(empty_twins(), name, [readings, correction])

    assert days["energy_kwh"].sum() == pytest.approx(96 * 12 - 1)


def dips_at_midnight(days: int, *, is_daily: bool) -> pd.Series:
    """A counter that is a little lower over each midnight, or of the day with a battery that feeds the house each evening."""
    readings = Course(is_daily, 15, 96 * days, 500.0).readings(pd.Timestamp("2025-04-01", tz=ZONE))
    hour = readings.index.hour + readings.index.minute / 60
    if is_daily:
        return readings.where(hour < 20, readings * (1 - 0.02 * (hour - 20)))
    return readings.where((hour >= 0.5) & (hour < 23.5), readings - 0.1)


@pytest.mark.parametrize("name", ["lifetime", "lifetime, unrated", "day"])
@pytest.mark.parametrize("changed", [10, 100, 199])
def test_a_counter_that_dips_every_midnight_is_not_computed_from_its_first_day_on(empty_twins, name, changed):
    twins, is_daily = empty_twins(), name == "day"
    readings = dips_at_midnight(200, is_daily=is_daily)
    series_id, changed_day = twins.told.series[name], readings.index[96 * changed].date()
    noon = readings.index.date == changed_day
    correction = readings[noon][48:50] + 0.05

    assert_parts_end_as_one(twins, name, [readings, correction])

    with transaction(twins.url) as connection:
        facts = describe_series(connection, [series_id])
        day = np.array([(changed_day - date(1970, 1, 1)).days], np.int32)
        (rebuilt,) = rebuild(connection, facts, {series_id: day})
    assert 1 <= (rebuilt.counter_days["dips"] > 0).sum() <= 4


@short
@given(case=cases)
def test_misbehaving_counters_told_in_whatever_order_end_as_if_told_at_once(empty_twins, case):
    assert_told_bit_by_bit_is_told_at_once(empty_twins(), case)
