"""The border between asserted and trusted readings: one pass of Great Expectations over a frame, one verdict per row.

Great Expectations is imported here and nowhere else, at the first check or at `preload`; a process keeps one ephemeral context.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from include.core.frames import READING_COLUMNS, Fault
from include.core.quantities import QUANTITIES
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
    from great_expectations.core.batch_definition import BatchDefinition

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
_RESULT_FORMAT: Final = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
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


class CheckFailed(RuntimeError):
    """Great Expectations itself failed: nothing is known of the data, and the check is to be run again or repaired."""


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
    if received_at.tzinfo is None:
        raise ValueError(f"received_at {received_at} has no time zone; pass an aware instant")
    rules = tuple(rule.name for rule in rules_of(feed))
    quantities = _present_quantities(frame)
    bits = np.zeros(len(frame), dtype=np.int64)
    found: dict[str, NDArray[np.int64]] = {}
    if len(frame):
        found = _broken_positions(frame, feed, quantities, latest_plausible(received_at))
        if set(found) != set(rules):
            raise CheckFailed(f"rules {sorted(set(rules) ^ set(found))} were not answered for {feed}; repair its suite")
        for place, rule in enumerate(rules):
            bits[found[rule]] |= 1 << place
    return _verdict(frame, bits, found, feed=feed, quantities=quantities, received_at=received_at)


def check_all(frames: Sequence[pd.DataFrame], *, received_at: Sequence[datetime], feed: str) -> list[Checked]:
    """Judge many small frames of one feed as `check` judges each, in one pass where nothing is broken.

    A pass over a frame costs far more than its rows. What passes together at the earliest receipt passes alone at its own; what
    does not is judged one by one.
    """
    if len(frames) > 1 and check(_joined(frames), received_at=min(received_at), feed=feed).good.all():
        passed = [np.zeros(len(frame), dtype=np.int64) for frame in frames]
        return [
            _verdict(frame, bits, {}, feed=feed, quantities=_present_quantities(frame), received_at=at)
            for frame, bits, at in zip(frames, passed, received_at, strict=True)
        ]
    return [check(frame, received_at=at, feed=feed) for frame, at in zip(frames, received_at, strict=True)]


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All rows in one frame; concatenating would turn categories that differ into texts."""
    columns: dict[str, Any] = {name: union_categoricals([frame[name] for frame in frames]) for name in ("subject", "quantity")}
    rest = [frame.drop(columns=["subject", "quantity"]) for frame in frames]
    return pd.concat(rest, ignore_index=True).assign(**columns)


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
    wrong = {name: str(frame[name].dtype) for name, dtypes in _DTYPES.items() if str(frame[name].dtype) not in dtypes}
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
    frame: pd.DataFrame, feed: str, quantities: tuple[str, ...], latest: datetime
) -> dict[str, NDArray[np.int64]]:
    """Row positions that break each rule, one entry per rule of the suite."""
    needed = frame[["quantity", "measured_at", "value", "is_known"]]
    is_rated = not set(quantities).isdisjoint(RATED) and bool(frame["rated_kw"].notna().any())
    if is_rated:
        needed = needed.assign(rated_kw=frame["rated_kw"].to_numpy(), has_battery=frame["has_battery"].to_numpy())
    if any(QUANTITIES[name].kind == "state" for name in quantities):
        needed = needed.assign(has_state=frame["state"].notna().to_numpy())
    named = _named_faults(frame["faults"])
    needed = needed.assign(**named)
    batch = _batches().get_batch({"dataframe": needed})
    outcome = batch.validate(
        _suite(feed, quantities, is_rated=is_rated, faults=tuple(named)),
        result_format=_RESULT_FORMAT,
        expectation_parameters={"latest_plausible": latest},
    )
    # Nothing is asked where no power has a rating or no row a fault: each expectation costs a pass over the frame.
    unasked = {*FAULT_RULES} - {*named} | (set() if is_rated else {WITHIN_RATING})
    found = {rule.name: np.empty(0, np.int64) for rule in rules_of(feed) if rule.name in unasked}
    return _unexplained(feed, found | dict(_answer(result, len(frame)) for result in outcome.results))


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


