"""A river small enough to be killed hundreds of times: a few thousand rows that repeat, contradict and break rules."""

import contextlib
import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from sqlalchemy import text

from include.core.errors import TryLater
from include.core.settings import Settings
from include.landing.store import ObjectStore
from include.steps import land, load, register, roll_up
from include.steps.subscriptions import subscribe
from include.warehouse import fleet
from include.warehouse.engine import engine_of, transaction

Files = dict[tuple[str, str], bytes]
"""Content by (feed, name), in the order of receipt."""

SUBJECT = (
    "SELECT s.series_id, coalesce('d ' || d.device_key, 'c ' || c.document, 'p ' || p.plant_key) || ' ' || s.quantity AS series "
    "FROM fleet.series AS s LEFT JOIN fleet.device AS d USING (device_id) LEFT JOIN fleet.customer AS c USING (customer_id) "
    "LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id"
)
STATE = {
    "readings": f"SELECT series, measured_at, value FROM mart.reading JOIN ({SUBJECT}) AS n USING (series_id) ORDER BY 1, 2",
    "rollups": (
        "SELECT series, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, last, stddev, median, "
        "p95, p99, active_minutes, covered_s, expected_s, energy_kwh "
        f"FROM mart.rollup JOIN ({SUBJECT}) AS n USING (series_id) ORDER BY 1, 2, 3"
    ),
    "energies": (
        "SELECT plant_key, device_key, local_date, starts_at, ends_at, energy_kwh, energy_source, recovered_kwh, integrated_kwh, "
        "counted_kwh, vendor_kwh, covered_s, expected_s, completeness "
        "FROM mart.energy_day AS e JOIN fleet.plant USING (plant_id) LEFT JOIN fleet.device AS d USING (device_id) "
        "ORDER BY 1, 2, 3"
    ),
    "states": f"SELECT series, happened_at, state FROM mart.state_event JOIN ({SUBJECT}) AS n USING (series_id) ORDER BY 1, 2",
    "fleet": (
        "SELECT 'device ' || device_key AS key, kind, d.name, plant_key "
        "FROM fleet.device AS d LEFT JOIN fleet.plant USING (plant_id) "
        "UNION ALL SELECT 'plant ' || plant_key, timezone, name, city FROM fleet.plant "
        "UNION ALL SELECT 'customer ' || document, '', name, '' FROM fleet.customer ORDER BY 1"
    ),
    "targets": "SELECT plant_key, month, target_kwh FROM fleet.target JOIN fleet.plant USING (plant_id) ORDER BY 1, 2",
    "manifest": (
        "SELECT row_number() OVER (ORDER BY document_id) AS receipt, feed, original_name, sha256, size_bytes, state, reason "
        "FROM landing.document ORDER BY sha256"
    ),
    "quarantine": (
        "SELECT sha256, row_number, quantity, subject, broken_rules::text, payload::text AS payload "
        "FROM landing.quarantine JOIN landing.document USING (document_id) ORDER BY 1, 2, 3"
    ),
    "newest loads": (
        "SELECT DISTINCT ON (sha256) sha256, parsed_rows, quarantined_rows, missing_values, quarantine_reasons::text AS reasons, "
        "first_measured_at, last_measured_at FROM landing.load JOIN landing.document USING (document_id) "
        "ORDER BY sha256, load_id DESC"
    ),
}
"""What must be the same whatever happened on the way, with names instead of ids where ids depend on the way."""


