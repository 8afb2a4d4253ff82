"""Set a plant's twelve monthly targets.

**What:** Saves the energy that a plant is expected to make in each month of a year, and recalculates its performance.

**Reads:** the form and `mart.rollup`; for a target of the whole year `mart.plant_model`.

**Writes:** `fleet.target`; the task's result shows the performance that follows.

**If it fails:** the message says which value is wrong (unknown tenant or plant, negative energy); correct it and trigger again.
"""

from calendar import month_name
from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Param, dag, task

from dags.dag_defaults import DAG_DEFAULTS, offered
from include.core.documents import DROPS, VENDOR_NAMES
from include.core.settings import Settings

MONTHS: Final = tuple(name.lower()[:3] for name in month_name[1:])
FORM: Final = {
    "tenant": Param(type="string", minLength=1, title="Tenant", section="Plant", **offered("tenants")),
    "plant": Param(
        type="string", minLength=1, title="Plant", description="The plant's key.", section="Plant", **offered("plants")
    ),
    "source": Param(
        None,
        type=["null", "string"],
        enum=[None, DROPS, *VENDOR_NAMES],
        title="Source",
        description="Who named the key; needed only where several plants have it.",
        section="Plant",
    ),
    "year": Param(type="integer", minimum=2000, maximum=2100, title="Year", section="Plant"),
    "year_kwh": Param(
        None,
        type=["null", "number"],
        minimum=0,
        title="Whole year [kWh]",
        description="Instead of the twelve months: spread over them by the plant's clear-sky year. Empty: the months below hold.",
        section="Targets",
    ),
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
        settings = Settings.from_environment()
        months_kwh = [params[month] for month in MONTHS]
        if params["year_kwh"] is not None:
            from include.steps.yearly_target import months_of_year

            of_plant = {name: plant[name] for name in ("tenant", "plant", "source")}
            months_kwh = months_of_year(settings, **of_plant, year_kwh=params["year_kwh"], beside=months_kwh)
        return save_targets(settings, **plant, months_kwh=months_kwh, now=datetime.now(UTC))

    save()


set_targets()
