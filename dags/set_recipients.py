"""Say who receives which reports, and when.

**What:** Adds a recipient of reports, changes or stops what one gets, or lists everybody; the task's result tells who gets what.

**Reads:** the form, and the plants that it names.

**Writes:** `fleet.subscription`, from which `report_plants` takes whom to send to; what was stopped stays on record.
`ops.outbox`, from which mails of what was stopped are taken that still wait.

**If it fails:** the message says what cannot be (unknown tenant or plant, no e-mail address); correct it and trigger again.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Param, dag, task

from dags.dag_defaults import DAG_DEFAULTS
from include.core.settings import Settings

TEXT: Final = ["null", "string"]
FORM: Final = {
    "action": Param("list", type="string", enum=["list", "add", "stop"], title="What to do"),
    "tenant": Param(None, type=TEXT, title="Tenant", description="Empty: all, to list."),
    "email": Param(None, type=TEXT, title="E-mail", description="Who gets the reports, or no longer."),
    "kinds": Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        examples=["day", "week", "month", "cycle"],
        title="Reports",
        description="Empty: to add those that are usual, to stop all.",
        section="Which",
    ),
    "about": Param(
        None,
        type=TEXT,
        enum=[None, "plant", "portfolio", "consumption", "quality"],
        values_display={
            "plant": "one of each plant",
            "portfolio": "one of all plants (digest)",
            "consumption": "consumption of customers",
            "quality": "quality of the data, for the operator",
        },
        title="About",
        description="Empty: to add reports of each plant, to stop all.",
        section="Which",
    ),
    "plants": Param(
        None, type=["null", "array"], items={"type": "string"}, title="Plants", description="Keys. Empty: all.", section="Which"
    ),
    "customer_group": Param(
        None, type=TEXT, title="Group of customers", description="Of consumption. Empty: all.", section="Which"
    ),
    "language": Param(
        None, type=TEXT, enum=[None, "pt-BR", "en"], title="Language", description="Empty: the tenant's.", section="Which"
    ),
    "wait_days": Param(
        0, type="integer", minimum=0, maximum=28, title="Days to wait", description="After the period's end.", section="When"
    ),
    "hour": Param(7, type="integer", minimum=0, maximum=23, title="Hour", section="When"),
    "timezone": Param(None, type=TEXT, title="Time zone", description="IANA name. Empty: the tenant's.", section="When"),
}


@dag(schedule=None, allowed_run_types=["manual"], params=FORM, tags=["set", "reports"], doc_md=__doc__, **DAG_DEFAULTS)
def set_recipients() -> None:
    """One task, by hand only."""

    @task
    def save(*, params: Any = None) -> list[dict[str, Any]]:  # noqa: ANN401 - Airflow fills it in
        """Carry out the form; returns who gets what."""
        from include.steps.subscriptions import change_subscriptions

        return change_subscriptions(Settings.from_environment(), dict(params), now=datetime.now(UTC))

    save()


set_recipients()
