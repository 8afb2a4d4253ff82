"""Every error leaves as `application/problem+json` (RFC 9457), with a sentence that says what to do next."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.answer_headers import REQUEST_ID, SECURITY_HEADERS
from include.core.errors import HeliographError, Refused, TryLater
from include.warehouse.api_session import QueryTooSlow, UserNotAdmitted

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("heliograph.api")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="heliograph"'}
_BAD_TOKEN = {"WWW-Authenticate": 'Bearer realm="heliograph", error="invalid_token"'}


class Problem(Exception):
    """A refusal with its HTTP status, kebab-case kind, and a sentence; `more` are further members of the document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what the answer needs."""
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def not_found(thing: str, key: object) -> Problem:
    """404 for a thing that this tenant does not have, whether or not another has it."""
    return Problem(404, "not-found", f"there is no {thing} {key}; list what there is to find its id")


def unprocessable(parameter: str, detail: str) -> Problem:
    """422 for one parameter whose value makes no sense."""
    return Problem(422, "bad-parameter", detail, more={"errors": [{"parameter": parameter, "detail": detail}]})


def unauthenticated(detail: str, *, had_token: bool) -> Problem:
    """401 with the challenge of RFC 6750."""
    return Problem(401, "not-authenticated", detail, headers=_BAD_TOKEN if had_token else _CHALLENGE)


def too_many_requests(whose: str, wait_s: int) -> Problem:
    """429 until the next window begins."""
    detail = f"too many requests {whose}; the next ones are answered in {wait_s} s"
    return Problem(429, "too-many-requests", detail, headers={"Retry-After": str(wait_s)})


def render(request: Request, problem: Problem) -> Response:
    """The problem document of RFC 9457; `instance` is the path without the query."""
    document = {
        "type": f"urn:heliograph:problem:{problem.kind}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
        **problem.more,
    }
    return Response(
        msgspec.json.encode(document), problem.status, {"Cache-Control": "no-store", **problem.headers}, media_type=MEDIA_TYPE
    )


def register(app: FastAPI) -> None:
    """Give the app its error answers."""

    async def problem(request: Request, error: Problem) -> Response:
        return render(request, error)

    async def http(request: Request, error: HTTPException) -> Response:
        return render(request, _of_http(request, error))

    async def validation(request: Request, error: RequestValidationError) -> Response:
        return render(request, _of_validation(error))

    async def heliograph(request: Request, error: HeliographError) -> Response:
        return render(request, _of_heliograph(error))

    async def unexpected(request: Request, error: Exception) -> Response:
        record = request.scope["state"]["record"]
        _LOG.error("a request failed with %s", type(error).__name__, extra={"told": {"request_id": record.request_id}})
        detail = f"the server failed on this request; it has been logged as {record.request_id}, tell the operator"
        # This answer is sent from outside the frame.
        headers = {**SECURITY_HEADERS, REQUEST_ID: record.request_id}
        return render(request, Problem(500, "internal", detail, headers=headers))

    for kind, answer in (
        (Problem, problem),
        (HTTPException, http),
        (RequestValidationError, validation),
        (HeliographError, heliograph),
        (Exception, unexpected),
    ):
        app.add_exception_handler(kind, answer)  # type: ignore[arg-type]  # Starlette types every handler as taking Exception


def _of_heliograph(error: HeliographError) -> Problem:
    match error:
        case UserNotAdmitted():
            return unauthenticated(str(error), had_token=True)
        case QueryTooSlow():
            return Problem(503, "too-slow", str(error))
        case Refused():
            return Problem(422, "refused", str(error))
        case TryLater():
            return Problem(503, "try-later", str(error), headers={"Retry-After": str(max(1, round(error.after_s or 5)))})
        case _:
            _LOG.error("%s: %s", type(error).__name__, error)
            return Problem(503, "out-of-order", "the API cannot serve until its operator acts; its log says what is wrong")


def _of_http(request: Request, error: HTTPException) -> Problem:
    details = {
        404: f"there is nothing at {request.url.path[:200]}; the paths are in /api/v1/openapi.json",
        405: f"{request.method} is not allowed here; the API only reads, with GET or HEAD",
    }
    detail = details.get(error.status_code, str(error.detail))
    headers = dict(error.headers or {})
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"
    kind = "content-too-large" if error.status_code == 413 else HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return Problem(error.status_code, kind, detail, headers=headers)


def _of_validation(error: RequestValidationError) -> Problem:
    faults = [{"parameter": ".".join(str(part) for part in fault["loc"][1:]), "detail": fault["msg"]} for fault in error.errors()]
    sentence = "; ".join(f"{fault['parameter']}: {fault['detail']}" for fault in faults[:5])
    return Problem(422, "bad-parameter", sentence or "the request cannot be read", more={"errors": faults})
