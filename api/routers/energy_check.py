"""The check of a day's energies: three ways of knowing the same."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.history import local_days
from api.models.energy import EnergyChecks
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, WindowParameter
from include.warehouse.api_history import list_energy_checks

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/energy-check", response_model=EnergyChecks, summary="Energies of a plant's days, told three ways")
def energy_check(
    request: CurrentRequest, plant_id: Id, window: WindowParameter, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Energies of the local days that start in the span, of the plant and its inverters, oldest first; 31 days without `from`."""
    after = request.place(cursor)
    with request.session() as session:
        found = local_days(request, session, plant_id, window)
        page = list_energy_checks(session.connection, plant_id=plant_id, days=found.days, after=after, limit=limit)
    return request.listing(page, {"plant_id": plant_id, "unit": "kWh", **found.told})
