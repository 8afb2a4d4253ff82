"""Rollups against a second computation that shares no line with them."""

import re
import statistics
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.quantities import QUANTITIES
from include.warehouse.engine import transaction
from include.warehouse.fleet import ensure_series, read_subjects
from include.warehouse.overview import read_overview

pytestmark = pytest.mark.postgres

STATISTICS = ["reading_count", "sum", "mean", "min", "max", "first", "last", "stddev", "median", "p95", "p99", "active_minutes"]


def rows_of(series_id, stamps, values):
    return pd.DataFrame(
        {"series_id": series_id, "at": pd.DatetimeIndex(stamps).tz_convert("UTC").tz_localize(None), "value": values}
    )


def uneven_days(seed, start, end, timezone, step_s=300, loss=0.1):
    """Irregular samples of a solar-like power with lost readings and one long hole."""
    rng = np.random.default_rng(seed)
    stamps = pd.date_range(start, end, freq=f"{step_s}s", tz=timezone, inclusive="left")
    stamps = stamps + pd.to_timedelta(rng.integers(0, step_s * 800, len(stamps)), unit="ms")
    keep = rng.random(len(stamps)) > loss
    keep[len(stamps) // 3 : len(stamps) // 3 + 40] = False
    hour = stamps.hour + stamps.minute / 60
    values = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * 40 * rng.uniform(0.5, 1, len(stamps))
    return stamps[keep], values[keep]


def plain_energy(stamps, values, timezone):
    """Energy [kWh] and covered time [s] per local hour: python loops over the steps, cut at local hours."""
    local = pd.DatetimeIndex(stamps).tz_convert(timezone)
    steps = pd.Series(np.r_[np.nan, np.diff(local.as_unit("us").asi8) / 1e6])
    is_within = np.r_[False, local.date[1:] == local.date[:-1]]
    limits = steps[is_within].groupby(local.date[is_within]).apply(statistics.median_low)
    total = {}
    for i in range(1, len(local)):
        limit = min(86400.0, max(1800.0, 3 * limits[local[i].date()]))
        t0, t1, v0, v1 = local[i - 1], local[i], values[i - 1], values[i]
        length = (t1 - t0).total_seconds()
        if length > limit:
            continue
        left = t0
        while left < t1:
            hour = (
                left.tz_convert("UTC") - timedelta(minutes=left.minute, seconds=left.second, microseconds=left.microsecond)
            ).tz_convert(timezone)
            right = min(t1, hour + timedelta(hours=1))
            a = v0 + (v1 - v0) * (left - t0).total_seconds() / length
            b = v0 + (v1 - v0) * (right - t0).total_seconds() / length
            seconds = (right - left).total_seconds()
            energy, covered = total.get(hour, (0.0, 0.0))
            total[hour] = (energy + (a + b) / 2 * seconds / 3600, covered + seconds)
            left = right
    frame = pd.DataFrame([(hour, *parts) for hour, parts in total.items()], columns=["starts_at", "energy_kwh", "covered_s"])
    return frame.set_index("starts_at").sort_index()


def plain_statistics(stamps, values, keys):
    series = pd.Series(values, index=pd.DatetimeIndex(stamps).tz_convert("UTC"))
    group = series.groupby(keys)
    minutes = pd.Series(series.index.floor("min"), index=series.index).groupby(keys).nunique()
    return pd.DataFrame(
        {
            "reading_count": group.count(), "sum": group.sum(), "mean": group.mean(), "min": group.min(), "max": group.max(),
            "first": group.first(), "last": group.last(), "stddev": group.std(), "median": group.quantile(0.5),
            "p95": group.quantile(0.95), "p99": group.quantile(0.99), "active_minutes": minutes,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("timezone", "start", "end"),
    [
        ("America/Sao_Paulo", "2026-02-01", "2026-02-05"),
        ("Europe/Berlin", "2025-10-25", "2025-10-28"),
        ("Europe/Berlin", "2026-03-28", "2026-03-31"),
        ("Asia/Kolkata", "2026-01-30", "2026-02-02"),
    ],
)
def test_hours_and_days_equal_an_independent_computation(fleet_in, timezone, start, end):
    fleet = fleet_in(timezone=timezone)
    fleet.add_device("1", "meter")
    series_id = fleet.series["1", "ac_power_kw"]
    stamps, values = uneven_days(7, start, end, timezone)

    fleet.load(fleet.register("a"), rows_of(series_id, stamps, values))
    fleet.roll_up()

    local = pd.DatetimeIndex(stamps).tz_convert(timezone)
    hours = fleet.rollups("hour", series_id).set_index("starts_at")
    expected = plain_statistics(
        stamps,
        values,
        (
            local.tz_convert("UTC")
            - pd.to_timedelta(local.minute * 60 + local.second, unit="s")
            - pd.to_timedelta(local.microsecond, unit="us")
        ),
    )
    measured = hours[hours["reading_count"] > 0]
    pd.testing.assert_frame_equal(
        measured[STATISTICS].astype(float),
        expected[STATISTICS].astype(float),
        check_names=False,
        check_index_type=False,
        rtol=1e-12,
    )
    energy = plain_energy(stamps, values, timezone)
    assert np.allclose(hours.loc[energy.index, "energy_kwh"].astype(float), energy["energy_kwh"], rtol=1e-12)
    assert np.allclose(hours.loc[energy.index, "covered_s"], energy["covered_s"])
    assert hours.loc[~hours.index.isin(energy.index), "energy_kwh"].isna().all()
    days = fleet.rollups("day", series_id).set_index("local_date")
    by_day = plain_statistics(stamps, values, np.array(local.date))
    assert np.allclose(days[STATISTICS].astype(float), by_day[STATISTICS].astype(float))
    assert np.allclose(days["energy_kwh"], energy["energy_kwh"].groupby(energy.index.date).sum())
    lengths = (days["ends_at"] - days["starts_at"]).dt.total_seconds()
    assert (days["expected_s"] == lengths).all()


def test_a_day_on_which_the_clock_changes_has_23_or_25_hours(fleet_in):
    fleet = fleet_in(timezone="Europe/Berlin")
    fleet.add_device("1")
    series_id = fleet.series["1", "ac_power_kw"]
    autumn = pd.date_range("2025-10-26T00:00", "2025-10-26T23:55", freq="5min", tz="Europe/Berlin")
    spring = pd.date_range("2026-03-29T00:00", "2026-03-29T23:55", freq="5min", tz="Europe/Berlin")

    for name, stamps in (("autumn", autumn), ("spring", spring)):
        fleet.load(fleet.register(name), rows_of(series_id, stamps, np.full(len(stamps), 12.0)))
    fleet.roll_up()

    hours = fleet.rollups("hour", series_id)
    days = fleet.rollups("day", series_id)
    assert hours.groupby("local_date").size().tolist() == [25, 23]
    assert days["energy_kwh"].tolist() == pytest.approx([12 * (25 - 5 / 60), 12 * (23 - 5 / 60)])


def test_weeks_months_and_years_are_weighted_by_their_readings(small_fleet):
    small_fleet.add_device("m", "meter")
    series_id = small_fleet.series["m", "ac_power_kw"]
    stamps, values = uneven_days(3, "2025-12-20", "2026-01-12", "America/Sao_Paulo", step_s=1800, loss=0.3)

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, stamps, values))
    small_fleet.roll_up()

    local = pd.DatetimeIndex(stamps).tz_convert("America/Sao_Paulo").tz_localize(None)
    for grain, code in (("week", "W-SUN"), ("month", "M"), ("year", "Y")):
        rollup = small_fleet.rollups(grain, series_id)
        plain = pd.Series(values, index=local).groupby(local.to_period(code))
        assert rollup["reading_count"].tolist() == plain.count().tolist()
        for name, expected in (("mean", plain.mean()), ("stddev", plain.std()), ("min", plain.min()), ("max", plain.max()),
                               ("first", plain.first()), ("last", plain.last())):  # fmt: skip
            assert np.allclose(rollup[name].astype(float), expected), (grain, name)
        days = small_fleet.rollups("day", series_id)
        by_period = days.groupby(pd.PeriodIndex(pd.to_datetime(days["local_date"]), freq=code))
        assert np.allclose(rollup["energy_kwh"], by_period["energy_kwh"].sum())
        assert np.allclose(rollup["covered_s"], by_period["covered_s"].sum())
    months = small_fleet.rollups("month", series_id)
    assert months["expected_s"].tolist() == [31 * 86400, 31 * 86400]


