"""What Airflow's forms offer follows the fleet, within its limit, and never harms what keeps it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from include.core.settings import Settings
from include.steps.form_choices import keep_form_choices
from include.steps.register import register_text
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def settings(small_fleet, tmp_path):
    return Settings(home=tmp_path, database_url=small_fleet.url, min_free_mb=0.001)


def test_a_plant_that_is_registered_is_offered_from_then_on(settings):
    keep_form_choices(settings)
    before = kept(settings)

    register_text(settings, tenant="demo", content="plant_key,name\nroof,Roof\n", name="form", now=NOW, run_id="test")

    assert before["plants"] == ["p1"]
    assert kept(settings) == {"tenants": ["demo"], "plants": ["p1", "roof"], "devices": ["1", "2"]}


def test_a_fleet_that_did_not_change_leaves_the_page_alone(settings):
    assert keep_form_choices(settings) is True
    assert keep_form_choices(settings) is False
    assert [path.name for path in settings.home.iterdir()] == ["form_choices.json"]


def test_plants_that_their_vendor_lists_no_longer_are_not_offered_and_devices_go_first_where_there_are_too_many(settings):
    with transaction(settings.database_url) as connection:
        connection.execute(
            text(
                "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, retired_at) "
                "SELECT tenant_id, 'old', 'Old', 'UTC', now() FROM fleet.tenant"
            )
        )

    keep_form_choices(replace(settings, most_form_choices=3))
    limited = kept(settings)
    keep_form_choices(replace(settings, most_form_choices=0))

    assert limited == {"tenants": ["demo"], "plants": ["p1"], "devices": ["1"]}
    assert not any(kept(settings).values())


def test_a_page_that_cannot_be_written_fails_no_registration(settings):
    settings.form_choices_page.mkdir()

    counts = register_text(settings, tenant="demo", content="plant_key,name\nroof,Roof\n", name="form", now=NOW, run_id="test")

    assert counts["inserted_rows"] == 1


def kept(settings: Settings) -> dict[str, list[str]]:
    """The page from which the forms read."""
    return json.loads(settings.form_choices_page.read_text("utf-8"))
