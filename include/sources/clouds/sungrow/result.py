"""`result_data`, which holds what Sungrow has to say: of an answer that has just come, and of one that rests in landing."""

from collections.abc import Mapping
from typing import Any

from include.core.errors import BadDocument, TryLater
from include.sources.clouds.sungrow.fields import LABEL


def result_of(data: Mapping[str, Any], interface: str) -> Mapping[str, Any]:
    """The result of an answer; raises `TryLater` where it has none."""
    result = data.get("result_data")
    if not isinstance(result, dict):
        raise TryLater(f"{LABEL} answered {interface} without result_data; ask again")
    return result


def landed_result(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result of a landed answer, empty for null; raises `BadDocument` for anything else."""
    result = data.get("result_data")
    if result is not None and not isinstance(result, dict):
        raise BadDocument(f"result_data of the answer is no object but {type(result).__name__}; ask the vendor again")
    return result or {}


def landed_list(data: Mapping[str, Any], name: str) -> list[Any]:
    """A list in the result of a landed answer; raises `BadDocument` where it has none."""
    rows = landed_result(data).get(name)
    if not isinstance(rows, list):
        raise BadDocument(f"the answer has no list {name}; ask the vendor again")
    return rows
