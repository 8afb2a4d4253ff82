import pytest

from include.core.errors import TryLater
from include.core.pulls import Tokens
from include.sources.clouds.errors import Rejected
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, FLEET, OWNERS, reply


def test_requests_hold_no_keys_and_calls_hold_them_where_the_family_wants_them():
    (request,) = CLOUD.fleet_requests(OWNERS)

    owners = CLOUD.sign(request.interface, request.body, OWNERS, Tokens("t0ken", 1))
    account = CLOUD.sign("getDeviceListByUser", {"curPage": 1}, ACCOUNT, Tokens("t0ken", 1))

    assert request.body == {"page": 1, "size": 100}
    assert owners.path == "/openapi/platform/queryPowerStationList"
    assert (owners.headers["Authorization"], "token" in owners.body) == ("Bearer t0ken", False)
    assert account.body == {"curPage": 1, "appkey": "A" * 32, "lang": "_en_US", "token": "t0ken"}
    assert (account.headers["x-access-key"], account.headers["sys_code"]) == ("s" * 32, "901")
    assert "Authorization" not in account.headers


def test_our_own_rate_limits_stay_below_the_vendors():
    limits = {(rate_limit.interface, rate_limit.window_s): rate_limit.calls for rate_limit in CLOUD.rate_limits({}, FLEET)}

    assert limits == {("*", 3600): 1900, ("*", 86_400): 19_000, ("login", 600): 5}


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("europe", "https://web3.isolarcloud.eu/?state=demo__owners#/authorized-app?cloudId=3"),
        ("australia", "https://auweb3.isolarcloud.com/?state=demo__owners#/authorized-app?cloudId=7"),
        ("http://127.0.0.1:9100", "http://127.0.0.1:9100/?state=demo__owners#/authorized-app?cloudId=1"),
    ],
)
def test_owners_consent_on_the_page_of_their_region(host, page):
    wanted = f"{page}&applicationId=4711&redirectUrl=https%3A%2F%2Fexample.org%2Fback"

    assert CLOUD.consent_page({**OWNERS, "host": host}, "demo__owners") == wanted


def test_without_consent_the_account_is_not_authorised_yet():
    with pytest.raises(Rejected, match=r"not authorised yet.*helio integration authorize"):
        CLOUD.log_in(lambda interface, call: pytest.fail("nothing may be called"), OWNERS, None)


@pytest.mark.parametrize(
    ("answered", "lives_s", "refresh_token"),
    [
        ({"result_code": "1", "result_data": {"code": 1, "access_token": "a", "expires_in": "7200"}}, 6600, "old"),
        ({"access_token": "a", "refresh_token": "new", "expires_in": -5}, 0, "new"),
        ({"access_token": "a", "refresh_token": "new", "expires_in": 9_000_000}, 172_200, "new"),
        ({"access_token": "a", "result_code": "1", "result_data": None}, 172_200, "old"),
    ],
)
def test_a_refresh_reads_both_places_and_keeps_the_old_token_where_none_comes(answered, lives_s, refresh_token):
    last = Tokens("gone", 0, {"refresh_token": "old"})

    tokens = CLOUD.log_in(lambda interface, call: reply(answered), OWNERS, last)

    assert (tokens.access, tokens.lives_s, dict(tokens.more)) == ("a", lives_s, {"refresh_token": refresh_token})


@pytest.mark.parametrize(("code", "error"), [(2, Rejected), (5, Rejected), ("-2", Rejected), (-1, TryLater)])
def test_a_refused_refresh_is_for_a_person_unless_the_platform_failed(code, error):
    last = Tokens("gone", 0, {"refresh_token": "old"})

    with pytest.raises(error):
        CLOUD.log_in(lambda interface, call: reply({"result_code": "1", "result_data": {"code": code}}), OWNERS, last)


def test_an_app_that_may_not_log_in_is_rejected_whole():
    with pytest.raises(Rejected, match="E900"):
        CLOUD.log_in(lambda interface, call: reply({"result_code": "E900", "result_msg": "no"}), ACCOUNT, None)


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        ({"login_state": "-1"}, Rejected, "does not know the account"),
        ({"login_state": 0}, Rejected, "refuses the password"),
        ({"login_state": "2"}, Rejected, "has locked the account after wrong passwords"),
        ({"login_state": "5", "token": "t"}, Rejected, "an administrator has locked the account"),
        ({"login_state": "1"}, TryLater, "without a token"),
        ({"login_state": "1", "token": 7}, TryLater, "without a token"),
        (None, TryLater, "without result_data"),
    ],
)
def test_a_login_that_is_refused_as_a_success_says_why(result, error, words):
    with pytest.raises(error, match=words):
        CLOUD.log_in(lambda interface, call: reply({"result_code": "1", "result_data": result}), ACCOUNT, None)


def test_a_login_sends_the_account_and_lasts_an_hour_less_than_its_day():
    sent = []

    def post(interface, call):
        sent.append((interface, call.path, call.body["user_account"], call.body["user_password"]))
        return reply({"result_code": "1", "result_data": {"login_state": "1", "token": "t"}})

    assert CLOUD.log_in(post, ACCOUNT, None) == Tokens("t", 82_800)
    assert sent == [("login", "/openapi/login", "sg@example.org", "sgpass")]


@pytest.mark.parametrize(("code", "message"), [("E00003", "er"), ("010", "er_parameter_value_invalid:refresh_token")])
def test_a_refresh_token_that_has_ended_waits_for_a_person(code, message):
    last = Tokens("gone", 0, {"refresh_token": "old"})

    with pytest.raises(Rejected, match=r"the refresh token has ended.*helio integration authorize"):
        CLOUD.log_in(lambda interface, call: reply({"result_code": code, "result_msg": message}), OWNERS, last)
