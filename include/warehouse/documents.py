"""The manifest: which documents landed, what became of each, and the rows that were not trusted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from include.core.documents import REOPEN_ON_REPEAT, ClaimCheck, LandedDocument
from include.warehouse.queries import query


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """The balance of one load: parsed = inserted + updated + unchanged + duplicate + quarantined, checked by the database.

    `missing_values` stand for "no reading" (null, sentinels) and are not among the parsed rows.
    """

    parsed_rows: int = 0
    inserted_rows: int = 0
    updated_rows: int = 0
    unchanged_rows: int = 0
    duplicate_rows: int = 0
    quarantined_rows: int = 0
    missing_values: int = 0
    quarantine_reasons: Mapping[str, int] = field(default_factory=dict)
    quality_suite: str | None = None
    first_measured_at: datetime | None = None
    last_measured_at: datetime | None = None

    def rows(self) -> dict[str, int]:
        """The balance itself, by the name of each count."""
        names = ("parsed", "inserted", "updated", "unchanged", "duplicate", "quarantined")
        return {f"{name}_rows": getattr(self, f"{name}_rows") for name in names}


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row that was not trusted, with the names of the rules that it broke."""

    row_number: int
    quantity: str
    subject: str | None
    broken_rules: tuple[str, ...]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Registration:
    """What became of a registry document: state, reason of a refusal, rows of its last load, and the first ones set aside."""

    state: str
    reason: str | None
    parsed_rows: int | None
    quarantined_rows: int | None
    set_aside: list[QuarantinedRow]


def try_lock_landing(connection: Connection) -> bool:
    """Become the one landing until the transaction ends; False while another one is."""
    return bool(connection.execute(query("documents", "try_lock_landing")).scalar_one())


def note_delivery(  # noqa: PLR0913 - a row of the manifest
    connection: Connection,
    *,
    tenant_id: int,
    tenant: str,
    feed: str,
    stored: Mapping[str, Any],
    received_at: datetime,
    integration_id: int | None = None,
) -> ClaimCheck:
    """Write the manifest row of a stored object (original_name, sha256, uri, size_bytes, stored_bytes); a repeat only counts.

    A repeated registry file, or vendor's list of its fleet or alarms, is loaded again: what another one told in between no longer
    holds.
    """
    parameters = {
        "tenant_id": tenant_id,
        "feed": feed,
        "received_at": received_at,
        "integration_id": integration_id,
        "reopens": feed in REOPEN_ON_REPEAT,
        **stored,
    }
    row = connection.execute(query("documents", "note_delivery"), parameters).one()
    return ClaimCheck(row.document_id, tenant, feed, stored["sha256"], stored["stored_bytes"], row.is_new)


class WaitingDocument(NamedTuple):
    """A landed document on the work list, with its size at rest."""

    document_id: int
    tenant_id: int
    stored_bytes: int


def read_pending(connection: Connection, feeds: Sequence[str]) -> list[WaitingDocument]:
    """Landed documents in the order of receipt."""
    rows = connection.execute(query("documents", "read_pending"), {"feeds": list(feeds)})
    return [WaitingDocument(*row) for row in rows]


def read_landed_feeds(connection: Connection, *, prefix: str, since: datetime) -> list[str]:
    """Feeds whose names begin with `prefix` and of which documents wait that were received since then."""
    rows = connection.execute(query("documents", "read_landed_feeds"), {"prefix": prefix, "since": since})
    return list(rows.scalars())


def read_left(connection: Connection, document_ids: Sequence[int], feeds: Sequence[str]) -> list[WaitingDocument]:
    """The same of the tenants whose documents these are, beside these."""
    parameters = {"document_ids": list(document_ids), "feeds": list(feeds)}
    return [WaitingDocument(*row) for row in connection.execute(query("documents", "read_left"), parameters)]


def lock_document(connection: Connection, document_id: int) -> LandedDocument | None:
    """The landed document, locked until the transaction ends; None when another load has it or it is no longer waiting."""
    row = connection.execute(query("documents", "lock_document"), {"document_id": document_id}).one_or_none()
    return LandedDocument(**row._mapping) if row else None