def test_a_gap_longer_than_the_limit_is_not_bridged(small_fleet):
    series_id = small_fleet.series["1", "ac_power_kw"]
    before = pd.date_range("2026-02-01T10:00", "2026-02-01T11:00", freq="5min", tz="America/Sao_Paulo")
    after = pd.date_range("2026-02-01T11:31", "2026-02-01T12:31", freq="5min", tz="America/Sao_Paulo")

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, before.append(after), np.full(26, 6.0)))
    small_fleet.roll_up()

    day = small_fleet.rollups("day", series_id).iloc[0]
    assert day["energy_kwh"] == pytest.approx(12.0)
    assert day["covered_s"] == pytest.approx(7200)


def test_a_gap_within_the_limit_is_bridged(small_fleet):
    series_id = small_fleet.series["1", "ac_power_kw"]
    before = pd.date_range("2026-02-01T10:00", "2026-02-01T11:00", freq="5min", tz="America/Sao_Paulo")
    after = pd.date_range("2026-02-01T11:30", "2026-02-01T12:30", freq="5min", tz="America/Sao_Paulo")

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, before.append(after), np.full(26, 6.0)))
    small_fleet.roll_up()

    assert small_fleet.rollups("day", series_id).iloc[0]["energy_kwh"] == pytest.approx(15.0)