class SmallRiver:
    """A tenant with its folders and the steps; files are dropped in order and rest at once."""

    def __init__(self, url: str, home: Path, recipients: Sequence[str] = (), **tenant: object) -> None:
        self.settings = Settings(home=home, database_url=url, drop_settle_s=0)
        self.recipients = recipients
        self.tenant = fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo", **tenant)
        with transaction(url) as connection:
            self.tenant_id = fleet.upsert_tenant(connection, self.tenant)
        self._give_calendars()

    def _give_calendars(self) -> None:
        for email in self.recipients:
            wish = {"about": "plant", "kinds": ["day", "month"], "language": "en", "now": datetime(2026, 1, 1, tzinfo=UTC)}
            subscribe(self.settings, tenant="demo", email=email, **wish)

    def drop(self, files: Files, *, wave: int = 0) -> None:
        """Put files into the drop folder; their times tell the order of receipt."""
        for number, ((feed, name), content) in enumerate(files.items(), start=1000 * wave):
            folder = self.settings.drops_path / "demo" / feed
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
            os.utime(folder / name, (1_760_000_000 + number,) * 2)

    def register(self, registry: dict[str, list[dict]], name: str = "registry.json") -> None:
        """Drop one registry document and let it flow."""
        self.drop({("registry", name): json.dumps(registry).encode()})
        self.flow()

    def flow(self, *, patience_s: float = 600.0, now: datetime | None = None) -> None:
        """Let the river run until nothing waits. What another process still holds is waited for, as the next run would."""
        give_up = time.monotonic() + patience_s
        while True:
            with contextlib.suppress(TryLater):
                self._flow_once(now or datetime.now(UTC))
            if not self.waits():
                return
            assert time.monotonic() < give_up, f"after {patience_s:g} s this still waits: {self.waits()}"
            time.sleep(0.01)

    def _flow_once(self, now: datetime) -> None:
        land.land_drops(self.settings, now=now + timedelta(seconds=5))
        register.register_landed(self.settings, now=now, run_id="test")
        for batch in load.pending_batches(self.settings):
            load.load_batch(self.settings, batch, now=now, run_id="test")
        while roll_up.roll_up_dirty(self.settings, now=now)["remaining"]:
            pass

    def waits(self) -> list[str]:
        """Everything that is not done yet."""
        waiting = self.read(
            "SELECT 'document ' || original_name FROM landing.document WHERE state = 'landed' "
            "UNION ALL SELECT 'dirty day ' || local_day FROM ops.dirty_day"
        )
        return [*waiting.iloc[:, 0], *(str(path) for path in self.files() if "refused" not in path.parts)]

    def files(self) -> list[Path]:
        """Every file below the drop folder, and those that were claimed from it."""
        places = (self.settings.drops_path, self.settings.claims_path)
        return sorted(path for place in places for path in place.rglob("*") if path.is_file())

    def refused(self) -> dict[str, set[str]]:
        """Content (sha256) -> reasons of the files that were given back.

        A file that is given back a second time, since the first was cut short, lies there under a second name.
        """
        found: dict[str, set[str]] = {}
        for page in self.settings.drops_path.glob("*/*/refused/*.reason.txt"):
            given_back = page.with_name(page.name.removesuffix(".reason.txt"))
            if not given_back.exists():
                continue
            why = page.read_text().split("Why: ")[1].splitlines()[0]
            found.setdefault(hashlib.sha256(given_back.read_bytes()).hexdigest(), set()).add(why)
        return found

    def read(self, sql: str, **parameters: object) -> pd.DataFrame:
        with transaction(self.settings.database_url) as connection:
            return pd.read_sql(text(sql), connection, params=parameters)

    def count(self, what: str) -> int:
        return int(self.read(f"SELECT count(*) AS n FROM {what}")["n"].item())

    def state(self) -> dict[str, pd.DataFrame]:
        return {name: self.read(sql) for name, sql in STATE.items()}

    def forget(self) -> None:
        """An empty warehouse for the same tenant; folders are emptied too."""
        url = self.settings.database_url
        with transaction(url) as connection:
            connection.execute(
                text(
                    "TRUNCATE mart.reading, mart.superseded_reading, mart.rollup, mart.state_event, mart.report, "
                    "landing.document, landing.load, landing.quarantine, ops.dirty_day, ops.dirty_plant_day, ops.outbox, "
                    "fleet.series, fleet.target, fleet.tariff, fleet.device, fleet.customer, fleet.plant, fleet.tenant, "
                    "fleet.app_user "
                    "RESTART IDENTITY CASCADE"
                )
            )
            self.tenant_id = fleet.upsert_tenant(connection, self.tenant)
        self._give_calendars()
        for path in sorted(self.settings.home.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


def assert_same_state(found: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame], *, but: tuple[str, ...] = ()) -> None:
    for name, frame in expected.items():
        if name not in but:
            pd.testing.assert_frame_equal(found[name], frame, check_exact=True, obj=name)


