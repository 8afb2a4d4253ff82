"""Devices: inverters, meters, loggers, batteries, sensors, equipment."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, Asking
from api.errors import not_found
from api.models import Device, Listing, Single
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, OptionalId
from include.warehouse.api_reads import list_devices, read_device

router = APIRouter(prefix="/devices", tags=["devices"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[Device], summary="Devices")
def devices(
    asked: Asking,
    plant_id: OptionalId = None,
    kind: Annotated[Literal["inverter", "meter", "logger", "battery", "sensor", "equipment"] | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Devices of the tenant by id, of one plant or kind where given."""
    (after,) = asked.place(cursor) or [0]
    with asked.visit() as visit:
        page = list_devices(visit.connection, plant_id=plant_id, kind=kind, after=after, limit=limit)
    return asked.listing(page)


@router.get("/{device_id}", response_model=Single[Device], summary="One device")
def device(asked: Asking, device_id: Id) -> Response:
    """One device."""
    with asked.visit() as visit:
        found = read_device(visit.connection, device_id)
    if found is None:
        raise not_found("device", device_id)
    return asked.single(found)
