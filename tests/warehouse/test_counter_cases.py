"""Counters as they misbehaved in the field, from the bytes to the energies of day and month, and to the count of their faults."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sandbox.days import InverterDay
from tests.conftest import live_clouds
from tests.warehouse.small_river import SmallRiver
from tests.warehouse.vendor_house import VendorHouse, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

PAYLOADS = Path(__file__).parents[1] / "payloads" / "telemetry_batches"
ZONE = "America/Sao_Paulo"
REGISTRY = {
    "plants": [{"plant_key": "p", "name": "Plant P", "timezone": ZONE}],
    "devices": [
        {"device_key": "E", "plant_key": "p", "kind": "equipment"},
        {"device_key": "m1", "plant_key": "p", "kind": "sensor", "parent_key": "E"},
        {"device_key": "m2", "plant_key": "p", "kind": "sensor", "parent_key": "E"},
    ],
}


@pytest.fixture
def river(warehouse_url: str, tmp_path: Path) -> SmallRiver:
    river = SmallRiver(warehouse_url, tmp_path)
    river.register(REGISTRY)
    return river


def hourly(values: list[float], *, begin: str = "2026-04-26T08:00", minutes: int = 60) -> bytes:
    """A batch of one kWh counter."""
    stamps = pd.date_range(begin, periods=len(values), freq=f"{minutes}min", tz=ZONE)
    readings = [{"valor": value, "timestamp": stamp.isoformat()} for value, stamp in zip(values, stamps, strict=True)]
    sensor = {"sensor_uuid": "m1", "sensor_tipo": "energy", "sensor_unidade": "kWh", "readings": readings}
    return json.dumps([{"equip_uuid": "E", "sensor": [sensor]}]).encode()


def flow(river: SmallRiver, content: bytes) -> None:
    river.drop({("telemetry_batches", "batch.json"): content})
    river.flow()


def energies(river: SmallRiver, grain: str, key: str = "m1") -> list[float]:
    """Energies [kWh] of a counter's days or months."""
    frame = river.read(
        "SELECT energy_kwh FROM mart.rollup JOIN fleet.series USING (series_id) JOIN fleet.device USING (device_id) "
        "WHERE grain = :grain AND device_key = :key ORDER BY starts_at",
        grain=grain,
        key=key,
    )
    return frame["energy_kwh"].tolist()


FAULTS = (
    "SELECT coalesce(sum(zeros), 0), coalesce(sum(dips), 0), coalesce(sum(resets), 0), coalesce(sum(held_back), 0) "
    "FROM mart.counter_day JOIN fleet.series USING (series_id) JOIN fleet.device USING (device_id) WHERE device_key = :key"
)


def told(river: SmallRiver, key: str = "m1") -> dict[str, int]:
    """How often a counter misbehaved, over all days; what it did not is left out."""
    counts = river.read(FAULTS, key=key).iloc[0].tolist()
    return {name: int(n) for name, n in zip(("zeros", "dips", "resets", "held_back"), counts, strict=True) if n}


# ------------------------------------------------------------------------------------------------------------ lifetime counters


def test_zeros_between_equal_readings_add_nothing(river):
    flow(river, (PAYLOADS / "counter_zeros.json").read_bytes())

    for key, zeros in (("m1", 2), ("m2", 1)):
        assert energies(river, "day", key) == energies(river, "month", key) == [pytest.approx(0.80)]
        assert told(river, key) == {"zeros": zeros}


def test_zeros_while_a_gateway_boots_add_nothing(river):
    flow(river, (PAYLOADS / "counter_boot_zeros.json").read_bytes())

    assert energies(river, "day") == energies(river, "month") == [pytest.approx(0.5)]
    assert told(river) == {"zeros": 3}


def test_a_small_step_back_takes_nothing_back_and_counts_nothing_twice(river):
    flow(river, (PAYLOADS / "counter_small_step_back.json").read_bytes())

    assert energies(river, "day") == energies(river, "month") == [pytest.approx(1.9)]
    assert told(river) == {"dips": 1}


