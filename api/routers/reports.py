"""Reports: their figures and their PDF."""

import hashlib
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response

from api.answer_cache import AnswerBody
from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.envelopes import Listing, Single
from api.models.operation import Report, ReportWithFigures
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, OptionalId
from api.report_store import read_report_file
from api.responses import answer
from include.core.errors import NeedsHuman
from include.warehouse.api_reads import find_report_file, list_reports, read_report

router = APIRouter(prefix="/reports", tags=["reports"], dependencies=PROTECTED, responses=ANSWERS)
_AFTER_ALL: Final = 2**31 - 1
_PDF: Final = "application/pdf"


@router.get("", response_model=Listing[Report], summary="Reports")
def reports(
    request: CurrentRequest,
    plant_id: OptionalId = None,
    kind: Annotated[Literal["day", "month"] | None, Query()] = None,
    language: Annotated[Literal["pt-BR", "en"] | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Reports of the tenant, every revision, newest first."""
    (before,) = request.place(cursor) or [_AFTER_ALL]
    with request.session() as session:
        page = list_reports(session.connection, plant_id=plant_id, kind=kind, language=language, before=before, limit=limit)
    return request.listing(page)


@router.get("/{report_id}", response_model=Single[ReportWithFigures], summary="One report")
def report(request: CurrentRequest, report_id: Id) -> Response:
    """One report with the figures that it shows."""
    with request.session() as session:
        found = read_report(session.connection, report_id)
    if found is None:
        raise not_found("report", report_id)
    return request.single(found)


@router.get(
    "/{report_id}/pdf",
    summary="The PDF of a report",
    response_class=Response,
    responses={200: {"content": {_PDF: {"schema": {"type": "string", "format": "binary"}}}, "description": "The PDF"}},
)
def report_pdf(request: CurrentRequest, report_id: Id) -> Response:
    """The bytes that were sent, checked against their sha256."""
    with request.session() as session:
        found = find_report_file(session.connection, report_id)
    if found is None:
        raise not_found("report", report_id)
    pdf = read_report_file(request.state.settings.report_store, found.uri)
    if hashlib.sha256(pdf).hexdigest() != found.pdf_sha256:
        raise NeedsHuman(f"report file {found.uri!r} is not what was registered; restore it or render report {report_id} again")
    headers = {"Content-Disposition": f'attachment; filename="{found.file_name}"'}
    return answer(request.http, AnswerBody(pdf), media_type=_PDF, headers=headers)
