"""Everything that goes wrong with vendors' clouds, by name; each can be for a vendor, an interface, a number of calls.

The routers always answer right. `FaultyAnswers` stands between them and the client: it answers instead of a router, changes the
call on its way in, bends the answer on its way out (`sandbox.bending`), or delivers it badly. A fault that finds nothing to bend
in an answer is not counted as a hit. `KINDS` is the list, with a sentence about each.
"""

import asyncio
import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sandbox import bending
from sandbox.bending import Answer, Call

if TYPE_CHECKING:
    from sandbox.sunshine import Sunshine

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Delivery = Literal["whole", "hang", "reset", "slow", "cut"]

PREFIXES = {"huawei": "/thirdData/", "sungrow": "/openapi/", "deye": "/v1.0/"}
LOGINS = {
    "huawei": {"login"},
    "sungrow": {"login", "apiManage/token", "apiManage/refreshToken"},
    "deye": {"account/token"},
}
PAGE_KEYS = ("pageNo", "curPage", "page")
HANG_S = 120.0
SLOW_S = 10.0
ALL = ("huawei", "sungrow", "deye")


@dataclass(frozen=True)
class Reply:
    """An answer in bytes, and how it is delivered."""

    status: int
    headers: dict[str, str]
    body: bytes
    delivery: Delivery = "whole"


@dataclass(frozen=True)
class Kind:
    """One kind of fault; exactly one of the four ways to work is set. `times` is the usual number of calls it hits, None all."""

    name: str
    says: str
    vendors: tuple[str, ...] = ALL
    times: int | None = None
    calls: Literal["all", "logins", "data", "pages"] = "data"
    instead: Callable[[Call, int], Reply] | None = None
    on_call: Callable[[Call], None] | None = None
    on_answer: Callable[[Call, Answer], None] | None = None
    on_reply: Callable[[Reply], Reply] | None = None


@dataclass
class Fault:
    """A fault that is switched on; without vendor or interface for all; `left` calls are still to be hit (None: no end)."""

    kind: Kind
    vendor: str | None = None
    interface: str | None = None
    left: int | None = None
    seconds: float | None = None
    hits: int = field(default=0)

    def is_for(self, call: Call) -> bool:
        """Whether the fault can hit a call."""
        return (
            self.left != 0
            and self.vendor in {None, call.vendor}
            and call.vendor in self.kind.vendors
            and self.interface in {None, call.interface}
            and _is_among(call, self.kind.calls)
        )

    def hit(self) -> None:
        """Count a call that was spoilt."""
        self.hits += 1
        if self.left is not None:
            self.left -= 1

    def bend(self, call: Call, answer: Answer) -> None:
        """Change an answer in place."""
        if self.kind.on_answer:
            self.kind.on_answer(call, answer)

    def told(self) -> dict[str, Any]:
        """The fault for `/control`."""
        return {
            "name": self.kind.name,
            "vendor": self.vendor,
            "interface": self.interface,
            "left": self.left,
            "seconds": self.seconds,
            "hits": self.hits,
        }


class UnknownFault(Exception):
    """A name or vendor that there is no fault for."""


class Faults:
    """The faults that are switched on."""

    def __init__(self, sunshine: "Sunshine") -> None:
        self.sunshine = sunshine
        self._on: list[Fault] = []

    def switch_on(
        self,
        name: str,
        *,
        vendor: str | None = None,
        interface: str | None = None,
        times: int | None = None,
        seconds: float | None = None,
    ) -> Fault:
        """Switch a fault on; without `times` it hits as many calls as its kind does, and 0 means without end.

        Raises:
            UnknownFault: no kind has this name, or the kind does not exist for the vendor.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownFault(f"There is no fault named {name!r}; the names are {', '.join(KINDS)}")
        if vendor is not None and vendor not in kind.vendors:
            raise UnknownFault(f"The fault {name!r} does not exist for {vendor!r}, only for {', '.join(kind.vendors)}")
        left = kind.times if times is None else (times or None)
        fault = Fault(kind, vendor=vendor, interface=interface, left=left, seconds=seconds)
        self._on.append(fault)
        return fault

    def switch_on_text(self, text: str) -> Fault:
        """Switch a fault on that is written `name[@vendor[/interface]][=times]`, as on the command line."""
        text, _, times = text.partition("=")
        name, _, where = text.partition("@")
        vendor, _, interface = where.partition("/")
        if times and not times.isdecimal():
            raise UnknownFault(f"The number of calls in {text}={times} is not a number")
        return self.switch_on(name, vendor=vendor or None, interface=interface or None, times=int(times) if times else None)

    def switch_off(self, name: str | None = None) -> int:
        """Switch off the faults of a name, or all; returns how many were on."""
        before = len(self._on)
        self._on = [fault for fault in self._on if name is not None and fault.kind.name != name]
        return before - len(self._on)

    def told(self) -> list[dict[str, Any]]:
        """All faults since they were switched on, ended ones too."""
        return [fault.told() for fault in self._on]

    def are_on(self) -> bool:
        """Whether any fault has calls left to hit."""
        return any(fault.left != 0 for fault in self._on)

    def of(self, call: Call) -> list[Fault]:
        """The faults that can hit a call, in the order of switching on."""
        return [fault for fault in self._on if fault.is_for(call)]


class FaultyAnswers:
    """ASGI: lets calls of the vendors' paths go wrong as the faults say; leaves all other paths alone."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        vendor = next((vendor for vendor, prefix in PREFIXES.items() if scope.get("path", "").startswith(prefix)), None)
        if scope["type"] != "http" or vendor is None or not self._faults.are_on():
            await self._app(scope, receive, send)
            return
        raw = await _body(receive)
        call = Call(vendor, scope["path"].removeprefix(PREFIXES[vendor]), _object(raw), self._faults.sunshine)
        faults = self._faults.of(call)
        reply = next((_instead(fault, call) for fault in faults if fault.kind.instead), None)
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
                raw = json.dumps(call.ask).encode()
        reply = await self._asked(scope, raw)
        answer = _object(reply.body)
        for fault in [fault for fault in faults if fault.kind.on_answer and answer]:
            before = json.dumps(answer)
            fault.bend(call, answer)
            if json.dumps(answer) != before:
                fault.hit()
                reply = Reply(reply.status, reply.headers, json.dumps(answer, ensure_ascii=False).encode())
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


