"""Insights from readings to the table: once a day, anew where a day changed, and only then."""

from datetime import timedelta

import pytest

from include.core.settings import Settings
from include.steps.insights import tell_insights
from tests.warehouse.conftest import NOW
from tests.warehouse.test_inverter_days import PLACE, Plant, days

pytestmark = pytest.mark.postgres


def told(small) -> dict[str, str]:
    return small.read("SELECT code, text ->> 'en' AS en FROM mart.insight ORDER BY place").set_index("code")["en"].to_dict()


def test_sentences_are_said_once_a_day_and_again_where_a_day_of_theirs_changed(fleet_in):
    three = Plant(fleet_in(**PLACE), 3)
    small, settings = three.fleet, Settings(database_url=three.fleet.url)
    last = NOW.date() - timedelta(days=1)
    for day in days(str(last - timedelta(days=7)), 8):
        three.shine(day, {"2": 0.5} if day == str(last) else None)
    small.read("INSERT INTO fleet.tariff VALUES (1, '2020-01-01', 1, 0.5, 'BRL') RETURNING plant_id")
    three.analyse()

    first = tell_insights(settings, now=NOW)
    sentences = told(small)
    again, later = (tell_insights(settings, now=NOW + timedelta(hours=hours)) for hours in (1, 2))

    assert (first["plants"], first["errors"]) == (1, [])
    assert first["insights_changed"] == len(sentences) > 0
    # What was computed just before may be new: it is looked at once more, and nothing differs.
    assert (again["insights_changed"], later) == (0, {"plants": 0, "insights_changed": 0, "errors": []})
    assert "on 1 of the last 7 days" in sentences["low_inverter"]
    assert "worth BRL " in sentences["low_inverter"]
    lost = small.read("SELECT sum(lost_kwh) * 0.5 AS worth FROM mart.inverter_day WHERE verdict = 'very low'")
    basis = small.read("SELECT (basis ->> 'lost_value')::float8 AS worth FROM mart.insight WHERE code = 'low_inverter'")
    assert basis["worth"][0] == pytest.approx(lost["worth"][0])

    three.shine(str(last))
    three.analyse(NOW + timedelta(hours=3))
    corrected = tell_insights(settings, now=NOW + timedelta(hours=3))

    assert corrected["plants"] == 1
    assert "low_inverter" not in told(small)
    assert "even_inverters" in told(small)
    tomorrow = tell_insights(settings, now=NOW + timedelta(days=1))
    assert tomorrow["plants"] == 1
    assert small.read("SELECT DISTINCT local_date::text AS day FROM mart.insight")["day"].tolist() == [str(NOW.date())]
