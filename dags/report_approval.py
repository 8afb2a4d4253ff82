"""Asks a person in Airflow's UI about the reports of one tenant that wait, and writes the answer into our tables."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import AssetAlias, Param, conf
from airflow.sdk.exceptions import AirflowSkipException

from dags.dag_defaults import OUTBOX
from include.core.settings import Settings
from plugins.report_files import PREFIX

APPROVED: Final = AssetAlias("approved_by_approve_reports")


class ReportApproval(ApprovalOperator):
    """One question about all reports of a tenant that this run has claimed.

    Nothing of it is a template: names of plants are written by others. Nobody's answer within the patience skips the task: what
    waits goes on waiting in `ops.approval`, where `watch_operations` sees it, and a later run asks again.
    """

    template_fields = ()

    def __init__(self, *, tenant: str, **arguments: Any) -> None:  # noqa: ANN401 - of any operator
        """`tenant` is its slug."""
        patience = timedelta(hours=Settings.from_environment().approval_patience_h)
        reason = Param("", type=["null", "string"], title="Reason", description="Why, above all to reject; it is kept.")
        super().__init__(
            subject=f"Mail the reports of {tenant}?", params={"reason": reason}, response_timeout=patience, **arguments
        )
        self.tenant = tenant

    def execute(self, context: Any) -> Any:  # noqa: ANN401 - Airflow's
        """Ask, unless all has been decided meanwhile, as by command or before the task was cleared."""
        from include.steps.approvals import question

        address = conf.get("api", "base_url", fallback="").rstrip("/") + f"{PREFIX}/reports"
        run = {"tenant": self.tenant, "run_id": context["run_id"]}
        asked = question(Settings.from_environment(), **run, address=address, now=datetime.now(UTC))
        if asked is None:
            raise AirflowSkipException(f"no report of {self.tenant} waits any more for the answer to this run")
        self.subject, self.body = asked
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:  # noqa: ANN401 - Airflow's
        """Write down what the person decided; the mails of what was approved leave."""
        from include.steps.approvals import answer

        answered = super().execute_complete(context, event)
        is_approved = self.APPROVE in answered["chosen_options"]
        outcome = answer(
            Settings.from_environment(),
            tenant=self.tenant,
            run_id=context["run_id"],
            decision="approved" if is_approved else "rejected",
            by=(answered["responded_by_user"] or {}).get("name") or "somebody in Airflow",
            reason=answered["params_input"].get("reason"),
            now=datetime.now(UTC),
        )
        self.log.info("%s: %s reports, %s mails leave", "Approved" if is_approved else "Rejected", *outcome)
        if outcome.mails:
            context["outlet_events"][APPROVED].add(OUTBOX)
        return outcome._asdict()

    def process_trigger_event_error(self, event: dict[str, Any]) -> None:
        """A question that nobody answered in time is no failure."""
        if event["error_type"] == "timeout":
            raise AirflowSkipException(f"nobody answered within {self.response_timeout}; a later run asks again")
        super().process_trigger_event_error(event)
