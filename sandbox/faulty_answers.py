"""Faults between the routers and the client. The routers always answer right.

`FaultyAnswers` answers instead of a router, changes the call on its way in, bends the answer on its way out (`sandbox.bending`),
or delivers it badly. A fault that finds nothing to bend in an answer is not counted as a hit.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sandbox.answer_shapes import BARE
from sandbox.calls import PREFIXES, Call, read_call, written_call
from sandbox.fault_replies import Reply
from sandbox.faults import Fault, Faults

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HANG_S = 120.0
SLOW_S = 10.0


class FaultyAnswers:
    """ASGI: lets calls of the vendors' paths go wrong as the faults say; leaves all other paths alone."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        vendor = next((vendor for vendor, prefixes in PREFIXES.items() if scope.get("path", "").startswith(prefixes)), None)
        if scope["type"] != "http" or vendor is None or not self._faults.are_on():
            await self._app(scope, receive, send)
            return
        raw = await _body(receive)
        asked = read_call(vendor, scope["path"], scope.get("query_string", b""), raw)
        call = Call(vendor, *asked, self._faults.sunshine, self._faults.now())
        faults = self._faults.of(call)
        reply = next((reply for fault in faults if (reply := _instead(fault, call))), None)
        if reply is None:
            reply = await self._bent(scope, call, raw, faults)
        seconds = next((fault.seconds for fault in faults if fault.seconds is not None), None)
        await _deliver(reply, send, seconds)

    async def _bent(self, scope: Scope, call: Call, raw: bytes, faults: list[Fault]) -> Reply:
        """The router's answer, after what the faults did to the call and to it."""
        for fault in faults:
            if fault.kind.on_call:
                fault.kind.on_call(call)
                fault.hit()
                query, raw = written_call(call)
                scope = {**scope, "query_string": query}
        reply = await self._asked(scope, raw)
        answer = _object(reply.body)
        for fault in [fault for fault in faults if fault.kind.on_answer and answer]:
            before = json.dumps(answer)
            fault.bend(call, answer)
            # Bent in vain is not a hit: the fault waits for an answer that has what it bends.
            if json.dumps(answer) != before:
                fault.hit()
                body = answer.get(BARE, answer)
                reply = Reply(reply.status, reply.headers, json.dumps(body, ensure_ascii=False).encode())
        for fault in faults:
            if fault.kind.on_reply:
                fault.hit()
                reply = fault.kind.on_reply(reply)
        return reply

    async def _asked(self, scope: Scope, raw: bytes) -> Reply:
        """The router's own answer to a call with this body."""
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        asked = {**scope, "headers": [*headers, (b"content-length", str(len(raw)).encode())]}
        kept: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            kept.append(message)

        await self._app(asked, receive, send)
        named = {name.decode(): value.decode() for name, value in kept[0]["headers"] if name != b"content-length"}
        return Reply(kept[0]["status"], named, b"".join(message.get("body", b"") for message in kept[1:]))


def _object(body: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(body)
        return {BARE: found} if isinstance(found, list) else found if isinstance(found, dict) else {}
    return {}


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _instead(fault: Fault, call: Call) -> Reply | None:
    reply = fault.kind.instead(call, fault.hits) if fault.kind.instead else None
    if reply:
        fault.hit()
    return reply


async def _deliver(reply: Reply, send: Send, seconds: float | None) -> None:
    """Send an answer; the bad ways of it end the connection as a broken cloud does."""
    if reply.delivery == "hang":
        await asyncio.sleep(HANG_S if seconds is None else seconds)
    if reply.delivery in {"hang", "reset"}:
        _close(send)
        return
    length = {"content-length": str(len(reply.body))}
    headers = [(name.encode(), value.encode()) for name, value in {**reply.headers, **length}.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.delivery == "cut":
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        _close(send)
        return
    if reply.delivery == "slow":
        await _drip(reply.body, send, SLOW_S if seconds is None else seconds)
    await send({"type": "http.response.body", "body": reply.body if reply.delivery == "whole" else b""})


async def _drip(body: bytes, send: Send, seconds: float, *, parts: int = 20) -> None:
    size = max(1, len(body) // parts)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / parts)
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})


def _close(send: Send) -> None:
    """Close the connection without another byte, where the server lets us (uvicorn does)."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("The sandbox closed the connection")
    transport.close()