def test_a_counter_of_five_digits_rolls_over_and_goes_on(river):
    flow(river, (PAYLOADS / "counter_rollover.json").read_bytes())

    assert energies(river, "day") == energies(river, "month") == [pytest.approx(3.8)]
    assert told(river) == {"resets": 1}


@pytest.mark.parametrize(
    ("values", "least_kwh", "most_kwh", "faults"),
    [
        ([1000000, 1000010, 1000010, 1000009, 1000009, 1000020], 20, 20, {"dips": 1}),
        ([0, 1000010, 1000020, 1000030], 20, 20, {"zeros": 1}),
        ([10, 20, 0, 5, 12, 12], 22, 22, {"zeros": 1, "resets": 1}),
    ],
    ids=["one lower for a while", "zero before the first reading", "meter exchanged"],
)
def test_falls_add_what_was_really_gained(river, values, least_kwh, most_kwh, faults):
    flow(river, hourly(values))

    for grain in ("day", "month"):
        (energy_kwh,) = energies(river, grain)
        assert least_kwh - 1e-6 <= energy_kwh <= most_kwh + 1e-6
    assert told(river) == faults


@pytest.mark.parametrize("minutes", [60, 7 * 60, 36 * 60])
def test_a_dip_over_midnights_is_one_dip_whenever_its_parts_came(river, minutes):
    values = [500.0, 501, 502, 300, 301, 301, 503, 504]
    batch = [hourly(values[:4], minutes=minutes), hourly(values[4:], minutes=minutes, begin=at(4, minutes))]

    for number, content in enumerate(batch):
        river.drop({("telemetry_batches", f"part {number}.json"): content}, wave=number)
        river.flow()

    assert sum(energy for energy in energies(river, "day") if not np.isnan(energy)) == pytest.approx(4)
    assert told(river) == {"dips": 1}


def at(row: int, minutes: int) -> str:
    return f"{pd.Timestamp('2026-04-26T08:00') + pd.Timedelta(minutes=row * minutes):%FT%H:%M}"


# ----------------------------------------------------------------------------------------------------- a vendor's counters

LAST_CLOSED = date(2026, 6, 15)
CLOSED = [LAST_CLOSED - timedelta(days=n) for n in range(3)]


@dataclass(frozen=True)
class Bent:
    """A day of an inverter as an array of local hours and one of a counter, which a habit bends."""

    quantity: str
    habit: Callable[[np.ndarray, np.ndarray, float], np.ndarray]

    def bend(self, day: InverterDay, yesterday_kwh: float, zone: str) -> InverterDay:
        name = "day_energy_kwh" if self.quantity == "energy_today_kwh" else "total_energy_kwh"
        stamps = pd.DatetimeIndex(day.instants).tz_convert(zone)
        hour = (stamps.hour + stamps.minute / 60).to_numpy()
        shown = self.habit(np.array(getattr(day, name), float), hour, yesterday_kwh)
        return replace(day, **{name: np.round(shown, 3).tolist()})


HABITS = {
    "falls at night while a battery feeds the house": Bent(
        "energy_today_kwh", lambda shown, hour, _: np.where(hour >= 21.5, shown * (1 - 0.08 * (hour - 21.5)), shown)
    ),
    "shows yesterday's total until two o'clock": Bent(
        "energy_today_kwh", lambda shown, hour, yesterday_kwh: np.where(hour < 2, yesterday_kwh, shown)
    ),
    "shows an older state shortly before midnight": Bent(
        "energy_today_kwh", lambda shown, hour, _: np.where(hour >= 23.7, 0.857 * shown, shown)
    ),
    "is zero at dawn": Bent("energy_total_kwh", lambda shown, hour, _: np.where((hour >= 4) & (hour < 4.15), 0, shown)),
    "is lower for three frames of the night": Bent(
        "energy_total_kwh", lambda shown, hour, _: shown - 0.1 * ((hour >= 2) & (hour < 2.2))
    ),
    "is lower for three frames around midnight": Bent(
        "energy_total_kwh", lambda shown, hour, _: shown - 0.1 * ((hour >= 23.9) | (hour < 0.15))
    ),
}


