"""Answer what follows from the roll-ups: what is wrong, what a plant should make and will, which consumption is unusual.

**What:** Compares the inverters of each plant with each other, on the local days whose energies changed and on those that these
days are the past of, and brings alarms to what follows; looks for inverters that are silent in daylight; sums up yields,
availability and clear-sky energy of days, with an alarm where a plant makes more than it can; tells the energy of the next seven
days at 06:00 of each plant; judges the months of customers whose consumption changed. One task per subject; after them a few
sentences about each plant's last days.

**Reads:** `ops.unanswered_day` and `ops.checked_consumption` (the work lists), `mart.energy_day`, `mart.rollup`, and the last
reading of each inverter.

**Writes:** `mart.inverter_day`, `mart.alarm`, `mart.yield_day`, `mart.plant_model`, `mart.forecast`, `mart.consumption_check` and
`mart.insight`; each round notes in the same transaction what is done.

**If it fails:** `conclude` names the plants that could not be analysed; all others were, and the days wait for the
next run. Their answers in the API stay as they were. Clear the task once PostgreSQL answers again.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import dag, task

from dags.dag_defaults import DAG_DEFAULTS, ROLLUPS, conclude, woken_by
from include.core.settings import Settings


@dag(schedule=woken_by(ROLLUPS, or_every="*/15 * * * *"), tags=["analyse", "fleet"], doc_md=__doc__, **DAG_DEFAULTS)
def analyse_fleet() -> None:
    """One task per subject, side by side; each works until its part of the work list is empty."""

    @task(pool="rollup")
    def inverters() -> dict[str, Any]:
        """Compare inverters with their peers; returns the counts."""
        from include.steps.analyse import analyse_inverters

        return analyse_inverters(Settings.from_environment(), clock=lambda: datetime.now(UTC))

    @task
    def silence() -> dict[str, int]:
        """Open alarms of inverters and plants without readings in daylight, close those that ended; returns the counts."""
        from include.steps.alarms import watch_silence

        return watch_silence(Settings.from_environment(), now=datetime.now(UTC))

    @task
    def check_consumption() -> dict[str, int]:
        """Hold the months of customers that changed against those before them; returns the counts."""
        from include.steps.consumption import check_consumption

        return check_consumption(Settings.from_environment(), now=datetime.now(UTC))

    @task(pool="rollup")
    def yields() -> dict[str, Any]:
        """Sum up the days of plants, by models that are renewed every 30 days; returns the counts and what failed."""
        from include.steps.yields import analyse_yields

        return analyse_yields(Settings.from_environment(), clock=lambda: datetime.now(UTC))

    @task(pool="rollup")
    def forecasts() -> dict[str, Any]:
        """Issue the forecasts that are due; returns how many, and what failed beside them."""
        from include.steps.forecast import issue_forecasts

        return issue_forecasts(Settings.from_environment(), now=datetime.now(UTC))

    @task(trigger_rule="all_done")
    def insights() -> dict[str, Any]:
        """Say in a few sentences what the plants' last days tell; returns the counts and what failed."""
        from include.steps.insights import tell_insights

        return tell_insights(Settings.from_environment(), now=datetime.now(UTC))

    answers = [inverters(), silence(), yields(), forecasts(), check_consumption()]
    said = insights()
    answers >> said
    conclude([*answers, said])


analyse_fleet()
