"""An account of the served FusionSolar."""

import pytest

from tests.sandbox.huawei.live import Account


@pytest.fixture
def account(clouds):
    """An account whose calls the served cloud does not count."""
    clouds.world.limits.on = False
    return Account(clouds.url)
