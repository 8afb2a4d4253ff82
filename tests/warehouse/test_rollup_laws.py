"""Laws of the roll-up: whatever came in whatever order, the buckets are those of the readings that are stored, and nothing else.

What is told to one plant bit by bit is told to its twin at once: the two must be equal to the last bit. And both must equal what
plain pandas makes of the same readings.
"""

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, reduce

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.core.quantities import QUANTITIES
from include.rollups.roll_up import roll_up
from include.warehouse import fleet
from include.warehouse.engine import transaction
from tests.warehouse.conftest import NOW, SmallFleet
from tests.warehouse.plain_rollup import STATISTICS, begin_of, local_dates, local_hours, plain_amounts, plain_rollup

pytestmark = pytest.mark.postgres

SAO_PAULO = "America/Sao_Paulo"
LIMITS = [1, 3, 7, 50_000]
NUMBERS = itertools.count(1)
FIGURES = [
    "ends_at", "local_date", "reading_count", *STATISTICS, "median", "p95", "p99", "active_minutes", "active_hours", "covered_s",
    "expected_s", "energy_kwh",
]  # fmt: skip

CITIES = {
    SAO_PAULO: (-(23 + 32 / 60), -(46 + 37 / 60)), "Europe/Berlin": (52.5, 13 + 22 / 60),
    "Asia/Kolkata": (22 + 32 / 60, 88 + 22 / 60),
    "Australia/Lord_Howe": (-(31 + 33 / 60), 159 + 5 / 60), "America/Havana": (23 + 8 / 60, -(82 + 22 / 60)),
    "Pacific/Apia": (-(13 + 50 / 60), -(171 + 44 / 60)), "America/St_Johns": (47 + 34 / 60, -(52 + 43 / 60)),
}  # fmt: skip
"""Latitude and longitude of the zones' cities, as zone.tab has them."""

SERIES = {
    "power": ("1", "ac_power_kw"),
    "power of another inverter": ("2", "ac_power_kw"),
    "gauge": ("1", "temp_inverter_c"),
    "counter": ("1", "energy_total_kwh"),
    "amounts of 15min": ("1", "energy_15min_kwh"),
    "amounts of hours": ("1", "energy_hour_kwh"),
    "amounts of days": ("1", "energy_day_kwh"),
    "amounts of months": ("1", "energy_month_kwh"),
}
WINDOWS = [
    (SAO_PAULO, date(2026, 2, 24)), (SAO_PAULO, date(2025, 12, 28)), ("Europe/Berlin", date(2026, 3, 27)),
    ("Europe/Berlin", date(2025, 10, 24)), ("Asia/Kolkata", date(2026, 1, 29)), ("Australia/Lord_Howe", date(2026, 4, 3)),
    ("Australia/Lord_Howe", date(2025, 10, 3)),
]  # fmt: skip
"""Zones and first local days: the ends of a month and a year, and both changes of the clock, by an hour and by half an hour."""
ODD_WINDOWS = [
    (SAO_PAULO, date(2017, 10, 13)), (SAO_PAULO, date(2018, 2, 15)), ("America/Havana", date(2025, 10, 31)),
    ("Pacific/Apia", date(2011, 12, 27)), ("America/St_Johns", date(2006, 10, 26)),
]  # fmt: skip
"""A midnight that is skipped, 25 hours that end at midnight, a midnight that comes twice, a local day that does not exist; and a
clock put back from 00:01 to 23:01, where only the counts are sure: offsets are looked up by the quarter of an hour."""

