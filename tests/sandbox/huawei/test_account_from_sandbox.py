"""Logging in at the served FusionSolar, and tokens that end."""

import pytest

from include.sources.clouds.errors import Contested, Rejected
from tests.sandbox.huawei.live import Account
from tests.unit.sources.clouds.huawei.builders import ZONES

HUNDRED = {"pageNo": 1, "pageSize": 100}


def test_the_sandbox_takes_the_login_and_the_token(clouds):
    account = Account(clouds.url)

    answer = account.session.post("stations", HUNDRED)

    assert [row["plantCode"] for row in answer.data["data"]["list"]] == list(ZONES)
    assert account.budget.interfaces == ["login", "stations"]


def test_the_sandbox_refuses_a_wrong_system_code_and_the_message_holds_no_secret(clouds):
    account = Account(clouds.url, {"login": "nbi-user", "password": "S3cret!"})

    with pytest.raises(Rejected) as caught:
        account.session.log_in()

    assert "S3cret!" not in str(caught.value)
    assert "nbi-user" not in str(caught.value)


def test_an_ended_token_is_replaced_once(clouds):
    account = Account(clouds.url)
    account.session.log_in()
    clouds.world.tokens.end_all("huawei")

    account.session.post("stations", HUNDRED)

    assert account.budget.interfaces == ["login", "stations", "login", "stations"]


def test_a_token_that_ends_at_once_means_that_another_program_uses_the_account(clouds):
    clouds.world.faults.switch_on("token_expires", vendor="huawei", times=2)

    with pytest.raises(Contested):
        Account(clouds.url).session.post("stations", HUNDRED)
