import pytest

from include.core.errors import TryLater
from include.sources.clouds.sungrow.cloud import CLOUD
from tests.sandbox.sungrow.live import session_of
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, DEVICES


@pytest.mark.parametrize(
    ("fault", "words"), [("repeated_page", "page 2 repeats another"), ("missing_page", "page 2 brings nothing new")]
)
def test_a_list_is_never_silently_short(clouds, fault, words):
    session = session_of(clouds, ACCOUNT)
    clouds.world.faults.switch_on(fault, vendor="sungrow")

    with pytest.raises(TryLater, match=words):
        CLOUD.fetch(session, DEVICES)
