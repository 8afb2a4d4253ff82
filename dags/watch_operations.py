"""Watch the operation and tell the operator.

**What:** Looks at the tables every ten minutes: sources that are late, work lists that stand still, accounts that get no answer,
quarantine that jumps, refused documents, mails and open alarms, failed tasks, disks and clocks. Each is an incident that is told
once by mail, with what to do next, and once more when it has ended.

**Reads:** the work lists and counts of `landing`, `ops`, `fleet` and `mart`; free space of the disks.

**Writes:** `ops.incident`, `ops.observation`, `ops.watch`, and notices in `ops.outbox`, from which `send_mail` sends.

**If it fails:** nobody is told anything until it works again: read its log. Nothing is lost, the next look finds what is wrong.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import AssetAlias, CronTriggerTimetable, dag, task

from dags.dag_defaults import DAG_DEFAULTS, LAST_TASK, OUTBOX
from include.core.settings import Settings

EVERY_TEN_MINUTES: Final = CronTriggerTimetable("*/10 * * * *", timezone="UTC")
TOLD: Final = AssetAlias("told_by_watch_operations")


@dag(schedule=EVERY_TEN_MINUTES, tags=["watch", "operations"], doc_md=__doc__, **DAG_DEFAULTS)
def watch_operations() -> None:
    """One task."""

    @task(outlets=[TOLD], **LAST_TASK)
    def watch(*, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Look once; returns how many incidents are open, and how many mails it wrote."""
        from include.steps.watch import look_around

        found = look_around(Settings.from_environment(), now=datetime.now(UTC))
        if found.get("mails"):
            outlet_events[TOLD].add(OUTBOX)
        return found

    watch()


watch_operations()
