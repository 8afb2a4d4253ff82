"""What surrounds every answer: security headers, and a limit on what is sent to us."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY: Final = 16_384
"""Bytes; the only body that the API reads is a log-in form."""

SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}
_RAW_HEADERS: Final = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


class SecurityMiddleware:
    """Pure ASGI middleware; costs microseconds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body_bytes = 0

        async def limited() -> Message:
            nonlocal body_bytes
            message = await receive()
            body_bytes += len(message.get("body", b""))
            if body_bytes > LARGEST_BODY:
                # The rest is not read; what was read is not a form, so the log-in answers 422.
                return {"type": "http.request", "body": b"", "more_body": False}
            return message

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_RAW_HEADERS]
            await send(message)

        await self._app(scope, limited, framed)
