"""How a request to Sungrow is made: lists page by page, everything else in one call; an answer of another shape is no answer."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds.cloud import Answer, SessionLike
from include.sources.clouds.paging import Page, Paging, fetch_pages
from include.sources.clouds.sungrow.families import FAMILIES, LISTS, Family, reading_interfaces
from include.sources.clouds.sungrow.fields import LABEL
from include.sources.clouds.sungrow.result import result_of
from include.sources.formats import names, numbers

_ABOUT_HISTORY: Final = frozenset({"point_dict", "illegal_ps_key_list", "illegal_ps_id_list"})
_REALTIME: Final = reading_interfaces("realtime")


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """The answers of one request: a list page by page, anything else in one call.

    Alarms of several pages become one answer, since only the whole list says which alarms have ended.

    Raises:
        TryLater: Where pages are missing or come twice, or an answer has another shape.
    """
    if request.interface not in _PAGINGS:
        subject = request.subjects[0] if len(request.subjects) == 1 else None
        answer = session.post(request.interface, request.body, subject=subject)
        _check_shape(request.interface, answer.data)
        return [answer]
    pages = fetch_pages(session, request, _PAGINGS[request.interface], label=LABEL)
    return [_joined(request.interface, pages)] if request.kind == "alarms" and len(pages) > 1 else pages


def row_count(interface: str, data: Mapping[str, Any]) -> int:
    """Rows of an answer; of a history the plants and devices that it tells anything of."""
    result = data.get("result_data")
    if not isinstance(result, dict):
        return 0
    listed = [rows for name in ("pageList", "device_point_list") if isinstance(rows := result.get(name), list)]
    return len(listed[0]) if listed else sum(bool(rows) for name, rows in result.items() if name not in _ABOUT_HISTORY)


def _joined(interface: str, pages: list[Answer]) -> Answer:
    rows = [row for page in pages for row in page.data["result_data"]["pageList"]]
    data = {"result_code": "1", "result_data": {LISTS[interface].row_count: len(rows), "pageList": rows}}
    try:
        return Answer(json.dumps(data, allow_nan=False).encode(), data)
    except ValueError as error:
        raise TryLater(f"{LABEL} answered {interface} with a number beyond all bounds; ask again") from error


def _check_shape(interface: str, data: Mapping[str, Any]) -> None:
    # History may be null where there is nothing at all.
    if data.get("result_data") is None and interface not in _REALTIME:
        return
    result = result_of(data, interface)
    if interface in _REALTIME and not isinstance(result.get("device_point_list"), list):
        raise TryLater(f"{LABEL} answered {interface} without device_point_list; ask again")


def _paging(family: Family, interface: str, row_key: str) -> Paging:
    def page_of(data: Mapping[str, Any]) -> Page:
        result = result_of(data, interface)
        rows, total = result.get("pageList"), numbers.number(result.get(family.row_count), frozenset())
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or total is None or math.isnan(total):
            raise TryLater(f"{LABEL} answered {interface} without rows or without saying how many there are; ask again")
        return Page(rows, int(total))

    return Paging(family.page, "size", page_of, identity=lambda row: names.key(row.get(row_key)), repeats="on a page")


_PAGINGS: Final[Mapping[str, Paging]] = {
    interface: _paging(family, interface, row_key) for family in FAMILIES for interface, row_key in family.row_keys.items()
}
