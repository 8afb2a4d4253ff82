"""Insights as the API tells them: in order, with what they rest on, to their own tenant."""

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.models.insights import PlantInsights
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


@pytest.fixture
def told(stage):
    """Two sentences about each tenant's plant."""
    with transaction(stage.url) as connection:
        for side in (stage.east, stage.west):
            for place, code in ((2, "week"), (1, "alarms")):
                connection.execute(
                    text(
                        "INSERT INTO mart.insight VALUES (:p, :place, :t, :day, :code, "
                        "jsonb_build_object('en', :code, 'pt-BR', 'Um'), '{\"count\": 1}', :at)"
                    ),
                    {"p": side.plant_id, "place": place, "t": side.tenant_id, "day": date(2026, 11, 20), "code": code,
                     "at": datetime(2026, 11, 21, 9, tzinfo=UTC)},
                )  # fmt: skip
    yield
    with transaction(stage.url) as connection:
        connection.execute(text("DELETE FROM mart.insight"))


def test_sentences_come_in_the_order_of_urgency_with_their_numbers(stage, as_east, told):
    answer = as_east(f"/plants/{stage.east.plant_id}/insights").json()

    TypeAdapter(PlantInsights).validate_python(answer)
    assert [row["code"] for row in answer["data"]] == ["alarms", "week"]
    assert answer["data"][0] == {
        "code": "alarms", "local_date": "2026-11-20", "text": {"en": "alarms", "pt-BR": "Um"}, "basis": {"count": 1},
        "computed_at": "2026-11-21T06:00:00-03:00",
    }  # fmt: skip


def test_another_tenants_plant_has_no_sentences(stage, as_east, told):
    assert as_east(f"/plants/{stage.west.plant_id}/insights").status_code == 404


def test_a_plant_of_which_nothing_can_be_said_has_an_empty_list(stage, as_east):
    assert as_east(f"/plants/{stage.east.plant_id}/insights").json()["data"] == []
