"""Load of one document with a million readings: parse, check, load; beside COPY of the same rows, and beside dlt.

    python -m bench.load [--rounds 3] [--dlt PYTHON]

The document is nested (equipment, sensors, readings); its flat form repeats the sensor with each reading. `--dlt` names the
Python of an environment with `bench/requirements-dlt.txt`; without it those rows are left out. Imports are not counted.

The last line is one JSON object: CPU by that of COPY (`copy_ratio`, `flat_form_copy_ratio`, `database_copy_ratio`), dlt's CPU by
ours (`dlt_ratio`, null without it), and `peak_mb`.
"""

import argparse
import gzip
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.cluster import Cluster, Measured, cluster, machine, measured
from include.core.settings import Settings
from include.quality.checks import preload
from include.steps import land, load
from include.warehouse import readings
from include.warehouse.engine import transaction
from include.warehouse.incoming import Incoming

DEVICES, SENSORS, READINGS = 500, 4, 500
ROWS = DEVICES * SENSORS * READINGS
KINDS = (("temperatura", "°C", 25.0), ("umidade", "%", 50.0), ("tensao", "V", 220.0), ("potencia", "W", 3000.0))
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
LABEL = 51
_ONCE = """
import sys
from datetime import UTC, datetime
from include.core.settings import Settings
from include.steps.load import load_document
assert load_document(Settings.from_environment(), int(sys.argv[1]), now=datetime(2026, 11, 1, tzinfo=UTC), run_id="bench")
print(next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def main() -> None:
    """Run and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--dlt", help="Python with dlt installed")
    options = arguments.parse_args()
    preload()
    print(f"Load of {ROWS:,} readings of {DEVICES * SENSORS} series in one document; {machine()}")
    print(f"{'':<{LABEL}} {'client':>7} {'server':>7} {'CPU s':>7} {'wall s':>7} {'WAL MB':>7} {'x COPY':>7}")
    with cluster() as on:
        settings = _make_tenant(on)
        runs: dict[str, list[Measured]] = {label: [] for label in ("COPY", "document", "database", "again", "repeat", "flat")}
        for number in range(options.rounds):
            _round(on, settings, number, runs)
        copy_s = _cpu_s(runs["COPY"])
        _print("COPY of the same rows, sorted, text, by the server", runs["COPY"], copy_s)
        _print("document: unpack, parse, check, load, days", runs["document"], copy_s)
        _print("  of it the database part, from arrays", runs["database"], copy_s)
        _print("document loaded again (replay, nothing new)", runs["again"], copy_s)
        _print("file dropped again (known by its content)", runs["repeat"], copy_s)
        _print("its flat form, one object per reading", runs["flat"], copy_s)
        peak_mb = _peak_mb(on, settings)
        print(f"peak memory of a process that loads one document, imports included: {peak_mb:.0f} MB")
        dlt_s = _dlt(on, options.dlt, copy_s) if options.dlt else None
    figures = {
        "copy_ratio": _cpu_s(runs["document"]) / copy_s,
        "flat_form_copy_ratio": _cpu_s(runs["flat"]) / copy_s,
        "database_copy_ratio": _cpu_s(runs["database"]) / copy_s,
        "dlt_ratio": dlt_s and dlt_s / _cpu_s(runs["document"]),
        "peak_mb": peak_mb,
    }
    print(json.dumps({name: value and round(value, 3) for name, value in figures.items()}))


def document(*, is_flat: bool = False) -> bytes:
    """Equipment with sensors, as the telemetry clients send it, packed: each with its readings, or one per reading."""
    at = [(FIRST + timedelta(minutes=5 * n)).isoformat() for n in range(READINGS)]
    rng = np.random.default_rng(0)
    batch = [
        {
            "equip_uuid": f"equipment-{device}",
            "equip_nome": f"Equipment {device}",
            "sensor": [
                sensor
                for place, (kind, unit, base) in enumerate(KINDS)
                for sensor in _sensors(
                    {
                        "sensor_uuid": f"sensor-{device}-{place}",
                        "sensor_nome": f"{kind} {device}",
                        "sensor_tipo": kind,
                        "sensor_unidade": unit,
                    },
                    [
                        {"timestamp": stamp, "valor": value}
                        for stamp, value in zip(at, np.round(base * (1 + 0.1 * rng.random(READINGS)), 2).tolist(), strict=True)
                    ],
                    is_flat=is_flat,
                )
            ],
        }
        for device in range(DEVICES)
    ]
    return gzip.compress(json.dumps(batch).encode(), 6, mtime=0)


def _sensors(sensor: dict[str, str], readings: list[dict[str, Any]], *, is_flat: bool) -> list[dict[str, Any]]:
    return [sensor | reading for reading in readings] if is_flat else [sensor | {"readings": readings}]


def _make_tenant(on: Cluster) -> Settings:
    on.run("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', 'America/Sao_Paulo')")
    on.run("INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (1, 'p', 'P', 'America/Sao_Paulo')")
    on.run(
        "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) "
        "SELECT 1, 'sensor-' || d || '-' || s, 1, 'sensor', d "
        "FROM generate_series(0, :devices - 1) AS d, generate_series(0, :sensors - 1) AS s",
        devices=DEVICES, sensors=SENSORS,
    )  # fmt: skip
    on.run("CREATE TABLE plain (LIKE mart.reading INCLUDING ALL) PARTITION BY RANGE (measured_at)")
    on.run("CREATE TABLE plain_10 PARTITION OF plain FOR VALUES FROM ('2026-10-01T00:00Z') TO ('2026-11-01T00:00Z')")
    return Settings(home=on.folder / "home", database_url=on.url, drop_settle_s=0)


