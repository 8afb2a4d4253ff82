"""Minutes that are computed when asked for: those of an hour add up to the stored hour, whatever was told, in every zone."""

import itertools
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.span import Span, day_span
from include.rollups.minutes import read_minutes
from include.warehouse.engine import transaction
from tests.warehouse.test_rollup_laws import (
    ODD_WINDOWS,
    SAO_PAULO,
    SERIES,
    WINDOWS,
    assertions,
    make_twins,
    rows_of,
    short,
    work_off,
)

pytestmark = pytest.mark.postgres
NUMBERS = itertools.count(1)
MEASURED = [SERIES[kind] for kind in ("power", "power of another inverter", "gauge", "counter")]


@pytest.fixture(scope="module")
def plant_in(new_warehouse):
    """A plant in a zone, with nothing told yet."""
    url, known = new_warehouse(), {}

    def empty_plant(timezone):
        if timezone not in known:
            known[timezone] = make_twins(url, timezone)
        known[timezone].forget()
        return known[timezone].told

    return empty_plant


def tell(small, rows):
    small.load(small.register(f"minutes {next(NUMBERS)}"), rows)
    work_off(small.url)


def readings(small, key, at, value):
    """Rows of one series; `at` is local."""
    return pd.DataFrame({"series_id": small.series[key], "at": at.tz_convert("UTC").tz_localize(None), "value": value})


def minutes_of(small, series_ids, span):
    with transaction(small.url) as connection:
        found = read_minutes(connection, series_ids, span)
    frame = pd.DataFrame({name: found[name] for name in found.dtype.names})
    for name in ("starts_at", "ends_at"):
        frame[name] = pd.to_datetime(frame[name], unit="us", utc=True)
    return frame


def stored_hours(small, series_id, span):
    hours = small.rollups("hour", series_id)
    return hours[(hours["starts_at"] >= span.start) & (hours["starts_at"] < span.end)].set_index("starts_at")


def assert_minutes_add_up_to_hours(small, series_id, span):
    hours = stored_hours(small, series_id, span)
    minutes = minutes_of(small, [series_id], span)
    assert not minutes.duplicated("starts_at").any()
    hour_starts, starts, ends, hour_ends = (
        pd.DatetimeIndex(each, tz="UTC").as_unit("us").asi8
        for each in (hours.index, minutes["starts_at"], minutes["ends_at"], hours["ends_at"])
    )
    places = np.searchsorted(hour_starts, starts, "right")
    assert (places > 0).all(), "a minute before every stored hour"
    assert (ends <= hour_ends[places - 1]).all(), "a minute outside the stored hours"
    summed = minutes.groupby(places - 1)[["reading_count", "covered_s", "energy_kwh", "sum"]].sum(min_count=1)
    summed = summed.reindex(range(len(hours)))
    assert summed["reading_count"].tolist() == hours["reading_count"].tolist()
    for name in ("covered_s", "energy_kwh", "sum"):
        np.testing.assert_allclose(
            summed[name].astype(float), hours[name].astype(float), rtol=1e-9, atol=1e-9, equal_nan=True, err_msg=name
        )
    assert (minutes["expected_s"] <= 60).all()
    return minutes


@short
@given(window=st.sampled_from([*WINDOWS, *WINDOWS, *ODD_WINDOWS]), document=assertions)
def test_the_minutes_of_an_hour_add_up_to_it_whatever_was_told(plant_in, window, document):
    timezone, first = window
    small = plant_in(timezone)
    tell(small, rows_of(small, document, window))

    for kind in document:
        if SERIES[kind] in MEASURED:
            for from_day, days in ((0, 7), (1, 1), (3, 1)):
                span = day_span(first + timedelta(days=from_day), ZoneInfo(timezone), days)
                assert_minutes_add_up_to_hours(small, small.series[SERIES[kind]], span)


DIPS = {
    "a dip": {300: -900.0},
    "zeros": {300: 0.0, 301: 0.0},
    "a dip over midnight": dict.fromkeys(range(280, 300), -700.0),
    "a dip from one morning to the next": dict.fromkeys(range(130, 400), -700.0),
    "a dip of days": dict.fromkeys(range(130, 900), -700.0),
    "a reset": dict.fromkeys(range(400, 1152), "new meter"),
    "an open fall at the end": dict.fromkeys(range(1149, 1152), "new meter"),
    "a gap of hours": dict.fromkeys(range(430, 520)),
}


@pytest.mark.parametrize("dip", DIPS)
@pytest.mark.parametrize(
    ("timezone", "first"),
    [
        (SAO_PAULO, date(2026, 2, 24)), ("Asia/Kolkata", date(2026, 1, 29)), ("Australia/Lord_Howe", date(2026, 4, 3)),
        ("Europe/Berlin", date(2026, 3, 27)),
    ],
)  # fmt: skip
def test_the_minutes_of_a_counter_that_misbehaves_add_up_to_its_hours(plant_in, timezone, first, dip):
    small = plant_in(timezone)
    key = SERIES["counter"]
    begin = pd.Timestamp(day_span(first, ZoneInfo(timezone)).start).tz_convert(timezone)
    at = begin + pd.to_timedelta(np.arange(1152) * 5, unit="min")
    value = pd.Series(np.arange(1152) * 1.5 + 1000)
    for row, change in DIPS[dip].items():
        value[row] = {"new meter": value[row] - value[min(DIPS[dip])], 0.0: 0.0, None: np.nan}.get(
            change, value[row] + (change if isinstance(change, float) else 0)
        )
    rows = readings(small, key, at, value.to_numpy()).dropna()
    tell(small, rows)

    whole = day_span(first, ZoneInfo(timezone), 5)
    assert_minutes_add_up_to_hours(small, small.series[key], whole)
    for day in range(5):
        minutes = assert_minutes_add_up_to_hours(
            small, small.series[key], day_span(first + timedelta(days=day), ZoneInfo(timezone))
        )
    assert minutes.empty or len(minutes) <= 1500
    assert stored_hours(small, small.series[key], whole)["energy_kwh"].sum() > 100


