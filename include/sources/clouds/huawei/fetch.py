"""Fetching one request from Huawei: the list of plants page by page, anything else in one call."""

from collections.abc import Mapping
from typing import Any, Final

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds.cloud import Answer, SessionLike
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.huawei.fields import STATIONS
from include.sources.clouds.huawei.refusals import LABEL, code_of
from include.sources.clouds.paging import Page, Paging, fetch_pages


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """The answers of one request: all pages of the plants, else the one that there is."""
    if request.interface == STATIONS:
        return fetch_pages(session, request, _PLANT_PAGES, label=LABEL)
    subject = request.subjects[0] if len(request.subjects) == 1 else None
    answer = session.post(request.interface, request.body, subject=subject)
    # Where there is nothing at all the list is null.
    if not isinstance(answer.data.get("data", False), list | None):
        raise TryLater(f"{LABEL} answered {request.interface} without a list; ask again")
    return [answer]


def row_count(interface: str, data: Mapping[str, Any]) -> int:
    """Rows of an answer."""
    rows = data.get("data")
    if isinstance(rows, dict):
        rows = rows.get("list")
    return len(rows) if isinstance(rows, list) else 0


def _page(data: Mapping[str, Any]) -> Page:
    page = data.get("data", False)
    if page is None:
        return Page([], 0)
    rows = page.get("list") if isinstance(page, dict) else None
    total = code_of(page.get("total")) if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(rows, list) or total is None:
        raise TryLater(f"{LABEL} answered {STATIONS} without a list and its total; ask again")
    return Page(rows, total, code_of(page.get("pageNo")))


_PLANT_PAGES: Final = Paging("pageNo", "pageSize", _page, lambda row: named_key(row, "plantCode"))
