"""The sky over a plant: labels of a local day, the height of the sun, the clear sky and the clouds before it."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

STEP_S = 300


def dice_of(seed: int, key: str, local_day: date) -> np.random.Generator:
    """A random generator that is the same for the same seed, thing and day."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(sha256(f"{seed}/{key}/{local_day}".encode()).digest()[:8])))


def labels_of(local_day: date, zone: ZoneInfo) -> Numbers:
    """Unix seconds of every five minutes of a local day."""
    start, end = (
        datetime.combine(day, datetime.min.time(), zone).timestamp() for day in (local_day, local_day + timedelta(days=1))
    )
    return np.arange(start, end, STEP_S, dtype=np.float64)


def instants_of(labels: Numbers) -> list[datetime]:
    """Labels as aware UTC."""
    return [datetime.fromtimestamp(label, UTC) for label in labels.tolist()]


def height_of_sun(labels: Numbers, local_day: date, latitude: float, longitude: float) -> Numbers:
    """Sine of the sun's height, 0 at night; declination and equation of time by Spencer's series, good to about 0.3 degrees."""
    turn = 2 * np.pi * (local_day.timetuple().tm_yday - 1) / 365.0
    declination = (
        0.006918 - 0.399912 * np.cos(turn) + 0.070257 * np.sin(turn)
        - 0.006758 * np.cos(2 * turn) + 0.000907 * np.sin(2 * turn)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * np.cos(turn) - 0.032077 * np.sin(turn) - 0.014615 * np.cos(2 * turn) - 0.040849 * np.sin(2 * turn)
    )
    solar_minutes = (labels % 86400) / 60.0 + 4.0 * longitude + minutes
    angle = np.radians(solar_minutes / 4.0 - 180.0)
    parallel = np.radians(latitude)
    height = np.sin(parallel) * np.sin(declination) + np.cos(parallel) * np.cos(declination) * np.cos(angle)
    sine: Numbers = np.maximum(height, 0.0)
    return sine


def clear_sky(height: Numbers) -> Numbers:
    """Haurwitz 1945: irradiance on the level plane under a clear sky, W/m2, from the sine of the sun's height alone."""
    up = np.maximum(height, 1e-3)
    irradiance: Numbers = np.where(height > 1e-3, 1098.0 * up * np.exp(-0.059 / up), 0.0)
    return irradiance


def cloud_shares(dice: np.random.Generator, count: int) -> Numbers:
    """The share of the clear sky that arrives: a clear, a mixed or an overcast day, with an hour's drift on it."""
    kind, depth = dice.random(2)
    share, drift = (
        (0.9 + 0.1 * depth, 0.1) if kind < 0.45 else (0.5 + 0.35 * depth, 1.2) if kind < 0.8 else (0.12 + 0.3 * depth, 0.5)
    )
    noise = np.convolve(dice.random(count + 11) - 0.5, np.full(12, 1 / 12), mode="valid")
    arriving: Numbers = np.clip(share * (1.0 + 2.0 * drift * noise), 0.03, 1.03)
    return arriving


def trapezoid(power: Numbers) -> Numbers:
    """The running integral over the labels, per hour: 0 at the first."""
    steps = (power[1:] + power[:-1]) / 2.0 * (STEP_S / 3600.0)
    return np.concatenate(([0.0], np.cumsum(steps)))
