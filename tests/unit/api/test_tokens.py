"""AccessTokens: one good one is read, and none of many bad ones."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from api.tokens import AccessTokens, BadToken
from include.core.errors import NeedsHuman
from include.warehouse.api_session import CurrentUser

KEY = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
T = int(NOW.timestamp())
TOKENS = AccessTokens(KEY, minutes=15)
GOOD_HEADER = {"alg": "HS256", "typ": "at+jwt"}
GOOD_CLAIMS = {
    "iss": "heliograph", "aud": "heliograph-api", "sub": "7", "tenant": 3, "generation": 2,
    "iat": T, "nbf": T, "exp": T + 900, "jti": "a" * 32,
}  # fmt: skip


def b64(part) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header=None, claims=None, *, key=KEY, digest=hashlib.sha256) -> str:
    head = b64(GOOD_HEADER if header is None else header)
    body = b64(GOOD_CLAIMS if claims is None else claims)
    return f"{head}.{body}.{b64(hmac.digest(key.encode(), f'{head}.{body}'.encode(), digest))}"


def with_claims(**changes) -> str:
    return signed(claims={name: value for name, value in (GOOD_CLAIMS | changes).items() if value != "absent"})


def with_header(**changes) -> str:
    return signed(header={name: value for name, value in (GOOD_HEADER | changes).items() if value != "absent"})


GOOD = signed()
HEAD, BODY, MAC = GOOD.split(".")
BAD = {
    "empty": "",
    "a word": "token",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{GOOD}.x",
    "alg none": f"{b64({'alg': 'none', 'typ': 'at+jwt'})}.{BODY}.",
    "alg None": f"{b64({'alg': 'None', 'typ': 'at+jwt'})}.{BODY}.",
    "alg nOnE": f"{b64({'alg': 'nOnE', 'typ': 'at+jwt'})}.{BODY}.{MAC}",
    "alg absent": with_header(alg="absent"),
    "alg null": with_header(alg=None),
    "alg HS384": signed(header={"alg": "HS384", "typ": "at+jwt"}, digest=hashlib.sha384),
    "alg HS512": signed(header={"alg": "HS512", "typ": "at+jwt"}, digest=hashlib.sha512),
    "alg RS256, our key as public key": with_header(alg="RS256"),
    "alg EdDSA": with_header(alg="EdDSA"),
    "empty signature": f"{HEAD}.{BODY}.",
    "signature shortened": GOOD[:-4],
    "signature altered": f"{HEAD}.{BODY}.{'A' if MAC[0] != 'A' else 'B'}{MAC[1:]}",
    "body altered": f"{HEAD}.{b64(GOOD_CLAIMS | {'tenant': 4})}.{MAC}",
    "header altered": f"{b64(GOOD_HEADER | {'typ': 'AT+JWT'})}.{BODY}.{MAC}",
    "another key": signed(key="another key of thirty-two bytes!!"),
    "empty key": signed(key=""),
    "typ JWT": with_header(typ="JWT"),
    "typ absent": with_header(typ="absent"),
    "typ of a refresh token": with_header(typ="rt+jwt"),
    "kid of another place": with_header(kid="../../../../dev/null"),
    "kid with SQL": with_header(kid="' UNION SELECT 'x"),
    "jku": with_header(jku="https://elsewhere.example/keys"),
    "jwk": with_header(jwk={"kty": "oct", "k": "eA"}),
    "x5u": with_header(x5u="https://elsewhere.example/cert"),
    "crit": with_header(crit=["exp"]),
    "unencoded body": with_header(b64=False, crit=["b64"]),
    "exp absent": with_claims(exp="absent"),
    "iat absent": with_claims(iat="absent"),
    "nbf absent": with_claims(nbf="absent"),
    "iss absent": with_claims(iss="absent"),
    "aud absent": with_claims(aud="absent"),
    "sub absent": with_claims(sub="absent"),
    "jti absent": with_claims(jti="absent"),
    "tenant absent": with_claims(tenant="absent"),
    "another issuer": with_claims(iss="elsewhere"),
    "another audience": with_claims(aud="elsewhere"),
    "two audiences": with_claims(aud=["heliograph-api", "elsewhere"]),
    "expired this second": with_claims(exp=T, nbf=T - 900, iat=T - 900),
    "expired 60 s ago": with_claims(exp=T - 60, nbf=T - 960, iat=T - 960),
    "valid in 60 s": with_claims(nbf=T + 60, exp=T + 900),
    "issued in 60 s": with_claims(iat=T + 60),
    "lives too long": with_claims(exp=T + 901),
    "lives for ever": with_claims(exp=2**62),
    "exp text": with_claims(exp=str(T + 900)),
    "exp float": with_claims(exp=T + 900.5),
    "exp 1e308": signed(claims=json.dumps(GOOD_CLAIMS).replace(str(T + 900), "1e308").encode()),
    "exp NaN": with_claims(exp=float("nan")),
    "exp Infinity": with_claims(exp=float("inf")),
    "exp true": with_claims(exp=True),
    "exp null": with_claims(exp=None),
    "exp negative": with_claims(exp=-1),
    "iat text": with_claims(iat=str(T)),
    "iat before the calendar": with_claims(iat=-(10**12)),
    "iat after the calendar": with_claims(iat=10**15),
    "iat of two thousand years": with_claims(iat=-T),
    "iat of a thousand digits": with_claims(iat=-(10**1000)),
    "iat 1e308": signed(claims=json.dumps(GOOD_CLAIMS).replace(f'"iat": {T}', '"iat": -1e308').encode()),
    "iat after nbf": with_claims(iat=T + 1, nbf=T),
    "exp of a thousand digits": with_claims(exp=10**1000),
    "nbf of a thousand digits": with_claims(nbf=-(10**1000)),
    "sub of a thousand digits": with_claims(sub="9" * 1000),
    "sub with a sign": with_claims(sub="+7"),
    "sub with a space": with_claims(sub=" 7"),
    "generation absent": with_claims(generation="absent"),
    "generation text": with_claims(generation="2"),
    "generation zero": with_claims(generation=0),
    "generation too large": with_claims(generation=2**31),
    "generation float": with_claims(generation=2.0),
    "nbf list": with_claims(nbf=[T]),
    "sub number": with_claims(sub=7),
    "sub a name": with_claims(sub="admin"),
    "sub zero": with_claims(sub="0"),
    "sub negative": with_claims(sub="-7"),
    "sub too large": with_claims(sub=str(2**31)),
    "sub with SQL": with_claims(sub="7 OR 1=1"),
    "sub in other digits": with_claims(sub="٧"),
    "sub empty": with_claims(sub=""),
    "tenant text": with_claims(tenant="3"),
    "tenant true": with_claims(tenant=True),
    "tenant float": with_claims(tenant=3.0),
    "tenant null": with_claims(tenant=None),
    "tenant list": with_claims(tenant=[3]),
    "jti number": with_claims(jti=1),
    "claims a list": signed(claims=[1]),
    "claims a text": signed(claims=b'"x"'),
    "claims not JSON": signed(claims=b"{"),
    "claims not UTF-8": signed(claims=b"\xff\xfe"),
    "tenant twice": signed(claims=json.dumps(GOOD_CLAIMS).replace('"tenant": 3', '"tenant": 4, "tenant": 3').encode()),
    "alg twice": signed(header=b'{"alg":"none","alg":"HS256","typ":"at+jwt"}'),
    "deeply nested": signed(claims=b"[" * 800 + b"]" * 800),
    "huge": with_claims(padding="x" * 5000),
    "white space": f" {GOOD}",
    "line break": f"{GOOD}\n",
    "nul": f"{GOOD}\x00",
    "not ASCII": f"{GOOD}é",
}


def test_an_unaltered_current_token_is_read():
    assert TOKENS.read(GOOD, now=NOW) == CurrentUser(user_id=7, tenant_id=3, generation=2)


def test_there_are_at_least_forty_bad_tokens_and_all_differ():
    assert len(set(BAD.values())) == len(BAD) >= 40


@pytest.mark.parametrize("case", BAD)
def test_a_bad_token_is_refused(case):
    with pytest.raises(BadToken):
        TOKENS.read(BAD[case], now=NOW)


def test_a_token_of_ours_is_read_until_it_expires():
    user = CurrentUser(user_id=7, tenant_id=3, generation=2)
    token = TOKENS.issue(user, now=NOW)

    assert TOKENS.read(token, now=NOW + timedelta(seconds=899)) == user
    with pytest.raises(BadToken, match="expired"):
        TOKENS.read(token, now=NOW + timedelta(seconds=900))


@pytest.mark.parametrize("key", ["", "short", "x" * 31])
def test_a_key_of_less_than_thirty_two_bytes_is_refused_with_what_to_set(key):
    with pytest.raises(NeedsHuman, match="HELIOGRAPH_JWT_SECRET"):
        AccessTokens(key, minutes=15)