short = settings(
    max_examples=2000 if settings().max_examples > 50 else 25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
"""25 examples, in torture 2,000."""


# --------------------------------------------------------------------------------------------------------------- two equal plants


@dataclass
class Twins:
    """Two equal plants of a tenant: `told` and `twin` map what a series is to its SmallFleet's series."""

    url: str
    told: SmallFleet
    twin: SmallFleet

    def forget(self) -> None:
        with transaction(self.url) as connection:
            for table in (
                "mart.reading", "mart.superseded_reading", "mart.rollup", "mart.energy_day", "mart.counter_day", "ops.dirty_day",
                "ops.dirty_plant_day",
            ):  # fmt: skip
                connection.execute(text(f"DELETE FROM {table}"))

    def tell_twin(self) -> None:
        """Let the twin hear at once what is stored of the other."""
        twin_of = {self.told.series[key]: self.twin.series[key] for key in self.told.series}
        rows = stored(self.told)
        rows = rows.assign(series_id=rows["series_id"].map(twin_of))
        if len(rows):
            self.twin.load(self.twin.register(f"twin {next(NUMBERS)}"), rows)

    def assert_equal(self) -> None:
        found, expected = figures(self.told), figures(self.twin)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
        for table in ("mart.counter_day", "mart.energy_day"):
            pd.testing.assert_frame_equal(named(self.told, table), named(self.twin, table), check_exact=True)


@pytest.fixture(scope="module")
def warehouse(new_warehouse) -> str:
    return new_warehouse()


@pytest.fixture(scope="module")
def twins_in(warehouse):
    """The twins of a zone, with nothing told yet."""
    known: dict[str, Twins] = {}

    def empty_twins(timezone: str) -> Twins:
        if timezone not in known:
            known[timezone] = make_twins(warehouse, timezone)
        known[timezone].forget()
        return known[timezone]

    return empty_twins


def make_twins(url: str, timezone: str, latitude: float | None = None, longitude: float | None = None) -> Twins:
    slug = f"{timezone.lower().replace('/', '-')}-{next(NUMBERS)}"
    with transaction(url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, slug, slug, timezone))
        fleets = [SmallFleet(url, tenant_id, timezone) for _ in range(2)]
        for name, small in zip(("told", "twin"), fleets, strict=True):
            plant = {
                "tenant_id": tenant_id, "source": "drops", "plant_key": name, "name": name, "timezone": timezone, "city": None,
                "latitude": latitude, "longitude": longitude, "capacity_kwp": 100, "capacity_kw": 100, "commissioned_on": None,
            }  # fmt: skip
            fleet.upsert_rows(connection, "plant", [plant])
            small.series = make_series(connection, tenant_id, name)
    return Twins(url, *fleets)


def make_series(connection, tenant_id, plant_key) -> dict[tuple[str, str], int]:
    series = {}
    for key, quantity in SERIES.values():
        device = {
            "tenant_id": tenant_id, "source": "drops", "device_key": f"{plant_key} {key}", "plant_key": plant_key, "name": key,
            "parent_key": None, "kind": "inverter", "model": None, "capacity_kw": 50,
        }  # fmt: skip
        fleet.upsert_rows(connection, "device", [device])
        subject = fleet.read_subjects(connection, tenant_id, "device", [device["device_key"]])[device["device_key"]]
        (series_id,) = fleet.ensure_series(connection, tenant_id, "device", [(subject.subject_id, quantity)]).values()
        series[key, quantity] = series_id
    return series


def stored(small: SmallFleet) -> pd.DataFrame:
    frame = small.read(
        "SELECT series_id, measured_at AS at, value FROM mart.reading WHERE series_id = ANY (:ids) ORDER BY 1, 2",
        ids=list(small.series.values()),
    )
    return frame.assign(at=pd.DatetimeIndex(pd.to_datetime(frame["at"], utc=True)).tz_localize(None).as_unit("us"))


PLANT_OF = "SELECT d.plant_id FROM fleet.series AS s JOIN fleet.device AS d USING (device_id) WHERE s.series_id = :id"


def figures(small: SmallFleet, *, with_computed_at: bool = False) -> pd.DataFrame:
    """Every bucket of the plant and its devices, by what it is of, in order."""
    frame = small.read(
        "SELECT coalesce(right(d.device_key, 1), s.origin) || ' ' || s.quantity AS series, r.* "
        "FROM mart.rollup AS r JOIN fleet.series AS s USING (series_id) LEFT JOIN fleet.device AS d USING (device_id) "
        f"WHERE coalesce(s.plant_id, d.plant_id) = ({PLANT_OF}) ORDER BY 1, r.grain, r.starts_at",
        id=next(iter(small.series.values())),
    )
    return frame.drop(columns=["series_id"] if with_computed_at else ["series_id", "computed_at"])


def named(small: SmallFleet, table: str) -> pd.DataFrame:
    """Rows of a table of the plant's days, without ids and instants of computing."""
    subject = {"mart.counter_day": "JOIN fleet.series AS s USING (series_id) JOIN fleet.device AS d USING (device_id)",
               "mart.energy_day": "LEFT JOIN fleet.device AS d USING (device_id)"}[table]  # fmt: skip
    plant_id, quantity = ("d.plant_id", "s.quantity") if table == "mart.counter_day" else ("t.plant_id", "NULL")
    frame = small.read(
        f"SELECT right(d.device_key, 1) AS device, {quantity} AS quantity, t.* FROM {table} AS t {subject} "
        f"WHERE {plant_id} = ({PLANT_OF}) ORDER BY 1, 2, t.local_date",
        id=next(iter(small.series.values())),
    )
    return frame.drop(columns=["series_id", "device_id", "plant_id", "computed_at"], errors="ignore")


