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
    """Disturb a register in place: each kind once, apart from one another and from falls of the register itself."""
    free, told, true = np.ones(len(register), dtype=bool), "", register.copy()
    free[:MARGIN] = free[-MARGIN:] = False
    for fall in np.flatnonzero(np.diff(register) < 0):
        free[fall - 3 : fall + 24] = False
    for kind in kinds:
        length = int(rng.integers(1, 21))
        row = int(rng.integers(MARGIN, len(register) - MARGIN))
        is_frozen = kind == "restored" and true[row - 20] == true[row - 1]
        if is_frozen or (kind == "spike" and (np.diff(true) < 0).any()) or not free[row - 2 : row + length + 2].all():
            continue
        free[row - 2 : row + length + 2] = False
        span = slice(row, row + length)
        if kind == "dip":
            register[span] = np.round(true[row - 1] * rng.uniform(0.0001, 0.9) / resolution) * resolution
        elif kind == "zeros":
            register[span] = 0.0
        elif kind == "maximum":
            register[span] = rng.choice([65535, 4294967295, 2147483647, 429496729.5])
        elif kind == "restored":
            register[span] = true[row - 20]
        elif kind == "rounding":
            register[row] -= resolution
        elif kind == "spike":
            register[span] = true[row - 1] * rng.uniform(3, 50) + 2 * (true[-1] - true[0])
        told += f" {kind} at {row}+{length}"
    return told


@given(disturbed_counters())
def test_a_disturbed_counter_gives_its_true_energy(counter):
    energy = float(np.nansum(step_counters(counter.readings).increase_kwh))

    error = abs(energy - counter.true_kwh)
    target(error / counter.true_kwh)
    assert error <= 0.005 * counter.true_kwh + 2 * counter.resolution_kwh, counter.told
