"""Acknowledge an alarm: somebody has seen it.

**What:** Notes name, time and a note beside the alarm. It stays open, as acknowledged, until it ends by itself.

**Reads:** the form; the API lists the alarms of a plant with their numbers (`/plants/{id}/alarms`).

**Writes:** `mart.alarm`.

**If it fails:** the message says what is wrong (another tenant's alarm, no name); correct it and trigger again.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Param, dag, task

from dags.dag_defaults import DAG_DEFAULTS, offered
from include.core.settings import Settings

FORM: Final = {
    "tenant": Param(type="string", minLength=1, title="Tenant", **offered("tenants")),
    "alarm_id": Param(type="integer", minimum=1, title="Alarm", description="Its number."),
    "name": Param(type="string", minLength=1, maxLength=200, title="Your name"),
    "note": Param(None, type=["null", "string"], maxLength=2000, title="Note", description="What is done about it."),
}


@dag(schedule=None, allowed_run_types=["manual"], params=FORM, tags=["acknowledge", "alarms"], doc_md=__doc__, **DAG_DEFAULTS)
def acknowledge_alarm() -> None:
    """One task, by hand only."""

    @task
    def save(*, params: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Note who has seen it; returns the alarm."""
        from include.steps.alarms import acknowledge

        wish = {name: params[name] for name in FORM}
        return acknowledge(Settings.from_environment(), **wish, now=datetime.now(UTC))

    save()


acknowledge_alarm()