def test_a_plant_is_the_sum_of_its_inverters_and_expects_every_one(small_fleet):
    stamps = pd.date_range("2026-02-01T10:00", "2026-02-01T12:00", freq="5min", tz="America/Sao_Paulo")
    one = rows_of(small_fleet.series["1", "ac_power_kw"], stamps, np.full(len(stamps), 5.0))

    small_fleet.load(small_fleet.register("a"), one)
    small_fleet.roll_up()

    plant_id = small_fleet.read("SELECT series_id FROM fleet.series WHERE origin = 'derived'")["series_id"].item()
    day = small_fleet.rollups("day", plant_id).iloc[0]
    assert day["energy_kwh"] == pytest.approx(10.0)
    light_s = small_fleet.rollups("day", small_fleet.series["1", "ac_power_kw"])["expected_s"].item()
    assert (day["covered_s"], day["expected_s"]) == (7200, 2 * light_s)

    small_fleet.load(small_fleet.register("b"), one.assign(series_id=small_fleet.series["2", "ac_power_kw"], value=7.0))
    small_fleet.roll_up()

    day = small_fleet.rollups("day", plant_id).iloc[0]
    assert day["energy_kwh"] == pytest.approx(24.0)
    assert (day["covered_s"], day["expected_s"]) == (14400, 2 * light_s)
    assert small_fleet.rollups("month", plant_id)["energy_kwh"].tolist() == pytest.approx([24.0])


def test_solar_power_is_expected_in_daylight_only(fleet_in):
    fleet = fleet_in(timezone="America/Sao_Paulo", latitude=-23.55, longitude=-46.63)
    fleet.add_device("1")
    series_id = fleet.series["1", "ac_power_kw"]
    stamps = pd.date_range("2026-03-20T05:00", "2026-03-20T19:00", freq="5min", tz="America/Sao_Paulo")

    fleet.load(fleet.register("a"), rows_of(series_id, stamps, np.full(len(stamps), 1.0)))
    fleet.roll_up()

    day = fleet.rollups("day", series_id).iloc[0]
    assert day["covered_s"] == pytest.approx(day["expected_s"])
    # At the equinox the sun's centre is above 5 degrees for 12 h less 2 x (5 / 15 / cos 23.55) h, give or take minutes.
    assert day["expected_s"] / 3600 == pytest.approx(12 - 2 * 5 / 15 / np.cos(np.radians(23.55)), abs=0.15)


