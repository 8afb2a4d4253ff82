"""Energy against the monthly target, by numbers that were worked out by hand."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.steps.register import register_text
from include.steps.targets import change_targets, read_plant_targets, save_targets
from include.warehouse.engine import transaction
from include.warehouse.performance import calendar_windows, day_windows, read_indices, read_performance, read_windows

pytestmark = pytest.mark.postgres

MAY_GWH, JUNE_GWH = 5.2, 4.4
NO_TARGETS: list[float | None] = [None] * 12


@pytest.fixture
def plant(small_fleet):
    """The small fleet with one inverter that a test fills day by day; the second one is moved out of the way."""
    small_fleet.read("UPDATE fleet.device SET kind = 'meter' WHERE device_key = '2' RETURNING 1")
    return small_fleet


def fill(fleet, daily_kwh: dict[str, float], *, covered: dict[str, float] | None = None) -> None:
    """Constant power over each local day, so that its energy is known; `covered` leaves out the end of a day [share]."""
    parts = []
    for day, energy_kwh in daily_kwh.items():
        share = (covered or {}).get(day, 1.0)
        start = pd.Timestamp(day, tz="America/Sao_Paulo")
        stamps = pd.date_range(start, start + pd.Timedelta(hours=24 * share), freq="30min")
        if share == 1.0:  # the last step ends a second before midnight, where the next day's power begins
            stamps = stamps[:-1].append(pd.DatetimeIndex([start + pd.Timedelta(hours=24, seconds=-1)]))
        parts.append(
            pd.DataFrame({"at": stamps.tz_convert("UTC").tz_localize(None), "value": np.full(len(stamps), energy_kwh / 24)})
        )
    rows = pd.concat(parts).assign(series_id=fleet.series["1", "ac_power_kw"])
    fleet.load(fleet.register(f"{min(daily_kwh)} to {max(daily_kwh)}"), rows)
    fleet.roll_up()


def days(first: str, last: str) -> list[str]:
    return pd.date_range(first, last).strftime("%Y-%m-%d").tolist()


def set_targets(fleet, **months: float) -> dict:
    values = list(NO_TARGETS)
    for name, target in months.items():
        values[["jan", "feb", "mar", "apr", "may", "jun"].index(name)] = target
    now = datetime(2020, 6, 14, 12, tzinfo=UTC)
    return save_targets(settings_of(fleet), tenant="demo", plant="p1", year=2020, months_kwh=values, now=now)


def settings_of(fleet) -> Settings:
    return Settings(database_url=fleet.url)


def windows(fleet, as_of: str) -> dict[int, dict]:
    with transaction(fleet.url) as connection:
        rows = read_performance(connection, plant_ids=[1], as_of=date.fromisoformat(as_of))
        indices = read_indices(connection, day_windows(1, date.fromisoformat(as_of)))
    # What the fleet asks for all plants at once is the same number.
    assert indices == pytest.approx([row["performance_index"] for row in rows])
    return {row["window_days"]: row for row in rows}


def test_targets_find_their_plant_by_its_key_in_any_form(plant):
    told = save_targets(
        settings_of(plant),
        tenant="demo",
        plant="\u00a0p1\u200b",
        year=2020,
        months_kwh=[1.0] * 12,
        now=datetime(2020, 6, 14, tzinfo=UTC),
    )

    assert told["months_set"] == 12
    assert plant.read("SELECT sum(target_kwh) AS kwh FROM fleet.target")["kwh"].item() == 12


def test_a_window_that_ends_with_the_month_is_measured_by_that_months_days(plant):
    # 99 % of May's target every day: 30 of 31 days of 5.2 GWh make 5.0323 GWh, and 4.9819 GWh were generated.
    # By the whole target of the month that follows, 4.4 GWh, the same energy would look like 113 %.
    set_targets(plant, may=MAY_GWH * 1e6, jun=JUNE_GWH * 1e6)
    fill(plant, dict.fromkeys(days("2020-05-01", "2020-05-31"), 0.99 * MAY_GWH * 1e6 / 31))

    found = windows(plant, "2020-05-31")

    assert {window: row["performance_index"] for window, row in found.items()} == pytest.approx(
        {1: 0.99, 7: 0.99, 30: 0.99}, rel=2e-5
    )
    assert found[30]["target_kwh"] == pytest.approx(5_032_258.06, abs=0.01)
    assert found[7]["target_kwh"] == pytest.approx(1_174_193.55, abs=0.01)
    assert found[30]["energy_kwh"] == pytest.approx(4_981_935, rel=2e-5)
    assert found[30]["energy_kwh"] / (JUNE_GWH * 1e6) == pytest.approx(1.13, abs=0.005)
    assert (found[30]["first_day"], found[30]["last_day"]) == (date(2020, 5, 2), date(2020, 5, 31))


def test_a_window_over_two_months_takes_each_day_by_its_own_month(plant):
    # 17 days of May (of 31) and 13 of June (of 30): 2.8516 + 1.9067 = 4.7583 GWh; 101 % of it, 4.8059 GWh, was generated,
    # May's days at 99 % (2.8231 GWh) and June's 13 days the rest, 152,520.4 kWh each. By June's target alone: 109 %.
    set_targets(plant, may=MAY_GWH * 1e6, jun=JUNE_GWH * 1e6)
    june_kwh = (1.01 * (17 * 5.2 / 31 + 13 * 4.4 / 30) - 17 * 0.99 * 5.2 / 31) * 1e6 / 13
    assert june_kwh == pytest.approx(152_520.4, abs=0.1)
    energy = dict.fromkeys(days("2020-05-15", "2020-05-31"), 0.99 * 5.2e6 / 31) | dict.fromkeys(
        days("2020-06-01", "2020-06-13"), june_kwh
    )
    fill(plant, energy)

    found = windows(plant, "2020-06-13")

    assert found[30]["performance_index"] == pytest.approx(1.01, rel=2e-5)
    assert found[30]["target_kwh"] == pytest.approx(4_758_279.57, abs=0.01)
    assert found[30]["energy_kwh"] / (JUNE_GWH * 1e6) == pytest.approx(1.09, abs=0.005)
    assert found[30]["days_counted"] == found[30]["days_expected"] == 30
    assert found[7]["performance_index"] == pytest.approx(june_kwh / (4.4e6 / 30), rel=2e-5)


def test_an_incomplete_day_leaves_both_sides(plant):
    # Seven days at 100 kWh against 110 kWh a day; the fourth was measured for half of its time and does not count.
    set_targets(plant, may=110.0 * 31)
    fill(plant, dict.fromkeys(days("2020-05-10", "2020-05-16"), 100.0), covered={"2020-05-13": 0.5})

    found = windows(plant, "2020-05-16")[7]

    assert (found["days_counted"], found["days_expected"]) == (6, 7)
    assert found["energy_kwh"] == pytest.approx(600, rel=1e-4)
    assert found["target_kwh"] == pytest.approx(660)
    assert found["performance_index"] == pytest.approx(10 / 11, rel=1e-4)
    assert found["measured_kwh"] == pytest.approx(650, rel=1e-3)


# On 16 May the sun is up in São Paulo from 6:36 to 17:32: what it gives until 15:00 is (1 - cos(pi x 8.4 / 10.93)) / 2
# = 0.87 of its day, until 15:30 0.92. What is missing of the night is missing of nothing.
@pytest.mark.parametrize(("share", "counted"), [(30 / 48, 0), (31 / 48, 1), (36 / 48, 1)])
def test_a_day_counts_from_nine_tenths_of_its_clear_sky_energy(plant, share, counted):
    set_targets(plant, may=110.0 * 31)
    fill(plant, {"2020-05-16": 100.0}, covered={"2020-05-16": share})

    assert windows(plant, "2020-05-16")[1]["days_counted"] == counted


def test_a_window_says_where_its_energy_comes_from_and_how_much_of_it_power_did_not_measure(plant):
    set_targets(plant, may=110.0 * 31)
    plant.add_device("3", "inverter", ("energy_total_kwh",))
    plant.read("UPDATE fleet.device SET kind = 'sensor' WHERE device_key = '1' RETURNING 1")
    stamps = pd.date_range("2020-05-14", "2020-05-16T12:00", freq="h", tz="America/Sao_Paulo").tz_convert("UTC").tz_localize(None)
    rows = pd.DataFrame({"series_id": plant.series["3", "energy_total_kwh"], "at": stamps, "value": np.arange(len(stamps)) * 4.0})
    plant.load(plant.register("counter"), rows)
    plant.roll_up()

    found = windows(plant, "2020-05-16")

    # 24 h x 4 kWh a day; half of the last day is not told yet, so it does not count.
    assert (found[7]["days_counted"], found[7]["energy_kwh"], found[7]["measured_kwh"]) == pytest.approx((2, 192, 240))
    assert found[7]["performance_index"] == pytest.approx(96 / 110)
    assert (found[7]["energy_sources"], found[7]["recovered_kwh"]) == (["counter"], pytest.approx(240))
    assert (found[1]["days_counted"], found[1]["energy_kwh"]) == (0, None)


def test_a_window_of_power_alone_recovered_nothing(plant):
    fill(plant, {"2020-05-16": 100.0})

    found = windows(plant, "2020-05-16")[1]

    assert (found["energy_sources"], found["recovered_kwh"]) == (["power"], 0)


def test_without_a_target_there_is_energy_but_no_performance(plant):
    fill(plant, dict.fromkeys(days("2020-05-10", "2020-05-16"), 100.0))

    found = windows(plant, "2020-05-16")[7]

    assert (found["performance_index"], found["target_kwh"], found["energy_kwh"]) == (None, None, None)
    assert found["measured_kwh"] == pytest.approx(700, rel=1e-4)
    assert (found["days_counted"], found["days_without_target"]) == (0, 7)


def test_a_target_of_zero_gives_no_performance_either(plant):
    set_targets(plant, may=0.0)
    fill(plant, {"2020-05-16": 100.0})

    found = windows(plant, "2020-05-16")[1]

    assert (found["target_kwh"], found["performance_index"]) == (0, None)


def test_a_silent_plant_has_windows_without_numbers(plant):
    set_targets(plant, may=100.0)

    found = windows(plant, "2020-05-16")

    assert {window: row["days_expected"] for window, row in found.items()} == {1: 1, 7: 7, 30: 30}
    assert all(row["energy_kwh"] is None and row["performance_index"] is None for row in found.values())
    assert all(row["recovered_kwh"] is None and row["energy_sources"] == [] for row in found.values())


def test_saving_targets_tells_the_performance_that_follows(plant):
    fill(plant, {"2020-06-13": 100.0})

    told = set_targets(plant, jun=200.0 * 30)

    assert told["months_set"] == 1
    window = next(row for row in told["performance"] if row["window_days"] == 1)
    assert (window["last_day"], window["performance_index"]) == ("2020-06-13", pytest.approx(0.5, rel=1e-4))


def test_an_empty_month_clears_its_target(plant):
    set_targets(plant, may=100.0, jun=200.0)

    set_targets(plant, jun=250.0)

    kept = plant.read("SELECT month, target_kwh FROM fleet.target ORDER BY month")
    assert kept.values.tolist() == [[date(2020, 6, 1), 250.0]]


@pytest.mark.parametrize(
    ("months", "word"),
    [
        ([1.0] * 11, "twelve"),
        ([1.0] * 13, "twelve"),
        ([-1.0, *[1.0] * 11], "month 1"),
        ([*[1.0] * 11, float("nan")], "month 12"),
        ([*[1.0] * 11, float("inf")], "month 12"),
    ],
)
def test_values_that_are_not_twelve_energies_are_refused_and_nothing_is_saved(plant, months, word):
    set_targets(plant, may=100.0)

    with pytest.raises(Refused, match=word):
        save_targets(settings_of(plant), tenant="demo", plant="p1", year=2020, months_kwh=months, now=datetime.now(UTC))

    assert plant.read("SELECT target_kwh FROM fleet.target")["target_kwh"].tolist() == [100.0]


@pytest.mark.parametrize("year", [0, -1, 10_000])
def test_a_year_that_no_calendar_has_is_refused(plant, year):
    with pytest.raises(Refused, match=str(year)):
        save_targets(settings_of(plant), tenant="demo", plant="p1", year=year, months_kwh=[1.0] * 12, now=datetime.now(UTC))


def test_targets_of_an_unknown_plant_or_tenant_are_refused_by_name(plant):
    asked = {"year": 2020, "months_kwh": [1.0] * 12, "now": datetime.now(UTC)}

    with pytest.raises(Refused, match="known: p1"):
        save_targets(settings_of(plant), tenant="demo", plant="nowhere", **asked)
    with pytest.raises(NeedsHuman, match="known: demo"):
        save_targets(settings_of(plant), tenant="nobody", plant="p1", **asked)


def calendar(fleet, as_of: str) -> dict[str, dict]:
    with transaction(fleet.url) as connection:
        rows = read_windows(connection, calendar_windows(1, date.fromisoformat(as_of)))
        indices = read_indices(connection, calendar_windows(1, date.fromisoformat(as_of)))
    assert indices == pytest.approx([row["performance_index"] for row in rows])
    return {row["window"]: row for row in rows}


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-02-28", ["2024-02-01 2024-02-28", "2024-01-01 2024-01-31", "2024-01-01 2024-02-28", "2023-01-01 2023-12-31"]),
        ("2024-02-29", ["2024-02-01 2024-02-29", "2024-02-01 2024-02-29", "2024-01-01 2024-02-29", "2023-01-01 2023-12-31"]),
        ("2025-12-31", ["2025-12-01 2025-12-31", "2025-12-01 2025-12-31", "2025-01-01 2025-12-31", "2025-01-01 2025-12-31"]),
        ("2026-01-01", ["2026-01-01 2026-01-01", "2025-12-01 2025-12-31", "2026-01-01 2026-01-01", "2025-01-01 2025-12-31"]),
    ],
)
def test_months_and_years_run_to_the_day_or_are_the_last_that_ended(as_of, expected):
    windows = calendar_windows(7, date.fromisoformat(as_of))

    assert [each.name for each in windows] == ["month_to_date", "month", "year_to_date", "year"]
    assert [f"{each.first_day} {each.last_day}" for each in windows] == expected
    assert [f"{each.first_day}" for each in day_windows(7, date(2024, 3, 1))] == ["2024-03-01", "2024-02-24", "2024-02-01"]


def test_month_and_year_to_date_weigh_targets_by_days_and_leave_out_what_does_not_count(plant):
    # May's 31 days at 100 of 110 kWh, June's first 10 at 99 of 90; 3 June was half silent; January to April have no target.
    set_targets(plant, may=110.0 * 31, jun=90.0 * 30)
    energy = dict.fromkeys(days("2020-05-01", "2020-05-31"), 100.0) | dict.fromkeys(days("2020-06-01", "2020-06-10"), 99.0)
    fill(plant, energy | {"2020-04-30": 500.0}, covered={"2020-06-03": 0.5})

    found = calendar(plant, "2020-06-10")

    month = found["month_to_date"]
    assert (month["days_counted"], month["days_expected"], month["target_kwh"]) == (9, 10, pytest.approx(810))
    assert (month["energy_kwh"], month["performance_index"]) == pytest.approx((891, 1.1), rel=1e-3)
    assert found["month"]["performance_index"] == pytest.approx(10 / 11, rel=1e-3)
    year = found["year_to_date"]
    assert (year["days_counted"], year["days_expected"], year["days_without_target"]) == (40, 31 + 29 + 31 + 30 + 31 + 10, 121)
    assert year["performance_index"] == pytest.approx((3100 + 891) / (3410 + 810), rel=1e-3)
    assert year["measured_kwh"] == pytest.approx(500 + 3100 + 891 + 99 / 2, rel=1e-3)
    assert [each["month"] for each in year["targets"]] == ["2020-05", "2020-06"]


def test_a_window_says_what_is_missing(plant):
    fill(plant, {"2020-06-10": 100.0})
    assert calendar(plant, "2020-06-10")["month_to_date"]["missing"] == "target"

    set_targets(plant, may=100.0, jun=3000.0)
    found = calendar(plant, "2020-06-10")

    assert (found["month_to_date"]["missing"], found["month"]["missing"], found["year"]["missing"]) == (None, "energy", "target")


def test_every_value_of_a_target_is_kept_with_who_told_it(plant):
    set_targets(plant, may=100.0, jun=200.0)
    told = {"tenant": "demo", "plant": "p1", "now": datetime(2020, 6, 15, tzinfo=UTC)}
    change_targets(settings_of(plant), months_kwh={date(2020, 6, 1): 250.0}, **told)
    change_targets(settings_of(plant), months_kwh={date(2020, 6, 1): 250.0, date(2020, 5, 1): None}, **told)
    change_targets(settings_of(plant), months_kwh={date(2020, 5, 1): 120.0}, **told)

    history = plant.read("SELECT month, revision, target_kwh, origin FROM fleet.target_revision ORDER BY month, revision")
    assert history.astype(object).where(history.notna(), None).values.tolist() == [
        [date(2020, 5, 1), 1, 100.0, "form"],
        [date(2020, 5, 1), 2, None, "command"],
        [date(2020, 5, 1), 3, 120.0, "command"],
        [date(2020, 6, 1), 1, 200.0, "form"],
        [date(2020, 6, 1), 2, 250.0, "command"],
    ]
    holds = read_plant_targets(settings_of(plant), tenant="demo", plant="p1")
    assert [(row["target_kwh"], row["revision"]) for row in holds] == [(120.0, 3), (250.0, 2)]
    june = calendar(plant, "2020-06-14")["month_to_date"]["targets"]
    assert [(each["revision"], each["origin"], each["told_at"][:10]) for each in june] == [(2, "command", "2020-06-15")]


def test_a_target_of_a_file_knows_its_document(plant, tmp_path):
    settings = Settings(database_url=plant.url, home=tmp_path)
    content = "plant_key;month;target_kwh\np1;2020-06;310\n"

    register_text(settings, tenant="demo", content=content, name="targets.csv", now=datetime(2020, 6, 14, tzinfo=UTC), run_id="t")

    row = plant.read(
        "SELECT origin, feed, told_at = received_at AS is_receipt "
        "FROM fleet.target_revision JOIN landing.document USING (document_id)"
    )
    assert row.values.tolist() == [["registry", "registry", True]]


def test_a_change_recalculates_the_windows_that_it_touches_and_no_others(plant):
    now = datetime(2020, 6, 14, 12, tzinfo=UTC)

    def touched(month: date) -> set[str]:
        told = change_targets(settings_of(plant), tenant="demo", plant="p1", months_kwh={month: 60.0 + month.month}, now=now)
        return {row["window"] for row in told["performance"]}

    assert touched(date(2020, 6, 1)) == {"1_days", "7_days", "30_days", "month_to_date", "year_to_date"}
    assert touched(date(2020, 5, 1)) == {"30_days", "month", "year_to_date"}
    assert touched(date(2019, 7, 1)) == {"year"}
    assert touched(date(2018, 7, 1)) == set()
