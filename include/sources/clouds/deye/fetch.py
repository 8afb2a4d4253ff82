"""Fetching one request from Deye: lists page by page; frames of a device in one call, or day by day where that fails."""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from include.core.errors import BadDocument, TryLater
from include.core.pulls import Request
from include.sources.clouds.cloud import Answer, SessionLike
from include.sources.clouds.deye.fields import DEVICE_HISTORY, DEVICE_RAW, FRAMES, HISTORY_FIELDS, IDENTITY, POINTS_OF
from include.sources.clouds.deye.lists import rows_of
from include.sources.clouds.deye.refusals import LABEL, BrokenDown, DeviceRefuses, PointUnknown, is_empty
from include.sources.clouds.errors import Unanswerable
from include.sources.clouds.paging import Page, Paging, fetch_pages
from include.sources.formats import numbers

_MOST_ROWS: Final = 1e9
_FRAMES_PER_CALL: Final = 1400
_DENSE_S: Final = 200.0
"""Frames that follow each other faster than this [s] are not those of five minutes."""


def fetch(session: SessionLike, request: Request) -> list[Answer]:
    """The answers of one request: all pages of a list, frames in as many calls as the device needs, else the one that there is.

    Raises:
        TryLater: An answer has another shape than its interface, or a page is missing.
        Unanswerable: The device has none of the points that are read.
    """
    if request.interface == DEVICE_RAW:
        return _fetch_frames(session, request)
    if request.interface in _PAGES:
        return fetch_pages(session, request, _PAGES[request.interface], label=LABEL)
    subject = request.subjects[0] if len(request.subjects) == 1 else None
    return [_post(session, request.interface, request.body, subject)]


def row_count(interface: str, data: Mapping[str, Any]) -> int:
    """Rows of an answer; frames of devices come in the list of either history."""
    return len(rows_of(data, interface))


def _post(session: SessionLike, interface: str, body: Mapping[str, Any], subject: str | None) -> Answer:
    answer = session.post(interface, body, subject=subject)
    _shaped_rows(answer.data, interface)
    return answer


def _shaped_rows(data: Mapping[str, Any], interface: str) -> list[Any]:
    try:
        return rows_of(data, interface)
    except BadDocument as fault:
        raise TryLater(str(fault)) from fault


def _page(interface: str, data: Mapping[str, Any]) -> Page:
    rows = _shaped_rows(data, interface)
    total = 0 if is_empty(data) else numbers.number(data.get("total"), frozenset())
    if total is None or not 0 <= total < _MOST_ROWS:
        raise TryLater(f"{LABEL} answered {interface} without the total of its rows; ask again")
    return Page(rows, int(total))


def _identity(fields: Iterable[str], row: object) -> str:
    return str([row.get(name) for name in fields] if isinstance(row, dict) else row)


_PAGES: Final[Mapping[str, Paging]] = {
    # A row may rightly come twice; then a list has ended when a page is not full, or all of its rows are known.
    interface: Paging("page", "size", partial(_page, interface), partial(_identity, fields), repeats="on any page")
    for interface, fields in IDENTITY.items()
}


def _fetch_frames(session: SessionLike, request: Request) -> list[Answer]:
    """Frames of some days at once; day by day where the device or the cloud does not do that."""
    given = {name: value for name, value in request.body.items() if name not in {"days", "measurePoints"}}
    days = request.body["days"]
    history = _DeviceHistory(session, request.body["deviceSn"], request.body["measurePoints"])
    with suppress(PointUnknown, DeviceRefuses, BrokenDown):
        answers = history.fetch(DEVICE_RAW, [given])
        if len(days) == 1 or not _is_cut(rows_of(answers[0].data, DEVICE_RAW)):
            return answers
    day = {"deviceSn": request.body["deviceSn"], "granularity": FRAMES, "endAt": None}
    return history.fetch(DEVICE_HISTORY, [{**day, "startAt": start} for start in days])


def _is_cut(rows: Sequence[Any]) -> bool:
    """Whether frames that come each minute may have been too many for one answer, which ends after about 1440 of them."""
    times = [numbers.number(row.get("time")) for row in rows if isinstance(row, dict)]
    known = [time for time in times if time is not None and math.isfinite(time)]
    return len(known) >= _FRAMES_PER_CALL and max(known) - min(known) < _DENSE_S * len(known)


class _DeviceHistory:
    """One device's history, of those points that it has: what it has is looked up once, when it lacks one."""

    def __init__(self, session: SessionLike, serial: str, points: Sequence[str]) -> None:
        self._session = session
        self._serial = serial
        self._points = list(points)
        self._is_corrected = False

    def fetch(self, interface: str, bodies: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """An answer for each body, all of the same points."""
        try:
            return self._fetch(interface, bodies)
        except PointUnknown:
            if not self._correct():
                raise
        return self._fetch(interface, bodies)

    def _fetch(self, interface: str, bodies: Sequence[Mapping[str, Any]]) -> list[Answer]:
        return [self._post(interface, {**body, "measurePoints": self._points}) for body in bodies]

    def _correct(self) -> bool:
        """Keep the points that the device has, or what stands for them; whether that changed anything."""
        if self._is_corrected:
            return False
        self._is_corrected = True
        listed = rows_of(self._post(POINTS_OF, {"deviceSn": self._serial}).data, POINTS_OF)
        known = {row.get("key") if isinstance(row, dict) else row for row in listed if isinstance(row, dict | str)}
        found = [next((key for key in field.keys if key in known), None) for field in HISTORY_FIELDS]
        before, self._points = self._points, [key for key in found if key is not None]
        if not self._points:
            raise Unanswerable(f"{LABEL}'s device {self._serial} has none of the points that are read; it is not asked again")
        return before != self._points

    def _post(self, interface: str, body: Mapping[str, Any]) -> Answer:
        return _post(self._session, interface, body, self._serial)
