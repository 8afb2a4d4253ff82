"""One judge of refusals for all vendors: which row of a table speaks, and the sentence that it becomes."""

import json

import pytest

from include.core.errors import TryLater
from include.sources.clouds.errors import (
    LoginRefused,
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    TokenFault,
    TokenRejected,
    Unanswerable,
    UnknownRefusal,
)
from include.sources.clouds.http import Reply
from include.sources.clouds.refusals import ADVICE, Envelope, Refusal, is_same_refusal

KINDS = (TokenEnded, RateLimited, QuotaExhausted, Rejected, NotPermitted, MemberRefused, Unanswerable, TryLater)
SUCCESS = {"code": 0, "rows": []}


def envelope(*refusals, **more):
    """The envelope of a vendor whose code 0 is a success."""
    form = {"is_success": lambda code, data: code == "0", "no_refusals": frozenset({"0"}), **more}
    return Envelope(label="Acme Sun", code="code", message="msg", refusals=refusals, **form)


def reply(body, status=200):
    return Reply(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_refusal_is_a_sentence_with_interface_code_words_message_and_advice():
    error = envelope(Refusal(("7",), Unanswerable, "no such plant")).judge("7", "plant/list", "Plant 3 is gone.")

    assert type(error) is Unanswerable
    assert str(error) == "Acme Sun answered plant/list with 7 (no such plant: Plant 3 is gone.); it is not asked again"


def test_a_refusal_without_a_message_says_what_the_code_means():
    error = envelope(Refusal(("7",), NotPermitted, "not yours", "ask the owner")).judge("7", "plant/list")

    assert str(error) == "Acme Sun answered plant/list with 7 (not yours); ask the owner"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_refusal_has_its_usual_advice(kind):
    error = envelope(Refusal(("7",), kind, "no")).judge("7", "plant/list")

    assert type(error) is kind
    assert str(error).endswith(f" with 7 (no); {ADVICE[kind]}")


def test_the_first_row_that_fits_counts():
    judge = envelope(
        Refusal(("7", "8"), RateLimited, "too often here", after_s=300.0, interfaces=frozenset({"plant/now"})),
        Refusal(("8",), Unanswerable, "only without the word"),
        Refusal(("7",), RateLimited, "too often", after_s=65.0),
    ).judge

    assert [judge("7", interface).after_s for interface in ("plant/now", "plant/list")] == [300, 65]
    assert type(judge("8", "plant/now")) is RateLimited
    assert type(judge("8", "plant/list")) is Unanswerable


@pytest.mark.parametrize(
    ("message", "kind"),
    [("Device 7 is NOT BOUND to it", Unanswerable), ("not bound", Unanswerable), ("bound", UnknownRefusal), ("", UnknownRefusal)],
)
def test_a_row_that_wants_words_of_the_vendor_finds_them_in_any_case(message, kind):
    judge = envelope(Refusal(("7",), Unanswerable, "no device of it", message_has="not bound")).judge

    assert type(judge("7", "plant/list", message)) is kind


def test_a_row_that_wants_words_finds_them_in_the_code_too():
    judge = envelope(Refusal((), RateLimited, "too often", message_has="too_frequent", after_s=60.0)).judge

    assert type(judge("E_TOO_FREQUENT", "plant/list")) is RateLimited


def test_a_row_without_codes_speaks_of_any_code():
    judge = envelope(Refusal((), TokenEnded, "the token has ended", message_has="auth invalid")).judge

    assert type(judge("31337", "plant/list", "auth invalid token")) is TokenEnded
    assert type(judge("31337", "plant/list", "server error")) is UnknownRefusal


def test_a_code_that_no_row_knows_is_asked_again_ever_more_rarely_and_named():
    error = envelope(Refusal(("7",), Rejected, "no")).judge("31337", "plant/list", "Oops")

    assert type(error) is UnknownRefusal
    assert error.after_s is None
    assert str(error) == "Acme Sun answered plant/list with 31337 (a code that is not known: Oops); ask again ever more rarely"


@pytest.mark.parametrize("kind", [NotPermitted, Unanswerable, MemberRefused, Rejected])
def test_what_a_login_may_not_or_does_not_understand_rejects_the_account(kind):
    judge = envelope(
        Refusal(("7",), kind, "no", "ask the owner" if kind is NotPermitted else None), logins=frozenset({"in"})
    ).judge

    assert type(judge("7", "in")) is Rejected
    assert str(judge("7", "in")) == f"Acme Sun answered in with 7 (no); {ADVICE[Rejected]}"
    assert type(judge("7", "plant/list")) is kind


def test_the_advice_for_an_interface_does_not_help_at_the_login():
    judge = envelope(Refusal(("7",), NotPermitted, "no", "ask the owner"), logins=frozenset({"in"})).judge

    assert str(judge("7", "in")).endswith(f"; {ADVICE[Rejected]}")
    assert str(judge("7", "plant/list")).endswith("; ask the owner")


@pytest.mark.parametrize("kind", [RateLimited, QuotaExhausted, TryLater])
def test_what_passes_by_itself_passes_at_the_login_too(kind):
    error = envelope(Refusal(("7",), kind, "no", after_s=60.0), logins=frozenset({"in"})).judge("7", "in")

    assert type(error) is kind
    assert error.after_s == 60


def test_a_success_is_its_json_object():
    assert envelope().classify_response("plant/list", reply(SUCCESS)) == SUCCESS


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("code", [7, "7"])
def test_a_code_counts_as_number_and_as_text_whatever_the_status(code, status):
    with pytest.raises(Unanswerable, match=r"with 7 \(no such plant: Plant 3 is gone\)"):
        envelope(Refusal(("7",), Unanswerable, "no such plant")).classify_response(
            "plant/list", reply({"code": code, "msg": "Plant 3\r\n is gone"}, status)
        )


def test_a_message_is_cut_at_two_hundred_characters():
    with pytest.raises(TryLater) as caught:
        envelope().classify_response("plant/list", reply({"code": 7, "msg": "x" * 5000}))

    assert str(caught.value).count("x") == 200


@pytest.mark.parametrize("message", [None, 3, ["x"], "\x00"])
def test_a_message_that_is_no_text_is_left_out(message):
    with pytest.raises(TryLater, match=r"with 7 \(a code that is not known\); ask again ever more rarely$"):
        envelope().classify_response("plant/list", reply({"code": 7, "msg": message}))


@pytest.mark.parametrize(("status", "kind", "after_s"), [(429, RateLimited, 60), (403, RateLimited, 60), (502, TryLater, None)])
@pytest.mark.parametrize("body", [b"<html>", {"error": "busy"}, SUCCESS])
def test_where_the_vendor_does_not_refuse_the_status_of_its_gateway_counts(body, status, kind, after_s):
    with pytest.raises(kind, match=r"^Acme Sun") as caught:
        envelope().classify_response("plant/list", reply(body, status))

    assert type(caught.value) is kind
    assert caught.value.after_s == after_s


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"7", b'{"code":0,"ro', b'{"code":0,"rows":NaN}'])
def test_what_is_no_json_object_is_asked_again_with_its_size_said(body):
    with pytest.raises(TryLater) as caught:
        envelope().classify_response("plant/list", reply(body))

    assert str(caught.value) == (
        f"Acme Sun answered plant/list with HTTP 200 and {len(body)} bytes that are no JSON object; ask again"
    )


