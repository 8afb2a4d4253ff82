"""Prove stored aggregates against the readings.

**What:** Every night some hundred local days of series and of plants, drawn by the date, are computed again and compared with
what is stored: hours to years, published energies, counters' faults. Nothing is written.

**Reads:** `mart.reading`, `mart.rollup`, `mart.energy_day`, `mart.counter_day`; the work lists, for days that wait are left out.

**Writes:** nothing; the counts are the task's result.

**If it fails:** the message names the first figures that differ, and the `helio recompute` that computes them again. Ask why
before: tables changed by hand, a new rule without a recompute, a disk? A cleared task compares the same days.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from dags.dag_defaults import DAG_DEFAULTS, run_window
from include.core.settings import Settings

EVERY_NIGHT: Final = CronTriggerTimetable("0 4 * * *", timezone="America/Sao_Paulo")
FORM: Final = {
    "tenant": Param(None, type=["null", "string"], title="Tenant", description="Empty: all."),
    "days": Param(200, type="integer", minimum=1, title="Days", description="So many of series, and as many of plants."),
    "seed": Param(
        None, type=["null", "integer"], minimum=0, title="Seed", description="Which days are drawn. Empty: by the date."
    ),
}


@dag(schedule=EVERY_NIGHT, params=FORM, tags=["audit", "rollups"], doc_md=__doc__, **DAG_DEFAULTS)
def audit_rollups() -> None:
    """One task that compares, and fails where anything differs."""

    @task
    def audit() -> dict[str, Any]:
        """Compare a sample; returns how much of what agreed."""
        from include.steps.audit import audit_rollups, require_agreement

        context = get_current_context()
        form, until = context["params"], run_window(context).until
        seed = int(f"{until:%Y%m%d}") if form["seed"] is None else form["seed"]
        wish = {"tenant": form["tenant"]}
        found = audit_rollups(Settings.from_environment(), wish, days=form["days"], seed=seed, now=datetime.now(UTC))
        require_agreement(found)
        return {name: found[name] for name in ("seed", "series_days", "plant_days", "waiting_days", "equal_rows")}

    audit()


audit_rollups()
