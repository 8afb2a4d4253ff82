"""The energy of the days ahead."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.forecast import PlantForecast
from api.openapi import ANSWERS
from api.parameters import DAY_SCHEMA, Id, day_of
from include.warehouse.api_reads import find_plant_zone
from include.warehouse.forecasts import read_forecast

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/forecast", response_model=PlantForecast, summary="Forecast of a plant")
def forecast(
    request: CurrentRequest,
    plant_id: Id,
    issued_on: Annotated[
        str | None,
        Query(
            max_length=10,
            description="Local day on which it was told (2026-11-21); the newest without it.",
            json_schema_extra=DAY_SCHEMA,
        ),
    ] = None,
) -> Response:
    """Energy of the next seven local days and their hours, as told at 06:00; what was made since is beside the days."""
    day = None if issued_on is None else day_of("issued_on", issued_on)
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        data = read_forecast(session.connection, plant_id=plant_id, timezone=timezone, issued_on=day)
    return request.single(data or "null", {"plant_id": plant_id, "unit": "kWh", "timezone": timezone})
