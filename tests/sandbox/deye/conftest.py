"""An account of the served Deye Cloud."""

import pytest

from tests.sandbox.deye.live import Account


@pytest.fixture
def account(clouds):
    return Account(clouds.url, company_id="10016")
