"""What Huawei's codes mean for the next step, and what is no answer at all."""

import json

import pytest

from include.core.errors import TryLater
from include.sources.clouds.errors import (
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    Unanswerable,
)
from include.sources.clouds.huawei.cloud import CLOUD
from tests.unit.sources.clouds.huawei.builders import SUCCESS, refused, reply_of


@pytest.mark.parametrize(
    ("code", "kind", "after_s"),
    [
        *((code, TokenEnded, None) for code in (305, 306, 307)),
        *((code, NotPermitted, ...) for code in (401, 20056)),
        (407, RateLimited, 65),
        (429, TryLater, 60),
        *((code, Rejected, ...) for code in (20001, 20002, 20003, 20400, 20403, 30029)),
        *((code, TryLater, None) for code in (20004, 20200)),
        (20618, QuotaExhausted, None),
        *((code, MemberRefused, ...) for code in (20006, 20007, 20008, 20045, 20046)),
        *((code, Unanswerable, ...) for code in (20005, *range(20009, 20019))),
        *((code, Unanswerable, ...) for code in range(20023, 20028)),
        *((code, Unanswerable, ...) for code in (30004, 30005, 30006, 30030, 30031, 30032)),
    ],
)
def test_each_code_becomes_what_to_do_next(code, kind, after_s):
    with pytest.raises(kind, match=rf"^Huawei FusionSolar answered getKpiStationDay with {code} \(.+\); .+") as caught:
        CLOUD.classify_response("getKpiStationDay", reply_of(refused(code)))

    assert type(caught.value) is kind
    assert after_s is ... or caught.value.after_s == after_s


@pytest.mark.parametrize(
    ("interface", "after_s"), [("getAlarmList", 1800), ("getStationRealKpi", 300), ("getDevRealKpi", 300), ("getDevList", 65)]
)
def test_a_call_too_many_waits_as_long_as_the_interface_asks(interface, after_s):
    with pytest.raises(RateLimited) as caught:
        CLOUD.classify_response(interface, reply_of(refused(407, "ACCESS_FREQUENCY_IS_TOO_HIGH")))

    assert caught.value.after_s == after_s


def test_what_the_account_may_not_use_is_a_matter_for_the_company_administrator():
    with pytest.raises(NotPermitted, match=r"; let the company administrator permit it to the API user$"):
        CLOUD.classify_response("getDevList", reply_of(refused(401)))


def test_a_code_counts_whatever_the_status_beside_it():
    with pytest.raises(TokenEnded):
        CLOUD.classify_response("getDevList", reply_of(refused(305), status=500))


def test_a_code_that_is_written_as_text_is_read():
    with pytest.raises(TokenEnded):
        CLOUD.classify_response("getDevList", reply_of(refused("305")))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "after_s"),
    [(429, {"Retry-After": "90"}, RateLimited, 90), (403, {}, RateLimited, 60), (502, {}, TryLater, None)],
)
def test_a_gateway_is_heard_where_there_is_no_code(status, headers, kind, after_s):
    body = {"errorCode": "49401021002", "exceptionInfo": "Request is rejected by api quotaControl"}

    with pytest.raises(kind) as caught:
        CLOUD.classify_response("stations", reply_of(body, status, headers))

    assert type(caught.value) is kind
    assert caught.value.after_s == after_s


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>Sign in</html>"),
        (200, b'{"success":true,"failCode":0,"da'),
        (200, b"[]"),
        (200, b'{"success":true,"failCode":0,"data":NaN}'),
        (200, b'{"success":true,"data":[]}'),
        (200, b'{"success":false,"failCode":0,"data":[]}'),
        (200, b'{"success":true,"failCode":true,"data":[]}'),
        (500, b'{"success":true,"failCode":0,"data":[]}'),
        (302, b""),
    ],
)
def test_what_is_no_whole_answer_is_tried_later(status, body):
    with pytest.raises(TryLater) as caught:
        CLOUD.classify_response("stations", reply_of(body, status))

    assert type(caught.value) is TryLater


def test_a_byte_order_mark_is_skipped():
    data = CLOUD.classify_response("getDevList", reply_of(b"\xef\xbb\xbf" + json.dumps({**SUCCESS, "data": []}).encode()))

    assert data["data"] == []
