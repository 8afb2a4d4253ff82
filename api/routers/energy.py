"""The published energy of a plant: what reports and performance are made of."""

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.history import span_head
from api.models.energy import PlantEnergies
from api.openapi import ANSWERS
from api.parameters import DEFAULT_DAYS, LONGEST_DAYS, EnergyGrainParameter, Id, WindowParameter
from include.warehouse.api_history import read_plant_energies
from include.warehouse.api_reads import find_plant_zone

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/energy", response_model=PlantEnergies, summary="Energy of a plant")
def energy(request: CurrentRequest, plant_id: Id, grain: EnergyGrainParameter, window: WindowParameter) -> Response:
    """Published energy of the intervals that overlap the span, oldest first; intervals of which nothing is known are absent."""
    with request.session() as session:
        if known := request.cached(session):
            return known
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        span = window.span(
            ZoneInfo(timezone), now=request.quarter, default_days=DEFAULT_DAYS[grain], longest_days=LONGEST_DAYS[grain]
        )
        data = read_plant_energies(
            session.connection, plant_id=plant_id, timezone=timezone, grain=grain, span=span, settled_until=request.settled_edge
        )
        head = {"plant_id": plant_id, "grain": grain, "unit": "kWh", **span_head(request, timezone=timezone, span=span)}
        return request.answer_and_cache(session, data, head)
