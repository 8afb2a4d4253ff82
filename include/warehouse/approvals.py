"""Reports that wait for a person before they are mailed: who is asked, and what was decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection

from include.warehouse.queries import query

Decision = Literal["approved", "rejected"]

_HELD: Final = {"waiting", "rejected"}


def set_approval_kinds(connection: Connection, tenant_id: int, kinds: Sequence[str]) -> None:
    """Say which reports of a tenant wait: kinds, and `restated` for later revisions of any kind; none without any."""
    connection.execute(query("approvals", "set_approval_kinds"), {"tenant_id": tenant_id, "kinds": list(kinds)})


def read_approval_kinds(connection: Connection) -> dict[str, list[str]]:
    """Which reports wait, by the slug of their tenant."""
    return {row.tenant: row.kinds for row in connection.execute(query("approvals", "read_approval_kinds"))}


def read_without_mail(connection: Connection, report_id: int, recipients: Sequence[str]) -> list[str]:
    """Those of the recipients who have no mail of this report."""
    parameters = {"report_id": report_id, "recipients": list(recipients)}
    return list(connection.execute(query("approvals", "read_without_mail"), parameters).scalars())


def hold(connection: Connection, report_id: int, *, now: datetime, is_asked_again: bool, is_in_place: bool = False) -> bool:
    """Let a report wait where its tenant says so, and where it was rejected if it is asked for again; do its mails wait?

    Nobody can decide about it until the transaction ends, so that no mail is held after the decision.
    """
    parameters = {"report_id": report_id, "now": now, "is_asked_again": is_asked_again, "is_in_place": is_in_place}
    connection.execute(query("approvals", "await_approval"), parameters)
    return connection.execute(query("approvals", "lock_approval"), parameters).scalar_one_or_none() in _HELD


def supersede(connection: Connection, report_id: int) -> list[str]:
    """Take the place of earlier revisions that wait; returns whose mails were held of them, which leave the outbox."""
    connection.execute(query("approvals", "supersede"), {"report_id": report_id})
    taken = connection.execute(query("approvals", "take_held_mails"), {"report_id": report_id}).scalars()
    return list(dict.fromkeys(taken))


def claim_questions(
    connection: Connection, *, run_id: str, now: datetime, asked_before: datetime, settled_before: datetime
) -> list[str]:
    """Let a run ask about what waits and nobody asks about, or asked before `asked_before`; returns the slugs of tenants.

    Not of a tenant of whom a report came after `settled_before`: more may come. What the run has claimed already stays its own.
    """
    times = {"now": now, "asked_before": asked_before, "settled_before": settled_before}
    connection.execute(query("approvals", "claim_questions"), {"run_id": run_id, **times})
    return list(connection.execute(query("approvals", "read_asked_tenants"), {"run_id": run_id}).scalars())


def note_asked(connection: Connection, *, tenant: str, run_id: str, now: datetime) -> None:
    """A person sees the question of this run about a tenant from now on."""
    connection.execute(query("approvals", "note_asked"), {"tenant": tenant, "run_id": run_id, "now": now})


def read_waiting(connection: Connection, tenant: str, *, asked_in: str | None = None, most: int) -> list[dict[str, Any]]:
    """Reports of a tenant that wait, at most so many, as `approvals.sql` names them; `reports` is how many there are."""
    parameters = {"tenant": tenant, "asked_in": asked_in, "most": most}
    return [dict(row) for row in connection.execute(query("approvals", "read_waiting"), parameters).mappings()]


def decide(  # noqa: PLR0913 - who decides what about which reports
    connection: Connection,
    *,
    tenant: str,
    asked_in: str | None,
    report_ids: Sequence[int] | None,
    decision: Decision,
    by: str,
    reason: str | None,
    now: datetime,
) -> list[int]:
    """Decide about reports of a tenant; returns those that still waited."""
    which = {"tenant": tenant, "asked_in": asked_in, "report_ids": None if report_ids is None else list(report_ids)}
    what = {"state": decision, "by": by, "reason": reason, "now": now}
    return list(connection.execute(query("approvals", "decide"), which | what).scalars())


def release_mails(connection: Connection, report_ids: Sequence[int], *, now: datetime) -> int:
    """Let the mails of these reports leave to those who still want them; returns how many."""
    released = connection.execute(query("approvals", "release_mails"), {"report_ids": list(report_ids), "now": now}).rowcount
    connection.execute(query("approvals", "drop_held_mails"), {"report_ids": list(report_ids)})
    return released


def read_approval_states(connection: Connection, tenant: str, report_ids: Sequence[int]) -> dict[int, str]:
    """State of the approvals of these reports of a tenant, with who decided; nothing of a report that never waited."""
    rows = connection.execute(query("approvals", "read_approval_states"), {"tenant": tenant, "report_ids": list(report_ids)})
    return {row.report_id: f"{row.state} by {row.decided_by}" if row.decided_by else row.state for row in rows}


def read_file(connection: Connection, report_id: int) -> dict[str, Any] | None:
    """Where the PDF is (uri, pdf_sha256) of a report that waits for approval, or waited; None of any other."""
    row = connection.execute(query("approvals", "read_file"), {"report_id": report_id}).mappings().one_or_none()
    return dict(row) if row else None
