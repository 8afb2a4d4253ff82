"""Say which reports of a tenant wait for a person, and how its reports, mails and page look.

**What:** Changes what the form names and leaves the rest; the task's result tells what holds then.

**Reads:** the form, and what holds of the tenant.

**Writes:** `fleet.tenant`, by which reports wait, and `fleet.brand`. What waits or was issued stays as it is.

**If it fails:** the message says what cannot be (tenant, colours, logo); correct it and trigger again. Nothing was changed.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Param, dag, task

from dags.dag_defaults import DAG_DEFAULTS, offered
from include.core.settings import Settings

TEXT: Final = {"type": ["null", "string"], "section": "Look"}
COLOUR: Final = TEXT | {"pattern": "^#[0-9A-Fa-f]{6}$"}
FORM: Final = {
    "tenant": Param(type="string", minLength=1, title="Tenant", **offered("tenants")),
    "approval": Param(
        "as it is",
        type="string",
        enum=["as it is", "these reports", "no report"],
        title="Wait for approval",
        description="Reports that wait are mailed after a person's yes in approve_reports.",
        section="Approval",
    ),
    "kinds": Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        examples=["day", "week", "month", "cycle", "restated"],
        title="These reports",
        description="restated: later revisions of any kind.",
        section="Approval",
    ),
    "main_colour": Param(None, title="Main colour", description="Of bands with white text: #1f4e79.", **COLOUR),
    "accent_colour": Param(None, title="Accent", description="Of the line beside it: #f0a830.", **COLOUR),
    "footer": Param(None, title="Line at the foot", **TEXT),
    "logo": Param(
        None,
        maxLength=400_000,
        title="Logo",
        description="PNG or JPEG, up to 300 kB, as a data address (data:image/png;base64,...). Of a file: helio tenant brand.",
        **TEXT,
    ),
    "take_away": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": ["logo", "footer"]},
        examples=["logo", "footer"],
        title="Take away",
        section="Look",
    ),
}


@dag(schedule=None, allowed_run_types=["manual"], params=FORM, tags=["set", "reports"], doc_md=__doc__, **DAG_DEFAULTS)
def set_reports() -> None:
    """One task, by hand only."""

    @task
    def save(*, params: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Carry out the form; returns what waits and the look."""
        from include.steps.report_settings import change_report_settings

        return change_report_settings(Settings.from_environment(), dict(params), now=datetime.now(UTC))

    save()


set_reports()
