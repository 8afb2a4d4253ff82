"""A plant of a vendor that is known without any inverter, by its meters or its own figures, is missed when it falls silent."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import text

from include.core.settings import Settings
from include.steps.alarms import watch_silence
from include.warehouse import fleet
from include.warehouse.engine import transaction
from tests.warehouse.conftest import SmallFleet
from tests.warehouse.test_rollups import rows_of

pytestmark = pytest.mark.postgres

ZONE = "America/Sao_Paulo"
PLACE = {"latitude": -23.55, "longitude": -46.63}
NOON = datetime(2026, 2, 10, 15, tzinfo=UTC)


class Cloud:
    """Plants of one vendor's account, and what is told of them or of their meters."""

    def __init__(self, small: SmallFleet) -> None:
        self.small = small
        self.settings = Settings(database_url=small.url)
        with transaction(small.url) as connection:
            connection.execute(text("UPDATE fleet.plant SET source = 'deye'"))
            plant = {
                "tenant_id": small.tenant_id, "source": "deye", "plant_key": "p2", "name": "Plant 2", "timezone": ZONE,
                "city": None, "capacity_kwp": 100, "capacity_kw": 90, "commissioned_on": None, **PLACE,
            }  # fmt: skip
            fleet.upsert_rows(connection, "plant", [plant])

    def series(self, plant: str, quantity: str, meter: str | None = None) -> int:
        with transaction(self.small.url) as connection:
            if meter:
                row = {
                    "tenant_id": self.small.tenant_id, "source": "deye", "device_key": meter, "plant_key": plant,
                    "parent_key": None, "kind": "meter", "name": None, "model": None, "capacity_kw": None,
                }  # fmt: skip
                fleet.upsert_rows(connection, "device", [row])
            kind, key = ("device", meter) if meter else ("plant", plant)
            known = fleet.read_subjects(connection, self.small.tenant_id, kind, [key], source="deye")
            found = fleet.ensure_series(connection, self.small.tenant_id, kind, [(known[key].subject_id, quantity)])
        (self.small.series[key, quantity],) = found.values()
        return self.small.series[key, quantity]

    def tell(self, series_id: int, at: pd.DatetimeIndex, received_at: datetime | None = None) -> None:
        """A document with a value at each instant, received at once after the last one where nothing else is said."""
        document_id = self.small.register(f"{series_id} {at[0]} {received_at}")
        self.small.load(document_id, rows_of(series_id, at, range(1, len(at) + 1)))
        with transaction(self.small.url) as connection:
            connection.execute(
                text("UPDATE landing.document SET received_at = :at WHERE document_id = :id"),
                {"at": received_at or at[-1].to_pydatetime(), "id": document_id},
            )

    def look(self, now: datetime) -> dict[str, int]:
        return watch_silence(self.settings, now=now)

    def alarms(self) -> list[tuple]:
        rows = self.small.read(
            "SELECT p.plant_key, a.device_id IS NULL, a.raised_at, a.is_open FROM mart.alarm AS a "
            "JOIN fleet.plant AS p USING (plant_id) WHERE a.code = 'offline'"
        )
        return list(rows.itertuples(index=False, name=None))


@pytest.fixture
def cloud(fleet_in) -> Cloud:
    return Cloud(fleet_in(**PLACE))


def five_minutes(first: str, last: str) -> pd.DatetimeIndex:
    return pd.date_range(first, last, freq="5min", tz=ZONE)


