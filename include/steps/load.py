"""Landed documents become trusted readings, or alarms: parse, check, write; one transaction per document.

Nothing is open while a document is fetched, parsed and checked: what a transaction begins with is made before it.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Any, Final

from include.core.documents import READING_FEEDS
from include.core.errors import BadDocument, TryLater
from include.core.settings import Settings
from include.core.stores import StoreFailure
from include.sources.feeds import ALARM_FEEDS
from include.steps.code_version import code_version
from include.steps.document_context import DocumentContext, read_context
from include.steps.each import Failure, attempt_each, errors_of
from include.steps.free_space import require_free_space
from include.steps.lease import Lease, lease, loading
from include.steps.prepared_alarms import PreparedAlarms, prepare_alarms
from include.steps.prepared_readings import PreparedReadings, prepare_readings
from include.steps.refuse_document import refuse_document
from include.steps.small_answers import SmallAnswers
from include.warehouse import documents, readings
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_BATCH_BYTES: Final = 8_000_000
_BATCH_DOCUMENTS: Final = 200
_LEASE_S: Final = 120
"""A batch that attempts no other document for so long may be doubled: whichever comes first loads what it prepared."""


def pending_batches(settings: Settings) -> list[list[int]]:
    """One batch of landed documents per tenant, in the order of receipt: at most 8 MB at rest or 200 documents.

    The tenant whose document has waited longest comes first. What does not fit waits until the batch is loaded.
    """
    with transaction(settings.database_url) as connection:
        pending = documents.read_pending(connection, READING_FEEDS)
    waiting: dict[int, list[documents.WaitingDocument]] = {}
    for document in pending:
        waiting.setdefault(document.tenant_id, []).append(document)
    return [_first_batch(of_tenant) for of_tenant in waiting.values()]


def _first_batch(waiting: Sequence[documents.WaitingDocument]) -> list[int]:
    sizes = accumulate(document.stored_bytes for document in waiting)
    fitting = sum(size <= _BATCH_BYTES for size in sizes)
    return [document.document_id for document in waiting[: min(max(fitting, 1), _BATCH_DOCUMENTS)]]


def load_batch(settings: Settings, document_ids: Sequence[int], *, now: datetime, run_id: str) -> dict[str, Any]:
    """Load documents of one tenant one after the other, unless another batch of the tenant is being loaded: then this one ends.

    A refused one never stops the rest, nor does one that cannot be loaded; where no other could, its error is raised. Where most
    of the batch cannot be loaded, the tenant's next documents are, so that they need not wait for a person. Raises `TryLater`
    where no space is left.

    Returns:
        The summed counts, `errors`, and under `left` how many documents of the tenant wait for a batch.
    """
    require_free_space(settings)
    with transaction(settings.database_url) as connection:
        tenant_id = documents.read_tenant_id(connection, document_ids)
    with lease(settings, loading(tenant_id), seconds=_LEASE_S) as mine:
        if mine is None:
            _log.info("Another batch of tenant %s is being loaded; what is left waits for the next run", tenant_id)
            return {"left": 0, "errors": []}
        batch = _Batch(settings, tenant_id, mine, now, run_id)
        left = batch.load(document_ids)
        while left and batch.is_stuck():
            left = batch.load(_first_batch(left))
    errors = errors_of(batch.failures, beside=batch.counts or batch.is_taken)
    return {**batch.counts, "left": len(left), "errors": errors}


@dataclass(slots=True)
class _Batch:
    """What became of the documents of a tenant so far: those attempted, and whether another batch has taken the tenant over.

    Of those that were passed over some wait as before: what they rest on changed while they were read, or another load had them.
    Where the store is away the documents that are left are not tried: each would wait for it.
    """

    settings: Settings
    tenant_id: int
    lease: Lease
    now: datetime
    run_id: str
    counts: Counter[str] = field(default_factory=Counter)
    attempted: list[int] = field(default_factory=list)
    passed_over: set[int] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    is_taken: bool = False
    has_store_failed: bool = False

    def is_stuck(self) -> bool:
        """Could most documents not be loaded, for reasons that will not pass by themselves?"""
        return 2 * sum(not isinstance(failure.error, TryLater) for failure in self.failures) > len(self.attempted)

    def load(self, document_ids: Sequence[int]) -> list[documents.WaitingDocument]:
        """Attempt documents; returns what waits of the tenant then, without what could not be loaded."""
        small = SmallAnswers(self.settings, document_ids)
        self.failures += attempt_each(document_ids, partial(self._load, small), label="document {}".format)[1]
        self.attempted += document_ids
        if self.is_taken:
            return []
        with transaction(self.settings.database_url) as connection:
            return documents.read_left(connection, self.tenant_id, READING_FEEDS, beside=set(self.attempted) - self.passed_over)

    def _load(self, small: SmallAnswers, document_id: int) -> None:
        if self.has_store_failed:
            return
        if self.is_taken or not self.lease.go_on():
            self.is_taken = True
            return
        try:
            counts = load_document(self.settings, document_id, small.take(document_id), now=self.now, run_id=self.run_id)
        except StoreFailure:
            self.has_store_failed = True
            raise
        if counts is None:
            self.passed_over.add(document_id)
        self.counts.update({"documents": 1} | (counts.rows() if counts else {"refused_or_taken": 1}))


def load_document(
    settings: Settings, document_id: int, prepared: PreparedReadings | None = None, *, now: datetime, run_id: str
) -> documents.LoadCounts | None:
    """Load one landed document in one transaction; None when it was refused, changes nothing, or when another load has it.

    `prepared` is what was made of it already.
    """
    found = prepared or _prepared(settings, document_id)
    if found is None:
        return None
    found.make_room(settings, now)
    with transaction(settings.database_url) as connection:
        document = documents.lock_document(connection, document_id)
        if document is None or documents.fold_needless(connection, document):
            return None
        readings.lock_tenant(connection, document.tenant_id)
        if document != found.context.document or not found.context.is_current(connection):
            # It came again, or the operator moved a plant meanwhile: it is to be read otherwise, by the next load.
            return None
        counts = found.write(connection)
        documents.write_load(connection, document, counts, loaded_at=now, run_id=run_id, code_version=code_version())
        for rule, subjects in found.overtaken.items():
            documents.reopen_waiting(connection, document.tenant_id, rule=rule, subjects=subjects)
    _log.info("Loaded %s %r of %s: %s", document.feed, document.original_name, document.tenant, counts)
    return counts


def _prepared(settings: Settings, document_id: int) -> PreparedReadings | PreparedAlarms | None:
    """What parsing and checking make of a document; None where there is nothing to load, as of one that is refused."""
    with transaction(settings.database_url) as connection:
        document = documents.lock_document(connection, document_id)
        if document is None or documents.fold_needless(connection, document):
            return None
        context = read_context(settings, connection, document)
    try:
        return _prepare(context)
    except BadDocument as error:
        refuse_document(settings, document, str(error))
        return None


def _prepare(context: DocumentContext) -> PreparedReadings | PreparedAlarms:
    return prepare_alarms(context) if context.document.feed in ALARM_FEEDS else prepare_readings(context)
