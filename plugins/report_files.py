"""Shows the PDFs of reports that wait for approval to those who may answer, inside Airflow: `/heliograph/reports/<id>.pdf`.

Whoever is logged in to Airflow's UI is known there by its cookie, so that a link in a question needs no secret.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Annotated, Any, Final

from airflow.plugins_manager import AirflowPlugin

from include.core.settings import Settings

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

PREFIX: Final = "/heliograph"


async def reports(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    """ASGI: only the web server answers requests, so only there the application is made."""
    await _app()(scope, receive, send)


@cache
def _app() -> App:
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI, HTTPException, Path, Response

    from include.core.errors import HeliographError, NeedsHuman
    from include.steps.approvals import read_waiting_pdf

    app = FastAPI(title="Reports that wait for approval", docs_url=None, redoc_url=None, openapi_url=None)
    may_answer = Depends(requires_access_dag("GET", DagAccessEntity.HITL_DETAIL, "approve_reports"))

    @app.get("/reports/{report_id}.pdf", dependencies=[may_answer])
    def report(report_id: Annotated[int, Path(ge=1, lt=2**31)]) -> Response:
        try:
            pdf = read_waiting_pdf(Settings.from_environment(), report_id)
        except NeedsHuman as error:
            raise HTTPException(404, str(error)) from error
        except HeliographError as error:
            raise HTTPException(503, str(error)) from error
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'inline; filename="report-{report_id}.pdf"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(pdf, media_type="application/pdf", headers=headers)

    return app


class ReportFiles(AirflowPlugin):
    """Registers the route."""

    name = "heliograph_report_files"
    fastapi_apps = [{"name": "reports that wait for approval", "app": reports, "url_prefix": PREFIX}]  # noqa: RUF012 - as Airflow reads it
