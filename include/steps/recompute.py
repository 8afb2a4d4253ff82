"""Stored days are computed again, by today's rules and from today's readings, and what that changed is told."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from include.core.errors import TryLater
from include.core.settings import Settings
from include.rollups import recompute
from include.rollups.roll_up import roll_up
from include.rollups.wish import RollupWish
from include.warehouse import fleet
from include.warehouse.engine import Connection, own_connection, snapshot

_WAIT_S: Final = 1.0
_MOST_WAITS: Final = 300


def plan_recompute(settings: Settings, wish: Mapping[str, Any]) -> dict[str, Any]:
    """How many days of how many series and plants a recompute would take; `wish` has the fields of `RollupWish`.

    Raises `NeedsHuman` for an unknown tenant and `Refused` for an unknown plant.
    """
    with snapshot(settings.database_url) as connection:
        return asdict(recompute.plan(connection, _known(connection, wish)))


def recompute_rollups(
    settings: Settings, wish: Mapping[str, Any], *, clock: Callable[[], datetime], tell: Callable[[int], None]
) -> dict[str, Any]:
    """Mark the days, work the lists off, whatever else waits included, and return what changed.

    The fields of `Recompute` and `RecomputeOutcome`, and `rows_changed` by the rounds of this run. `tell` is called after each
    round with how many days are left. Interrupted, the marks stay for the next roll-up, and only the telling is lost.
    """
    with own_connection(settings.database_url) as connection:
        with connection.begin():
            marked = recompute.mark(connection, _known(connection, wish))
        rows_changed = _work_off(connection, clock, tell)
        with connection.begin():
            outcome = recompute.compare(connection)
    return asdict(marked) | {"rows_changed": rows_changed} | outcome.as_dict()


def _known(connection: Connection, wish: Mapping[str, Any]) -> RollupWish:
    asked = RollupWish(**wish)
    if asked.tenant:
        fleet.read_tenant(connection, asked.tenant)
    return asked


def _work_off(connection: Connection, clock: Callable[[], datetime], tell: Callable[[int], None]) -> int:
    """Roll up until nothing is left, beside others that do the same; returns how many rows changed."""
    changed = idle = 0
    while True:
        with connection.begin():
            done = roll_up(connection, computed_at=clock())
        changed += done.rows_changed
        tell(done.remaining)
        if not done.remaining:
            return changed
        idle = 0 if done.dirty_days or done.plant_days else idle + 1
        if idle > _MOST_WAITS:
            reason = f"others hold the {done.remaining} days that are left since {_MOST_WAITS * _WAIT_S:.0f} s"
            raise TryLater(f"{reason}; `roll_up_readings` goes on with them, or recompute again when those end")
        if idle:
            time.sleep(_WAIT_S)
