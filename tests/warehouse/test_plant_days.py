"""The second stage of the roll-up: the power of plants, and the published energy of plants and inverters by day."""

import multiprocessing
import os
import threading
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.rollups.plants import roll_up_plants
from include.warehouse import fleet as registry
from include.warehouse.engine import engine_of, transaction
from tests.warehouse.conftest import NOW
from tests.warehouse.small_river import in_child
from tests.warehouse.test_rollups import add_plant_series, rows_of, uneven_days

pytestmark = pytest.mark.postgres

ZONE = "America/Sao_Paulo"
DAY = "2026-02-01"
PLACE = {"latitude": -23.55, "longitude": -46.63}


def stamps(first="06:00", last="18:00", day=DAY, freq="5min"):
    return pd.date_range(f"{day}T{first}", f"{day}T{last}", freq=freq, tz=ZONE)


def profile(at: pd.DatetimeIndex, peak_kw: float = 10.0) -> np.ndarray:
    """Power [kW] of a clear day from 6 to 18 o'clock."""
    hour = at.hour + at.minute / 60
    return np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * peak_kw


def gained(at: pd.DatetimeIndex, start: float = 1000.0, peak_kw: float = 10.0) -> np.ndarray:
    """What a counter shows that counts `profile`: its integral by hand."""
    hour = np.clip(at.hour + at.minute / 60, 6, 18)
    return start + peak_kw * 12 / np.pi * (1 - np.cos((hour - 6) / 12 * np.pi))


DAY_KWH = 10 * 24 / np.pi
"""Integral of `profile` over its day [kWh]."""


class Days:
    """A fleet whose subjects tell powers, counters and vendor's days, and what is published of them."""

    def __init__(self, fleet) -> None:
        self.fleet = fleet

    def tell(self, key: str, quantity: str, at, values, kind: str = "inverter") -> None:
        if (key, quantity) not in self.fleet.series:
            if key == "p1":
                add_plant_series(self.fleet, quantity)
            else:
                self.fleet.add_device(key, kind, (quantity,))
        name = f"{key} {quantity} {len(self.fleet.read('SELECT 1 FROM landing.document'))}"
        self.fleet.load(self.fleet.register(name), rows_of(self.fleet.series[key, quantity], at, values))

    def power(self, key: str, at, peak_kw: float = 10.0) -> None:
        self.tell(key, "ac_power_kw", at, profile(at, peak_kw))

    def counter(self, key: str, at, quantity: str = "energy_total_kwh", kind: str = "inverter", peak_kw: float = 10.0) -> None:
        self.tell(key, quantity, at, gained(at, 0.0 if quantity == "energy_today_kwh" else 1000.0, peak_kw), kind)

    def vendor(self, key: str, kwh: float, day: str = DAY) -> None:
        self.tell(key, "energy_day_kwh", pd.DatetimeIndex([day]).tz_localize(ZONE), [kwh])

    def published(self, *, now: datetime = NOW, day: str = DAY) -> pd.DataFrame:
        """Rows of one day by device key, the plant's as `plant`."""
        self.fleet.roll_up(now=now)
        frame = self.fleet.read(
            "SELECT coalesce(d.device_key, 'plant') AS key, e.* FROM mart.energy_day AS e "
            "LEFT JOIN fleet.device AS d USING (device_id) WHERE local_date = :day",
            day=date.fromisoformat(day),
        )
        return frame.set_index("key")


@pytest.fixture
def days(fleet_in) -> Days:
    """A plant in São Paulo with its place and without any device."""
    return Days(fleet_in(**PLACE))


def told(row: pd.Series) -> tuple:
    found = row["energy_source"], row["energy_kwh"], row["recovered_kwh"], row["completeness"]
    return tuple(None if pd.isna(value) else value for value in found)


# ---------------------------------------------------------------------------------------------------------- kinds of plants