def _answer(result: Any, rows: int) -> tuple[str, NDArray[np.int64]]:  # noqa: ANN401 - an ExpectationValidationResult
    """Rule and broken positions of one result; raises `CheckFailed` where Great Expectations did not judge every row."""
    rule = result.expectation_config.meta["rule"]
    body = result.result or {}
    if body.get("element_count") != rows or "unexpected_index_list" not in body:
        raise CheckFailed(f"Great Expectations could not judge {rule}: {_exception(result.exception_info)}")
    positions = np.asarray(body["unexpected_index_list"] or [], dtype=np.int64)
    if len(positions) != body["unexpected_count"]:
        raise CheckFailed(f"{rule}: {body['unexpected_count']} rows are said to break it, but {len(positions)} are named")
    return rule, positions


def _exception(info: dict[str, Any] | None) -> str:
    """The text of an exception in either of the shapes in which Great Expectations tells it."""
    shapes = [info or {}, *(value for value in (info or {}).values() if isinstance(value, dict))]
    texts = [str(shape["exception_message"]) for shape in shapes if shape.get("exception_message")]
    return "; ".join(texts) or "it named no reason"


def _verdict(
    frame: pd.DataFrame,
    bits: NDArray[np.int64],
    found: dict[str, NDArray[np.int64]],
    *,
    feed: str,
    quantities: tuple[str, ...],
    received_at: datetime,
) -> Checked:
    rules = tuple(rule.name for rule in rules_of(feed))
    good = bits == 0
    counts = {rule: len(found[rule]) for rule in rules if len(found.get(rule, ()))}
    suite = f"readings__{feed}__v{SUITE_VERSION}"
    gx_version = _gx_version()
    report = {
        "suite": suite,
        "gx_version": gx_version,
        "received_at": received_at.astimezone(UTC).isoformat(),
        "rows": len(frame),
        "good": int(good.sum()),
        "limits": limits_of(quantities),
        "broken": {rule: _finding(frame, rule, np.sort(found[rule])) for rule in counts},
    }
    return Checked(good, bits, rules, counts, suite, gx_version, report)


def _finding(frame: pd.DataFrame, rule: str, positions: NDArray[np.int64]) -> dict[str, Any]:
    broken = frame["quantity"].take(positions)
    per_quantity = {str(name): int(count) for name, count in broken.value_counts().items() if count}
    return {
        "rows": len(positions),
        "per_quantity": per_quantity,
        "reasons": sorted({reason(rule, name) for name in per_quantity} or {reason(rule)}),
        "first_row_numbers": frame["row_number"].take(positions[:_EXAMPLES]).tolist(),
    }


@lru_cache(maxsize=1)
def _gx_version() -> str:
    return version("great_expectations")


@lru_cache(maxsize=64)
def _suite(feed: str, quantities: tuple[str, ...], *, is_rated: bool, faults: tuple[str, ...]) -> "ExpectationSuite":
    from include.quality.suites import build_suite

    return build_suite(feed, quantities, is_rated=is_rated, faults=faults)


@lru_cache(maxsize=1)
def _batches() -> "BatchDefinition[Any]":
    """Where a data frame becomes a batch; its context is ephemeral, silent and one per process."""
    # Great Expectations logs a dozen lines at INFO while it is imported.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    _keep_progress_lock_private()
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("readings").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


def _keep_progress_lock_private() -> None:
    """Give the progress bars of Great Expectations a lock of this process alone.

    The default is a semaphore that forked children share, taken even while bars are off: a task that is killed while it holds it
    would stop the checks of every other task of the machine for ever.
    """
    from tqdm.auto import tqdm

    tqdm.set_lock(RLock())