def read_states(connection: Connection, document_ids: Sequence[int]) -> list[tuple[str, str | None]]:
    """State and reason of documents; waits for whoever is at work on one of them."""
    rows = connection.execute(query("documents", "read_states"), {"document_ids": list(document_ids)})
    return [(row.state, row.reason) for row in rows]


def read_registration(connection: Connection, document_id: int, *, most: int = 5) -> Registration:
    """What became of a registry document, with at most so many rows set aside; waits for whoever is at work on it."""
    row = connection.execute(query("documents", "read_registration"), {"document_id": document_id}).one()
    rows = connection.execute(query("documents", "read_set_aside"), {"document_id": document_id, "most": most})
    return Registration(**row._mapping, set_aside=[QuarantinedRow(**told._mapping) for told in rows])


def read_small_answers(connection: Connection, document_ids: Sequence[int], *, most_bytes: int) -> list[LandedDocument]:
    """Those of the landed documents that are a vendor's readings of at most so many bytes at rest; nothing is locked."""
    parameters = {"document_ids": list(document_ids), "most_bytes": most_bytes}
    return [LandedDocument(**row._mapping) for row in connection.execute(query("documents", "read_small_answers"), parameters)]


def read_earlier_span(connection: Connection, document_id: int) -> tuple[datetime, datetime] | None:
    """Span of the readings that earlier loads of this document brought; None for a first load."""
    row = connection.execute(query("documents", "read_earlier_load"), {"document_id": document_id}).one()
    return (row.first, row.last) if row.first else None


def write_load(
    connection: Connection, document: LandedDocument, counts: LoadCounts, *, loaded_at: datetime, run_id: str, code_version: str
) -> None:
    """Record a load and mark the document loaded; the database refuses counts that do not balance."""
    parameters = asdict(counts) | {
        "document_id": document.document_id,
        "tenant_id": document.tenant_id,
        "loaded_at": loaded_at,
        "run_id": run_id,
        "code_version": code_version,
        "quarantine_reasons": json.dumps(dict(counts.quarantine_reasons)),
        # No other feed has the series of a vendor's answer.
        "feed": None if document.integration_id is None else document.feed,
    }
    connection.execute(query("documents", "insert_load"), parameters)
    connection.execute(query("documents", "mark_loaded"), {"document_id": document.document_id})
    if counts.updated_rows and counts.first_measured_at:
        span = {"first": counts.first_measured_at, "last": counts.last_measured_at}
        connection.execute(query("documents", "reopen_newer"), parameters | span)


def mark_refused(connection: Connection, document_id: int, reason: str) -> None:
    """Refuse a landed document with the reason that a person will read."""
    connection.execute(query("documents", "mark_refused"), {"document_id": document_id, "reason": reason})


def reopen_waiting(connection: Connection, tenant_id: int, *, rule: str, subjects: Sequence[str] | None) -> int:
    """Put documents back to landed whose quarantined rows broke `rule` for want of these subjects, or of any (None).

    Returns how many.
    """
    if subjects is not None and not subjects:
        return 0
    parameters = {"tenant_id": tenant_id, "rule": rule, "subjects": None if subjects is None else list(subjects)}
    return connection.execute(query("documents", "reopen_waiting"), parameters).rowcount


def reopen_feeds(connection: Connection, tenant_id: int, feeds: Sequence[str]) -> int:
    """Put a tenant's loaded documents of these feeds back to landed, to be read in another way; returns how many."""
    parameters = {"tenant_id": tenant_id, "feeds": list(feeds)}
    return connection.execute(query("documents", "reopen_feeds"), parameters).rowcount


def replace_quarantine(connection: Connection, document: LandedDocument, rows: Sequence[QuarantinedRow]) -> None:
    """Make `rows` the document's whole quarantine."""
    key = {"document_id": document.document_id}
    connection.execute(query("documents", "delete_quarantine"), key)
    if rows:
        payload = json.dumps([asdict(row) | {"broken_rules": ",".join(row.broken_rules)} for row in rows])
        parameters = key | {"tenant_id": document.tenant_id, "rows": payload}
        connection.execute(query("documents", "insert_quarantine"), parameters)


def read_status(connection: Connection) -> list[dict[str, Any]]:
    """Per tenant and feed: documents, waiting, refused, inserted and quarantined rows, newest receipt and reading."""
    return [dict(row._mapping) for row in connection.execute(query("documents", "read_status"))]