def _is_among(call: Call, calls: str) -> bool:
    is_login = call.interface in LOGINS[call.vendor]
    if calls == "pages":
        return not is_login and _page(call.ask) > 1
    return calls == "all" or (calls == "logins") == is_login


def _page(ask: dict[str, Any]) -> int:
    page = next((ask[key] for key in PAGE_KEYS if key in ask), 1)
    return int(page) if str(page).isdecimal() else 1


def _object(body: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return {}


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _instead(fault: Fault, call: Call) -> Reply:
    assert fault.kind.instead is not None
    reply = fault.kind.instead(call, fault.hits)
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


# ---- answers instead of the router's ---------------------------------------------------------------------------------------


def _json(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:  # noqa: ANN401 - any JSON
    return Reply(status, {"content-type": "application/json;charset=UTF-8", **(headers or {})}, json.dumps(body).encode())


def _huawei(code: int, message: str | None = None, data: str | None = None) -> dict[str, Any]:
    return {"success": False, "failCode": code, "message": message, "data": data, "params": None}


def _sungrow(code: str, message: str, data: Any = None) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"req_serial_num": "20260614000000fau1t", "result_code": code, "result_msg": message, "result_data": data}


def _deye(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "msg": message, "success": False, "requestId": "fau1t"}


def _told(huawei: dict[str, Any], sungrow: dict[str, Any], deye: dict[str, Any]) -> Callable[[Call, int], Reply]:
    """Each vendor's own words for one error, with HTTP 200."""
    bodies = {"huawei": huawei, "sungrow": sungrow, "deye": deye}
    return lambda call, hits: _json(bodies[call.vendor])


_EXPIRED = _told(
    _huawei(305, "USER_MUST_RELOGIN"), _sungrow("E00003", "er_token_login_invalid"), _deye("2101019", "auth invalid token")
)
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/login'>Please sign in</form></body></html>"
_REJECTED = {"errorCode": "49401021002", "exceptionInfo": "Request is rejected by api quotaControl"}
_DEYE_BROKEN = {"status": 500, "exception": "java.lang.reflect.UndeclaredThrowableException", "path": "/v1.0"}


def _gateway(status: int) -> Callable[[Call, int], Reply]:
    def reply(call: Call, hits: int) -> Reply:
        body = _REJECTED if call.vendor == "huawei" else {"error": "Too Many Requests"}
        return _json(body, status=status, headers={"retry-after": "60"} if status == 429 else {})

    return reply


def _burst(call: Call, hits: int) -> Reply:
    """500, 502, 503, 504 in turn; Deye's 500 has a body of its own."""
    status = (500, 502, 503, 504)[hits % 4]
    if call.vendor == "deye" and status == 503:
        return _json(_deye("3201001", "Service Currently Unavailable"), status=500)
    if call.vendor == "deye" and status == 500:
        return _json(_DEYE_BROKEN, status=500)
    return Reply(status, {"content-type": "text/html"}, b"<html><body><h1>Bad Gateway</h1></body></html>")


def _login_refused(huawei: int, state: str, deye: dict[str, Any]) -> Callable[[Call, int], Reply]:
    """Sungrow refuses a login with `result_code` 1 and a `login_state`; its OAuth interfaces with a code inside."""

    def reply(call: Call, hits: int) -> Reply:
        if call.vendor == "sungrow":
            data = {"login_state": state, "err_times": "1"} if call.interface == "login" else {"code": 2}
            return _json(_sungrow("1", "success", data))
        return _json(_huawei(huawei) if call.vendor == "huawei" else deye)

    return reply


def _plain(status: int, headers: dict[str, str], body: bytes = b"") -> Callable[[Call, int], Reply]:
    return lambda call, hits: Reply(status, headers, body)


# ---- answers that are delivered badly --------------------------------------------------------------------------------------


def _delivered(delivery: Delivery) -> Callable[[Reply], Reply]:
    return lambda reply: Reply(reply.status, reply.headers, reply.body, delivery)


def _first_half(reply: Reply) -> Reply:
    return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])


