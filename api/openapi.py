"""The OpenAPI document: one error shape on every route, as problem documents."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE
from api.models.envelopes import ProblemDocument

DESCRIPTION = """Read-only access to the measurements, aggregates and reports of one tenant, the one that the token names.

Times are ISO 8601 with offset; spans are half-open, `from` inclusive and `to` exclusive; a bare date is a local day of the plant.
Null means unknown, never zero. Answers carry a strong `ETag`; send it back as `If-None-Match`. Errors are RFC 9457 problem
documents. New members may be added to any object; documented ones stay. Cursors are opaque.
"""

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ProblemDocument, "description": "Unknown or repeated query parameter, or a cursor of another request"},
    401: {"model": ProblemDocument, "description": "No good token, or its user may no longer come in"},
    403: {"model": ProblemDocument, "description": "The user's role does not allow it"},
    404: {"model": ProblemDocument, "description": "This tenant has no such thing"},
    422: {"model": ProblemDocument, "description": "A parameter's value makes no sense"},
    429: {"model": ProblemDocument, "description": "Too many requests of this user or address; see Retry-After and RateLimit"},
    503: {"model": ProblemDocument, "description": "The warehouse is busy, away, or needs its operator; see Retry-After"},
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged since the ETag that was sent"}}
ANSWERS = {**ERRORS, **NOT_MODIFIED}
"""What every read may answer besides its data."""


def install(app: FastAPI) -> None:
    """Serve an OpenAPI document whose errors have the media type that they are sent with."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            for operations in schema["paths"].values():
                for operation in operations.values():
                    _rename_media_types(operation["responses"])
                    for parameter in operation.get("parameters", ()):
                        parameter["schema"] = _without_null(parameter["schema"])
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _rename_media_types(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status >= "400" and (content := response.get("content")):
            response["content"] = {MEDIA_TYPE: next(iter(content.values()))}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that need not be given is absent, never null: the word would be read as a text."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**kinds[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
