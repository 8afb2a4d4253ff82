"""Render reports of plants and mail them.

**What:** Every morning the reports of yesterday, on the first of a month also those of the month that ended; by hand whatever the
form asks for. Changed numbers make a new revision.

**Reads:** the warehouse (rollups, performance, targets); the form; the connection `smtp_default`.

**Writes:** the report store, `mart.report` and `ops.outbox`; mail through SMTP.

**If it fails:** clear the failed tasks; nobody gets the same revision twice unless the form says so. A report that could not be
rendered does not hold back the others; a mail that could not be sent waits in the outbox: check `smtp_default`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from dags.connections import mail_server
from dags.dag_defaults import DAG_DEFAULTS, run_window
from include.core.settings import Settings

EVERY_MORNING: Final = CronTriggerTimetable("0 7 * * *", timezone="America/Sao_Paulo", interval=timedelta(days=1))
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
    """What is due, then one mapped task per batch of reports, then the outbox."""

    @task
    def due() -> list[list[dict[str, Any]]]:
        """Reports to render, one small request each, in batches."""
        from include.steps.report import due_reports

        context = get_current_context()
        day, until = run_window(context)
        form = {name: context["params"][name] for name in ("tenant", "plants", "language")}
        kind = context["params"]["kind"] or ("day" if day else None)
        requests = due_reports(Settings.from_environment(), **form, kind=kind, day=day, run_after=until)
        return [requests[start : start + BATCH] for start in range(0, len(requests), BATCH)]

    @task(pool="reports", map_index_template="{{ batch }}")
    def render(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Render one batch; returns where each report rests and its revision."""
        from include.steps.each import each
        from include.steps.report import render_report

        context = get_current_context()
        context["batch"] = f"{len(requests)} from {requests[0]['tenant']} {requests[0]['plant']}"
        wishes = {name: context["params"][name] for name in ("send", "send_again")} | {"run_id": context["run_id"]}
        return each(requests, lambda it: render_report(Settings.from_environment(), it, now=datetime.now(UTC), **wishes))

    @task(pool="mail", trigger_rule="all_done", retries=7)
    def send() -> dict[str, Any]:
        """Send what the outbox holds, whatever became of single reports; the password stays in this task."""
        from include.steps.send import send_outbox

        return send_outbox(Settings.from_environment(), smtp=mail_server("smtp_default"), now=datetime.now(UTC))

    @task(trigger_rule="none_failed")
    def conclude(sent: dict[str, Any]) -> dict[str, Any]:
        """Fail the run when a report could not be rendered although mails went out; else tell what was sent."""
        return sent

    rendered = render.expand(requests=due())
    rendered >> [sent := send(), conclude(sent)]


report_plants()
