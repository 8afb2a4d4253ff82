"""The API's interactive documentation: Swagger UI at `/docs`, Redoc at `/redoc`, from files of our own."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from api.errors import not_found
from api.static_files import read_folder, send

_STYLES: Final = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
"""Redoc writes two `<style>` elements: an empty one, which it fills by rules, and one of a constant text."""


_REDOC_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"


def _without_foreign_logo(_: str, body: bytes) -> bytes:
    """Redoc asks a host of its makers for a logo, and leaves it out where it is no image."""
    return body.replace(_REDOC_LOGO, b"data:,")


def _policy(styles: str = "") -> str:
    # Both bundles set HTML that they made of Markdown and cleaned, so no trusted types are required.
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' {styles}".rstrip(),
            # Icons stand in Swagger UI's style sheet.
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def reference_router() -> APIRouter:
    """Routes of both pages, which need no token: what they show is in the repository."""
    router = APIRouter(include_in_schema=False)
    files = read_folder(Path(__file__).resolve().parents[1] / "reference", _without_foreign_logo)
    headers = {"content-security-policy": _policy()}

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        """Every route, to be tried with a token or a key."""
        return send(request, files["docs.html"], headers)

    @router.get("/redoc")
    async def redoc(request: Request) -> Response:
        """The same document, to be read."""
        return send(request, files["redoc.html"], {"content-security-policy": _policy(_STYLES)})

    @router.get("/reference/{name:path}")
    async def file(request: Request, name: str) -> Response:
        """One file of them; only names that were found at the start exist."""
        found = files.get(name)
        if found is None:
            raise not_found("file", name)
        return send(request, found, headers)

    return router
