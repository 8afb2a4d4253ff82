"""Performance: what a plant made, against its target."""

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.energy import Performance
from api.openapi import ANSWERS
from api.parameters import DAY_SCHEMA, Id, day_of
from include.core.span import local_day
from include.warehouse.api_reads import find_plant_zone
from include.warehouse.performance import read_performance

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/performance", response_model=Performance, summary="Performance of a plant")
def performance(
    request: CurrentRequest,
    plant_id: Id,
    as_of: Annotated[
        str | None,
        Query(
            max_length=10,
            description="Local day of the plant (2026-11-21); the last complete day without it.",
            json_schema_extra=DAY_SCHEMA,
        ),
    ] = None,
) -> Response:
    """Energy against the target over the 1, 7 and 30 complete local days that end with `as_of`, inclusive."""
    day = None if as_of is None else day_of("as_of", as_of)
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        day = day or local_day(request.now, ZoneInfo(timezone)) - timedelta(days=1)
        found = read_performance(session.connection, plant_ids=[plant_id], as_of=day)
    return request.single(msgspec.json.encode(found).decode(), {"as_of": day.isoformat()})
