"""What surrounds every answer: its id and log line, limits of what is sent and how often, headers, and HEAD."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answer_headers import REQUEST_ID, SECURITY_HEADERS
from api.errors import Problem, render, too_many_requests
from api.logs import LONGEST_PATH
from api.request_counts import RequestCounts
from api.request_limits import RequestLimits
from api.request_state import RequestState

LARGEST_BODY: Final = 16_384
"""Bytes; the only body that the API reads is a log-in form."""
UNCOUNTED: Final = frozenset({"/api/v1/health/live", "/api/v1/health/ready"})
"""Paths without limits: who watches over the API must get an answer."""

_REQUEST_ID: Final = REQUEST_ID.encode()
_RAW_HEADERS: Final = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
_LOG: Final = logging.getLogger("heliograph.api.access")


class FrameMiddleware:
    """Pure ASGI middleware; costs some ten microseconds."""

    def __init__(
        self, app: ASGIApp, limits: RequestLimits, clock: Callable[[], datetime], metrics: RequestCounts | None = None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._limits = limits
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        record = RequestState(scope)
        scope.setdefault("state", {})["record"] = record
        try:
            await self._answer(scope, receive, send, record)
        finally:
            # After the answer: what the loop has still to send goes first.
            asyncio.get_running_loop().call_soon(self._tell, scope, record, time.perf_counter() - began_s)

    def _tell(self, scope: Scope, record: RequestState, took_s: float) -> None:
        _LOG.info("request", extra={"told": _told(scope, record, took_s)})
        if self._metrics is not None:
            self._metrics.observe(scope["method"], scope["path"], record.status, took_s)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, record: RequestState) -> None:
        is_head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if is_head else scope
        framed = self._framed(send, record, is_head=is_head)
        refusal = self._refusal(scope, record)
        if refusal is not None:
            await render(Request(inner), refusal)(inner, receive, framed)
            return
        await self._app(inner, _limited(receive), framed)

    def _refusal(self, scope: Scope, record: RequestState) -> Problem | None:
        if scope["path"] not in UNCOUNTED:
            quota = self._limits.count("address", record.address, self._clock().timestamp())
            if quota is not None:
                record.quotas.append(quota)
                if quota.is_spent:
                    return too_many_requests("from this address", quota.reset_s)
        length = record.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > LARGEST_BODY:
            return Problem(413, "content-too-large", _too_large())
        return None

    def _framed(self, send: Send, record: RequestState, *, is_head: bool) -> Send:
        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                own = list(message.get("headers", ()))
                headers = [*own, *_missing(own), (_REQUEST_ID, record.request_id.encode())]
                if record.quotas:
                    headers += self._limits.headers(record.quotas)
                message["headers"] = headers
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        return framed


def _missing(own: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of every answer, but those that the answer has of its own: the page has a policy for pages."""
    names = {name for name, _ in own}
    return [pair for pair in _RAW_HEADERS if pair[0] not in names]


def _limited(receive: Receive) -> Receive:
    body_bytes = 0

    async def limited() -> Message:
        nonlocal body_bytes
        message = await receive()
        body_bytes += len(message.get("body", b""))
        if body_bytes > LARGEST_BODY:
            # The rest is not read.
            raise HTTPException(413, _too_large())
        return message

    return limited


def _too_large() -> str:
    return f"the body is larger than {LARGEST_BODY} bytes; send nothing but the log-in form"


def _told(scope: Scope, record: RequestState, took_s: float) -> dict[str, Any]:
    return {
        "request_id": record.request_id,
        "method": scope["method"],
        "path": scope["path"][:LONGEST_PATH],
        "status": record.status,
        "took_ms": round(took_s * 1000, 2),
        "address": record.address,
        "user_id": record.user_id,
    }
