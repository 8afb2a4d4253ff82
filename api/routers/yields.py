"""Yields, availability, money and CO2 of a plant, the ranks of its inverters, and its model."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.history import local_days
from api.models.yields import InverterRanks, PlantModelAnswer, PlantYields
from api.openapi import ANSWERS
from api.parameters import DEFAULT_DAYS, LONGEST_DAYS, Id, WindowParameter, days_that_start
from include.core.span import local_day
from include.warehouse.api_reads import find_plant_zone
from include.warehouse.plant_yields import YieldGrain, rank_inverters, read_plant_model, read_plant_yields

router = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("/{plant_id}/yields", response_model=PlantYields, summary="Yields of a plant")
def yields(
    request: CurrentRequest,
    plant_id: Id,
    grain: Annotated[
        YieldGrain,
        Query(
            description="Local days, ISO weeks, months or years, or billing cycles: from one reading of the meter to the next."
        ),
    ],
    window: WindowParameter,
) -> Response:
    """Yields, ratios, availability, savings and CO2 of the intervals that overlap the span, each as a whole, oldest first."""
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        zone, reach = ZoneInfo(timezone), "month" if grain == "cycle" else grain
        span = window.span(zone, now=request.quarter, default_days=DEFAULT_DAYS[reach], longest_days=LONGEST_DAYS[reach])
        first, end = days_that_start(span, zone)
        data = read_plant_yields(
            session.connection, plant_id=plant_id, grain=grain, first=first, end=end, today=local_day(request.quarter, zone)
        )
    return request.single(data, {"plant_id": plant_id, "grain": grain, "timezone": timezone})


@router.get("/{plant_id}/inverter-ranks", response_model=InverterRanks, summary="Inverters by specific yield")
def inverter_ranks(request: CurrentRequest, plant_id: Id, window: WindowParameter) -> Response:
    """Rated inverters of a plant by energy per rating, over the days of the span on which all of them are complete."""
    with request.session() as session:
        found = local_days(request, session, plant_id, window)
        data = rank_inverters(session.connection, plant_id=plant_id, first=found.days[0], end=found.days[1])
    return request.single(data, {"plant_id": plant_id, **found.told})


@router.get("/{plant_id}/model", response_model=PlantModelAnswer, summary="Model of a plant")
def model(request: CurrentRequest, plant_id: Id) -> Response:
    """What the expected energy is computed from: place, plane and capacity, each with its source; and the degradation."""
    with request.session() as session:
        if find_plant_zone(session.connection, plant_id) is None:
            raise not_found("plant", plant_id)
        data = read_plant_model(session.connection, plant_id)
    return request.single(data or "null")
