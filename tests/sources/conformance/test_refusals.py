"""Every code that a vendor is known to answer with leads to the right next step."""

import json

import pytest

from include.core.errors import HeliographError, TryLater
from include.core.pulls import Tokens
from include.core.vendors import VENDORS
from include.sources.clouds.errors import (
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    Unanswerable,
)
from include.sources.clouds.http import Reply
from include.sources.clouds.registry import CLOUDS
from tests.sources.conformance import known_differences
from tests.sources.conformance.accounts import CREDENTIALS, is_log_in
from tests.sources.conformance.payloads import refusals

MEANINGS = {
    QuotaExhausted: "quota_exhausted",
    RateLimited: "rate_limited",
    TokenEnded: "token_ended",
    Rejected: "rejected",
    NotPermitted: "not_permitted",
    Unanswerable: "unanswerable",
    TryLater: "try_later",
}
"""The more special first."""


def every_refusal() -> list:
    found = []
    for vendor in VENDORS:
        for number, refusal in enumerate(refusals(vendor)):
            body = refusal["body"]
            code = next(
                (str(body[name]) for name in ("failCode", "result_code", "code") if name in body), str(refusal["http_status"])
            )
            reason = known_differences.REFUSALS.get((vendor, refusal["interface"], code))
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            found.append(pytest.param(vendor, refusal, id=f"{vendor}-{refusal['interface']}-{code}-{number}", marks=marks))
    return found


@pytest.mark.parametrize(("vendor", "refusal"), every_refusal())
def test_an_answer_leads_to_the_next_step_that_it_means(vendor: str, refusal: dict) -> None:
    reply = Reply(refusal["http_status"], {"xsrf-token": "t-1"}, json.dumps(refusal["body"]).encode())

    assert outcome(vendor, refusal["interface"], reply) == refusal["means"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_refusal_names_the_vendor_the_interface_and_what_to_do(vendor: str) -> None:
    cloud = CLOUDS[vendor]
    for refusal in refusals(vendor):
        if refusal["means"] == "success" or is_log_in(refusal["interface"]):
            continue
        with pytest.raises(HeliographError) as caught:
            cloud.classify_response(refusal["interface"], Reply(refusal["http_status"], {}, json.dumps(refusal["body"]).encode()))
        sentence = str(caught.value)
        assert cloud.vendor.label in sentence
        assert ";" in sentence, f"no next action: {sentence}"


def outcome(vendor: str, interface: str, reply: Reply) -> str:
    cloud, post = CLOUDS[vendor], lambda _interface, _call: reply
    try:
        if not is_log_in(interface):
            cloud.classify_response(interface, reply)
        elif interface.endswith("refreshToken"):
            cloud.log_in(post, without_login(), Tokens("a", 1, {"refresh_token": "r"}))
        elif interface.endswith("apiManage/token"):
            cloud.authorize(post, without_login(), "code")
        elif interface.endswith("info"):
            cloud.classify_response(interface, reply)
        else:
            cloud.log_in(post, CREDENTIALS, None)
    except HeliographError as error:
        return next(meaning for kind, meaning in MEANINGS.items() if isinstance(error, kind))
    return "success"


def without_login() -> dict[str, str]:
    return {name: value for name, value in CREDENTIALS.items() if name != "login"}
