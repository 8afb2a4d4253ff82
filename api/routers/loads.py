"""What was loaded, load by load and by run of Airflow, for admins."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.models.envelopes import Listing, Single
from api.models.operation import Load, RunOfLoads
from api.openapi import ANSWERS
from api.parameters import AFTER_ALL, Cursor, Limit, OptionalDocumentId, OptionalRunId, RunId
from include.warehouse.api_reads import list_loads, read_run

router = APIRouter(prefix="/loads", tags=["operation"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[Load], summary="Loads of documents")
def loads(
    request: CurrentRequest,
    run_id: OptionalRunId = None,
    document_id: OptionalDocumentId = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """What each load did, newest first, of one run or document where given. Admins only."""
    (before,) = request.place(cursor) or [AFTER_ALL]
    with request.session(admins_only=True) as session:
        page = list_loads(session.connection, run_id=run_id, document_id=document_id, before=before, limit=limit)
    return request.listing(page)


@router.get("/summary", response_model=Single[RunOfLoads], summary="What a run loaded")
def run_of_loads(request: CurrentRequest, run_id: RunId) -> Response:
    """What all loads of one run of Airflow did together: documents, rows, reasons and plants of this tenant. Admins only.

    Runs of different DAGs may have the same id, as those that are scheduled for the same minute do.
    """
    with request.session(admins_only=True) as session:
        found = read_run(session.connection, run_id)
    return request.single(found)
