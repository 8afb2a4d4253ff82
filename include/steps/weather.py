"""Forecasts of the weather at a plant, as they were told before each of its days: never what was issued later."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.analysis.forecast import DAYS_AHEAD
from include.analysis.weather import WeatherTable
from include.core.settings import Settings
from include.core.span import HOUR_US, microseconds_of
from include.sources.weather_files import WeatherHours, read_weather
from include.steps.hour_table import HourTable

_OLDEST: Final = timedelta(days=150)
"""A file that was written longer ago tells nothing of the days that a forecast looks at."""


def weather_files(settings: Settings, tenant: str, plant_key: str, now: datetime) -> list[Path]:
    """The files of a plant, in `<folder>/<tenant>/<plant key>`; the key is percent-encoded where it is no name of a folder."""
    key = quote(plant_key, safe=" =")
    folder = Path(settings.weather_dir) / tenant / (key.replace(".", "%2E") if set(key) == {"."} else key)
    files = [path for path in folder.glob("*") if path.suffix.lower() in {".csv", ".json"} and path.is_file()]
    return [path for path in files if path.stat().st_mtime >= (now - _OLDEST).timestamp()]


def weather_as_told(
    files: list[Path], grid: HourTable, zone: ZoneInfo, *, first_day: date, due_at: time, issued_on: date
) -> list[WeatherTable]:
    """Of each of the days ahead the weather of all hours of the grid, as it was told so many days before, at `due_at`.

    What is ahead is told by what was issued until `due_at` of `issued_on`; `first_day` is that of the first row.
    """
    latest_us = _instant(issued_on, due_at, zone)
    hours = read_weather(files, origin_us=grid.start_us % HOUR_US, issued_until_us=latest_us)
    by_hour = _by_hour(hours)
    found = []
    for days_before in range(1, DAYS_AHEAD + 1):
        days = [first_day + timedelta(days=row - days_before) for row in range(grid.days)]
        until_us = np.minimum([_instant(day, due_at, zone) for day in days], latest_us)
        found.append(_as_of(by_hour, grid, np.repeat(until_us, 24)))
    return found


def _instant(day: date, at: time, zone: ZoneInfo) -> int:
    return microseconds_of(datetime.combine(day, at, zone))


def _by_hour(hours: WeatherHours) -> pd.DataFrame:
    names: Mapping[str, NDArray[np.float64]] = {"ghi": hours.ghi_w_m2, "poa": hours.poa_w_m2, "air": hours.air_c}
    return pd.DataFrame({"issued": hours.issued_us, "hour": hours.starts_us, **names}).sort_values("issued", kind="stable")


def _as_of(by_hour: pd.DataFrame, grid: HourTable, until_us: NDArray[np.int64]) -> WeatherTable:
    """Of each hour the newest issue until an instant of its own."""
    asked = pd.DataFrame({"until": until_us, "hour": grid.starts_us, "place": np.arange(len(until_us))}).sort_values(
        "until", kind="stable"
    )
    told = pd.merge_asof(asked, by_hour, left_on="until", right_on="issued", by="hour").sort_values("place")
    return WeatherTable(*(grid.table(told[name].to_numpy(float)) for name in ("ghi", "poa", "air")))