def roll_up_once(url: str, *, limit: int = 50_000, computed_at=NOW):
    with transaction(url) as connection:
        done = roll_up(connection, computed_at=computed_at, limit=limit)
    assert done is not None
    return done


def work_off(url: str, *, limit: int = 50_000, computed_at=NOW) -> int:
    """Roll up until nothing remains; returns how many rows changed."""
    changed = 0
    for _ in range(10_000):
        done = roll_up_once(url, limit=limit, computed_at=computed_at)
        changed += done.rows_changed
        if not done.remaining:
            assert not waiting(url)
            return changed
    raise AssertionError("the work list does not get empty")


def waiting(url: str) -> int:
    with transaction(url) as connection:
        both = "SELECT (SELECT count(*) FROM ops.dirty_day) + (SELECT count(*) FROM ops.dirty_plant_day)"
        return connection.execute(text(both)).scalar_one()


def assert_counts_are_those_of_the_stored_readings(small: SmallFleet) -> None:
    wrong = small.read(
        "SELECT r.series_id, r.grain, r.starts_at, r.reading_count, n.n AS stored FROM mart.rollup AS r "
        "JOIN fleet.series AS s USING (series_id) CROSS JOIN LATERAL (SELECT count(*) AS n FROM mart.reading AS m "
        "WHERE m.series_id = r.series_id AND m.measured_at >= r.starts_at AND m.measured_at < r.ends_at) AS n "
        "WHERE s.origin = 'measured' AND r.reading_count <> n.n ORDER BY 1, 2, 3"
    )
    assert wrong.empty, wrong.to_string()
    lost = small.read(
        "SELECT s.quantity, g.grain, n.n AS stored, coalesce(r.n, 0) AS counted FROM fleet.series AS s "
        "CROSS JOIN unnest(CAST(:grains AS text[])) AS g (grain) "
        "JOIN (SELECT series_id, count(*) AS n FROM mart.reading GROUP BY 1) AS n USING (series_id) "
        "LEFT JOIN (SELECT series_id, grain, sum(reading_count) AS n FROM mart.rollup GROUP BY 1, 2) AS r "
        "USING (series_id, grain) "
        "WHERE n.n <> coalesce(r.n, 0) AND NOT (g.grain = 'hour' AND s.quantity IN ('energy_day_kwh', 'energy_month_kwh') "
        "OR g.grain IN ('day', 'week') AND s.quantity = 'energy_month_kwh')",
        grains=["hour", "day", "week", "month", "year"],
    )
    assert lost.empty, lost.to_string()


# -------------------------------------------------------------------------------------------------------------- what may be told


@dataclass(frozen=True)
class Stretch:
    """Readings from a minute of a day of the window on."""

    day: int
    minute: int
    pattern: str
    count: int
    seed: int

    def stamps(self, timezone: str, first: date) -> pd.DatetimeIndex:
        begin = begin_of(first + timedelta(days=self.day), timezone)
        rng = np.random.default_rng(self.seed)
        if self.pattern == "midnights":
            return pd.DatetimeIndex([begin_of(first + timedelta(days=self.day + n), timezone) for n in range(min(self.count, 9))])
        if self.pattern == "one a day":
            return begin + pd.to_timedelta(np.arange(min(self.count, 9)) * 86400 + rng.integers(0, 80000), unit="s")
        begin += pd.Timedelta(minutes=self.minute)
        if self.pattern == "irregular":
            return begin + pd.to_timedelta(np.cumsum(rng.integers(1, 5000, self.count)), unit="s")
        if self.pattern == "microseconds":
            return begin + pd.to_timedelta(np.cumsum(rng.choice([1, 999_999, 299_999_999, 1_800_000_001], self.count)), unit="us")
        return begin + pd.to_timedelta(np.arange(self.count) * {"5 min": 5, "15 min": 15, "hourly": 60}[self.pattern], unit="min")


stretches = st.builds(
    Stretch,
    day=st.sampled_from([0, 1, 2, 3, 4, 6, 44]),
    minute=st.one_of(st.sampled_from([0, 60, 90, 120, 150, 180, 1380, 1439]), st.integers(0, 1439)),
    pattern=st.sampled_from(["5 min", "15 min", "hourly", "irregular", "microseconds", "midnights", "one a day"]),
    count=st.integers(1, 60),
    seed=st.integers(0, 1000),
)
assertions = st.dictionaries(st.sampled_from(list(SERIES)), st.lists(stretches, min_size=1, max_size=3), min_size=1, max_size=3)


@dataclass
class Case:
    """Documents in the order of receipt, and what happens: ('load', document, each n-th row is gone), ('roll up', limit, 0)."""

    window: tuple[str, date]
    documents: list[dict[str, list[Stretch]]]
    acts: list[tuple[str, int, int]] = field(default_factory=list)


