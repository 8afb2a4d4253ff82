"""Reports: their figures, their PDF and their tables."""

import hashlib
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response

from api.answer_body import AnswerBody
from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.choices import Language, ReportKind, ReportSubject
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
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP: Final = "application/zip"


@router.get("", response_model=Listing[Report], summary="Reports")
def reports(  # noqa: PLR0913 - filters of a list
    request: CurrentRequest,
    plant_id: OptionalId = None,
    about: Annotated[ReportSubject | None, Query()] = None,
    kind: Annotated[ReportKind | None, Query()] = None,
    language: Annotated[Language | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Reports of the tenant, every revision, newest first."""
    (before,) = request.place(cursor) or [_AFTER_ALL]
    with request.session() as session:
        page = list_reports(
            session.connection, plant_id=plant_id, about=about, kind=kind, language=language, before=before, limit=limit
        )
    return request.listing(page)


@router.get("/{report_id}", response_model=Single[ReportWithFigures], summary="One report")
def report(request: CurrentRequest, report_id: Id) -> Response:
    """One report with the figures that it shows."""
    with request.session() as session:
        found = read_report(session.connection, report_id)
    if found is None:
        raise not_found("report", report_id)
    return request.single(found)


def _file(media_type: str, what: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}, "description": what}}


@router.get("/{report_id}/pdf", summary="The PDF of a report", response_class=Response, responses=_file(_PDF, "The PDF"))
def report_pdf(request: CurrentRequest, report_id: Id) -> Response:
    """The bytes that were sent, checked against their sha256."""
    return _read(request, report_id, ".pdf", _PDF)


@router.get(
    "/{report_id}/xlsx",
    summary="The workbook of a report",
    response_class=Response,
    responses=_file(_XLSX, "One sheet per table"),
)
def report_xlsx(request: CurrentRequest, report_id: Id) -> Response:
    """The tables of the report with its figures as they were when it was issued."""
    return _read(request, report_id, ".xlsx", _XLSX)


@router.get(
    "/{report_id}/csv",
    summary="The tables of a report as CSV",
    response_class=Response,
    responses=_file(_ZIP, "One file per table"),
)
def report_csv(request: CurrentRequest, report_id: Id) -> Response:
    """A ZIP archive of CSV files: UTF-8, commas, decimal points; text that could be a formula begins with an apostrophe."""
    return _read(request, report_id, ".csv.zip", _ZIP)


def _read(request: CurrentRequest, report_id: int, suffix: Literal[".pdf", ".xlsx", ".csv.zip"], media_type: str) -> Response:
    with request.session() as session:
        found = find_report_file(session.connection, report_id, suffix)
    if found is None:
        raise not_found("report" if suffix == ".pdf" else f"report with a file {suffix}", report_id)
    content = read_report_file(request.state.settings.report_store, found.uri)
    if hashlib.sha256(content).hexdigest() != found.sha256:
        raise NeedsHuman(f"report file {found.uri!r} is not what was registered; restore it or render report {report_id} again")
    headers = {"Content-Disposition": f'attachment; filename="{found.file_name}"'}
    return answer(request.http.scope, AnswerBody(content, headers, media_type=media_type))
