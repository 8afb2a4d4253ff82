"""Load landed documents into the warehouse.

**What:** Parses, checks and loads every landed document of readings, each in one transaction; a repeat changes nothing.

**Reads:** `landing.document` (the work list) and the landing store.

**Writes:** `mart.reading`, `mart.state_event`, `landing.quarantine`, `ops.dirty_day` and each document's counts.

**If it fails:** the documents of the failed batch stay on the work list and the next run takes them again; a document that cannot
be read is refused without failing the run. Read the failed batch's log; clear it once PostgreSQL or the disk is well again.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import AssetAlias, dag, get_current_context, task

from dags.dag_defaults import DAG_DEFAULTS, LANDED_READINGS, READINGS, woken_by
from include.core.settings import Settings

LOADED: Final = AssetAlias("loaded_by_load_readings")
WAITING: Final = AssetAlias("waiting_for_load_readings")
MOST_BATCHES: Final = 48
"""Mapped tasks of one run; more only slow the scheduler."""


@dag(schedule=woken_by(LANDED_READINGS, or_every="*/15 * * * *"), tags=["load", "readings"], doc_md=__doc__, **DAG_DEFAULTS)
def load_readings() -> None:
    """The work list, then one mapped task per batch of documents."""

    @task(outlets=[WAITING])
    def pending(*, outlet_events: Any = None) -> list[list[int]]:  # noqa: ANN401 - Airflow fills it in
        """Batches of document ids; what does not fit into this run wakes the next one."""
        from include.steps.load import pending_batches

        batches = pending_batches(Settings.from_environment())
        if len(batches) > MOST_BATCHES:
            outlet_events[WAITING].add(LANDED_READINGS)
        return batches[:MOST_BATCHES]

    @task(pool="warehouse_write", outlets=[LOADED], map_index_template="{{ batch }}")
    def load(document_ids: list[int], *, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Load one batch; returns its counts."""
        from include.steps.load import load_batch

        context = get_current_context()
        context["batch"] = f"{len(document_ids)} documents from {document_ids[0]}"
        counts = load_batch(Settings.from_environment(), document_ids, now=datetime.now(UTC), run_id=context["run_id"])
        if counts.get("inserted_rows", 0) + counts.get("updated_rows", 0):
            outlet_events[LOADED].add(READINGS)
        return counts

    load.expand(document_ids=pending())


load_readings()
