"""Send the mails that wait in the outbox.

**What:** Sends every mail whose attempt is due; reports never wait for it. A mail that failed for a passing reason is tried up to
eight times within a day, each time after a longer delay.

**Reads:** `ops.outbox` (the work list), the report store; the connection `smtp_default`.

**Writes:** mail through SMTP; `ops.outbox`: state, attempts and the last error of each mail.

**If it fails:** the message says how many mails wait, or were refused for good; the reasons are in `ops.outbox` (`last_error`).
Check `smtp_default` and the address; a mail that waits is tried again by itself, one that was refused by the form `send_again` of
`report_plants`.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.connections import mail_server
from dags.dag_defaults import DAG_DEFAULTS, LAST_TASK, OUTBOX, woken_by
from include.core.settings import Settings


@dag(schedule=woken_by(OUTBOX, or_every="*/15 * * * *"), tags=["send", "mail"], doc_md=__doc__, **DAG_DEFAULTS)
def send_mail() -> None:
    """One task; a run that finds nothing is skipped."""

    @task(pool="mail", retries=0, **LAST_TASK)
    def send() -> dict[str, Any]:
        """Send what is due; the password stays in this task. A retry would find nothing due, so the outbox alone retries."""
        from include.steps.send import send_outbox

        sent = send_outbox(Settings.from_environment(), smtp=partial(mail_server, "smtp_default"), now=datetime.now(UTC))
        if not sent:
            raise AirflowSkipException("no mail is due")
        return sent

    send()


send_mail()
