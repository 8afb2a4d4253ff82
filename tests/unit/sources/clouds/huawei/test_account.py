"""Logging in at Huawei, signing calls, and how often an account may call."""

import pytest

from include.core.errors import TryLater
from include.core.pulls import Tokens
from include.sources.clouds.errors import RateLimited, Rejected
from include.sources.clouds.huawei.cloud import CLOUD
from sandbox.limits import RULES
from tests.unit.sources.clouds.huawei.builders import CREDENTIALS, SUCCESS, plain_fleet, refused, reply_of

UNUSED = {"logout", "getStationList", "getKpiStationYear", "getDevKpiDay", "getDevKpiMonth", "getDevKpiYear"}


def log_in(reply):
    calls = []

    def post(interface, call):
        calls.append((interface, call))
        return reply

    return CLOUD.log_in(post, CREDENTIALS, None), calls


def test_a_login_sends_user_and_system_code_and_reads_the_token_from_the_header():
    tokens, calls = log_in(reply_of(SUCCESS, headers={"XSRF-Token": "x-1", "Set-Cookie": "XSRF-TOKEN=x-2; Path=/"}))

    ((interface, call),) = calls
    assert (interface, call.path) == ("login", "/thirdData/login")
    assert call.body == {"userName": "nbi-user", "systemCode": "Nbi@12345"}
    assert (tokens.access, tokens.lives_s) == ("x-1", 1500)


def test_a_login_reads_the_token_from_the_cookie_of_an_older_site():
    tokens, _ = log_in(reply_of(SUCCESS, headers={"set-cookie": "JSESSIONID=abc; HttpOnly, xsrf-token=x-2; Path=/; Secure"}))

    assert tokens.access == "x-2"


@pytest.mark.parametrize("headers", [{}, {"xsrf-token": " "}, {"xsrf-token": "x-1\r\nEvil: 1"}, {"set-cookie": "JSESSIONID=a"}])
def test_a_login_without_a_usable_token_is_tried_later(headers):
    with pytest.raises(TryLater, match="sent no token"):
        log_in(reply_of(SUCCESS, headers=headers))


@pytest.mark.parametrize("code", [20400, 20001, 20002, 20003, 30029, 20403, 401, 30030])
def test_a_refused_login_needs_a_person(code):
    with pytest.raises(Rejected, match=rf"^Huawei FusionSolar answered login with {code} \(.+\); correct login, password"):
        log_in(reply_of(refused(code)))


def test_a_login_answered_without_a_byte_is_tried_later_and_says_that_the_user_may_be_unknown():
    with pytest.raises(TryLater, match="unknown API user") as caught:
        log_in(reply_of(b""))

    assert caught.value.after_s == 600


@pytest.mark.parametrize(("status", "body"), [(200, b"<!DOCTYPE html><html>"), (200, b'{"succ'), (502, b""), (503, b"<html>")])
def test_an_outage_at_the_login_is_no_refusal(status, body):
    with pytest.raises(TryLater):
        log_in(reply_of(body, status))


def test_a_login_too_many_waits_for_its_own_window():
    with pytest.raises(RateLimited) as caught:
        log_in(reply_of(refused(407, "ACCESS_FREQUENCY_IS_TOO_HIGH")))

    assert caught.value.after_s == 600


def test_a_call_carries_its_token_in_a_header():
    call = CLOUD.sign("getDevList", {"stationCodes": "A"}, CREDENTIALS, Tokens("x-1", 1500))

    assert (call.method, call.path, call.body) == ("POST", "/thirdData/getDevList", {"stationCodes": "A"})
    assert call.headers == {"XSRF-TOKEN": "x-1"}


def test_no_rate_limit_of_a_small_fleet_is_above_the_sandbox():
    allowed = CLOUD.rate_limits({}, plain_fleet(plants=100, t1=10, t38=10, t10=10, t17=10, t39=10, t47=10))

    for rule in RULES["huawei"]:
        ours = [limit for limit in allowed if limit.interface == rule.interface and limit.window_s >= rule.window_s]
        if rule.interface not in UNUSED:
            assert min(limit.calls for limit in ours) <= rule.calls, rule
    assert max(limit.calls for limit in allowed if limit.interface == "getDevHistoryKpi") == 25


def test_rate_limits_grow_with_the_fleet():
    fleet = plain_fleet(plants=130, t1=319, t10=25)

    allowed = {(limit.interface, limit.window_s): limit.calls for limit in CLOUD.rate_limits({}, fleet)}

    assert allowed["stations", 86_400] == 2 * 10 + 25
    assert allowed["getKpiStationDay", 86_400] == 2 + 24
    assert allowed["getDevHistoryKpi", 86_400] == 32 + 3 - 1 + 24
    assert allowed["getDevRealKpi", 300] == 4
    assert allowed["getStationRealKpi", 300] == 2
    assert allowed["getAlarmList", 1800] == 2
    assert allowed["getDevHistoryKpi", 65] == allowed["getDevList", 65] == 1
