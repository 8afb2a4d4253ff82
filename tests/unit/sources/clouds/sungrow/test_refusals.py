import pytest

from include.core.errors import NeedsHuman, TryLater
from include.sources.clouds.errors import (
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    Unanswerable,
    UnknownRefusal,
)
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.unit.sources.clouds.sungrow.builders import reply


@pytest.mark.parametrize(
    ("code", "error", "after_s"),
    [
        ("E00003", TokenEnded, None), ("E901", RateLimited, 60), ("E999", QuotaExhausted, 3600), ("E998", QuotaExhausted, None),
        ("E916", RateLimited, 600), ("-1", TryLater, None), ("E994", TryLater, None), ("E997", TryLater, None),
        ("E903", TryLater, 600), ("E777", UnknownRefusal, None), ("000", TryLater, None), ("011", TryLater, None),
    ],
)  # fmt: skip
def test_a_code_that_passes_says_when_to_ask_again(code, error, after_s):
    with pytest.raises(TryLater) as refused:
        CLOUD.classify_response("getDeviceList", reply({"result_code": code, "result_msg": "", "result_data": None}))

    assert (type(refused.value), refused.value.after_s) == (error, after_s)


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ("E00000 E00001 E911 E912 E913 E914 E918 E919 E902 E904 E910", Rejected),
        ("E900", NotPermitted),
        ("009 010 001 002 003 E995 E996", Unanswerable),
    ],
)
def test_a_code_that_stays_is_told_apart_by_who_must_act(codes, error):
    for code in codes.split():
        with pytest.raises(error, match=f"getDeviceList with {code}") as refused:
            CLOUD.classify_response("getDeviceList", reply({"result_code": code, "result_msg": "er", "result_data": None}))
        assert isinstance(refused.value, NeedsHuman) == (error is not Unanswerable)


def test_a_request_that_is_not_understood_names_what_was_wrong_with_it():
    with pytest.raises(Unanswerable, match="er_parameter_value_invalid:points"):
        CLOUD.classify_response("getDeviceList", reply({"result_code": "010", "result_msg": "er_parameter_value_invalid:points"}))
    with pytest.raises(TokenEnded):
        CLOUD.classify_response("getDeviceList", reply({"result_code": "010", "result_msg": "er_token invalid"}))


@pytest.mark.parametrize(
    ("answered", "status", "error"),
    [
        (b"<html>sign in</html>", 200, TryLater),
        (b"", 200, TryLater),
        (b'{"result_code":"1","result_da', 200, TryLater),
        (b"[1]", 200, TryLater),
        ({"result_code": "1", "result_data": {}}, 502, TryLater),
        ({"error": "Too Many Requests"}, 429, RateLimited),
        ({"error": "Too Many Requests"}, 403, RateLimited),
        (b"", 302, TryLater),
        ({"result_code": "E00003"}, 500, TokenEnded),
    ],
)
def test_what_is_not_the_vendors_own_json_is_asked_for_again(answered, status, error):
    with pytest.raises(TryLater) as refused:
        CLOUD.classify_response("getDeviceList", reply(answered, status))

    assert type(refused.value) is error


def test_a_success_is_its_json_whatever_the_type_of_its_code():
    assert CLOUD.classify_response("x", reply({"result_code": "1", "result_data": {"a": 1}}))["result_data"] == {"a": 1}
    assert CLOUD.classify_response("x", reply(b'\xef\xbb\xbf{"result_code":1,"result_data":null}')) == {
        "result_code": 1,
        "result_data": None,
    }
