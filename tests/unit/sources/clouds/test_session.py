"""A conversation with one account: tokens that end, calls that are counted, secrets that stay hidden."""

import json
from types import SimpleNamespace

import pytest

from include.core.errors import HeliographError, Refused, TryLater
from include.core.pulls import Tokens
from include.core.vendors import AccountField, Vendor
from include.sources.clouds.errors import (
    Contested,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    TokenFault,
    TokenRejected,
)
from include.sources.clouds.http import Call, Reply
from include.sources.clouds.refusals import Envelope, Refusal
from include.sources.clouds.session import Session
from tests.unit.sources.clouds.fakes import FreeBudget, MemoryTokens

CREDENTIALS = {"login": "ops@example.org", "password": "Secret-password", "app_secret": "Secret-app", "pin": "123"}
FIELDS = (
    AccountField("login", "Login", "E-mail."),
    AccountField("password", "Password", "Of the account.", is_secret=True),
    AccountField("app_secret", "App secret", "Of the app.", is_secret=True),
    AccountField("pin", "Pin", "Of the app.", is_secret=True),
    AccountField("extra", "Extra", "Not given.", is_secret=True, is_required=False),
)
ENVELOPE = Envelope(
    label="Acme Sun",
    code="code",
    message="msg",
    is_success=lambda code, data: code == "0",
    no_refusals=frozenset({"0"}),
    refusals=(
        Refusal(("1",), TokenEnded, "the token has ended"),
        Refusal(("2",), RateLimited, "too often", after_s=60.0),
        Refusal(("3",), NotPermitted, "not yours"),
        Refusal(("4",), TokenFault, "down, or the token has ended"),
    ),
    logins=frozenset({"in"}),
)
GOOD, ENDED, TOO_OFTEN, DOUBTED = {"code": 0}, {"code": 1}, {"code": 2}, {"code": 4}
SHUT = Reply(401, {}, b"<html>")


class Acme:
    """A vendor that gives each call the next of these answers and remembers where it was called with which token."""

    def __init__(self, *answers, base_url=None):
        self.calls = []
        self.login_count = 0
        self._answers = list(answers)
        self._base_url = base_url
        self.cloud = SimpleNamespace(
            vendor=Vendor("acme", "Acme Sun", {}, FIELDS),
            log_in=self._log_in,
            authorize=None,
            sign=lambda interface, body, credentials, tokens: Call(f"/{interface}", body, {"token": tokens.access}),
            classify_response=ENVELOPE.classify_response,
        )

    def send(self, call, *, base_url=None):
        self.calls.append((call.path, call.headers.get("token"), base_url))
        answer = self._answers.pop(0)
        return answer if isinstance(answer, Reply) else Reply(200, {}, json.dumps(answer).encode())

    def _log_in(self, post, credentials, last):
        ENVELOPE.classify_response("in", post("in", Call("/in", credentials, {})))
        self.login_count += 1
        return Tokens(f"token-{self.login_count}", 60, base_url=self._base_url)


def opened(acme, tokens=None, *, budget=None):
    return Session(acme.cloud, acme, CREDENTIALS, tokens=tokens or MemoryTokens(), budget=budget or FreeBudget())


def test_a_session_logs_in_before_its_first_call_and_not_again():
    acme = Acme(GOOD, GOOD, {"code": 0, "rows": [1]})
    session = opened(acme)

    session.post("list", {})
    answer = session.post("list", {})

    assert acme.calls == [("/in", None, None), ("/list", "token-1", None), ("/list", "token-1", None)]
    assert (answer.data, answer.raw) == ({"code": 0, "rows": [1]}, b'{"code": 0, "rows": [1]}')


def test_a_token_that_has_ended_is_replaced_and_the_call_made_once_more():
    acme = Acme(GOOD, ENDED, GOOD, GOOD)

    opened(acme).post("list", {})

    assert [(path, token) for path, token, _ in acme.calls] == [
        ("/in", None),
        ("/list", "token-1"),
        ("/in", None),
        ("/list", "token-2"),
    ]


def test_a_token_that_ends_at_once_means_that_another_program_uses_the_account():
    acme, tokens = Acme(GOOD, ENDED, GOOD, ENDED), MemoryTokens()

    with pytest.raises(Contested, match="Acme Sun ended a token that had just been made") as caught:
        opened(acme, tokens).post("list", {})

    assert caught.value.after_s == 900
    assert len(acme.calls) == 4
    assert not tokens.is_good


def test_a_gateway_that_refuses_a_fresh_token_refuses_one_interface_and_the_others_go_on_with_the_token():
    acme = Acme(GOOD, SHUT, GOOD, SHUT, GOOD)
    session = opened(acme)

    with pytest.raises(TokenRejected, match="Acme Sun answered list with HTTP 401"):
        session.post("list", {})

    assert session.post("other", {}).data == GOOD
    assert acme.login_count == 2


