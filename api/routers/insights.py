"""What can be said of a plant in a few sentences."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.insights import PlantInsights
from api.openapi import ANSWERS
from api.parameters import Id
from include.warehouse.api_reads import find_plant_zone
from include.warehouse.insights import list_insights

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/insights", response_model=PlantInsights, summary="Sentences about a plant")
def insights(request: CurrentRequest, plant_id: Id) -> Response:
    """Short sentences about the last days of a plant in English and Portuguese, each with the numbers that it rests on."""
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        data = list_insights(session.connection, plant_id=plant_id, timezone=timezone)
    return request.single(data, {"plant_id": plant_id, "timezone": timezone})
