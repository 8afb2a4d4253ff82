"""A load says what of its document was not used, and a document without its feed's fields is refused."""

from datetime import UTC, datetime

import pytest

from include.quality.checks import preload
from include.steps.overview import read_health
from include.warehouse.documents import MAX_REMARKS
from tests.warehouse.small_river import SmallRiver

pytestmark = [pytest.mark.postgres, pytest.mark.gx]


@pytest.fixture
def river(new_warehouse, tmp_path) -> SmallRiver:
    preload()
    return SmallRiver(new_warehouse(), tmp_path)


def test_what_was_not_used_is_kept_with_the_load_and_shown_by_the_status(river):
    many = ",".join(f"column {number}" for number in range(100))
    river.drop(
        {
            ("sensor_readings", "a.csv"): b"server,time,current,Local\ns,2026-03-01T10:00:00Z,1,here\n",
            ("sensor_readings", "b.csv"): f"server,time,current,{many}\ns,2026-03-01T11:00:00Z,1\n".encode(),
            ("registry", "c.csv"): b"document,name,phone\n1,Customer,2\n",
            ("sensor_readings", "d.csv"): b"server,time,current\ns,2026-03-01T12:00:00Z,1\n",
            ("sensor_readings", "e.json"): b'[{"battery": 87, "temperature": 23.4}]',
        }
    )
    river.flow()

    loads = river.read("SELECT original_name, remarks FROM landing.load JOIN landing.document USING (document_id)")
    remarks = dict(loads.itertuples(index=False))

    assert remarks["a.csv"] == ["column 'Local' is not used"]
    assert remarks["c.csv"] == ["column 'phone' is not used"]
    assert remarks["d.csv"] == []
    assert (len(remarks["b.csv"]), remarks["b.csv"][-1]) == (MAX_REMARKS, "and 51 more")
    shown = read_health(river.settings, now=datetime.now(UTC))["remarks"]
    assert {row["original_name"] for row in shown} == {"a.csv", "b.csv", "c.csv"}
    (refused,) = river.read("SELECT original_name, reason FROM landing.document WHERE state = 'refused'").itertuples(index=False)
    assert (refused.original_name, refused.reason.startswith("no record has the fields of this feed")) == ("e.json", True)
