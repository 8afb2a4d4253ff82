"""Exports of makers from the drop folder to the energies of hours and days."""

import json
from pathlib import Path

import pytest

from tests.warehouse.test_river import River

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

PAYLOADS = Path(__file__).parents[1] / "payloads" / "plant_measurements"


@pytest.fixture
def river(warehouse_url: str, tmp_path: Path) -> River:
    """A tenant in São Paulo whose devices register themselves."""
    river = River(warehouse_url, tmp_path, timezone="America/Sao_Paulo")
    river.write(
        "registry",
        "fleet.json",
        json.dumps(
            {
                "plants": [{"plant_key": "roof", "timezone": "America/Sao_Paulo"}],
                "devices": [
                    {"device_key": "Inverter 1", "plant_key": "roof", "kind": "inverter"},
                    {"device_key": "2130269553", "plant_key": "roof", "kind": "inverter"},
                    {"device_key": "1205344", "plant_key": "roof", "kind": "meter"},
                ],
            }
        ).encode(),
    )
    return river


def energies(river: River, grain: str) -> dict[tuple[str, str, str], float]:
    """Energy [kWh] by device, quantity and local day or hour."""
    rows = river.read(
        "SELECT device_key, quantity, energy_kwh, "
        "to_char(starts_at AT TIME ZONE 'America/Sao_Paulo', 'YYYY-MM-DD HH24:MI') AS start "
        "FROM mart.rollup JOIN fleet.series USING (series_id) JOIN fleet.device USING (device_id) "
        "WHERE grain = :grain AND energy_kwh IS NOT NULL",
        grain=grain,
    )
    return {(row.device_key, row.quantity, row.start): pytest.approx(row.energy_kwh) for row in rows.itertuples()}


def test_energies_of_intervals_and_days_become_hours_days_and_the_energy_of_the_plant(river):
    lines = [
        f"01.06.2023 {hour:02d}:{minute:02d},{100 if 8 <= hour < 16 else 0}" for hour in range(24) for minute in (0, 15, 30, 45)
    ]
    head = "Date and time,Inverter 1 | Energy | Fronius Symo\n[dd.MM.yyyy HH:mm],[Wh]\n"
    river.write("plant_measurements", "fronius.csv", (head + "\n".join(lines) + "\n").encode())
    river.drop("plant_measurements", PAYLOADS / "sma_month.csv")
    river.drop("plant_measurements", PAYLOADS / "green_button.xml")

    river.flow()

    assert river.refused() == {}
    hours, days = energies(river, "hour"), energies(river, "day")
    assert hours["Inverter 1", "energy_15min_kwh", "2023-06-01 08:00"] == 0.4
    assert days["Inverter 1", "energy_15min_kwh", "2023-06-01 00:00"] == 3.2
    assert days["2130269553", "energy_day_kwh", "2016-05-01 00:00"] == 6.423
    assert days["1205344", "import_15min_kwh", "2026-01-01 00:00"] == 0.375
    assert hours["1205344", "export_hour_kwh", "2026-01-01 00:00"] == 3.0
    plant = river.read("SELECT local_date, energy_kwh, energy_source FROM mart.energy_day WHERE device_id IS NULL ORDER BY 1")
    assert [(str(row.local_date), round(row.energy_kwh, 3), row.energy_source) for row in plant.itertuples()] == [
        ("2016-05-01", 6.423, "vendor"),
        ("2016-05-02", 13.349, "vendor"),
        ("2023-06-01", 3.2, "vendor"),
    ]


def test_what_was_not_used_of_an_export_is_told(river):
    river.drop("plant_measurements", PAYLOADS / "pvdaq.csv")
    river.write("plant_measurements", "z2m.json", b'{"temperature": 23.4, "linkquality": 120, "last_seen": 1767268800000}')

    river.flow()

    assert "Zigbee2MQTT" in river.refused()["z2m.json"]
