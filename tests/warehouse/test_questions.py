"""Questions on demand: answers beside what pandas says of the readings, and one answer per question and data."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from include.analysis.comparison import PAST_DAYS
from include.core.errors import Refused
from include.core.settings import Settings
from include.steps.analyse import analyse_inverters
from include.steps.code_version import code_version
from include.steps.questions import answer_question
from include.steps.yields import analyse_yields
from include.warehouse.analyses import list_analyses, read_analysis
from include.warehouse.engine import transaction
from tests.warehouse.conftest import make_fleet

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
ZONE = "America/Sao_Paulo"


@pytest.fixture(scope="module")
def shared(new_warehouse):
    """Two inverters with power and temperature over three days of March; the second is silent on the third day."""
    fleet = make_fleet(new_warehouse(), latitude=-23.5, longitude=-46.6)
    readings = []
    for key, rating in (("1", 40.0), ("2", 25.0)):
        fleet.add_device(key, quantities=("ac_power_kw", "temp_inverter_c"))
        for day in pd.date_range("2026-03-01", periods=3 if key == "1" else 2):
            stamps = pd.date_range(day + pd.Timedelta(hours=6), day + pd.Timedelta(hours=18, minutes=30), freq="10min", tz=ZONE)
            random = np.random.default_rng(int(key) * 100 + day.day)
            power = rating * np.sin(np.linspace(0, np.pi, len(stamps))) * random.uniform(0.5, 1, len(stamps))
            readings.append(pd.DataFrame({"device": key, "quantity": "ac_power_kw", "at": stamps, "value": power}))
            some = stamps[:: 2 if key == "1" else 5]
            warm = 30 + random.uniform(0, 15, len(some))
            readings.append(pd.DataFrame({"device": key, "quantity": "temp_inverter_c", "at": some, "value": warm}))
    fleet.readings = pd.concat(readings, ignore_index=True)
    load(fleet, "march", fleet.readings)
    return fleet


def load(fleet, name: str, readings: pd.DataFrame) -> None:
    ids = [fleet.series[device, quantity] for device, quantity in readings[["device", "quantity"]].itertuples(index=False)]
    rows = pd.DataFrame(
        {"series_id": ids, "at": readings["at"].dt.tz_convert("UTC").dt.tz_localize(None), "value": readings["value"]}
    )
    fleet.load(fleet.register(name), rows)
    fleet.roll_up()


def ask(fleet, question: str, subject: str | None = None, *, now: datetime = NOW, first="2026-03-01", last="2026-03-03") -> dict:
    days = tuple(date.fromisoformat(text) if text else None for text in (first, last))
    told = answer_question(
        Settings(database_url=fleet.url), tenant="demo", question=question, subject=subject, source=None, days=days, now=now,
        run_id="test",
    )  # fmt: skip
    with transaction(fleet.url) as connection:
        return told | json.loads(read_analysis(connection, told["analysis_id"]))


def local(fleet, device: str | None, quantity: str) -> pd.DataFrame:
    rows = fleet.readings
    rows = rows[(rows["quantity"] == quantity) & ((rows["device"] == device) | (device is None))]
    return rows.assign(day=rows["at"].dt.tz_convert(ZONE).dt.strftime("%Y-%m-%d"))


def trapezoid_kwh(rows: pd.DataFrame) -> float:
    hours = rows["at"].diff().dt.total_seconds().to_numpy()[1:] / 3600
    power = rows["value"].to_numpy()
    return float(((power[1:] + power[:-1]) / 2 * hours).sum())


def test_maximum_power_is_the_greatest_reading_of_each_local_day(shared):
    answer = ask(shared, "maximum_power", "1")["answer"]

    expected = local(shared, "1", "ac_power_kw").groupby("day")["value"].max()
    assert {day["local_date"]: day["max_power_kw"] for day in answer["days"]} == pytest.approx(expected.to_dict())
    assert answer["max_power_kw"] == pytest.approx(expected.max())


def test_mean_temperature_is_weighted_by_readings(shared):
    answer = ask(shared, "mean_temperature", "2")["answer"]

    rows = local(shared, "2", "temp_inverter_c")
    assert {day["local_date"]: day["mean_temperature_c"] for day in answer["days"]} == pytest.approx(
        rows.groupby("day")["value"].mean().to_dict()
    )
    assert answer["mean_temperature_c"] == pytest.approx(rows["value"].mean())


def test_generation_of_an_inverter_and_of_its_plant_say_how_many_days_are_known(shared):
    inverter, plant = ask(shared, "device_generation", "2")["answer"], ask(shared, "plant_generation", "p1")["answer"]

    days = {key: local(shared, key, "ac_power_kw").groupby("day")[["at", "value"]].apply(trapezoid_kwh) for key in ("1", "2")}
    assert inverter["energy_kwh"] == pytest.approx(days["2"].sum(), rel=1e-6)
    assert (inverter["days_asked"], inverter["days_known"]) == (3, 2)
    assert plant["energy_kwh"] == pytest.approx(days["1"].sum() + days["2"].sum(), rel=1e-6)
    assert (plant["days_known"], plant["days_complete"]) == (3, 2)
    assert plant["days"][2]["completeness"] == pytest.approx(0.5, abs=0.01)


def test_the_dashboard_has_plants_inverters_and_days(shared):
    answer = ask(shared, "fleet_dashboard")["answer"]

    power, warm = local(shared, None, "ac_power_kw"), local(shared, None, "temp_inverter_c")
    peaks = power.groupby(["day", "device"])["value"].max()
    totals, (plant,) = answer["totals"], answer["plants"]
    assert totals["sum_of_inverter_peaks_kw"] == pytest.approx(power.groupby("device")["value"].max().sum())
    assert totals["mean_temperature_c"] == pytest.approx(warm["value"].mean())
    assert totals["mean_daily_sum_of_peaks_kw"] == pytest.approx(peaks.groupby("day").sum().mean())
    assert totals["mean_daily_energy_kwh"] == pytest.approx(totals["energy_kwh"] / 3)
    assert (totals["days_asked"], totals["days_known"], totals["days_complete"]) == (3, 3, 2)
    assert (plant["plant_key"], plant["energy_kwh"]) == ("p1", totals["energy_kwh"])
    assert [inverter["device_key"] for inverter in plant["inverters"]] == ["1", "2"]
    assert sum(inverter["energy_kwh"] for inverter in plant["inverters"]) == pytest.approx(totals["energy_kwh"])
    assert plant["inverters"][1]["mean_temperature_c"] == pytest.approx(local(shared, "2", "temp_inverter_c")["value"].mean())
    assert [day["local_date"] for day in answer["days"]] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert answer["plant_days"] == {str(plant["plant_id"]): answer["days"]}
    assert (answer["days"][0]["plants"], answer["provisional"]) == (1, False)


def test_the_same_question_on_the_same_data_is_answered_from_the_store_and_a_correction_makes_another(shared):
    first = ask(shared, "plant_generation", "p1", first="2026-03-02")
    again = ask(shared, "plant_generation", "p1", first="2026-03-02", now=NOW + timedelta(hours=1))
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert (again["analysis_id"], again["computed_at"]) == (first["analysis_id"], first["computed_at"])
    other = ask(shared, "plant_generation", "p1", last="2026-03-01")

    late = local(shared, "1", "ac_power_kw")
    late = late[late["day"] == "2026-03-03"].drop(columns="day").assign(value=lambda rows: rows["value"] / 2)
    load(shared, "correction", late)
    corrected = ask(shared, "plant_generation", "p1", first="2026-03-02", now=NOW + timedelta(hours=2))
    untouched = ask(shared, "plant_generation", "p1", last="2026-03-01", now=NOW + timedelta(hours=2))

    assert corrected["is_new"]
    assert corrected["data_revision"] != first["data_revision"]
    assert corrected["answer"]["energy_kwh"] < first["answer"]["energy_kwh"]
    assert (untouched["is_new"], untouched["analysis_id"]) == (False, other["analysis_id"])
    with transaction(shared.url) as connection:
        page = list_analyses(connection, question="plant_generation", before=2**31 - 1, limit=1)
    assert json.loads(page.data)[0]["analysis_id"] == corrected["analysis_id"]
    assert page.next_key == [corrected["analysis_id"]]


def test_a_day_that_still_runs_is_told_and_is_another_answer_when_it_has_ended(shared):
    running = ask(shared, "maximum_power", "1", last="2026-03-05", now=NOW)
    ended = ask(shared, "maximum_power", "1", last="2026-03-05", now=NOW + timedelta(days=1))

    assert (running["answer"]["provisional"], ended["answer"]["provisional"]) == (True, False)


def test_without_days_the_answer_is_of_the_seven_that_end_yesterday(shared):
    assert ask(shared, "maximum_power", "1", first=None, last=None)["parameters"] == {
        "device_id": 1, "device_key": "1", "first_day": "2026-02-26", "last_day": "2026-03-04",
    }  # fmt: skip


def test_a_silent_span_has_no_numbers(shared):
    answer = ask(shared, "device_generation", "1", first="2020-01-01", last="2020-01-31")["answer"]

    assert (answer["energy_kwh"], answer["days_known"], answer["days_asked"], answer["days"]) == (None, 0, 31, [])


@pytest.mark.parametrize(
    ("question", "subject", "days", "words"),
    [
        ("weather", None, (None, None), "ask one of maximum_power"),
        ("maximum_power", None, (None, None), "of a device; give its key"),
        ("plant_generation", "nowhere", (None, None), "known: p1"),
        ("device_generation", "nowhere", (None, None), "inverters: 1, 2"),
        ("fleet_dashboard", "p1", (None, None), "leave the subject empty"),
        ("maximum_power", "1", ("2026-03-03", "2026-03-01"), "swap"),
        ("maximum_power", "1", ("2026-03-03", "2026-03-06"), "up to 2026-03-05"),
        ("fleet_dashboard", None, ("2024-01-01", "2026-03-01"), "the most is 366"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_what_to_do(shared, question, subject, days, words):
    with pytest.raises(Refused, match=words):
        ask(shared, question, subject, first=days[0], last=days[1])


def test_readings_that_were_hardly_measured_are_counted_by_local_day(shared):
    answer = ask(shared, "power_quality", "1")["answer"]

    rows = local(shared, "1", "ac_power_kw")
    assert answer["readings"] == len(rows)
    assert [(day["local_date"], day["readings"]) for day in answer["days"]] == list(rows.groupby("day").size().items())
    assert answer["stale"] == answer["interpolated"] == 0
    assert sum(day["outliers"] for day in answer["days"]) == answer["outliers"]
    assert ask(shared, "power_quality", "1")["is_new"] is False
    with pytest.raises(Refused, match="the most is 92"):
        ask(shared, "power_quality", "1", first="2025-11-01")


def test_the_detectors_of_a_plant_say_what_they_rest_on(shared):
    settings = Settings(database_url=shared.url)
    before = ask(shared, "detector_report", "p1")["answer"]
    analyse_inverters(settings, clock=lambda: NOW)
    analyse_yields(settings, clock=lambda: NOW)

    after = ask(shared, "detector_report", "p1")["answer"]

    assert (before["model"], before["inverters"][0]["days_answered"]) == (None, 0)
    assert after["model"]["plane_source"] == "assumed"
    assert after["rules"]["past_days"] == PAST_DAYS
    assert after["code_version"] == code_version()
    first = after["inverters"][0]
    verdicts = shared.read(
        "SELECT verdict, count(*) AS days FROM mart.inverter_day JOIN fleet.device USING (device_id) "
        "WHERE device_key = '1' AND local_date <= '2026-03-03' GROUP BY 1 ORDER BY 1"
    )
    assert first["verdicts"] == dict(verdicts.itertuples(index=False))
    assert first["days_answered"] == 3
    assert sum(first["methods"].values()) == first["days_compared"]
