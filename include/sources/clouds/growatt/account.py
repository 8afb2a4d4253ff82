"""Signing Growatt's calls with the API token, and how often an account may call."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from include.core.pulls import PulledFleet, RateLimit, Tokens
from include.sources.clouds.cloud import Credentials, Post
from include.sources.clouds.errors import Rejected
from include.sources.clouds.growatt.fields import (
    ALARM_LISTS,
    DEVICES,
    DEVICES_NOW,
    HISTORY,
    PLANT,
    PLANT_DAYS,
    PLANT_NOW,
    PLANT_POWER,
    PLANTS,
    POSTED,
)
from include.sources.clouds.growatt.refusals import LABEL
from include.sources.clouds.http import Call

_DAY_S: Final = 86_400
_FIVE_MINUTES_S: Final = 305
"""Five seconds more, as clocks differ."""


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """The API token itself, for a day: there is no log-in, so nothing is called.

    Raises:
        Rejected: There is no token that a header can carry.
    """
    token = credentials.get("api_key", "").strip()
    if not (token and token.isascii() and token.isprintable()):
        raise Rejected(f"the {LABEL} account has no API token that a header can carry; enter the one that {LABEL} approved")
    return Tokens(token, float(_DAY_S))


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """The call with its token, as a query or a form; what begins with `new-api/` is version 4."""
    path = f"/{'v4' if interface.startswith('new-api/') else 'v1'}/{interface}"
    headers = {"token": tokens.access}
    if interface in POSTED:
        return Call(path, body, headers, is_form=True)
    return Call(f"{path}?{urlencode(body)}", {}, headers, method="GET")


def rate_limits(credentials: Credentials, fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """A call in three seconds; the same question once in five minutes, and figures of inverters so whatever the question.

    Whether the ten calls a day are counted by account or by plant, nobody says: of the list they are taken for the account's.
    """
    return (
        RateLimit("*", 20, 60),
        RateLimit(PLANTS, 10, _DAY_S),
        RateLimit(PLANT_DAYS, 10, _DAY_S, is_per_subject=True),
        *(
            RateLimit(interface, 1, _FIVE_MINUTES_S, is_per_subject=True)
            for interface in (PLANTS, PLANT, DEVICES, PLANT_NOW, PLANT_POWER, PLANT_DAYS, *sorted(ALARM_LISTS))
        ),
        *(RateLimit(interface, 1, _FIVE_MINUTES_S) for interface in (DEVICES_NOW, HISTORY)),
    )
