"""Performance: what plants made, against their targets."""

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.choices import PerformanceWindowName
from api.models.energy import FleetPerformance, Performance
from api.openapi import ANSWERS
from api.parameters import DAY_SCHEMA, Cursor, Id, Limit, day_of
from include.core.span import local_day
from include.warehouse.api_reads import ListPage, find_plant_zone, list_plants
from include.warehouse.performance import PerformanceWindow, calendar_windows, day_windows, read_windows

router = APIRouter(tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)

AsOf = Annotated[
    str | None,
    Query(
        max_length=10,
        description="Local day of the plant (2026-11-21); the last complete day without it.",
        json_schema_extra=DAY_SCHEMA,
    ),
]


@router.get("/plants/{plant_id}/performance", response_model=Performance, summary="Performance of a plant")
def performance(request: CurrentRequest, plant_id: Id, as_of: AsOf = None) -> Response:
    """Energy against the target over the 1, 7 and 30 local days that end with `as_of`, inclusive, and by month and year."""
    day = None if as_of is None else day_of("as_of", as_of)
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        day = day or local_day(request.quarter, ZoneInfo(timezone)) - timedelta(days=1)
        days, calendar = day_windows(plant_id, day), calendar_windows(plant_id, day)
        found = read_windows(session.connection, [*days, *calendar])
    head = {"as_of": day.isoformat(), "calendar": msgspec.to_builtins(found[len(days) :])}
    return request.single(msgspec.json.encode(found[: len(days)]).decode(), head)


@router.get("/performance", response_model=FleetPerformance, summary="Performance of all plants")
def fleet_performance(
    request: CurrentRequest,
    window: Annotated[PerformanceWindowName, Query(description="Until the last finished local day of each plant.")] = "30_days",
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Energy of every plant against its target in one window; a plant without a target is listed and says so."""
    day = None if as_of is None else day_of("as_of", as_of)
    (after,) = request.place(cursor) or [0]
    with request.session() as session:
        page = list_plants(session.connection, after=after, limit=limit)
        plants = msgspec.json.decode(page.data)
        windows = [
            _window(each["plant_id"], window, day or local_day(request.quarter, ZoneInfo(each["timezone"])) - timedelta(days=1))
            for each in plants
        ]
        found = read_windows(session.connection, windows)
    rows = [
        {"plant_id": plant["plant_id"], "name": plant["name"], "performance": row}
        for plant, row in zip(plants, found, strict=True)
    ]
    return request.listing(ListPage(msgspec.json.encode(rows).decode(), page.next_key), {"window": window})


def _window(plant_id: int, name: str, as_of: date) -> PerformanceWindow:
    return next(each for each in day_windows(plant_id, as_of) + calendar_windows(plant_id, as_of) if each.name == name)
