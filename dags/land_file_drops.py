"""Move dropped files to landing.

**What:** Takes every file that rests in the drop folder, keeps its bytes untouched in landing and notes it in the manifest.

**Reads:** `drops/<tenant>/<feed>/`.

**Writes:** the landing store and `landing.document`; refused files go to `drops/<tenant>/<feed>/refused/` with a reason beside;
what is left alone stands in `<home>/left_alone.txt`.

**If it fails:** nothing is lost: claimed files, in `<home>/claims/`, are found again by the next run. Look at free disk space,
at the rights on both folders and at whether PostgreSQL answers, then clear the task or wait five minutes.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import Asset, AssetAlias, AssetWatcher, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.dag_defaults import DAG_DEFAULTS, LANDED_READINGS, LANDED_REGISTRY, woken_by
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
    def land(*, outlet_events: Any = None) -> dict[str, int]:  # noqa: ANN401 - Airflow fills it in
        """Land what rests; returns how many documents came of each feed."""
        from include.steps.land import land_drops

        feeds: list[str] = []
        for _ in range(MOST_ROUNDS):
            landed = land_drops(Settings.from_environment(), now=datetime.now(UTC))
            feeds += [check["feed"] for check in landed]
            if not landed:
                break
        else:
            outlet_events[LANDED].add(DROPS)
        if not feeds:
            raise AirflowSkipException("nothing rests in the drop folder")
        if "registry" in feeds:
            outlet_events[LANDED].add(LANDED_REGISTRY)
        if set(feeds) != {"registry"}:
            outlet_events[LANDED].add(LANDED_READINGS)
        return {feed: feeds.count(feed) for feed in sorted(set(feeds))}

    land()


land_file_drops()