def test_a_counter_gives_its_increase_over_gaps_resets_and_glitches(small_fleet):
    small_fleet.add_device("m", "meter", ("energy_total_kwh",))
    series_id = small_fleet.series["m", "energy_total_kwh"]
    stamps = pd.DatetimeIndex(
        ["2026-02-01T01:00", "2026-02-01T02:00", "2026-02-01T03:00", "2026-02-01T04:00", "2026-02-03T04:00", "2026-02-03T05:00",
         "2026-02-03T06:00"]
    ).tz_localize("America/Sao_Paulo")  # fmt: skip
    # 100 -> 110, a glitch to 0, 130: +30 by 04:00; two silent days with +48; a reset to 3: +3; then +7.
    values = [100.0, 110.0, 0.0, 130.0, 178.0, 3.0, 10.0]

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, stamps, values))
    small_fleet.roll_up()

    days = small_fleet.rollups("day", series_id)
    assert [str(day) for day in days["local_date"]] == ["2026-02-01", "2026-02-02", "2026-02-03"]
    assert days["energy_kwh"].tolist() == pytest.approx([30 + 20, 24, 4 + 3 + 7])
    assert days["reading_count"].tolist() == [4, 0, 3]
    assert days["covered_s"].tolist() == pytest.approx([10800, 0, 7200])


def test_a_bucket_whose_readings_are_gone_is_removed(small_fleet):
    series_id = small_fleet.series["1", "ac_power_kw"]
    stamps = pd.date_range("2026-02-01T10:00", "2026-02-03T10:00", freq="15min", tz="America/Sao_Paulo")
    document_id = small_fleet.register("a")
    small_fleet.load(document_id, rows_of(series_id, stamps, np.full(len(stamps), 5.0)))
    small_fleet.roll_up()
    small_fleet.read("UPDATE landing.document SET state = 'landed' RETURNING 1")
    kept = stamps < pd.Timestamp("2026-02-02", tz="America/Sao_Paulo")

    small_fleet.load(document_id, rows_of(series_id, stamps[kept], np.full(kept.sum(), 5.0)))
    small_fleet.roll_up()

    assert [str(day) for day in small_fleet.rollups("day", series_id)["local_date"]] == ["2026-02-01"]
    assert set(small_fleet.rollups("hour", series_id)["local_date"].astype(str)) == {"2026-02-01"}
    assert small_fleet.rollups("month", series_id)["reading_count"].tolist() == [56]


def test_rolling_up_again_changes_nothing(small_fleet):
    series_id = small_fleet.series["1", "ac_power_kw"]
    stamps, values = uneven_days(11, "2026-02-01", "2026-02-04", "America/Sao_Paulo")
    small_fleet.load(small_fleet.register("a"), rows_of(series_id, stamps, values))
    small_fleet.roll_up()
    small_fleet.read(
        "INSERT INTO ops.dirty_day (series_id, local_day) SELECT series_id, local_date FROM mart.rollup_day RETURNING 1"
    )

    changed = small_fleet.roll_up()

    assert changed == 0


def local_stamps(*texts, timezone="America/Sao_Paulo"):
    return pd.DatetimeIndex(texts).tz_localize(timezone)


def load_daily_counter(fleet, stamps, values):
    fleet.add_device("d", "inverter", ("energy_today_kwh",))
    series_id = fleet.series["d", "energy_today_kwh"]
    fleet.load(fleet.register("a"), rows_of(series_id, stamps, values))
    fleet.roll_up()
    return fleet.rollups("day", series_id)


def test_a_counter_of_the_day_begins_anew_and_a_silent_night_belongs_to_no_day(small_fleet):
    stamps = local_stamps(
        "2026-02-01T12:00", "2026-02-01T18:00", "2026-02-02T06:00", "2026-02-02T12:00", "2026-02-02T18:00", "2026-02-03T10:00",
        "2026-02-03T12:00",
    )  # fmt: skip
    # 2 February begins with 0.5 after a reset; 3 February with 9, more than the evening before, since the morning was silent.
    values = [10.0, 16.0, 0.5, 4.5, 6.5, 9.0, 12.0]

    days = load_daily_counter(small_fleet, stamps, values)

    assert days["energy_kwh"].tolist() == pytest.approx([6.0, 6.5, 12.0])


