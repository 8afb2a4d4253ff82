"""The border between asserted and trusted readings: one pass of Great Expectations over frames, one verdict per row."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from include.core.frames import READING_COLUMNS, Fault
from include.core.quantities import QUANTITIES
from include.core.span import microseconds_of
from include.quality.engine import CheckFailed, gx_version, positions_that_break
from include.quality.rules import (
    FAULT_RULES,
    RATED,
    SUITE_VERSION,
    WITHIN_RATING,
    latest_plausible,
    limits_of,
    reason,
    rules_of,
)

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

_TEXT: Final = ("object", "str")
_DTYPES: Final = {
    "row_number": ("int32",),
    "subject": ("category",),
    "quantity": ("category",),
    "measured_at": ("datetime64[us, UTC]",),
    "value": ("float64",),
    # pandas 3 makes a column of str, not of object, as soon as one text is in it.
    "state": _TEXT,
    "raw": _TEXT,
    "faults": ("object",),
    "is_known": ("bool",),
    "rated_kw": ("float64",),
    "has_battery": ("bool",),
}
_JUDGED: Final = ("value", "state", "faults", "is_known", "rated_kw", "has_battery")
"""Columns that are judged, beside the quantity and the instant."""

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on one frame, row by row.

    `good`: bool per row. `broken_bits`: int64 per row, bit i set where the row breaks `rules[i]`. `counts`: rows that break each
    rule that is broken at all. `report`: what was demanded and found, small enough to store as JSON.
    """

    good: NDArray[np.bool_]
    broken_bits: NDArray[np.int64]
    rules: tuple[str, ...]
    counts: dict[str, int]
    suite: str
    gx_version: str
    report: dict[str, Any]

    def broken_rules(self, position: int) -> tuple[str, ...]:
        """Names of the rules that the row at `position` (0-based) breaks, in the order of `rules`."""
        bits = int(self.broken_bits[position])
        return tuple(rule for place, rule in enumerate(self.rules) if bits >> place & 1)


def check(frame: pd.DataFrame, *, received_at: datetime, feed: str) -> Checked:
    """Judge each row of a reading frame by the rules of its feed.

    Args:
        frame: the columns of `READING_COLUMNS`, `is_known` (bool, False where the subject is not registered), `rated_kw`
            (float64, NaN where no rating is known) and `has_battery` (bool, True where the subject's plant has one), with a
            fresh RangeIndex; a row without a quantity counts as unreadable. A row with `faults` breaks the rules that they name,
            and not those that these explain.
        received_at: aware instant of the document's receipt.
        feed: name of a reading feed.

    Raises:
        ValueError: the frame breaks its contract, which is a fault of the caller and not of the data.
        CheckFailed: Great Expectations raised.
    """
    return check_all([frame], received_at=[received_at], feeds=[feed])[0]


