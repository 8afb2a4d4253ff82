"""Roll readings up into hours, days, weeks, months and years.

**What:** Works off the dirty days until none is left; a bucket whose readings are gone is removed.

**Reads:** `ops.dirty_day` and `ops.dirty_plant_day` (the work lists) and `mart.reading`.

**Writes:** `mart.rollup` and `mart.energy_day`; each round removes its dirty days in the same transaction.

**If it fails:** the days stay dirty and the next run takes them; numbers in the API stay as they were. Clear the task once
PostgreSQL answers again. If it fails on one and the same day every time, the log names it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import AssetAlias, dag, task
from airflow.sdk.exceptions import AirflowRescheduleException, AirflowSkipException

from dags.dag_defaults import DAG_DEFAULTS, READINGS, ROLLUPS, conclude, woken_by
from include.core.settings import Settings

ROLLED_UP: Final = AssetAlias("rolled_up_by_roll_up_readings")
PATIENCE: Final = timedelta(seconds=30)
"""When a run looks again that found all days in the hands of others; until then it holds no slot."""


@dag(schedule=woken_by(READINGS, or_every="*/15 * * * *"), tags=["roll_up", "readings"], doc_md=__doc__, **DAG_DEFAULTS)
def roll_up_readings() -> None:
    """One task that works until the work list is empty; runs side by side take different series."""

    @task(pool="rollup", outlets=[ROLLED_UP])
    def roll_up(*, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Roll up what is dirty; returns the summed counts of all rounds."""
        from include.steps.roll_up import HeldByOthers, roll_up_all

        try:
            done = roll_up_all(Settings.from_environment(), clock=lambda: datetime.now(UTC))
        except HeldByOthers as held:
            raise AirflowRescheduleException(datetime.now(UTC) + PATIENCE) from held
        if not done["dirty_days"] and not done["plant_days"]:
            raise AirflowSkipException("no day is dirty")
        outlet_events[ROLLED_UP].add(ROLLUPS)
        if done["remaining"] and not done["errors"]:
            outlet_events[ROLLED_UP].add(READINGS)
        return done

    conclude(roll_up())


roll_up_readings()
