"""Access tokens: signed, short-lived, of one type; the only source of who asks and for which tenant."""

import base64
import json
import uuid
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import jwt

from include.core.errors import NeedsHuman, Refused
from include.warehouse.api_session import CurrentUser

ISSUER: Final = "heliograph"
AUDIENCE: Final = "heliograph-api"
SHORTEST_KEY: Final = 32
_LONGEST_TOKEN: Final = 2048
_HEADER: Final = {"alg": "HS256", "typ": "at+jwt"}
_CLAIMS: Final = ("exp", "iat", "nbf", "iss", "aud", "sub", "jti", "tenant", "generation")
_LARGEST_ID: Final = 2**31 - 1
_REMEMBERED: Final = 10_000


class BadToken(Refused):
    """The token was not issued by us, is not for us, is not an access token, or is no longer valid."""


class _Verified(NamedTuple):
    """Who a token of ours names, and the seconds since 1970 between which it is valid."""

    user: CurrentUser
    begins_at: int
    expires_at: int


class AccessTokens:
    """Issues and reads access tokens (JWT, HS256, RFC 9068 type)."""

    def __init__(self, key: str, *, minutes: int) -> None:
        """Take the signing key; raises `NeedsHuman` when it has fewer than 32 bytes or tokens would live no time."""
        if len(key.encode()) < SHORTEST_KEY:
            raise NeedsHuman(
                f"the key that signs tokens has {len(key.encode())} bytes; set HELIOGRAPH_JWT_SECRET to {SHORTEST_KEY} random "
                "bytes or more, for instance from `python -c 'import secrets; print(secrets.token_urlsafe(48))'`"
            )
        if minutes < 1:
            raise NeedsHuman(f"HELIOGRAPH_TOKEN_MINUTES={minutes} leaves no token valid; set it to 1 or more")
        self._key = key.encode()
        self.lifetime_s = minutes * 60
        # The same text is verified once; its times are judged at each request.
        self._verified = lru_cache(_REMEMBERED)(self._verify)

    def issue(self, user: CurrentUser, *, now: datetime) -> str:
        """Sign a token for a user."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user.user_id),
            "tenant": user.tenant_id,
            "generation": user.generation,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + self.lifetime_s,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode(claims, self._key, algorithm="HS256", headers=_HEADER)

    def read(self, token: str, *, now: datetime) -> CurrentUser:
        """Say who asks; raises `BadToken` for anything but an unaltered, current access token of ours."""
        if len(token) > _LONGEST_TOKEN:
            raise BadToken("the token is too long to be ours; log in again")
        found = self._verified(token)
        # Only whole numbers are compared, of any size: none is made an instant.
        if not found.begins_at <= now.timestamp() < found.expires_at:
            raise BadToken("the token has expired or is not valid yet; log in again")
        return found.user

    def _verify(self, token: str) -> "_Verified":
        try:
            if _strict_part(token, 0) != _HEADER:
                raise BadToken("the token is not an access token of this API; log in again")
            # The times are judged below: by our clock, and as whole numbers only.
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            # The JWT library lets the last of repeated claims win; what reads the log may take the first.
            if _strict_part(token, 1) != claims:
                raise BadToken("the token repeats a claim; log in again")
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise BadToken("the token is not valid; log in again") from error
        times = [claims[name] for name in ("iat", "nbf", "exp")]
        if not all(type(instant) is int for instant in times):
            raise BadToken("the times of the token are not whole numbers; log in again")
        issued_at, not_before, expires_at = times
        if not issued_at <= not_before or expires_at - issued_at > self.lifetime_s:
            raise BadToken("the token has expired or is not valid yet; log in again")
        if type(claims["aud"]) is not str or not isinstance(claims["jti"], str):
            raise BadToken("the token has claims of the wrong type; log in again")
        user = CurrentUser(
            user_id=_id(claims["sub"], kind=str),
            tenant_id=_id(claims["tenant"], kind=int),
            generation=_id(claims["generation"], kind=int),
        )
        return _Verified(user, not_before, expires_at)


def _id(value: object, *, kind: type) -> int:
    text = str(value)
    if type(value) is not kind or not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= _LARGEST_ID:
        raise BadToken("the token names nobody; log in again")
    return int(text)


def _strict_part(token: str, index: int) -> Any:  # noqa: ANN401 - any JSON value
    part = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_without_repeats)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is repeated")
    return found
