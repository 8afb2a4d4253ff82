"""The manifest: which documents landed, what became of each, and the rows that were not trusted."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from include.core.documents import REOPEN_ON_REPEAT, ClaimCheck, LandedDocument
from include.warehouse.queries import query

MAX_REMARKS: Final = 50
"""Most remarks that are kept of a load."""

_LONGEST_REMARK: Final = 200
_MAX_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """The balance of one load: parsed = inserted + updated + unchanged + duplicate + quarantined, checked by the database.

    `missing_values` stand for "no reading" (null, sentinels) and are not among the parsed rows. `remarks` are sentences about
    what of the document was not used; `plant_ids` are the plants that it is about, None where that is not noted.
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
    remarks: Sequence[str] = ()
    plant_ids: Sequence[int] | None = None

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


def note_delivery(  # noqa: PLR0913 - a row of the manifest
    connection: Connection,
    *,
    tenant_id: int,
    tenant: str,
    feed: str,
    stored: Mapping[str, Any],
    received_at: datetime,
    integration_id: int | None = None,
    is_snapshot: bool = False,
) -> ClaimCheck:
    """Write the manifest row of a stored object (original_name, sha256, uri, size_bytes, stored_bytes).

    Known bytes only count where nothing follows from receiving them again; else they are a new document, which comes last in the
    order of receipt. A repeated list of a vendor's fleet or alarms is loaded again in place, since what another list reported in
    between no longer holds.
    """
    parameters = {
        "tenant_id": tenant_id,
        "feed": feed,
        "received_at": received_at,
        "integration_id": integration_id,
        "is_snapshot": is_snapshot,
        "reopens": feed in REOPEN_ON_REPEAT,
        **stored,
    }
    parameters["repeat_of"] = _repeat_of(connection, parameters)
    row = connection.execute(query("documents", "note_delivery"), parameters).one()
    return ClaimCheck(row.document_id, tenant, feed, stored["sha256"], stored["stored_bytes"], row.is_new)


def note_claim(connection: Connection, claim_id: str, document_id: int) -> None:
    """Remember that a claimed file is noted, in the transaction that notes its document."""
    connection.execute(query("documents", "note_claim"), {"claim_id": claim_id, "document_id": document_id})


def read_claims(connection: Connection, left: Sequence[str]) -> dict[str, int]:
    """Documents of the claimed files that a crash left although they are noted; forgets all others, which were released."""
    connection.execute(query("documents", "forget_claims"), {"left": list(left)})
    rows = connection.execute(query("documents", "read_claims"), {"claim_ids": list(left)})
    return {row.claim_id: row.document_id for row in rows}


def _repeat_of(connection: Connection, delivery: Mapping[str, Any]) -> int | None:
    """What a delivery repeats: the last document of its bytes where that makes it a new one, else what that one repeats."""
    known = connection.execute(query("documents", "find_known"), delivery).one_or_none()
    if known is None:
        return None
    is_new = not delivery["reopens"] and _may_change(connection, known.document_id, delivery["received_at"])
    return int(known.document_id) if is_new else known.repeat_of


def _may_change(connection: Connection, document_id: int, received_at: datetime, until: int = _MAX_ID) -> bool:
    parameters = {"document_id": document_id, "received_at": received_at, "until": until}
    return bool(connection.execute(query("documents", "may_change"), parameters).scalar_one())


def fold_needless(connection: Connection, document: LandedDocument) -> bool:
    """Make a landed repeat one more delivery of what it repeats, if by now nothing can follow from loading it."""
    if document.repeat_of is None or _may_change(
        connection, document.repeat_of, document.newest_receipt, until=document.document_id
    ):
        return False
    return connection.execute(query("documents", "fold_repeat"), {"document_id": document.document_id}).rowcount > 0


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


def read_left(connection: Connection, tenant_id: int, feeds: Sequence[str], *, beside: Collection[int]) -> list[WaitingDocument]:
    """The same of one tenant, beside some."""
    parameters = {"tenant_id": tenant_id, "feeds": list(feeds), "beside": list(beside)}
    return [WaitingDocument(*row) for row in connection.execute(query("documents", "read_left"), parameters)]


