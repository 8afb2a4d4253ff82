import pytest

from include.core.pulls import Request
from include.sources.clouds.errors import Rejected
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.sandbox.sungrow.live import posting, session_of
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, BOTH, KEYS, OWNERS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "swordfish"}, "refuses the password"),
        ({"login": "who@example.org"}, "does not know the account"),
        ({"secret_key": "t" * 32}, "E912 \\(the secret key is wrong"),
        ({"appkey": "B" * 32}, "E00000 \\(the app key is not known"),
    ],
)
def test_a_wrong_login_waits_for_a_person_and_names_no_secret(clouds, change, words):
    with pytest.raises(Rejected, match=words) as refused:
        CLOUD.log_in(posting(clouds), {**ACCOUNT, **change}, None)

    assert not any(secret in str(refused.value) for secret in ("swordfish", "t" * 32, "B" * 32, "A" * 32, "sgpass"))


def test_a_locked_account_says_so(clouds):
    clouds.world.faults.switch_on("account_locked", vendor="sungrow", times=1)

    with pytest.raises(Rejected, match="locked the account"):
        CLOUD.log_in(posting(clouds), ACCOUNT, None)


def test_a_login_lasts_an_hour_less_than_its_day(clouds):
    tokens = CLOUD.log_in(posting(clouds), ACCOUNT, None)

    assert tokens.access.startswith("481516_")
    assert (tokens.lives_s, dict(tokens.more)) == (23 * 3600, {})


def test_a_refresh_token_is_traded_once_and_the_new_one_is_kept(clouds):
    post = posting(clouds)
    first = CLOUD.authorize(post, OWNERS, "code01")

    second = CLOUD.log_in(post, OWNERS, first)

    # The cloud says 172799 s; ten minutes less.
    assert first.lives_s == second.lives_s == 172_199
    assert second.access != first.access
    assert second.more["refresh_token"] != first.more["refresh_token"]
    with pytest.raises(Rejected, match="helio integration authorize"):
        CLOUD.log_in(post, OWNERS, first)
    assert CLOUD.log_in(post, OWNERS, second).access


def test_a_wrong_code_and_a_missing_redirect_url_are_for_a_person(clouds):
    with pytest.raises(Rejected, match=r"authorisation page once more"):
        CLOUD.authorize(posting(clouds), OWNERS, "code99")
    with pytest.raises(Rejected, match="no redirect URL"):
        CLOUD.authorize(posting(clouds), KEYS, "code01")


@BOTH
def test_tokens_that_end_between_two_pages_are_replaced_and_the_list_is_whole(clouds, credentials):
    session = session_of(clouds, credentials)
    page, interface = ("curPage", "getPowerStationList") if credentials is ACCOUNT else ("page", "platform/queryPowerStationList")
    clouds.world.faults.switch_on("token_expires_mid_page", vendor="sungrow")

    answers = CLOUD.fetch(session, Request(interface, {page: 1, "size": 2}, "fleet"))

    assert [len(answer.data["result_data"]["pageList"]) for answer in answers] == [2, 1]
    assert session._tokens.login_count == 2
