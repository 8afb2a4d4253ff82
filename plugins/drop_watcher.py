"""Tells Airflow when a dropped file has come to rest, so that landing need not wait for the clock."""

import asyncio
import time
from collections.abc import AsyncIterator, Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from include.core.settings import Settings


class DropWatcher(BaseEventTrigger):
    """Looks into the drop folder every `poll_s` seconds and fires once for each file that has come to rest.

    The event only wakes the DAG, which looks for itself: a restarted triggerer may fire again for the same file.
    The folder is a setting of the triggerer, so that no DAG depends on the environment in which it was parsed.
    """

    def __init__(self, poll_s: float = 1.0) -> None:
        """`poll_s` is the pause between two looks [s]."""
        super().__init__()
        self.poll_s = poll_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments with which the triggerer makes it anew."""
        return ("plugins.drop_watcher.DropWatcher", {"poll_s": self.poll_s})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire whenever files rest that did not at the last look; files that stay where they are fire only once."""
        settings = Settings.from_environment()
        known: frozenset[Hashable] = frozenset()
        while True:
            began = time.monotonic()
            try:
                resting = await asyncio.to_thread(
                    resting_files, settings.drops_path, settings.drop_settle_s, datetime.now(UTC), known
                )
            except OSError as error:  # the clock still wakes the DAG, which then tells what is wrong
                self.log.warning("Cannot look into %s: %s", settings.drops_path, error)
                resting = known
            if fresh := resting - known:
                yield TriggerEvent({"files": len(fresh)})
            known = resting
            # Looking takes at most a tenth of the time, however many tenants there are.
            await asyncio.sleep(max(self.poll_s, 10 * (time.monotonic() - began)))


def resting_files(drops: Path, settle_s: float, now: datetime, known: frozenset[Hashable] = frozenset()) -> frozenset[Hashable]:
    """Dropped files that landing would take now; those that are not known yet are opened, to see whether they are written."""
    from include.landing.drops import is_being_written, look

    seen = look(drops, settle_s=settle_s, now=now)
    resting = [*seen.ready, *(drop for drop, _ in seen.faulty)]
    return frozenset(drop.key for drop in resting if drop.key in known or not is_being_written(drop, drops))