def test_inverters_by_power_make_the_day_of_their_plant(days):
    days.power("1", stamps())
    days.power("2", stamps(), peak_kw=5.0)

    found = days.published()

    integral = np.trapezoid(profile(stamps())) / 12
    assert told(found.loc["1"]) == ("power", pytest.approx(integral), 0, pytest.approx(1, abs=0.02))
    assert told(found.loc["plant"]) == ("power", pytest.approx(1.5 * integral), 0, pytest.approx(1, abs=0.02))
    assert found.loc["plant", "starts_at"] == pd.Timestamp(f"{DAY}T03:00Z")
    assert found.loc["plant", "ends_at"] == pd.Timestamp("2026-02-02T03:00Z")


def test_a_plant_of_counters_alone_has_its_energy(days):
    days.counter("1", stamps())
    days.counter("2", stamps(), "energy_today_kwh")

    found = days.published()

    assert told(found.loc["1"]) == ("counter", pytest.approx(DAY_KWH), pytest.approx(DAY_KWH), pytest.approx(1, abs=0.02))
    assert told(found.loc["plant"])[:2] == ("counter", pytest.approx(2 * DAY_KWH))
    assert found.loc["plant", "completeness"] > 0.98
    assert found.loc["plant", "covered_s"] == 0
    assert found.loc["plant", "expected_s"] == 2 * found.loc["1", "expected_s"] > 80_000
    assert pd.isna(found.loc["plant", "integrated_kwh"])


def test_a_plant_with_a_meter_alone_has_its_energy(days):
    days.counter("m", stamps(), kind="meter")

    found = days.published()

    assert found.index.tolist() == ["plant"]
    assert told(found.loc["plant"])[:2] == ("counter", pytest.approx(DAY_KWH))
    assert found.loc["plant", "completeness"] > 0.98


def test_what_a_meter_feeds_into_the_grid_is_no_generation(days):
    days.tell("m", "export_total_kwh", stamps(), gained(stamps()), "meter")

    assert days.published().empty


def test_a_plant_by_its_own_power_has_its_energy(days):
    days.power("p1", stamps())

    found = days.published()

    assert told(found.loc["plant"])[:2] == ("power", pytest.approx(DAY_KWH, rel=1e-3))
    assert found.loc["plant", "covered_s"] > 0.95 * found.loc["plant", "expected_s"]


def test_a_plant_by_the_vendors_word_alone_is_complete_once_the_day_is_over(days):
    days.vendor("p1", 98.0)
    noon, midnight = datetime(2026, 2, 1, 15, tzinfo=UTC), datetime(2026, 2, 2, 3, tzinfo=UTC)

    running = days.published(now=noon).loc["plant"]
    over = days.published(now=midnight).loc["plant"]

    assert told(running) == ("vendor", 98.0, 0, None)
    assert told(over) == ("vendor", 98.0, 0, 1)
    assert days.fleet.roll_up(now=midnight + timedelta(days=1)) == 0


def test_a_silent_inverter_makes_its_plant_incomplete_until_the_plants_own_counter_tells_more(days):
    days.power("1", stamps())
    days.fleet.add_device("2")

    alone = days.published().loc["plant"]
    days.counter("p1", stamps(), peak_kw=20.0)
    beside = days.published().loc["plant"]

    assert told(alone)[:3] == ("power", pytest.approx(DAY_KWH, rel=1e-3), 0)
    assert alone["completeness"] == pytest.approx(0.5, abs=0.01)
    assert told(beside)[:2] == ("counter", pytest.approx(2 * DAY_KWH))
    assert beside["recovered_kwh"] == pytest.approx(DAY_KWH, rel=1e-3)
    assert beside["completeness"] > 0.98


def test_a_day_without_any_reading_has_no_row_and_a_sample_at_midnight_has_no_energy(days):
    days.power("1", stamps(last="18:00").append(pd.DatetimeIndex(["2026-02-03T00:00"]).tz_localize(ZONE)))

    assert days.published(day="2026-02-02").empty
    found = days.published(day="2026-02-03").loc["plant"]
    assert told(found) == (None, None, 0, 0)


def test_in_polar_night_nobody_can_tell_how_complete_a_day_is(fleet_in):
    days = Days(fleet_in(timezone="Europe/Oslo", latitude=78.2, longitude=15.6))
    at = pd.date_range("2026-01-01T00:00", "2026-01-01T23:55", freq="5min", tz="Europe/Oslo")
    days.tell("1", "ac_power_kw", at, np.zeros(len(at)))

    found = days.published(day="2026-01-01").loc["plant"]

    assert told(found)[:3] == ("power", 0, 0)
    assert pd.isna(found["completeness"])