@pytest.mark.parametrize("body", [{}, {"code": None}, {"code": True}, {"code": [0]}, {"rows": []}])
def test_neither_a_success_nor_a_refusal_is_asked_again(body):
    with pytest.raises(TryLater, match=r"^Acme Sun answered plant/list with HTTP 200 and neither a success nor a refusal"):
        envelope().classify_response("plant/list", reply(body))


def test_a_code_that_refuses_nothing_is_still_no_success_by_itself():
    judge = envelope(is_success=lambda code, data: data.get("done") is True)

    assert judge.classify_response("plant/list", reply({"code": 0, "done": True})) == {"code": 0, "done": True}
    with pytest.raises(TryLater, match="neither a success nor a refusal"):
        judge.classify_response("plant/list", reply({"code": 0, "done": False}))


def test_a_platform_that_breaks_down_is_heard_before_its_status_and_after_its_codes():
    def fault(interface, data, sentence):
        return TokenEnded(f"{sentence}; {interface} broke down") if "trace" in data else None

    judge = envelope(Refusal(("7",), Unanswerable, "no"), fault=fault)

    with pytest.raises(TokenEnded, match=r"^Acme Sun answered plant/list with HTTP 500; plant/list broke down$"):
        judge.classify_response("plant/list", reply({"trace": "x"}, 500))
    with pytest.raises(Unanswerable):
        judge.classify_response("plant/list", reply({"code": 7, "trace": "x"}, 500))


