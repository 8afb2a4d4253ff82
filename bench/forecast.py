"""The forecast of the next seven days beside what anybody can do without one, on two real plants.

    python -m bench.forecast [--from FOLDER] [--draws 2000]

Every forecast is issued at 06:00 of the day before its first day and knows nothing of that day. The yardsticks know the same:

- clear-sky persistence: the last day's share of the 0.9 quantile of the last 30 days, hour by hour, for all days ahead;
- 14-day mean: the mean of the last 14 days, hour by hour.

nMAE and nRMSE are by the 99.9 % quantile of the hours, over all hours and over those of daylight (more than 3 % of the strongest
clear-sky irradiance). Skill is 1 - MAE / MAE of the yardstick over the same hours of the first day ahead, both plants together;
its 95 % interval is drawn from whole weeks. FOLDER has the publishers' files (`bench/hourly_series.py`); without it the shipped
hours are taken.

The last line is one JSON object: `nmae`, `nmae_daytime`, `skill_vs_clear_sky` and `skill_vs_mean_14d`, all with `low` and `high`.
"""

import argparse
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.hourly_series import ORIGINALS, HourlySeries, read_series
from include.analysis.clear_sky import clear_sky, plane_irradiance, usual_plane
from include.analysis.forecast import DAYS_AHEAD, LEAST_DAYS, forecast_energy, is_lit

HISTORY = 105
PERSISTENCE, MEAN, OURS = "clear-sky persistence", "14-day mean", "forecast"


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """Energies of one plant by its capacity: real (day, hour), told (day ahead, level, day, hour)."""

    name: str
    real: np.ndarray
    lit: np.ndarray
    hours: np.ndarray
    real_days: np.ndarray
    days: np.ndarray
    yardsticks: dict[str, np.ndarray]

    def told(self) -> np.ndarray:
        """Hours that are known and that everybody tells for the first day ahead."""
        known = ~np.isnan(self.real) & ~np.isnan(self.hours[0, 1])
        for yardstick in self.yardsticks.values():
            known &= ~np.isnan(yardstick)
        return known


def backtest(series: HourlySeries) -> Backtest:
    """Issue a forecast on every day of a series."""
    energy_kwh = series.energy_kwh / np.nanquantile(series.energy_kwh, 0.999)
    plane = usual_plane(series.latitude, series.longitude)
    sky = clear_sky(series.latitude, series.longitude, series.starts_us)
    irradiance = plane_irradiance(sky, plane.tilt_deg, plane.azimuth_deg).reshape(energy_kwh.shape)
    lit = is_lit(irradiance)
    days_kwh = np.where(lit, energy_kwh, 0.0).sum(axis=1)
    count = len(energy_kwh)
    hours = np.full((DAYS_AHEAD, 3, *energy_kwh.shape), np.nan)
    days = np.full((DAYS_AHEAD, 3, count), np.nan)
    for issued in range(LEAST_DAYS, count - DAYS_AHEAD):
        first = max(0, issued - HISTORY)
        known = slice(first, issued)
        forecast = forecast_energy(energy_kwh[known], days_kwh[known], irradiance[first : issued + 1 + DAYS_AHEAD])
        if forecast is not None:
            for ahead in range(DAYS_AHEAD):
                hours[ahead, :, issued + 1 + ahead] = forecast.hours_kwh[:, ahead]
                days[ahead, :, issued + 1 + ahead] = forecast.days_kwh[:, ahead]
    return Backtest(series.name, energy_kwh, lit, hours, days_kwh, days, _yardsticks(energy_kwh, lag=2))


