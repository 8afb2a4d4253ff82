"""Files that tenants deliver to production, and when they are loaded."""

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from include.steps.land import deliver_drop
from include.steps.register import register_text
from include.steps.tenants import save_tenant
from tests.warehouse.small_river import SmallRiver, measurements

LOADED = "SELECT original_name FROM landing.document WHERE state = 'loaded' AND original_name LIKE 'delivery-%'"
READINGS = "mart.reading JOIN landing.document USING (document_id) WHERE original_name LIKE 'delivery-%'"
READINGS_A_FILE = 2 * 29
"""Power and temperature of one inverter in 14 hours of half an hour each."""
FIRST_DAY = date(2025, 1, 1)


@dataclass
class Deliveries:
    """Each file is a day of one inverter, with a name of its own; the clock is this machine's since it started."""

    river: SmallRiver
    folder: Path
    tenants: list[str]
    delivered: dict[str, float] = field(default_factory=dict)
    loaded: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        for tenant in self.tenants:
            save_tenant(self.river.settings, tenant, {"unknown_devices": "register", "register_under": "roof"})
            roof = "plant_key,name,timezone\nroof,Roof,America/Sao_Paulo\n"
            register_text(
                self.river.settings, tenant=tenant, content=roof, name="roof", now=datetime.now(UTC), run_id="deliveries"
            )

    def deliver(self, *tenants: str) -> None:
        """One more file of each tenant, or of those named."""
        for tenant in tenants or self.tenants:
            number = len(self.delivered)
            file = self.folder / f"delivery-{os.getpid()}-{number}.json"
            day = FIRST_DAY + timedelta(days=number)
            file.write_bytes(measurements({1: 5.0}, [day.isoformat()], step="30min"))
            deliver_drop(self.river.settings, file, tenant=tenant, feed="plant_measurements")
            self.delivered[file.name] = time.monotonic()

    def look(self) -> None:
        """Note what has been loaded since the last look."""
        now = time.monotonic()
        for name in self.river.read(LOADED)["original_name"]:
            if name in self.delivered:
                self.loaded.setdefault(name, now)

    def lost_readings(self) -> int:
        """How many readings of all that was delivered are missing; below zero are too many."""
        return len(self.delivered) * READINGS_A_FILE - self.river.count(READINGS)

    def longest_wait_s(self) -> float:
        """The longest time from a delivery to its load, as far as it was looked at."""
        return max(self.loaded[name] - delivered for name, delivered in self.delivered.items() if name in self.loaded)

    def await_all(self, *, limit_s: float) -> float:
        """Wait until everything is loaded; returns how long that took."""
        began = time.monotonic()
        while len(self.loaded) < len(self.delivered):
            self.look()
            missing = self.delivered.keys() - self.loaded.keys()
            assert time.monotonic() - began < limit_s, (
                f"after {limit_s:g} s {len(missing)} of {len(self.delivered)} files still wait"
            )
            time.sleep(0.5)
        return time.monotonic() - began
