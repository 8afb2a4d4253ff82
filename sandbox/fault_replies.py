"""Replies that no router gives: errors in each vendor's own words, a gateway's answers, and answers delivered badly."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.calls import Call

LEFT = "x-ratelimit-remaining-minute"
"""Header of SolarEdge: calls that the minute has left."""

Delivery = Literal["whole", "hang", "reset", "slow", "cut"]


@dataclass(frozen=True)
class Reply:
    """An answer in bytes, and how it is delivered."""

    status: int
    headers: dict[str, str]
    body: bytes
    delivery: Delivery = "whole"


def json_reply(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:  # noqa: ANN401 - any JSON
    """A reply of JSON."""
    return Reply(status, {"content-type": "application/json;charset=UTF-8", **(headers or {})}, json.dumps(body).encode())


def huawei_error(code: int, message: str | None = None, data: str | None = None) -> dict[str, Any]:
    """An error of Huawei's: a `failCode`."""
    return {"success": False, "failCode": code, "message": message, "data": data, "params": None}


def sungrow_error(code: str, message: str, data: Any = None) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """An error of Sungrow's: a `result_code`."""
    return {"req_serial_num": "20260614000000fau1t", "result_code": code, "result_msg": message, "result_data": data}


def deye_error(code: str, message: str) -> dict[str, Any]:
    """An error of Deye's: a `code`."""
    return {"code": code, "msg": message, "success": False, "requestId": "fau1t"}


def solaredge_error(status: int, detail: str) -> dict[str, Any]:
    """An error of SolarEdge's: Problem Details, whose `status` is that of HTTP, too."""
    return {"type": "about:blank", "title": detail, "status": status, "detail": detail}


def growatt_error(old: tuple[int, str], new: tuple[int, str], data: Any = None) -> Callable[[Call], Reply]:  # noqa: ANN401
    """An error of Growatt's: code and message of version 1, and of version 4, which has the figures of inverters."""
    told_old = {"data": "" if data is None else data, "error_code": old[0], "error_msg": old[1]}
    told_new = {"code": new[0], "data": data, "message": new[1]}
    return lambda call: json_reply(told_new if call.interface.startswith("new-api/") else told_old)


GROWATT_KEPT_BACK = growatt_error((10011, "error_permission_denied"), (12, "DEVICE_SN_DOES_NOT_HAVE_PERMISSION"))
"""What a token is told of a plant or device that it may not see."""

GROWATT_TOO_FREQUENT = growatt_error((10012, "error_frequently_access"), (102, "FREQUENTLY_ACCESS"))
"""Growatt has one code for whatever is asked too often."""


def in_own_words(
    huawei: dict[str, Any],
    sungrow: dict[str, Any],
    deye: dict[str, Any],
    solaredge: Reply | None = None,
    growatt: Callable[[Call], Reply] | None = None,
) -> Callable[[Call, int], Reply]:
    """Each vendor's own words for one error: with HTTP 200, but for SolarEdge's."""
    replies = {"huawei": json_reply(huawei), "sungrow": json_reply(sungrow), "deye": json_reply(deye), "solaredge": solaredge}

    def reply(call: Call, hits: int) -> Reply:
        if call.vendor == "growatt" and growatt:
            return growatt(call)
        return replies[call.vendor] or json_reply({})

    return reply


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Reply:
    """SolarEdge's own words."""
    return json_reply(solaredge_error(status, detail), status=status, headers=headers)


EXPIRED = in_own_words(
    huawei_error(305, "USER_MUST_RELOGIN"),
    sungrow_error("E00003", "er_token_login_invalid"),
    deye_error("2101019", "auth invalid token"),
)
HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/login'>Please sign in</form></body></html>"
)
_REJECTED = {"errorCode": "49401021002", "exceptionInfo": "Request is rejected by api quotaControl"}
_DEYE_BROKEN = {"status": 500, "exception": "java.lang.reflect.UndeclaredThrowableException", "path": "/v1.0"}


def gateway(status: int) -> Callable[[Call, int], Reply]:
    """A gateway in front of the cloud throttles with this HTTP status."""

    def reply(call: Call, hits: int) -> Reply:
        body = _REJECTED if call.vendor == "huawei" else {"error": "Too Many Requests"}
        return json_reply(body, status=status, headers={"retry-after": "60"} if status == 429 else {})

    return reply


def burst(call: Call, hits: int) -> Reply:
    """500, 502, 503, 504 in turn; Deye's 500 has a body of its own."""
    status = (500, 502, 503, 504)[hits % 4]
    if call.vendor == "deye" and status == 503:
        return json_reply(deye_error("3201001", "Service Currently Unavailable"), status=500)
    if call.vendor == "deye" and status == 500:
        return json_reply(_DEYE_BROKEN, status=500)
    return Reply(status, {"content-type": "text/html"}, b"<html><body><h1>Bad Gateway</h1></body></html>")


def login_refused(huawei: int, state: str, deye: dict[str, Any]) -> Callable[[Call, int], Reply]:
    """Sungrow refuses a login with `result_code` 1 and a `login_state`; its OAuth interfaces with a code inside."""

    def reply(call: Call, hits: int) -> Reply:
        if call.vendor == "sungrow":
            data = {"login_state": state, "err_times": "1"} if call.interface == "login" else {"code": 2}
            return json_reply(sungrow_error("1", "success", data))
        return json_reply(huawei_error(huawei) if call.vendor == "huawei" else deye)

    return reply


def plain(status: int, headers: dict[str, str], body: bytes = b"") -> Callable[[Call, int], Reply]:
    """The same bytes for every call."""
    return lambda call, hits: Reply(status, headers, body)


# ---- answers that are delivered badly --------------------------------------------------------------------------------------


def delivered(delivery: Delivery) -> Callable[[Reply], Reply]:
    """The right reply, delivered this way."""
    return lambda reply: Reply(reply.status, reply.headers, reply.body, delivery)


def first_half(reply: Reply) -> Reply:
    """The first half of the body."""
    return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])


def first_half_of_gzip(reply: Reply) -> Reply:
    """The first half of the body's gzip stream."""
    packed = gzip.compress(reply.body, mtime=0)
    return Reply(reply.status, {**reply.headers, "content-encoding": "gzip"}, packed[: len(packed) // 2])


def with_byte_order_mark(reply: Reply) -> Reply:
    """The body after a UTF-8 byte order mark."""
    return Reply(reply.status, reply.headers, b"\xef\xbb\xbf" + reply.body)


def as_html(reply: Reply) -> Reply:
    """The body, said to be HTML."""
    return Reply(reply.status, {**reply.headers, "content-type": "text/html"}, reply.body)
