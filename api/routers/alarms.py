"""Alarms of a plant, as the vendors tell them and as the readings show them."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.operation import Alarms
from api.openapi import ANSWERS
from api.parameters import DEFAULT_DAYS, LONGEST_DAYS, Cursor, Id, Limit, WindowParameter
from include.warehouse.api_history import list_alarms
from include.warehouse.api_reads import find_plant_zone

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/alarms", response_model=Alarms, summary="Alarms of a plant")
def alarms(
    request: CurrentRequest,
    plant_id: Id,
    window: WindowParameter,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only those that go on, or only those that have ended.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Alarms that were on at some time of the span, of the plant and its devices, latest first; 31 days without `from`."""
    place = request.place(cursor)
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        zone = ZoneInfo(timezone)
        span = window.span(zone, now=request.quarter, default_days=DEFAULT_DAYS["day"], longest_days=LONGEST_DAYS["day"])
        page = list_alarms(
            session.connection, plant_id=plant_id, timezone=timezone, span=span, is_open=is_open, before=place, limit=limit
        )
    ends = {"start": span.start.astimezone(zone).isoformat(), "end": span.end.astimezone(zone).isoformat()}
    return request.listing(page, {"plant_id": plant_id, "timezone": timezone, **ends})
