"""The OpenAPI document of this version, made once: it takes a second."""

import json
from functools import cache
from typing import Any

from api.openapi_file import openapi_text


def openapi_document() -> dict[str, Any]:
    """A document that the caller may change."""
    return json.loads(_text())


@cache
def _text() -> str:
    return openapi_text()
