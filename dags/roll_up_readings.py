"""Roll readings up into hours, days, weeks, months and years.

**What:** Works off the dirty days until none is left; a bucket whose readings are gone is removed.

**Reads:** `ops.dirty_day` and `ops.dirty_plant_day` (the work lists) and `mart.reading`.

**Writes:** `mart.rollup` and `mart.energy_day`; each round removes its dirty days in the same transaction.

**If it fails:** the days stay dirty and the next run takes them; numbers in the API stay as they were. Clear the task once
PostgreSQL answers again. If it fails on one and the same day every time, the log names it.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import AssetAlias, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.dag_defaults import DAG_DEFAULTS, READINGS, ROLLUPS, woken_by
from include.core.errors import TryLater
from include.core.settings import Settings

ROLLED_UP: Final = AssetAlias("rolled_up_by_roll_up_readings")
MOST_ROUNDS: Final = 1000


@dag(schedule=woken_by(READINGS, or_every="*/15 * * * *"), tags=["roll_up", "readings"], doc_md=__doc__, **DAG_DEFAULTS)
def roll_up_readings() -> None:
    """One task that calls the step until the work list is empty."""

    @task(pool="rollup", outlets=[ROLLED_UP])
    def roll_up(*, outlet_events: Any = None) -> dict[str, int]:  # noqa: ANN401 - Airflow fills it in
        """Roll up what is dirty; returns the summed counts of all rounds."""
        from include.steps.roll_up import roll_up_dirty

        settings = Settings.from_environment()
        total: Counter[str] = Counter()
        for _ in range(MOST_ROUNDS):
            total.update(done := roll_up_dirty(settings, now=datetime.now(UTC)))
            if not done["remaining"]:
                break
        else:
            raise TryLater(f"{done['remaining']} dirty days are left after {MOST_ROUNDS} rounds; the next try goes on")
        if not total["dirty_days"] and not total["plant_days"]:
            raise AirflowSkipException("no day is dirty")
        outlet_events[ROLLED_UP].add(ROLLUPS)
        return {"dirty_days": total["dirty_days"], "rows_changed": total["rows_changed"]}

    roll_up()


roll_up_readings()