def test_a_counter_of_the_day_that_still_holds_yesterday_after_midnight_adds_nothing(small_fleet):
    stamps = local_stamps(
        "2026-02-01T12:00", "2026-02-01T18:00", "2026-02-02T00:05", "2026-02-02T05:00", "2026-02-02T06:00", "2026-02-02T08:00"
    )

    days = load_daily_counter(small_fleet, stamps, [10.0, 16.0, 16.0, 16.0, 0.0, 3.0])

    assert days["energy_kwh"].tolist() == pytest.approx([6.0, 3.0])


def test_a_single_low_reading_in_the_morning_is_no_glitch_of_a_counter_of_the_day(small_fleet):
    stamps = local_stamps("2026-02-01T17:00", "2026-02-01T18:00", "2026-02-02T08:00", "2026-02-02T12:00")

    days = load_daily_counter(small_fleet, stamps, [2.0, 2.5, 0.5, 6.0])

    assert days["energy_kwh"].tolist() == pytest.approx([0.5, 6.0])


def test_a_counter_of_the_day_that_counts_over_midnight_without_a_pause_keeps_its_difference(small_fleet):
    stamps = local_stamps("2026-02-01T23:30", "2026-02-02T00:30")

    days = load_daily_counter(small_fleet, stamps, [10.0, 12.0])

    assert days["energy_kwh"].tolist() == pytest.approx([1.0, 1.0])


def add_plant_series(fleet, quantity):
    with transaction(fleet.url) as connection:
        plant = read_subjects(connection, fleet.tenant_id, "plant", ["p1"])["p1"]
        ((pair, series_id),) = ensure_series(connection, fleet.tenant_id, "plant", [(plant.subject_id, quantity)]).items()
    fleet.series["p1", pair[1]] = series_id
    return series_id


def test_amounts_of_days_make_days_weeks_months_and_years_where_the_clock_changes(fleet_in):
    fleet = fleet_in(timezone="Europe/Berlin")
    series_id = add_plant_series(fleet, "energy_day_kwh")
    # Sunday 29 March has 23 hours; Monday begins a week, Wednesday a month.
    stamps = pd.date_range("2026-03-28", "2026-04-01", freq="D", tz="Europe/Berlin")

    fleet.load(fleet.register("a"), rows_of(series_id, stamps, [1.0, 2.0, 4.0, 8.0, 16.0]))
    fleet.roll_up()

    found = {grain: fleet.rollups(grain, series_id) for grain in ("hour", "day", "week", "month", "year")}
    assert {grain: frame["energy_kwh"].tolist() for grain, frame in found.items()} == {
        "hour": [], "day": [1.0, 2.0, 4.0, 8.0, 16.0], "week": [3.0, 28.0], "month": [15.0, 16.0], "year": [31.0],
    }  # fmt: skip
    assert [str(day) for day in found["day"]["local_date"]] == [f"2026-03-{n}" for n in (28, 29, 30, 31)] + ["2026-04-01"]
    assert found["day"]["covered_s"].tolist() == [86400, 82800, 86400, 86400, 86400]
    assert (found["day"]["expected_s"] == found["day"]["covered_s"]).all()
    assert found["month"]["covered_s"].tolist() == [4 * 86400 - 3600, 86400]