loads = st.tuples(st.just("load"), st.integers(0, 3), st.sampled_from([0, 0, 2, 3]))
roll_ups = st.tuples(st.just("roll up"), st.sampled_from(LIMITS), st.just(0))
cases = st.builds(
    Case,
    window=st.sampled_from([*WINDOWS, *WINDOWS, *ODD_WINDOWS]),
    documents=st.lists(assertions, min_size=1, max_size=4),
    acts=st.lists(st.one_of(loads, roll_ups), min_size=1, max_size=10),
)


def value_of(kind: str, at: pd.DatetimeIndex, version: int) -> np.ndarray:
    """A value by what the series is; a later version says a little more, but a counter still rises."""
    hours = at.as_unit("us").asi8 / 3.6e9 % (1_000_000 if kind == "counter" else 10_000)
    if kind == "counter":
        return 1000 + 20 * hours + 5 * np.sin(hours) + 0.0005 * version
    if kind.startswith("amounts"):
        return 1.1 + np.abs(np.sin(hours)) + version
    return 20 + 20 * np.sin(hours / 3) + 0.37 * version


def rows_of(small: SmallFleet, document: dict[str, list[Stretch]], window: tuple[str, date], version: int = 0) -> pd.DataFrame:
    frames = []
    for kind, parts in document.items():
        at = part_stamps(kind, parts, *window)
        values = value_of(kind, at, version)
        frames.append(pd.DataFrame({"series_id": small.series[SERIES[kind]], "at": at.tz_localize(None), "value": values}))
    return pd.concat(frames, ignore_index=True)


def part_stamps(kind: str, parts: list[Stretch], timezone: str, first: date) -> pd.DatetimeIndex:
    """Instants as a series of this kind has them: amounts at local beginnings, counters by the minute."""
    at = reduce(pd.DatetimeIndex.union, [part.stamps(timezone, first).as_unit("us") for part in parts])
    if kind == "counter":
        at = at.floor("min")
    if kind == "amounts of 15min":
        at = at.floor("15min")
    if kind == "amounts of hours":
        begins = local_hours(at.min(), at.max(), timezone)
        at = begins[begins.searchsorted(at, side="right") - 1]
    if kind in {"amounts of days", "amounts of months"}:
        days = local_dates(at, timezone)
        at = pd.DatetimeIndex([begin_of(day if kind.endswith("days") else day.replace(day=1), timezone) for day in days])
    return at.unique().sort_values()


def act(twins: Twins, case: Case) -> None:
    """Let everything happen to the told plant; what was registered and never loaded is loaded in the end."""
    small, number = twins.told, next(NUMBERS)
    ids = [small.register(f"{number} {place}") for place in range(len(case.documents))]

    def load(place: int, gone: int) -> None:
        small.read("UPDATE landing.document SET state = 'landed' WHERE document_id = :id RETURNING 1", id=ids[place])
        rows = rows_of(small, case.documents[place], case.window, version=place)
        small.load(ids[place], rows[rows.index % gone != 1] if gone else rows)

    loaded = set()
    for what, which, gone in case.acts:
        if what == "load":
            load(which % len(ids), gone)
            loaded.add(which % len(ids))
        else:
            roll_up_once(twins.url, limit=which)
    for place in set(range(len(ids))) - loaded:
        load(place, 0)


# ----------------------------------------------------------------------------------------------------------------------- the laws


def test_a_file_with_a_reading_on_two_days_far_apart_leaves_the_days_between_as_they_are(twins_in):
    twins = twins_in(SAO_PAULO)
    small, series_id = twins.told, twins.told.series["1", "energy_total_kwh"]
    hours = pd.date_range("2026-02-01", "2026-03-01", freq="h", tz=SAO_PAULO, inclusive="left")
    meter = pd.DataFrame(
        {"series_id": series_id, "at": hours.tz_convert("UTC").tz_localize(None), "value": np.arange(672) + 500.0}
    )
    small.load(small.register(f"month {next(NUMBERS)}"), meter)
    work_off(twins.url)
    late = pd.DatetimeIndex(["2026-02-05T12:30", "2026-02-20T12:30"]).tz_localize(SAO_PAULO)

    two = pd.DataFrame({"series_id": series_id, "at": late.tz_convert("UTC").tz_localize(None), "value": [608.5, 968.5]})
    small.load(small.register(f"two {next(NUMBERS)}"), two)
    work_off(twins.url)

    days = small.rollups("day", series_id).set_index("local_date")
    between = days.loc[[date(2026, 2, 19), date(2026, 2, 20), date(2026, 2, 21)]]
    assert between["reading_count"].tolist() == [24, 25, 24]
    assert between["energy_kwh"].tolist() == pytest.approx([24, 24, 24])
    assert days["energy_kwh"].sum() == pytest.approx(671)
    month = small.rollups("month", series_id)
    assert (month["reading_count"].item(), month["energy_kwh"].item()) == (674, pytest.approx(671))
    assert_counts_are_those_of_the_stored_readings(small)


