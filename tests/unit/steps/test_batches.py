"""How the work list is cut into batches, with a list instead of a warehouse."""

from contextlib import nullcontext

import pytest

from include.core.settings import Settings
from include.steps import load


@pytest.fixture
def pending(monkeypatch):
    """Sets what waits, as (document_id, bytes at rest)."""
    monkeypatch.setattr(load, "transaction", lambda _: nullcontext())

    def wait(documents: list[tuple[int, int]]) -> list[list[int]]:
        monkeypatch.setattr(load.documents, "read_pending", lambda *_: documents)
        return load.pending_batches(Settings())

    return wait


def test_nothing_that_waits_makes_no_batch(pending):
    assert pending([]) == []


def test_documents_keep_the_order_of_receipt_and_share_batches_of_8_mb(pending):
    assert pending([(1, 3_000_000), (2, 5_000_000), (3, 1), (4, 7_999_999), (5, 1)]) == [[1, 2], [3, 4], [5]]


def test_a_document_larger_than_a_batch_gets_one_of_its_own(pending):
    assert pending([(1, 1), (2, 90_000_000), (3, 1)]) == [[1], [2], [3]]


def test_a_batch_holds_200_documents_at_most(pending):
    assert [len(batch) for batch in pending([(number, 1) for number in range(401)])] == [200, 200, 1]


def test_one_run_takes_64_batches_at_most_the_oldest_first(pending):
    batches = pending([(number, 9_000_000) for number in range(100)])

    assert batches == [[number] for number in range(64)]
