"""Ask a person whether reports that wait may be mailed.

**What:** Of a tenant that has said so (`helio report approval`), reports of some kinds, and restated ones, wait for a yes. Every
quarter of an hour each tenant's new ones, when no more come, become one question under *Required Actions*, with their PDFs and
what changed; a run by hand asks at once. Approve: their mails leave; Reject: they stay unsent, with who and why. Unanswered
within `HELIOGRAPH_APPROVAL_PATIENCE_H` they go on waiting, `watch_operations` tells the operator, and a later run asks again.

**Reads:** `ops.approval` (the work list), `mart.report`; who answered, from Airflow.

**Writes:** `ops.approval` and `ops.outbox`, from which `send_mail` sends.

**If it fails:** nothing leaves. Clear `ask`, which asks again about what still waits; or decide without the UI by
`helio report approve` and `helio report reject`.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task

from dags.dag_defaults import DAG_DEFAULTS, LAST_TASK
from dags.report_approval import APPROVED, ReportApproval
from include.core.settings import Settings

EVERY_QUARTER = CronTriggerTimetable("*/15 * * * *", timezone="UTC")
DEFAULTS: dict[str, Any] = DAG_DEFAULTS | {"max_active_runs": 64}
"""A run lasts until it is answered and holds no worker meanwhile; those of other mornings must not wait for it."""


@dag(schedule=EVERY_QUARTER, tags=["approve", "reports"], doc_md=__doc__, **DEFAULTS)
def approve_reports() -> None:
    """What waits, then one question per tenant."""

    @task(**LAST_TASK)
    def waiting() -> list[str]:
        """Tenants about whose reports this run asks."""
        from include.steps.approvals import claim_questions

        run = get_current_context()["dag_run"]
        is_by_hand = run.run_type == "manual"
        return claim_questions(Settings.from_environment(), run_id=run.run_id, is_by_hand=is_by_hand, now=datetime.now(UTC))

    ReportApproval.partial(task_id="ask", outlets=[APPROVED], map_index_template="{{ task.tenant }}", **LAST_TASK).expand(
        tenant=waiting()
    )


approve_reports()
