"""Fetching one request from SolarEdge."""

from collections.abc import Mapping
from typing import Any, Final

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds.cloud import Answer, SessionLike
from include.sources.clouds.document import TOP_LIST
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.paging import Page, Paging, fetch_pages
from include.sources.clouds.solaredge.fields import ALERTS, DEVICES, ENERGY, INVERTERS, SITE, SITES
from include.sources.clouds.solaredge.refusals import LABEL

_HOLDS: Final[Mapping[str, tuple[str, type]]] = {
    SITE: ("siteId", object),
    DEVICES: (TOP_LIST, list),
    ENERGY: ("values", list),
    INVERTERS: ("inverters", dict),
}
"""What the answer of an interface must hold."""


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """The answers of one request: all pages of the sites or alerts, else the one that there is."""
    if paging := _PAGINGS.get(request.interface):
        return fetch_pages(session, request, paging, label=LABEL)
    answer = session.post(request.interface, request.body, subject=str(request.body["siteId"]))
    name, kind = _HOLDS[request.interface]
    if not isinstance(answer.data.get(name), kind) or answer.data.get(name) is None:
        raise TryLater(f"{LABEL} answered {request.interface} in another shape than its own; ask again")
    return [answer]


def row_count(interface: str, data: Mapping[str, Any]) -> int:
    """Rows of an answer; of energies those that have a value."""
    if interface == SITE:
        return 1
    rows = _sites(data) if interface == SITES else data.get(_HOLDS.get(interface, (TOP_LIST, list))[0])
    if interface == ENERGY and isinstance(rows, list):
        return sum(isinstance(row, dict) and row.get("value") is not None for row in rows)
    return len(rows) if isinstance(rows, list | dict) else 0


def _sites(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    found = data.get("sites")
    return found.get("site") if isinstance(found, dict) else None


def _page(rows: object, what: str) -> Page:
    if not isinstance(rows, list):
        raise TryLater(f"{LABEL} answered {what} without a list; ask again")
    return Page(rows, None)


_PAGINGS: Final[Mapping[str, Paging]] = {
    SITES: Paging("page", "sites-in-page", lambda data: _page(_sites(data), SITES), lambda row: named_key(row, "siteId")),
    ALERTS: Paging(
        "page", "alerts-in-page", lambda data: _page(data.get(TOP_LIST), ALERTS), lambda row: named_key(row, "alertId")
    ),
}