@pytest.mark.parametrize(
    ("quantity", "meter"), [("ac_power_kw", None), ("energy_total_kwh", None), ("energy_total_kwh", "m")],
    ids=["its vendor's power", "its vendor's counter", "the counter of its meter"],
)  # fmt: skip
def test_a_plant_without_inverters_that_falls_silent_by_day_is_offline_until_it_speaks(cloud, quantity, meter):
    silent, speaking = cloud.series("p1", quantity, meter), cloud.series("p2", "ac_power_kw")
    cloud.tell(silent, five_minutes("2026-02-10 00:00", "2026-02-10 08:00"))
    cloud.tell(speaking, five_minutes("2026-02-10 00:00", "2026-02-10 12:00"))

    assert cloud.look(NOON) == {"opened": 1, "closed": 0}
    assert cloud.look(NOON) == {"opened": 0, "closed": 0}
    assert cloud.alarms() == [("p1", True, pd.Timestamp("2026-02-10T11:00Z"), True)]

    cloud.tell(silent, five_minutes("2026-02-10 11:30", "2026-02-10 12:00"))
    assert cloud.look(NOON) == {"opened": 0, "closed": 1}


def test_an_alarm_stays_where_the_history_of_the_day_tells_the_last_readings_again(cloud):
    silent, speaking = cloud.series("p1", "ac_power_kw"), cloud.series("p2", "ac_power_kw")
    cloud.tell(silent, five_minutes("2026-02-10 05:00", "2026-02-10 08:00"))
    cloud.tell(speaking, five_minutes("2026-02-10 05:00", "2026-02-10 12:00"))
    cloud.look(NOON)
    night = NOON + timedelta(hours=13)
    cloud.tell(silent, five_minutes("2026-02-10 05:00", "2026-02-10 08:05"), received_at=night)
    cloud.tell(speaking, five_minutes("2026-02-10 05:00", "2026-02-11 00:55"), received_at=night)

    assert cloud.look(night) == {"opened": 0, "closed": 0}


def test_a_plant_that_sleeps_beside_one_that_speaks_all_night_is_not_offline(cloud):
    sleeper, awake = cloud.series("p1", "ac_power_kw"), cloud.series("p2", "energy_total_kwh", "m")
    cloud.tell(sleeper, five_minutes("2026-02-10 06:00", "2026-02-10 19:00"))
    cloud.tell(awake, five_minutes("2026-02-10 06:00", "2026-02-11 06:00"))

    for hour in range(12, 24 + 6):
        assert cloud.look(datetime(2026, 2, 10, 3, tzinfo=UTC) + timedelta(hours=hour))["opened"] == 0, hour


def test_a_plant_of_which_only_the_days_are_told_is_offline_when_two_of_them_are_missing(cloud):
    daily, speaking = cloud.series("p1", "energy_day_kwh"), cloud.series("p2", "ac_power_kw")
    cloud.tell(daily, pd.date_range("2026-02-03", "2026-02-07", tz=ZONE), received_at=datetime(2026, 2, 8, 4, tzinfo=UTC))
    cloud.tell(speaking, five_minutes("2026-02-07 00:00", "2026-02-11 12:00"))

    looks = [cloud.look(NOON + timedelta(days=days))["opened"] for days in (-2, -1, 0)]

    # The 7th was known at its end; the 8th and 9th were to be told by the morning of the 10th.
    assert looks == [0, 0, 1]
    assert cloud.alarms() == [("p1", True, pd.Timestamp("2026-02-08T03:00Z"), True)]


def test_where_nothing_of_the_vendor_is_told_no_plant_is_offline(cloud):
    for plant in ("p1", "p2"):
        cloud.tell(cloud.series(plant, "ac_power_kw"), five_minutes("2026-02-10 00:00", "2026-02-10 08:00"))

    assert cloud.look(NOON) == {"opened": 0, "closed": 0}


def test_a_plant_of_dropped_files_is_late_and_not_offline(cloud):
    cloud.tell(cloud.series("p1", "ac_power_kw"), five_minutes("2026-02-10 00:00", "2026-02-10 06:00"))
    cloud.tell(cloud.series("p2", "ac_power_kw"), five_minutes("2026-02-10 00:00", "2026-02-10 12:00"))
    with transaction(cloud.small.url) as connection:
        connection.execute(text("UPDATE fleet.plant SET source = 'drops'"))

    assert cloud.look(NOON) == {"opened": 0, "closed": 0}