def test_a_minute_has_the_statistics_of_its_readings_and_the_energy_of_its_parts_of_steps(plant_in):
    small = plant_in(SAO_PAULO)
    key = SERIES["power"]
    at = pd.DatetimeIndex(
        ["2026-02-25T12:00:00", "2026-02-25T12:00:15", "2026-02-25T12:00:45", "2026-02-25T12:03:00"]
    ).tz_localize(SAO_PAULO)
    tell(small, readings(small, key, at, [10.0, 20.0, 30.0, 3.0]))

    span = Span(at[0].to_pydatetime(), (at[0] + pd.Timedelta(minutes=10)).to_pydatetime())
    rows = minutes_of(small, [small.series[key]], span)

    # By hand. 12:00: 15 s at a mean of 15 kW, 30 s at 25 kW, and the first 15 of the 135 s from 30 to 3 kW, at a mean of 28.5 kW.
    # 12:01: from 27 to 15 kW; 12:02: from 15 to 3 kW; 12:03 has a reading and no time after it.
    assert rows["starts_at"].dt.minute.tolist() == [0, 1, 2, 3]
    assert rows["reading_count"].tolist() == [3, 0, 0, 1]
    assert rows["energy_kwh"].tolist()[:3] == pytest.approx(
        [(15 * 15 + 30 * 25 + 15 * 28.5) / 3600, 60 * 21 / 3600, 60 * 9 / 3600]
    )
    assert np.isnan(rows["energy_kwh"][3])
    assert rows["covered_s"].tolist() == [60, 60, 60, 0]
    first = rows.iloc[0]
    assert first[["mean", "min", "max", "first", "last", "sum", "median"]].tolist() == [20, 10, 30, 10, 30, 60, 20]
    assert first["stddev"] == pytest.approx(10)
    assert (first["p95"], first["active_minutes"]) == (pytest.approx(29), 1)
    assert np.isnan(rows["mean"][1])


def test_a_plants_minutes_are_the_sum_of_its_inverters_and_expect_all_of_them(plant_in):
    small = plant_in(SAO_PAULO)
    at = pd.date_range("2026-02-25T08:00", "2026-02-25T16:00", freq="5min", tz=SAO_PAULO)
    rng = np.random.default_rng(5)
    both = [readings(small, SERIES[kind], at, rng.uniform(5, 40, len(at))) for kind in ("power", "power of another inverter")]
    tell(small, pd.concat([both[0], both[1].iloc[:40]]))
    (plant_series,) = small.read(
        "SELECT series_id FROM fleet.series WHERE origin = 'derived' AND plant_id = (SELECT d.plant_id FROM fleet.series AS s "
        "JOIN fleet.device AS d USING (device_id) WHERE s.series_id = :id)",
        id=small.series[SERIES["power"]],
    )["series_id"]
    span = day_span(date(2026, 2, 25), ZoneInfo(SAO_PAULO))

    hours = stored_hours(small, plant_series, span)
    minutes = minutes_of(small, [int(plant_series)], span)

    summed = minutes.groupby(minutes["starts_at"].dt.floor("h"))[["reading_count", "covered_s", "energy_kwh"]].sum(min_count=1)
    summed = summed.reindex(hours.index)
    assert summed["reading_count"].tolist() == hours["reading_count"].tolist()
    np.testing.assert_allclose(summed["energy_kwh"], hours["energy_kwh"], rtol=1e-9)
    np.testing.assert_allclose(summed["covered_s"], hours["covered_s"], rtol=1e-9)
    assert hours["energy_kwh"].sum() > 50
    noon = minutes[minutes["starts_at"] == pd.Timestamp("2026-02-25T15:00Z")].iloc[0]
    assert (noon["reading_count"], noon["covered_s"], noon["expected_s"]) == (1, 60, 120)


def test_amounts_states_and_series_that_do_not_exist_have_no_minutes(plant_in):
    small = plant_in(SAO_PAULO)
    key = SERIES["amounts of hours"]
    at = pd.date_range("2026-02-25T08:00", periods=3, freq="h", tz=SAO_PAULO)
    tell(small, readings(small, key, at, [1.0, 2.0, 3.0]))

    found = minutes_of(small, [small.series[key], 2**31 - 1], day_span(date(2026, 2, 25), ZoneInfo(SAO_PAULO)))

    assert found.empty


def test_a_span_within_a_day_has_the_same_minutes_as_the_day(plant_in):
    small = plant_in("Asia/Kolkata")
    key = SERIES["gauge"]
    at = pd.date_range("2026-02-25T08:00", periods=60, freq="7min", tz="Asia/Kolkata")
    tell(small, readings(small, key, at, np.arange(60.0)))
    start = datetime(2026, 2, 25, 9, 12, 30, tzinfo=ZoneInfo("Asia/Kolkata"))

    part = minutes_of(small, [small.series[key]], Span(start, start + timedelta(minutes=20)))
    day = minutes_of(small, [small.series[key]], day_span(date(2026, 2, 25), ZoneInfo("Asia/Kolkata")))

    # The minute in which the span begins, the 19 whole ones, and the one in which it ends.
    assert len(part) == 21
    within = day[(day["ends_at"] > part["starts_at"].min()) & (day["starts_at"] <= part["starts_at"].max())]
    pd.testing.assert_frame_equal(part.reset_index(drop=True), within.reset_index(drop=True))
