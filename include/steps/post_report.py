"""Mails of a report into the outbox."""

from collections.abc import Sequence
from datetime import datetime

from include.warehouse import approvals, reports
from include.warehouse.engine import Connection


def post_report(  # noqa: PLR0913 - which report, to whom and how
    connection: Connection,
    tenant_id: int,
    report_id: int,
    recipients: Sequence[str],
    *,
    now: datetime,
    send_again: bool = False,
    is_test: bool = False,
    is_in_place: bool = False,
) -> int:
    """One mail per recipient who has none of this report; with `send_again` also to those who do. Returns how many may leave.

    Mails of a report that waits for approval are held; those of a test are not, for it shows what is to be approved.
    """
    if not send_again:
        recipients = approvals.read_without_mail(connection, report_id, recipients)
    if not recipients:
        return 0
    is_held = not is_test and approvals.hold(connection, report_id, now=now, is_asked_again=send_again, is_in_place=is_in_place)
    state: reports.MailState = "held" if is_held else "pending"
    again = 0
    if send_again:
        again = reports.send_again(connection, report_id=report_id, recipients=recipients, at=now, state=state)
    new = reports.put_in_outbox(
        connection, tenant_id=tenant_id, report_id=report_id, recipients=recipients, created_at=now, state=state
    )
    return 0 if is_held else again + new
