"""What a key may read: each part of the API, by the tag of its routes, belongs to one scope.

A part that is missing here opens to no key.
"""

from typing import Final

from fastapi import Request

SCOPE_OF_TAG: Final = {
    "plants": "plants",
    "devices": "plants",
    "sensors": "sensors",
    "series": "series",
    "customers": "consumption",
    "reports": "reports",
    "analyses": "reports",
    "operation": "operation",
    "health": "operation",
}
NO_SCOPE: Final = ""
"""Scope of what no key may read; no key has it."""


def scope_of(request: Request) -> str:
    """The scope that the route of a request belongs to."""
    tags = getattr(request.scope.get("route"), "tags", ())
    scopes = {SCOPE_OF_TAG.get(str(tag), NO_SCOPE) for tag in tags}
    return scopes.pop() if len(scopes) == 1 else NO_SCOPE
