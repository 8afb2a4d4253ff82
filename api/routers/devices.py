"""Devices: inverters, meters, loggers, batteries, sensors, equipment."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.choices import DeviceKind
from api.models.envelopes import Listing, Single
from api.models.fleet import Device
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, OptionalId
from include.warehouse.api_reads import list_devices, read_device

router = APIRouter(prefix="/devices", tags=["devices"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[Device], summary="Devices")
def devices(
    request: CurrentRequest,
    plant_id: OptionalId = None,
    kind: Annotated[DeviceKind | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Devices of the tenant by id, of one plant or kind where given."""
    (after,) = request.place(cursor) or [0]
    with request.session() as session:
        page = list_devices(session.connection, plant_id=plant_id, kind=kind, after=after, limit=limit)
    return request.listing(page)


@router.get("/{device_id}", response_model=Single[Device], summary="One device")
def device(request: CurrentRequest, device_id: Id) -> Response:
    """One device."""
    with request.session() as session:
        found = read_device(session.connection, device_id)
    if found is None:
        raise not_found("device", device_id)
    return request.single(found)
