"""The fleet page: static files, read once, under a policy that lets them load nothing but themselves."""

import re
from html import escape
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.errors import not_found
from api.static_files import read_folder, send
from include.core.errors import NeedsHuman
from include.core.settings import Settings

FOLDER: Final = Path(__file__).resolve().parents[1] / "page"
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|'self'")
_AIRFLOW_PLACE: Final = b'name="airflow-url" content=""'


def page_router(settings: Settings) -> APIRouter:
    """Routes of the page, which need no token: it holds no data. Raises `NeedsHuman` for settings that are no addresses."""
    router = APIRouter(include_in_schema=False)
    told = f'name="airflow-url" content="{escape(_airflow_url(settings))}"'.encode()
    files = read_folder(FOLDER, lambda _, body: body.replace(_AIRFLOW_PLACE, told))
    headers = {"content-security-policy": content_policy(settings)}

    @router.get("/")
    async def front() -> Response:
        """Lead to the page."""
        return RedirectResponse("/page/", status_code=307)

    @router.get("/page/{name:path}")
    async def file(request: Request, name: str) -> Response:
        """One file of the page; only names that were found at the start exist."""
        found = files.get(name or "index.html")
        if found is None:
            raise not_found("page", name)
        return send(request, found, headers)

    return router


def content_policy(settings: Settings) -> str:
    """The page's Content-Security-Policy; raises `NeedsHuman` for a frame ancestor that is no origin."""
    ancestors = settings.page_frame_ancestors.split()
    for origin in ancestors:
        if not _ORIGIN.fullmatch(origin):
            raise NeedsHuman(
                f"HELIOGRAPH_PAGE_FRAME_ANCESTORS names {origin!r}, which is no origin; write such as https://airflow.example.org"
            )
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            "frame-ancestors " + (" ".join(ancestors) or "'none'"),
        )
    )


def _airflow_url(settings: Settings) -> str:
    url = settings.airflow_url.rstrip("/")
    if url and not re.fullmatch(r"https?://[^\s\"'<>]+", url):
        raise NeedsHuman(f"HELIOGRAPH_AIRFLOW_URL={url!r} is no address; write such as https://airflow.example.org")
    return url
