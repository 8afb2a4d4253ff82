"""The check of a day's energies: three ways of knowing the same."""

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.energy import EnergyChecks
from api.openapi import ANSWERS
from api.parameters import DEFAULT_DAYS, LONGEST_DAYS, Cursor, Id, Limit, WindowParameter, days_that_start
from include.warehouse.api_history import list_energy_checks
from include.warehouse.api_reads import find_plant_zone

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/energy-check", response_model=EnergyChecks, summary="Energies of a plant's days, told three ways")
def energy_check(
    request: CurrentRequest, plant_id: Id, window: WindowParameter, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Energies of the local days that start in the span, of the plant and its inverters, oldest first; 31 days without `from`."""
    place = request.place(cursor)
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        zone = ZoneInfo(timezone)
        span = window.span(zone, now=request.now, default_days=DEFAULT_DAYS["day"], longest_days=LONGEST_DAYS["day"])
        days = days_that_start(span, zone)
        page = list_energy_checks(session.connection, plant_id=plant_id, days=days, after=place, limit=limit)
    ends = {"start": span.start.astimezone(zone).isoformat(), "end": span.end.astimezone(zone).isoformat()}
    return request.listing(page, {"plant_id": plant_id, "timezone": timezone, "unit": "kWh", **ends})
