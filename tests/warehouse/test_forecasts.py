"""Forecasts from stored hours: what they are made of, when they are due, and that they look at nothing later."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.core.settings import Settings
from include.core.span import day_span
from include.rollups.daylight import place_of
from include.steps.forecast import issue_forecasts
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

ZONE = ZoneInfo("America/Sao_Paulo")
ISSUED_ON = date(2026, 5, 20)
AT_SIX = datetime(2026, 5, 20, 6, tzinfo=ZONE)
PLACE = {"latitude": -23.5, "longitude": -46.6}


def settings(small):
    return Settings(database_url=small.url)


def write_hours(small, days, noon_kwh=60.0, first=date(2026, 3, 1), zone=ZONE, table=None):
    """A parabola of energy from 6 to 18 o'clock on each local day, or a row of a table, into the roll-ups of the plant."""
    with transaction(small.url) as connection:
        series_id = connection.execute(
            text(
                "INSERT INTO fleet.series (tenant_id, plant_id, quantity, kind, origin) SELECT tenant_id, plant_id, "
                "'ac_power_kw', 'power', 'derived' FROM fleet.plant ON CONFLICT DO NOTHING RETURNING series_id"
            )
        ).scalar()
        series_id = series_id or connection.execute(text("SELECT series_id FROM api.plant_energy_series")).scalar_one()
        rows = []
        for n in range(days):
            day = first + timedelta(days=n)
            midnight = day_span(day, zone).start
            hours = np.clip(noon_kwh * (1 - ((np.arange(24) + 0.5 - 12) / 6) ** 2), 0, None) if table is None else table[n]
            rows += [
                {"s": series_id, "at": midnight + timedelta(hours=h), "day": day, "kwh": float(hours[h]),
                 "expected": 3600.0 if 6 <= h < 18 else 0.0}
                for h in range(24)
            ]  # fmt: skip
            connection.execute(
                text(
                    "INSERT INTO mart.energy_day (tenant_id, plant_id, local_date, starts_at, ends_at, energy_kwh, "
                    "energy_source, recovered_kwh, covered_s, expected_s, completeness, computed_at) "
                    "SELECT tenant_id, plant_id, :day, :a, :b, "
                    ":kwh, 'power', 0, 1, 1, 1, :b FROM fleet.plant"
                ),
                {"day": day, "a": midnight, "b": midnight + timedelta(days=1), "kwh": float(hours.sum())},
            )
        connection.execute(
            text(
                "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, "
                "expected_s, energy_kwh, computed_at) "
                "VALUES (:s, 'hour', :at, CAST(:at AS timestamptz) + interval '1 hour', :day, 12, "
                ":expected, :expected, :kwh, :at)"
            ),
            rows,
        )
    return series_id


def told(small):
    return small.read("SELECT * FROM mart.forecast ORDER BY issued_on")


def test_equal_days_are_forecast_for_seven_local_days_and_all_their_hours(fleet_in):
    small = fleet_in(timezone="America/Sao_Paulo", **PLACE)
    write_hours(small, 80)

    done = issue_forecasts(settings(small), now=AT_SIX)
    (row,) = told(small).to_dict("records")

    assert done == {"issued": 1, "without_figures": 0, "errors": []}
    assert (row["issued_on"], row["issued_at"], row["reason"]) == (ISSUED_ON, pd.Timestamp(AT_SIX), None)
    assert [pd.Timestamp(at).tz_convert(ZONE).hour for at in row["starts_at"]] == list(range(24)) * 7
    assert pd.Timestamp(row["starts_at"][0]) == datetime(2026, 5, 21, tzinfo=ZONE)
    # The sun of late May is lower than that of the weeks before; the day has 478.3 kWh in the mean.
    assert row["day_p50_kwh"] == pytest.approx([478] * 7, rel=0.12)
    assert np.nansum(np.array(row["p50_kwh"], float)) == pytest.approx(sum(row["day_p50_kwh"]), rel=0.1)
    assert row["p50_kwh"][:5] == [0.0] * 5