def test_amounts_of_hours_make_days_of_23_and_25_hours(fleet_in):
    fleet = fleet_in(timezone="Europe/Berlin")
    series_id = add_plant_series(fleet, "irradiation_hour_kwh_m2")
    spring = pd.date_range("2026-03-29T00:00", "2026-03-29T23:00", freq="h", tz="Europe/Berlin")
    autumn = pd.date_range("2026-10-25T00:00", "2026-10-25T23:00", freq="h", tz="Europe/Berlin")

    fleet.load(fleet.register("a"), rows_of(series_id, spring.append(autumn), np.full(48, 0.5)))
    fleet.roll_up()

    days = fleet.rollups("day", series_id)
    assert days["sum"].tolist() == [11.5, 12.5]
    assert days["covered_s"].tolist() == [23 * 3600, 25 * 3600]
    assert days["energy_kwh"].isna().all()  # kWh/m² are no energy of the plant
    assert fleet.rollups("hour", series_id)["sum"].tolist() == [0.5] * 48


def test_amounts_of_quarter_hours_make_hours_and_days_where_the_clock_changes(fleet_in):
    fleet = fleet_in(timezone="Europe/Berlin")
    series_id = add_plant_series(fleet, "energy_15min_kwh")
    autumn = pd.date_range("2026-10-25T00:00", "2026-10-25T23:45", freq="15min", tz="Europe/Berlin")

    fleet.load(fleet.register("a"), rows_of(series_id, autumn[:50], np.full(50, 0.25)))
    fleet.load(fleet.register("b"), rows_of(series_id, autumn[50:], np.full(50, 0.25)))
    fleet.roll_up()

    found = {grain: fleet.rollups(grain, series_id) for grain in ("hour", "day", "week", "month", "year")}
    assert found["hour"]["energy_kwh"].tolist() == [1.0] * 25
    assert found["hour"]["covered_s"].tolist() == [3600.0] * 25
    assert found["day"]["energy_kwh"].tolist() == [25.0]
    assert found["day"]["covered_s"].tolist() == found["day"]["expected_s"].tolist() == [25 * 3600]
    assert [found[grain]["energy_kwh"].tolist() for grain in ("week", "month", "year")] == [[25.0]] * 3


def test_an_hour_whose_amounts_are_gone_is_removed(small_fleet):
    series_id = add_plant_series(small_fleet, "energy_30min_kwh")
    stamps = pd.date_range("2026-02-01T10:00", periods=4, freq="30min", tz="America/Sao_Paulo")
    document_id = small_fleet.register("a")
    small_fleet.load(document_id, rows_of(series_id, stamps, [1.0, 2.0, 4.0, 8.0]))
    small_fleet.roll_up()
    small_fleet.read("UPDATE landing.document SET state = 'landed' RETURNING 1")

    small_fleet.load(document_id, rows_of(series_id, stamps[:2], [1.0, 2.0]))
    small_fleet.roll_up()

    assert small_fleet.rollups("hour", series_id)["energy_kwh"].tolist() == [3.0]
    assert small_fleet.rollups("year", series_id)["energy_kwh"].tolist() == [3.0]


def test_energies_of_intervals_of_an_inverter_are_the_vendors_word_of_its_day(small_fleet):
    stamps = pd.date_range("2026-02-01T00:00", "2026-02-01T23:45", freq="15min", tz="America/Sao_Paulo")
    with transaction(small_fleet.url) as connection:
        inverter = read_subjects(connection, small_fleet.tenant_id, "device", ["1"])["1"]
        pair = (inverter.subject_id, "energy_15min_kwh")
        series_id = ensure_series(connection, small_fleet.tenant_id, "device", [pair])[pair]

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, stamps, np.full(len(stamps), 0.25)))
    small_fleet.roll_up()

    days = small_fleet.read("SELECT device_id, energy_kwh, energy_source, completeness FROM mart.energy_day ORDER BY device_id")
    assert days["energy_kwh"].tolist() == [24.0, 24.0]
    assert set(days["energy_source"]) == {"vendor"}


def test_energies_of_half_a_day_do_not_call_the_day_complete(small_fleet):
    stamps = pd.date_range("2026-02-01T00:00", "2026-02-01T11:45", freq="15min", tz="America/Sao_Paulo")
    with transaction(small_fleet.url) as connection:
        inverter = read_subjects(connection, small_fleet.tenant_id, "device", ["1"])["1"]
        pair = (inverter.subject_id, "energy_15min_kwh")
        series_id = ensure_series(connection, small_fleet.tenant_id, "device", [pair])[pair]

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, stamps, np.full(len(stamps), 0.25)))
    small_fleet.roll_up()

    (row,) = small_fleet.read("SELECT completeness FROM mart.energy_day WHERE device_id IS NOT NULL")["completeness"]
    assert 0.4 < row < 0.6


