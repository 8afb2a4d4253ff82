"""An account of Sungrow: its tokens, by a login or by owners' consent, what each call carries, and how often it may call."""

import math
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from include.core.pulls import PulledFleet, RateLimit, Tokens
from include.sources.clouds.cloud import Credentials, Post
from include.sources.clouds.errors import LoginRefused, Rejected
from include.sources.clouds.http import Call
from include.sources.clouds.sungrow.families import GRANT, LOGIN, REFRESH
from include.sources.clouds.sungrow.fields import LABEL
from include.sources.clouds.sungrow.refusals import AUTHORISE, ENVELOPE, grant_refusal, login_refusal
from include.sources.clouds.sungrow.result import result_of
from include.sources.formats import names, numbers

HOUR_S: Final = 3600

LOGIN_LIFE_S: Final = 23 * HOUR_S
"""An hour less than the day for which a login is good."""

LONGEST_GRANT_LIFE_S: Final = 48 * HOUR_S
"""How long a token by consent is good where the vendor does not say; it may say less."""

RENEWED_EARLIER_S: Final = 600

_LONGEST_LOGIN_TOKEN: Final = 2000
_LONGEST_GRANT_TOKEN: Final = 4000
_CONSENT_PAGES: Final[Mapping[str, tuple[str, int]]] = {
    "china": ("https://web3.isolarcloud.com", 1),
    "international": ("https://web3.isolarcloud.com.hk", 2),
    "europe": ("https://web3.isolarcloud.eu", 3),
    "australia": ("https://auweb3.isolarcloud.com", 7),
    "india": ("https://web3.isolarcloud.in", 9),
}
"""Where owners consent, and the number of the cloud, by region."""


def log_in(post: Post, credentials: Credentials, last: Tokens | None) -> Tokens:
    """Log an account in, or trade the last refresh token, which is dead afterwards.

    Raises:
        Rejected: For wrong credentials, a locked account, an authorisation that was never given or has ended.
    """
    if credentials.get("login"):
        return _login_tokens(post, credentials)
    refresh_token = last.more.get("refresh_token") if last else None
    if not refresh_token:
        raise Rejected(f"not authorised yet: {LABEL} has not traded an owner's consent for this account; {AUTHORISE}")
    return _granted_tokens(post, credentials, REFRESH, {"refresh_token": refresh_token}, refresh_token)


def authorize(post: Post, credentials: Credentials, code: str) -> Tokens:
    """Trade the code that an owner's consent brought, good for one time, for tokens. Raises `Rejected`."""
    redirect_url = credentials.get("redirect_url")
    if not redirect_url:
        raise Rejected(f"the account of {LABEL} has no redirect URL; fill it in as it is registered for the app")
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url}
    return _granted_tokens(post, credentials, GRANT, body, None)


def consent_page(credentials: Credentials, state: str) -> str:
    """The page on which an owner chooses plants for the app; it leads back to the redirect URL with a code and the state."""
    host = credentials.get("host", "")
    page, cloud_id = _CONSENT_PAGES.get(host, (host, 1))
    app, back = (quote(credentials.get(name, ""), safe="") for name in ("app_id", "redirect_url"))
    return f"{page}/?state={quote(state, safe='')}#/authorized-app?cloudId={cloud_id}&applicationId={app}&redirectUrl={back}"


def sign(interface: str, body: Mapping[str, Any], credentials: Credentials, tokens: Tokens) -> Call:
    """Add keys and the token: in the body after a login, as bearer for other owners' plants."""
    call = _keyed(interface, body, credentials)
    if credentials.get("login"):
        return Call(call.path, {**call.body, "token": tokens.access}, call.headers)
    return Call(call.path, call.body, {**call.headers, "Authorization": f"Bearer {tokens.access}"})


def rate_limits(credentials: Credentials, fleet: PulledFleet) -> tuple[RateLimit, ...]:
    """The quota of an app less a margin of 5 %, whatever its fleet, and logins that never look like an attack."""
    return (RateLimit("*", 1900, HOUR_S), RateLimit("*", 19_000, 24 * HOUR_S), RateLimit(LOGIN, 5, 600))


def _keyed(interface: str, body: Mapping[str, Any], credentials: Credentials) -> Call:
    """A call with the app's keys."""
    headers = {
        "Content-Type": "application/json;charset=UTF-8",
        "x-access-key": credentials.get("secret_key", ""),
        "sys_code": "901",
    }
    return Call(f"/openapi/{interface}", {**body, "appkey": credentials.get("appkey", ""), "lang": "_en_US"}, headers)


def _answered(post: Post, credentials: Credentials, interface: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return ENVELOPE.classify_response(interface, post(interface, _keyed(interface, body, credentials)))


def _login_tokens(post: Post, credentials: Credentials) -> Tokens:
    body = {"user_account": credentials["login"], "user_password": credentials.get("password", "")}
    result = result_of(_answered(post, credentials, LOGIN, body), LOGIN)
    state, token = names.key(result.get("login_state")), names.text(result.get("token"), _LONGEST_LOGIN_TOKEN)
    # A wrong password is answered as a success; only the state tells.
    if (refusal := login_refusal(state)) is not None:
        raise refusal
    if token is None:
        raise LoginRefused(f"{LABEL} answered {LOGIN} without a token (login_state {state}); check the account if this repeats")
    return Tokens(token, LOGIN_LIFE_S)


def _granted_tokens(
    post: Post, credentials: Credentials, interface: str, body: Mapping[str, Any], refresh_token: str | None
) -> Tokens:
    """Tokens at the top level or else in `result_data`; a refresh token that is not renewed stays the good one."""
    data = _answered(post, credentials, interface, body)
    result = data.get("result_data")
    nested = result if isinstance(result, dict) else {}
    granted = data if data.get("access_token") else nested
    access = names.text(granted.get("access_token"), _LONGEST_GRANT_TOKEN)
    if access is None:
        raise grant_refusal(names.key(nested.get("code")), interface)
    kept = names.text(granted.get("refresh_token"), _LONGEST_GRANT_TOKEN) or refresh_token
    lives_s = max(0.0, _granted_life_s(granted.get("expires_in")) - RENEWED_EARLIER_S)
    return Tokens(access, lives_s, {"refresh_token": kept} if kept else {})


def _granted_life_s(reported: object) -> float:
    seconds = numbers.number(reported)
    return LONGEST_GRANT_LIFE_S if seconds is None or math.isnan(seconds) else min(seconds, LONGEST_GRANT_LIFE_S)