def _yardsticks(energy_kwh: np.ndarray, lag: int) -> dict[str, np.ndarray]:
    persistence, mean = np.full_like(energy_kwh, np.nan), np.full_like(energy_kwh, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # hours that are never known
        for day in range(lag + LEAST_DAYS - 1, len(energy_kwh)):
            last = energy_kwh[day - lag]
            clear = np.nanquantile(energy_kwh[max(0, day - lag - 29) : day - lag + 1], 0.9, axis=0)
            persistence[day] = np.nansum(last) / np.nansum(np.where(np.isnan(last), np.nan, clear)) * clear
            mean[day] = np.nanmean(energy_kwh[day - lag - LEAST_DAYS + 1 : day - lag + 1], axis=0)
    return {PERSISTENCE: persistence, MEAN: mean}


def errors(one: Backtest, daylight: bool = False) -> dict[str, np.ndarray]:
    """Absolute errors of the first day ahead by who told, NaN where an hour does not count."""
    counts = one.told() & (one.lit if daylight else True)
    told = {OURS: one.hours[0, 1], **one.yardsticks}
    return {name: np.where(counts, np.abs(each - one.real), np.nan) for name, each in told.items()}


def bootstrap(weeks: dict[str, np.ndarray], draws: int, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Estimate, low and high of the errors (means) and of the skills, from resampled weeks.

    `weeks` has per name (week, 2): the sum of the errors and the number of the hours.
    """
    rng = np.random.default_rng(seed)
    count = len(weeks[OURS])
    drawn = [np.arange(count), *(rng.integers(0, count, count) for _ in range(draws))]
    means = {name: np.array([sums[rows, 0].sum() / sums[rows, 1].sum() for rows in drawn]) for name, sums in weeks.items()}
    figures = {
        "nmae": 100 * means[OURS],
        "skill_vs_clear_sky": 1 - means[OURS] / means[PERSISTENCE],
        "skill_vs_mean_14d": 1 - means[OURS] / means[MEAN],
    }
    return {name: (float(v[0]), *(float(q) for q in np.quantile(v[1:], (0.025, 0.975)))) for name, v in figures.items()}


def by_week(tables: list[np.ndarray]) -> np.ndarray:
    """Sum and number of the errors per week of each plant, weeks without any left out."""
    weeks = [table[first : first + 7] for table in tables for first in range(0, len(table), 7)]
    sums = np.array([(np.nansum(week), (~np.isnan(week)).sum()) for week in weeks])
    return sums[sums[:, 1] > 0]


def within(low: np.ndarray, high: np.ndarray, real: np.ndarray, counts: np.ndarray) -> float:
    """Share of the counting values that lie within [low, high], in percent."""
    counts = counts & ~np.isnan(real) & ~np.isnan(low)
    return 100 * float(((real >= low) & (real <= high))[counts].mean())


def show(one: Backtest) -> None:
    """Print one plant."""
    all_hours, daylight = errors(one), errors(one, daylight=True)
    print(f"{one.name}: {int(one.told().sum()):,} hours of the first day ahead")
    print(f"  {'':24} {'nMAE %':>7} {'by day':>7} {'nRMSE %':>8}")
    for name, error in all_hours.items():
        rmse = 100 * np.sqrt(np.nanmean(error**2))
        print(f"  {name:24} {100 * np.nanmean(error):>7.2f} {100 * np.nanmean(daylight[name]):>7.2f} {rmse:>8.2f}")
    print(f"  {'days ahead':24} {'nMAE %':>7} {'within P10 to P90: hours of daylight':>37} {'days':>6}")
    for ahead in range(DAYS_AHEAD):
        low, middle, high = one.hours[ahead]
        error = np.abs(middle - one.real)
        hours = within(low, high, one.real, one.lit)
        days = within(one.days[ahead, 0], one.days[ahead, 2], one.real_days, np.ones_like(one.real_days, bool))
        print(f"  {ahead + 1:<24} {100 * np.nanmean(error):>7.2f} {hours:>35.1f} % {days:>5.1f} %")


def main() -> None:
    """Print the tables, and all figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="folder", type=Path, help="the publishers' files instead of what is shipped")
    parser.add_argument("--draws", type=int, default=2000, help="of the bootstrap")
    arguments = parser.parse_args()
    tests = [backtest(read_series(name, arguments.folder)) for name in ORIGINALS]
    for one in tests:
        show(one)
    names = (OURS, PERSISTENCE, MEAN)
    figures = bootstrap({name: by_week([errors(one)[name] for one in tests]) for name in names}, arguments.draws)
    daytime = bootstrap({name: by_week([errors(one, daylight=True)[name] for one in tests]) for name in names}, arguments.draws)
    figures["nmae_daytime"] = daytime["nmae"]
    keys = ("value", "low", "high")
    figures = {name: dict(zip(keys, (round(v, 4) for v in each), strict=True)) for name, each in figures.items()}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
