"""The PDFs of reports that wait, inside Airflow's web server, for whoever may answer."""

from typing import Any

import pytest

pytestmark = pytest.mark.airflow

PDF = b"%PDF-1.7 a report"


class Manager:
    """Knows two users by their cookies; only one of them may see what people are asked about `approve_reports`."""

    async def get_user_from_token(self, token: str) -> str:
        from jwt import InvalidTokenError

        if token not in {"operator", "guest"}:
            raise InvalidTokenError
        return token

    def is_authorized_dag(self, *, method: str, access_entity: Any, details: Any, user: str) -> bool:
        return (method, access_entity.name, details.id, user) == ("GET", "HITL_DETAIL", "approve_reports", "operator")


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Any:
    from airflow.api_fastapi.core_api import security
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from include.core.errors import NeedsHuman, TryLater
    from include.steps import approvals
    from plugins import report_files

    def read(_: object, report_id: int) -> bytes:
        if report_id == 8:
            raise TryLater("the store is away")
        if report_id != 7:
            raise NeedsHuman(f"report {report_id} never waited for approval")
        return PDF

    monkeypatch.setattr(security, "get_auth_manager", Manager)
    monkeypatch.setattr(security.DagModel, "get_team_name", lambda *_, **__: None)
    monkeypatch.setattr(approvals, "read_waiting_pdf", read)
    report_files._app.cache_clear()
    airflow = FastAPI()
    (route,) = report_files.ReportFiles.fastapi_apps
    airflow.mount(route["url_prefix"], route["app"])

    def get(report: object, user: str | None) -> Any:
        with TestClient(airflow, cookies={"_token": user} if user else {}) as client:
            return client.get(f"/heliograph/reports/{report}.pdf")

    yield get
    report_files._app.cache_clear()


def test_who_may_answer_sees_the_pdf_by_the_cookie_of_the_ui(look: Any) -> None:
    answer = look(7, "operator")

    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PDF, "application/pdf")
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("guest", 403), ("forged", 403)])
def test_nobody_else_sees_it(look: Any, user: str | None, status: int) -> None:
    answer = look(7, user)

    assert answer.status_code == status
    assert PDF not in answer.content


@pytest.mark.parametrize(("report", "status"), [(9, 404), (8, 503), ("x", 422), ("-1", 422), (2**31, 422)])
def test_what_is_not_there_says_so(look: Any, report: object, status: int) -> None:
    assert look(report, "operator").status_code == status
