"""The forecast of a plant as the API tells it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.models.forecast import PlantForecast
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres
ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.fixture
def told(stage):
    """East's plant was told 10, 20 and 30 kWh for every day, issued on 18 and 19 November, and nothing on the 17th."""
    with transaction(stage.url) as connection:
        for day in (17, 18, 19):
            issued = date(2026, 11, day)
            midnight = datetime.combine(issued + timedelta(days=1), datetime.min.time(), ZONE)
            hours = [] if day == 17 else [midnight + timedelta(hours=n) for n in range(168)]
            connection.execute(
                text(
                    "INSERT INTO mart.forecast VALUES (:p, :day, :t, :at, :known, :reason, CAST(:hours AS timestamptz[]), "
                    "CAST(:low AS float8[]), CAST(:mid AS float8[]), CAST(:high AS float8[]), CAST(:d10 AS float8[]), "
                    "CAST(:d50 AS float8[]), CAST(:d90 AS float8[]), :at)"
                ),
                {
                    "p": stage.east.plant_id, "t": stage.east.tenant_id, "day": issued, "known": 0 if day == 17 else 56,
                    "at": midnight - timedelta(hours=18), "reason": "too few known days" if day == 17 else None, "hours": hours,
                    "low": [None, *[0.5] * 167] if hours else [], "mid": [1.0] * len(hours), "high": [2.0] * len(hours),
                    "d10": [10.0] * (len(hours) // 24), "d50": [20.0] * (len(hours) // 24), "d90": [30.0] * (len(hours) // 24),
                },
            )  # fmt: skip
    yield
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM mart.forecast"))


def test_the_newest_forecast_has_days_with_what_was_made_since_and_local_hours(stage, as_east, told):
    answer = as_east(f"/plants/{stage.east.plant_id}/forecast").json()

    TypeAdapter(PlantForecast).validate_python(answer)
    data = answer["data"]
    assert (answer["unit"], data["issued_on"], data["issued_at"]) == ("kWh", "2026-11-19", "2026-11-19T06:00:00-03:00")
    # The plant made 98.5 kWh on 20 and 21 November, 0.96 complete.
    assert data["days"][0] == {
        "local_date": "2026-11-20", "p10_kwh": 10, "p50_kwh": 20, "p90_kwh": 30, "energy_kwh": 98.5,
        "by_weather": False, "weather_skill": None,
    }  # fmt: skip
    assert [day["energy_kwh"] for day in data["days"]] == [98.5, 98.5, *[None] * 5]
    assert data["hours"][0] == {"starts_at": "2026-11-20T00:00:00-03:00", "p10_kwh": None, "p50_kwh": 1, "p90_kwh": 2}
    assert len(data["hours"]) == 168


def test_an_earlier_forecast_is_answered_as_it_was_told_and_one_without_figures_says_why(stage, as_east, told):
    earlier = as_east(f"/plants/{stage.east.plant_id}/forecast?issued_on=2026-11-18").json()["data"]
    without = as_east(f"/plants/{stage.east.plant_id}/forecast?issued_on=2026-11-17").json()["data"]

    assert (earlier["issued_on"], earlier["days"][0]["local_date"]) == ("2026-11-18", "2026-11-19")
    assert (without["reason"], without["days"], without["hours"]) == ("too few known days", [], [])


def test_where_nothing_was_told_the_data_is_null_and_another_tenants_plant_is_not_there(stage, as_east, told):
    nothing = as_east(f"/plants/{stage.east.plant_id}/forecast?issued_on=2026-11-16")

    assert (nothing.status_code, nothing.json()["data"]) == (200, None)
    assert as_east(f"/plants/{stage.west.plant_id}/forecast").status_code == 404
    assert as_east(f"/plants/{stage.east.plant_id}/forecast?issued_on=2026-02-30").status_code == 422
