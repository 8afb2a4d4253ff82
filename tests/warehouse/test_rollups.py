"""Rollups against a second computation that shares no line with the SQL."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

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
    limits = steps.groupby(local.date).median()
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
    fleet.add_device("1")
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
    series_id = small_fleet.series["1", "ac_power_kw"]
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
    assert (day["covered_s"], day["expected_s"]) == (7200, 2 * 86400)

    small_fleet.load(small_fleet.register("b"), one.assign(series_id=small_fleet.series["2", "ac_power_kw"], value=7.0))
    small_fleet.roll_up()

    day = small_fleet.rollups("day", plant_id).iloc[0]
    assert day["energy_kwh"] == pytest.approx(24.0)
    assert (day["covered_s"], day["expected_s"]) == (14400, 2 * 86400)
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
    assert days["reading_count"].tolist() == [3, 0, 3]
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
