"""Every tenant has its turn: one that floods the house keeps no other waiting, and no two batches of a tenant meet."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Event, Lock
from types import SimpleNamespace

import pytest

from include.core.errors import TryLater
from include.core.stores import StoreFailure
from include.landing.store import ObjectStore
from include.steps import load
from include.steps.lease import lease, loading
from include.warehouse import documents, fleet
from include.warehouse.engine import transaction
from tests.warehouse.small_river import SmallRiver, measurements

pytestmark = pytest.mark.postgres

FLOOD = 400
SMALL = [f"small-{number}" for number in range(10)]
SLOTS = 4


@pytest.fixture(scope="module")
def river(new_warehouse, tmp_path_factory) -> SmallRiver:
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture(autouse=True)
def _empty(river) -> None:
    river.forget()


def land(river, tenant: str, numbers: range) -> None:
    """Land documents of one reading each without a drop folder."""
    now, store = datetime.now(UTC), ObjectStore(river.settings.landing)
    with transaction(river.settings.database_url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, tenant, tenant, "America/Sao_Paulo"))
        for number in numbers:
            body = measurements({1: number}, ["2026-02-01"], step="24h")
            stored = store.put_bytes(body, extension="json", tenant=tenant, feed="plant_measurements", received_at=now)
            documents.note_delivery(
                connection,
                tenant_id=tenant_id,
                tenant=tenant,
                feed="plant_measurements",
                stored=asdict(stored) | {"original_name": f"{number}.json"},
                received_at=now,
            )


def waiting(river) -> dict[str, int]:
    """Documents that wait, by tenant."""
    found = river.read(
        "SELECT slug, count(*) AS n FROM landing.document JOIN fleet.tenant USING (tenant_id) "
        "WHERE state = 'landed' GROUP BY slug"
    )
    return dict(zip(found["slug"], found["n"], strict=True))


def load_one(river, batch: list[int]) -> dict:
    return load.load_batch(river.settings, batch, now=datetime.now(UTC), run_id="test")


def tick(river, slots: ThreadPoolExecutor) -> list:
    """What a run of the DAG begins: its batches in their order, as slots are free."""
    return [slots.submit(load_one, river, batch) for batch in load.pending_batches(river.settings)]


class Meetings:
    """How many documents of a tenant were prepared at the same time, at most, and how many of all."""

    def __init__(self) -> None:
        self.most: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._lock = Lock()

    def __call__(self, context):
        for change in (1, -1):
            with self._lock:
                self._now[context.document.tenant] += change
                self.most[context.document.tenant] = max(self.most[context.document.tenant], self._now[context.document.tenant])
                self.most["of all"] = max(self.most["of all"], self._now.total())
            time.sleep(0.002 if context.document.tenant == "flood" else 0.05)
        return prepare(context)


def prepare(context) -> SimpleNamespace:
    """What is made of a document: nothing, so that four hundred take seconds."""
    current = SimpleNamespace(document=context.document, is_current=lambda connection: True)
    return SimpleNamespace(
        context=current, make_room=lambda settings, now: None, write=lambda connection: documents.LoadCounts(), overtaken={}
    )


@pytest.fixture(autouse=True)
def _nothing_to_prepare(monkeypatch) -> None:
    monkeypatch.setattr(load, "_prepare", prepare)


@pytest.fixture
def meetings(monkeypatch) -> Meetings:
    met = Meetings()
    monkeypatch.setattr(load, "_prepare", met)
    return met


@pytest.fixture
def slots() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(SLOTS) as pool:
        yield pool


def test_one_tenant_of_400_documents_keeps_ten_of_one_waiting_for_no_more_than_a_tick(river, meetings, slots):
    land(river, "flood", range(FLOOD))
    for number, tenant in enumerate(SMALL):
        land(river, tenant, range(number, number + 1))

    told = [one.result() for run in [tick(river, slots), tick(river, slots)] for one in run]

    assert set(waiting(river)) <= {"flood"}
    assert {tenant: meetings.most[tenant] for tenant in ["flood", *SMALL]} == dict.fromkeys(["flood", *SMALL], 1)
    assert meetings.most["of all"] > 1
    assert not any(one["errors"] for one in told)
    # The second run may take the flood's next documents before the first has counted what is left.
    assert 0 < max(one["left"] for one in told) <= FLOOD - 200, "what is left wakes the next run"
    for _ in range(2):
        [one.result() for one in tick(river, slots)]
    assert waiting(river) == {}


def test_a_batch_whose_tenant_is_being_loaded_ends_at_once_and_is_no_error(river):
    land(river, "flood", range(5))
    (batch,) = load.pending_batches(river.settings)

    with lease(river.settings, loading(read_pending(river)[0].tenant_id), seconds=60) as other:
        assert other
        began = time.monotonic()
        told = load_one(river, batch)

    assert time.monotonic() - began < 30, "the lease of the other lasts a minute"
    assert told == {"left": 0, "errors": []}, "whoever has the tenant wakes the next run"
    assert waiting(river) == {"flood": 5}
    assert load_one(river, batch)["documents"] == 5


def test_a_run_that_hangs_keeps_only_its_tenant_from_the_next_run(river, monkeypatch, slots):
    land(river, "hangs", range(3))
    land(river, "other", range(3))
    hangs, goes_on = Event(), Event()

    def hang(context):
        if context.document.tenant == "hangs" and not hangs.is_set():
            hangs.set()
            goes_on.wait(60)
        return prepare(context)

    monkeypatch.setattr(load, "_prepare", hang)
    first = slots.submit(load_one, river, load.pending_batches(river.settings)[0])
    assert hangs.wait(60)

    second = [one.result(60) for one in tick(river, slots)]

    assert waiting(river) == {"hangs": 3}
    assert not any(one["left"] or one["errors"] for one in second)
    goes_on.set()
    assert first.result()["documents"] == 3


def test_documents_that_cannot_be_loaded_do_not_stand_before_those_that_can(river, monkeypatch):
    land(river, "demo", range(250))
    broken = {document_id for document_id, *_ in read_pending(river)[:220]}

    def break_down(context):
        if context.document.document_id in broken:
            raise ValueError("a fault of our own")
        return prepare(context)

    monkeypatch.setattr(load, "_prepare", break_down)
    (batch,) = load.pending_batches(river.settings)
    told = load_one(river, batch)

    assert (told["documents"], told["left"], waiting(river)) == (30, 0, {"demo": 220})
    assert told["errors"][-1] == "and 200 more, see the log of the task"


def test_documents_behind_an_outage_are_not_all_tried(river, monkeypatch):
    land(river, "demo", range(250))

    def away(context):
        raise TryLater("the store is away")

    monkeypatch.setattr(load, "_prepare", away)
    (batch,) = load.pending_batches(river.settings)

    with pytest.raises(TryLater, match="the store is away"):
        load_one(river, batch)


def test_the_first_document_that_meets_a_store_that_is_away_ends_the_batch(river, monkeypatch):
    land(river, "demo", range(20))
    tried = []

    def hangs(context):
        tried.append(context.document.document_id)
        if len(tried) == 3:
            raise StoreFailure("the store is away")
        return prepare(context)

    monkeypatch.setattr(load, "_prepare", hangs)
    (batch,) = load.pending_batches(river.settings)
    told = load_one(river, batch)

    assert (told["documents"], len(tried), waiting(river)) == (2, 3, {"demo": 18})
    assert told["errors"] == [f"document {batch[2]}: StoreFailure: the store is away"]


def read_pending(river) -> list[documents.WaitingDocument]:
    with transaction(river.settings.database_url) as connection:
        return documents.read_pending(connection, ["plant_measurements"])