@pytest.mark.parametrize("status", [200, 400])
def test_a_code_that_says_no_rows_is_a_success_whatever_the_status(status):
    answer = {"code": "404", "msg": "no records"}

    assert envelope(empty=frozenset({"404"})).classify_response("plant/list", reply(answer, status)) == answer


@pytest.mark.parametrize("body", [b"", b"<html>", {"error": "Unauthorized"}])
def test_the_status_401_wants_a_new_token_and_at_the_login_is_a_refused_one(body):
    judge = envelope(logins=frozenset({"in"}))

    with pytest.raises(TokenEnded, match=r"^Acme Sun answered plant/list with HTTP 401 \(.+\); log in again"):
        judge.classify_response("plant/list", reply(body, 401))
    with pytest.raises(LoginRefused, match=r"^Acme Sun answered in with HTTP 401; correct login"):
        judge.classify_response("in", reply(body, 401))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"success": False, "msg": "bad token"}, 200),
        ({"code": "x", "msg": "token"}, 200),
        ({"success": False, "reason": "nope"}, 200),
        ({"code": "Who are you?"}, 200),
        ({"code": 31337}, 400),
        (b"no", 400),
    ],
)
def test_a_login_without_a_success_is_refused_whatever_the_text(body, status):
    with pytest.raises(LoginRefused, match="correct login"):
        envelope(logins=frozenset({"in"})).classify_response("in", reply(body, status))


@pytest.mark.parametrize("body", [b"<html>", b"", {"error": "busy"}])
def test_a_platform_that_is_down_refuses_no_login(body):
    with pytest.raises(TryLater) as caught:
        envelope(logins=frozenset({"in"})).classify_response("in", reply(body, 502))

    assert type(caught.value) is TryLater


@pytest.mark.parametrize(("kind", "meaning"), [(TokenEnded, LoginRefused), (TokenFault, LoginRefused)])
def test_no_login_ends_a_token(kind, meaning):
    judge = envelope(Refusal(("7",), kind, "the token has ended"), logins=frozenset({"in"})).judge

    assert type(judge("7", "in")) is meaning


@pytest.mark.parametrize("body", [{"code": 31337}, {"code": "Unauthorized"}, b"", {"message": "jwt expired"}])
def test_a_401_is_an_ended_token_whatever_the_body_says(body):
    with pytest.raises(TokenRejected):
        envelope().classify_response("plant/list", reply(body, 401))


@pytest.mark.parametrize("body", [{"error": "invalid_token"}, {"success": False, "reason": "Token!"}, {"code": "TOKEN_EXPIRED"}])
def test_a_bad_token_is_worth_a_new_one_in_whatever_words_it_is_told(body):
    with pytest.raises(TokenFault):
        envelope().classify_response("plant/list", reply(body))


def test_a_row_may_be_about_one_status_only():
    judge = envelope(Refusal(("7",), TokenFault, "down", status=500), Refusal(("7",), TryLater, "down"))

    for status, kind in ((500, TokenFault), (200, TryLater)):
        with pytest.raises(TryLater) as caught:
            judge.classify_response("plant/list", reply({"code": 7}, status))
        assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("code", "message", "is_same"),
    [
        ("7", "Site 4, request 5f3a-b2 at 12:01", True),
        ("7", "", True),
        ("8", "Site 4, request 77c1-00 at 11:56", False),
    ],
)
def test_a_refusal_is_the_same_as_before_whatever_the_vendor_adds_to_its_code(code, message, is_same):
    judge = envelope(Refusal(("7", "8"), RateLimited, "too often")).judge
    before = str(judge("7", "plant/now", "Site 4, request 77c1-00 at 11:56"))

    assert is_same_refusal(before, str(judge(code, "plant/now", message))) == is_same
    assert not is_same_refusal(before, str(judge(code, "plant/list", message)))
    assert not is_same_refusal(None, before)
