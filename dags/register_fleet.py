"""Register plants, devices, customers, targets and tariffs.

**What:** Reads registry files that were dropped, the text of the form, and vendors' lists of plants and devices into the fleet;
documents that waited for a subject are put back to be loaded. A CSV is one table that is recognised by its columns; JSON may name
several (`{"plants": [...], ...}`).

**Reads:** `landing.document` (feeds registry and `<vendor>_fleet`) and the landing store; the form.

**Writes:** `fleet.*`, quarantine for bad rows, and the state of documents that are to be loaded again.

**If it fails:** when started by the form, the message says which tenant, column or row is wrong; correct it and trigger again.
The other rows are registered. Otherwise `conclude` names the documents that could not be registered; they stay on the work list
and the next run takes them again.
"""

from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import AssetAlias, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.dag_defaults import DAG_DEFAULTS, LANDED_READINGS, LANDED_REGISTRY, conclude, offered, woken_by
from include.core.errors import Refused
from include.core.settings import Settings

REPLAYED: Final = AssetAlias("replayed_by_register_fleet")
FORM: Final = {
    "tenant": Param(
        None,
        type=["null", "string"],
        title="Tenant",
        description="Whose fleet the text describes. Leave both fields empty to register the dropped files.",
        **offered("tenants"),
    ),
    "content": Param(
        None,
        type=["null", "string"],
        format="multiline",
        title="CSV or JSON",
        description="A table with its header; plants, devices, customers, targets and tariffs are told apart by their columns.",
    ),
}


@dag(
    schedule=woken_by(LANDED_REGISTRY, or_every="*/15 * * * *"),
    params=FORM,
    tags=["register", "fleet"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
)
def register_fleet() -> None:
    """One task; a run that finds nothing is skipped."""

    @task(pool="warehouse_write", outlets=[REPLAYED])
    def register(*, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Register the form's text, if any, and every landed registry document; returns counts."""
        from include.steps.register import register_landed, register_text

        context = get_current_context()
        params, run_id = context["params"], context["run_id"]
        if bool(params["tenant"]) != bool(params["content"]):
            raise Refused("the form names only one of tenant and content; fill in both, or neither")
        asked = {"now": datetime.now(UTC), "run_id": run_id}
        if params["content"]:
            form = {"tenant": params["tenant"], "content": params["content"], "name": f"form of {run_id}"}
            counts = register_text(Settings.from_environment(), **form, **asked)
        else:
            counts = register_landed(Settings.from_environment(), **asked)
        if not (params["content"] or counts.get("documents")):
            raise AirflowSkipException("no registry document is waiting")
        if counts.get("replayed_documents"):
            outlet_events[REPLAYED].add(LANDED_READINGS)
        return counts

    conclude(register())


register_fleet()
