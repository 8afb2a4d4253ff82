"""Series, and what was measured: readings, state changes, aggregates."""

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from api.deps import PROTECTED, ApiRequest, CurrentRequest
from api.errors import not_found
from api.history import answer_rollups, history_head
from api.models.choices import SeriesOrigin
from api.models.envelopes import Listing, Single
from api.models.history import Events, Marks, Readings, Rollups, Series
from api.openapi import ANSWERS
from api.parameters import (
    DEFAULT_DAYS,
    DEFAULT_READING_DAYS,
    LONGEST_DAYS,
    LONGEST_READING_DAYS,
    Cursor,
    GrainParameter,
    Id,
    Layout,
    Limit,
    OptionalId,
    QuantityParameter,
    ReadingLimit,
    Window,
    WindowParameter,
    days_that_start,
)
from include.core.span import Span
from include.warehouse.api_history import HistoryPage, SeriesHead, find_series, list_events, list_marks, list_readings
from include.warehouse.api_reads import ListPage, list_series, read_series
from include.warehouse.api_session import TenantSession

router = APIRouter(prefix="/series", tags=["series"], dependencies=PROTECTED, responses=ANSWERS)


async def _owner_parameters(
    plant_id: OptionalId = None, device_id: OptionalId = None, customer_id: OptionalId = None
) -> dict[str, int | None]:
    return {"plant_id": plant_id, "device_id": device_id, "customer_id": customer_id}


@router.get("", response_model=Listing[Series], summary="Series")
def series(
    request: CurrentRequest,
    of: Annotated[dict[str, int | None], Depends(_owner_parameters)],
    quantity: QuantityParameter | None = None,
    origin: Annotated[SeriesOrigin | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Series of the tenant by id; `plant_id` finds those of the plant and of its devices."""
    (after,) = request.place(cursor) or [0]
    with request.session() as session:
        page = list_series(session.connection, of=of, quantity=quantity, origin=origin, after=after, limit=limit)
    return request.listing(page)


@router.get("/{series_id}", response_model=Single[Series], summary="One series")
def one_series(request: CurrentRequest, series_id: Id) -> Response:
    """One series."""
    with request.session() as session:
        found = read_series(session.connection, series_id)
    if found is None:
        raise not_found("series", series_id)
    return request.single(found)


@router.get("/{series_id}/readings", response_model=Readings, summary="Readings")
def readings(
    request: CurrentRequest, series_id: Id, window: WindowParameter, limit: ReadingLimit = 1_000, cursor: Cursor = None
) -> Response:
    """Raw readings of one series, oldest first; today's without `from`. A state series has events instead."""
    with request.session() as session:
        head = _found(session, series_id)
        span, asked_span = _spans(request, head, window, cursor)
        page = list_readings(session.connection, head=head, span=span, limit=limit)
    return _history(request, head, asked_span, page)


@router.get("/{series_id}/events", response_model=Events, summary="State changes")
def events(
    request: CurrentRequest, series_id: Id, window: WindowParameter, limit: ReadingLimit = 1_000, cursor: Cursor = None
) -> Response:
    """State changes of one series, oldest first; today's without `from`."""
    with request.session() as session:
        head = _found(session, series_id)
        span, asked_span = _spans(request, head, window, cursor)
        page = list_events(session.connection, head=head, span=span, limit=limit)
    return _history(request, head, asked_span, page)


@router.get("/{series_id}/marks", response_model=Marks, summary="Readings that hardly were measured")
def marks(request: CurrentRequest, series_id: Id, window: WindowParameter, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """How many readings of each local day that starts in the span are stale, interpolated or outliers; 31 days without `from`."""
    after = request.place(cursor)
    with request.session() as session:
        head = _found(session, series_id)
        zone = ZoneInfo(head.timezone)
        span = window.span(zone, now=request.quarter, default_days=DEFAULT_DAYS["day"], longest_days=LONGEST_DAYS["day"])
        page = list_marks(session.connection, head=head, days=days_that_start(span, zone), after=after, limit=limit)
    told = history_head(request, quantity=head.quantity, timezone=head.timezone, span=span)
    return request.listing(page, {"series_id": series_id, **told})


@router.get("/{series_id}/rollups", response_model=Rollups, summary="Aggregates of a series")
def rollups(
    request: CurrentRequest, series_id: Id, wish: GrainParameter, window: WindowParameter, layout: Layout = "objects"
) -> Response:
    """Aggregates whose interval overlaps the span, oldest first; intervals without readings are absent."""
    with request.session() as session:
        if known := request.cached(session):
            return known
        head = _found(session, series_id)
        return answer_rollups(request, session, head=head, wish=wish, window=window, layout=layout)


def _found(session: TenantSession, series_id: int) -> SeriesHead:
    head = find_series(session.connection, series_id)
    if head is None:
        raise not_found("series", series_id)
    return head


def _spans(request: ApiRequest, head: SeriesHead, window: Window, cursor: str | None) -> tuple[Span, Span]:
    """The span still to be read, and the span that was asked."""
    asked_span = window.span(
        ZoneInfo(head.timezone), now=request.quarter, default_days=DEFAULT_READING_DAYS, longest_days=LONGEST_READING_DAYS
    )
    place = request.place(cursor)
    if place is None:
        return asked_span, asked_span
    # Instants have microseconds: the next possible one is where the page begins.
    start = datetime.fromisoformat(place[0]) + timedelta(microseconds=1)
    return Span(min(start, asked_span.end), asked_span.end), asked_span


def _history(request: ApiRequest, head: SeriesHead, span: Span, page: HistoryPage) -> Response:
    next_key = None if page.last_at is None else [page.last_at.isoformat()]
    told = history_head(request, quantity=head.quantity, timezone=head.timezone, span=span)
    return request.listing(ListPage(page.data, next_key), {"series_id": head.series_id, **told})
