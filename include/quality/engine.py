"""One pass of Great Expectations over a frame: which rows break which expectation of a suite.

Great Expectations is imported here, and in what is imported here, at the first pass; a process keeps one ephemeral context.
"""

import logging
from functools import lru_cache
from importlib.metadata import version
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition

_RESULT_FORMAT: Final = {"result_format": "COMPLETE", "return_unexpected_index_query": False}


class CheckFailed(RuntimeError):
    """Great Expectations itself failed: nothing is known of the data, and the check is to be run again or repaired."""


def positions_that_break(suite: "ExpectationSuite", frame: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Row positions that break each expectation, by the rule in its `meta`; raises `CheckFailed`.

    The frame has a fresh RangeIndex.
    """
    outcome = _batches().get_batch({"dataframe": frame}).validate(suite, result_format=_RESULT_FORMAT)
    return dict(_answer(result, len(frame)) for result in outcome.results)


@lru_cache(maxsize=1)
def gx_version() -> str:
    """The version of Great Expectations that judges."""
    return version("great_expectations")


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
    from great_expectations.execution_engine import pandas_execution_engine

    # Else each pass hashes the whole frame twice, into a marker that nobody reads.
    pandas_execution_engine.HASH_THRESHOLD = 0
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
