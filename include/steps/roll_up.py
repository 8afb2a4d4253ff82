"""Dirty days become rollups."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from include.core.errors import TryLater
from include.core.settings import Settings
from include.rollups.roll_up import roll_up
from include.warehouse.engine import transaction


def roll_up_dirty(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Work off one round of the work lists, series and then plants; `remaining` tells whether to call again.

    Raises `TryLater` where other roll-ups, or changes of the fleet, hold everything that is left.
    """
    with transaction(settings.database_url) as connection:
        done = roll_up(connection, computed_at=now)
    if done.remaining and not done.dirty_days and not done.plant_days:
        reason = (
            f"other roll-ups or changes of the fleet hold the {done.remaining} days that are left; they are taken when those end"
        )
        raise TryLater(reason, after_s=30)
    return asdict(done)
