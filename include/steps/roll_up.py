"""Dirty days become rollups."""

from datetime import datetime
from typing import Any

from include.core.errors import TryLater
from include.core.settings import Settings
from include.rollups.roll_up import roll_up
from include.warehouse.engine import transaction


def roll_up_dirty(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Work off one round of the work list; `remaining` tells whether to call again.

    Raises `TryLater` while another roll-up, or a change of the fleet, is at work.
    """
    with transaction(settings.database_url) as connection:
        done = roll_up(connection, computed_at=now)
    if done is None:
        raise TryLater("another roll-up or a change of the fleet is at work; try again when it ends", after_s=30)
    return {"dirty_days": done.dirty_days, "rows_changed": done.rows_changed, "remaining": done.remaining}