# ----------------------------------------------------------------------------------------------------------- gaps and counters


def with_gap(first: str, last: str, day: str = DAY) -> pd.DatetimeIndex:
    at = stamps(day=day)
    return at[(at <= f"{day}T{first}") | (at >= f"{day}T{last}")]


@pytest.mark.parametrize("quantity", ["energy_today_kwh", "energy_total_kwh"])
def test_what_a_counter_gained_while_power_was_silent_is_recovered(days, quantity):
    at = with_gap("10:10", "12:40")
    days.power("1", at)
    days.counter("1", at, quantity)

    found = days.published().loc["1"]

    missed = np.diff(gained(pd.DatetimeIndex([f"{DAY}T10:10", f"{DAY}T12:40"])))[0]
    assert told(found)[:3] == (
        "power and counter", pytest.approx(DAY_KWH, rel=2e-3), pytest.approx(missed, rel=0.02)
    )  # fmt: skip
    assert found["energy_kwh"] == found["integrated_kwh"] + found["recovered_kwh"]
    assert found["completeness"] > 0.98
    assert found["covered_s"] < found["expected_s"] - 8000


def test_a_gap_without_a_counter_stays_a_gap(days):
    days.power("1", with_gap("10:10", "12:40"))

    found = days.published().loc["1"]

    assert told(found)[0::2] == ("power", 0)
    assert 0.65 < found["completeness"] < 0.75


def test_a_silence_over_days_is_recovered_to_the_last_kilowatt_hour(days):
    """Both fall silent at 15:00 and speak again three days later: all days together are what the counter says."""
    before, after = stamps(last="15:00"), stamps(first="09:00", day="2026-02-04")
    days.power("1", before.append(after))
    days.tell("1", "energy_total_kwh", before.append(after), np.append(gained(before), 3 * DAY_KWH + gained(after)))

    days.published()

    found = days.fleet.read("SELECT * FROM mart.energy_day WHERE device_id IS NULL ORDER BY local_date")
    assert found["energy_source"].tolist() == ["power and counter", "counter", "counter", "power and counter"]
    assert found["energy_kwh"].sum() == pytest.approx(4 * DAY_KWH, rel=1e-3)
    assert (found["completeness"] > 0.98).all()


def test_a_counter_that_was_held_back_recovers_nothing(days):
    at = with_gap("10:10", "12:40")
    days.power("1", at)
    days.counter("1", at)
    days.published()
    days.fleet.read(
        "INSERT INTO mart.counter_day VALUES (:series, :day, 0, 0, 0, 1, NULL) RETURNING 1",
        series=days.fleet.series["1", "energy_total_kwh"],
        day=date.fromisoformat(DAY),
    )
    mark(days.fleet, DAY)

    found = days.published().loc["1"]
    assert told(found)[0::2] == ("power", 0)
    assert 0.65 < found["completeness"] < 0.75


def test_a_counter_of_the_day_that_began_anew_goes_behind_the_lifetime_counter(days):
    days.counter("1", stamps(), "energy_today_kwh", peak_kw=9.0)
    days.counter("1", stamps())
    assert days.published().loc["1", "counted_kwh"] == pytest.approx(0.9 * DAY_KWH)
    days.fleet.read(
        "INSERT INTO mart.counter_day VALUES (:series, :day, 0, 0, 1, 0, NULL) RETURNING 1",
        series=days.fleet.series["1", "energy_today_kwh"],
        day=date.fromisoformat(DAY),
    )
    mark(days.fleet, DAY)

    assert days.published().loc["1", "counted_kwh"] == pytest.approx(DAY_KWH)


def test_a_counter_that_is_read_once_a_day_adds_no_night_to_a_day_of_power(days):
    """Its gain is spread over 24 hours; those of the night, when inverters sleep, are no gap of power."""
    days.power("1", stamps())
    midnights = pd.date_range(DAY, periods=3, freq="D", tz=ZONE)
    days.tell("1", "energy_total_kwh", midnights, [1000.0, 1000 + DAY_KWH, 1000 + 2 * DAY_KWH])

    found = days.published().loc["1"]

    assert told(found)[:3] == ("power", pytest.approx(DAY_KWH, rel=2e-3), 0)


