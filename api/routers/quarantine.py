"""Quarantined rows: with the original record for admins, counted by plant for all."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.envelopes import Listing
from api.models.operation import PlantQuarantine, QuarantinedRow
from api.openapi import ANSWERS
from api.parameters import AFTER_ALL, Cursor, Id, Limit, OptionalDocumentId, Text
from include.warehouse.api_reads import find_plant_zone, list_plant_quarantine, list_quarantine

plants = APIRouter(prefix="/plants", tags=["plants"], dependencies=PROTECTED, responses=ANSWERS)
router = APIRouter(prefix="/quarantine", tags=["operation"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[QuarantinedRow], summary="Quarantined rows")
def quarantine(
    request: CurrentRequest, document_id: OptionalDocumentId = None, rule: Text = None, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Rows that broke rules, with the original record, of the newest documents first; of one document or rule where given.

    Admins only.
    """
    document, row, quantity = request.place(cursor) or [AFTER_ALL, 0, ""]
    with request.session(admins_only=True) as session:
        page = list_quarantine(
            session.connection, document_id=document_id, rule=rule, after=(document, row, quantity), limit=limit
        )
    return request.listing(page)


@plants.get("/{plant_id}/quarantine", response_model=PlantQuarantine, summary="What of a plant is set aside")
def plant_quarantine(request: CurrentRequest, plant_id: Id, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Quarantined rows of the plant and its devices, counted by document, device and rule, of the newest documents first.

    Rows of devices that are not registered are of no plant.
    """
    document, device, rule = request.place(cursor) or [AFTER_ALL, 0, ""]
    with request.session() as session:
        timezone = find_plant_zone(session.connection, plant_id)
        if timezone is None:
            raise not_found("plant", plant_id)
        page = list_plant_quarantine(session.connection, plant_id=plant_id, before=(document, device, rule), limit=limit)
    return request.listing(page, {"plant_id": plant_id, "timezone": timezone})
