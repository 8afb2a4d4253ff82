"""Set a plant's twelve monthly targets.

**What:** Saves the energy that a plant is expected to make in each month of a year, and recalculates its performance.

**Reads:** the form and `mart.rollup`.

**Writes:** `fleet.target`; the task's result shows the performance that follows.

**If it fails:** the message says which value is wrong (unknown tenant or plant, negative energy); correct it and trigger again.
"""

from calendar import month_name
from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Param, dag, task

from dags.dag_defaults import DAG_DEFAULTS
from include.core.documents import DROPS, VENDOR_NAMES
from include.core.settings import Settings

MONTHS: Final = tuple(name.lower()[:3] for name in month_name[1:])
FORM: Final = {
    "tenant": Param(type="string", minLength=1, title="Tenant", section="Plant"),
    "plant": Param(type="string", minLength=1, title="Plant", description="The plant's key.", section="Plant"),
    "source": Param(
        None,
        type=["null", "string"],
        enum=[None, DROPS, *VENDOR_NAMES],
        title="Source",
        description="Who named the key; needed only where several plants have it.",
        section="Plant",
    ),
    "year": Param(type="integer", minimum=2000, maximum=2100, title="Year", section="Plant"),
} | {
    month: Param(
        None,
        type=["null", "number"],
        minimum=0,
        title=f"{name} [kWh]",
        description="Empty: no target; an earlier one is removed.",
        section="Targets",
    )
    for month, name in zip(MONTHS, month_name[1:], strict=True)
}


@dag(schedule=None, allowed_run_types=["manual"], params=FORM, tags=["set", "targets"], doc_md=__doc__, **DAG_DEFAULTS)
def set_targets() -> None:
    """One task, by hand only."""

    @task
    def save(*, params: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Save the twelve values; returns the recalculated performance."""
        from include.steps.targets import save_targets

        plant = {name: params[name] for name in ("tenant", "plant", "source", "year")}
        months_kwh = [params[month] for month in MONTHS]
        return save_targets(Settings.from_environment(), **plant, months_kwh=months_kwh, now=datetime.now(UTC))

    save()


set_targets()