@short
@given(case=cases)
def test_whatever_is_told_in_whatever_order_ends_as_if_told_at_once(twins_in, case):
    twins = twins_in(case.window[0])

    act(twins, case)
    work_off(twins.url)

    assert_counts_are_those_of_the_stored_readings(twins.told)
    twins.tell_twin()
    work_off(twins.url)
    assert_counts_are_those_of_the_stored_readings(twins.twin)
    twins.assert_equal()


@short
@given(window=st.sampled_from([*WINDOWS, *WINDOWS, *ODD_WINDOWS[:-1]]), document=assertions)
def test_buckets_equal_a_plain_computation(twins_in, window, document):
    twins = twins_in(window[0])
    small = twins.told

    small.load(small.register(f"plain {next(NUMBERS)}"), rows_of(small, document, window))
    work_off(twins.url)

    for kind in document:
        assert_equal_to_plain(small, kind)


def assert_equal_to_plain(small: SmallFleet, kind: str, light=None) -> None:
    key, quantity = SERIES[kind]
    told = stored(small)
    told = told[told["series_id"] == small.series[key, quantity]]
    readings = pd.Series(told["value"].to_numpy(), index=pd.DatetimeIndex(told["at"]).tz_localize("UTC"))
    if kind.startswith("amounts"):
        amount_of = kind.split()[-1].removesuffix("s")
        expected = plain_amounts(readings, amount_of=amount_of, is_energy=True, timezone=small.timezone)
    else:
        light = light or (sunlight(small) if quantity == "ac_power_kw" else None)
        expected = plain_rollup(readings, kind=QUANTITIES[quantity].kind, timezone=small.timezone, light=light)
    buckets = figures(small)
    found = comparable(buckets[buckets["series"] == f"{key} {quantity}"].set_index(["grain", "starts_at"]).sort_index())
    expected = comparable(expected)
    assert found.index.tolist() == expected.index.tolist()
    numbers = found.columns.drop(["ends_at", "local_date"])
    is_close = np.isclose(found[numbers], expected[numbers], rtol=1e-9, atol=1e-9, equal_nan=True)
    is_same = (found[["ends_at", "local_date"]] == expected[["ends_at", "local_date"]]).to_numpy()
    differs = pd.DataFrame(np.c_[~is_close, ~is_same], index=found.index, columns=[*numbers, "ends_at", "local_date"])
    rows, columns = differs.any(axis=1), differs.columns[differs.any()]
    told = pd.concat({"stored": found.loc[rows, columns], "plain": expected.loc[rows, columns]}, axis=1)
    assert not rows.any(), f"{rows.sum()} of {len(found)} buckets differ:\n{told.head(20).to_string()}"


def sunlight(small: SmallFleet, place: tuple[float, float] | None = None):
    """Daylight of each local day, by the database's formula, at the place or at the city of the fleet's zone."""
    latitude, longitude = place or CITIES[small.timezone]

    @cache
    def light(day: date) -> tuple[pd.Timestamp, pd.Timestamp]:
        begin, end = begin_of(day, small.timezone), begin_of(day + timedelta(days=1), small.timezone)
        # The sun's day is that of the longitude, which is another one where a zone keeps the date of the other side of the world.
        solar = ((begin + (end - begin) / 2) + pd.Timedelta(seconds=240 * longitude)).date()
        lo, hi = daylight_of(small.url, solar.year, latitude, longitude)[solar]
        if pd.isna(lo):
            return end, end
        return min(max(begin, lo), end), max(begin, min(end, hi))

    return light


@cache
def daylight_of(url: str, year: int, latitude: float, longitude: float) -> dict[date, tuple[pd.Timestamp, pd.Timestamp]]:
    """Every day of a year."""
    sql = (
        "SELECT day::date AS day, lower(l) AS lo, upper(l) AS hi FROM generate_series(make_date(:year, 1, 1), "
        "make_date(:year, 12, 31), interval '1 day') AS day, mart.daylight(day::date, :latitude, :longitude) AS l"
    )
    with transaction(url) as connection:
        rows = connection.execute(text(sql), {"year": year, "latitude": latitude, "longitude": longitude}).all()
    return {row.day: (pd.Timestamp(row.lo) if row.lo else pd.NaT, pd.Timestamp(row.hi) if row.hi else pd.NaT) for row in rows}


