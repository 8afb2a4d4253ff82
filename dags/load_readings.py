"""Load landed documents into the warehouse.

**What:** Parses, checks and loads every landed document of readings, each in one transaction; a repeat changes nothing. Every
tenant has its turn: a batch of at most 200 documents each, who waited longest first.

**Reads:** `landing.document` (the work list) and the landing store.

**Writes:** `mart.reading`, `mart.state_event`, `landing.quarantine`, `ops.dirty_day` and each document's counts.

**If it fails:** `conclude` names the documents that could not be loaded and why; they stay on the work list and the next run
takes them again, and all others were loaded. A document that cannot be read is refused without failing the run. Read the log of
the batch; trigger a run once PostgreSQL or the disk is well again.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import AssetAlias, dag, get_current_context, task

from dags.dag_defaults import DAG_DEFAULTS, LANDED_READINGS, READINGS, conclude, woken_by
from include.core.settings import Settings

LOADED: Final = AssetAlias("loaded_by_load_readings")
WAITING: Final = AssetAlias("waiting_for_load_readings")
MOST_BATCHES: Final = 48
"""Mapped tasks of one run; more only slow the scheduler."""


@dag(schedule=woken_by(LANDED_READINGS, or_every="*/15 * * * *"), tags=["load", "readings"], doc_md=__doc__, **DAG_DEFAULTS)
def load_readings() -> None:
    """The work list, then one mapped task per tenant that has documents waiting."""

    @task(outlets=[WAITING])
    def pending(*, outlet_events: Any = None) -> list[list[int]]:  # noqa: ANN401 - Airflow fills it in
        """Batches of document ids; tenants that do not fit into this run wake the next one."""
        from include.steps.load import pending_batches

        batches = pending_batches(Settings.from_environment())
        if len(batches) > MOST_BATCHES:
            outlet_events[WAITING].add(LANDED_READINGS)
        return batches[:MOST_BATCHES]

    @task(pool="warehouse_write", outlets=[LOADED], map_index_template="{{ batch }}")
    def load(document_ids: list[int], *, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Load one batch; returns its counts. What else the tenant has wakes the next run."""
        from include.steps.load import load_batch

        context = get_current_context()
        context["batch"] = f"{len(document_ids)} documents from {document_ids[0]}"
        counts = load_batch(Settings.from_environment(), document_ids, now=datetime.now(UTC), run_id=context["run_id"])
        if counts.get("inserted_rows", 0) + counts.get("updated_rows", 0):
            outlet_events[LOADED].add(READINGS)
        if counts["left"] and counts.get("documents"):
            outlet_events[LOADED].add(LANDED_READINGS)
        return counts

    conclude(load.expand(document_ids=pending()))


load_readings()
