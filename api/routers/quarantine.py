"""Quarantined rows, for admins."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.models.envelopes import Listing
from api.models.operation import QuarantinedRow
from api.openapi import ANSWERS
from api.parameters import Cursor, Limit, OptionalId, Text
from include.warehouse.api_reads import list_quarantine

router = APIRouter(prefix="/quarantine", tags=["operation"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[QuarantinedRow], summary="Quarantined rows")
def quarantine(
    request: CurrentRequest, document_id: OptionalId = None, rule: Text = None, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Rows that broke rules, with the original record, of one document or rule where given. Admins only."""
    document, row, quantity = request.place(cursor) or [0, 0, ""]
    with request.session(admins_only=True) as session:
        page = list_quarantine(
            session.connection, document_id=document_id, rule=rule, after=(document, row, quantity), limit=limit
        )
    return request.listing(page)