def _round(on: Cluster, settings: Settings, number: int, runs: dict[str, list[Measured]]) -> None:
    folder = settings.drops_path / "bench" / "telemetry_batches"
    folder.mkdir(parents=True, exist_ok=True)
    body = document()
    (folder / f"{number}.json.gz").write_bytes(body)
    (claim,) = land.land_drops(settings, now=NOW + timedelta(days=400))
    on.run("UPDATE landing.document SET state = 'landed', received_at = :at", at=NOW)
    runs["document"].append(_timed(on, lambda: _load(settings, claim["document_id"], inserted=ROWS)))
    if number == 0:
        _export(on)
    incoming = _stored(on)
    on.run("UPDATE landing.document SET state = 'landed'")
    runs["again"].append(_timed(on, lambda: _load(settings, claim["document_id"], inserted=0)))
    (folder / "again.json.gz").write_bytes(body)
    runs["repeat"].append(_timed(on, lambda: land.land_drops(settings, now=NOW + timedelta(days=400))))
    on.run("TRUNCATE mart.reading, ops.dirty_day")
    on.run("CHECKPOINT")
    runs["database"].append(_timed(on, lambda: _load_arrays(on, incoming)))
    _forget(on)
    (folder / "flat.json.gz").write_bytes(document(is_flat=True))
    (flat,) = land.land_drops(settings, now=NOW + timedelta(days=400))
    on.run("UPDATE landing.document SET received_at = :at", at=NOW)
    on.run("CHECKPOINT")
    runs["flat"].append(_timed(on, lambda: _load(settings, flat["document_id"], inserted=ROWS)))
    _forget(on)
    on.run("TRUNCATE plain")
    on.run("CHECKPOINT")
    runs["COPY"].append(_timed(on, lambda: on.run(f"COPY plain FROM '{_text_file(on)}'")))


def _forget(on: Cluster) -> None:
    on.run("TRUNCATE mart.reading, ops.dirty_day, landing.load, landing.document CASCADE")


def _timed(on: Cluster, work: Callable[[], object]) -> Measured:
    with measured(on) as result:
        work()
    return result


def _load(settings: Settings, document_id: int, *, inserted: int) -> None:
    counts = load.load_document(settings, document_id, now=NOW, run_id="bench")
    assert counts is not None
    assert counts.inserted_rows == inserted, counts


def _load_arrays(on: Cluster, incoming: Incoming) -> None:
    timezones = dict.fromkeys(np.unique(incoming.series_id).tolist(), "America/Sao_Paulo")
    with transaction(on.url) as connection:
        readings.lock_tenant(connection, 1)
        written = readings.load_readings(connection, incoming, document_id=1, timezones=timezones)
    assert written.inserted == ROWS


def _stored(on: Cluster) -> Incoming:
    with transaction(on.url) as connection:
        rows = connection.exec_driver_sql(
            "SELECT series_id, (extract(epoch FROM measured_at) * 1e6)::int8, value FROM mart.reading ORDER BY 1, 2"
        ).fetchall()
    series_id, measured_at, value = zip(*rows, strict=True)
    return Incoming(np.array(series_id, np.int32), np.array(measured_at, np.int64), np.array(value))


def _text_file(on: Cluster) -> Path:
    return on.folder / "pg" / "rows.txt"


def _export(on: Cluster) -> None:
    on.run(f"COPY (SELECT * FROM mart.reading ORDER BY series_id, measured_at) TO '{_text_file(on)}'")


def _peak_mb(on: Cluster, settings: Settings) -> float:
    """Peak memory of a fresh process that does nothing but load."""
    (settings.drops_path / "bench" / "telemetry_batches" / "once.json.gz").write_bytes(document())
    (claim,) = land.land_drops(settings, now=NOW + timedelta(days=400))
    environment = {"HELIOGRAPH_HOME": str(settings.home), "HELIOGRAPH_DATABASE_URL": on.url}
    command = [sys.executable, "-c", _ONCE, str(claim["document_id"])]
    root = Path(__file__).resolve().parents[1]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=root).stdout)


def _dlt(on: Cluster, python: str, copy_s: float) -> float:
    """CPU [s] of dlt's first load."""
    rows = on.folder / "rows.json.gz"
    rows.write_bytes(document())
    command = [python, str(Path(__file__).with_name("load_dlt.py")), str(rows), on.url.replace("+psycopg2", "")]
    runs: list[Measured] = []
    for label in ("dlt, merge of an Arrow table through Parquet", "dlt, the same again"):
        before = on.cpu_s()[1]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        runs.append(Measured(told["wall_s"], told["cpu_s"], on.cpu_s()[1] - before))
        _print(label, runs[-1:], copy_s)
    return runs[0].cpu_s


def _cpu_s(runs: list[Measured]) -> float:
    return statistics.median(one.cpu_s for one in runs)


def _print(label: str, runs: list[Measured], copy_s: float) -> None:
    columns = ("client_cpu_s", "server_cpu_s", "cpu_s", "wall_s", "wal_mb")
    figures = {name: statistics.median(getattr(m, name) for m in runs) for name in columns}
    cells = " ".join(f"{figures[name]:>7.2f}" for name in columns)
    print(f"{label:<{LABEL}} {cells} {figures['cpu_s'] / copy_s:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