def test_it_is_due_at_six_local_and_told_once(fleet_in):
    small = fleet_in(timezone="America/Sao_Paulo", **PLACE)
    write_hours(small, 80)

    early = issue_forecasts(settings(small), now=AT_SIX - timedelta(minutes=1))
    first = issue_forecasts(settings(small), now=AT_SIX)
    figures = told(small)
    with transaction(small.url) as connection:
        connection.execute(text("UPDATE mart.rollup SET energy_kwh = 2 * energy_kwh"))
    again = issue_forecasts(settings(small), now=AT_SIX + timedelta(hours=9))

    assert [done["issued"] for done in (early, first, again)] == [0, 1, 0]
    assert told(small).to_json(date_format="iso") == figures.to_json(date_format="iso")


def test_what_is_measured_from_the_day_of_issue_on_changes_nothing(fleet_in, warehouse_url):
    small = fleet_in(timezone="America/Sao_Paulo", **PLACE)
    write_hours(small, 80)
    issue_forecasts(settings(small), now=AT_SIX)
    honest = told(small)
    with transaction(small.url) as connection:
        connection.execute(text("DELETE FROM mart.forecast"))
        connection.execute(text("UPDATE mart.rollup SET energy_kwh = 999 WHERE local_date >= :d"), {"d": ISSUED_ON})
        connection.execute(text("UPDATE mart.energy_day SET energy_kwh = 999 WHERE local_date >= :d"), {"d": ISSUED_ON})

    issue_forecasts(settings(small), now=AT_SIX + timedelta(hours=16))

    late = told(small)
    figures = [column for column in late if column != "computed_at"]
    assert late[figures].to_json(date_format="iso") == honest[figures].to_json(date_format="iso")


def test_a_plant_with_too_few_days_has_a_reason_and_no_figures(fleet_in):
    small = fleet_in(timezone="America/Sao_Paulo", **PLACE)
    write_hours(small, 13, first=date(2026, 5, 7))

    done = issue_forecasts(settings(small), now=AT_SIX)

    assert done == {"issued": 1, "without_figures": 1, "errors": []}
    assert told(small)[["reason", "days_known"]].values.tolist() == [["too few known days", 0]]


def test_across_a_change_of_the_clock_every_local_hour_is_there_once(fleet_in):
    small = fleet_in(timezone="America/Denver", latitude=39.74, longitude=-105.17)
    denver = ZoneInfo("America/Denver")
    write_hours(small, 80, first=date(2026, 8, 9), zone=denver)

    issue_forecasts(settings(small), now=datetime(2026, 10, 28, 12, tzinfo=UTC))

    (row,) = told(small).to_dict("records")
    # On 1 November 2026 the clock is set back: the seven days have 169 hours.
    assert len(row["starts_at"]) == 169
    assert pd.Series(row["starts_at"]).diff().dropna().nunique() == 1
    assert pd.Timestamp(row["starts_at"][0]) == datetime(2026, 10, 29, tzinfo=denver)
    assert None not in row["p50_kwh"]


def test_a_plant_that_fails_keeps_no_other_back(fleet_in, monkeypatch):
    small = fleet_in(timezone="America/Sao_Paulo", **PLACE)
    write_hours(small, 80)
    with transaction(small.url) as connection:
        connection.execute(
            text(
                "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, latitude, longitude) "
                "SELECT tenant_id, 'p0', 'p0', 'America/Sao_Paulo', 10, 10 FROM fleet.tenant"
            )
        )

    def place(timezone, latitude, longitude):
        if latitude == 10:
            raise ValueError("no such place")
        return place_of(timezone, latitude, longitude)

    monkeypatch.setattr("include.steps.forecast.place_of", place)
    done = issue_forecasts(settings(small), now=AT_SIX)

    assert (done["issued"], done["without_figures"]) == (1, 0)
    assert done["errors"] == ["plant p0: ValueError, see the log of the task"]
    assert len(told(small)) == 1
