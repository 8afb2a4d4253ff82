"""Fetching one request from Toy Cloud."""

from collections.abc import Mapping
from typing import Any, Final

from include.sources.clouds.toy.refusals import LABEL

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds.cloud import Answer, SessionLike
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.paging import Page, Paging, fetch_pages
from include.sources.formats import numbers


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """All pages of a list, or the one answer that there is."""
    if request.kind == "fleet":
        return fetch_pages(session, request, _PAGES, label=LABEL)
    subject = request.subjects[0] if len(request.subjects) == 1 else None
    return [session.post(request.interface, request.body, subject=subject)]


def row_count(interface: str, data: Mapping[str, Any]) -> int:
    """Rows of an answer."""
    return len(data.get("rows") or ())


def _page(data: Mapping[str, Any]) -> Page:
    rows, total = data.get("rows"), numbers.number(data.get("total"))
    if not isinstance(rows, list) or total is None or not 0 <= total < 1e9:
        raise TryLater(f"{LABEL} sent a page without rows or without their total; ask again")
    return Page(rows, int(total))


_PAGES: Final = Paging("page", "size", _page, lambda row: named_key(row, "id"))