def test_a_plant_without_a_place_is_expected_in_the_daylight_of_its_zones_city(fleet_in):
    days = Days(fleet_in())
    days.power("1", stamps())

    found = days.published().loc["plant"]

    assert found["expected_s"] < 14 * 3600
    assert found["covered_s"] / found["expected_s"] > 0.95
    assert found["completeness"] > 0.95


# ------------------------------------------------------------------------------------------------------- the power of a plant


def mark(fleet, *local_days: str) -> None:
    with transaction(fleet.url) as connection:
        for local_day in local_days:
            connection.execute(
                text("INSERT INTO ops.dirty_plant_day (plant_id, local_day) VALUES (1, :day)"),
                {"day": date.fromisoformat(local_day)},
            )


def derived(fleet) -> pd.DataFrame:
    return fleet.read(
        "SELECT r.* FROM mart.rollup AS r JOIN api.plant_energy_series USING (series_id) ORDER BY grain, starts_at"
    ).drop(columns="computed_at")


@pytest.mark.parametrize(("timezone", "start"), [("America/Sao_Paulo", "2026-01-30"), ("Europe/Berlin", "2026-03-27")])
def test_the_power_of_a_plant_is_that_of_its_inverters_in_every_grain(fleet_in, timezone, start):
    fleet = fleet_in(timezone=timezone, latitude=48.1, longitude=11.6)
    end = str((pd.Timestamp(start) + pd.Timedelta(days=5)).date())
    for seed, key in enumerate(("1", "2")):
        fleet.add_device(key)
        stamps, values = uneven_days(seed, start, end, timezone)
        fleet.load(fleet.register(key), rows_of(fleet.series[key, "ac_power_kw"], stamps, values))
    fleet.add_device("silent")
    fleet.roll_up()

    found = derived(fleet)

    # By pandas from the rows of the inverters; three inverters are registered.
    parts = fleet.read("SELECT * FROM mart.rollup WHERE series_id = ANY (:ids)", ids=list(fleet.series.values())).sort_values(
        "series_id"
    )
    for grain in ("hour", "day"):
        group = parts[parts["grain"] == grain].groupby("starts_at")
        rows = found[found["grain"] == grain].set_index("starts_at")
        for name in ("reading_count", "covered_s"):
            pd.testing.assert_series_equal(rows[name], group[name].sum(), check_dtype=False, check_exact=True)
        pd.testing.assert_series_equal(rows["energy_kwh"], group["energy_kwh"].sum(min_count=1), check_exact=True)
        pd.testing.assert_series_equal(rows["expected_s"], 3 * group["expected_s"].max(), check_exact=True)
    by_day = found[found["grain"] == "day"]
    daylight = fleet.read(
        "SELECT day::date AS day, extract(epoch FROM upper(l) - lower(l))::float8 AS s "
        "FROM generate_series('2025-12-01'::timestamp, '2027-01-31', '1 day') AS day, mart.daylight(day::date, 48.1, 11.6) AS l"
    ).set_index("day")["s"]
    for grain, freq in (("week", "W-SUN"), ("month", "M"), ("year", "Y")):
        periods = pd.to_datetime(by_day["local_date"]).dt.to_period(freq)
        rows = found[found["grain"] == grain].reset_index(drop=True)
        for name in ("reading_count", "covered_s", "energy_kwh"):
            assert rows[name].tolist() == pytest.approx(by_day.groupby(periods)[name].sum().tolist(), rel=1e-12)
        of_period = pd.to_datetime(daylight.index.to_series()).dt.to_period(freq)
        expected = 3 * daylight.groupby(of_period.values).sum()[periods.unique()]
        assert rows["expected_s"].tolist() == pytest.approx(expected.tolist(), rel=1e-9)
        assert [str(day) for day in rows["local_date"]] == [str(period.start_time.date()) for period in periods.unique()]


