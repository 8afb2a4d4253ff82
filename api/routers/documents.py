"""The manifest of delivered documents, for admins."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.choices import DocumentState
from api.models.envelopes import Listing, Single
from api.models.operation import Document
from api.openapi import ANSWERS
from api.parameters import AFTER_ALL, Cursor, DocumentId, Limit, OptionalRunId, Text
from include.warehouse.api_reads import list_documents, read_document

router = APIRouter(prefix="/documents", tags=["operation"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[Document], summary="Documents")
def documents(
    request: CurrentRequest,
    feed: Text = None,
    state: Annotated[DocumentState | None, Query()] = None,
    run_id: OptionalRunId = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Delivered documents with the counts of their newest load, newest first. Admins only."""
    (before,) = request.place(cursor) or [AFTER_ALL]
    with request.session(admins_only=True) as session:
        page = list_documents(session.connection, feed=feed, state=state, run_id=run_id, before=before, limit=limit)
    return request.listing(page)


@router.get("/{document_id}", response_model=Single[Document], summary="One document")
def document(request: CurrentRequest, document_id: DocumentId) -> Response:
    """One delivered document. Admins only."""
    with request.session(admins_only=True) as session:
        found = read_document(session.connection, document_id)
    if found is None:
        raise not_found("document", document_id)
    return request.single(found)
