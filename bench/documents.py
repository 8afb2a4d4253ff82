"""Many vendor answers that have waited: what one of them costs, beside an empty transaction.

    python -m bench.documents [--answers 400]

Snapshots of one inverter (6 readings) and of 108 (648 readings), of a few accounts that are asked every five minutes for 8 hours,
are loaded as the DAG loads them. CPU is of both sides, client and server, with imports left out.

The last line is one JSON object: `cpu_ms_small`, `cpu_ms_large`.
"""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.cluster import Cluster, Measured, cluster, machine, measured
from include.core.pulls import Request
from include.core.settings import Settings
from include.landing.store import ObjectStore
from include.quality.checks import preload
from include.sources.clouds.document import pack
from include.steps import load
from include.warehouse import documents
from include.warehouse.engine import transaction

FIRST: Final = datetime(2026, 11, 1, 11, tzinfo=UTC)
PACE: Final = timedelta(minutes=5)
ASKED: Final = 96
"""Times that a device is asked in 8 hours."""

LARGE: Final = 108
FIELDS: Final = ("active_power", "reactive_power", "elec_freq", "temperature", "day_cap", "total_cap")
BATCH: Final = 200


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--answers", type=int, default=400)
    count = arguments.parse_args().answers
    preload()
    print(f"{count:,} vendor answers, received over {ASKED * PACE.total_seconds() / 3600:g} hours; {machine()}")
    with cluster() as on:
        groups = -(-count // ASKED)
        settings = _make_fleet(on, groups)
        _load(settings, _land(settings, [["warm"]], 2))
        empty = _empty_transactions(on, settings, count)
        small = _loaded(on, settings, [[f"small-{group}"] for group in range(groups)], count)
        large = _loaded(on, settings, [[f"large-{group}-{n}" for n in range(LARGE)] for group in range(groups)], count)
    print(f"an empty transaction: {_told(empty, count)}")
    print(f"an answer of {len(FIELDS)} readings: {_told(small, count)}")
    print(f"an answer of {LARGE * len(FIELDS)} readings: {_told(large, count)}")
    print(json.dumps({"cpu_ms_small": _each_ms(small, count), "cpu_ms_large": _each_ms(large, count)}))


def _make_fleet(on: Cluster, groups: int) -> Settings:
    """One integration with a plant and the devices of all groups."""
    on.run("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', 'America/Sao_Paulo')")
    on.run(
        "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state_set_at, next_due_at) "
        "VALUES (1, 'huawei', 'bench', 'bench__bench', now(), now())"
    )
    on.run(
        "INSERT INTO fleet.plant (tenant_id, source, plant_key, name, timezone) "
        "VALUES (1, 'huawei', 'p', 'P', 'America/Sao_Paulo')"
    )
    on.run(
        "INSERT INTO fleet.device (tenant_id, source, device_key, plant_id, kind, name, capacity_kw) "
        "SELECT 1, 'huawei', key, 1, 'inverter', key, 50 FROM (SELECT 'warm' AS key UNION ALL "
        "SELECT 'small-' || g FROM generate_series(0, :groups - 1) AS g UNION ALL SELECT 'large-' || g || '-' || n "
        "FROM generate_series(0, :groups - 1) AS g, generate_series(0, :large - 1) AS n) AS device",
        groups=groups, large=LARGE,
    )  # fmt: skip
    return Settings(home=on.folder / "home", database_url=on.url)


def _loaded(on: Cluster, settings: Settings, groups: list[list[str]], count: int) -> Measured:
    ids = _land(settings, groups, count)
    with measured(on) as loading:
        _load(settings, ids)
    return loading


def _land(settings: Settings, groups: list[list[str]], count: int) -> list[int]:
    """Land answers about one group of devices after the other, round by round."""
    store, ids = ObjectStore(settings.landing), []
    for number in range(count):
        at = FIRST + PACE * (number // len(groups))
        body = _answer(groups[number % len(groups)], at)
        stored = store.put_bytes(body, extension="json", tenant="bench", feed="huawei_devices", received_at=at)
        with transaction(settings.database_url) as connection:
            check = documents.note_delivery(
                connection,
                tenant_id=1,
                tenant="bench",
                feed="huawei_devices",
                stored=asdict(stored) | {"original_name": "bench/getDevRealKpi"},
                received_at=at,
                integration_id=1,
            )
        ids.append(check.document_id)
    return ids


def _answer(devices: list[str], at: datetime) -> bytes:
    request = Request("getDevRealKpi", {"devIds": ",".join(devices), "devTypeId": 1}, "devices", None, tuple(devices))
    minute = at.hour * 60 + at.minute
    rows = [
        {"devId": key, "dataItemMap": {name: round(20 + place + minute / 1000, 2) for place, name in enumerate(FIELDS)}}
        for key in devices
    ]
    params = {"currentTime": int(at.timestamp() * 1000)}
    return pack("huawei", request, json.dumps({"success": True, "failCode": 0, "params": params, "data": rows}).encode())


def _load(settings: Settings, ids: list[int]) -> None:
    now = FIRST + ASKED * PACE
    for start in range(0, len(ids), BATCH):
        counts = load.load_batch(settings, ids[start : start + BATCH], now=now, run_id="bench")
        assert not counts["errors"], counts
        assert counts["quarantined_rows"] == 0, counts


def _empty_transactions(on: Cluster, settings: Settings, count: int) -> Measured:
    with measured(on) as empty:
        for _ in range(count):
            with transaction(settings.database_url) as connection:
                connection.exec_driver_sql("SELECT 1")
    return empty


def _each_ms(loading: Measured, count: int) -> float:
    return round(1000 * loading.cpu_s / count, 2)


def _told(loading: Measured, count: int) -> str:
    return (
        f"{_each_ms(loading, count)} ms of CPU each, {1000 * loading.client_cpu_s / count:.2f} of it the client's; "
        f"{1000 * loading.wall_s / count:.2f} ms by the clock"
    )


if __name__ == "__main__":
    main()