def test_a_repeat_changes_nothing_and_a_later_reading_changes_its_day_alone(days):
    days.power("1", stamps())
    days.power("1", stamps(day="2026-02-02"))
    days.published()
    mark(days.fleet, DAY, "2026-02-02", DAY)
    before = days.fleet.read("SELECT local_date, computed_at FROM mart.energy_day ORDER BY 1")

    assert days.fleet.roll_up_plants(now=NOW + timedelta(days=1)) == 0
    assert days.fleet.read("SELECT local_date, computed_at FROM mart.energy_day ORDER BY 1").equals(before)

    days.tell("1", "ac_power_kw", stamps("12:00", "12:00"), [20.0])
    days.published(now=NOW + timedelta(days=1))
    after = days.fleet.read("SELECT DISTINCT local_date, computed_at FROM mart.energy_day ORDER BY 1")
    assert after["computed_at"].tolist() == [NOW + timedelta(days=1), NOW]


def test_a_day_whose_readings_are_gone_is_gone(days):
    days.power("1", stamps())
    days.published()
    with transaction(days.fleet.url) as connection:
        connection.execute(text("DELETE FROM mart.reading"))
        connection.execute(
            text("INSERT INTO ops.dirty_day (series_id, local_day) SELECT series_id, local_date FROM mart.rollup_day")
        )

    assert days.published().empty
    assert derived(days.fleet).empty


def test_an_inverter_that_moves_takes_its_days_along(days):
    days.power("1", stamps())
    days.power("2", stamps())
    days.published()
    place = {"tenant_id": days.fleet.tenant_id, "source": "drops", "name": "Q", "timezone": ZONE, "city": None, **PLACE}
    other = place | {"plant_key": "p2", "capacity_kwp": None, "capacity_kw": None, "commissioned_on": None}
    with transaction(days.fleet.url) as connection:
        registry.upsert_rows(connection, "plant", [other])
        device = {"tenant_id": days.fleet.tenant_id, "source": "drops", "device_key": "2", "plant_key": "p2", "parent_key": None,
                  "kind": "inverter", "name": "Device 2", "model": None, "capacity_kw": 50}  # fmt: skip
        registry.upsert_rows(connection, "device", [device])

    days.fleet.roll_up()

    found = days.fleet.read(
        "SELECT plant_key, device_key, energy_kwh, expected_s FROM mart.energy_day JOIN fleet.plant USING (plant_id) "
        "LEFT JOIN fleet.device USING (device_id) ORDER BY 1, 2 NULLS FIRST"
    )
    assert found["plant_key"].tolist() == ["p1", "p1", "p2", "p2"]
    assert found["device_key"].fillna("").tolist() == ["", "1", "", "2"]
    assert found["expected_s"].nunique() == 1
    assert found["energy_kwh"].tolist() == pytest.approx([DAY_KWH] * 4, rel=2e-3)


# ------------------------------------------------------------------------------------------------------------- side by side

PLANTS, DAY_COUNT, PROCESSES = 12, 8, 4


def many_plants(url: str) -> None:
    """Plants with two inverters each and day buckets that say their ids; nothing is marked."""
    with transaction(url) as connection:
        connection.execute(
            text(
                "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, latitude, longitude) "
                "SELECT 1, 'x' || n, 'x' || n, 'America/Sao_Paulo', -23.5, -46.6 FROM generate_series(1, :plants) AS n"
            ),
            {"plants": PLANTS},
        )
        for statement in (
            "INSERT INTO fleet.device (tenant_id, plant_id, device_key, name, kind) "
            "SELECT 1, plant_id, plant_key || '-' || n, plant_key, 'inverter' "
            "FROM fleet.plant, generate_series(1, 2) AS n WHERE plant_key LIKE 'x%'",
            "INSERT INTO fleet.series (tenant_id, device_id, quantity, kind) "
            "SELECT 1, device_id, 'ac_power_kw', 'power' FROM fleet.device WHERE device_key LIKE 'x%'",
        ):
            connection.execute(text(statement))


