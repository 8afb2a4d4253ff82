"""A small fleet in a fresh warehouse, and documents that are loaded without any file."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from include.core.documents import LandedDocument
from include.core.settings import Settings
from include.rollups.plants import roll_up_plants
from include.rollups.roll_up import roll_up
from include.steps import watch
from include.warehouse import documents, fleet, readings
from include.warehouse.engine import transaction
from include.warehouse.incoming import Gathered
from tests.warehouse.operation import Operation

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class SmallFleet:
    """One tenant, one plant, some devices; `series` maps (device key, quantity) to series_id."""

    url: str
    tenant_id: int
    timezone: str
    series: dict[tuple[str, str], int] = field(default_factory=dict)

    def add_device(self, key: str, kind: str = "inverter", quantities: tuple[str, ...] = ("ac_power_kw",)) -> None:
        row = {
            "tenant_id": self.tenant_id, "source": "drops", "device_key": key, "plant_key": "p1", "parent_key": None,
            "kind": kind, "name": f"Device {key}", "model": None, "capacity_kw": 50,
        }  # fmt: skip
        with transaction(self.url) as connection:
            fleet.upsert_rows(connection, "device", [row])
            known = fleet.read_subjects(connection, self.tenant_id, "device", [key])
            found = fleet.ensure_series(connection, self.tenant_id, "device", [(known[key].subject_id, q) for q in quantities])
        self.series |= {(key, quantity): series_id for (_, quantity), series_id in found.items()}

    def in_warehouse(self, url: str) -> "SmallFleet":
        """The same fleet in a copy of its warehouse."""
        return replace(self, url=url, series=dict(self.series))

    def register(self, name: str) -> int:
        """Give a document its place in the order of receipt."""
        with transaction(self.url) as connection:
            claim = documents.note_delivery(
                connection,
                tenant_id=self.tenant_id,
                tenant="demo",
                feed="plant_measurements",
                stored={
                    "original_name": name,
                    "sha256": sha256(name.encode()).hexdigest(),
                    "uri": name,
                    "size_bytes": 1,
                    "stored_bytes": 1,
                },
                received_at=NOW,
            )
        return claim.document_id

    def load(self, document_id: int, rows: pd.DataFrame) -> documents.LoadCounts | None:
        """Load rows (series_id, at, value) as a document, the way a load step does; None when it is not waiting."""
        gathered = Gathered()
        gathered.add(
            series_id=rows["series_id"].to_numpy(np.int32),
            measured_at=rows["at"].to_numpy("datetime64[us]").view(np.int64),
            value=rows["value"].to_numpy(float),
            row_number=np.arange(1, len(rows) + 1, dtype=np.int32),
        )
        settled = gathered.settle(most_contradicted=100)
        incoming = settled.incoming
        if len(incoming):
            readings.ensure_partitions(self.url, incoming)
        with transaction(self.url) as connection:
            document: LandedDocument | None = documents.lock_document(connection, document_id)
            if document is None:
                return None
            readings.lock_tenant(connection, self.tenant_id)
            earlier = documents.read_earlier_span(connection, document_id)
            written = readings.load_readings(
                connection,
                incoming,
                document_id=document_id,
                timezones=dict.fromkeys(self.series.values(), self.timezone),
                earlier=(*earlier, self.tenant_id) if earlier else None,
            )
            counts = documents.LoadCounts(
                parsed_rows=len(rows),
                inserted_rows=written.inserted,
                updated_rows=written.updated,
                unchanged_rows=written.unchanged,
                duplicate_rows=settled.duplicate_count,
                quarantined_rows=settled.contradicted_count,
                first_measured_at=incoming.first if len(incoming) else None,
                last_measured_at=incoming.last if len(incoming) else None,
            )
            documents.write_load(connection, document, counts, loaded_at=NOW, run_id="test", code_version="test")
        return counts

    def reopen(self, document_id: int) -> None:
        """Have a document loaded once more."""
        with transaction(self.url) as connection:
            connection.execute(text("UPDATE landing.document SET state = 'landed' WHERE document_id = :id"), {"id": document_id})

    def waiting(self) -> list[int]:
        with transaction(self.url) as connection:
            return [document.document_id for document in documents.read_pending(connection, ["plant_measurements"])]

    def roll_up(self, *, now: datetime = NOW) -> int:
        """Work both lists off, series and then plants, and return how many rows changed."""
        changed = 0
        while True:
            with transaction(self.url) as connection:
                done = roll_up(connection, computed_at=now)
            changed += done.rows_changed
            if not done.remaining:
                return changed

    def roll_up_plants(self, *, now: datetime = NOW, limit: int = 2000) -> int:
        """Work the list of plants off and return how many rows changed."""
        changed = 0
        while True:
            with transaction(self.url) as connection:
                done = roll_up_plants(connection, computed_at=now, limit=limit)
            changed += done.rows_changed
            if not done.remaining:
                return changed

    def read(self, sql: str, **parameters: object) -> pd.DataFrame:
        with transaction(self.url) as connection:
            return pd.read_sql(text(sql), connection, params=parameters)

    def rollups(self, grain: str, series_id: int | None = None) -> pd.DataFrame:
        """Rollup rows without their computed_at, ordered by key."""
        frame = self.read(
            "SELECT * FROM mart.rollup WHERE grain = :grain AND (CAST(:series_id AS int) IS NULL OR series_id = :series_id) "
            "ORDER BY series_id, starts_at",
            grain=grain,
            series_id=series_id,
        )
        return frame.drop(columns="computed_at")

    def empty(self) -> None:
        """Forget every reading, rollup and document; the fleet stays."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(
                text(
                    "TRUNCATE mart.reading, mart.superseded_reading, mart.rollup, mart.state_event, landing.document, "
                    "landing.load, landing.quarantine, ops.dirty_day, ops.dirty_plant_day, mart.energy_day, mart.counter_day "
                    "RESTART IDENTITY CASCADE"
                )
            )
        engine.dispose()


def make_fleet(
    url: str, timezone: str = "America/Sao_Paulo", latitude: float | None = None, longitude: float | None = None
) -> SmallFleet:
    plant = {
        "source": "drops", "plant_key": "p1", "name": "Plant 1", "timezone": timezone, "city": None, "latitude": latitude,
        "longitude": longitude, "capacity_kwp": 100, "capacity_kw": 90, "commissioned_on": None,
    }  # fmt: skip
    with transaction(url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", timezone))
        fleet.upsert_rows(connection, "plant", [plant | {"tenant_id": tenant_id}])
    return SmallFleet(url, tenant_id, timezone)


@pytest.fixture
def small_fleet(warehouse_url: str) -> SmallFleet:
    """Two inverters in São Paulo, without a place, so that every hour is expected."""
    small = make_fleet(warehouse_url)
    small.add_device("1")
    small.add_device("2")
    return small


@pytest.fixture
def fleet_in(warehouse_url: str):
    """Make a fleet in another zone or place."""
    return lambda **place: make_fleet(warehouse_url, **place)


@pytest.fixture
def operation(small_fleet: SmallFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operation:
    """Its watch with two recipients; the clock of PostgreSQL is the operation's."""
    settings = Settings(
        home=tmp_path, database_url=small_fleet.url, operator_emails="ops@example.org, second@example.org", min_free_mb=0.001
    )
    operation = Operation(settings, small_fleet.tenant_id)
    monkeypatch.setattr(watch, "database_clock", lambda connection: operation.at)
    return operation
