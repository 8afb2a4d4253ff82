"""Yields, availability and clear-sky energy of days, from readings to the table; what is computed again, and what is not."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.steps import yields
from include.steps.yearly_target import months_of_year
from include.steps.yields import analyse_yields
from include.warehouse import fleet
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

PLACE = {"latitude": -23.5, "longitude": -46.6}
FIRST = date(2026, 2, 20)
NOW = datetime(2026, 2, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def day_of_power(small, key, day, kw, quantity="ac_power_kw"):
    """Five-minute readings from 05:00 to 20:00 local, zero but for `kw` from 08:00 to 16:00."""
    at = pd.date_range(f"{day} 05:00", f"{day} 20:00", freq="5min", tz=small.timezone)
    value = np.where((at.hour >= 8) & (at.hour < 16), kw, 0.0)
    return pd.DataFrame({"series_id": small.series[key, quantity], "at": at.tz_convert("UTC").tz_localize(None), "value": value})


def load(small, name, *tables):
    small.load(small.register(name), pd.concat(tables, ignore_index=True))
    small.roll_up()


def analyse(small, now=NOW):
    return analyse_yields(Settings(database_url=small.url), clock=lambda: now)


def answers(small):
    return small.read("SELECT * FROM mart.yield_day ORDER BY local_date").set_index("local_date").drop(columns="tenant_id")


@pytest.fixture
def sunny(fleet_in):
    """Two inverters and a sensor on 20, 21 and 23 February; on the 22nd nothing is known."""
    small = fleet_in(timezone="America/Sao_Paulo", **PLACE)
    small.add_device("1")
    small.add_device("2")
    small.add_device("s", kind="sensor", quantities=("irradiance_poa_w_m2", "temp_module_c"))
    for day in ("2026-02-20", "2026-02-21", "2026-02-23"):
        tables = [day_of_power(small, key, day, 40.0) for key in ("1", "2")]
        tables.append(day_of_power(small, "s", day, 800.0, "irradiance_poa_w_m2"))
        tables.append(day_of_power(small, "s", day, 45.0, "temp_module_c"))
        load(small, day, *tables)
    return small


def test_a_day_has_the_sums_of_its_yields_and_a_silent_day_between_has_them_too(sunny):
    done = analyse(sunny)
    found = answers(sunny)

    assert (done["plant_days"], done["remaining"]) == (4, 0)
    assert [day.isoformat() for day in found.index] == ["2026-02-20", "2026-02-21", "2026-02-22", "2026-02-23"]
    day = found.loc[date(2026, 2, 20)]
    # Eight hours of 80 kW; one step of five minutes rises and one falls, each half of it within the sunny hours.
    assert day["irradiated_kwh"] == pytest.approx(640, abs=7)
    # 0.8 kWh/m2 in each of eight hours; modules at 45 degrees have 1 - 0.004 x 20 of it.
    assert day["insolation_kwh_m2"] == pytest.approx(6.4)
    assert day["corrected_kwh_m2"] == pytest.approx(6.4 * 0.92)
    # The sun is more than 10 degrees high in the middle of 11 hours, in 8 of which both work.
    assert (day["daylight_s"] / 3600, day["reporting_s"] / 3600, day["producing_s"] / 3600) == (
        11, pytest.approx(11, abs=0.01), pytest.approx(8, abs=1.01)
    )  # fmt: skip
    silent = found.loc[date(2026, 2, 22)]
    assert (silent["daylight_s"], silent["reporting_s"], silent["producing_s"]) == (day["daylight_s"], 0, 0)
    assert pd.isna(silent["irradiated_kwh"])
    # 100 kWp under a clear sky of late summer: 6 to 8.5 hours of full power, cut at 90 kW.
    assert found["clear_sky_kwh"].between(500, 720).all()


def test_a_plant_that_fails_holds_back_no_other_and_is_named(sunny, monkeypatch):
    plants = sunny.read("SELECT plant_id FROM fleet.plant ORDER BY 1")["plant_id"].tolist()
    sunny.read(
        "WITH made AS (INSERT INTO fleet.plant (tenant_id, source, plant_key, name, timezone) "
        "SELECT tenant_id, source, 'broken', 'Broken', timezone FROM fleet.plant WHERE plant_id = :known RETURNING plant_id) "
        "INSERT INTO ops.unanswered_day (subject, plant_id, local_day) "
        "SELECT 'yields', plant_id, DATE '2026-02-20' FROM made RETURNING plant_id",
        known=plants[0],
    )
    whole = yields._analyse_plant

    def breaks(connection, plant, days, now):
        if plant.plant_id not in plants:
            raise ZeroDivisionError("no such plane")
        return whole(connection, plant, days, now)

    monkeypatch.setattr(yields, "_analyse_plant", breaks)
    done = analyse(sunny)

    assert len(answers(sunny)) == 4
    assert done["remaining"] == 1
    (sentence,) = done["errors"]
    assert sentence.startswith("the yields of plant ")
    monkeypatch.undo()
    assert analyse(sunny)["errors"] == []


def test_the_same_again_changes_nothing(sunny):
    analyse(sunny)
    before = answers(sunny)

    assert analyse(sunny, LATER) == {"plant_days": 0, "rows_changed": 0, "alarms_changed": 0, "remaining": 0, "errors": []}
    assert answers(sunny).equals(before)


def test_a_late_correction_of_power_changes_its_own_day_alone(sunny):
    analyse(sunny)
    load(sunny, "late", day_of_power(sunny, "1", "2026-02-21", 20.0))

    done = analyse(sunny, LATER)
    found = answers(sunny)

    assert done["plant_days"] == 1
    assert found.index[found["computed_at"] == LATER].tolist() == [date(2026, 2, 21)]
    assert found.loc[date(2026, 2, 21), "irradiated_kwh"] == pytest.approx(480, abs=6)


def test_a_late_irradiance_changes_its_own_day_though_no_energy_changed(sunny):
    analyse(sunny)
    load(sunny, "late", day_of_power(sunny, "s", "2026-02-21", 400.0, "irradiance_poa_w_m2"))

    analyse(sunny, LATER)
    found = answers(sunny)

    assert found.index[found["computed_at"] == LATER].tolist() == [date(2026, 2, 21)]
    assert found.loc[date(2026, 2, 21), "insolation_kwh_m2"] == pytest.approx(3.2)


def test_one_inverter_that_is_silent_and_one_that_stands_still_are_told_apart(sunny):
    load(sunny, "24", day_of_power(sunny, "1", "2026-02-24", 0.0))

    analyse(sunny, datetime(2026, 2, 26, tzinfo=UTC))
    day = answers(sunny).loc[date(2026, 2, 24)]

    assert day["reporting_s"] / day["daylight_s"] == pytest.approx(0.5, abs=0.01)
    assert day["producing_s"] == 0
    # The energy of the plant is not known, for one inverter is silent.
    assert pd.isna(day["irradiated_kwh"])


def test_a_running_day_asks_only_for_the_hours_that_are_over(sunny):
    load(sunny, "24", *(day_of_power(sunny, key, "2026-02-24", 40.0) for key in ("1", "2")))

    analyse(sunny, datetime(2026, 2, 24, 15, 30, tzinfo=UTC))  # 12:30 local

    # 07:00 to 12:00.
    assert answers(sunny).loc[date(2026, 2, 24), "daylight_s"] == 5 * 3600


def test_a_registered_plane_makes_every_day_anew_and_names_itself(sunny):
    analyse(sunny)
    before = answers(sunny)["clear_sky_kwh"]
    assert sunny.read("SELECT plane_source, capacity_source, tilt_deg FROM mart.plant_model").values.tolist() == [
        ["assumed", "registered", 23.5]
    ]
    with transaction(sunny.url) as connection:
        connection.execute(text("UPDATE fleet.plant SET tilt_deg = 60, azimuth_deg = 180"))
        connection.execute(text("INSERT INTO ops.unanswered_day (subject, plant_id, local_day) SELECT 'yields', plant_id, :d "
                                "FROM fleet.plant"), {"d": FIRST})  # fmt: skip

    analyse(sunny, LATER)

    assert (answers(sunny)["clear_sky_kwh"] < 0.8 * before).all()
    assert sunny.read("SELECT plane_source, tilt_deg, azimuth_deg FROM mart.plant_model").values.tolist() == [
        ["registered", 60, 180]
    ]


def test_a_change_of_the_registry_asks_for_all_days_again(sunny):
    analyse(sunny)
    plant = {
        "source": "drops", "plant_key": "p1", "name": "Plant 1", "timezone": "America/Sao_Paulo", "city": None, "latitude": 10.0,
        "longitude": -46.6, "capacity_kwp": 100, "capacity_kw": 90, "commissioned_on": None, "tenant_id": sunny.tenant_id,
    }  # fmt: skip
    with transaction(sunny.url) as connection:
        fleet.upsert_rows(connection, "plant", [plant])
    sunny.roll_up()

    analyse(sunny, LATER)

    assert (answers(sunny)["computed_at"] == LATER).all()


def test_the_day_on_which_the_clock_is_set_forward_has_all_its_hours(fleet_in):
    small = fleet_in(timezone="America/Denver", latitude=39.74, longitude=-105.17)
    small.add_device("1")
    for day in ("2026-03-07", "2026-03-08"):
        load(small, day, day_of_power(small, "1", day, 40.0))

    analyse(small, datetime(2026, 3, 9, 12, tzinfo=UTC))
    found = answers(small)

    assert found["clear_sky_kwh"].iloc[1] == pytest.approx(found["clear_sky_kwh"].iloc[0], rel=0.03)
    assert found["daylight_s"].iloc[1] == pytest.approx(found["daylight_s"].iloc[0], abs=3600)
    assert found["daylight_s"].between(9 * 3600, 11 * 3600).all()


def test_a_plant_without_a_place_or_ratings_still_has_availability_and_says_that_its_place_is_guessed(small_fleet):
    load(small_fleet, "20", *(day_of_power(small_fleet, key, "2026-02-20", 40.0) for key in ("1", "2")))
    with transaction(small_fleet.url) as connection:
        connection.execute(text("UPDATE fleet.plant SET capacity_kwp = NULL, capacity_kw = NULL"))
        connection.execute(text("UPDATE fleet.device SET capacity_kw = NULL"))

    analyse(small_fleet, datetime(2026, 2, 21, 12, tzinfo=UTC))
    day = answers(small_fleet).loc[FIRST]

    assert pd.isna(day["clear_sky_kwh"])
    assert day["reporting_s"] == pytest.approx(day["daylight_s"])
    model = small_fleet.read("SELECT is_place_guessed, plane_source, capacity_source FROM mart.plant_model")
    assert model.values.tolist() == [[True, "assumed", None]]


def register_plane(small, **columns):
    """The plant is registered with its plane, and with what else is given."""
    told = {"tilt_deg": 15, "azimuth_deg": 0, **columns}
    small.read(f"UPDATE fleet.plant SET {', '.join(f'{name} = :{name}' for name in told)} RETURNING plant_id", **told)


def ceiling_alarms(small):
    return small.read(
        "SELECT raised_at, is_open, is_withdrawn, severity FROM mart.alarm WHERE code = 'above clear sky' ORDER BY alarm_id"
    )


def test_a_plant_that_makes_more_than_a_clear_sky_is_alarmed_until_its_capacity_is_registered_as_it_is(sunny):
    register_plane(sunny)
    analyse(sunny)
    assert ceiling_alarms(sunny).empty
    for day in ("2026-02-21", "2026-02-22", "2026-02-23"):
        load(sunny, f"more {day}", *(day_of_power(sunny, key, day, 60.0) for key in ("1", "2")))

    done = analyse(sunny, LATER)
    again = analyse(sunny, LATER)

    opened = ceiling_alarms(sunny)
    assert (done["alarms_changed"], again["alarms_changed"]) == (1, 0)
    assert opened["raised_at"].tolist() == [pd.Timestamp("2026-02-21 03:00", tz="UTC")]
    assert opened[["is_open", "is_withdrawn", "severity"]].values.tolist() == [[True, False, "major"]]
    assert sunny.read("SELECT code FROM mart.alarm")["code"].tolist() == ["above clear sky"]

    register_plane(sunny, capacity_kwp=150, capacity_kw=130)
    load(sunny, "mark", day_of_power(sunny, "1", "2026-02-23", 60.0))
    sunny.read("INSERT INTO ops.unanswered_day VALUES ('yields', 1, DATE '2026-02-23') RETURNING plant_id")
    analyse(sunny, LATER + timedelta(hours=1))

    assert ceiling_alarms(sunny)[["is_open", "is_withdrawn"]].values.tolist() == [[False, True]]


def test_power_that_clouds_brighten_for_minutes_is_no_more_than_a_clear_sky(sunny):
    register_plane(sunny)
    for day in ("2026-02-20", "2026-02-21"):
        power = day_of_power(sunny, "1", day, 42.0)
        power.loc[(power["value"] > 0) & (power["at"].dt.minute == 30), "value"] = 130.0
        load(sunny, f"edges {day}", power)

    analyse(sunny)

    assert ceiling_alarms(sunny).empty
    assert sunny.read("SELECT max(max) AS peak FROM mart.rollup_day")["peak"][0] > 100


def test_a_target_of_a_year_is_spread_over_its_months_by_the_clear_sky(sunny):
    settings = Settings(database_url=sunny.url)
    asked = {"tenant": "demo", "plant": "p1", "source": None}
    with pytest.raises(Refused, match="no model yet"):
        months_of_year(settings, **asked, year_kwh=120_000)
    analyse(sunny)

    months = months_of_year(settings, **asked, year_kwh=120_000)

    assert len(months) == 12
    assert sum(months) == pytest.approx(120_000)
    # Sao Paulo has its strongest months in the south's summer; the plane tilted to the north evens them out.
    assert min(months) > 8_000
    assert months[0] > months[5]
    assert months_of_year(settings, **asked, year_kwh=0) == [0] * 12
    with pytest.raises(Refused, match="empty the one or the others"):
        months_of_year(settings, **asked, year_kwh=120_000, beside=[None, 0.0])
    with pytest.raises(Refused, match="not an energy"):
        months_of_year(settings, **asked, year_kwh=float("nan"))


def test_a_target_of_a_year_names_a_plant_and_a_tenant_that_do_not_exist(sunny):
    settings = Settings(database_url=sunny.url)
    with pytest.raises(Refused, match=r"plant 'p2' does not exist \(known: p1\)"):
        months_of_year(settings, tenant="demo", plant="p2", source=None, year_kwh=1)
    with pytest.raises(NeedsHuman, match="'demmo'"):
        months_of_year(settings, tenant="demmo", plant="p1", source=None, year_kwh=1)
