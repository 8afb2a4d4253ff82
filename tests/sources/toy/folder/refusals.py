"""How Toy Cloud refuses: an `error` beside the HTTP status."""

from typing import Final

from include.core.errors import TryLater
from include.core.vendors import VENDORS
from include.sources.clouds.errors import MemberRefused, NotPermitted, QuotaExhausted, RateLimited, Rejected, TokenEnded
from include.sources.clouds.refusals import Envelope, Refusal

LABEL: Final = VENDORS["toy"].label
LOGIN: Final = "login"

ENVELOPE: Final = Envelope(
    label=LABEL,
    code="error",
    message="detail",
    is_success=lambda code, data: "rows" in data or "token" in data,
    no_refusals=frozenset({"none"}),
    refusals=(
        Refusal(("stale",), TokenEnded, "the token has ended"),
        Refusal(("slow",), RateLimited, "too many calls", after_s=60.0),
        Refusal(("empty",), QuotaExhausted, "no calls are left today"),
        Refusal(("key",), Rejected, "the API key is wrong"),
        Refusal(("closed",), NotPermitted, "the account may not use this"),
        Refusal(("who",), MemberRefused, "no such plant or device"),
        Refusal(("down",), TryLater, "maintenance"),
    ),
    logins=frozenset({LOGIN}),
)