@dataclass(frozen=True)
class BentHouse:
    """Everything of a Huawei account pulled once; `key` has the device of each habit."""

    house: VendorHouse
    key: dict[str, str]

    def truth(self, habit: str) -> dict[date, float]:
        sunshine = self.house.world.sunshine
        return {day: sunshine.energy_kwh(sunshine.find_inverter(self.key[habit]), day) for day in CLOSED}

    def counted(self, habit: str) -> dict[date, float]:
        """Energy of the closed days by the bent counter."""
        quantity, source = HABITS[habit].quantity, "huawei"
        return {day: self.house.day_energies(quantity, source, day, of="device")[self.key[habit]] for day in CLOSED}

    def published(self, habit: str) -> dict[date, float]:
        statement = (
            "SELECT local_date, energy_kwh FROM mart.energy_day JOIN fleet.device USING (device_id) "
            "WHERE device_key = :key AND local_date = ANY (:days)"
        )
        return dict(self.house.rows(statement, key=self.key[habit], days=CLOSED))

    def faults(self, habit: str) -> dict[str, int]:
        statement = FAULTS + " AND quantity = :quantity AND local_date = ANY (:days)"
        (row,) = self.house.rows(statement, key=self.key[habit], quantity=HABITS[habit].quantity, days=CLOSED)
        return {name: int(n) for name, n in zip(("zeros", "dips", "resets", "held_back"), row, strict=True) if n}


@pytest.fixture(scope="module")
def bent(new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[BentHouse]:
    with live_clouds(datetime(2026, 6, 16, 12, tzinfo=UTC)) as clouds, pytest.MonkeyPatch.context() as patch:
        sunshine = clouds.world.sunshine
        inverters = [inverter for plant in sunshine.plants("huawei") for inverter in plant.inverters]
        # No lifetime counter in the east: there half a day lies between the last closed day and the newest snapshot.
        key = {habit: inverters[place].key for habit, place in zip(HABITS, (4, 5, 6, 0, 1, 3), strict=True)}
        habit_of, made = {key: HABITS[habit] for habit, key in key.items()}, sunshine._day

        def bent_day(inverter: str, day: date) -> InverterDay:
            if inverter not in habit_of:
                return made(inverter, day)
            zone = sunshine.plant_of(sunshine.find_inverter(inverter)).timezone
            return habit_of[inverter].bend(made(inverter, day), made(inverter, day - timedelta(days=1)).energy_kwh, zone)

        patch.setattr(sunshine, "_day", bent_day)
        house = build(new_warehouse(), clouds, tmp_path_factory.mktemp("house"))
        house.add("huawei")
        house.pull_until_done("huawei")
        house.load()
        yield BentHouse(house, key)


@pytest.mark.parametrize("habit", HABITS)
def test_the_energy_of_a_closed_day_is_what_was_generated_although_a_vendors_counter(bent, habit):
    assert bent.counted(habit) == pytest.approx(bent.truth(habit), rel=0.005)
    assert bent.published(habit) == pytest.approx(bent.truth(habit), rel=0.005)


@pytest.mark.parametrize(
    ("habit", "counts"),
    [
        ("falls at night while a battery feeds the house", {"dips": 3}),
        ("shows yesterday's total until two o'clock", {}),
        ("shows an older state shortly before midnight", {"dips": 3}),
        ("is zero at dawn", {"zeros": 6}),
        ("is lower for three frames of the night", {"dips": 3}),
        ("is lower for three frames around midnight", {"dips": 3}),
    ],
)
def test_a_person_sees_that_a_vendors_counter_misbehaved(bent, habit, counts):
    assert bent.faults(habit) == counts
