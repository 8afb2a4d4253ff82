"""The OpenAPI document: one error shape on every route, as problem documents."""

import json
import re
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.errors import MEDIA_TYPE
from api.models.choices import NAMES
from api.models.envelopes import Listing, ProblemDocument
from api.models.members import FILTERS, described
from api.output_formats import DECIMAL_SIGNS, FORMATS, MEDIA_TYPES
from api.tables import Table, table_of

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

_FORMAT: Final = "Form of the answer, before what `Accept` says: the envelope, or its rows alone."
_FIELDS: Final = "Columns, in this order, of csv, jsonl or parquet; all of them without it."
_DECIMAL: Final = "Decimal sign of numbers in csv; with `comma` fields are parted by semicolons, for sheets of such a locale."
_OPTIONAL: Final = {"in": "query", "required": False}
_TABLES: Final[dict[str, Any]] = {
    MEDIA_TYPES["csv"]: {"schema": {"type": "string"}},
    MEDIA_TYPES["jsonl"]: {"schema": {"type": "string"}},
    MEDIA_TYPES["parquet"]: {"schema": {"type": "string", "format": "binary"}},
}


def operation_id(route: APIRoute) -> str:
    """`list_plants`, `read_plant_energy`: what is done and to what, by which generated clients call."""
    if "GET" not in route.methods:
        return route.name
    words: list[str] = []
    for segment in route.path.removeprefix("/api/v1/").split("/"):
        if segment.startswith("{"):
            words[-1] = segment[1:-1].removesuffix("_id")
        else:
            words.append(segment.replace("-", "_"))
    is_list = isinstance(route.response_model, type) and issubclass(route.response_model, Listing)
    return "_".join(["list" if is_list else "read", *words])


def install(app: FastAPI) -> None:
    """Serve an OpenAPI document that a client can be generated from: see the functions below."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            for operations in schema["paths"].values():
                for operation in operations.values():
                    _rename_media_types(operation["responses"])
                    for parameter in operation.get("parameters", ()):
                        parameter["schema"] = _without_null(parameter["schema"])
                        parameter.setdefault("description", FILTERS.get(parameter["name"], ""))
            for route in app.routes:
                if isinstance(route, APIRoute) and (table := table_of(route.response_model)):
                    _add_formats(schema["paths"][route.path]["get"], table)
            _describe_members(schema["components"]["schemas"])
            _name_choices(schema)
            app.openapi_schema = _with_plain_names(schema)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _describe_members(schemas: dict[str, Any]) -> None:
    """Every member says what it means, and its unit."""
    for schema in schemas.values():
        for name, member in schema.get("properties", {}).items():
            described(name, member)


def _with_plain_names(document: dict[str, Any]) -> dict[str, Any]:
    """`PlantPage` and `SinglePlant` instead of `Listing_Plant_` and `Single_Plant_`."""
    text = re.sub(r"\bListing[_[](\w+?)[_\]](?!\w)", r"\1Page", json.dumps(document))
    renamed: dict[str, Any] = json.loads(re.sub(r"\bSingle[_[](\w+?)[_\]](?!\w)", r"Single\1", text))
    return renamed


def _name_choices(document: dict[str, Any]) -> None:
    """A set of words to choose from is a schema of its own, so that clients have one type for it."""
    named: dict[str, Any] = {}

    def refer(node: Any) -> None:  # noqa: ANN401 - what JSON may be
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            refer(child)
        if isinstance(node, dict) and isinstance(node.get("enum"), list) and (name := NAMES.get(frozenset(node["enum"]))):
            named.setdefault(name, {"type": "string", "enum": node.pop("enum"), "title": name})
            for member in ("enum", "type", "title"):
                node.pop(member, None)
            node["$ref"] = f"#/components/schemas/{name}"

    refer(document)
    document["components"]["schemas"] |= named


def _add_formats(operation: dict[str, Any], table: Table) -> None:
    """Say in which forms a list is answered, and which columns its table has."""
    names = [column.name for column in table.columns]
    operation.setdefault("parameters", []).extend(
        [
            {"name": "format", "description": _FORMAT, "schema": {"type": "string", "enum": list(FORMATS)}} | _OPTIONAL,
            {"name": "decimal", "description": _DECIMAL, "schema": {"type": "string", "enum": list(DECIMAL_SIGNS)}} | _OPTIONAL,
            {
                "name": "fields",
                "description": _FIELDS,
                "schema": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": names}},
                "style": "form",
                "explode": False,
            }
            | _OPTIONAL,
        ]
    )
    operation["responses"]["200"]["content"] |= _TABLES


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