def test_a_day_whose_amount_is_gone_is_removed_and_its_month_follows(small_fleet):
    series_id = add_plant_series(small_fleet, "energy_day_kwh")
    stamps = pd.date_range("2026-02-01", "2026-02-03", freq="D", tz="America/Sao_Paulo")
    document_id = small_fleet.register("a")
    small_fleet.load(document_id, rows_of(series_id, stamps, [1.0, 2.0, 4.0]))
    small_fleet.roll_up()
    small_fleet.read("UPDATE landing.document SET state = 'landed' RETURNING 1")

    small_fleet.load(document_id, rows_of(series_id, stamps[:2], [1.0, 2.0]))
    small_fleet.roll_up()

    assert small_fleet.rollups("day", series_id)["energy_kwh"].tolist() == [1.0, 2.0]
    assert small_fleet.rollups("month", series_id)["energy_kwh"].tolist() == [3.0]


@pytest.mark.parametrize("name", [row.name for row in QUANTITIES.values() if row.kind == "amount"])
def test_the_name_of_an_amount_tells_to_what_it_belongs(name):
    assert name.startswith("consumption_") or re.search(r"_(\d+min|hour|day|month)_", name)


def test_a_plants_own_power_is_not_added_to_that_of_its_inverters(small_fleet):
    stamps = pd.date_range("2026-02-01T10:00", "2026-02-01T12:00", freq="5min", tz="America/Sao_Paulo")
    own = add_plant_series(small_fleet, "ac_power_kw")
    inverters = [small_fleet.series[key, "ac_power_kw"] for key in ("1", "2")]

    for name, series_id, power in (("a", inverters[0], 5.0), ("b", inverters[1], 7.0), ("c", own, 12.5)):
        small_fleet.load(small_fleet.register(name), rows_of(series_id, stamps, np.full(len(stamps), power)))
    small_fleet.roll_up()

    days = small_fleet.read(
        "SELECT origin, energy_kwh FROM mart.rollup JOIN fleet.series USING (series_id) "
        "WHERE grain = 'day' AND plant_id IS NOT NULL"
    )
    assert dict(days.itertuples(index=False)) == pytest.approx({"derived": 24.0, "measured": 25.0})
    with transaction(small_fleet.url) as connection:
        assert read_overview(connection, "demo")["generated_kwh"] == pytest.approx(24.0)


def test_amounts_of_plants_are_not_consumption(small_fleet):
    series_id = add_plant_series(small_fleet, "energy_day_kwh")

    small_fleet.load(small_fleet.register("a"), rows_of(series_id, local_stamps("2026-02-01"), [50.0]))
    small_fleet.roll_up()

    with transaction(small_fleet.url) as connection:
        assert read_overview(connection, "demo")["consumed_kwh"] is None


class Checked:
    """A small fleet on 1 February: energies of the day by series, loaded and rolled up."""

    def __init__(self, fleet) -> None:
        self.fleet = fleet
        self.day = pd.date_range("2026-02-01T08:00", "2026-02-01T18:00", freq="5min", tz="America/Sao_Paulo")

    def power(self, key, kwh):
        self.tell(key, "ac_power_kw", self.day, np.full(len(self.day), kwh / 10))

    def counter(self, key, kwh, quantity="energy_today_kwh"):
        self.tell(key, quantity, self.day[[0, -1]], [100.0, 100.0 + kwh])

    def tell(self, key, quantity, stamps, values):
        if key == "p1":
            add_plant_series(self.fleet, quantity)
        elif (key, quantity) not in self.fleet.series:
            self.fleet.add_device(key, "inverter", (quantity,))
        name = f"{key} {quantity}"
        self.fleet.load(self.fleet.register(name), rows_of(self.fleet.series[key, quantity], stamps, values))

    def read(self):
        self.fleet.roll_up()
        frame = self.fleet.read(
            "SELECT coalesce(d.device_key, 'plant') AS key, c.* "
            "FROM api.energy_check AS c LEFT JOIN fleet.device AS d USING (device_id)"
        )
        return frame.set_index("key")