def test_a_key_that_is_refused_is_not_shown_to_the_vendor_a_second_time():
    acme = Acme(SHUT, GOOD)
    acme.cloud.log_in = lambda post, credentials, last: Tokens(CREDENTIALS["app_secret"], 60)
    session = opened(acme)

    with pytest.raises(TokenRejected, match="Acme Sun answered list with HTTP 401"):
        session.post("list", {})

    assert session.post("other", {}).data == GOOD
    assert [path for path, *_ in acme.calls] == ["/list", "/other"]


def test_a_token_that_a_log_in_gives_once_more_is_tried_again():
    acme = Acme(SHUT, GOOD)
    acme.cloud.log_in = lambda post, credentials, last: Tokens("the one of this hour", 60)

    assert opened(acme).post("list", {}).data == GOOD


def test_one_new_login_is_all_that_a_gateway_gets_however_many_interfaces_it_shuts():
    acme = Acme(GOOD, SHUT, GOOD, SHUT, SHUT, SHUT)
    session = opened(acme)

    for interface in ("list", "now", "alarms"):
        with pytest.raises(TokenRejected):
            session.post(interface, {})

    assert acme.login_count == 2


def test_a_token_that_replaced_another_may_be_replaced_once_it_was_let_in():
    acme = Acme(GOOD, ENDED, GOOD, GOOD, ENDED, GOOD, GOOD)
    session = opened(acme)

    session.post("list", {})
    session.post("list", {})

    assert acme.login_count == 3


def test_a_fault_that_may_be_the_tokens_costs_one_login_and_is_then_the_vendors_own():
    acme, tokens = Acme(GOOD, DOUBTED, GOOD, DOUBTED, DOUBTED), MemoryTokens()
    session = opened(acme, tokens)

    for _ in range(2):
        with pytest.raises(TokenFault):
            session.post("list", {})

    assert acme.login_count == 2
    assert tokens.is_good


def test_calls_go_where_the_login_says_and_the_login_itself_does_not():
    acme = Acme(GOOD, GOOD, base_url="https://eu.acme.example")

    opened(acme).post("list", {})

    assert [(path, base_url) for path, _, base_url in acme.calls] == [("/in", None), ("/list", "https://eu.acme.example")]


def test_tokens_that_are_kept_keep_where_the_calls_go():
    acme = Acme(GOOD)

    opened(acme, MemoryTokens(Tokens("kept", 60, base_url="https://eu.acme.example"))).post("list", {})

    assert acme.calls == [("/list", "kept", "https://eu.acme.example")]


def test_every_call_is_counted_with_its_only_subject_before_it_is_made():
    acme, budget = Acme(GOOD, ENDED, GOOD, GOOD), FreeBudget()

    opened(acme, budget=budget).post("list", {}, subject="7")

    assert budget.calls == [("in", None), ("list", "7"), ("in", None), ("list", "7")]


def test_a_call_that_the_budget_forbids_is_not_made():
    class Spent:
        def spend(self, interface, subject=None):
            raise QuotaExhausted("used up")

    acme = Acme()

    with pytest.raises(QuotaExhausted):
        opened(acme, MemoryTokens(Tokens("kept", 60)), budget=Spent()).post("list", {})

    assert acme.calls == []


@pytest.mark.parametrize(("answers", "interface"), [([GOOD, TOO_OFTEN], "list"), ([TOO_OFTEN], "*")])
def test_a_limit_names_its_interface_and_at_the_login_all_of_them(answers, interface):
    with pytest.raises(RateLimited) as caught:
        opened(Acme(*answers)).post("list", {})

    assert (caught.value.interface, caught.value.after_s) == (interface, 60)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([GOOD, {"code": 3, "msg": "Secret-password of ops@example.org with Secret-app, 123"}], NotPermitted),
        ([{"code": 3, "msg": "Secret-password of ops@example.org with Secret-app, 123"}], Rejected),
        ([GOOD, {"code": 9, "msg": "Secret-password of ops@example.org with Secret-app, 123"}], TryLater),
    ],
)
def test_secrets_that_a_vendors_message_repeats_are_hidden(answers, kind):
    with pytest.raises(kind) as caught:
        opened(Acme(*answers)).post("list", {})

    # What is no secret may be shown; three characters stand in too many words to be taken out of them.
    assert "*** of ops@example.org with ***, 123" in str(caught.value)
    assert "Secret" not in repr(caught.value)


def test_secrets_are_hidden_where_only_a_login_is_made():
    with pytest.raises(HeliographError) as caught:
        opened(Acme({"code": 9, "msg": "bad Secret-password"})).log_in()

    assert str(caught.value) == (
        "Acme Sun answered in with 9 (a code that is not known: bad ***); correct login, "
        "password, app and region of the account if this repeats"
    )


def test_a_vendor_without_consents_trades_no_code():
    with pytest.raises(Refused, match="Acme Sun knows no consent by code; give the account's login and password"):
        opened(Acme()).trade("code01")


def test_a_code_is_traded_with_calls_that_are_counted():
    acme, budget = Acme(GOOD), FreeBudget()
    acme.cloud.authorize = lambda post, credentials, code: Tokens(f"{code} {post('trade', Call('/trade', {}, {})).status}", 60)

    tokens = opened(acme, budget=budget).trade("code01")

    assert (tokens.access, budget.interfaces) == ("code01 200", ["trade"])