def assert_nothing_lost(river: SmallRiver) -> None:
    """Every document rests in landing with its bytes, every load is balanced, and every row was counted in once."""
    store = ObjectStore(river.settings.landing)
    for uri, sha256 in river.read("SELECT uri, sha256 FROM landing.document").itertuples(index=False):
        with store.open_delivered(uri, sha256=sha256) as stored:
            assert hashlib.sha256(stored.read()).hexdigest() == sha256
    parts = "inserted_rows + updated_rows + unchanged_rows + duplicate_rows + quarantined_rows"
    assert river.count(f"landing.load WHERE parsed_rows <> {parts}") == 0
    inserted = river.read(
        "SELECT coalesce(sum(inserted_rows), 0) AS n FROM landing.load JOIN landing.document USING (document_id) "
        "WHERE feed <> 'registry'"
    )["n"].item()
    assert inserted == river.count("mart.reading") + river.count("mart.state_event")


def in_child(act: Callable[[], object]) -> int:
    """Fork, act in the child and return its pid; exit code 0 means done, 1 an error, 2 `TryLater`.

    The parent's imports are warm in the child, its connections are not used there: it must have disposed of its engines.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        engine_of.cache_clear()
        act()
        code = 0
    except TryLater:
        code = 2
    except BaseException as error:  # noqa: BLE001 - the child must end here, and say why
        os.write(2, f"child: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def at_once(river: SmallRiver, *acts: Callable[[], object]) -> list[int]:
    """Run each act in a process of its own, all released at the same moment; returns their exit codes."""
    gate = multiprocessing.get_context("fork").Barrier(len(acts) + 1)
    engine_of(river.settings.database_url).dispose()

    def start(act: Callable[[], object]) -> None:
        gate.wait()
        act()

    children = [in_child(lambda act=act: start(act)) for act in acts]
    gate.wait(timeout=300)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def measurements(
    devices: dict[int, float],
    days: list[str],
    *,
    step: str = "10min",
    faults: bool = False,
    start: str = "05:00",
    hours: int = 14,
) -> bytes:
    """A document of inverters at a constant power [kW] in São Paulo's daytime, with rows that break rules where asked for."""
    rows = []
    for device, power_kw in devices.items():
        for day in days:
            stamps = pd.date_range(f"{day}T{start}", periods=int(pd.Timedelta(hours=hours) / pd.Timedelta(step)) + 1, freq=step)
            for place, stamp in enumerate(stamps.tz_localize("America/Sao_Paulo")):
                watt = power_kw * 1000 * (1 + place % 7 / 10 if faults else 1)
                rows.append(
                    {
                        "inversor_id": device,
                        "datetime": stamp.tz_convert("UTC").isoformat(),
                        "potencia_ativa_watt": watt,
                        "temperatura_celsius": 30 + place % 5,
                    }
                )
    if faults:
        rows[3] |= {"datetime": "yesterday"}
        rows[5] |= {"potencia_ativa_watt": 9e12}
        rows[8] |= {"temperatura_celsius": "warm"}
        rows += [rows[10], rows[11] | {"potencia_ativa_watt": 1.0}]
    return json.dumps(rows).encode()


