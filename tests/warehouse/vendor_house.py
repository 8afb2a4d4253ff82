"""One tenant with accounts at the imitated clouds, and a clock that passes when somebody waits."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from include.core.errors import HeliographError, TryLater
from include.core.settings import Settings
from include.sources.clouds.registry import CLOUDS
from include.steps import load, register, roll_up
from include.steps.integrations import add_integration
from include.steps.pull import due_accounts, pull_account
from include.steps.vendor_account import Clock
from include.warehouse import fleet
from include.warehouse.engine import engine_of, transaction
from sandbox.accounts import ACCOUNTS

VENDORS = ("sungrow", "deye", "huawei")
"""Those that log in, and tell counters and snapshots."""

COUNTING = (*VENDORS, "growatt")
"""Those that tell counters and snapshots."""

CLOUD_NAMES = (*COUNTING, "solaredge")
CLOSING = ("fleet", "days", "alarms", "backfill")
"""Purposes that come to an end; the snapshot of now is asked again and again."""

OAUTH = {"appkey": "A" * 32, "secret_key": "s" * 32, "app_id": "4711", "redirect_url": "https://example.org/back"}
READINGS = (
    "SELECT coalesce(d.source || ' ' || d.device_key, p.source || ' ' || p.plant_key) || ' ' || s.quantity, measured_at, value "
    "FROM mart.reading JOIN fleet.series AS s USING (series_id) LEFT JOIN fleet.device AS d USING (device_id) "
    "LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id ORDER BY 1, 2"
)


@dataclass
class VendorHouse:
    """A warehouse with one tenant; `world` is the sandbox's, whose clock is the only one."""

    settings: Settings
    url: str
    world: Any
    tenant: str = "clouds"
    ids: dict[str, int] = field(default_factory=dict)

    def clock(self) -> Clock:
        return Clock(self.world.now, lambda seconds: self.world.clock.advance(seconds + 0.001))

    def add(self, vendor: str, credentials: dict[str, str] | None = None, name: str | None = None) -> int:
        given = {"host": self.url, **(credentials or ACCOUNTS[vendor])}
        told = add_integration(
            self.settings, tenant=self.tenant, vendor=vendor, name=name, credentials=given, now=self.world.now()
        )
        self.ids[name or vendor] = told["integration_id"]
        return int(told["integration_id"])

    def pull(self, name: str) -> dict[str, Any]:
        return pull_account(self.settings, self.ids[name], credentials=None, clock=self.clock(), run_id="test")

    def is_due(self, name: str) -> bool:
        vendor = name.partition("-")[0]
        due = due_accounts(self.settings, vendor=vendor, now=self.world.now())
        return self.ids[name] in {account["integration_id"] for account in due}

    def pull_until_done(self, name: str, *, purposes: tuple[str, ...] = CLOSING, most: int = 400) -> int:
        """Pull whenever something of these purposes is due until none of them waits; returns how many pulls it took.

        A pull that met a refusal may end before it planned all that is due; then one more does, as a scheduler's would.
        """
        was_cut_short = False
        for pulls in range(1, most + 1):
            due_at = None
            with contextlib.suppress(TryLater):
                due_at = self.pull(name)["next_at"]
            waiting, next_at = self.waiting(name, purposes)
            if not waiting and (was_cut_short or due_at is None or datetime.fromisoformat(due_at) > self.world.now()):
                return pulls
            was_cut_short = was_cut_short or not waiting
            self.world.clock.advance(max(1.0, (next_at - self.world.now()).total_seconds()) if next_at else 1.0)
        left = self.rows("SELECT interface, reason, due_at FROM ops.pull WHERE state = 'waiting'")
        raise AssertionError(f"{name} still waits after {most} pulls: {left}")

    def waiting(self, name: str, purposes: tuple[str, ...]) -> tuple[Any, ...]:
        """How many questions of these purposes wait, and until when the first of them does."""
        statement = (
            "SELECT count(*), min(due_at) FROM ops.pull "
            "WHERE integration_id = :id AND state = 'waiting' AND purpose = ANY (:purposes)"
        )
        return self.rows(statement, id=self.ids[name], purposes=list(purposes))[0]

    def load(self) -> None:
        """Load and roll up everything that has landed."""
        now = self.world.now()
        register.register_landed(self.settings, now=now, run_id="test")
        left = 1
        while left:
            batches = load.pending_batches(self.settings)
            left = sum(load.load_batch(self.settings, batch, now=now, run_id="test")["left"] for batch in batches)
        roll_up.roll_up_dirty(self.settings, now=now)

    def readings(self, like: str = "%") -> list[tuple[Any, ...]]:
        return [row for row in self.rows(READINGS) if like == "%" or like in row[0]]

    def day_energies(self, quantity: str, source: str, day: date, *, of: str = "plant") -> dict[str, float]:
        """Energy [kWh] of a local day by the vendor's key, from the rollups."""
        origin = "derived" if quantity == "ac_power_kw" and of == "plant" else "measured"
        figure = "r.sum" if quantity.endswith(("_day_kwh", "_15min_kwh")) else "r.energy_kwh"
        statement = (
            f"SELECT o.{of}_key, {figure} FROM mart.rollup AS r JOIN fleet.series AS s USING (series_id) "
            f"JOIN fleet.{of} AS o ON o.{of}_id = s.{of}_id WHERE r.grain = 'day' AND r.local_date = :day "
            "AND s.quantity = :quantity AND s.origin = :origin AND o.source = :source"
        )
        return dict(self.rows(statement, day=day, quantity=quantity, origin=origin, source=source))

    def truth(self, vendor: str, day: date) -> dict[str, float]:
        """What each plant really generated on a local day [kWh]."""
        sunshine = self.world.sunshine
        return {
            plant.key: sum(sunshine.day(inverter, day).energy_kwh for inverter in plant.inverters)
            for plant in sunshine.plants(vendor)
        }

    def truth_of_inverters(self, vendor: str, day: date, *, plant_key: str) -> dict[str, float]:
        """What each inverter of a plant really generated on a local day [kWh]."""
        plant = self.world.sunshine.find_plant(plant_key)
        return {inverter.key: self.world.sunshine.day(inverter, day).energy_kwh for inverter in plant.inverters}

    def calls(self, vendor: str) -> dict[str, int]:
        """Calls by interface, as the sandbox counted them."""
        return {row["interface"]: row["calls"] for row in self.world.limits.counts() if row["vendor"] == vendor}

    def refusals(self, vendor: str) -> int:
        """Calls that the sandbox refused for a limit."""
        return sum(row["refused"] for row in self.world.limits.counts() if row["vendor"] == vendor)

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with engine_of(self.settings.database_url).begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement), parameters)]

    def one(self, statement: str, **parameters: Any) -> Any:
        return self.rows(statement, **parameters)[0][0]


