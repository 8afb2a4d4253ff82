"""What Prometheus reads of the API, with a token of its own."""

import hmac
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from api.errors import Problem
from api.request_counts import RequestCounts
from include.core.errors import NeedsHuman

SHORTEST_TOKEN: Final = 16
"""Characters."""


def metrics_router(metrics: RequestCounts, token: str) -> APIRouter:
    """The route `/metrics`. Raises `NeedsHuman` for a token that could be guessed."""
    if len(token) < SHORTEST_TOKEN:
        raise NeedsHuman(
            f"HELIOGRAPH_METRICS_TOKEN has {len(token)} characters; "
            f"give it {SHORTEST_TOKEN} random ones or more, or none for no /metrics"
        )
    router = APIRouter(include_in_schema=False)
    wanted = f"Bearer {token}".encode()

    @router.get("/metrics")
    def read(request: Request) -> Response:
        """Requests of this API; no tenant, user or address is in them."""
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted):
            raise Problem(
                401,
                "not-authenticated",
                "send the token of HELIOGRAPH_METRICS_TOKEN as Authorization: Bearer",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"cache-control": "no-store"})

    return router
