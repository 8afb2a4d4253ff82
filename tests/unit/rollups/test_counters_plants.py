"""Two plants' worth of counters as they misbehave in the field: 44 inverters, 34 days, a reading every 15 minutes."""

import time

import numpy as np
import pandas as pd
import pytest

from include.rollups.counters import CounterFault, step_counters
from tests.unit.rollups.counter_rows import ZONE, readings_of

INVERTERS, DAYS, PER_DAY, RATED_KW = 44, 34, 96, 1000.0
STAMPS = pd.date_range("2026-05-15", periods=DAYS * PER_DAY, freq="15min", tz=ZONE)


def generated(rng) -> np.ndarray:
    """What an inverter truly generates within each 15 minutes [kWh], in ever changing weather."""
    hour = np.arange(DAYS * PER_DAY) % PER_DAY / 4
    weather = np.repeat(rng.uniform(0.02, 1, DAYS), PER_DAY)
    return np.clip(np.sin((hour - 6) / 12 * np.pi), 0, 1) * weather * rng.uniform(0.5, 1, len(hour)) * RATED_KW / 4


def lifetime_counter(rng) -> tuple[np.ndarray, float]:
    """A lifetime counter with 13 zeros and 27 falls: dips, states from before, rounding; and its true energy [kWh]."""
    energy = np.cumsum(generated(rng))
    true = np.round(rng.uniform(1e5, 6e6) + energy, 3)
    shown = true.copy()
    rows = rng.choice(np.arange(20, len(true) - 40, 20), 40, replace=False)
    shown[rows[:13]] = 0.0
    for row in rows[13:]:
        length, kind = int(rng.integers(1, 15)), rng.integers(4)
        now = true[row]
        shown[row : row + length] = [now * rng.uniform(0, 0.9), now - rng.uniform(0, 50), np.floor(now), now * 1e-4][kind]
    return shown, float(true[-1] - true[0])


def day_counter(rng) -> tuple[np.ndarray, np.ndarray]:
    """A counter of the day, and its true energy of each day [kWh]."""
    energy = generated(rng).reshape(DAYS, PER_DAY)
    shown = np.round(np.cumsum(energy, axis=1), 3)
    totals = shown[:, -1].copy()
    for day in range(DAYS):
        yesterday = totals[day - 1] if day else 0.0
        habit = rng.integers(6)
        if habit == 0:  # yesterday's total until 02:00 or 05:00
            shown[day, : int(rng.choice([8, 20]))] = yesterday
        elif habit == 1:  # restarts in the evening, and stays at zero
            shown[day, int(rng.integers(76, 95)) :] = 0.0
        elif habit == 2:  # a battery feeds the house
            shown[day, 74:] = totals[day] - np.linspace(0, 0.2 * totals[day], 22)
        elif habit == 3:  # zeros at noon
            begin, length = int(rng.integers(36, 60)), int(rng.integers(1, 5))
            shown[day, begin : begin + length] = 0.0
        elif habit == 4:  # yesterday's total until 05:00, with zeros in it
            shown[day, :20] = yesterday
            shown[day, 6:8] = 0.0
        else:  # an older state shortly before midnight
            shown[day, 95:] = 0.86 * totals[day]
    return shown.ravel(), totals


@pytest.fixture(scope="module")
def lifetimes():
    rng = np.random.default_rng(1)
    return [lifetime_counter(rng) for _ in range(INVERTERS)]


@pytest.fixture(scope="module")
def days():
    rng = np.random.default_rng(2)
    return [day_counter(rng) for _ in range(INVERTERS)]


@pytest.mark.parametrize("rated_kw", [RATED_KW, np.nan])
def test_lifetime_counters_with_zeros_and_falls_give_the_energy_of_the_plants(lifetimes, rated_kw):
    readings = readings_of(*[(STAMPS, shown) for shown, _ in lifetimes], rated_kw=rated_kw)

    steps = step_counters(readings)

    energy = np.add.reduceat(np.nan_to_num(steps.increase_kwh), readings.starts[:-1])
    assert energy == pytest.approx([true for _, true in lifetimes], rel=0.005)
    assert (np.diff(readings.value) < 0).sum() > 1_200
    assert (steps.fault == CounterFault.ZERO).sum() > 500
    assert (steps.fault == CounterFault.DIP).sum() > 800
    assert not np.isin(steps.fault, [CounterFault.RESET, CounterFault.HELD_BACK]).any()


@pytest.mark.parametrize("rated_kw", [RATED_KW, np.nan])
def test_counters_of_the_day_give_the_energy_of_each_day_however_they_restart(days, rated_kw):
    readings = readings_of(*[(STAMPS, shown) for shown, _ in days], rated_kw=rated_kw, is_daily=True)

    steps = step_counters(readings)

    series = np.repeat(np.arange(INVERTERS), DAYS * PER_DAY)
    by_day = pd.Series(np.nan_to_num(steps.increase_kwh)).groupby([series, readings.local_day]).sum().to_numpy()
    assert by_day == pytest.approx(np.concatenate([totals for _, totals in days]), rel=0.005, abs=0.01)
    assert not (steps.fault == CounterFault.HELD_BACK).any()


def test_two_plants_with_thousands_of_faults_take_no_minutes(lifetimes, days):
    readings = [
        readings_of(*[(STAMPS, shown) for shown, _ in lifetimes], rated_kw=RATED_KW),
        readings_of(*[(STAMPS, shown) for shown, _ in days], rated_kw=RATED_KW, is_daily=True),
    ]

    begin = time.process_time()
    for counters in readings:
        step_counters(counters)

    # 0.4 s on an idle core; what looks at every row of a series for every fault takes minutes.
    assert time.process_time() - begin < 10
