"""How Growatt refuses: `error_code` beside `error_msg` in version 1, `code` beside `message` in version 4, with HTTP 200.

The codes of the two do not overlap, and some of version 4's answers have the names of version 1, so that one table serves both.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from include.core.errors import TryLater
from include.core.vendors import VENDORS
from include.sources.clouds.errors import MemberRefused, NotPermitted, RateLimited, Rejected, Unanswerable
from include.sources.clouds.growatt.fields import DEVICES_NOW, HISTORY, PLANTS
from include.sources.clouds.http import Reply
from include.sources.clouds.refusals import Envelope, Refusal

LABEL: Final = VENDORS["growatt"].label

_FIVE_MINUTES_S: Final = 305.0
_OF_ALL: Final = frozenset({PLANTS})
_GROUPS: Final = frozenset({DEVICES_NOW, HISTORY})
_TOKEN: Final = "enter the approved token and its region; let Growatt permit this server's address where it asked for one"  # noqa: S105
_SHARE: Final = "let the owner share the plant with the token's account, or let Growatt permit the interface"

REFUSALS: Final = (
    Refusal(("-1",), Rejected, "the account is on another server", "choose the region in which the token was approved"),
    Refusal(("2",), Rejected, "the token is invalid", "enter the token that was approved, and activate the account again"),
    Refusal(
        ("10011",), NotPermitted, "the token, its region or this server's address is not permitted", _TOKEN, interfaces=_OF_ALL
    ),
    Refusal(("10011",), MemberRefused, "the token may not ask this about the plant or device", _SHARE),
    Refusal(("101",), NotPermitted, "the token may not use this interface"),
    Refusal(("10012", "102"), RateLimited, "asked again within five minutes", after_s=_FIVE_MINUTES_S),
    Refusal(("100",), RateLimited, "calls follow each other too fast", after_s=60.0),
    Refusal(("10001", "1"), TryLater, "a fault of the system"),
    Refusal(("3", "12"), MemberRefused, "the token may not see a device", _SHARE),
    Refusal(("4", "5", "7"), MemberRefused, "a device is unknown, offline or of another type"),
    Refusal(("11",), MemberRefused, "too many devices in a call", interfaces=_GROUPS),
    Refusal(("10002", "10005"), MemberRefused, "no such plant or device"),
    Refusal(("10003", "10004", "8", "9", "10"), Unanswerable, "a field is missing or written wrong"),
    Refusal(("10013", "10014"), Unanswerable, "the page is too large or too far"),
)


def _is_success(code: str | None, data: Mapping[str, Any]) -> bool:
    return code == "0" and "data" in data


_V1: Final = Envelope(
    label=LABEL,
    code="error_code",
    message="error_msg",
    is_success=_is_success,
    no_refusals=frozenset({"0"}),
    refusals=REFUSALS,
)
_V4: Final = replace(_V1, code="code", message="message")


def classify_response(interface: str, reply: Reply) -> Mapping[str, Any]:
    """The JSON object of a success; raises as `Envelope.classify_response`."""
    envelope = _V1 if b'"error_code"' in reply.body else _V4
    return envelope.classify_response(interface, reply)
