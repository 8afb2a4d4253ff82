"""What rounds of an account cost, from the calls to the loaded readings, against the sandbox in a process of its own.

    python -m bench.vendor_rounds [--vendors huawei sungrow deye solaredge growatt] [--plants 60] [--rounds 2]

A fleet of so many roofs, one inverter each, is pulled and loaded as the DAGs do: some snapshots, five minutes apart, lists of
alarms, and the history of three closed days. CPU is of both sides, client and server, with imports, roll-ups and the sandbox left
out.

The last line is one JSON object: by vendor, of `now`, `alarms` and `days`, `calls`, `documents`, `rows`, and `pull_ms` and
`load_ms` a call.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests
from cryptography.fernet import Fernet

from bench.cluster import Cluster, cluster, machine, measured
from cli.run.postgres import free_port
from include.core.pulls import Request
from include.core.settings import Settings
from include.quality.checks import preload
from include.sources.clouds.registry import CLOUDS
from include.steps import load, register
from include.steps.integrations import add_integration
from include.steps.pull import pull_account
from include.steps.vendor_account import Clock
from include.warehouse import fleet
from include.warehouse.engine import transaction
from sandbox.accounts import ACCOUNTS

NOON: Final = datetime(2026, 6, 16, 13, tzinfo=UTC)
"""Daylight in America and Europe."""

PACE_S: Final = 300.0
PURPOSES: Final = {"now": "snapshot_requests", "alarms": "alarm_requests", "days": "day_requests"}
"""What is requested for each purpose, by the vendor's callable."""


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--vendors", nargs="+", choices=tuple(CLOUDS), default=list(CLOUDS))
    arguments.add_argument("--plants", type=int, default=60)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--purposes", nargs="+", choices=tuple(PURPOSES), default=list(PURPOSES))
    options = arguments.parse_args()
    print(f"{options.plants} roofs of an inverter each; {machine()}\n")
    print("| vendor | of | calls | documents | rows | pull: CPU ms a call | load: CPU ms a call |\n|---|---|--:|--:|--:|--:|--:|")
    figures: dict[str, dict[str, Any]] = {}
    for vendor in options.vendors:
        figures[vendor] = {
            name: cost.as_dict() for name, cost in costs_of(vendor, options.plants, options.rounds, options.purposes).items()
        }
        for name, cost in figures[vendor].items():
            print(f"| {vendor} | {name} | {' | '.join(f'{figure:,}' for figure in cost.values())} |", flush=True)
    print()
    print(json.dumps(figures))


@dataclass
class Cost:
    """What rounds of one purpose came to."""

    calls: int = 0
    documents: int = 0
    rows: int = 0
    pull_cpu_s: float = 0.0
    load_cpu_s: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Counts, and the milliseconds of CPU that a call takes."""
        calls = max(1, self.calls)
        return {
            "calls": self.calls,
            "documents": self.documents,
            "rows": self.rows,
            "pull_ms": round(1000 * self.pull_cpu_s / calls, 2),
            "load_ms": round(1000 * self.load_cpu_s / calls, 2),
        }


def costs_of(vendor: str, plants: int, rounds: int, purposes: Iterable[str] = PURPOSES) -> dict[str, Cost]:
    """The cost of snapshots (`now`), of `alarms` and of closed days (`days`) of one vendor."""
    preload()
    whole, costs = CLOUDS[vendor], {name: Cost() for name in purposes}
    with cluster() as on, _sandbox(plants) as sandbox:
        house = _House(on, sandbox, vendor)
        try:
            CLOUDS[vendor] = replace(whole, **dict.fromkeys(PURPOSES.values(), _nothing))  # type: ignore[index] # only here
            house.round(Cost())
            for purpose in [one for name in costs for one in [name] * (1 + rounds if name == "now" else 1)]:
                sandbox.advance(PACE_S)
                on.run("DELETE FROM ops.pull_plan WHERE purpose = :purpose", purpose=purpose)
                others = {name: _nothing for other, name in PURPOSES.items() if other != purpose}
                CLOUDS[vendor] = replace(whole, **others)  # type: ignore[index] # only here
                # The first snapshots make series and partitions.
                house.round(costs[purpose] if purpose != "now" or house.is_warm else Cost())
                house.is_warm = True
        finally:
            CLOUDS[vendor] = whole  # type: ignore[index] # only here
    return costs


def _nothing(*_: object) -> list[Request]:
    return []


class _Sandbox:
    """The imitated clouds, and the only clock."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._ahead = timedelta(0)
        self._began = time.monotonic()

    def now(self) -> datetime:
        return NOON + self._ahead + timedelta(seconds=time.monotonic() - self._began)

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        requests.post(f"{self.url}/control", json={"advance_s": seconds}, timeout=300).raise_for_status()


@contextmanager
def _sandbox(plants: int) -> Iterator[_Sandbox]:
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--plants", str(plants), "--limits", "off"]
    with subprocess.Popen([*command, "--now", NOON.isoformat()], stdout=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    requests.get(f"{url}/control", timeout=5).raise_for_status()
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            yield _Sandbox(url)
        finally:
            process.terminate()


class _House:
    """A warehouse with one account."""

    def __init__(self, on: Cluster, sandbox: _Sandbox, vendor: str) -> None:
        self._on, self._sandbox, self.is_warm = on, sandbox, False
        port = int(sandbox.url.rpartition(":")[2])
        key = Fernet.generate_key().decode()
        self._settings = Settings(
            home=on.folder / "home", database_url=on.url, vault_keys=key, sandbox_port=port, extra_vendor_urls=sandbox.url
        )
        with transaction(on.url) as connection:
            fleet.upsert_tenant(connection, fleet.Tenant(0, "bench", "Bench", "America/Sao_Paulo"))
        given = {"host": sandbox.url, **ACCOUNTS[vendor]}
        told = add_integration(self._settings, tenant="bench", vendor=vendor, name=None, credentials=given, now=sandbox.now())
        self._integration_id = int(told["integration_id"])

    def round(self, cost: Cost) -> None:
        """Pull what is due until nothing waits, then load what landed."""
        with measured(self._on) as pulling:
            self._pull(cost)
        with measured(self._on) as loading:
            self._load(cost)
        cost.pull_cpu_s += pulling.cpu_s
        cost.load_cpu_s += loading.cpu_s

    def _pull(self, cost: Cost) -> None:
        clock = Clock(self._sandbox.now, self._sandbox.advance)
        while True:
            told = pull_account(self._settings, self._integration_id, credentials=None, clock=clock, run_id="bench")
            assert not told["errors"], told
            cost.calls += told["calls"]
            cost.documents += told["documents"]
            if not told["waiting"]:
                return
            if not told["calls"]:
                self._sandbox.advance(30)

    def _load(self, cost: Cost) -> None:
        now = self._sandbox.now()
        register.register_landed(self._settings, now=now, run_id="bench")
        left = 1
        while left:
            left = 0
            for batch in load.pending_batches(self._settings):
                counts = load.load_batch(self._settings, batch, now=now, run_id="bench")
                assert not counts["errors"], counts
                cost.rows += counts.get("parsed_rows", 0)
                left += counts["left"]


if __name__ == "__main__":
    main()
