"""Plants, and the aggregates of a plant and its devices."""

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from api.deps import PROTECTED, Asking
from api.errors import not_found
from api.history import answer_device_rollups, answer_rollups
from api.models import DeviceRollups, Listing, Plant, Rollups, Single
from api.openapi import ANSWERS
from api.parameters import (
    DEFAULT_DAYS,
    LONGEST_DAYS,
    Cursor,
    GrainAsked,
    Id,
    Layout,
    Limit,
    QuantityAsked,
    WindowAsked,
    require_rows_fit,
)
from include.warehouse.api_history import find_device_group, find_plant_series
from include.warehouse.api_reads import find_plant_zone, list_plants, read_plant

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[Plant], summary="Plants")
def plants(asked: Asking, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """All plants of the tenant, by id."""
    (after,) = asked.place(cursor) or [0]
    with asked.visit() as visit:
        page = list_plants(visit.connection, after=after, limit=limit)
    return asked.listing(page)


@router.get("/{plant_id}", response_model=Single[Plant], summary="One plant")
def plant(asked: Asking, plant_id: Id) -> Response:
    """One plant."""
    with asked.visit() as visit:
        found = read_plant(visit.connection, plant_id)
    if found is None:
        raise not_found("plant", plant_id)
    return asked.single(found)


@router.get("/{plant_id}/rollups", response_model=Rollups, summary="Aggregates of a plant")
def plant_rollups(
    asked: Asking,
    plant_id: Id,
    grain: GrainAsked,
    window: WindowAsked,
    quantity: QuantityAsked = "ac_power_kw",
    layout: Layout = "objects",
) -> Response:
    """Aggregates of the plant's own series of a quantity: the one summed over its inverters, else a measured one."""
    with asked.visit() as visit:
        if known := asked.recall(visit):
            return known
        if find_plant_zone(visit.connection, plant_id) is None:
            raise not_found("plant", plant_id)
        head = find_plant_series(visit.connection, plant_id, quantity)
        if head is None:
            raise not_found(f"series {quantity} of plant", plant_id)
        return answer_rollups(asked, visit, head=head, grain=grain, window=window, layout=layout)


@router.get("/{plant_id}/devices/rollups", response_model=DeviceRollups, summary="Aggregates of all devices of a plant")
def device_rollups(
    asked: Asking, plant_id: Id, grain: GrainAsked, window: WindowAsked, quantity: QuantityAsked = "ac_power_kw"
) -> Response:
    """Aggregates of one quantity for every device of the plant that has it."""
    with asked.visit() as visit:
        if known := asked.recall(visit):
            return known
        group = find_device_group(visit.connection, plant_id, quantity)
        if group is None:
            raise not_found("plant", plant_id)
        span = window.span(
            ZoneInfo(group.timezone), now=asked.now, default_days=DEFAULT_DAYS[grain], longest_days=LONGEST_DAYS[grain]
        )
        require_rows_fit(span, grain, group.series_count)
        return answer_device_rollups(asked, visit, group=group, grain=grain, span=span)
