"""How Deye refuses: a `code` beside `success`, mostly with HTTP 200.

Seen at Deye: 1000000, 2101002, 2101007, 2101019, 2104004, 2104005, 2106001, 3201001. The other codes are those of Solarman, the
platform on which Deye Cloud runs.
"""

from collections.abc import Mapping
from typing import Any, Final

from include.core.errors import HeliographError, TryLater
from include.core.vendors import VENDORS
from include.sources.clouds.deye.fields import DEVICE_RAW, DEVICES, DEVICES_NOW, INFO, TOKEN
from include.sources.clouds.errors import (
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    TokenFault,
    Unanswerable,
)
from include.sources.clouds.refusals import Envelope, Refusal
from include.sources.formats import names

LABEL: Final = VENDORS["deye"].label

_OK: Final = "1000000"
_NO_RECORDS: Final = "2101016"
_LOGINS: Final = frozenset({TOKEN, INFO})
_GROUPS: Final = frozenset({DEVICES, DEVICES_NOW})
_LATER: Final = "ask again in a minute, then ever later"
_NEVER: Final = "it is not asked again"


class PointUnknown(Unanswerable):
    """The device does not have one of the points that were requested."""


class DeviceRefuses(MemberRefused):
    """The device does not answer this kind of request."""


class BrokenDown(TryLater):
    """The cloud broke down over the request; some devices always make it do so for `device/historyRaw`."""


REFUSALS: Final = (
    Refusal(("2101017",), TokenEnded, "the token is not found"),
    Refusal(("2101019",), TokenEnded, "the token is invalid"),
    Refusal(("2101002",), RateLimited, "too many calls", after_s=60),
    # Of which window nobody says; a short one must not cost a day.
    Refusal(("2101010",), QuotaExhausted, "the calls of an unnamed window are used up", _LATER, after_s=60),
    Refusal(("2101009",), Rejected, "the app or the interface is locked"),
    Refusal(("2101018",), Rejected, "the app id is not found"),
    Refusal(("2101021",), Rejected, "the app id is invalid"),
    Refusal(("2101025",), Rejected, "the authentication failed"),
    Refusal((), Rejected, "the password is refused", interfaces=_LOGINS, message_has="password"),
    Refusal(("2101003",), NotPermitted, "forbidden", "let the company's administrator permit it"),
    Refusal(("2101023",), NotPermitted, "access denied", "let the company's administrator permit it"),
    Refusal(("2101006",), MemberRefused, "a parameter is invalid", interfaces=_GROUPS),
    Refusal(("2101007",), MemberRefused, "the list is too long", interfaces=_GROUPS),
    Refusal(("2101008",), MemberRefused, "a parameter has the wrong type", interfaces=_GROUPS),
    Refusal(("2101031",), MemberRefused, "a station is not found"),
    Refusal(("2101032",), MemberRefused, "a device is not found"),
    Refusal(("2104005",), MemberRefused, "a device refuses", interfaces=_GROUPS),
    Refusal(("2106001",), MemberRefused, "a device lacks a point", interfaces=_GROUPS),
    Refusal(("2101005",), Unanswerable, "a parameter is missing"),
    Refusal(("2101006",), Unanswerable, "a parameter is invalid"),
    Refusal(("2101007",), Unanswerable, "the list is too long"),
    Refusal(("2101008",), Unanswerable, "a parameter has the wrong type"),
    Refusal(("2101012",), Unanswerable, "more than 30 days"),
    Refusal(("2101013",), Unanswerable, "more than 12 months"),
    Refusal(("2101014",), Unanswerable, "the start is after the end"),
    Refusal(("2101015",), Unanswerable, "a time is written wrong"),
    Refusal(("2101026",), Unanswerable, "the page is too large"),
    Refusal(("2104005",), DeviceRefuses, "the device refuses", _NEVER),
    Refusal(("2106001",), PointUnknown, "the device lacks a point", _NEVER),
    Refusal(("2101022",), TryLater, "a fault of the business"),
    Refusal(("2104004",), TryLater, "the device is busy with a command"),
    Refusal(("3201001",), TryLater, "the service is unavailable", interfaces=_LOGINS),
    Refusal(("3201001",), TokenFault, "the service is unavailable, as it also says to a token that has ended", status=500),
    Refusal(("3201001",), TryLater, "the service is unavailable"),
    Refusal(("3501004",), TryLater, "a fault inside the cloud"),
)


def is_empty(data: Mapping[str, Any]) -> bool:
    """Whether an answer says "no records", which is a success without rows."""
    return names.key(data.get("code")) == _NO_RECORDS


def _is_success(code: str | None, data: Mapping[str, Any]) -> bool:
    return code == _OK and data.get("success") is not False


def _fault(interface: str, data: Mapping[str, Any], sentence: str) -> HeliographError | None:
    """What Deye's platform means when it breaks down with its own exception, as it also does for a token that has ended."""
    if "UndeclaredThrowableException" not in str(data.get("exception")):
        return None
    if interface in {TOKEN, DEVICE_RAW}:
        return BrokenDown(f"{sentence} and broke down; ask again")
    return TokenFault(f"{sentence} and broke down, as it does when a token has ended; log in again")


ENVELOPE: Final = Envelope(
    label=LABEL,
    code="code",
    message="msg",
    is_success=_is_success,
    no_refusals=frozenset({_OK}),
    refusals=REFUSALS,
    empty=frozenset({_NO_RECORDS}),
    logins=_LOGINS,
    fault=_fault,
)
