"""Incidents: opened and ended by the watch, told in notices that wait in the outbox."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from include.core.incidents import Finding
from include.warehouse.queries import query


def read_open(connection: Connection) -> list[dict[str, Any]]:
    """What is wrong now, the worst first: kind, subject, tenant, severity, summary, action, and since when."""
    return _rows(connection, "read_open")


def record(
    connection: Connection, found: Sequence[Finding], explained: Sequence[Finding], *, now: datetime, absent_since: datetime
) -> None:
    """Make the incidents what one look found.

    Args:
        connection: In the transaction of the look.
        found: What is wrong.
        explained: What is wrong because of something else that was found: it opens nothing, and ends nothing.
        now: When it was found.
        absent_since: What has not been found since then has ended.
    """
    rows = [
        {
            "kind": one.kind,
            "subject": one.subject,
            "tenant_id": one.tenant_id,
            "severity": one.severity,
            "summary": _storable(one.summary),
            "action": _storable(one.action),
            "began_at": one.began_at,
        }
        for one in found
    ]
    _execute(connection, "open_incidents", found=_json(rows), now=now)
    _execute(connection, "keep_explained", explained=_json(_keys(explained)))
    _execute(connection, "miss_absent", present=_json(_keys([*found, *explained])), now=now)
    _execute(connection, "end_absent", absent_since=absent_since)


def read_untold(connection: Connection, severities: Collection[str]) -> list[dict[str, Any]]:
    """What is to be told at once: incidents of these severities that opened, and those told earlier that ended."""
    return _rows(connection, "read_untold", severities=list(severities))


def read_digest(connection: Connection, *, since: datetime) -> list[dict[str, Any]]:
    """What is open, and what ended since the last digest."""
    return _rows(connection, "read_digest", since=since)


def write_notice(
    connection: Connection, kind: str, content: Mapping[str, Any], *, recipients: Iterable[str], now: datetime
) -> int:
    """Put a notice into the outbox, a mail per recipient, and count its incidents (`incident_ids`) as told; returns its id."""
    parameters = {"kind": kind, "content": _json(content), "now": now}
    notice_id = int(connection.execute(query("incidents", "insert_notice"), parameters).scalar_one())
    for recipient in recipients:
        message_id = f"<notice-{notice_id}-{sha256(recipient.encode()).hexdigest()[:12]}@heliograph>"
        _execute(connection, "insert_notice_mail", notice_id=notice_id, recipient=recipient, message_id=message_id, now=now)
    _execute(connection, "mark_told", incident_ids=list(content["incident_ids"]), now=now)
    return notice_id


def _keys(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"kind": one.kind, "subject": one.subject} for one in findings]


def _storable(text: str) -> str:
    """PostgreSQL has no NUL in text."""
    return text.replace("\0", "\ufffd")


def _json(value: object) -> str:
    return json.dumps(value, default=str)


def _execute(connection: Connection, name: str, **parameters: Any) -> None:  # noqa: ANN401 - values of a statement
    connection.execute(query("incidents", name), parameters)


def _rows(connection: Connection, name: str, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - values of a statement
    return [dict(row._mapping) for row in connection.execute(query("incidents", name), parameters)]
