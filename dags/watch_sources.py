"""Count what each source told of each local day, judge of which days it told too little, and mark what hardly was measured.

**What:** Counts the readings of every vendor account and feed of files by device and local day, on the days that loads touched
since the last count, and holds each day against what the source usually tells. A source that is short is told by
`watch_operations`. Counts the readings of powers and gauges that hardly were measured, on days that are over and changed.

**Reads:** `landing.load` (what changed), `mart.reading` with `landing.document`, open alarms of silent
inverters, and `mart.rollup` (which days changed, what is usual).

**Writes:** `ops.source_day`, `ops.source_volume` and `ops.source_count`, a transaction per tenant; `mart.series_mark`, a
transaction per 3,000 days.

**If it fails:** `conclude` names the tenants whose sources could not be counted; what was judged of them before stays, and the
next run counts all that came meanwhile.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.dag_defaults import DAG_DEFAULTS, conclude
from include.core.settings import Settings

EVERY_THREE_HOURS: Final = CronTriggerTimetable("20 */3 * * *", timezone="UTC")


@dag(schedule=EVERY_THREE_HOURS, tags=["watch", "operations"], doc_md=__doc__, **DAG_DEFAULTS)
def watch_sources() -> None:
    """Two tasks, one after the other: each may take a slot of the roll-ups for long; and one that tells what failed."""

    @task(pool="rollup")
    def volumes() -> dict[str, Any]:
        """Count and judge; returns the counts and what failed."""
        from include.steps.source_volumes import watch_volumes

        return watch_volumes(Settings.from_environment(), now=datetime.now(UTC))

    @task(pool="rollup", trigger_rule="all_done")
    def marks() -> dict[str, Any]:
        """Mark readings of days that changed; returns the counts."""
        from include.steps.series_marks import mark_readings

        return mark_readings(Settings.from_environment(), now=datetime.now(UTC))

    counted, marked = volumes(), marks()
    counted >> marked
    conclude([counted, marked])


watch_sources()
