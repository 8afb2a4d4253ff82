"""Answer a question about a plant, a device or the fleet, and keep the answer.

**What:** Greatest power or mean temperature per day, generation of a plant or inverter over any days, the dashboard of the whole
fleet, readings that hardly were measured, or what the detectors of a plant rest on. The same question on the same figures is
answered from what is kept.

**Reads:** the form; `mart.energy_day`, `mart.rollup`, `mart.reading`, `mart.inverter_day`, `mart.plant_model` and
`mart.forecast`.

**Writes:** `mart.analysis`, which the API serves at `/analyses`; the task's result names the answer.

**If it fails:** the message says what is wrong with the form (unknown subject, days in the future, too many days); correct it and
trigger again.
"""

from datetime import UTC, date, datetime
from typing import Any, Final

from airflow.sdk import Param, dag, get_current_context, task

from dags.dag_defaults import DAG_DEFAULTS, offered
from include.core.documents import DROPS, VENDOR_NAMES
from include.core.settings import Settings

QUESTIONS: Final = {
    "maximum_power": "greatest power of a device per day",
    "mean_temperature": "mean temperature of an inverter per day",
    "plant_generation": "generation of a plant",
    "device_generation": "generation of an inverter",
    "fleet_dashboard": "dashboard of the fleet",
    "power_quality": "readings of an inverter's power that hardly were measured",
    "detector_report": "what the detectors of a plant rest on",
}
TEXT: Final = ["null", "string"]
FORM: Final = {
    "tenant": Param(type="string", minLength=1, title="Tenant", **offered("tenants")),
    "question": Param(type="string", enum=list(QUESTIONS), values_display=QUESTIONS, title="Question"),
    "subject": Param(
        None,
        type=TEXT,
        title="Subject",
        description="Key of the plant or device. Of the dashboard: empty.",
        **offered("plants", "devices"),
    ),
    "source": Param(
        None,
        type=TEXT,
        enum=[None, DROPS, *VENDOR_NAMES],
        title="Source",
        description="Who named the key; needed only where several have it.",
    ),
    "first_day": Param(None, type=TEXT, format="date", title="From", description="First local day. Empty: seven days."),
    "last_day": Param(None, type=TEXT, format="date", title="To", description="Last local day. Empty: yesterday."),
}


@dag(schedule=None, allowed_run_types=["manual"], params=FORM, tags=["analyse", "demand"], doc_md=__doc__, **DAG_DEFAULTS)
def analyse_on_demand() -> None:
    """One task, by hand only."""

    @task
    def answer(*, params: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Answer the question of the form; returns which answer it is and what it rests on."""
        from include.steps.questions import answer_question

        first, last = (date.fromisoformat(text) if (text := params[name]) else None for name in ("first_day", "last_day"))
        asked = {name: params[name] for name in ("tenant", "question", "subject", "source")}
        run_id = get_current_context()["run_id"]
        return answer_question(Settings.from_environment(), **asked, days=(first, last), now=datetime.now(UTC), run_id=run_id)

    answer()


analyse_on_demand()
