"""Inverters of one plant beside each other: what each should have made on a day, by its peers or by its own past.

Pure. Arrays have one row per local day and one column per inverter, energies are in kWh, NaN is unknown. A day is judged by the
`PAST_DAYS` days before it, never by later ones, so an answer depends on these alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PAST_DAYS: Final = 90
LEAST_PAST_DAYS: Final = 7
"""A share of fewer days is not usual yet."""
USUAL: Final = 0.75
"""What is usual is the upper quartile of the past: a fault must last most of three months before it is taken for usual."""
STRUCTURAL: Final = (0.75, 1.3)
"""Between these an inverter's usual share of what its rating promises is its own: orientation, shade, length of strings."""
_NORMAL_STEP: Final = 1.4826 / 2**0.5
"""Standard deviation of independent normal days by the median step between neighbours."""
DIM: Final = 0.05
"""A day on which the compared inverters made less than this part of what is usual tells nothing of them: snow, heavy clouds."""
ALIKE: Final = 0.15
"""Inverters without rating and past are taken for alike where the others lie so close together."""
LEAST_SURE_ALIKE: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class PlantEnergies:
    """What is known of a plant's inverters.

    `past_kwh` are energies of whole days, NaN where not complete; its first `PAST_DAYS` rows lie before the first judged day.
    `judged` are the rows of `past_kwh` that are judged, `compared_kwh` what was made on them in common hours, NaN of an inverter
    that did not take part. `rating_kw` is NaN where unknown; `model` is a number per model, negative where unknown.
    """

    past_kwh: Numbers
    judged: NDArray[np.int64]
    compared_kwh: Numbers
    rating_kw: Numbers
    model: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """What each inverter should have made in the compared hours [kWh], by which method, how sharp, and why not.

    `spread` is the usual day-to-day deviation of its share (a standard deviation); `method` and `reason` are "" where
    there is none.
    """

    expected_kwh: Numbers
    spread: Numbers
    method: NDArray[np.str_]
    reason: NDArray[np.str_]


def expect_from_peers(energies: PlantEnergies) -> Expectation:
    """Expected energies of the judged days from the peers of each inverter.

    By rating where it and a peer have one (by their model where all of one model), times its usual share of it where that can be
    its nature; else by its usual part beside its peers; else, where the others are alike, as they are.
    """
    windows = sliding_window_view(energies.past_kwh, PAST_DAYS, axis=0)[energies.judged - PAST_DAYS].transpose(0, 2, 1)
    size = _rated(energies)
    rated = _by_size(windows, energies.compared_kwh, np.broadcast_to(size, energies.compared_kwh.shape))
    past = _by_size(windows, energies.compared_kwh, _usual_size(windows, is_needed=bool(np.isnan(size).any())))
    alike = _as_others(energies.compared_kwh)
    by_rating = rated.promised * np.where(_is_structural(rated.usual), rated.usual, 1.0)
    by_past = past.promised * past.usual
    word = "rating" if np.isfinite(energies.rating_kw).sum() > 1 else "model"
    known = [np.isfinite(by_rating), np.isfinite(by_past), np.isfinite(alike)]
    method = np.select(known, [word, "past", "alike"], "")
    expected = np.select(known, [by_rating, by_past, alike], np.nan)
    spread = np.where(np.isfinite(by_rating) & _is_structural(rated.usual), rated.spread, past.spread)
    reason = _reason(energies, windows, expected)
    expected = np.where(reason == "", expected, np.nan)
    return Expectation(expected, spread, np.where(reason == "", method, ""), reason)


@dataclass(frozen=True, slots=True, eq=False)
class _BySize:
    """Energy that sizes promise beside the peers of the day, and usual share of it and its spread over the past."""

    promised: Numbers
    usual: Numbers
    spread: Numbers


def _by_size(windows: Numbers, compared_kwh: Numbers, size: Numbers) -> _BySize:
    if np.isnan(size).all():
        return _BySize(*[np.full(size.shape, np.nan)] * 3)
    promised = size * peer_median(compared_kwh / size)
    per_size = windows / size[:, np.newaxis, :]
    level = peer_median(per_size)
    bright = level > DIM * quantile(level, USUAL, axis=1)[:, np.newaxis, :]
    share = np.where(bright, per_size / level, np.nan)
    usual = _enough(quantile(share, USUAL, axis=1), share)
    # From day to day: the step down to a fault that lasts must not make the spread so wide that the fault hides in it.
    spread = _NORMAL_STEP * quantile(np.abs(np.diff(share, axis=1)), 0.5, axis=1)
    return _BySize(promised, usual, _enough(spread, share))


