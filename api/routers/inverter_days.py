"""Inverters beside their peers, day by day: share, verdict, loss, and why there is no comparison."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.history import local_days
from api.models.choices import InverterVerdict
from api.models.energy import InverterDays
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, WindowParameter
from include.warehouse.api_history import list_inverter_days

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/inverter-days", response_model=InverterDays, summary="Inverters of a plant beside their peers")
def inverter_days(
    request: CurrentRequest,
    plant_id: Id,
    window: WindowParameter,
    verdict: Annotated[InverterVerdict | None, Query(description="Only days with this verdict.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Every inverter on the local days that start in the span, with its share or the reason why none; 31 days without `from`."""
    after = request.place(cursor)
    with request.session() as session:
        found = local_days(request, session, plant_id, window)
        page = list_inverter_days(
            session.connection,
            plant_id=plant_id,
            timezone=found.timezone,
            days=found.days,
            verdict=verdict,
            after=after,
            limit=limit,
        )
    return request.listing(page, {"plant_id": plant_id, **found.told})
