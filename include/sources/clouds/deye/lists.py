"""The rows of Deye's answers: a list beside the code, or the answer itself."""

from collections.abc import Mapping
from typing import Any

from include.core.errors import BadDocument
from include.sources.clouds.deye.fields import ROWS
from include.sources.clouds.deye.refusals import LABEL, is_empty


def rows_of(data: Mapping[str, Any], interface: str) -> list[Any]:
    """The rows of an answer, none where it says "no records"; raises `BadDocument` where it has not the interface's list."""
    if is_empty(data):
        return []
    name = ROWS.get(interface)
    if name is None:
        if "lastUpdateTime" not in data:
            raise BadDocument(f"{LABEL}'s answer to {interface} has no lastUpdateTime; ask again")
        return [data]
    rows = data.get(name, False)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadDocument(f"{LABEL}'s answer to {interface} has no list {name}; ask again")
    return rows
