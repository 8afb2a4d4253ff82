"""Hourly energies of real plants, shipped in `bench/series`, and how they are made from the publishers' files.

    python -m bench.hourly_series --from FOLDER

FOLDER has the layout that `samples/README.md` tells; whose data it is stands there, too.
"""

import argparse
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from include.core.span import HOUR_US

SHIPPED: Final = Path(__file__).parent / "series"
ORIGINALS: Final = {
    "serf-east": "nrel_pv/serf_east_15min_ac_power.csv",
    "system-50": "nrel_pv/system_50_ac_power_2_full_DST.parquet",
}
PLACES: Final = {"serf-east": (39.74, -105.17), "system-50": (39.7, -105.0)}
STANDARD_TIME: Final = "Etc/GMT+7"
LEAST_QUARTERS: Final = 3
"""An hour is known that has so many of its quarters; its energy is their mean power."""


@dataclass(frozen=True, slots=True, eq=False)
class HourlySeries:
    """Energy of one plant [kWh], NaN where unknown: a row per day, a column per hour of standard time (-07:00)."""

    name: str
    latitude: float
    longitude: float
    first_day: np.datetime64
    energy_kwh: np.ndarray

    @property
    def starts_us(self) -> np.ndarray:
        """Beginnings of the hours [us since 1970 UTC], in the order of the rows."""
        first = (self.first_day.astype("datetime64[us]").astype(np.int64)) + 7 * HOUR_US
        return first + np.arange(self.energy_kwh.size) * HOUR_US


def read_series(name: str, originals: Path | None = None) -> HourlySeries:
    """One plant, from what is shipped or from the publishers' files."""
    hours = _shipped(name) if originals is None else hourly(_original(name, originals))
    days = hours.index.normalize()
    whole = pd.date_range(days[0], days[-1] + pd.Timedelta(days=1), freq="1h", inclusive="left")
    table = hours.reindex(whole).to_numpy(float).reshape(-1, 24)
    return HourlySeries(name, *PLACES[name], days[0].tz_localize(None).to_datetime64().astype("datetime64[D]"), table)


def hourly(power_w: pd.Series) -> pd.Series:
    """Energy [kWh] of whole hours from quarters of an hour [W]; what is drawn at night is none."""
    hours = (power_w.clip(lower=0) / 1000).resample("1h")
    return hours.mean().where(hours.count() >= LEAST_QUARTERS)


def _original(name: str, folder: Path) -> pd.Series:
    path = folder / ORIGINALS[name]
    if path.suffix == ".csv":
        table = pd.read_csv(path)
        at = pd.DatetimeIndex(pd.to_datetime(table["measured_on"], utc=True))
    else:
        table = pd.read_parquet(path)
        # The stamps say -07:00 all year, yet are wall-clock times.
        at = pd.DatetimeIndex(table["measured_on"]).tz_localize(None)
        at = at.tz_localize("America/Denver", nonexistent="NaT", ambiguous="NaT")
    power = pd.Series(table.iloc[:, -1].to_numpy(float), index=at)
    return power[power.index.notna()].tz_convert(STANDARD_TIME).sort_index()


def _shipped(name: str) -> pd.Series:
    table = pd.read_csv(SHIPPED / f"{name}.csv.gz")
    return pd.Series(table["energy_kwh"].to_numpy(float), index=pd.DatetimeIndex(table["starts_at"]).tz_convert(STANDARD_TIME))


def main() -> None:
    """Make what is shipped again; the same originals give the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, required=True)
    folder = parser.parse_args().folder
    for name in ORIGINALS:
        hours = hourly(_original(name, folder)).round(3)
        rows = "".join(f"{at.isoformat()},{'' if np.isnan(kwh) else f'{kwh:g}'}\n" for at, kwh in hours.items())
        (SHIPPED / f"{name}.csv.gz").write_bytes(gzip.compress(f"starts_at,energy_kwh\n{rows}".encode(), mtime=0))


if __name__ == "__main__":
    main()
