"""Forecasts of the weather from files at a real plant. They are constructed from what it really made: no skill is claimed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from bench.hourly_series import read_series
from include.core.settings import Settings
from include.steps.forecast import issue_forecasts
from include.warehouse.engine import transaction
from tests.warehouse.test_forecasts import write_hours

pytestmark = pytest.mark.postgres

ZONE = ZoneInfo("Etc/GMT+7")
SERF = read_series("serf-east")
FIRST = SERF.first_day.astype(date)
KNOWN_DAYS = 88
ISSUED_ON = FIRST + timedelta(days=KNOWN_DAYS)
AT_SIX = datetime.combine(ISSUED_ON, time(6), ZONE)


def constructed(number: int, *, issued_at: time = time(5), noise: float = 0.1) -> pd.DataFrame:
    """What is told on a day of the plant: what it really made in the seven days after, as irradiance, with noise by the lead."""
    rng = np.random.default_rng(number)
    day = FIRST + timedelta(days=number)
    midnight = datetime.combine(day + timedelta(days=1), time(), ZONE)
    real = np.nan_to_num(SERF.energy_kwh[number + 1 : number + 8]).ravel()
    lead = np.repeat(np.arange(len(real) // 24) + 1, 24)
    told = np.clip(real / 6.0 * 1000 * (1 + noise * np.sqrt(lead) * rng.normal(size=len(real))), 0, 1500)
    return pd.DataFrame(
        {
            "issued_at": datetime.combine(day, issued_at, ZONE).astimezone(UTC).isoformat(),
            "valid_at": [(midnight + timedelta(hours=n)).astimezone(UTC).isoformat() for n in range(len(told))],
            "interval": "beginning",
            "poa_w_m2": told.round(1),
        }
    )


@pytest.fixture
def serf(fleet_in, tmp_path):
    """Its first 88 days are known; in the folder lies what was told on each day from the 40th on."""
    small = fleet_in(timezone="Etc/GMT+7", latitude=SERF.latitude, longitude=SERF.longitude)
    write_hours(small, KNOWN_DAYS, first=FIRST, zone=ZONE, table=np.nan_to_num(SERF.energy_kwh))
    folder = tmp_path / "weather" / "demo" / "p1"
    folder.mkdir(parents=True)
    for number in range(40, KNOWN_DAYS + 1):
        constructed(number).to_csv(folder / f"{number}.csv", index=False)
    return small, folder


def issue(small, folder=None, now=AT_SIX):
    """The forecast that is told, and what the run says; it is not kept."""
    weather = "" if folder is None else str(folder.parents[1])
    done = issue_forecasts(Settings(database_url=small.url, weather_dir=weather), now=now)
    (row,) = small.read("SELECT * FROM mart.forecast").to_dict("records")
    with transaction(small.url) as connection:
        connection.execute(text("DELETE FROM mart.forecast"))
    return row, done


def figures(row):
    return [row[name] for name in row if name.endswith("_kwh")]


def test_a_forecast_rests_on_the_weather_where_that_did_better_on_the_plants_past(serf):
    small, folder = serf
    plain, _ = issue(small)
    row, done = issue(small, folder)

    real = SERF.energy_kwh[KNOWN_DAYS + 1 : KNOWN_DAYS + 3].ravel()
    with_it, without = (np.nanmean(np.abs(np.array(each["p50_kwh"][:48], float) - real)) for each in (row, plain))
    assert done == {"issued": 1, "without_figures": 0, "errors": []}
    assert (plain["day_by_weather"], plain["weather_reason"]) == ([], None)
    # The noise grows with the days ahead, and so the last ones may be no better than without.
    assert row["day_by_weather"][:4] == [True] * 4
    assert all(0.2 < skill < 1 for skill in row["day_weather_skill"][:4])
    assert row["day_weather_skill"][0] == max(row["day_weather_skill"])
    assert with_it < without


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=9)], ids=["in time", "a run that is late"])
def test_what_is_issued_after_six_changes_nothing_however_late_the_run(serf, late):
    small, folder = serf
    honest, _ = issue(small, folder)
    for number in range(40, KNOWN_DAYS + 1):
        # Came a minute too late on each day, and knows its first day ahead without any noise.
        constructed(number, issued_at=time(6, 1), noise=0.0)[:24].to_csv(folder / f"{number} late.csv", index=False)

    found, _ = issue(small, folder, now=AT_SIX + late)

    assert found["day_by_weather"][0] is True
    for name in ("p10_kwh", "p50_kwh", "p90_kwh"):
        assert found[name][:24] == honest[name][:24]
        assert found[f"day_{name}"][0] == honest[f"day_{name}"][0]
    assert found["day_weather_skill"][0] == honest["day_weather_skill"][0]


def test_a_plant_without_files_and_one_with_bad_ones_keep_the_forecast_of_their_past_and_say_so(serf):
    small, folder = serf
    plain, _ = issue(small)
    (folder / "broken.csv").write_text("issued_at,valid_at,interval,ghi_w_m2\n2016-09-01,x,beginning,1\n")
    broken, done = issue(small, folder)
    for path in folder.iterdir():
        path.unlink()
    empty, quiet = issue(small, folder)

    assert figures(broken) == figures(empty) == figures(plain)
    assert (broken["weather_reason"], empty["weather_reason"]) == ("unreadable", "not told for the days")
    assert done["issued"] == 1
    assert done["errors"] == [
        "the weather of plant p1: BadDocument: the weather forecast broken.csv in row 1 has the issued_at '2016-09-01', which is "
        "no time with an offset such as 2026-11-30T06:00Z; correct the file and put it there again"
    ]
    assert quiet["errors"] == []