def comparable(frame: pd.DataFrame) -> pd.DataFrame:
    """The figures as floats, instants and dates as text."""
    frame = frame.reindex(columns=FIGURES)
    ends = pd.to_datetime(frame["ends_at"], utc=True).dt.strftime("%F %T")
    starts = pd.to_datetime(frame.index.get_level_values("starts_at"), utc=True).strftime("%F %T")
    index = pd.MultiIndex.from_arrays([frame.index.get_level_values("grain"), starts], names=["grain", "starts_at"])
    dates = frame["local_date"].astype(str)
    numbers = frame.drop(columns=["ends_at", "local_date"]).astype(float)
    return numbers.assign(ends_at=ends, local_date=dates).set_axis(index)


@pytest.mark.parametrize(
    ("timezone", "latitude", "longitude", "first", "days"),
    [(SAO_PAULO, -23.5, -46.6, date(2026, 2, 26), 5), ("Europe/Oslo", 69.6, 18.9, date(2025, 11, 20), 12)],
)
def test_at_a_place_time_is_expected_and_covered_in_daylight_only(warehouse, timezone, latitude, longitude, first, days):
    twins = make_twins(warehouse, timezone, latitude, longitude)
    twins.forget()
    small = twins.told
    stretch = Stretch(day=0, minute=200, pattern="irregular", count=days * 30, seed=5)

    small.load(
        small.register(f"place {next(NUMBERS)}"), rows_of(small, {"power": [stretch], "gauge": [stretch]}, (timezone, first))
    )
    work_off(twins.url)

    assert_equal_to_plain(small, "power", sunlight(small, (latitude, longitude)))
    assert_equal_to_plain(small, "gauge")


@pytest.mark.parametrize("window", ODD_WINDOWS, ids=lambda window: f"{window[0]} {window[1]}")
@pytest.mark.parametrize("kind", ["power", "counter"])
def test_days_whose_midnight_is_skipped_or_comes_twice_lose_and_double_nothing(twins_in, window, kind):
    twins = twins_in(window[0])
    small = twins.told
    whole = Stretch(day=0, minute=0, pattern="15 min", count=8 * 96, seed=0)

    small.load(small.register(f"odd {next(NUMBERS)}"), rows_of(small, {kind: [whole]}, window))
    work_off(twins.url)

    assert_counts_are_those_of_the_stored_readings(small)
    if window != ODD_WINDOWS[-1]:
        assert_equal_to_plain(small, kind)


@pytest.mark.parametrize(("timezone", "first"), [window for window in WINDOWS if "Lord_Howe" in window[0]])
def test_where_the_clock_moves_by_half_an_hour_hours_are_disjoint_and_fill_the_day(twins_in, timezone, first):
    twins = twins_in(timezone)
    small, series_id = twins.told, twins.told.series["1", "ac_power_kw"]
    whole = Stretch(day=0, minute=0, pattern="5 min", count=5 * 288, seed=0)

    small.load(small.register(f"half {next(NUMBERS)}"), rows_of(small, {"power": [whole]}, (timezone, first)))
    work_off(twins.url)

    hours = small.rollups("hour", series_id)
    assert (hours["starts_at"].to_numpy()[1:] == hours["ends_at"].to_numpy()[:-1]).all()
    lengths = (hours["ends_at"] - hours["starts_at"]).dt.total_seconds()
    days = small.rollups("day", series_id)
    of_day = lengths.groupby(hours["local_date"]).sum().reindex(days["local_date"]).iloc[:-1]
    assert of_day.tolist() == (days["ends_at"] - days["starts_at"]).dt.total_seconds().tolist()[:-1]
    assert {23.5, 24.5} & set(of_day / 3600)


def example_fleet(twins: Twins) -> None:
    """Some days of every kind, rolled up."""
    document = {
        "power": [Stretch(0, 300, "5 min", 400, 1)], "power of another inverter": [Stretch(0, 420, "irregular", 60, 2)],
        "gauge": [Stretch(1, 0, "15 min", 200, 3)], "counter": [Stretch(0, 0, "hourly", 120, 4), Stretch(44, 30, "hourly", 3, 5)],
        "amounts of 15min": [Stretch(0, 0, "15 min", 150, 9)], "amounts of hours": [Stretch(0, 0, "hourly", 40, 6)],
        "amounts of days": [Stretch(0, 0, "midnights", 5, 7)],
        "amounts of months": [Stretch(0, 0, "midnights", 5, 8)],
    }  # fmt: skip
    small = twins.told
    small.load(small.register(f"example {next(NUMBERS)}"), rows_of(small, document, (SAO_PAULO, date(2026, 2, 24))))