def _first_half_of_gzip(reply: Reply) -> Reply:
    packed = gzip.compress(reply.body, mtime=0)
    return Reply(reply.status, {**reply.headers, "content-encoding": "gzip"}, packed[: len(packed) // 2])


def _with_mark(reply: Reply) -> Reply:
    return Reply(reply.status, reply.headers, b"\xef\xbb\xbf" + reply.body)


def _as_html(reply: Reply) -> Reply:
    return Reply(reply.status, {**reply.headers, "content-type": "text/html"}, reply.body)


def _previous_page(call: Call) -> None:
    for key in PAGE_KEYS:
        if key in call.ask:
            call.ask[key] = _page(call.ask) - 1


def _kinds() -> Iterable[Kind]:
    yield Kind("error_in_200", "a server error in a body with HTTP 200", times=3,
               instead=_told(_huawei(20004), _sungrow("E994", "er_platform"), _deye("3501004", "rpc error")))  # fmt: skip
    yield Kind("too_frequent", "refuses one call as too frequent, in the vendor's own code", times=1, calls="all",
               instead=_told(_huawei(407, None, "ACCESS_FREQUENCY_IS_TOO_HIGH"), _sungrow("E901", "er_too_frequent"),
                             _deye("2101002", "request too frequent")))  # fmt: skip
    yield Kind("quota_gone", "the budget of the day or hour is used up",
               instead=_told(_huawei(407, None, "ACCESS_FREQUENCY_IS_TOO_HIGH"), _sungrow("E999", "er_call_limit_hour"),
                             _deye("2101010", "allowance used up")))  # fmt: skip
    yield Kind("system_busy", "Huawei's failCode 429: all users together are too many", vendors=("huawei",), times=2,
               instead=lambda call, hits: _json(_huawei(429, "SYSTEM_BUSY")))  # fmt: skip
    yield Kind("gateway_429", "the gateway in front says HTTP 429 with Retry-After", times=2, calls="all", instead=_gateway(429))
    yield Kind("gateway_403", "the gateway in front throttles with HTTP 403", times=2, calls="all", instead=_gateway(403))
    yield Kind("burst_5xx", "500, 502, 503 and 504 in turn", times=4, calls="all", instead=_burst)
    yield Kind(
        "html_login_page",
        "a sign-in page in HTML with HTTP 200",
        times=2,
        instead=_plain(200, {"content-type": "text/html"}, _HTML),
    )
    yield Kind("empty_body", "HTTP 200 without a byte", times=2, instead=_plain(200, {"content-type": "application/json"}))
    yield Kind("redirect_elsewhere", "a redirect to a host that is not the vendor's",
               instead=_plain(302, {"location": "http://169.254.169.254/latest/"}))  # fmt: skip
    yield Kind("token_expires", "the token is not good any more", times=1, instead=_EXPIRED)
    yield Kind("token_expires_mid_page", "the token ends between two pages", times=1, calls="pages", instead=_EXPIRED)
    yield Kind("no_permission", "the account may not use this interface",
               instead=_told(_huawei(401, "Invalid access to current interface!"), _sungrow("E900", "er_unauthorized"),
                             _deye("2101023", "access denied")))  # fmt: skip
    yield Kind("wrong_password", "the login is refused", calls="logins",
               instead=_login_refused(20400, "0", _deye("2101025", "password error, 4 attempts left")))  # fmt: skip
    yield Kind("account_locked", "the account is locked", calls="logins",
               instead=_login_refused(20403, "2", _deye("2101009", "account locked")))  # fmt: skip
    yield Kind("timeout", "no answer until the client gives up (120 s, or `seconds`)", times=1, calls="all",
               on_reply=_delivered("hang"))  # fmt: skip
    yield Kind("connection_reset", "the connection ends without an answer", times=1, calls="all", on_reply=_delivered("reset"))
    yield Kind("slow_body", "the body drips in over 10 s, or `seconds`", times=1, calls="all", on_reply=_delivered("slow"))
    yield Kind("cut_body", "the connection ends in the middle of the body", times=1, on_reply=_delivered("cut"))
    yield Kind("truncated_json", "half of the JSON, with the right length of that half", times=1, on_reply=_first_half)
    yield Kind("truncated_gzip", "half of a gzip stream", times=1, on_reply=_first_half_of_gzip)
    yield Kind("byte_order_mark", "a byte order mark before the JSON", on_reply=_with_mark)
    yield Kind("json_as_html", "good JSON that says it is HTML", on_reply=_as_html)
    yield Kind("repeated_page", "a page comes twice, the last one never", calls="pages", on_call=_previous_page)
    yield Kind("missing_page", "pages after the first are empty", calls="pages", on_answer=bending.empty_page)
    for name, says, bend in bending.BENDS:
        yield Kind(name, says, on_answer=bend)


KINDS: dict[str, Kind] = {kind.name: kind for kind in _kinds()}
