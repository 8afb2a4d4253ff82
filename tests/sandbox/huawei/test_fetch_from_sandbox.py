"""Pages of the served FusionSolar's list of plants, and its longest window of history."""

from datetime import date, timedelta

import pytest

from include.core.errors import TryLater
from include.core.pulls import Request
from include.sources.clouds.huawei.cloud import CLOUD
from tests.conftest import live_clouds
from tests.sandbox.huawei.live import Account, fleet_of
from tests.unit.sources.clouds.huawei.builders import CREDENTIALS, NOW, readings

TENS = Request("stations", {"pageNo": 1, "pageSize": 10}, "fleet")


@pytest.fixture
def clouds_of_twelve():
    with live_clouds(NOW, limits_on=False, plants=12) as live:
        yield live


def test_all_pages_of_plants_are_fetched(clouds_of_twelve):
    answers = CLOUD.fetch(Account(clouds_of_twelve.url).session, TENS)

    assert [len(answer.data["data"]["list"]) for answer in answers] == [10, 2]


@pytest.mark.parametrize("fault", ["repeated_page", "missing_page"])
def test_a_page_that_is_missing_or_repeated_is_no_shorter_fleet(clouds_of_twelve, fault):
    clouds_of_twelve.world.faults.switch_on(fault, vendor="huawei")

    with pytest.raises(TryLater, match="ask again for all pages"):
        CLOUD.fetch(Account(clouds_of_twelve.url).session, TENS)


def test_the_sandbox_answers_a_window_of_three_days(clouds, account):
    requests = CLOUD.day_requests(CREDENTIALS, fleet_of(clouds.world), date(2026, 6, 9), date(2026, 6, 14), True)
    whole = next(request for request in requests if request.body.get("devTypeId") == 10)

    documents = account.landed([whole])

    wind = [when for _, what, when in readings(documents) if what == "wind_speed_m_s"]
    assert len(wind) == 3 * 288
    assert (min(wind), max(wind)) == (whole.span.start, whole.span.end - timedelta(minutes=5))