def lock_document(connection: Connection, document_id: int) -> LandedDocument | None:
    """The landed document, locked until the transaction ends; None when another load has it or it is no longer waiting."""
    row = connection.execute(query("documents", "lock_document"), {"document_id": document_id}).one_or_none()
    return LandedDocument(**row._mapping) if row else None


def read_states(connection: Connection, document_ids: Sequence[int]) -> list[tuple[str, str | None]]:
    """State and reason of documents; waits for whoever is at work on one of them."""
    rows = connection.execute(query("documents", "read_states"), {"document_ids": list(document_ids)})
    return [(row.state, row.reason) for row in rows]


def read_registration(connection: Connection, tenant_id: int, sha256: str, *, most: int = 5) -> Registration:
    """What became of a registry document, with at most so many rows set aside; waits for whoever is at work on it."""
    parameters = {"tenant_id": tenant_id, "sha256": sha256}
    found = dict(connection.execute(query("documents", "read_registration"), parameters).one()._mapping)
    set_aside = {"document_id": found.pop("document_id"), "most": most}
    rows = connection.execute(query("documents", "read_set_aside"), set_aside)
    return Registration(**found, set_aside=[QuarantinedRow(**told._mapping) for told in rows])


def read_tenant_id(connection: Connection, document_ids: Sequence[int]) -> int:
    """The tenant of documents that are all of one; 0 where none is there any more."""
    found = connection.execute(query("documents", "read_tenant_id"), {"document_ids": list(document_ids)}).scalar()
    return int(found or 0)


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
        "remarks": _bounded(counts.remarks),
    }
    connection.execute(query("documents", "insert_load"), parameters)
    connection.execute(query("documents", "mark_loaded"), {"document_id": document.document_id})
    if counts.updated_rows and counts.first_measured_at and counts.last_measured_at:
        # No other feed has the series of a vendor's answer.
        feed = None if document.integration_id is None else document.feed
        reach = (counts.first_measured_at, counts.last_measured_at)
        reopen_newer(connection, document.document_id, document.tenant_id, reach, feed=feed)


def reopen_newer(
    connection: Connection,
    document_id: int,
    tenant_id: int,
    reach: tuple[datetime, datetime],
    *,
    feed: str | None = None,
    since: int | None = None,
) -> None:
    """Have loaded documents say again what they say of the time from first to last instant.

    Args:
        connection: A transaction that holds `readings.lock_tenant`.
        document_id: What changed something there.
        tenant_id: Whose documents.
        reach: First and last instant.
        feed: The only one that has the same series; None for all dropped files.
        since: The document after which they were received; None for `document_id`.
    """
    parameters = {"document_id": document_id, "tenant_id": tenant_id, "feed": feed, "first": reach[0], "last": reach[1]}
    connection.execute(query("documents", "reopen_newer"), parameters | {"since": document_id if since is None else since})


def _bounded(remarks: Sequence[str]) -> list[str]:
    """Each remark once, the first 50, no longer than a line."""
    kept = list(dict.fromkeys(remark.replace("\0", "\ufffd")[:_LONGEST_REMARK] for remark in remarks))
    return kept if len(kept) <= MAX_REMARKS else [*kept[: MAX_REMARKS - 1], f"and {len(kept) - MAX_REMARKS + 1} more"]


def mark_refused(connection: Connection, document_id: int, reason: str) -> None:
    """Refuse a landed document with the reason that a person will read; the same bytes are refused in one document."""
    connection.execute(query("documents", "mark_refused"), {"document_id": document_id, "reason": reason})
    connection.execute(query("documents", "fold_repeat"), {"document_id": document_id})


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


def read_remarks(connection: Connection, *, most: int = 10) -> list[dict[str, Any]]:
    """The newest loaded documents of which something was not used, with their remarks."""
    return [dict(row._mapping) for row in connection.execute(query("documents", "read_remarks"), {"most": most})]


def read_status(connection: Connection) -> list[dict[str, Any]]:
    """Per tenant and feed: documents, waiting, refused, inserted and quarantined rows, newest receipt and reading."""
    return [dict(row._mapping) for row in connection.execute(query("documents", "read_status"))]
