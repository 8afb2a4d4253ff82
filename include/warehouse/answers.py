"""Load of a vendor's answer: as any document, and where it is authoritative about a span, what it lacks there is retracted.

What counts is the order of receipt, whatever the order of loading. An answer is weighed against all that earlier documents
asserted and that no answer before it retracted; so whatever was asserted stays on record, with the answer that retracted it. An
earlier document that is loaded late makes the later answers about the same series and time decide again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from include.core.span import Span, microseconds_of
from include.warehouse import documents, readings
from include.warehouse.incoming import Incoming
from include.warehouse.queries import query
from include.warehouse.readings import Written

_INSTANT: Final = timedelta(microseconds=1)
"""Spans are half-open: an answer does not reach the one that begins where it ends."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A vendor's answer that is being loaded; `span` is where it is authoritative, None for a list and for what was then."""

    document_id: int
    tenant_id: int
    feed: str
    span: Span | None


def load_answer(
    connection: Connection,
    incoming: Incoming,
    answer: Answer,
    *,
    timezones: Mapping[int, str],
    earlier: tuple[datetime, datetime] | None,
) -> Written:
    """Bring the stored readings to what the answer asserts and mark the days that changed.

    Of a series in the answer, readings of earlier documents within its span at other instants are retracted: those of snapshots
    where it speaks within one of its steps; those of histories if it has as many readings as they together, else those that were
    first told since the last answer that had more.

    Args:
        connection: A transaction that holds `readings.lock_tenant`; the partitions exist.
        incoming: The answer's readings.
        answer: Which document it is, and where it is authoritative.
        timezones: IANA zone of each series.
        earlier: First and last instant of earlier loads of the same document.
    """
    series_before = _read_series(connection, answer)
    if not len(incoming) and earlier is None and not series_before:
        return Written()
    is_other = False
    if earlier is None and not series_before and not _is_contested(connection, incoming, answer.span):
        readings.append(connection, incoming, answer.document_id, timezones)
        written = Written(inserted=len(incoming))
    else:
        readings.stage(connection, incoming)
        if earlier is not None:
            readings.retract(connection, answer.document_id, (*earlier, answer.tenant_id), feed=answer.feed)
        is_other = _restore(connection, answer, series_before)
        written = readings.merge(connection, incoming, answer.document_id)
        is_other |= written.updated > 0
        if len(incoming):
            bounds = readings.bounds_of(incoming)
            connection.execute(query("answers", "adopt_snapshots"), {"document_id": answer.document_id, **bounds})
        is_other |= _retract_unconfirmed(connection, answer)
    series_ids, counts = _counted(incoming, answer.span)
    _remember(connection, answer, series_ids, counts)
    reach = _reach(incoming, answer.span, earlier)
    kept = _oldest_kept(connection, answer) if series_before else None
    changed_since = min((one for one in (kept, answer.document_id if is_other else None) if one is not None), default=None)
    _reopen(connection, answer, reach, sorted({*series_ids, *series_before}), changed_since)
    return written


def _counted(incoming: Incoming, span: Span | None) -> tuple[list[int], list[int]]:
    """Series of the answer, and how many readings of each lie where it is authoritative."""
    series_ids, place = np.unique(incoming.series_id, return_inverse=True)
    at = incoming.measured_at
    within = (at >= microseconds_of(span.start)) & (at < microseconds_of(span.end)) if span else np.ones(len(at), bool)
    return series_ids.tolist(), np.bincount(place, weights=within, minlength=len(series_ids)).astype(int).tolist()


def retract_states(connection: Connection, answer: Answer) -> None:
    """Retract earlier states that the answer lacks; after `load_answer` and `readings.load_states` of the same answer."""
    if answer.span is not None and connection.execute(query("answers", "has_unconfirmed")).scalar_one():
        connection.execute(query("answers", "retract_states"), _parameters(answer))


def _read_series(connection: Connection, answer: Answer) -> list[int]:
    if answer.span is None:
        return []
    series_ids = connection.execute(query("answers", "read_answer"), {"document_id": answer.document_id}).scalar_one_or_none()
    return list(series_ids or ())


def _is_contested(connection: Connection, incoming: Incoming, span: Span | None) -> bool:
    if readings.overlaps(connection, incoming, span):
        return True
    return span is not None and bool(connection.execute(query("answers", "has_assertion")).scalar_one())


def _restore(connection: Connection, answer: Answer, series_ids: list[int]) -> bool:
    if answer.span is None or not series_ids:
        return False
    connection.execute(query("answers", "restore_assertions"), _parameters(answer) | {"series_ids": series_ids})
    replaced = connection.execute(query("answers", "keep_restored_over"), _parameters(answer)).rowcount
    for block in ("write_restored", "mark_dirty_restored"):
        connection.execute(query("answers", block), _parameters(answer))
    return replaced > 0


def _oldest_kept(connection: Connection, answer: Answer) -> int | None:
    """The oldest document whose restored readings hold on; others may have said the same after it, which is kept nowhere."""
    return None if answer.span is None else connection.execute(query("answers", "oldest_kept")).scalar_one()


def _retract_unconfirmed(connection: Connection, answer: Answer) -> bool:
    if answer.span is None:
        return False
    parameters = _parameters(answer)
    weighed = parameters | {"tenant_id": answer.tenant_id, "feed": answer.feed}
    if not connection.execute(query("answers", "find_unconfirmed"), weighed).rowcount:
        return False
    retracted = connection.execute(query("answers", "retract_unconfirmed"), parameters).rowcount
    retracted += connection.execute(query("answers", "retract_assertions"), parameters).rowcount
    connection.execute(query("answers", "mark_dirty_unconfirmed"))
    return retracted > 0


def _remember(connection: Connection, answer: Answer, series_ids: list[int], reading_counts: list[int]) -> None:
    if answer.span is not None:
        told = {"tenant_id": answer.tenant_id, "feed": answer.feed, "series_ids": series_ids, "reading_counts": reading_counts}
        connection.execute(query("answers", "write_answer"), _parameters(answer) | told)


def _reopen(
    connection: Connection,
    answer: Answer,
    reach: tuple[datetime, datetime],
    series_ids: list[int],
    changed_since: int | None,
) -> None:
    first, last = reach
    parameters = {"document_id": answer.document_id, "tenant_id": answer.tenant_id, "feed": answer.feed, "series_ids": series_ids}
    connection.execute(query("answers", "reopen_newer_answers"), parameters | {"first": first, "last": last})
    if changed_since is not None:
        documents.reopen_newer(connection, answer.document_id, answer.tenant_id, reach, feed=answer.feed, since=changed_since)


def _reach(incoming: Incoming, span: Span | None, earlier: tuple[datetime, datetime] | None) -> tuple[datetime, datetime]:
    """First and last instant about which this load may have changed anything."""
    instants = [*(earlier or ())]
    instants += [incoming.first, incoming.last] if len(incoming) else []
    instants += [span.start, span.end - _INSTANT] if span else []
    return min(instants), max(instants)


def _parameters(answer: Answer) -> dict[str, Any]:
    span = answer.span
    return {"document_id": answer.document_id, "starts_at": span and span.start, "ends_at": span and span.end}