def _usual_size(windows: Numbers, *, is_needed: bool) -> Numbers:
    """The upper quartile of the daily energies of the past; unknown where nothing was made."""
    if not is_needed:
        return np.full((windows.shape[0], windows.shape[2]), np.nan)
    size = _enough(quantile(windows, USUAL, axis=1), windows)
    return np.where(size > 0, size, np.nan)


def _rated(energies: PlantEnergies) -> Numbers:
    """Ratings where two inverters have one; 1 each where none has and all are of one model; else unknown."""
    if np.isfinite(energies.rating_kw).sum() > 1:
        return energies.rating_kw
    model = energies.model
    is_one = len(model) > 1 and bool((model >= 0).all() and (model == model[0]).all())
    return np.full(len(model), 1.0 if is_one else np.nan)


def _is_structural(usual: Numbers) -> NDArray[np.bool_]:
    return (usual >= STRUCTURAL[0]) & (usual <= STRUCTURAL[1])


def _as_others(compared_kwh: Numbers) -> Numbers:
    """The median of at least three others that lie close together; so may an inverter without rating and past be judged."""
    alike = np.full(compared_kwh.shape, np.nan)
    for column in range(compared_kwh.shape[1]):
        others = np.delete(compared_kwh, column, axis=1)
        low, middle, high = (quantile(others, part, axis=1) for part in (0.0, 0.5, 1.0))
        close = (np.isfinite(others).sum(axis=1) >= 3) & (middle > 0) & (high - low <= 2 * ALIKE * middle)
        is_sure = close & (compared_kwh[:, column] < LEAST_SURE_ALIKE * middle)
        alike[is_sure, column] = middle[is_sure]
    return alike


def _reason(energies: PlantEnergies, windows: Numbers, expected: Numbers) -> NDArray[np.str_]:
    """Why an inverter is not compared on a day; "" where it is."""
    compared = energies.compared_kwh
    takes_part = np.isfinite(compared)
    peers = takes_part.sum(axis=1, keepdims=True)
    usual_kwh = quantile(windows, USUAL, axis=1)
    together = np.where(takes_part, compared, 0).sum(axis=1, keepdims=True)
    usual_together = np.nansum(np.where(takes_part, usual_kwh, np.nan), axis=1, keepdims=True)
    reason = np.where(np.isnan(expected), "no rating, no past", "")
    reason = np.where(expected <= 0, "no peer has power", reason)
    reason = np.where(together < DIM * usual_together, "too little energy", reason)
    reason = np.where((peers > 1) & (together <= 0), "no power at all", reason)
    reason = np.where(peers < 2, "no peer", reason)
    return np.where(takes_part, reason, "not measured")


# ---------------------------------------------------------------------------------------------------------------- statistics


def peer_median(values: Numbers) -> Numbers:
    """Of each element the median of the others in its last axis; of six or more that of all, which one cannot move far."""
    count = values.shape[-1]
    if count >= 6:
        return np.broadcast_to(quantile(values, 0.5, axis=-1)[..., np.newaxis], values.shape)
    others = [quantile(np.delete(values, column, axis=-1), 0.5, axis=-1) for column in range(count)]
    return np.stack(others, axis=-1)


def quantile(values: Numbers, part: float, *, axis: int) -> Numbers:
    """The quantile of the known values along an axis, by linear interpolation; NaN where none is known."""
    if values.shape[axis] == 0:
        return np.full(np.delete(values.shape, axis), np.nan)
    ordered = np.sort(values, axis=axis)
    count = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    place = part * np.maximum(count - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = np.take_along_axis(ordered, below, axis), np.take_along_axis(ordered, above, axis)
    return np.asarray(np.squeeze(low + (high - low) * (place - below), axis=axis))


def _enough(values: Numbers, windows: Numbers) -> Numbers:
    """The values of those of whom enough days are known."""
    return np.where(np.isfinite(windows).sum(axis=1) >= LEAST_PAST_DAYS, values, np.nan)
