"""Logging in at Huawei, signing calls, and how often an API user may call."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from include.core.pulls import PulledFleet, RateLimit, Tokens
from include.sources.clouds.cloud import Credentials, Post
from include.sources.clouds.errors import LoginRefused, UnknownRefusal
from include.sources.clouds.http import Call, Reply
from include.sources.clouds.huawei.fields import (
    ALARMS,
    DEVICE_HISTORY,
    DEVICES,
    DEVICES_NOW,
    INVERTERS,
    MEASURED,
    PLANT_DAYS,
    PLANT_HOURS,
    PLANT_MONTHS,
    PLANTS_NOW,
    STATIONS,
)
from include.sources.clouds.huawei.refusals import ENVELOPE, LABEL, LOGIN, LOGIN_WAIT_S, SPACING_S

TOKEN_LIVES_S: Final = 1500.0
"""Tokens live 30 minutes; five are kept in hand."""

PLANTS_PER_CALL: Final = 100
DEVICES_PER_CALL: Final = 100
DEVICES_PER_HISTORY: Final = 10
_PREFIX: Final = "/thirdData/"
_DAY_S: Final = 86_400


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """Log in as the API user; the token stands in the header `xsrf-token`, at older sites only in the cookie `XSRF-TOKEN`.

    Raises:
        Rejected: The user, the system code or the account is refused.
        LoginRefused: No token came.
        UnknownRefusal: An answer without a byte, which may mean an outage or an unknown user.
    """
    body = {"userName": credentials.get("login", ""), "systemCode": credentials.get("password", "")}
    reply = post(LOGIN, Call(f"{_PREFIX}{LOGIN}", body, {}))
    if reply.status == 200 and not reply.body.strip():
        raise UnknownRefusal(
            f"{LABEL} answered the login without a byte, as it does for an unknown API user and when it is down; "
            "if it stays so, check the API user and its region",
            after_s=LOGIN_WAIT_S,
        )
    ENVELOPE.classify_response(LOGIN, reply)
    token = _token_of(reply)
    if token is None:
        raise LoginRefused(f"{LABEL} took the login but sent no token; check the API user if this repeats")
    return Tokens(token, TOKEN_LIVES_S)


def _token_of(reply: Reply) -> str | None:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    cookie = re.search(r"XSRF-TOKEN=([^;,\s]+)", headers.get("set-cookie", ""), re.IGNORECASE)
    token = headers.get("xsrf-token", "").strip() or (cookie.group(1).strip('"') if cookie else "")
    return token if re.fullmatch(r"[!-~]{1,4096}", token) else None


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """The call with its token."""
    return Call(f"{_PREFIX}{interface}", body, {"XSRF-TOKEN": tokens.access})


def rate_limits(credentials: Credentials, fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """The vendor's limits per API user, which grow with the fleet; a minute is 65 s, as clocks differ.

    Where the vendor adds up steps over the types of devices, each type's first step counts once for all of them.
    """
    plants = _calls(len(fleet.plants), PLANTS_PER_CALL)
    daily = (DEVICES, PLANT_HOURS, PLANT_DAYS, PLANT_MONTHS)
    realtime = {PLANTS_NOW: plants, DEVICES_NOW: _calls_by_type(fleet, INVERTERS, DEVICES_PER_CALL)}
    history = _calls_by_type(fleet, MEASURED, DEVICES_PER_HISTORY)
    return (
        RateLimit(LOGIN, 5, 600),
        RateLimit(STATIONS, plants * 10 + 25, _DAY_S),
        *(RateLimit(interface, plants + 24, _DAY_S) for interface in daily),
        RateLimit(DEVICE_HISTORY, history + 24, _DAY_S),
        *(RateLimit(interface, calls, 300) for interface, calls in realtime.items()),
        *(RateLimit(interface, 1, SPACING_S) for interface in (*daily, DEVICE_HISTORY, *realtime)),
        RateLimit(ALARMS, plants, 1800),
    )


def _calls(count: int, most: int) -> int:
    return max(1, -(-count // most))


def _calls_by_type(fleet: PulledFleet, types: Iterable[str], most: int) -> int:
    return 1 + sum(_calls(len(fleet.devices_of(kind)), most) - 1 for kind in types)
