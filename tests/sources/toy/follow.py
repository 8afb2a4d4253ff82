"""Runs in a copy of the house to which Toy Cloud was added: prints what follows from its row, and what a pull of it brings.

python follow.py <url of a warehouse> <empty folder>
"""

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.fernet import Fernet
from sqlalchemy import text

from cli.pools import pools
from include.core.settings import Settings
from include.core.vendors import VENDORS
from include.sources.clouds.hosts import base_url, is_vendors_own
from include.sources.drops.registry_fields import SOURCES
from include.sources.feeds import ALARM_FEEDS, FEEDS
from include.steps import load, register
from include.steps.integrations import add_integration
from include.steps.pull import pull_account
from include.steps.vendor_account import Clock
from include.warehouse import fleet
from include.warehouse.engine import engine_of, transaction
from include.warehouse.migrate import migrate

NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
PLANTS = [
    {"id": "A", "name": "Roof", "lat": -23.55, "lon": -46.63, "watts": 5000},
    {"id": "B", "name": "Barn", "lat": 52.52, "lon": 13.4, "watts": 10000},
    {"id": "C", "name": "Field", "lat": -15.8, "lon": -47.9, "watts": 8000},
]
DEVICES = [{"id": f"{plant['id'].lower()}1", "plant": plant["id"]} for plant in PLANTS]
BROKEN = "c1"
"""A device for which the vendor refuses the whole group."""

calls: list[tuple[str, str, str]] = []


class ToyCloud(BaseHTTPRequestHandler):
    """The vendor: a login by POST, everything else by GET, at the second address that the login names."""

    second_address = ""

    def do_POST(self) -> None:
        """The login."""
        key = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["key"]
        self._answer({"token": "t-1", "base_url": self.second_address} if key == "right" else {"error": "key"})

    def do_GET(self) -> None:
        """Lists, power, energy, events."""
        place = urlsplit(self.path)
        body = {name: values[0] for name, values in parse_qs(place.query).items()}
        calls.append((self.headers["Host"], place.path, place.query))
        if self.headers["Authorization"] != "t-1":
            self._answer({"error": "stale"})
        elif place.path in {"/plants", "/devices"}:
            rows = PLANTS if place.path == "/plants" else DEVICES
            start = (int(body["page"]) - 1) * int(body["size"])
            self._answer({"rows": rows[start : start + int(body["size"])], "total": len(rows)})
        elif place.path == "/power":
            keys = body["ids"].split(",")
            rows = [{"id": key, "plant": key[0].upper(), "at": "2026-06-16T09:00:00", "p": 1500} for key in keys]
            self._answer({"error": "who", "detail": BROKEN} if BROKEN in keys else {"rows": rows})
        elif place.path == "/energy":
            self._answer({"rows": [{"id": body["plant"], "day": body["day"], "e": 20.5}]})
        else:
            self._answer({"rows": []})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, data: dict[str, Any]) -> None:
        raw = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def serve() -> str:
    """Start a server on a free port; returns its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), ToyCloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def names() -> dict[str, Any]:
    """What follows from the row without a line of code."""
    toy = VENDORS["toy"]
    return {
        "feeds": sorted(name for name in (*FEEDS, *ALARM_FEEDS) if name.startswith("toy_")),
        "sources": "toy" in SOURCES,
        "pool": pools()["vendor_toy"]["slots"],
        "host": base_url(toy, "world", ""),
        "is_vendors_own": is_vendors_own("api.toy.example"),
        "priority_of_days": toy.priority("days"),
    }


def pull(url: str, home: Path) -> dict[str, Any]:
    """Add an account, pull it until nothing is due, load what landed."""
    migrate(url)
    first, second = serve(), serve()
    ToyCloud.second_address = second
    settings = Settings(
        home=home, database_url=url, vault_keys=Fernet.generate_key().decode(), extra_vendor_urls=f"{first},{second}"
    )
    with transaction(url) as connection:
        fleet.upsert_tenant(connection, fleet.Tenant(0, "toys", "Toys", "Europe/Berlin", language="en"))
    added = add_integration(settings, tenant="toys", vendor="toy", credentials={"host": first, "api_key": "right"}, now=NOW)
    now = NOW
    clock = Clock(lambda: now, lambda seconds: None)
    summaries = []
    for _ in range(6):
        summaries.append(pull_account(settings, added["integration_id"], credentials=None, clock=clock, run_id="test"))
        now += timedelta(minutes=2)
    register.register_landed(settings, now=now, run_id="test")
    for batch in load.pending_batches(settings):
        load.load_batch(settings, batch, now=now, run_id="test")
    return {"second_address": second, "summaries": summaries, "rows": rows(url)}


def rows(url: str) -> dict[str, Any]:
    """What the warehouse holds afterwards."""
    readings = (
        "SELECT coalesce(d.device_key, p.plant_key), s.quantity, r.measured_at::text, r.value FROM mart.reading AS r "
        "JOIN fleet.series AS s USING (series_id) LEFT JOIN fleet.device AS d USING (device_id) "
        "LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id WHERE s.origin = 'measured' ORDER BY 1, 2, 3"
    )
    with engine_of(url).connect() as connection:
        connection.execute(text("SET TIME ZONE 'UTC'"))
        return {
            "plants": [
                list(row) for row in connection.execute(text("SELECT plant_key, source, timezone FROM fleet.plant ORDER BY 1"))
            ],
            "readings": [list(row) for row in connection.execute(text(readings))],
            "subjects": sorted(
                {row[0] for row in connection.execute(text("SELECT subject FROM ops.vendor_call WHERE subject IS NOT NULL"))}
            ),
            "refused": [
                row[0]
                for row in connection.execute(text("SELECT request -> 'asked' ->> 'ids' FROM ops.pull WHERE state = 'refused'"))
            ],
        }


if __name__ == "__main__":
    print(json.dumps({"names": names(), "pull": pull(sys.argv[1], Path(sys.argv[2])), "calls": calls}))
