"""Render reports of plants and put them into the outbox.

**What:** Every morning the reports of yesterday, on the first of a month also those of the month that ended; by hand whatever the
form asks for. Changed numbers make a new revision.

**Reads:** the warehouse (rollups, performance, targets); the form.

**Writes:** the report store, `mart.report` and `ops.outbox`, from which `send_mail` sends.

**If it fails:** `conclude` names the reports that could not be rendered and why; they hold back no other. Clear `render` after;
nobody gets the same revision twice unless the form says so. A report whose file was lost is rendered again under its revision.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import AssetAlias, CronTriggerTimetable, Param, dag, get_current_context, task

from dags.dag_defaults import DAG_DEFAULTS, OUTBOX, conclude, run_window
from include.core.errors import Refused
from include.core.settings import Settings

EVERY_MORNING: Final = CronTriggerTimetable("0 7 * * *", timezone="America/Sao_Paulo", interval=timedelta(days=1))
POSTED: Final = AssetAlias("posted_by_report_plants")
BATCH: Final = 20
TEXT: Final = ["null", "string"]
FORM: Final = {
    "tenant": Param(None, type=TEXT, title="Tenant", description="Empty: all."),
    "plants": Param(None, type=["null", "array"], items={"type": "string"}, title="Plants", description="Keys. Empty: all."),
    "kind": Param(None, type=TEXT, enum=[None, "day", "month"], title="Period", description="Empty: what is due that day."),
    "day": Param(None, type=TEXT, format="date", title="Day", description="Any day in the period. Empty: yesterday."),
    "language": Param(None, type=TEXT, enum=[None, "pt-BR", "en"], title="Language", description="Empty: the tenant's."),
    "send": Param(True, type="boolean", title="Send by mail"),
    "send_again": Param(False, type="boolean", title="Send again", description="Also to those who have this revision."),
}


@dag(schedule=EVERY_MORNING, params=FORM, tags=["report", "plants"], doc_md=__doc__, **DAG_DEFAULTS)
def report_plants() -> None:
    """What is due, then one mapped task per batch of reports."""

    @task
    def due() -> list[list[dict[str, Any]]]:
        """Reports to render, one small request each, in batches."""
        from include.steps.report import due_reports

        context = get_current_context()
        day, until = run_window(context)
        if context["params"]["send_again"] and not context["params"]["send"]:
            raise Refused("the form says to send again, but not to send; tick both, or neither")
        form = {name: context["params"][name] for name in ("tenant", "plants", "language")}
        kind = context["params"]["kind"] or ("day" if day else None)
        requests = due_reports(Settings.from_environment(), **form, kind=kind, day=day, run_after=until)
        return [requests[start : start + BATCH] for start in range(0, len(requests), BATCH)]

    @task(pool="reports", outlets=[POSTED], map_index_template="{{ batch }}")
    def render(requests: list[dict[str, Any]], *, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Render one batch; returns where each report rests and its revision."""
        from include.steps.report import render_reports

        context = get_current_context()
        context["batch"] = f"{len(requests)} from {requests[0]['tenant']} {requests[0]['plant']}"
        wishes = {name: context["params"][name] for name in ("send", "send_again")} | {"run_id": context["run_id"]}
        rendered = render_reports(Settings.from_environment(), requests, now=datetime.now(UTC), **wishes)
        if rendered["mails"]:
            outlet_events[POSTED].add(OUTBOX)
        return rendered

    conclude(render.expand(requests=due()))


report_plants()
