"""Lets the button *Test* of the list of connections work for connections without a port, as vendor accounts are.

Airflow's page sends port 0 where none is set, and Airflow 3.3.2 takes it for another port than the one that is kept and answers
"Bad Request". Newer versions read 0 as none; then this plugin may go.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_PATH: Final = "/connections/test"


class WithoutPortZero:
    """ASGI: takes `"port": 0` out of what is to be tested; leaves every other call alone."""

    def __init__(self, app: App) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(_PATH):
            await self._app(scope, receive, send)
            return
        body = _without_port_zero(await _body(receive))
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        parts = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive_again() -> Message:
            return next(parts, None) or await receive()

        await self._app({**scope, "headers": [*headers, (b"content-length", b"%d" % len(body))]}, receive_again, send)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _without_port_zero(body: bytes) -> bytes:
    try:
        asked = json.loads(body)
    except ValueError:
        return body
    if not isinstance(asked, dict) or asked.get("port") != 0:
        return body
    return json.dumps({name: value for name, value in asked.items() if name != "port"}).encode()


class PortlessPlugin(AirflowPlugin):
    """Registers the middleware."""

    name = "heliograph_portless_connections"
    fastapi_root_middlewares = [{"name": "port 0 is no port", "middleware": WithoutPortZero}]  # noqa: RUF012 - as Airflow reads it
