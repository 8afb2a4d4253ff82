"""Logins at the served Deye Cloud, and what they cost."""

import hashlib
from collections import Counter

import pytest

from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.errors import Rejected
from tests.sandbox.deye.live import Account
from tests.unit.sources.clouds.deye.builders import ACCOUNT, CONTEXT, ZONES


def test_a_login_with_a_company_takes_one_call_and_lives_fifty_days_at_most(clouds):
    account = Account(clouds.url, company_id="10016")

    account.session.log_in()

    assert Counter(account.budget.interfaces) == {"account/token": 1}
    assert account.tokens.tokens.lives_s == 50 * 86_400


def test_a_login_without_a_company_finds_the_only_one_and_sees_its_stations(clouds):
    account = Account(clouds.url)

    fleets = [CLOUD.parse_fleet(document, CONTEXT) for document in account.landed(*CLOUD.fleet_requests(ACCOUNT))]

    assert Counter(account.budget.interfaces) == {"account/token": 2, "account/info": 1, "station/list": 1}
    assert [plant.plant_key for plant in fleets[0].plants] == list(ZONES)


@pytest.mark.parametrize(
    "wrong",
    [{"password": "no"}, {"app_id": "9"}, {"app_secret": "no"}, {"login": "b"}, {"company_id": "99"}, {"company_id": "x"}],
)
def test_refused_credentials_are_rejected_and_never_repeated(clouds, wrong):
    account = Account(clouds.url, **{"company_id": "10016", **wrong})

    with pytest.raises(Rejected) as caught:
        account.session.log_in()

    secrets = {"deyepass", "deyesecret", hashlib.sha256(b"deyepass").hexdigest(), hashlib.sha256(b"no").hexdigest()}
    assert not any(secret in str(caught.value) for secret in secrets)


def test_a_token_that_ended_is_replaced_once(clouds, account):
    account.session.log_in()
    clouds.world.tokens.end_all("deye")

    account.landed(*CLOUD.fleet_requests(ACCOUNT))

    assert Counter(account.budget.interfaces) == {"account/token": 2, "station/list": 2}
