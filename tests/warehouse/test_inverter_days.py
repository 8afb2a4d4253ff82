"""Inverters beside their peers, from readings to answers: who is low, how much was lost, which days are asked again."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.settings import Settings
from include.steps.analyse import analyse_inverters
from include.warehouse import fleet
from include.warehouse.engine import transaction
from tests.warehouse.conftest import NOW, SmallFleet
from tests.warehouse.test_rollups import rows_of

pytestmark = pytest.mark.postgres

ZONE = "America/Sao_Paulo"
PLACE = {"latitude": -23.55, "longitude": -46.63}
PEAKS_KW = (80.0, 81.0, 79.0, 82.0, 80.5, 79.5, 81.5, 78.5)
"""Eight inverters that make 611 to 639 kWh on a clear day."""


class Plant:
    """Inverters that follow one sun, and what is answered of them."""

    def __init__(self, fleet: SmallFleet, inverters: int) -> None:
        self.fleet = fleet
        self.keys = [str(number + 1) for number in range(inverters)]
        for key in self.keys:
            fleet.add_device(key)
        self.change("UPDATE fleet.device SET capacity_kw = 100")
        self.change("UPDATE fleet.plant SET capacity_kwp = NULL, capacity_kw = NULL")
        self.names = 0

    def change(self, sql: str, **parameters: object) -> None:
        with transaction(self.fleet.url) as connection:
            connection.execute(text(sql), parameters)

    def shine(self, day: str, factors: dict[str, object] | None = None, *, clouds: float = 1.0) -> None:
        """Tell five-minute powers of a day; a factor, or a function of the local hour, bends those of an inverter."""
        at = pd.date_range(f"{day}T05:00", f"{day}T19:00", freq="5min", tz=ZONE)
        hour = at.hour.to_numpy() + at.minute.to_numpy() / 60
        sun = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * clouds
        for key, peak_kw in zip(self.keys, PEAKS_KW, strict=False):
            factor = (factors or {}).get(key, 1.0)
            bent = factor(hour) if callable(factor) else np.full(len(hour), factor)
            told = np.isfinite(bent)
            self.names += 1
            rows = rows_of(self.fleet.series[key, "ac_power_kw"], at[told], (sun * peak_kw * bent)[told])
            self.fleet.load(self.fleet.register(f"{day} {key} {self.names}"), rows)

    def analyse(self, now: datetime = NOW) -> dict[str, int]:
        self.fleet.roll_up(now=now)
        return analyse_inverters(Settings(database_url=self.fleet.url), clock=lambda: now)

    def answers(self) -> pd.DataFrame:
        """Answers by inverter key and local date."""
        return self.fleet.read(
            "SELECT d.device_key, i.*, CASE WHEN expected_kwh > 0 THEN compared_kwh / expected_kwh END AS share "
            "FROM mart.inverter_day AS i JOIN fleet.device AS d USING (device_id) ORDER BY d.device_key, i.local_date"
        ).set_index(["device_key", "local_date"])


@pytest.fixture
def plant(fleet_in):
    return lambda inverters: Plant(fleet_in(**PLACE), inverters)


def days(first: str, count: int) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, periods=count)]


def test_one_of_eight_that_falls_to_three_percent_without_ever_being_zero_is_found_with_its_loss(plant):
    eight = plant(8)
    for day in days("2026-02-01", 7):
        eight.shine(day, {"3": 0.03} if day == "2026-02-05" else None)

    eight.analyse()

    found = eight.answers()
    assert set(found.drop(("3", pd.Timestamp("2026-02-05").date())).verdict) == {"normal"}
    low = found.loc[("3", pd.Timestamp("2026-02-05").date())]
    assert low.verdict == "very low"
    assert low.method == "rating"
    # Median of the eight peaks with the third's at 2.37 kW is 80.25 kW, of a half sine of twelve hours.
    expected_kwh = 80.25 * 24 / np.pi
    assert low.expected_kwh == pytest.approx(expected_kwh, rel=2e-3)
    assert low.lost_kwh == pytest.approx(expected_kwh - 0.03 * 79 * 24 / np.pi, rel=2e-3)
    assert low.zero_s == 0


def test_an_inverter_at_20_6_kwh_beside_others_at_640_is_named_though_the_plant_has_no_capacity(plant):
    eight = plant(8)
    eight.shine("2026-02-01", {"5": 20.6 / (80.5 * 24 / np.pi)})

    eight.analyse()

    row = eight.answers().loc["5"].iloc[0]
    assert (row.verdict, row.method, round(row.compared_kwh, 1)) == ("very low", "rating", 20.6)


def test_without_any_rating_an_inverter_is_measured_by_its_own_usual_part_of_the_plant(plant):
    three = plant(3)
    three.change("UPDATE fleet.device SET capacity_kw = NULL")
    for day in days("2026-02-01", 10):
        three.shine(day, {"2": 0.4 * 0.8, "3": 2.0} if day == "2026-02-10" else {"2": 0.4, "3": 2.0})

    three.analyse()

    found = three.answers()
    last = pd.Timestamp("2026-02-10").date()
    assert found.loc[("2", last), ["verdict", "method"]].tolist() == ["low", "past"]
    assert found.loc[("2", last), "share"] == pytest.approx(0.8, abs=0.005)
    assert found.loc[("1", last), "verdict"] == found.loc[("3", last), "verdict"] == "normal"
    first = pd.Timestamp("2026-02-01").date()
    assert found.loc[("2", first), ["verdict", "reason"]].tolist() == ["not compared", "no rating, no past"]


def test_one_without_a_rating_is_measured_by_its_past_and_the_others_by_their_ratings(plant):
    four = plant(4)
    four.change("UPDATE fleet.device SET capacity_kw = NULL WHERE device_key = '4'")
    for day in days("2026-02-01", 9):
        four.shine(day, {"4": 0.5 * (0.6 if day == "2026-02-09" else 1)})

    four.analyse()

    last = four.answers().xs(pd.Timestamp("2026-02-09").date(), level=1)
    assert last.method.tolist() == ["rating", "rating", "rating", "past"]
    assert last.verdict.tolist() == ["normal", "normal", "normal", "very low"]


def test_two_inverters_are_measured_by_each_other_and_their_past(plant):
    two = plant(2)
    two.change("UPDATE fleet.device SET capacity_kw = NULL")
    for number, day in enumerate(days("2026-02-01", 10)):
        two.shine(day, {"1": 0.85} if day == "2026-02-10" else None, clouds=0.4 + 0.06 * number)

    two.analyse()

    last = two.answers().xs(pd.Timestamp("2026-02-10").date(), level=1)
    assert last.verdict.tolist() == ["low", "normal"]
    assert last.share.iloc[0] == pytest.approx(0.85, abs=0.005)


def test_one_that_was_dead_in_all_of_its_past_is_dead(plant):
    five = plant(5)
    for day in days("2026-02-01", 9):
        five.shine(day, {"1": 0.0})

    five.analyse()

    assert set(five.answers().loc["1"].verdict) == {"zero"}


def test_an_outage_of_the_whole_plant_is_no_inverters_fault(plant):
    three = plant(3)
    for day in days("2026-02-01", 8):
        three.shine(day, dict.fromkeys("123", 0.0) if day == "2026-02-08" else None)

    three.analyse()

    last = three.answers().xs(pd.Timestamp("2026-02-08").date(), level=1)
    assert last.verdict.tolist() == ["not compared"] * 3
    assert set(last.reason) == {"no power at all"}
    assert set(last.zero_s) == {0}


def test_a_day_under_snow_says_nothing_of_an_inverter(plant):
    three = plant(3)
    for day in days("2026-02-01", 9):
        three.shine(day, {"1": 0.002, "2": 0.0005, "3": 0.02} if day == "2026-02-09" else None)

    three.analyse()

    last = three.answers().xs(pd.Timestamp("2026-02-09").date(), level=1)
    assert set(last.reason) == {"too little energy"}
    assert set(last.zero_s) == {0}


def test_a_logger_that_was_silent_for_hours_is_no_loss(plant):
    four = plant(4)
    for day in days("2026-02-01", 2):
        four.shine(day, {"2": lambda hour: np.where((hour > 9) & (hour < 13), np.nan, 1.0)} if day == "2026-02-02" else None)

    four.analyse()

    last = four.answers().xs(pd.Timestamp("2026-02-02").date(), level=1)
    assert set(last.verdict) == {"normal"}
    assert last.share.tolist() == pytest.approx([1.0] * 4, abs=0.03)
    # Only the hours before 9 and after 13 are compared: 1 - (cos 45 + cos 75 of the half sine) of the day.
    whole_kwh = PEAKS_KW[0] * 24 / np.pi
    assert 0.4 * whole_kwh < last.compared_kwh.iloc[0] < 0.65 * whole_kwh


def test_a_silent_inverter_is_not_compared_and_does_not_spoil_the_others(plant):
    four = plant(4)
    four.shine("2026-02-01")
    four.shine("2026-02-02", {"4": lambda hour: np.full(len(hour), np.nan), "1": 0.5})

    four.analyse()

    last = four.answers().xs(pd.Timestamp("2026-02-02").date(), level=1)
    assert last.verdict.tolist() == ["very low", "normal", "normal", "not compared"]
    assert last.reason.iloc[3] == "not measured"


def test_a_lone_inverter_is_measured_by_the_clear_sky(plant):
    one = plant(1)
    for number, day in enumerate(days("2026-01-10", 40)):
        one.shine(day, {"1": 0.6} if number >= 33 else None, clouds=1.0 if number % 3 == 0 else 0.5)

    one.analyse()

    found = one.answers().loc["1"]
    assert found.verdict.iloc[-1] == "very low"
    assert found.method.iloc[-1] == "clear sky"
    assert found["share"].iloc[-1] == pytest.approx(0.6, abs=0.03)
    assert set(found.reason.iloc[:14]) == {"past too short", "not measured"}
    assert set(found.verdict.iloc[25:33]) == {"normal"}


def test_a_late_correction_asks_exactly_the_days_again_that_rest_on_it(plant):
    three = plant(3)
    for day in days("2026-02-01", 12):
        three.shine(day)
    three.analyse()
    before = three.answers()
    assert three.analyse() == {"plant_days": 0, "rows_changed": 0, "alarms_changed": 0, "remaining": 0, "errors": []}

    later = datetime(2026, 3, 2, 12, tzinfo=UTC)
    three.shine("2026-02-11", {"2": 0.7})
    done = three.analyse(later)

    assert done["plant_days"] == 2
    after = three.answers()
    changed = after.index[after.computed_at != before.computed_at]
    assert {day.isoformat() for _, day in changed} == {"2026-02-11", "2026-02-12"} or {day.isoformat() for _, day in changed} == {
        "2026-02-11"
    }
    assert after.loc[("2", pd.Timestamp("2026-02-11").date()), "verdict"] == "low"


def test_the_order_in_which_days_arrive_does_not_matter(plant, warehouse_url):
    three = plant(3)
    order = days("2026-02-01", 10)
    for day in [*order[5:], *order[:5]]:
        three.shine(day, {"1": 0.9} if day > "2026-02-06" else None)
        three.analyse()
    piecewise = three.answers().drop(columns="computed_at")

    three.change("TRUNCATE mart.inverter_day")
    three.change(
        "INSERT INTO ops.unanswered_day (subject, plant_id, local_day) "
        "SELECT 'inverters', plant_id, local_date FROM mart.energy_day "
    )
    three.analyse()

    pd.testing.assert_frame_equal(piecewise, three.answers().drop(columns="computed_at"))


def test_a_rating_that_is_registered_later_changes_the_answers_of_all_days(plant):
    three = plant(3)
    three.shine("2026-02-01", {"3": 0.5})
    three.analyse()
    row = {
        "tenant_id": three.fleet.tenant_id, "source": "drops", "device_key": "3", "plant_key": "p1", "parent_key": None,
        "kind": "inverter", "name": "Device 3", "model": None, "capacity_kw": 50,
    }  # fmt: skip

    with transaction(three.fleet.url) as connection:
        fleet.upsert_rows(connection, "device", [row])
    assert three.answers().loc["3"].verdict.tolist() == ["very low"]
    three.analyse()

    assert three.answers().loc["3"].verdict.tolist() == ["normal"]


def test_a_plant_that_cannot_be_analysed_does_not_hold_back_the_others(plant):
    three = plant(3)
    three.change("INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (1, 'bad', 'Bad', 'Mars/Olympus')")
    bad = int(three.fleet.read("SELECT plant_id FROM fleet.plant WHERE plant_key = 'bad'").plant_id[0])
    three.shine("2026-02-01", {"2": 0.5})
    three.fleet.roll_up()
    three.change(
        f"INSERT INTO fleet.device (tenant_id, plant_id, device_key, kind, name) VALUES (1, {bad}, 'x', 'inverter', 'X')"
    )
    three.change(f"INSERT INTO ops.unanswered_day (subject, plant_id, local_day) VALUES ('inverters', {bad}, '2026-02-01')")

    done = three.analyse()

    assert three.answers().loc["2"].verdict.tolist() == ["very low"]
    assert done["remaining"] == 1
    assert done["errors"] == [f"the inverters of plant {bad}: ZoneInfoNotFoundError, see the log of the task"]
