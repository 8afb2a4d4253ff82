"""What only Growatt does: a plant without a listed inverter, an alarm that has no number, and one refusal for three faults."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from include.steps.integrations import list_integrations
from sandbox.growatt.devices import Devices
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import VendorHouse, build, expect_ours, leave_history_out

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

IN_A_FAULT = datetime(2026, 6, 23, 15, 30, tzinfo=UTC)
"""The third inverter in Brazil is without the grid from 14:50 to 16:00."""

YESTERDAY = date(2026, 6, 22)


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorHouse]:
    """Clouds with a plant in Brazil and one in Germany, whose list of devices is empty."""
    listed = Devices.page

    def page(self: Devices, query: dict[str, str]) -> dict[str, Any]:
        told = listed(self, query)
        is_in_germany = self._sunshine.find_plant(query["plant_id"]).timezone == "Europe/Berlin"
        return {"count": 0, "devices": []} if is_in_germany else told

    monkeypatch.setattr(Devices, "page", page)
    with live_clouds(IN_A_FAULT, plants=2) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


def test_an_alarm_is_open_until_it_has_an_end_and_a_plant_without_inverters_has_its_own_figures(house: VendorHouse) -> None:
    brazil, germany = (plant.key for plant in house.world.sunshine.plants("growatt"))
    house.add("growatt")
    house.pull_until_done("growatt")
    house.load()
    alarms = "SELECT code, a.name, raised_at, cleared_at, device_key FROM mart.alarm AS a JOIN fleet.device USING (device_id)"
    serial = house.world.sunshine.plants("growatt")[0].inverters[2].key
    raised_at = datetime(2026, 6, 23, 14, 50, tzinfo=UTC)

    assert house.rows(alarms) == [("25", "No utility.", raised_at, None, serial)]
    assert house.refusals("growatt") == 0
    truth = house.truth("growatt", YESTERDAY)
    assert house.day_energies("energy_day_kwh", "growatt", YESTERDAY) == pytest.approx(truth, rel=0.005)
    power = (
        "SELECT energy_kwh FROM mart.rollup JOIN fleet.series AS s USING (series_id) JOIN fleet.plant AS p USING (plant_id) "
        "WHERE grain = 'day' AND local_date = :day AND quantity = 'ac_power_kw' AND origin = 'measured' AND plant_key = :plant"
    )
    assert house.one(power, day=YESTERDAY, plant=germany) == pytest.approx(truth[germany], rel=0.005)
    assert house.rows(power, day=YESTERDAY, plant=brazil) == []

    house.world.clock.advance(4000)
    house.pull_until_done("growatt")
    house.load()

    assert house.rows(alarms) == [("25", "No utility.", raised_at, datetime(2026, 6, 23, 16, tzinfo=UTC), serial)]


def test_a_token_that_version_1_refuses_needs_attention_until_the_right_one_is_given(house: VendorHouse) -> None:
    house.add("growatt", {"api_key": "mistyped"})
    for _ in range(16):
        with expect_ours():
            house.pull("growatt")
        house.world.clock.advance(timedelta(minutes=5).total_seconds())

    (told,) = list_integrations(house.settings, now=house.world.now())
    assert told["state"] == "needs attention"
    assert "the token, its region or this server's address is not permitted" in told["reason"]
    assert house.calls("growatt") == {}, "a refused token costs the vendor no figures"

    house.add("growatt")
    house.pull_until_done("growatt", purposes=("fleet",))

    (told,) = list_integrations(house.settings, now=house.world.now())
    assert (told["state"], told["plants"]) == ("active", 2)


def test_alarms_of_several_types_of_inverters_are_asked_for_again_and_again(
    warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_history_out(monkeypatch)
    lists = {"device/max/alarm_data", "device/tlx/alarm_data"}
    with live_clouds(IN_A_FAULT, plants=1) as clouds:
        monkeypatch.setattr("sandbox.growatt.devices.type_of", lambda own: "max" if own.key[-1] in "02468" else "min")
        house = build(warehouse_url, clouds, tmp_path)
        house.add("growatt")
        seen = []
        for _ in range(3):
            house.pull_until_done("growatt", purposes=("fleet", "alarms"))
            seen.append({interface: calls for interface, calls in house.calls("growatt").items() if interface in lists})
            house.world.clock.advance(timedelta(hours=2).total_seconds())

    assert all(told.keys() == lists for told in seen)
    assert all(later[interface] > earlier[interface] for earlier, later in pairwise(seen) for interface in lists)
