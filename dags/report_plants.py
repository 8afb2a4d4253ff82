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

from dags.house import HOUSE, asked_for, mail_server
from include.core.settings import Settings

EVERY_MORNING: Final = CronTriggerTimetable("0 7 * * *", timezone="America/Sao_Paulo", interval=timedelta(days=1))
TEXT: Final = ["null", "string"]
FORM: Final = {
    "tenant": Param(None, type=TEXT, title="Tenant", description="Empty: all."),
    "plants": Param(None, type=["null", "array"], items={"type": "string"}, title="Plants", description="Keys. Empty: all."),
    "kind": Param(None, type=TEXT, enum=[None, "day", "month"], title="Period", description="Empty: what is due that day."),
    "day": Param(None, type=TEXT, format="date", title="Day", description="Any day within the period. Empty: the last one."),
    "language": Param(None, type=TEXT, enum=[None, "pt-BR", "en"], title="Language", description="Empty: the tenant's."),
    "send": Param(True, type="boolean", title="Send by mail"),
    "send_again": Param(False, type="boolean", title="Send again", description="Also to those who have this revision."),
}


@dag(schedule=EVERY_MORNING, params=FORM, tags=["report", "plants"], doc_md=__doc__, **HOUSE)
def report_plants() -> None:
    """What is due, then one mapped task per report, then the outbox."""

    @task
    def due() -> list[dict[str, Any]]:
        """Reports to render, one small request each."""
        from include.steps.report import due_reports

        context = get_current_context()
        day, until = asked_for(context)
        form = {name: context["params"][name] for name in ("tenant", "plants", "kind", "language")}
        return due_reports(Settings.from_environment(), **form, day=day, run_after=until)

    @task(pool="reports", map_index_template="{{ report }}")
    def render(request: dict[str, Any]) -> dict[str, Any]:
        """Render one report; returns where it rests and its revision."""
        from include.steps.report import render_report

        context = get_current_context()
        params, run_id = context["params"], context["run_id"]
        context["report"] = " ".join(str(value) for value in request.values())[:200]
        wishes = {name: params[name] for name in ("send", "send_again")}
        return render_report(Settings.from_environment(), request, now=datetime.now(UTC), run_id=run_id, **wishes)

    @task(pool="mail", trigger_rule="all_done", retries=7)
    def send() -> dict[str, Any]:
        """Send what the outbox holds, whatever became of single reports; the password stays in this task."""
        from include.steps.send import send_outbox

        return send_outbox(Settings.from_environment(), smtp=mail_server("smtp_default"), now=datetime.now(UTC))

    @task(trigger_rule="none_failed")
    def conclude(sent: dict[str, Any]) -> dict[str, Any]:
        """Fail the run when a report could not be rendered although mails went out; else tell what was sent."""
        return sent

    rendered = render.expand(request=due())
    rendered >> (sent := send())
    rendered >> conclude(sent)


report_plants()
