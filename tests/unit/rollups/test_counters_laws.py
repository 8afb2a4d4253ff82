"""Laws of counters: the true energy comes out of any disturbed counter, whatever part of its readings is looked at."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from include.rollups import counters
from include.rollups.counter_limits import rollovers_kwh
from include.rollups.counters import CounterReadings, step_counters
from tests.unit.rollups.counter_rows import every, readings_of

MARGIN = 24


@dataclass(frozen=True)
class Disturbed:
    """A counter as it was reported, with the energy that it truly counted between its first and its last reading."""

    readings: CounterReadings
    true_kwh: float
    resolution_kwh: float
    told: str


@st.composite
def disturbed_counters(draw) -> Disturbed:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    minutes, days = draw(st.sampled_from([5, 15, 60])), draw(st.integers(4, 8))
    count = days * 1440 // minutes
    resolution = draw(st.sampled_from([0.001, 0.01, 0.1, 1.0]))
    size_kw, is_rated = draw(st.sampled_from([5.0, 60.0, 2500.0])), draw(st.booleans())
    energy = grown(rng, minutes, count, size_kw, draw(st.sampled_from(["sun", "meter"])))
    level = draw(st.floats(20, 100)) * float(energy[-1])
    register, energy, told = displaced(rng, energy, level, resolution, draw(st.sets(st.sampled_from(["exchange", "rollover"]))))
    kinds = draw(st.lists(st.sampled_from(["dip", "zeros", "maximum", "restored", "rounding", "spike"]), max_size=12))
    told += disturb(rng, register, kinds if is_rated else [kind for kind in kinds if kind != "spike"], resolution)
    readings = readings_of((every(minutes, count), register), rated_kw=size_kw if is_rated else np.nan)
    return Disturbed(readings, float(energy[-1] - energy[0]), resolution, told)


def grown(rng, minutes, count, size_kw, shape) -> np.ndarray:
    """True energy since the first reading [kWh]: of an inverter under passing clouds, or of a meter in a house."""
    hour = (8 + np.arange(count) * minutes / 60) % 24
    share = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, 1) * rng.uniform(0.2, 1, count)
    if shape == "meter":
        share = rng.gamma(2, 0.1, count).clip(0, 1)
    return np.cumsum(share * size_kw * minutes / 60)


def displaced(rng, energy, level, resolution, kinds) -> tuple[np.ndarray, np.ndarray, str]:
    """What a register shows that began at `level`, rolled over in the first third and was exchanged in the second half."""
    count, register, told = len(energy), level + energy, ""
    if "rollover" in kinds:
        row = int(rng.integers(MARGIN, count // 3))
        modulus = 10.0 ** np.ceil(np.log10(max(register[-1], 1000.0)) + 0.5)
        register = (register + modulus - register[row] + resolution) % modulus
        told += f" rollover at {row}"
    if "exchange" in kinds:
        row = int(rng.integers(count // 2, count - MARGIN))
        if register[row - 1] > 25 * np.diff(energy).max() and not rollovers_kwh(register[row - 1], 0.0):
            register[row:] = energy[row:] - energy[row - 1]
            told += f" exchange at {row}"
    return np.floor(register / resolution + 1e-6) * resolution, energy, told


def disturb(rng, register, kinds, resolution) -> str:
    """Disturb a register in place, where it is free: readings apart from one another and from falls of the register itself."""
    free, told, true = np.ones(len(register), dtype=bool), "", register.copy()
    free[:MARGIN] = free[-MARGIN:] = False
    for fall in np.flatnonzero(np.diff(register) < 0):
        free[fall - 3 : fall + 24] = False
    for kind in kinds:
        length = int(rng.integers(1, 21))
        row = int(rng.integers(MARGIN, len(register) - MARGIN))
        if free[row - 2 : row + length + 2].all() and (kind != "spike" or (np.diff(true) >= 0).all()):
            free[row - 2 : row + length + 2] = False
            register[row : row + length] = shown(rng, kind, true[row - 20 : row], true[row : row + length], resolution)
            told += f" {kind} at {row}+{length}"
    return told


def shown(rng, kind, before, now, resolution):
    """What is shown in the place of true readings that follow upon those before."""
    share, maximum = rng.uniform(0.0001, 0.9), rng.choice([65535, 4294967295, 2147483647, 429496729.5])
    return {
        "dip": np.round(before[-1] * share / resolution) * resolution,
        "zeros": 0.0,
        "maximum": maximum,
        "restored": before[0],
        "rounding": np.append(now[:1] - resolution, now[1:]),
        "spike": (before[-1] + 1000 * (now[-1] - before[0] + resolution)) * rng.uniform(3, 50),
    }[kind]


@given(disturbed_counters())
def test_a_disturbed_counter_gives_its_true_energy(counter):
    energy = float(np.nansum(step_counters(counter.readings).increase_kwh))

    error = abs(energy - counter.true_kwh)
    target(error / counter.true_kwh)
    assert error <= 0.005 * counter.true_kwh + 4 * counter.resolution_kwh, counter.told


@st.composite
def disturbed_day_counters(draw) -> Disturbed:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    minutes, days = draw(st.sampled_from([5, 15, 60])), draw(st.integers(4, 8))
    per_day, size_kw = 1440 // minutes, draw(st.sampled_from([5.0, 2500.0]))
    hour = np.arange(per_day) * minutes / 60
    share = (
        np.clip(np.sin((hour - 6) / 12 * np.pi), 0, 1) * rng.uniform(0.2, 1, (days, per_day)) * rng.uniform(0.05, 1, (days, 1))
    )
    shown = np.round(np.cumsum(share * size_kw * minutes / 60, axis=1), 3)
    true_kwh, told = shown[:, -1].copy(), ""
    for day in range(1, days):
        kind = draw(st.sampled_from(["stale", "early", "battery", "noon", "older state", "none"]))
        told += f" {kind}"
        disturb_day(rng, shown[day], kind, true_kwh[day - 1], per_day)
    is_kept = draw(st.sampled_from([1.0, 1.0, 0.7])) > rng.random(shown.size)
    is_kept.reshape(days, per_day)[:, [0, per_day * 3 // 4]] = True
    stamps = every(minutes, shown.size, start="2026-04-26T00:00")
    rated_kw = size_kw if draw(st.booleans()) else np.nan
    readings = readings_of((stamps[is_kept], shown.ravel()[is_kept]), rated_kw=rated_kw, is_daily=True)
    return Disturbed(readings, float(true_kwh.sum() - shown[0, 0]), 0.001, told)


def disturb_day(rng, shown, kind, yesterday, per_day) -> None:
    """Show a day's counter as devices do: late or early restarts, a battery's discharge, zeros at noon, an older state."""
    hour = per_day // 24
    if kind == "stale":
        shown[: int(rng.integers(1, 6)) * hour] = yesterday
    elif kind == "early":
        shown[int(rng.integers(19, 24)) * hour :] = 0.0
    elif kind == "battery":
        shown[18 * hour + 1 :] = shown[-1] * np.linspace(1, rng.uniform(0.6, 1), per_day - 18 * hour - 1)
    elif kind == "noon":
        begin = int(rng.integers(11, 15)) * hour
        shown[begin : begin + int(rng.integers(1, max(hour, 2)))] = 0.0
    elif kind == "older state":
        shown[-1] *= 0.86


@given(disturbed_day_counters())
def test_a_disturbed_counter_of_the_day_gives_its_true_energy(counter):
    energy = float(np.nansum(step_counters(counter.readings).increase_kwh))

    assert energy == pytest.approx(counter.true_kwh, rel=0.005, abs=0.01), counter.told


def part_of(readings: CounterReadings, rows: slice) -> CounterReadings:
    """A window of the only counter among the readings."""
    columns = {name: getattr(readings, name)[rows] for name in ("at_us", "value", "local_day", "midnight_us")}
    return replace(readings, starts=np.array([0, len(columns["value"])]), **columns)


def window_of(readings, steps, first, end) -> slice:
    """What must be read to compute rows `first` to `end`: 24 rows before, no episode cut at either side."""
    at_us, begin = readings.at_us, max(first - 24, 0)
    while (cut := (steps.episode_row <= begin) & (at_us[begin] < steps.episode_until_us)).any():
        if begin == 0:
            break
        begin = max(int(steps.episode_row[cut].min()) - 1, 0)
    until_us = steps.episode_until_us[steps.episode_row < end].max(initial=at_us[end - 1] + 1)
    return slice(begin, max(end, int(np.searchsorted(at_us, until_us))))


@pytest.mark.parametrize("counters_of", [disturbed_counters(), disturbed_day_counters()], ids=["lifetime", "day"])
def test_a_day_comes_out_to_the_same_bits_from_a_window_that_cuts_no_episode(counters_of):
    @given(counters_of)
    def check(counter):
        readings, steps = counter.readings, step_counters(counter.readings)
        for day in np.unique(readings.local_day):
            first, end = np.searchsorted(readings.local_day, [day, day + 1])
            window = window_of(readings, steps, first, end)
            seen = step_counters(part_of(readings, window))
            inside, whole = slice(first - window.start, end - window.start), slice(first, end)
            for name in ("increase_kwh", "from_us", "is_accepted", "fault"):
                assert getattr(seen, name)[inside].tobytes() == getattr(steps, name)[whole].tobytes(), (name, day, counter.told)

    check()


@pytest.mark.parametrize("counters_of", [disturbed_counters(), disturbed_day_counters()], ids=["lifetime", "day"])
def test_whole_arrays_give_the_same_bits_as_row_by_row(counters_of, monkeypatch):
    lifetime_breaks, begin_days = counters._lifetime_breaks, counters._begin_days

    @given(counters_of)
    def check(counter):
        at_once = step_counters(counter.readings)
        monkeypatch.setattr(counters, "_lifetime_breaks", lambda rows: np.ones(len(rows.gain_kwh), dtype=bool))
        monkeypatch.setattr(counters, "_begin_days", lambda rows, decided: None)
        one_by_one = step_counters(counter.readings)
        monkeypatch.setattr(counters, "_lifetime_breaks", lifetime_breaks)
        monkeypatch.setattr(counters, "_begin_days", begin_days)
        for name in ("increase_kwh", "from_us", "is_accepted", "fault", "episode_row", "episode_until_us"):
            assert getattr(at_once, name).tobytes() == getattr(one_by_one, name).tobytes(), (name, counter.told)

    check()
