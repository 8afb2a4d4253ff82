"""Landed documents become trusted readings, or alarms: parse, check, write; one transaction per document."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from include.core.documents import READING_FEEDS
from include.core.errors import BadDocument
from include.core.settings import Settings
from include.sources.feeds import ALARM_FEEDS
from include.steps.code_version import code_version
from include.steps.document_context import DocumentContext, read_context
from include.steps.each import each
from include.steps.prepared_alarms import PreparedAlarms, prepare_alarms
from include.steps.prepared_readings import PreparedReadings, prepare_readings
from include.steps.refuse_document import refuse_document
from include.steps.small_answers import SmallAnswers
from include.warehouse import documents, readings
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_BATCH_BYTES: Final = 8_000_000
_BATCH_DOCUMENTS: Final = 200
_MAX_BATCHES: Final = 64


def pending_batches(settings: Settings) -> list[list[int]]:
    """Landed documents in the order of receipt, cut into batches of at most 8 MB at rest or 200 documents."""
    with transaction(settings.database_url) as connection:
        pending = documents.read_pending(connection, READING_FEEDS)
    batches: list[list[int]] = []
    size = 0
    for document_id, stored_bytes in pending:
        if not batches or size + stored_bytes > _BATCH_BYTES or len(batches[-1]) == _BATCH_DOCUMENTS:
            batches.append([])
            size = 0
        batches[-1].append(document_id)
        size += stored_bytes
    return batches[:_MAX_BATCHES]


def load_batch(settings: Settings, document_ids: Sequence[int], *, now: datetime, run_id: str) -> dict[str, Any]:
    """Load documents one after the other. Returns the summed counts.

    A refused one never stops the rest, nor does one that cannot be loaded, whose error is raised in the end.
    """
    total: Counter[str] = Counter()
    small = SmallAnswers(settings, document_ids)

    def load(document_id: int) -> None:
        counts = load_document(settings, document_id, small.take(document_id), now=now, run_id=run_id)
        total.update({"documents": 1} | (counts.rows() if counts else {"refused_or_taken": 1}))

    each(document_ids, load, label="document {}".format)
    return dict(total)


def load_document(
    settings: Settings, document_id: int, prepared: PreparedReadings | None = None, *, now: datetime, run_id: str
) -> documents.LoadCounts | None:
    """Load one landed document in one transaction; None when it was refused, changes nothing, or when another load has it.

    `prepared` is what was made of it already, outside of this transaction.
    """
    with transaction(settings.database_url) as connection:
        document = documents.lock_document(connection, document_id)
        if document is None or documents.fold_needless(connection, document):
            return None
        try:
            found = prepared or _prepare(read_context(settings, connection, document))
        except BadDocument as error:
            refuse_document(settings, connection, document, str(error))
            return None
        readings.lock_tenant(connection, document.tenant_id)
        if not found.context.is_current(connection):
            # The operator moved a plant meanwhile: its times are to be read in another zone, by the next load.
            return None
        counts = found.write(connection)
        documents.write_load(connection, document, counts, loaded_at=now, run_id=run_id, code_version=code_version())
        for rule, subjects in found.overtaken.items():
            documents.reopen_waiting(connection, document.tenant_id, rule=rule, subjects=subjects)
    _log.info("Loaded %s %r of %s: %s", document.feed, document.original_name, document.tenant, counts)
    return counts


def _prepare(context: DocumentContext) -> PreparedReadings | PreparedAlarms:
    return prepare_alarms(context) if context.document.feed in ALARM_FEEDS else prepare_readings(context)
