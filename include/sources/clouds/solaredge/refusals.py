"""How SolarEdge refuses: an HTTP status, told again as `status` of Problem Details (RFC 7807)."""

from collections.abc import Mapping
from typing import Any, Final

from include.core.errors import TryLater
from include.core.vendors import VENDORS
from include.sources.clouds.document import TOP_LIST
from include.sources.clouds.errors import MemberRefused, NotPermitted, QuotaExhausted, Rejected, Unanswerable
from include.sources.clouds.gateway import gateway
from include.sources.clouds.http import Reply
from include.sources.clouds.refusals import Envelope, Refusal
from include.sources.clouds.solaredge.fields import ALERTS, SITES

LABEL: Final = VENDORS["solaredge"].label

_OF_ALL: Final = frozenset({SITES, ALERTS})
_KEY: Final = "make a new key in the developer console, enter it and activate the account again"
_ACCESS: Final = "let the owner or the account's administrator permit the site to the app"

REFUSALS: Final = (
    Refusal(("400",), Unanswerable, "a bad request, such as a span that is too long"),
    Refusal(("401",), Rejected, "the API key is unknown, expired or revoked", _KEY),
    Refusal(("403",), NotPermitted, "the app may not use this interface, or its plan lacks it", interfaces=_OF_ALL),
    Refusal(("403",), MemberRefused, "the app may not see this site, or its plan lacks this", _ACCESS),
    Refusal(("404",), NotPermitted, "there is no such interface", "look for a newer Heliograph", interfaces=_OF_ALL),
    Refusal(("404",), MemberRefused, "no such site"),
    Refusal(("410",), NotPermitted, "the interface was taken away", "look for a newer Heliograph"),
    Refusal(("500", "502", "503", "504"), TryLater, "a fault of the server"),
)

ENVELOPE: Final = Envelope(
    label=LABEL,
    code="status",
    message="detail",
    is_success=lambda code, data: code is None and not {TOP_LIST, "sites", "siteId", "values", "inverters"}.isdisjoint(data),
    no_refusals=frozenset({"200"}),
    refusals=REFUSALS,
)


def classify_response(interface: str, reply: Reply) -> Mapping[str, Any]:
    """The JSON object of a success; raises as `Envelope.classify_response`.

    A 429 is the limit of a minute, unless the minute has calls left: then the credits of the month are used up.
    """
    if reply.status == 429:
        if _left_in_minute(reply) > 0:
            raise QuotaExhausted(
                f"{LABEL} answered {interface} with HTTP 429 (the credits of the month are used up); enter the credits that the "
                "plan has, or buy a larger one; it is asked again tomorrow"
            )
        gateway(reply, LABEL)
    return ENVELOPE.classify_response(interface, reply)


def _left_in_minute(reply: Reply) -> int:
    headers = {name.lower(): value.strip() for name, value in reply.headers.items()}
    left = headers.get("x-ratelimit-remaining-minute", "")
    return int(left) if left.isascii() and left.isdecimal() and len(left) < 10 else 0