@pytest.fixture
def checked(small_fleet) -> Checked:
    return Checked(small_fleet)


@pytest.mark.parametrize(("counted", "flagged"), [(98.0, False), (97.1, False), (96.9, True), (103.0, False), (103.2, True)])
def test_energies_of_a_day_that_differ_by_more_than_3_percent_are_flagged(checked, counted, flagged):
    checked.power("1", 100.0)
    checked.counter("1", counted)

    row = checked.read().loc["1"]

    assert (row["integrated_kwh"], row["counted_kwh"]) == pytest.approx((100.0, counted))
    assert row["deviation_pct"] == pytest.approx(100 * abs(100 - counted) / max(100, counted))
    assert row["is_flagged"] == flagged


def test_a_plant_is_checked_by_its_inverters_sums_and_by_what_the_vendor_says_of_the_day(checked):
    for key, power, counter in (("1", 100.0, 101.0), ("2", 60.0, 60.0)):
        checked.power(key, power)
        checked.counter(key, counter)
    checked.tell("p1", "energy_day_kwh", local_stamps("2026-02-01"), [166.0])

    row = checked.read().loc["plant"]

    assert row[["integrated_kwh", "counted_kwh", "vendor_kwh"]].tolist() == pytest.approx([160.0, 161.0, 166.0])
    assert row["deviation_pct"] == pytest.approx(100 * 6 / 166)
    assert row["is_flagged"]


def test_a_plant_whose_inverters_do_not_all_count_has_no_counter(checked):
    for key in ("1", "2"):
        checked.power(key, 100.0)
    checked.counter("1", 100.0)

    row = checked.read().loc["plant"]

    assert pd.isna(row["counted_kwh"])
    assert not row["is_flagged"]


def test_a_plants_own_counter_goes_before_the_sum_of_its_inverters(checked):
    for key in ("1", "2"):
        checked.power(key, 100.0)
        checked.counter(key, 100.0)
    checked.counter("p1", 210.0, "energy_total_kwh")

    row = checked.read().loc["plant"]

    assert row["counted_kwh"] == pytest.approx(210.0)
    assert row["is_flagged"]


def test_a_plant_without_inverters_of_its_own_power_is_checked_by_itself(checked):
    checked.power("p1", 100.0)
    checked.tell("p1", "energy_day_kwh", local_stamps("2026-02-01"), [99.0])

    row = checked.read().loc["plant"]

    assert row[["integrated_kwh", "vendor_kwh"]].tolist() == pytest.approx([100.0, 99.0])
    assert not row["is_flagged"]


def test_the_counter_of_a_plant_may_catch_up_what_a_silent_inverter_made(small_fleet):
    with transaction(small_fleet.url) as connection:
        plant_id = connection.execute(text("SELECT plant_id FROM fleet.plant")).scalar_one()
        series_ids = ensure_series(connection, small_fleet.tenant_id, "plant", [(plant_id, "energy_total_kwh")])
    series_id = small_fleet.series["plant", "energy_total_kwh"] = series_ids[plant_id, "energy_total_kwh"]
    stamps = pd.date_range("2026-02-01T10:00", periods=5, freq="5min", tz="America/Sao_Paulo")

    # The plant is rated 100 kW, which makes at most 10 kWh in five minutes.
    small_fleet.load(small_fleet.register("a"), rows_of(series_id, stamps, [1000.0, 1004.0, 1008.0, 1048.0, 1052.0]))
    small_fleet.roll_up()

    assert small_fleet.rollups("day", series_id)["energy_kwh"].tolist() == pytest.approx([52.0])
    assert small_fleet.read("SELECT coalesce(sum(held_back + dips + resets), 0) AS n FROM mart.counter_day")["n"].item() == 0
