"""Logging in at Deye, signing calls, and how often an account may call."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from include.core.errors import TryLater
from include.core.pulls import PulledFleet, RateLimit, Tokens
from include.sources.clouds.cloud import Credentials, Post
from include.sources.clouds.deye.fields import INFO, TOKEN
from include.sources.clouds.deye.refusals import ENVELOPE, LABEL, is_empty
from include.sources.clouds.errors import LoginRefused, Rejected
from include.sources.clouds.http import Call
from include.sources.formats import names, numbers

_PREFIX: Final = "/v1.0/"
_DAY_S: Final = 86_400
LONGEST_TOKEN_S: Final = 50 * _DAY_S
"""Tokens live 60 days."""


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """A token of the given company, else of the only one, else of the person.

    Raises:
        Rejected: A field is missing or refused, or there are several companies to choose from.
        LoginRefused: No token came.
    """
    company = credentials.get("company_id")
    if company:
        return _new_tokens(post, credentials, company)
    personal = _new_tokens(post, credentials, None)
    companies = _companies(post, credentials, personal)
    if not companies:
        return personal
    if len(companies) > 1:
        listed = ", ".join(f"{key} ({name})" if name else key for key, name in companies.items())
        raise Rejected(f"the {LABEL} account belongs to several companies; set the company id to one of {listed}")
    return _new_tokens(post, credentials, next(iter(companies)))


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """The call with its token."""
    return Call(_PREFIX + interface, body, {"Authorization": f"Bearer {tokens.access}"})


def rate_limits(credentials: Credentials, fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """The vendor publishes none; these are below those of the platform that it runs on."""
    return (
        RateLimit("*", 2, 1),
        RateLimit("*", 250, 10),
        RateLimit("*", 45_000, _DAY_S),
        RateLimit(TOKEN, 5, 600),
    )


def _new_tokens(post: Post, credentials: Credentials, company: str | None) -> Tokens:
    login = _field(credentials, "login")
    body: dict[str, Any] = {
        "appSecret": _field(credentials, "app_secret"),
        "email" if "@" in login else "username": login,
        "password": hashlib.sha256(_field(credentials, "password").encode()).hexdigest(),
    }
    if company is not None:
        if not (company.isascii() and company.isdecimal()):
            raise Rejected(f"the company id {company[:40]!r} of the {LABEL} account is no number; correct it")
        body["companyId"] = int(company)
    path = f"{_PREFIX}{TOKEN}?appId={quote(_field(credentials, 'app_id'), safe='')}"
    data = ENVELOPE.classify_response(TOKEN, post(TOKEN, Call(path, body, {})))
    return Tokens(_access(data), _life_s(data.get("expiresIn")))


def _field(credentials: Credentials, name: str) -> str:
    value = credentials.get(name, "").strip()
    if not value:
        raise Rejected(f"the {LABEL} account has no {name}; fill it in")
    return value


def _access(data: Mapping[str, Any]) -> str:
    token = names.text(data.get("accessToken"), 10_000) or ""
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    if not token or not token.isascii():
        raise LoginRefused(f"{LABEL} let the account in without a token; check its app and region if this repeats")
    return token


def _life_s(expires_in: object) -> float:
    """A day less than reported, at most 50 days; half of what is reported where that is less than two days."""
    reported = numbers.number(expires_in)
    # Not a number, which is not even equal to itself, is as good as nothing.
    seconds = _DAY_S if reported is None or reported != reported else int(reported)
    return float(min(max(seconds - _DAY_S, seconds // 2, 0), LONGEST_TOKEN_S))


def _companies(post: Post, credentials: Credentials, tokens: Tokens) -> dict[str, str | None]:
    data = ENVELOPE.classify_response(INFO, post(INFO, sign(INFO, {}, credentials, tokens)))
    listed = [] if is_empty(data) else data.get("orgInfoList") or []
    if not isinstance(listed, list):
        raise TryLater(f"{LABEL} answered {INFO} without a list of companies; ask again")
    rows = [row for row in listed if isinstance(row, dict)]
    found = {names.key(row.get("companyId")): names.text(row.get("companyName")) for row in rows}
    return {key: name for key, name in found.items() if key is not None}