def build(url: str, clouds: Any, home: Path) -> VendorHouse:
    """A warehouse with the tenant `clouds`, without accounts."""
    settings = Settings(home=home, database_url=url, vault_keys=Fernet.generate_key().decode(), extra_vendor_urls=clouds.url)
    with transaction(url) as connection:
        fleet.upsert_tenant(connection, fleet.Tenant(0, "clouds", "Clouds", "America/Sao_Paulo", language="en"))
    return VendorHouse(settings, clouds.url, clouds.world)


def leave_history_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have accounts asked for everything but closed days, which are most of their requests."""
    for vendor in CLOUD_NAMES:
        monkeypatch.setitem(CLOUDS, vendor, replace(CLOUDS[vendor], day_requests=lambda *_: []))


@contextlib.contextmanager
def expect_ours() -> Iterator[None]:
    """Errors of ours are what a task would show; they end nothing here."""
    with contextlib.suppress(HeliographError):
        yield


def all_told(told: dict[str, float], truth: dict[str, float]) -> bool:
    """Whether the energies of the same plants are told, half a percent apart at most."""
    return told.keys() == truth.keys() and all(told[key] == pytest.approx(truth[key], rel=0.005) for key in truth)


def days_before(now: datetime, days: int) -> date:
    return (now - timedelta(days=days)).date()
