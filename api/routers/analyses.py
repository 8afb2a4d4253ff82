"""Kept answers to questions on demand."""

from typing import Final

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.analyses import Analysis, AnalysisWithAnswer
from api.models.envelopes import Listing, Single
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, Text
from include.warehouse.analyses import list_analyses, read_analysis

router = APIRouter(prefix="/analyses", tags=["analyses"], dependencies=PROTECTED, responses=ANSWERS)

_BEFORE_ALL: Final = 2**31 - 1


@router.get("", response_model=Listing[Analysis], summary="Kept answers")
def analyses(request: CurrentRequest, question: Text = None, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Answers to questions on demand without their content, newest first; of one question where given."""
    (before,) = request.place(cursor) or [_BEFORE_ALL]
    with request.session() as session:
        page = list_analyses(session.connection, question=question, before=before, limit=limit)
    return request.listing(page)


@router.get("/{analysis_id}", response_model=Single[AnalysisWithAnswer], summary="One kept answer")
def analysis(request: CurrentRequest, analysis_id: Id) -> Response:
    """One answer with its parameters, when it was computed and from which data."""
    with request.session() as session:
        found = read_analysis(session.connection, analysis_id)
    if found is None:
        raise not_found("analysis", analysis_id)
    return request.single(found)
