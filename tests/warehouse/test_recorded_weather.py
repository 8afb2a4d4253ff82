"""A recorded forecast of the weather through the seam: its hours, zones, units and labels; of its skill nothing is known."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pvlib
import pytest

from include.core.span import day_span, microseconds_of
from include.sources.weather_files import read_weather
from tests.warehouse.test_forecasts import write_hours
from tests.warehouse.test_weather_forecasts import figures, issue

RECORDED = Path(__file__).resolve().parents[1] / "sources" / "weather" / "open-meteo-2025-06.csv"
ZONE = ZoneInfo("Europe/Berlin")
PLACE = {"latitude": 51.5, "longitude": 10.0}
BRIGHT = ("2025-06-12", "2025-06-13")
"""Days on which the models saw hardly a cloud."""


def hours_of(path: Path, until: datetime) -> pd.Series:
    """Irradiance by the begin of each hour, as it is told at an instant."""
    origin = day_span(date(2025, 6, 1), ZONE).start
    found = read_weather([path], origin_us=microseconds_of(origin), issued_until_us=microseconds_of(until))
    return pd.Series(found.ghi_w_m2, pd.to_datetime(found.starts_us, unit="us", utc=True))


def middle(day: pd.Series) -> float:
    """The hour, by Greenwich, on both sides of which a day has as much irradiance."""
    hours = day.index.hour + 0.5
    return float((hours * day).sum() / day.sum())


def test_every_hour_of_the_record_is_told_as_it_stands_there():
    found = hours_of(RECORDED, datetime(2025, 6, 30, tzinfo=UTC))

    rows = pd.read_csv(RECORDED)
    ends = pd.to_datetime(rows["valid_at"], utc=True)
    assert len(rows) == len(found) == 7 * 24
    assert found.index.tolist() == (ends - pd.Timedelta("1h")).tolist()
    assert found.tolist() == rows["ghi_w_m2"].tolist()
    # The two bright days of the record, added up by hand [Wh/m2].
    assert found.groupby(found.index.strftime("%Y-%m-%d")).sum().loc[list(BRIGHT)].tolist() == [7960, 7859]


def test_bright_days_lie_about_the_noon_of_their_place_and_an_hour_beside_it_by_another_label(tmp_path):
    other = tmp_path / "beginning.csv"
    other.write_text(RECORDED.read_text().replace(",ending,", ",beginning,"))
    until = datetime(2025, 6, 30, tzinfo=UTC)

    read, misread = (hours_of(path, until) for path in (RECORDED, other))

    for day in BRIGHT:
        # Ten degrees east the sun is highest at 11:20 by Greenwich; the equation of time is half a minute in these days.
        assert middle(read.loc[day]) == pytest.approx(11 + 20 / 60, abs=0.15)
        assert middle(misread.loc[day]) == pytest.approx(12 + 20 / 60, abs=0.15)


def test_bright_days_are_the_clear_sky_of_another_model_in_the_same_unit():
    found = hours_of(RECORDED, datetime(2025, 6, 30, tzinfo=UTC))
    middles = found.index + pd.Timedelta("30min")
    place = pvlib.location.Location(PLACE["latitude"], PLACE["longitude"])
    clear = place.get_clearsky(middles)["ghi"].set_axis(found.index)

    by_day = (found.groupby(found.index.date).sum() / clear.groupby(found.index.date).sum()).round(2)
    assert by_day.loc[[date.fromisoformat(day) for day in BRIGHT]].between(0.9, 1.1).all()
    # The darkest day of the seven is the one whose clouds the record shows.
    assert by_day.idxmin() == date(2025, 6, 10)
    bright = found.index.strftime("%Y-%m-%d").isin(BRIGHT) & (clear.to_numpy() > 100)
    assert np.corrcoef(found[bright], clear[bright])[0, 1] > 0.99


@pytest.mark.postgres
def test_what_is_issued_in_the_night_is_not_known_at_six_of_the_day_before(fleet_in, tmp_path):
    """Of each day the record is issued at 01:00 of that day by the plant's clock; what begins with tomorrow lacks it."""
    six = datetime(2025, 6, 12, 6, tzinfo=ZONE)
    small = fleet_in(timezone="Europe/Berlin", **PLACE)
    write_hours(small, 60, first=date(2025, 4, 13), zone=ZONE)
    folder = tmp_path / "weather" / "demo" / "p1"
    folder.mkdir(parents=True)
    (folder / RECORDED.name).write_bytes(RECORDED.read_bytes())

    plain, _ = issue(small, now=six)
    found, done = issue(small, folder, now=six)

    assert hours_of(RECORDED, six).index[-1] == datetime(2025, 6, 12, 23, tzinfo=UTC)
    assert (done["errors"], found["weather_reason"]) == ([], "not told for the days")
    assert figures(found) == figures(plain)
