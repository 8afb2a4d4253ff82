"""Fetching one request from Growatt."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from include.core.errors import BadDocument, TryLater
from include.core.pulls import Request
from include.sources.clouds.cloud import Answer, SessionLike
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.growatt.fields import ALARM_LISTS, ALARMS, DEVICES, PLANTS
from include.sources.clouds.growatt.lists import rows_of
from include.sources.clouds.growatt.refusals import LABEL
from include.sources.clouds.paging import Page, Paging, fetch_pages
from include.sources.formats import numbers

_MOST_ROWS: Final = 1e9


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """The answers of one request: all pages of a list, else the one that there is."""
    if paging := _PAGINGS.get(request.interface):
        return fetch_pages(_About(session, request), request, paging, label=LABEL)
    answer = _About(session, request).post(request.interface, request.body)
    _shaped_rows(request.interface, answer.data)
    return [answer]


def row_count(interface: str, data: Mapping[str, Any]) -> int:
    """Rows of an answer."""
    return len(rows_of(data, interface))


class _About:
    """A session whose calls ask one question, about one plant or device or for all plants; the vendor counts each apart."""

    def __init__(self, session: SessionLike, request: Request) -> None:
        self.credentials = session.credentials
        self._session = session
        names = [request.body[name] for name in ("plant_id", *dict(ALARMS.values()).values()) if name in request.body]
        days = [request.body[name] for name in ("date",) if name in request.body]
        asked = [names[0], *days] if names else [PLANTS] if request.interface == PLANTS else []
        self._subject = " ".join(map(str, asked)) or None

    def post(self, interface: str, body: Mapping[str, Any], *, subject: str | None = None) -> Answer:
        """Make one call; another day, or a further page, is another question."""
        page = int(body.get("page", 1))
        about = self._subject if page == 1 or self._subject is None else f"{self._subject} {page}"
        return self._session.post(interface, body, subject=about)


def _shaped_rows(interface: str, data: Mapping[str, Any]) -> list[Any]:
    try:
        return rows_of(data, interface)
    except BadDocument as fault:
        raise TryLater(str(fault)) from fault


def _page(interface: str, data: Mapping[str, Any]) -> Page:
    rows = _shaped_rows(interface, data)
    found = data.get("data")
    total = numbers.number(found.get("count"), frozenset()) if isinstance(found, dict) else 0
    if total is None or not 0 <= total < _MOST_ROWS:
        raise TryLater(f"{LABEL} answered {interface} without the count of its rows; ask again")
    return Page(rows, int(total))


_PAGINGS: Final[Mapping[str, Paging]] = {
    PLANTS: Paging("page", "perpage", partial(_page, PLANTS), lambda row: named_key(row, "plant_id")),
    DEVICES: Paging("page", "perpage", partial(_page, DEVICES), lambda row: named_key(row, "device_sn")),
    **{
        # Alarms have no number, and one may come twice.
        interface: Paging("page", "perpage", partial(_page, interface), str, repeats="on any page")
        for interface in ALARM_LISTS
    },
}