def mark(twins: Twins, marks: list[tuple[int, date]]) -> None:
    with transaction(twins.url) as connection:
        statement = text("INSERT INTO ops.dirty_day (series_id, local_day) VALUES (:series, :day)")
        connection.execute(statement, [{"series": series_id, "day": day} for series_id, day in marks])


def marks_of_all_days(twins: Twins) -> list[tuple[int, date]]:
    days = twins.told.read(
        "SELECT DISTINCT series_id, (measured_at AT TIME ZONE :zone)::date AS day FROM mart.reading ORDER BY 1, 2",
        zone=twins.told.timezone,
    )
    return list(days.itertuples(index=False, name=None))


def test_marks_that_change_nothing_write_nothing(twins_in):
    twins = twins_in(SAO_PAULO)
    example_fleet(twins)
    work_off(twins.url)
    before = figures(twins.told, with_computed_at=True)
    power, counter = (twins.told.series["1", quantity] for quantity in ("ac_power_kw", "energy_total_kwh"))
    silent = twins.twin.series["1", "ac_power_kw"]
    marks = [
        *marks_of_all_days(twins), *marks_of_all_days(twins),
        # A day without readings: between, before, after, and long ago; a series that has none, and one that does not exist.
        (power, date(2026, 3, 20)), (power, date(2026, 2, 23)), (power, date(2027, 1, 1)), (power, date(2001, 1, 1)),
        (counter, date(2026, 3, 10)), (silent, date(2026, 2, 25)), (2_000_000_000, date(2026, 2, 25)),
    ]  # fmt: skip

    mark(twins, marks)
    changed = work_off(twins.url, computed_at=NOW + timedelta(days=1))

    assert changed == 0
    pd.testing.assert_frame_equal(figures(twins.told, with_computed_at=True), before, check_exact=True)


def test_one_changed_reading_rewrites_the_buckets_it_is_in_and_no_other_hour(twins_in):
    twins = twins_in(SAO_PAULO)
    example_fleet(twins)
    work_off(twins.url)
    at = begin_of(date(2026, 2, 24), SAO_PAULO) + pd.Timedelta(minutes=600)
    small, power = twins.told, twins.told.series["1", "ac_power_kw"]

    late = pd.DataFrame({"series_id": [power], "at": [at.tz_localize(None)], "value": [33.0]})
    small.load(small.register(f"late {next(NUMBERS)}"), late)
    work_off(twins.url, computed_at=NOW + timedelta(days=1))

    frame = figures(small, with_computed_at=True)
    anew = frame[frame["computed_at"] > pd.Timestamp(NOW)]
    assert set(anew["series"]) == {"1 ac_power_kw", "derived ac_power_kw"}
    hours = anew[(anew["grain"] == "hour")]
    # Reading on the hour: the step before it belongs to the hour before.
    assert set(hours["starts_at"]) == {at - pd.Timedelta(hours=1), at}
    assert sorted(anew.query("series == '1 ac_power_kw' and grain != 'hour'")["grain"]) == ["day", "month", "week", "year"]


@pytest.mark.parametrize("limit", LIMITS)
def test_neither_the_limit_nor_the_order_of_the_marks_makes_a_difference(twins_in, limit):
    twins = twins_in(SAO_PAULO)
    example_fleet(twins)
    marks = marks_of_all_days(twins)
    work_off(twins.url)
    expected = figures(twins.told)
    rng = np.random.default_rng(limit)
    with transaction(twins.url) as connection:
        connection.execute(text("DELETE FROM mart.rollup"))

    mark(twins, [marks[place] for place in rng.permutation(np.r_[np.arange(len(marks)), rng.integers(0, len(marks), 5)])])
    work_off(twins.url, limit=limit)

    assert len(expected) > 300
    pd.testing.assert_frame_equal(figures(twins.told), expected, check_exact=True)


def test_a_round_takes_whole_series_and_tells_what_remains(twins_in):
    twins = twins_in(SAO_PAULO)
    example_fleet(twins)
    marks_of_all_days(twins)
    marks_before = twins.told.read("SELECT series_id, count(*) AS n FROM ops.dirty_day GROUP BY 1").set_index("series_id")["n"]

    first = roll_up_once(twins.url, limit=3)

    waiting_series = twins.told.read("SELECT series_id, count(*) AS n FROM ops.dirty_day GROUP BY 1").set_index("series_id")["n"]
    assert first.dirty_days >= 1
    assert len(marks_before.index.difference(waiting_series.index)) == 1
    assert waiting_series.equals(marks_before[waiting_series.index])
    assert first.remaining == waiting(twins.url)


