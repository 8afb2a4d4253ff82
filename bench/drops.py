"""Many small files in one drop folder: how long until all have landed, and how long a watcher's second look takes.

The yardstick is reading and hashing the same files. Figures are of one run, on durable settings:

    python -m bench.drops [--files 20000]

The last line is one JSON object: `landed_s`, `second_look_s`.
"""

import argparse
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.cluster import Cluster, cluster, machine, measured
from include.core.settings import Settings
from include.landing.drops import prepare
from include.steps import land
from plugins.drop_watcher import resting_files

FEED = "sensor_readings"


def main() -> None:
    """Run and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=20_000)
    count = arguments.parse_args().files
    print(f"{count:,} small files in one drop folder; {machine()}")
    with cluster() as on:
        settings = _make_tenant(on)
        folder = settings.drops_path / "bench" / FEED
        _drop(folder, count)
        hashed_s = _hash(folder)
        print(f"reading and hashing them: {hashed_s:.2f} s")
        first_s, second_s = _look(settings)
        print(f"a watcher's first look: {first_s:.2f} s, its second: {second_s:.2f} s")
        with measured(on) as landing:
            _land(settings, count)
        landed_s = landing.wall_s
        print(
            f"landed: {landed_s:.1f} s, {1000 * landed_s / count:.1f} ms each, {landed_s / hashed_s:.0f} x reading and hashing; "
            f"CPU {landing.client_cpu_s:.1f} s, PostgreSQL's {landing.server_cpu_s:.1f} s; {landing.wal_mb:.0f} MB of WAL"
        )
        print(json.dumps({"landed_s": round(landed_s, 1), "second_look_s": round(second_s, 3)}))


def _make_tenant(on: Cluster) -> Settings:
    on.run("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', 'America/Sao_Paulo')")
    settings = Settings(home=on.folder / "home", database_url=on.url, drop_settle_s=0)
    prepare(settings.drops_path, "bench")
    return settings


def _drop(folder: Path, count: int) -> None:
    for number in range(count):
        reading = {"server_ulid": f"S{number % 50}", "timestamp": "2026-11-01T12:00:00Z", "temperature": number / 1000}
        (folder / f"{number}.json").write_text(json.dumps(reading))


def _hash(folder: Path) -> float:
    began = time.perf_counter()
    for file in folder.iterdir():
        hashlib.sha256(file.read_bytes()).hexdigest()
    return time.perf_counter() - began


def _look(settings: Settings) -> tuple[float, float]:
    began = time.perf_counter()
    known = resting_files(settings.drops_path, 0, _later())
    between = time.perf_counter()
    assert resting_files(settings.drops_path, 0, _later(), known) == known
    return between - began, time.perf_counter() - between


def _land(settings: Settings, count: int) -> None:
    landed = 0
    while checks := land.land_drops(settings, now=_later()):
        landed += len(checks)
    assert landed == count, landed


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


if __name__ == "__main__":
    main()
