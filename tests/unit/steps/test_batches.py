"""How the work list is cut into batches, with a list instead of a warehouse."""

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.settings import Settings
from include.steps import load
from include.warehouse.documents import WaitingDocument


@pytest.fixture
def pending(monkeypatch):
    """Sets what waits, as (document_id, bytes at rest, tenant_id)."""
    monkeypatch.setattr(load, "transaction", lambda _: nullcontext())

    def wait(waiting: list[tuple[int, int, int]]) -> list[list[int]]:
        rows = [WaitingDocument(document_id, tenant_id, size) for document_id, size, tenant_id in waiting]
        monkeypatch.setattr(load.documents, "read_pending", lambda *_: rows)
        return load.pending_batches(Settings())

    return wait


def test_nothing_that_waits_makes_no_batch(pending):
    assert pending([]) == []


@pytest.mark.parametrize(
    ("sizes", "batch"),
    [
        ([3_000_000, 5_000_000, 1], [0, 1]),
        ([1, 90_000_000, 1], [0]),
        ([90_000_000, 1], [0]),
        ([1] * 401, list(range(200))),
    ],
    ids=["8 MB at rest", "no document that is too large for the rest", "a larger one alone", "200 documents"],
)
def test_a_batch_holds_the_documents_that_waited_longest_within_bounds(pending, sizes, batch):
    assert pending([(number, size, 1) for number, size in enumerate(sizes)]) == [batch]


def test_every_tenant_has_one_batch_and_who_waited_longest_comes_first(pending):
    flood = [(number, 1, 7) for number in range(2, 402)]

    assert pending([(1, 1, 9), *flood, (402, 1, 3), (403, 1, 9)]) == [[1, 403], list(range(2, 202)), [402]]


@given(tenants=st.lists(st.integers(1, 5), max_size=500), size=st.integers(1, 9_000_000))
def test_no_tenant_is_left_out_and_none_has_two_batches(tenants, size):
    rows = [WaitingDocument(number, tenant_id, size) for number, tenant_id in enumerate(tenants)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "transaction", lambda _: nullcontext())
        patch.setattr(load.documents, "read_pending", lambda *_: rows)
        batches = load.pending_batches(Settings())

    whose = [{tenants[number] for number in batch} for batch in batches]
    assert sorted(tenant for one in whose for tenant in one) == sorted(set(tenants))
    assert [batch[0] for batch in batches] == sorted(tenants.index(tenant) for tenant in set(tenants))