def test_longer_buckets_are_the_combination_of_their_days_and_go_with_them(twins_in):
    twins = twins_in("Europe/Berlin")
    small, series_id = twins.told, twins.told.series["1", "ac_power_kw"]
    window = ("Europe/Berlin", date(2025, 12, 20))
    document = {"power": [Stretch(0, 0, "irregular", 60, 1), Stretch(6, 30, "15 min", 700, 2), Stretch(44, 0, "hourly", 30, 3)]}
    document_id = small.register(f"winter {next(NUMBERS)}")
    rows = rows_of(small, document, window)
    kept = rows[rows["at"] < pd.Timestamp("2025-12-27")]

    for remaining in (rows, kept):
        small.read("UPDATE landing.document SET state = 'landed' WHERE document_id = :id RETURNING 1", id=document_id)
        small.load(document_id, remaining)
        work_off(twins.url)

        days = small.rollups("day", series_id)
        for grain, code in (("week", "W-SUN"), ("month", "M"), ("year", "Y")):
            key = pd.PeriodIndex(pd.DatetimeIndex(days["local_date"]), freq=code).to_timestamp(how="start").date
            expected = pd.DataFrame({first: combined(part) for first, part in days.groupby(key)}).T
            found = small.rollups(grain, series_id).set_index("local_date")
            assert found.index.tolist() == expected.index.tolist()
            assert np.allclose(found[expected.columns].astype(float), expected.astype(float), rtol=1e-12)
        values = remaining.set_index(pd.DatetimeIndex(remaining["at"]).tz_localize("UTC").tz_convert("Europe/Berlin"))["value"]
        years = small.rollups("year", series_id)
        assert np.allclose(years["mean"], values.groupby(values.index.year).mean(), rtol=1e-12)
        assert np.allclose(years["stddev"], values.groupby(values.index.year).std(), rtol=1e-9)
    assert small.rollups("year", series_id)["local_date"].tolist() == [date(2025, 1, 1)]


def combined(days: pd.DataFrame) -> dict[str, float]:
    """One bucket of several days: counts weigh the means, and the variance is that within the days and that between them."""
    n = days["reading_count"]
    mean = (n * days["mean"]).sum() / n.sum()
    within = ((n - 1) * days["stddev"].fillna(0) ** 2).sum()
    between = (n * (days["mean"] - mean) ** 2).sum()
    return {
        "reading_count": n.sum(), "sum": days["sum"].sum(), "mean": mean, "min": days["min"].min(), "max": days["max"].max(),
        "first": days["first"].iloc[0], "last": days["last"].iloc[-1], "stddev": np.sqrt((within + between) / (n.sum() - 1)),
        "covered_s": days["covered_s"].sum(), "energy_kwh": days["energy_kwh"].sum(),
    }  # fmt: skip


def test_a_step_longer_than_three_medians_of_the_steps_within_its_day_is_not_bridged(twins_in):
    twins = twins_in(SAO_PAULO)
    small, series_id = twins.told, twins.told.series["1", "ac_power_kw"]
    # Steps within 25 February: 20, 20, 20, 61 and 20 min: three medians are 60 min; the one from the day before does not count.
    first, second = [0, 20], [600, 620, 640, 660, 721, 741]
    begin = begin_of(date(2026, 2, 25), SAO_PAULO)
    at = begin + pd.to_timedelta([m - 24 * 60 + 15 * 60 for m in first] + second, unit="min")
    # 26 February has a single step, of 3 h, and 27 February none: 30 min. On 28 February steps of 5 and 180 min are no rhythm of
    # three hours; on 1 March those of 120 and 121 min are one.
    slow = [1440 + 600, 1440 + 780, 2880 + 29, 4320 + 600, 4320 + 605, 4320 + 785, 5760 + 600, 5760 + 720, 5760 + 841]
    at = at.append(begin + pd.to_timedelta(slow, unit="min"))

    rows = pd.DataFrame({"series_id": series_id, "at": at.tz_localize(None), "value": 6.0})
    small.load(small.register(f"medians {next(NUMBERS)}"), rows)
    work_off(twins.url)

    days = small.rollups("day", series_id).set_index("local_date")
    covered_min = {day.day: covered / 60 for day, covered in days["covered_s"].items()}
    assert covered_min == {24: 20, 25: 80, 26: 0, 27: 0, 28: 5, 1: 241}
    assert days["energy_kwh"].tolist()[:2] == pytest.approx([2, 8])
    assert pd.isna(days.loc[date(2026, 2, 27), "energy_kwh"])
    assert_equal_to_plain(small, "power")
