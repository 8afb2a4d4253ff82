"""Two plants whose counters misbehave as in the field, told in pieces out of order: right, and the same as told at once."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from include.warehouse import fleet
from include.warehouse.engine import transaction
from tests.unit.rollups.test_counters_plants import DAYS, PER_DAY, RATED_KW, STAMPS, day_counter, generated, lifetime_counter
from tests.warehouse.conftest import SmallFleet
from tests.warehouse.test_rollup_laws import work_off

pytestmark = pytest.mark.postgres

PIECES = 6
SPOILED = (3, 12)
"""Inverter (counted through both plants) and day whose power is measured a tenth too low."""


@pytest.fixture(scope="module")
def inverters(torture):
    """Per inverter: quantity of its counter, what the counter shows, true energy of each 15 minutes; 22 per plant in torture."""
    rng, count = np.random.default_rng(5), 22 if torture else 4
    made = []
    for number in range(2 * count):
        energy_kwh = generated(deepcopy(rng))
        shown = lifetime_counter(rng)[0] if number < count else day_counter(rng)[0]
        made.append(("energy_total_kwh" if number < count else "energy_today_kwh", shown, energy_kwh))
    return made


def make_plants(url: str, name: str, inverters) -> SmallFleet:
    """Two plants with half of the inverters each; series by (number of the inverter, quantity)."""
    zone, half = str(STAMPS.tz), len(inverters) // 2
    with transaction(url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, name, name, zone))
        small = SmallFleet(url, tenant_id, zone)
        for number, (quantity, _, _) in enumerate(inverters):
            plant = {
                "tenant_id": tenant_id, "source": "drops", "plant_key": f"{name} {number // half}", "name": name,
                "timezone": zone, "city": None, "latitude": None, "longitude": None, "capacity_kwp": None, "capacity_kw": None,
                "commissioned_on": None,
            }  # fmt: skip
            device = {
                "tenant_id": tenant_id, "source": "drops", "device_key": f"{number}", "plant_key": plant["plant_key"],
                "name": name, "parent_key": None, "kind": "inverter", "model": None, "capacity_kw": RATED_KW,
            }  # fmt: skip
            fleet.upsert_rows(connection, "plant", [plant])
            fleet.upsert_rows(connection, "device", [device])
            subject = fleet.read_subjects(connection, tenant_id, "device", [device["device_key"]])[device["device_key"]]
            found = fleet.ensure_series(
                connection, tenant_id, "device", [(subject.subject_id, each) for each in (quantity, "ac_power_kw")]
            )
            small.series |= {(number, each): series_id for (_, each), series_id in found.items()}
    return small


def readings_of(small: SmallFleet, inverters) -> pd.DataFrame:
    at = STAMPS.tz_convert("UTC").tz_localize(None).as_unit("us")
    frames = []
    for number, (quantity, shown, energy_kwh) in enumerate(inverters):
        power_kw = energy_kwh * 4
        if number == SPOILED[0]:
            power_kw[SPOILED[1] * PER_DAY : (SPOILED[1] + 1) * PER_DAY] *= 0.9
        for each, value in ((quantity, shown), ("ac_power_kw", power_kw)):
            frames.append(pd.DataFrame({"series_id": small.series[number, each], "at": at, "value": value}))
    return pd.concat(frames, ignore_index=True)


def tell(small: SmallFleet, name: str, pieces: list[pd.DataFrame]) -> None:
    for number, piece in enumerate(pieces):
        small.load(small.register(f"{name} {number}"), piece)
        work_off(small.url)


def stored(small: SmallFleet, table: str, key: str, columns: str) -> pd.DataFrame:
    return small.read(
        f"SELECT d.device_key::int AS inverter, {columns} FROM {table} AS t {key} "
        f"WHERE d.tenant_id = :tenant_id ORDER BY {columns}",
        tenant_id=small.tenant_id,
    ).sort_values(["inverter", "local_date"], kind="stable", ignore_index=True)


OF_SERIES = "JOIN fleet.series AS s USING (series_id) JOIN fleet.device AS d ON d.device_id = s.device_id"
OF_DEVICE = "JOIN fleet.device AS d USING (device_id)"


def test_pieces_out_of_order_with_rollups_between_end_as_one_and_give_what_was_generated(warehouse_url, inverters):
    rng = np.random.default_rng(8)
    pieces, whole = make_plants(warehouse_url, "pieces", inverters), make_plants(warehouse_url, "whole", inverters)
    rows = readings_of(pieces, inverters)
    # Some pieces are spans of time, others every so many readings; each reading is in one of them.
    day = (rows["at"] - rows["at"].min()).dt.days
    piece = np.where(day % 3 == 0, rng.integers(0, PIECES, len(rows)), day * PIECES // DAYS)
    tell(pieces, "piece", [rows[piece == number] for number in rng.permutation(PIECES)])
    tell(whole, "whole", [readings_of(whole, inverters)])

    for table, key, columns in (
        ("mart.rollup", OF_SERIES, "t.local_date, s.quantity, t.grain, t.starts_at, t.reading_count, t.covered_s, t.energy_kwh"),
        ("mart.counter_day", OF_SERIES, "t.local_date, t.zeros, t.dips, t.resets, t.held_back, t.opened_at"),
        ("mart.energy_day", OF_DEVICE, "t.local_date, t.energy_kwh, t.integrated_kwh, t.counted_kwh, t.completeness"),
    ):
        found, expected = stored(pieces, table, key, columns), stored(whole, table, key, columns)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
        assert len(found) > 100

    check = stored(pieces, "api.energy_check", OF_DEVICE, "t.local_date, t.energy_kwh, t.counted_kwh, t.is_flagged")
    true = np.array([energy_kwh.sum() for _, _, energy_kwh in inverters])
    counted = check.groupby("inverter")["counted_kwh"].sum()
    assert counted.to_numpy() == pytest.approx(true, rel=0.005)
    assert check["counted_kwh"].sum() == pytest.approx(true.sum(), rel=0.005)
    deserved = (SPOILED[0], STAMPS[SPOILED[1] * PER_DAY].date())
    flagged = check[check["is_flagged"]]
    assert set(zip(flagged["inverter"], flagged["local_date"], strict=True)) == {deserved}
