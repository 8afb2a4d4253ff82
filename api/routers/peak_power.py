"""The greatest power of a plant, at one instant, and what its inverters reached each by itself."""

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.history import history_head
from api.models.history import PeakPower
from api.openapi import ANSWERS
from api.parameters import LONGEST_PEAK_DAYS, Id, WindowParameter
from include.core.span import Span, day_span, local_day
from include.warehouse.api_history import count_inverters, read_peak_power
from include.warehouse.api_reads import find_plant_zone

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)

_MOMENT: Final = timedelta(microseconds=1)


@router.get("/{plant_id}/peak-power", response_model=PeakPower, summary="Simultaneous peak power of a plant")
def peak_power(request: CurrentRequest, plant_id: Id, window: WindowParameter) -> Response:
    """Peak power of every local day that overlaps the span, and of all of them; at most 31 days, and so many without `from`."""
    with request.session() as session:
        if known := request.cached(session):
            return known
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        zone = ZoneInfo(timezone)
        asked = window.span(zone, now=request.quarter, default_days=LONGEST_PEAK_DAYS, longest_days=LONGEST_PEAK_DAYS)
        span = _whole_days(asked, zone)
        data = read_peak_power(
            session.connection, plant_id=plant_id, timezone=timezone, span=span, settled_until=request.settled_edge
        )
        count = count_inverters(session.connection, plant_id=plant_id, timezone=timezone, span=span)
        head = {"plant_id": plant_id, "inverter_count": count}
        told = history_head(request, quantity="ac_power_kw", timezone=timezone, span=span)
        return request.answer_and_cache(session, data, head | told)


def _whole_days(span: Span, zone: ZoneInfo) -> Span:
    """The local days that a span touches, from the beginning of the first to the end of the last."""
    first, last = local_day(span.start, zone), local_day(span.end - _MOMENT, zone)
    return Span(day_span(first, zone).start, day_span(last, zone).end)
