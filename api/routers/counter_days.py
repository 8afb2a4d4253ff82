"""Days on which energy counters misbehaved, and what was made of it."""

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.energy import CounterDays
from api.openapi import ANSWERS
from api.parameters import DEFAULT_DAYS, LONGEST_DAYS, Cursor, Id, Limit, WindowParameter, days_that_start
from include.warehouse.api_history import list_counter_days
from include.warehouse.api_reads import find_plant_zone

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/counter-days", response_model=CounterDays, summary="Days on which counters of a plant misbehaved")
def counter_days(
    request: CurrentRequest, plant_id: Id, window: WindowParameter, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Faults of the counters of the plant and its devices on the local days that start in the span; 31 days without `from`."""
    place = request.place(cursor)
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        zone = ZoneInfo(timezone)
        span = window.span(zone, now=request.now, default_days=DEFAULT_DAYS["day"], longest_days=LONGEST_DAYS["day"])
        days = days_that_start(span, zone)
        page = list_counter_days(session.connection, plant_id=plant_id, timezone=timezone, days=days, after=place, limit=limit)
    ends = {"start": span.start.astimezone(zone).isoformat(), "end": span.end.astimezone(zone).isoformat()}
    return request.listing(page, {"plant_id": plant_id, "timezone": timezone, **ends})
