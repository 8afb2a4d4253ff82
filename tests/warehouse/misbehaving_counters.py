"""Counters as they misbehave in the field, written down so that a failing example is short: a true course and its faults."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from hypothesis import strategies as st


@dataclass(frozen=True)
class Fault:
    """What goes wrong from a row on, for some rows or for good; `size` is its depth or height, 0 to 1."""

    kind: str
    row: int
    length: int
    size: float


@dataclass(frozen=True)
class Course:
    """A counter of an inverter of about 50 kW from the first instant of a day on."""

    is_daily: bool
    minutes: int
    count: int
    level_kwh: float
    faults: list[Fault] = field(default_factory=list)

    def readings(self, begin: pd.Timestamp) -> pd.Series:
        """Values [kWh] by instant, in the zone of `begin`."""
        at = begin + pd.to_timedelta(np.arange(self.count) * self.minutes, unit="min")
        hour = (at.hour + at.minute / 60).to_numpy()
        gain = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, 1) * 30 * min(self.minutes, 240) / 60
        energy = np.cumsum(np.round(gain, 2))
        if self.is_daily:
            day = at.tz_localize(None).normalize()
            energy = pd.Series(np.round(gain, 2)).groupby(day).cumsum().to_numpy()
        value = energy + (0.0 if self.is_daily else self.level_kwh)
        for fault in sorted(self.faults, key=lambda fault: fault.row):
            _spoil(value, fault)
        return pd.Series(np.round(value, 3), index=at).dropna()


Spoil = Callable[[np.ndarray, slice, slice, float], object]
"""Spoils values in place, given the fault's rows, all rows from its first on, and its size."""


def _write(part: str, of: Callable[[np.ndarray, float, float], np.ndarray | float]) -> Spoil:
    """A fault that changes its own rows or all later ones, given them, the first value and the size."""

    def spoil(value: np.ndarray, own: slice, later: slice, size: float) -> None:
        rows = own if part == "own" else later
        value[rows] = of(value[rows].copy(), float(value[rows.start]), size)

    return spoil


FAULTS: dict[str, Spoil] = {
    "zeros": _write("own", lambda shown, now, size: 0.0),
    "maximum": _write("own", lambda shown, now, size: 4294967295.0 / 10),
    "dip": _write("own", lambda shown, now, size: shown * (1 - size)),
    "small dip": _write("own", lambda shown, now, size: shown - 0.1),
    "deep dip": _write("own", lambda shown, now, size: 0.001 + size),
    "spike": _write("own", lambda shown, now, size: shown + 10 ** (7 * size)),
    "step back": _write("later", lambda shown, now, size: shown - 0.5 * size),
    "restored": _write("later", lambda shown, now, size: shown - min(now, 60 * size)),
    "exchange": _write("later", lambda shown, now, size: shown - (now - size)),
    "rollover": _write("later", lambda shown, now, size: shown % 1000),
    "jump": _write("later", lambda shown, now, size: shown + 10 ** (7 * size)),
    "gap": _write("own", lambda shown, now, size: np.nan),
    "feeds the house": _write("own", lambda shown, now, size: shown - np.linspace(0, size * now, len(shown))),
    "frozen": _write("own", lambda shown, now, size: now),
}


def _spoil(value: np.ndarray, fault: Fault) -> None:
    first = fault.row % len(value)
    FAULTS[fault.kind](value, slice(first, first + fault.length), slice(first, len(value)), fault.size)
    np.maximum(value, 0, out=value)


faults = st.builds(
    Fault,
    kind=st.sampled_from(list(FAULTS)),
    row=st.integers(0, 120),
    length=st.one_of(st.integers(1, 6), st.integers(1, 60)),
    size=st.sampled_from([0.0, 0.01, 0.2, 0.5, 0.9, 1.0]),
)


def courses(*, is_daily: bool) -> st.SearchStrategy[Course]:
    """Counters with up to five faults, of a day and a half to some months."""
    return st.builds(
        Course,
        is_daily=st.just(is_daily),
        minutes=st.sampled_from([15, 60, 60, 180, 360, 1440, 2 * 1440]),
        count=st.integers(2, 120),
        level_kwh=st.sampled_from([0.0, 5.0, 500.0, 990.0, 99_990.0, 1e6]),
        faults=st.lists(faults, max_size=5),
    )


@dataclass(frozen=True)
class Piece:
    """A document: rows of a course from one share of it to another, each n-th of them, perhaps as they truly were."""

    begin: float
    end: float
    stride: int
    is_true: bool


shares = st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
pieces = st.builds(
    Piece,
    begin=shares,
    end=shares,
    stride=st.sampled_from([1, 1, 1, 2, 3, 7]),
    is_true=st.sampled_from([False, False, False, True]),
)