def check_all(frames: Sequence[pd.DataFrame], *, received_at: Sequence[datetime], feeds: Sequence[str]) -> list[Checked]:
    """Judge many frames as `check` judges each, in one pass: a pass over a frame costs far more than its rows.

    Their feeds have the same rules, else it raises ValueError.
    """
    if len({rules_of(feed) for feed in feeds}) > 1:
        raise ValueError(f"feeds {sorted({*feeds})} have different rules; check those of each apart")
    for at in received_at:
        if at.tzinfo is None:
            raise ValueError(f"received_at {at} has no time zone; pass an aware instant")
    quantities = [_present_quantities(frame) for frame in frames]
    ends = np.cumsum([len(frame) for frame in frames])
    found: dict[str, NDArray[np.int64]] = {}
    if len(frames) and ends[-1]:
        latest = np.repeat([microseconds_of(latest_plausible(at)) for at in received_at], [len(frame) for frame in frames])
        whole = frames[0] if len(frames) == 1 else _joined(frames)
        found = _broken_positions(whole, feeds[0], tuple(sorted(set().union(*quantities))), latest)
        if wrong := {rule.name for rule in rules_of(feeds[0])} ^ set(found):
            raise CheckFailed(f"rules {sorted(wrong)} were not answered for {feeds[0]}; repair its suite")
    return [
        _verdict(frame, _within(found, int(end) - len(frame), int(end)), feed=feed, quantities=present, received_at=at)
        for frame, end, present, feed, at in zip(frames, ends, quantities, feeds, received_at, strict=True)
    ]


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All rows in one frame; concatenating would turn categories that differ into texts."""
    columns: dict[str, Any] = {name: np.concatenate([frame[name].to_numpy() for frame in frames]) for name in _JUDGED}
    columns["quantity"] = union_categoricals([frame["quantity"] for frame in frames])
    columns["measured_at"] = pd.concat([frame["measured_at"] for frame in frames], ignore_index=True)
    return pd.DataFrame(columns)


def _within(found: dict[str, NDArray[np.int64]], start: int, end: int) -> dict[str, NDArray[np.int64]]:
    """What was found in rows `[start, end)`, counted from the first of them; rules that none of them breaks are left out."""
    inside = {rule: positions[(positions >= start) & (positions < end)] - start for rule, positions in found.items()}
    return {rule: np.sort(positions) for rule, positions in inside.items() if len(positions)}


def preload() -> float:
    """Import Great Expectations, build the context and run one tiny check, so that a forked child pays nothing.

    Returns:
        CPU seconds that this took.
    """
    began = time.process_time()
    instant = datetime(2000, 1, 2, tzinfo=UTC)
    tiny = pd.DataFrame(
        {
            "row_number": np.ones(1, dtype=np.int32),
            "subject": pd.Categorical(["1"]),
            "quantity": pd.Categorical(["ac_power_kw"]),
            "measured_at": pd.Series([instant]).astype("datetime64[us, UTC]"),
            "value": np.zeros(1),
            "state": np.array([None], dtype=object),
            "raw": np.array([None], dtype=object),
            "faults": np.array([None], dtype=object),
            "is_known": np.ones(1, dtype=bool),
            "rated_kw": np.ones(1),
            "has_battery": np.zeros(1, dtype=bool),
        }
    )
    check(tiny, received_at=instant, feed="plant_measurements")
    return time.process_time() - began


def _present_quantities(frame: pd.DataFrame) -> tuple[str, ...]:
    """Schema gate: the frame keeps its contract; returns the names of the quantities that occur."""
    expected = {*READING_COLUMNS, "is_known", "rated_kw", "has_battery"}
    if set(frame.columns) != expected:
        raise ValueError(f"the frame's columns differ from the contract in {sorted(expected ^ set(frame.columns))}")
    found = dict(zip(frame.columns, map(str, frame.dtypes), strict=True))
    wrong = {name: found[name] for name, dtypes in _DTYPES.items() if found[name] not in dtypes}
    if wrong:
        raise ValueError(f"the frame's columns {wrong} do not have the types of the contract, {_DTYPES}")
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        raise ValueError("the frame has no fresh RangeIndex; reset_index(drop=True) before the check")
    codes = frame["quantity"].cat.codes.to_numpy()
    seen = np.bincount(codes[codes >= 0], minlength=len(frame["quantity"].cat.categories)) > 0
    present = tuple(sorted(str(name) for name in frame["quantity"].cat.categories[seen]))
    if unknown := [name for name in present if name not in QUANTITIES]:
        raise ValueError(f"quantities {unknown} are not in the quantity table; add them there or map them in the parser")
    return present


def _broken_positions(
    frame: pd.DataFrame, feed: str, quantities: tuple[str, ...], latest: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """Row positions that break each rule, one entry per rule of the suite; `latest` [UTC µs] is each row's last instant."""
    needed = frame[["quantity", "measured_at", "value", "is_known"]]
    needed = needed.assign(latest_plausible=pd.DatetimeIndex(latest.view("datetime64[us]")).tz_localize("UTC"))
    is_rated = not set(quantities).isdisjoint(RATED) and bool(frame["rated_kw"].notna().any())
    if is_rated:
        needed = needed.assign(rated_kw=frame["rated_kw"].to_numpy(), has_battery=frame["has_battery"].to_numpy())
    if any(QUANTITIES[name].kind == "state" for name in quantities):
        needed = needed.assign(has_state=frame["state"].notna().to_numpy())
    named = _named_faults(frame["faults"])
    suite = _suite(feed, quantities, is_rated=is_rated, faults=tuple(named))
    # Nothing is asked where no power has a rating or no row a fault: each expectation costs a pass over the frame.
    unasked = {*FAULT_RULES} - {*named} | (set() if is_rated else {WITHIN_RATING})
    found = {rule.name: np.empty(0, np.int64) for rule in rules_of(feed) if rule.name in unasked}
    return _unexplained(feed, found | positions_that_break(suite, needed.assign(**named)))


def _named_faults(faults: "pd.Series[Any]") -> dict[str, NDArray[np.bool_]]:
    """Which rows keep each rule, for rules that a fault of some row names, in a fixed order."""
    kept: dict[str, NDArray[np.bool_]] = {}
    for position in np.flatnonzero(faults.notna()).tolist():
        named: tuple[Fault, ...] = faults.iloc[position]
        for fault in named:
            kept.setdefault(fault.rule, np.ones(len(faults), np.bool_))[position] = False
    return {rule: kept[rule] for rule in sorted(kept)}


def _unexplained(feed: str, found: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    """Without the rows that a more telling rule explains."""
    kept = dict(found)
    for rule in rules_of(feed):
        for explained in rule.explains:
            if len(found.get(rule.name, ())) and explained in kept:
                kept[explained] = np.setdiff1d(kept[explained], found[rule.name])
    return kept


def _verdict(
    frame: pd.DataFrame,
    found: dict[str, NDArray[np.int64]],
    *,
    feed: str,
    quantities: tuple[str, ...],
    received_at: datetime,
) -> Checked:
    rules = tuple(rule.name for rule in rules_of(feed))
    bits = np.zeros(len(frame), dtype=np.int64)
    for place, rule in enumerate(rules):
        if rule in found:
            bits[found[rule]] |= 1 << place
    good = bits == 0
    counts = {rule: len(found[rule]) for rule in rules if rule in found}
    suite = f"readings__{feed}__v{SUITE_VERSION}"
    report = {
        "suite": suite,
        "gx_version": gx_version(),
        "received_at": received_at.astimezone(UTC).isoformat(),
        "rows": len(frame),
        "good": int(good.sum()),
        "limits": limits_of(quantities),
        "broken": {rule: _finding(frame, rule, found[rule]) for rule in counts},
    }
    return Checked(good, bits, rules, counts, suite, gx_version(), report)


def _finding(frame: pd.DataFrame, rule: str, positions: NDArray[np.int64]) -> dict[str, Any]:
    broken = frame["quantity"].take(positions)
    per_quantity = {str(name): int(count) for name, count in broken.value_counts().items() if count}
    return {
        "rows": len(positions),
        "per_quantity": per_quantity,
        "reasons": sorted({reason(rule, name) for name in per_quantity} or {reason(rule)}),
        "first_row_numbers": frame["row_number"].take(positions[:_EXAMPLES]).tolist(),
    }


@lru_cache(maxsize=64)
def _suite(feed: str, quantities: tuple[str, ...], *, is_rated: bool, faults: tuple[str, ...]) -> "ExpectationSuite":
    from include.quality.suites import build_suite

    return build_suite(feed, quantities, is_rated=is_rated, faults=faults)
