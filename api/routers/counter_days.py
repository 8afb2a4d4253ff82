"""Days on which energy counters misbehaved, and what was made of it."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.history import local_days
from api.models.energy import CounterDays
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, WindowParameter
from include.warehouse.api_history import list_counter_days

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/counter-days", response_model=CounterDays, summary="Days on which counters of a plant misbehaved")
def counter_days(
    request: CurrentRequest, plant_id: Id, window: WindowParameter, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Faults of the counters of the plant and its devices on the local days that start in the span; 31 days without `from`."""
    after = request.place(cursor)
    with request.session() as session:
        found = local_days(request, session, plant_id, window)
        page = list_counter_days(
            session.connection, plant_id=plant_id, timezone=found.timezone, days=found.days, after=after, limit=limit
        )
    return request.listing(page, {"plant_id": plant_id, **found.told})