def telemetry(day: str) -> bytes:
    def sensor(key: str, kind: str, unit: str, values: list[object]) -> dict:
        stamps = pd.date_range(f"{day}T12:00", periods=len(values), freq="5min", tz="UTC")
        readings = [{"valor": value, "timestamp": stamp.isoformat()} for value, stamp in zip(values, stamps, strict=True)]
        return {"sensor_uuid": key, "sensor_nome": key, "sensor_tipo": kind, "sensor_unidade": unit, "readings": readings}

    return json.dumps(
        [
            {
                "equip_uuid": "E", "equip_nome": "Equipment",
                "sensors": [
                    sensor("T", "temperature", "°C", [20 + place / 10 for place in range(60)]),
                    sensor("S", "state", "", ["on", "off", "on", "on"] * 5),
                ],
            }
        ]
    ).encode()  # fmt: skip


REGISTRY = {
    "plants": [
        {"plant_key": "p", "name": "Plant P", "timezone": "America/Sao_Paulo", "capacity_kwp": 100},
        {"plant_key": "q", "name": "Plant Q", "timezone": "Europe/Berlin"},
    ],
    "devices": [
        {"device_key": "1", "plant_key": "p", "kind": "inverter"}, {"device_key": "2", "plant_key": "p", "kind": "inverter"},
        {"device_key": "3", "plant_key": "q", "kind": "inverter"}, {"device_key": "E", "plant_key": "p", "kind": "equipment"},
        {"device_key": "T", "plant_key": "p", "kind": "sensor", "parent_key": "E"},
        {"device_key": "S", "plant_key": "p", "kind": "sensor", "parent_key": "E"},
    ],
    "customers": [{"document": "11", "name": "Customer A"}],
    "targets": [{"plant_key": "p", "month": "2026-02", "target_kwh": 2800}],
    "tariffs": [{"plant_key": "p", "valid_from": "2026-01-01", "price_per_kwh": 0.9}],
}  # fmt: skip
LATE_REGISTRY = {"devices": [{"device_key": "9", "plant_key": "p", "kind": "inverter"}]}


def whole_set() -> Files:
    """Repeated, contradicting, faulty and unreadable documents, one that waits for its device, and that device."""
    first = measurements({1: 10, 2: 20}, ["2026-02-01", "2026-02-02"], faults=True)
    return {
        ("registry", "fleet.json"): json.dumps(REGISTRY).encode(),
        ("plant_measurements", "first.json"): first,
        ("plant_measurements", "first (copy).json"): first,
        ("plant_measurements", "second.json"): measurements({1: 11, 3: 7, 9: 5}, ["2026-02-02", "2026-02-03"], faults=True),
        ("telemetry_batches", "batch.json"): telemetry("2026-02-02"),
        ("telemetry_batches", "broken.json"): b'[{"equip_uuid": "E", "sensors": [',
        ("plant_measurements", "third.json"): measurements({1: 12, 2: 20}, ["2026-02-01"]),
        ("consumption", "c.csv"): b"documento;mes;consumo_kwh\n11;2026-01;100,5\n11;2026-02;110,5\n12;2026-02;3\n",
        ("plant_measurements", "empty.json"): b"",
    }


def late_set() -> Files:
    """The device for which a document of the first wave waits, and one more contradiction."""
    return {
        ("registry", "late.json"): json.dumps(LATE_REGISTRY).encode(),
        ("plant_measurements", "fourth.json"): measurements({9: 6}, ["2026-02-03"]),
    }


def short_set() -> Files:
    """The fewest documents that go through every step: two that contradict each other, a faulty row, one that is refused."""
    return {
        ("registry", "fleet.json"): json.dumps(REGISTRY).encode(),
        ("plant_measurements", "a.json"): measurements({1: 10}, ["2026-02-01"], step="30min", faults=True),
        ("telemetry_batches", "batch.json"): telemetry("2026-02-01"),
        ("telemetry_batches", "broken.json"): b'[{"equip_uuid": "E", "sensors": [',
        ("plant_measurements", "b.json"): measurements({1: 12, 9: 3}, ["2026-02-01"], step="30min"),
    }
