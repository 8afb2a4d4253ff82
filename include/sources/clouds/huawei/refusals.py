"""How Huawei refuses: HTTP 200 with a `failCode`; the codes of the NetEco reference, and those that clients met."""

from collections.abc import Mapping
from typing import Any, Final

from include.core.errors import TryLater
from include.core.vendors import VENDORS
from include.sources.clouds.errors import (
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    Unanswerable,
)
from include.sources.clouds.huawei.fields import ALARMS, DEVICES_NOW, PLANTS_NOW
from include.sources.clouds.refusals import Envelope, Refusal
from include.sources.formats import numbers

LABEL: Final = VENDORS["huawei"].label
LOGIN: Final = "login"
LOGIN_WAIT_S: Final = 600.0
SPACING_S: Final = 65
"""An interface that may be called once a minute; five seconds more, as clocks differ."""

_ADMIN: Final = "let the company administrator permit it to the API user"

REFUSALS: Final = (
    Refusal(("305", "306", "307"), TokenEnded, "the session has ended", "log in again"),
    Refusal(("401",), NotPermitted, "the API user may not use this interface", _ADMIN),
    Refusal(("407",), RateLimited, "too frequent", after_s=LOGIN_WAIT_S, interfaces=frozenset({LOGIN})),
    Refusal(("407",), RateLimited, "too frequent", after_s=300.0, interfaces=frozenset({PLANTS_NOW, DEVICES_NOW})),
    Refusal(("407",), RateLimited, "too frequent", after_s=1800.0, interfaces=frozenset({ALARMS})),
    Refusal(("407",), RateLimited, "too frequent", after_s=float(SPACING_S)),
    Refusal(("429",), TryLater, "the whole system is busy", after_s=60.0),
    Refusal(("20001",), Rejected, "the third-party id is unknown"),
    Refusal(("20002",), Rejected, "the third-party id is forbidden"),
    Refusal(("20003",), Rejected, "the third-party id has expired"),
    Refusal(("20004",), TryLater, "a fault of the server"),
    Refusal(("20005",), Unanswerable, "no device id"),
    Refusal(("20006",), MemberRefused, "some devices are not of the type"),
    Refusal(("20007", "20008"), MemberRefused, "no such plant or device"),
    Refusal(("20009",), Unanswerable, "the figures are not configured"),
    Refusal(("20010", "20011", "20012"), Unanswerable, "plants, devices or time are missing"),
    Refusal(("20013",), Unanswerable, "wrong type of device"),
    Refusal(("20014", "20015"), Unanswerable, "more than 100 plants"),
    Refusal(("20016", "20017"), Unanswerable, "more than 100 devices"),
    Refusal(("20018", "30031"), Unanswerable, "more than 10 devices"),
    Refusal(("20023",), Unanswerable, "the start is after the end"),
    Refusal(("20024", "20025"), Unanswerable, "the language is missing or wrong"),
    Refusal(("20026",), Unanswerable, "older than 365 days"),
    Refusal(("20027",), Unanswerable, "more than 31 days"),
    Refusal(("20045", "20046"), MemberRefused, "a plant is not authorised", _ADMIN),
    Refusal(("20056",), NotPermitted, "the owner has ended the access", "let the owner permit it to the API user again"),
    Refusal(("20200",), TryLater, "the server is busy"),
    Refusal(("20400",), Rejected, "wrong user or system code"),
    Refusal(("20403",), Rejected, "the login is restricted"),
    Refusal(("20618",), QuotaExhausted, "the calls of the day are used up", "go on the next day"),
    Refusal(("30004", "30005", "30006"), Unanswerable, "page number or page size are out of range"),
    Refusal(("30029",), Rejected, "the authentication failed"),
    Refusal(("30030",), Unanswerable, "bad input"),
    Refusal(("30032",), Unanswerable, "more than 3 days"),
)


def code_of(value: object) -> int | None:
    """A whole number, also where it is written as text; None for anything else."""
    read = numbers.number(value, frozenset())
    return int(read) if read is not None and read.is_integer() else None


def _is_success(code: str | None, data: Mapping[str, Any]) -> bool:
    return code is not None and data.get("success") is True


ENVELOPE: Final = Envelope(
    label=LABEL,
    code="failCode",
    message="message",
    is_success=_is_success,
    no_refusals=frozenset({"0"}),
    refusals=REFUSALS,
    logins=frozenset({LOGIN}),
)
