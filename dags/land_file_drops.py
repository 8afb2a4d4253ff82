"""Move dropped files to landing.

**What:** Takes every file that rests in the drop folder, keeps its bytes untouched in landing and notes it in the manifest.

**Reads:** `drops/<tenant>/<feed>/`.

**Writes:** the landing store and `landing.document`; refused files go to `drops/<tenant>/<feed>/refused/` with a reason beside;
what is left alone stands in `<home>/left_alone.txt`.

**If it fails:** `conclude` names what could not be landed; the rest is loaded. Nothing is lost: claimed files, in
`<home>/claims/`, are found again by the next run. Look at free disk space, at the rights on both folders and at whether
PostgreSQL answers, then clear the task or wait five minutes.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Asset, AssetAlias, AssetWatcher, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.dag_defaults import DAG_DEFAULTS, conclude, wake_for, woken_by
from include.core.settings import Settings
from plugins.drop_watcher import DropWatcher

DROPS: Final = Asset("drops", watchers=[AssetWatcher(name="drop_folder", trigger=DropWatcher())])
LANDED: Final = AssetAlias("landed_by_land_file_drops")
MOST_ROUNDS: Final = 3
"""Rounds of the step in one run; then loading may begin, and the rest is the next run's."""


@dag(schedule=woken_by(DROPS, or_every="*/5 * * * *"), tags=["land", "drops"], doc_md=__doc__, **DAG_DEFAULTS)
def land_file_drops() -> None:
    """One task; a run that finds nothing is skipped."""

    @task(pool="landing", outlets=[LANDED])
    def land(*, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Land what rests; returns how many documents came of each feed."""
        from include.steps.land import land_all

        landed = land_all(Settings.from_environment(), clock=lambda: datetime.now(UTC), most_rounds=MOST_ROUNDS)
        if not landed["feeds"]:
            raise AirflowSkipException("nothing rests in the drop folder")
        wake_for(landed["feeds"], outlet_events[LANDED])
        if landed["is_more"]:
            outlet_events[LANDED].add(DROPS)
        return landed

    conclude(land())


land_file_drops()