def change(url: str, local_day: date, kwh: float) -> None:
    """What the first stage does: new buckets and their marks in one transaction."""
    with transaction(url) as connection:
        parameters = {
            "day": local_day,
            "kwh": kwh,
            "start": datetime(local_day.year, local_day.month, local_day.day, 3, tzinfo=UTC),
        }
        connection.execute(
            text(
                "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, "
                "expected_s, energy_kwh, computed_at) "
                "SELECT series_id, 'day', :start, CAST(:start AS timestamptz) + interval '1 day', :day, "
                "10, 40000, 40000, :kwh, :start FROM fleet.series WHERE origin = 'measured' "
                "ON CONFLICT (series_id, grain, starts_at) DO UPDATE SET energy_kwh = EXCLUDED.energy_kwh"
            ),
            parameters,
        )
        connection.execute(
            text(
                "INSERT INTO ops.dirty_plant_day (plant_id, local_day) "
                "SELECT plant_id, :day FROM fleet.plant WHERE plant_key <> 'p1'"
            ),
            parameters,
        )


def test_four_roll_ups_side_by_side_lose_no_change_that_comes_meanwhile(fleet_in):
    url = fleet_in().url
    many_plants(url)
    all_days = [date(2026, 1, 1) + timedelta(days=n) for n in range(DAY_COUNT)]
    for local_day in all_days:
        change(url, local_day, 1.0)
    gate = multiprocessing.get_context("fork").Barrier(PROCESSES + 1)
    engine_of(url).dispose()

    def roll() -> None:
        gate.wait()
        idle = 0
        while idle < 20:
            with transaction(url) as connection:
                done = roll_up_plants(connection, computed_at=NOW, limit=5)
            idle = 0 if done.plant_days else idle + 1

    def tell() -> None:
        gate.wait()
        for kwh in range(2, 8):
            for local_day in all_days:
                change(url, local_day, float(kwh))

    children = [in_child(act) for act in (*[roll] * PROCESSES, tell)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * len(children)
    with transaction(url) as connection:
        while roll_up_plants(connection, computed_at=NOW).remaining:
            pass
        energies = connection.execute(
            text("SELECT device_id IS NULL, energy_kwh, count(*) FROM mart.energy_day GROUP BY 1, 2 ORDER BY 1")
        )
        assert list(map(tuple, energies)) == [(False, 7.0, 2 * PLANTS * DAY_COUNT), (True, 14.0, PLANTS * DAY_COUNT)]
        years = connection.execute(
            text("SELECT DISTINCT energy_kwh FROM mart.rollup_year JOIN api.plant_energy_series USING (series_id)")
        )
        assert list(years.scalars()) == [14.0 * DAY_COUNT]


def test_a_plant_that_another_roll_up_holds_is_left_to_it_and_the_others_are_taken(fleet_in):
    url = fleet_in().url
    many_plants(url)
    change(url, date(2026, 1, 1), 1.0)

    with engine_of(url).begin() as first, engine_of(url).begin() as second:
        assert roll_up_plants(first, computed_at=NOW, limit=3).plant_days == 3
        # The first holds the plants of its first lot, all twelve.
        assert roll_up_plants(second, computed_at=NOW).plant_days == 0
    with transaction(url) as connection:
        done = roll_up_plants(connection, computed_at=NOW)
    assert (done.plant_days, done.remaining) == (PLANTS - 3, 0)


def test_a_roll_up_that_dies_leaves_its_marks(fleet_in):
    url = fleet_in().url
    many_plants(url)
    change(url, date(2026, 1, 1), 1.0)

    with engine_of(url).connect() as connection:
        assert roll_up_plants(connection, computed_at=NOW).plant_days == PLANTS

    with transaction(url) as connection:
        assert connection.execute(text("SELECT count(*) FROM mart.energy_day")).scalar_one() == 0
        assert roll_up_plants(connection, computed_at=NOW).plant_days == PLANTS


def test_an_inverter_registered_during_a_roll_up_of_plants_is_expected_in_its_days_too(days):
    days.power("1", stamps())
    days.published()
    days.fleet.read("DELETE FROM mart.energy_day RETURNING 1")
    mark(days.fleet, DAY)
    registering = threading.Thread(target=days.fleet.add_device, args=("2",))

    with transaction(days.fleet.url) as connection:
        roll_up_plants(connection, computed_at=NOW)
        registering.start()
        registering.join(timeout=1)
        assert registering.is_alive()
    registering.join(timeout=60)

    assert days.published().loc["plant", "completeness"] == pytest.approx(0.5, abs=0.01)
