"""Devices and their sensors: statistics of the last hours and days, and who still speaks."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.choices import DeviceKind, StatisticsPeriod
from api.models.sensors import DevicesFreshness, DeviceStatistics
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, OptionalId
from include.core.span import Span, day_span, local_day
from include.warehouse.api_sensors import find_device_zone, list_device_freshness, read_device_statistics

router = APIRouter(tags=["sensors"], dependencies=PROTECTED, responses=ANSWERS)

_DAYS: Final = {"7d": 7, "30d": 30, "1y": 365}

Period = Annotated[StatisticsPeriod, Query(description="24 whole hours until now, or whole local days that end with yesterday.")]
Kind = Annotated[DeviceKind | None, Query()]


@router.get("/devices/{device_id}/statistics", response_model=DeviceStatistics, summary="Statistics of a device")
def statistics(request: CurrentRequest, device_id: Id, period: Period = "7d") -> Response:
    """Mean, minimum, maximum, deviation and activity of every series of a device and of the sensors below it."""
    with request.session() as session:
        timezone = find_device_zone(session.connection, device_id)
        if timezone is None:
            raise not_found("device", device_id)
        zone = ZoneInfo(timezone)
        span = _span(period, zone, request.quarter)
        grain: Literal["hour", "day"] = "hour" if period == "24h" else "day"
        found = read_device_statistics(session.connection, device_id=device_id, grain=grain, span=span)
    ends = {"start": span.start.astimezone(zone).isoformat(), "end": span.end.astimezone(zone).isoformat()}
    return request.single(found, {"device_id": device_id, "period": period, "timezone": timezone, **ends})


@router.get("/health/devices", response_model=DevicesFreshness, summary="Who still speaks")
def freshness(
    request: CurrentRequest, plant_id: OptionalId = None, kind: Kind = None, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Devices with their last reading or state: online where it is fresh, else offline (also where it never spoke) or retired."""
    (after,) = request.place(cursor) or [0]
    offline_after_s = request.state.settings.offline_after_s
    fresh_from = request.now - timedelta(seconds=offline_after_s)
    with request.session() as session:
        page = list_device_freshness(
            session.connection, plant_id=plant_id, kind=kind, fresh_from=fresh_from, after=after, limit=limit
        )
    return request.listing(page, {"as_of": request.now.isoformat(), "offline_after_s": offline_after_s})


def _span(period: str, zone: ZoneInfo, now: datetime) -> Span:
    if period == "24h":
        end = now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        return Span(end - timedelta(hours=24), end)
    today = local_day(now, zone)
    return day_span(today - timedelta(days=_DAYS[period]), zone, _DAYS[period])
