"""Dirty days become rollups."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from include.core.errors import TryLater
from include.core.settings import Settings
from include.rollups.roll_up import roll_up
from include.steps.each import Failure, errors_of
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_MOST_ROUNDS: Final = 1000


class HeldByOthers(TryLater):
    """Other roll-ups, or changes of the fleet, hold everything that is left."""


def roll_up_all(settings: Settings, *, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Work off the work lists, round by round; a round that fails ends it, and what the rounds before it did stays.

    Args:
        settings: With the database.
        clock: The time now, aware.

    Returns:
        The summed dirty_days, plant_days and rows_changed, the days `remaining` in the end, and `errors`.

    Raises:
        HeldByOthers: Nothing was done, for others hold everything that is left.
        Exception: What made the first round fail.
    """
    done: Counter[str] = Counter()
    failures: list[Failure] = []
    remaining = 0
    for _ in range(_MOST_ROUNDS):
        try:
            this_round = roll_up_dirty(settings, now=clock())
        except HeldByOthers:
            if not done:
                raise
            break
        except Exception as error:  # noqa: BLE001 - the rounds before it are to be told of
            _log.exception("A round failed")
            failures.append(Failure("the days that are left, which stay dirty", error))
            break
        remaining = this_round.pop("remaining")
        done.update(this_round)
        if not remaining:
            break
    return {**done, "remaining": remaining, "errors": errors_of(failures, beside=done)}


def roll_up_dirty(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Work off one round of the work lists, series and then plants; `remaining` tells whether to call again.

    Raises `HeldByOthers` where other roll-ups, or changes of the fleet, hold everything that is left.
    """
    with transaction(settings.database_url) as connection:
        done = roll_up(connection, computed_at=now)
    if done.remaining and not done.dirty_days and not done.plant_days:
        reason = (
            f"other roll-ups or changes of the fleet hold the {done.remaining} days that are left; they are taken when those end"
        )
        raise HeldByOthers(reason, after_s=30)
    return asdict(done)
