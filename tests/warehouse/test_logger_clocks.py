"""Local times of drops go by the clock of their device: its own, that of what it belongs to, its plant's, else the tenant's."""

import json

import pytest

from include.quality.checks import preload
from include.steps.tenants import save_tenant
from tests.warehouse.small_river import SmallRiver

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

PLANTS = [{"plant_key": "manaus", "timezone": "America/Manaus"}, {"plant_key": "here"}]
DEVICES = [
    {"device_key": "1", "plant_key": "manaus", "kind": "inverter"},
    {"device_key": "2", "plant_key": "here", "kind": "inverter"},
    {"device_key": "3", "plant_key": "manaus", "kind": "inverter", "timezone": "Europe/Berlin"},
    {"device_key": "4", "plant_key": "here", "kind": "inverter", "timezone": "Europe/Berlin", "utc_offset": "+05:45"},
    {"device_key": "L", "plant_key": "manaus", "kind": "logger", "utc_offset": "-3"},
    {"device_key": "5", "plant_key": "manaus", "kind": "inverter", "parent_key": "L"},
]


@pytest.fixture(scope="module")
def shared(new_warehouse, tmp_path_factory) -> SmallRiver:
    preload()
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture
def river(shared) -> SmallRiver:
    shared.forget()
    return shared


def drop(river, name="a.json", at="2026-05-01T10:00:00", keys="12345") -> None:
    rows = [{"inversor_id": key, "datetime": at, "potencia_ativa_watt": 1000 + number} for number, key in enumerate(keys)]
    river.drop({("plant_measurements", name): json.dumps(rows).encode()})


def hours(river) -> dict[str, str]:
    rows = river.read(
        "SELECT device_key, to_char(measured_at AT TIME ZONE 'UTC', 'HH24:MI') AS at "
        "FROM mart.reading JOIN fleet.series USING (series_id) JOIN fleet.device USING (device_id) ORDER BY 1, 2"
    )
    assert rows["device_key"].is_unique
    return dict(zip(rows["device_key"], rows["at"], strict=True))


EXPECTED = {"1": "14:00", "2": "13:00", "3": "08:00", "4": "04:15", "5": "13:00"}


def test_a_local_time_is_that_of_the_nearest_clock(river):
    river.register({"plants": PLANTS, "devices": DEVICES})
    drop(river)
    river.flow()

    assert hours(river) == EXPECTED


def test_a_file_that_comes_before_the_registry_ends_the_same(river):
    drop(river)
    river.flow()
    river.register({"plants": PLANTS, "devices": DEVICES})

    assert hours(river) == EXPECTED


def test_a_changed_clock_reads_what_was_loaded_again_and_can_be_taken_back(river):
    river.register({"plants": [{"plant_key": "manaus", "timezone": "America/Sao_Paulo"}], "devices": DEVICES[:1]})
    drop(river, keys="1")
    river.flow()
    assert hours(river) == {"1": "13:00"}

    for change, hour in (
        ({"plants": [{"plant_key": "manaus", "timezone": "America/Manaus"}]}, "14:00"),
        ({"plants": [{"plant_key": "manaus", "utc_offset": "-05:00"}]}, "15:00"),
        ({"devices": [{"device_key": "1", "utc_offset": "Z"}]}, "10:00"),
        ({"devices": [{"device_key": "1", "utc_offset": "zone"}]}, "15:00"),
        ({"plants": [{"plant_key": "manaus", "utc_offset": "fuso"}]}, "14:00"),
    ):
        river.register(change, "change.json")

        assert hours(river) == {"1": hour}
    assert river.read("SELECT timezone FROM fleet.plant")["timezone"].tolist() == ["America/Manaus"]


def test_a_logger_on_standard_time_has_its_hour_that_summer_time_skips(river):
    plant = {"plant_key": "p", "timezone": "Europe/Berlin", "utc_offset": "+01:00"}
    river.register({"plants": [plant], "devices": [{"device_key": "1", "plant_key": "p", "kind": "inverter"}]})
    drop(river, at="2025-03-30T02:30:00", keys="1")
    river.flow()

    assert hours(river) == {"1": "01:30"}


def test_the_order_of_dates_that_a_tenant_is_said_to_use_reads_what_was_held_back(river):
    river.register({"plants": PLANTS, "devices": DEVICES})
    drop(river, at="05/04/2026 10:00", keys="2")
    river.flow()
    (row,) = river.read("SELECT broken_rules, payload FROM landing.quarantine").itertuples()
    assert row.broken_rules == ["time_unambiguous"]
    assert "05/04/2026 10:00:00 has the day or the month first" in row.payload["reason"]

    try:
        save_tenant(river.settings, "demo", {"date_order": "day first"})
        river.flow()
        day = river.read(
            "SELECT measured_at::date::text AS day FROM mart.reading JOIN fleet.series USING (series_id) WHERE device_id > 0"
        )

        assert day["day"].tolist() == ["2026-04-05"]
    finally:
        save_tenant(river.settings, "demo", {"date_order": None})
