"""Plants, and the aggregates of a plant and its devices."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.history import answer_device_rollups, answer_rollups
from api.models.envelopes import Listing, Single
from api.models.fleet import Plant
from api.models.history import DeviceRollups, Rollups
from api.openapi import ANSWERS
from api.parameters import (
    Cursor,
    GrainParameter,
    Id,
    Layout,
    Limit,
    QuantityParameter,
    WindowParameter,
    require_rows_fit,
)
from include.warehouse.api_history import find_device_group, find_plant_series
from include.warehouse.api_reads import find_plant_zone, list_plants, read_plant

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[Plant], summary="Plants")
def plants(request: CurrentRequest, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """All plants of the tenant, by id."""
    (after,) = request.place(cursor) or [0]
    with request.session() as session:
        page = list_plants(session.connection, after=after, limit=limit)
    return request.listing(page)


@router.get("/{plant_id}", response_model=Single[Plant], summary="One plant")
def plant(request: CurrentRequest, plant_id: Id) -> Response:
    """One plant."""
    with request.session() as session:
        found = read_plant(session.connection, plant_id)
    if found is None:
        raise not_found("plant", plant_id)
    return request.single(found)


@router.get("/{plant_id}/rollups", response_model=Rollups, summary="Aggregates of a plant")
def plant_rollups(
    request: CurrentRequest,
    plant_id: Id,
    wish: GrainParameter,
    window: WindowParameter,
    quantity: QuantityParameter = "ac_power_kw",
    layout: Layout = "objects",
) -> Response:
    """Aggregates of the plant's own series of a quantity: the one summed over its inverters, else a measured one."""
    with request.session() as session:
        if known := request.cached(session):
            return known
        if find_plant_zone(session.connection, plant_id) is None:
            raise not_found("plant", plant_id)
        head = find_plant_series(session.connection, plant_id, quantity)
        if head is None:
            raise not_found(f"series {quantity} of plant", plant_id)
        return answer_rollups(request, session, head=head, wish=wish, window=window, layout=layout)


@router.get("/{plant_id}/devices/rollups", response_model=DeviceRollups, summary="Aggregates of all devices of a plant")
def device_rollups(
    request: CurrentRequest,
    plant_id: Id,
    wish: GrainParameter,
    window: WindowParameter,
    quantity: QuantityParameter = "ac_power_kw",
) -> Response:
    """Aggregates of one quantity for every device of the plant that has it."""
    with request.session() as session:
        if known := request.cached(session):
            return known
        group = find_device_group(session.connection, plant_id, quantity)
        if group is None:
            raise not_found("plant", plant_id)
        grain, span = wish.choose(window, group.timezone, now=request.quarter, quantity=quantity, series_count=group.series_count)
        require_rows_fit(span, grain, group.series_count)
        return answer_device_rollups(request, session, group=group, grain=grain, span=span)
