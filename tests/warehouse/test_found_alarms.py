"""Alarms of our own: from readings to mart.alarm, corrected by late readings, acknowledged, apart from the vendors'."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.errors import Refused
from include.core.settings import Settings
from include.core.span import day_span
from include.steps.alarms import acknowledge, watch_silence
from include.warehouse.alarms import AlarmRows, load_alarms
from include.warehouse.documents import lock_document
from include.warehouse.engine import engine_of, transaction
from include.warehouse.found_alarms import insert_found_alarm
from include.warehouse.reports import read_plant_period
from tests.warehouse.conftest import NOW
from tests.warehouse.test_inverter_days import PLACE, ZONE, Plant, days

pytestmark = pytest.mark.postgres

LATER = NOW + timedelta(days=1)


@pytest.fixture
def plant(fleet_in):
    return lambda inverters: Plant(fleet_in(**PLACE), inverters)


def alarms(plant: Plant) -> list[tuple]:
    """(device, code, severity, raised on, cleared on) of alarms that were not withdrawn; local dates."""
    frame = plant.fleet.read(
        "SELECT d.device_key, a.code, a.severity, (raised_at AT TIME ZONE 'America/Sao_Paulo')::date::text AS raised_on, "
        "(cleared_at AT TIME ZONE 'America/Sao_Paulo')::date::text AS cleared_on FROM mart.alarm AS a "
        "LEFT JOIN fleet.device AS d USING (device_id) WHERE NOT is_withdrawn ORDER BY raised_at, alarm_id"
    )
    return [tuple(row) for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False)]


def test_an_inverter_at_three_percent_for_a_day_is_an_alarm_from_that_day_on_with_its_loss(plant):
    eight = plant(8)
    for day in days("2026-02-01", 7):
        eight.shine(day, {"3": 0.03} if day == "2026-02-05" else None)

    done = eight.analyse()

    assert done["alarms_changed"] == 1
    assert alarms(eight) == [("3", "low", "major", "2026-02-05", "2026-02-06")]
    lost = eight.fleet.read("SELECT a.lost_kwh, i.expected_kwh - i.compared_kwh AS missing FROM mart.alarm AS a "
                            "JOIN mart.inverter_day AS i USING (device_id) WHERE i.local_date = '2026-02-05'")  # fmt: skip
    assert lost.lost_kwh[0] == pytest.approx(lost.missing[0])
    assert 560 < lost.lost_kwh[0] < 620
    assert eight.analyse()["alarms_changed"] == 0


def test_an_alarm_keeps_its_number_while_it_goes_on_and_closes_by_itself(plant):
    three = plant(3)
    for day in days("2026-02-01", 4):
        three.shine(day, {"1": 0.5} if day > "2026-02-02" else None)
    three.analyse()
    assert alarms(three) == [("1", "low", "major", "2026-02-03", None)]
    number = three.fleet.read("SELECT alarm_id FROM mart.alarm").alarm_id[0]

    three.shine("2026-02-05", {"1": 0.5})
    three.analyse()
    for day in days("2026-02-06", 2):
        three.shine(day)
    three.analyse(LATER)

    assert alarms(three) == [("1", "low", "major", "2026-02-03", "2026-02-06")]
    assert three.fleet.read("SELECT alarm_id FROM mart.alarm").alarm_id.tolist() == [number]


def test_late_readings_that_show_that_nothing_was_wrong_withdraw_an_alarm(plant):
    three = plant(3)
    for day in days("2026-02-01", 4):
        three.shine(day, {"1": 0.5} if day == "2026-02-03" else None)
    three.analyse()
    assert len(alarms(three)) == 1

    three.shine("2026-02-03")
    three.analyse(LATER)

    assert alarms(three) == []
    gone = three.fleet.read("SELECT is_open, is_withdrawn, lost_kwh FROM mart.alarm").iloc[0]
    assert gone.tolist() == [False, True, 0]


def test_an_alarm_that_ended_long_ago_is_not_told_again_beside_one_that_goes_on(plant):
    three = plant(3)
    for number, day in enumerate(days("2026-02-01", 18)):
        three.shine(day, {"1": 0.5 if 2 <= number < 4 else 1.0, "2": 0.6 if number >= 3 else 1.0})
    three.analyse()
    before = alarms(three)

    three.shine("2026-02-18", {"2": 0.55})
    three.analyse(LATER)

    assert before == [("1", "low", "major", "2026-02-03", "2026-02-05"), ("2", "low", "major", "2026-02-04", None)]
    assert alarms(three) == before


def test_whoever_acknowledges_stays_noted_while_the_alarm_goes_on(plant):
    three = plant(3)
    for day in days("2026-02-01", 3):
        three.shine(day, {"1": 0.5} if day > "2026-02-01" else None)
    three.analyse()
    number = int(three.fleet.read("SELECT alarm_id FROM mart.alarm").alarm_id[0])
    settings = Settings(database_url=three.fleet.url)

    told = acknowledge(settings, tenant="demo", alarm_id=number, name=" Ana ", note="a fuse; on Monday", now=NOW)
    three.shine("2026-02-04", {"1": 0.5})
    three.analyse(LATER)

    assert told == {"alarm_id": number, "code": "low", "name": "Low beside its peers", "severity": "major", "is_open": True}
    row = three.fleet.read("SELECT state, acknowledged_by, note, lost_kwh FROM api.alarm").iloc[0]
    assert row.tolist()[:3] == ["acknowledged", "Ana", "a fuse; on Monday"]
    with pytest.raises(Refused, match="has no alarm"):
        acknowledge(settings, tenant="other", alarm_id=number, name="Eve", note=None, now=NOW)
    with pytest.raises(Refused, match="type your name"):
        acknowledge(settings, tenant="demo", alarm_id=number, name="  ", note=None, now=NOW)


def test_a_vendors_list_without_alarms_does_not_close_ours(plant):
    three = plant(3)
    for day in days("2026-02-01", 3):
        three.shine(day, {"1": 0.0} if day > "2026-02-01" else None)
    three.analyse()
    plant_id = int(three.fleet.read("SELECT plant_id FROM fleet.plant").plant_id[0])

    with engine_of(three.fleet.url).begin() as connection:
        document = lock_document(connection, three.fleet.register("list"))
        load_alarms(connection, document, AlarmRows([], [plant_id]))

    assert alarms(three) == [("1", "zero", "major", "2026-02-02", None)]


def test_an_inverter_that_falls_silent_in_daylight_is_offline_until_it_speaks(plant):
    two = plant(2)
    two.shine("2026-02-01", {"2": lambda hour: pd.Series(hour).where(hour < 10).to_numpy() * 0 + 1})
    settings = Settings(database_url=two.fleet.url)
    evening = datetime(2026, 2, 1, 22, tzinfo=UTC)

    assert watch_silence(settings, now=evening) == {"opened": 1, "closed": 0}
    assert watch_silence(settings, now=evening) == {"opened": 0, "closed": 0}
    row = two.fleet.read(
        "SELECT d.device_key, a.code, a.raised_at, a.is_open FROM mart.alarm AS a JOIN fleet.device AS d USING (device_id)"
    )
    assert row.iloc[0].tolist() == ["2", "offline", pd.Timestamp("2026-02-01T12:55Z"), True]

    two.shine("2026-02-01")
    assert watch_silence(settings, now=evening) == {"opened": 0, "closed": 1}


# ------------------------------------------------------------------------------------------------------------------- money


def priced(plant: Plant, *tariffs: tuple[str, float, str]) -> None:
    for valid_from, price, currency in tariffs:
        plant.change(
            "INSERT INTO fleet.tariff SELECT plant_id, :day, tenant_id, :price, :currency FROM fleet.plant",
            day=valid_from, price=price, currency=currency,
        )  # fmt: skip


def reported(plant: Plant, first: str, last: str) -> dict[str, tuple[float, float | None, str | None]]:
    """Of each alarm of a report of some days what was lost by it [kWh], its worth and the currency."""
    first_day, last_day = date.fromisoformat(first), date.fromisoformat(last)
    span = day_span(first_day, ZoneInfo(ZONE), (last_day - first_day).days + 1)
    with transaction(plant.fleet.url) as connection:
        period = read_plant_period(
            connection, plant_id=1, first_day=first_day, last_day=last_day, through_day=last_day, span=span,
            place=tuple(PLACE.values()), with_curve=False,
        )  # fmt: skip
    return {row["code"]: (row["lost_kwh"], row["lost_value"], row["currency"]) for row in period.alarms}


def test_a_loss_over_the_end_of_a_month_is_worth_the_tariff_of_each_day_in_the_alarm_and_in_both_reports(plant):
    three = plant(3)
    factors = {"2026-01-30": 0.5, "2026-01-31": 0.5, "2026-02-01": 0.0, "2026-02-02": 0.5}
    for day in days("2026-01-29", 8):
        three.shine(day, {"1": factors.get(day, 1.0)})
    priced(three, ("2020-01-01", 0.5, "BRL"), ("2026-02-01", 2.0, "BRL"))
    three.analyse()

    # Its peers have peaks of 81 and 79 kW; a half sine of twelve hours. A day of half of it lost the other half.
    whole = 80 * 24 / np.pi
    kwh, value = pytest.approx(whole / 2, rel=2e-3), pytest.approx
    found = three.fleet.read(
        "SELECT a.code, a.lost_kwh, l.lost_value, l.currency, l.lost_value_missing AS missing "
        "FROM mart.alarm AS a JOIN api.alarm_loss AS l USING (alarm_id) ORDER BY a.code"
    )
    assert found.code.tolist() == ["low", "zero"]
    # The day on which it stood still is a loss of the other alarm, and is not told twice.
    assert found.lost_kwh.tolist() == [value(whole * 1.5, rel=2e-3), value(whole, rel=2e-3)]
    assert found.lost_value.tolist() == [value(whole / 2 * (0.5 + 0.5 + 2.0), rel=2e-3), value(whole * 2.0, rel=2e-3)]
    assert found.currency.tolist() == ["BRL", "BRL"]
    assert found.missing.isna().all()
    january, february = reported(three, "2026-01-01", "2026-01-31"), reported(three, "2026-02-01", "2026-02-28")
    assert january == {"low": (value(whole, rel=2e-3), value(whole * 0.5, rel=2e-3), "BRL")}
    assert february == {
        "low": (kwh, value(whole, rel=2e-3), "BRL"),
        "zero": (value(whole, rel=2e-3), value(whole * 2, rel=2e-3), "BRL"),
    }


@pytest.mark.parametrize(
    ("tariffs", "missing"),
    [
        ([], "no tariff"),
        ([("2026-02-04", 1.0, "BRL")], "no tariff"),
        ([("2026-01-01", 1.0, "USD"), ("2026-02-04", 1.0, "BRL")], "several currencies"),
    ],
)
def test_a_loss_whose_days_are_not_all_priced_alike_has_no_worth_in_alarm_and_report(plant, tariffs, missing):
    three = plant(3)
    for day in days("2026-02-02", 5):
        three.shine(day, {"1": 0.5 if day in {"2026-02-03", "2026-02-04"} else 1.0})
    priced(three, *tariffs)
    three.analyse()

    (loss,) = three.fleet.read("SELECT l.* FROM api.alarm_loss AS l").to_dict("records")
    assert (loss["lost_value"], loss["currency"], loss["lost_value_missing"]) == (None, None, missing)
    lost_kwh, lost_value, currency = reported(three, "2026-02-01", "2026-02-28")["low"]
    assert (lost_kwh, lost_value, currency) == (
        pytest.approx(80 * 24 / np.pi, rel=2e-3),
        None,
        "BRL, USD" if missing == "several currencies" else None,
    )


def test_a_loss_of_the_day_on_which_the_clock_is_set_forward_has_the_tariff_of_that_day_alone(fleet_in):
    small = fleet_in(timezone="America/New_York")
    small.add_device("1")
    day = date(2026, 3, 8)
    alarm = {
        "plant_id": 1, "device_id": 1, "code": "low", "name": "Low", "severity": "major", "first_day": day, "last_day": day,
        "lost_kwh": 10.0, "lost_days": ((day, 10.0),),
    }  # fmt: skip
    with transaction(small.url) as connection:
        insert_found_alarm(connection, alarm, NOW)
        for valid_from, price in (("2026-03-08", 1.0), ("2026-03-09", 5.0), ("2026-01-01", 3.0)):
            connection.execute(
                text("INSERT INTO fleet.tariff SELECT plant_id, :day, tenant_id, :price, 'USD' FROM fleet.plant"),
                {"day": valid_from, "price": price},
            )

    losses = "SELECT cleared_at - raised_at AS length, l.* FROM mart.alarm JOIN api.alarm_loss AS l USING (alarm_id)"
    (told,) = small.read(losses).to_dict("records")
    assert (told["length"], told["lost_value"], told["currency"]) == (timedelta(hours=23), 10.0, "USD")


def test_what_an_alarm_lost_is_the_sum_of_its_days_whatever_became_of_it(plant):
    three = plant(3)
    for day in days("2026-02-01", 5):
        three.shine(day, {"1": 0.5 if day >= "2026-02-03" else 1.0, "2": 0.0 if day == "2026-02-04" else 1.0})
    three.analyse()
    three.shine("2026-02-04")
    three.analyse(LATER)

    sums = three.fleet.read(
        "SELECT a.is_withdrawn, a.lost_kwh, coalesce(sum(d.lost_kwh), 0) AS of_days FROM mart.alarm AS a "
        "LEFT JOIN mart.alarm_day AS d USING (alarm_id) GROUP BY a.alarm_id ORDER BY a.alarm_id"
    )
    assert sorted(sums.is_withdrawn) == [False, True]
    assert sums.lost_kwh.tolist() == pytest.approx(sums.of_days.tolist())
