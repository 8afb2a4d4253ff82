"""Logging in at Deye: what is sent, whose token it is, how long it is kept."""

import hashlib

import pytest

from include.core.pulls import Tokens
from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.errors import Rejected
from include.sources.clouds.http import Reply
from tests.unit.sources.clouds.deye.builders import ACCOUNT, FLEET, ok


def test_the_login_sends_the_digest_of_the_password_and_strips_the_bearer():
    calls = []

    def post(interface, call):
        calls.append(call)
        return Reply(200, {}, ok(accessToken="Bearer abc", expiresIn="172801"))

    tokens = CLOUD.log_in(post, {**ACCOUNT, "company_id": "12", "app_id": "a/b&c"}, None)

    assert calls[0].path == "/v1.0/account/token?appId=a%2Fb%26c"
    assert calls[0].body == {
        "appSecret": "deyesecret",
        "email": "a@example.org",
        "password": hashlib.sha256(b"deyepass").hexdigest(),
        "companyId": 12,
    }
    assert tokens == Tokens("abc", 86_401.0)


@pytest.mark.parametrize(("companies", "outcome"), [([], "personal"), ([1, 2], "1 (firm), 2 (firm)"), ([3], "of 3")])
def test_no_company_means_the_person_and_several_are_listed_to_choose_from(companies, outcome):
    def post(interface, call):
        if interface == "account/info":
            return Reply(200, {}, ok(orgInfoList=[{"companyId": key, "companyName": "firm"} for key in companies]))
        company = call.body.get("companyId")
        return Reply(200, {}, ok(accessToken="personal" if company is None else f"of {company}", expiresIn="5183999"))

    if len(companies) > 1:
        with pytest.raises(Rejected, match=r"1 \(firm\), 2 \(firm\)"):
            CLOUD.log_in(post, ACCOUNT, None)
    else:
        assert CLOUD.log_in(post, ACCOUNT, None).access == outcome


@pytest.mark.parametrize(
    ("expires_in", "lives_s"), [("5183999", 4_320_000), (3600, 1800), ("259200", 172_800), (None, 43_200), ("soon", 43_200)]
)
def test_a_token_is_renewed_before_it_ends(expires_in, lives_s):
    reply = Reply(200, {}, ok(accessToken="abc", expiresIn=expires_in))

    tokens = CLOUD.log_in(lambda interface, call: reply, {**ACCOUNT, "company_id": "1"}, None)

    assert tokens.lives_s == lives_s


def test_a_missing_field_is_named():
    with pytest.raises(Rejected, match="app_secret"):
        CLOUD.log_in(lambda interface, call: None, {**ACCOUNT, "app_secret": " "}, None)


def test_rate_limits_stay_below_those_of_the_platform():
    assert {(limit.interface, limit.calls, limit.window_s) for limit in CLOUD.rate_limits({}, FLEET)} == {
        ("*", 250, 10),
        ("*", 2, 1),
        ("*", 45_000, 86_400),
        ("account/token", 5, 600),
    }
