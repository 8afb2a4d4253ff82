"""Render reports of plants, of consumption and of the data, and put them into the outbox.

**What:** Every hour what has fallen due by the calendars of the recipients (`set_recipients`) and is missing; each plant's day
and month for the API too, at seven in its tenant's zone. By hand whatever the form asks for. Changed numbers make a new revision:
late data that changed the energy of an earlier period by 1 % or more (`HELIOGRAPH_RESTATE_FROM_PCT`) brings one the next
morning, to those who got the one before, which says what changed.

**Reads:** the warehouse (rollups, performance, targets, consumption, documents, `fleet.subscription`); the form.

**Writes:** the report store, `mart.report` and `ops.outbox`, from which `send_mail` sends.

**If it fails:** `conclude` names the reports that could not be rendered and why; they hold back no other. Clear `render` after;
nobody gets the same revision twice unless the form says so. A report whose file was lost is rendered again under its revision.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import AssetAlias, CronTriggerTimetable, Param, dag, get_current_context, task

from dags.dag_defaults import DAG_DEFAULTS, OUTBOX, conclude, form_date, offered, run_window
from include.core.settings import Settings

EVERY_HOUR: Final = CronTriggerTimetable("0 * * * *", timezone="UTC", interval=timedelta(hours=1))
POSTED: Final = AssetAlias("posted_by_report_plants")
BATCH: Final = 20
TEXT: Final = ["null", "string"]
ABOUT: Final = [None, "plant", "portfolio", "consumption", "quality"]
KINDS: Final = [None, "day", "week", "month", "cycle", "span"]
FORM: Final = {
    "tenant": Param(None, type=TEXT, title="Tenant", description="Empty: all.", **offered("tenants")),
    "plants": Param(None, type=["null", "array"], items={"type": "string"}, title="Plants", description="Keys. Empty: all."),
    "kind": Param(None, type=TEXT, enum=KINDS, title="Period", description="Empty: what fell due. A cycle is a billing cycle."),
    "about": Param(
        None, type=TEXT, enum=ABOUT, title="About", description="Empty: each plant. A portfolio is all plants as one."
    ),
    "customer_group": Param(
        None, type=TEXT, title="Group of customers", description="Of consumption only. Empty: all customers."
    ),
    "day": Param(None, type=TEXT, format="date", title="Day", description="Any day in the period. Empty: yesterday."),
    "last_day": Param(None, type=TEXT, format="date", title="Last day", description="Of a span only."),
    "language": Param(None, type=TEXT, enum=[None, "pt-BR", "en"], title="Language", description="Empty: all that are read."),
    "send": Param(True, type="boolean", title="Send by mail"),
    "send_again": Param(False, type="boolean", title="Send again", description="Also to those who have this revision."),
    "send_to": Param(None, type=TEXT, title="Send a test to", description="This address instead of the recipients."),
}


@dag(schedule=EVERY_HOUR, params=FORM, tags=["report", "plants"], doc_md=__doc__, **DAG_DEFAULTS)
def report_plants() -> None:
    """What is due, then one mapped task per batch of reports."""

    @task
    def due() -> list[list[dict[str, Any]]]:
        """Reports to render, one small request each, in batches."""
        from include.steps.due_reports import asked_reports

        context = get_current_context()
        day, until = run_window(context)
        last_day, form = form_date(context, "last_day"), context["params"]
        requests = asked_reports(Settings.from_environment(), form, day=day, last_day=last_day, run_after=until)
        return [requests[start : start + BATCH] for start in range(0, len(requests), BATCH)]

    @task(pool="reports", outlets=[POSTED], map_index_template="{{ batch }}")
    def render(requests: list[dict[str, Any]], *, outlet_events: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Airflow fills it in
        """Render one batch; returns where each report rests and its revision."""
        from include.steps.report import render_reports

        context = get_current_context()
        context["batch"] = f"{len(requests)} from {requests[0]['tenant']} {requests[0]['plant']}"
        wishes = {name: context["params"][name] for name in ("send", "send_again", "send_to")} | {"run_id": context["run_id"]}
        rendered = render_reports(Settings.from_environment(), requests, now=datetime.now(UTC), **wishes)
        if rendered["mails"]:
            outlet_events[POSTED].add(OUTBOX)
        return rendered

    conclude(render.expand(requests=due()))


report_plants()
