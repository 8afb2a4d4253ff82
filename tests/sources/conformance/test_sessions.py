"""An ended token is replaced once, pages are followed until all rows are there, and no answer brings a secret to light."""

import json
from typing import Any

import pytest

from include.core.errors import HeliographError, TryLater
from include.core.vendors import VENDORS
from include.sources.clouds.cloud import Answer
from include.sources.clouds.errors import Contested
from include.sources.clouds.http import Call, Reply
from include.sources.clouds.registry import CLOUDS
from include.sources.clouds.session import Session
from tests.sources.conformance.accounts import CREDENTIALS, SECRETS, is_log_in
from tests.sources.conformance.payloads import Payload, payloads, refusals
from tests.unit.sources.clouds.fakes import FreeBudget, MemoryTokens

TOKENED = [vendor for vendor in VENDORS if any(refusal["means"] == "token_ended" for refusal in refusals(vendor))]
"""Vendors whose tokens end; the others let in with a key that stays."""
PAGED = [payload for payload in payloads("fleet", "plants", "devices", "alarms") if payload.name.endswith("-page-1")]


class PreparedHttp:
    """Answers log-ins with the vendor's success, anything else with the prepared replies in turn."""

    def __init__(self, vendor: str, *replies: Reply) -> None:
        self._replies = list(replies)
        self.calls: list[Call] = []
        granted = {refusal["interface"]: refusal for refusal in reversed(refusals(vendor)) if refusal["means"] == "success"}
        self._granted = {interface: refusal for interface, refusal in granted.items() if is_log_in(interface)}

    def send(self, call: Call, *, base_url: str | None = None) -> Reply:
        self.calls.append(call)
        for interface, refusal in self._granted.items():
            if call.path.partition("?")[0].endswith(f"/{interface}"):
                return Reply(200, {"xsrf-token": "t-1"}, json.dumps(refusal["body"]).encode())
        return self._replies.pop(0)


def opened(vendor: str, *replies: Reply) -> tuple[Session, MemoryTokens]:
    tokens = MemoryTokens()
    http: Any = PreparedHttp(vendor, *replies)
    return Session(CLOUDS[vendor], http, CREDENTIALS, tokens=tokens, budget=FreeBudget()), tokens


def ended(vendor: str) -> Reply:
    refusal = next(refusal for refusal in refusals(vendor) if refusal["means"] == "token_ended")
    return Reply(refusal["http_status"], {}, json.dumps(refusal["body"]).encode())


def any_payload(vendor: str) -> Payload:
    return next(payload for payload in payloads("devices") if payload.vendor == vendor)


@pytest.mark.parametrize("vendor", TOKENED)
def test_an_ended_token_is_replaced_once_and_the_call_repeated(vendor: str) -> None:
    payload = any_payload(vendor)
    session, tokens = opened(vendor, ended(vendor), Reply(200, {}, payload.raw))

    answer = session.post(payload.request.interface, payload.request.body)

    assert (answer.raw, tokens.login_count) == (payload.raw, 2)


@pytest.mark.parametrize("vendor", TOKENED)
def test_a_token_that_ends_at_once_means_that_another_program_uses_the_account(vendor: str) -> None:
    payload = any_payload(vendor)
    session, tokens = opened(vendor, ended(vendor), ended(vendor))

    with pytest.raises(Contested, match="another program"):
        session.post(payload.request.interface, payload.request.body)

    assert tokens.login_count == 2


class PreparedPages:
    """Gives the pages of a list in turn."""

    credentials = CREDENTIALS

    def __init__(self, vendor: str, *pages: bytes) -> None:
        self._cloud = CLOUDS[vendor]
        self._pages = list(pages)

    def post(self, interface: str, body: object, *, subject: str | None = None) -> Answer:
        raw = self._pages.pop(0)
        return Answer(raw, self._cloud.classify_response(interface, Reply(200, {}, raw)))


def second_page(payload: Payload) -> bytes:
    return payload.path(".json").with_name(f"{payload.name.removesuffix('1')}2.json").read_bytes()


@pytest.mark.parametrize("payload", PAGED, ids=str)
def test_pages_are_followed_until_all_rows_are_there(payload: Payload) -> None:
    pages = (payload.raw, second_page(payload))

    answers = CLOUDS[payload.vendor].fetch(PreparedPages(payload.vendor, *pages), payload.request)

    assert [answer.raw for answer in answers] == list(pages)


@pytest.mark.parametrize("payload", PAGED, ids=str)
def test_a_page_that_comes_twice_is_no_shorter_list(payload: Payload) -> None:
    with pytest.raises(TryLater, match="ask again"):
        CLOUDS[payload.vendor].fetch(PreparedPages(payload.vendor, payload.raw, payload.raw), payload.request)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_message_that_repeats_a_secret_does_not_bring_it_to_light(vendor: str) -> None:
    refusal = next(
        one for one in refusals(vendor) if one["means"] in {"rejected", "unanswerable"} and not is_log_in(one["interface"])
    )
    names = ("message", "result_msg", "msg", "detail", "error_msg")
    body = refusal["body"] | dict.fromkeys(names, f"you sent {' '.join(SECRETS)}")
    payload = any_payload(vendor)
    session, _ = opened(vendor, Reply(200, {}, json.dumps(body).encode()))

    with pytest.raises(HeliographError) as caught:
        session.post(payload.request.interface, payload.request.body)

    known = {CREDENTIALS[field.name] for field in VENDORS[vendor].fields if field.is_secret}
    assert [secret for secret in known if secret in str(caught.value)] == []
    assert "***" in str(caught.value)
