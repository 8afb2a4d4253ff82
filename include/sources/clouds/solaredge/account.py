"""Signing SolarEdge's calls with the API key, and how often an account may call."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from include.core.pulls import PulledFleet, RateLimit, Tokens
from include.sources.clouds.cloud import Credentials, Post
from include.sources.clouds.errors import Rejected
from include.sources.clouds.http import Call
from include.sources.clouds.solaredge.fields import PATHS
from include.sources.clouds.solaredge.refusals import LABEL

FREE_CREDITS: Final = 2000
"""Calls a month of the plan that costs nothing; every call is one credit."""

_DAY_S: Final = 86_400
_LONGEST_MONTH: Final = 31
_MOST_CREDITS: Final = 1_000_000_000
_CALLS_A_MINUTE: Final = 10
_MINUTE_S: Final = 65
"""Five seconds more, as clocks differ."""


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """The API key itself, for a day: there is no log-in, so nothing is called.

    Raises:
        Rejected: There is no key, or the credits are no number.
    """
    key = credentials.get("api_key", "").strip()
    if not (key.isascii() and key.isprintable() and key):
        raise Rejected(f"the {LABEL} account has no API key that a header can carry; enter that of its Fleet Access app")
    written = credentials.get("monthly_credits", "").strip()
    if written and _credits(written) is None:
        raise Rejected(f"the credits a month of the {LABEL} account are {written[:40]!r}; enter a whole number such as 2000")
    return Tokens(key, float(_DAY_S))


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """The call with its key; the site of the body stands in the path, the rest is the query."""
    path = PATHS[interface].format(siteId=quote(str(body.get("siteId", "")), safe=""))
    query = urlencode({name: value for name, value in body.items() if name != "siteId"})
    return Call(f"/v2/{path}{'?' if query else ''}{query}", {}, {"X-API-Key": tokens.access}, method="GET")


def rate_limits(credentials: Credentials, fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """Ten calls a minute, and each day its share of the credits that the account's plan has in a month.

    The vendor counts months; a share per day keeps an account from being dark at the end of one.
    """
    month = _credits(credentials.get("monthly_credits", "").strip()) or FREE_CREDITS
    return (RateLimit("*", _CALLS_A_MINUTE, _MINUTE_S), RateLimit("*", max(1, month // _LONGEST_MONTH), _DAY_S))


def _credits(written: str) -> int | None:
    if not (written.isascii() and written.isdecimal() and len(written) <= len(str(_MOST_CREDITS))):
        return None
    return int(written) if 0 < int(written) <= _MOST_CREDITS else None
