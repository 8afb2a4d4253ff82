"""Days on which clocks change, at plants in three zones: from what is pulled to the published energy of the day."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.core.pulls import Request
from include.sources.clouds.cloud import Answer
from include.sources.clouds.registry import CLOUDS
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import VendorHouse, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

POWER_KW = 12.0
PLACES = {"America/New_York": (40.71, -74.01), "Europe/Berlin": (52.52, 13.40), "Australia/Lord_Howe": (-31.55, 159.08)}
STEP = timedelta(minutes=5)


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path) -> Iterator[VendorHouse]:
    with live_clouds(datetime(2026, 1, 1, tzinfo=UTC)) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


class SteadyPlant:
    """An account with a plant of one inverter that makes 12 kW by day and by night; its times are local and say nothing more."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.place = PLACES[zone]

    def fetch(self, _: object, request: Request) -> list[Answer]:
        data = {"result_code": "1", "result_data": self._result(request)}
        return [Answer(json.dumps(data).encode(), data)]

    def _result(self, request: Request) -> dict[str, Any]:
        if request.interface == "getPowerStationList":
            latitude, longitude = self.place
            return {"rowCount": 1, "pageList": [{"ps_id": 7, "ps_name": "Steady", "latitude": latitude, "longitude": longitude}]}
        if request.interface == "getDeviceListByUser":
            return {"rowCount": 1, "pageList": [{"ps_key": "7_1_1_1", "ps_id": 7, "device_type": 1, "device_name": "INV 1"}]}
        if request.interface != "getDevicePointMinuteDataList" or request.kind != "devices":
            return {}
        return {"7_1_1_1": [{"time_stamp": stamp, "p24": str(1000 * POWER_KW)} for stamp in self._stamps(request.body)]}

    def _stamps(self, body: Any) -> list[str]:
        """What the plant's clock shows every five minutes, where that lies within the window."""
        first, last = body["start_time_stamp"], body["end_time_stamp"]
        near = datetime.strptime(first, "%Y%m%d%H%M%S").replace(tzinfo=UTC) - timedelta(hours=26)
        shown = [(near + STEP * step).astimezone(self.zone).strftime("%Y%m%d%H%M%S") for step in range(12 * 60)]
        return [stamp for stamp in shown if first <= stamp <= last]


SPRING = pytest.mark.torture
DAYS = [
    pytest.param("America/New_York", date(2026, 11, 1), 25.0, id="New York, autumn"),
    pytest.param("Europe/Berlin", date(2026, 10, 25), 25.0, id="Berlin, autumn"),
    pytest.param("Australia/Lord_Howe", date(2026, 4, 5), 24.5, id="Lord Howe, autumn"),
    pytest.param("America/New_York", date(2026, 3, 8), 23.0, id="New York, spring", marks=SPRING),
    pytest.param("Europe/Berlin", date(2026, 3, 29), 23.0, id="Berlin, spring"),
    pytest.param("Australia/Lord_Howe", date(2026, 10, 4), 23.5, id="Lord Howe, spring", marks=SPRING),
]


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
def test_a_steady_plant_makes_as_much_more_or_less_as_its_day_is_longer_or_shorter(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch, zone: str, day: date, hours: float
) -> None:
    plant = SteadyPlant(zone)
    nothing: dict[str, Any] = {"snapshot_requests": lambda *_: [], "alarm_requests": lambda *_: []}
    monkeypatch.setitem(CLOUDS, "sungrow", replace(CLOUDS["sungrow"], fetch=plant.fetch, **nothing))
    house.add("sungrow")
    two_days_later = datetime.combine(day + timedelta(days=2), datetime.min.time(), plant.zone) + timedelta(hours=12)
    house.world.clock.advance((two_days_later - house.world.now()).total_seconds())

    house.pull_until_done("sungrow", purposes=("fleet", "days"))
    house.load()

    published = "SELECT timezone, energy_kwh FROM api.plant_day JOIN fleet.plant USING (plant_id) WHERE local_date = :day"
    assert house.rows(published, day=day) == [(zone, pytest.approx(POWER_KW * hours))]
    assert house.one("SELECT count(*) FROM landing.quarantine") == 0
