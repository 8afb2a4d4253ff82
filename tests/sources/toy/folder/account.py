"""Logging in at Toy Cloud, whose login names where the next calls go; calls are GETs."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from include.sources.clouds.toy.refusals import ENVELOPE, LABEL, LOGIN

from include.core.errors import TryLater
from include.core.pulls import PulledFleet, RateLimit, Tokens
from include.sources.clouds.cloud import Credentials, Post
from include.sources.clouds.http import Call
from include.sources.formats import names


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """A token for the API key. Raises `Rejected`."""
    data = ENVELOPE.classify_response(LOGIN, post(LOGIN, Call(f"/{LOGIN}", {"key": credentials.get("api_key", "")}, {})))
    token = names.text(data.get("token"))
    if token is None:
        raise TryLater(f"{LABEL} let the account in without a token; ask again")
    return Tokens(token, 3600.0, base_url=names.text(data.get("base_url")))


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """The call with its token; the body is its query."""
    return Call(f"/{interface}?{urlencode(body)}", {}, {"Authorization": tokens.access}, method="GET")


def rate_limits(credentials: Credentials, fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """A thousand calls an hour, and ten a minute about one plant or device."""
    return (RateLimit("*", 1000, 3600), RateLimit("*", 10, 60, is_per_subject=True))
