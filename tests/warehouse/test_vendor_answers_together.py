"""Answers of one pull rest together: few documents, each answer byte for byte, nothing lost when a pull dies before they rest."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.core.errors import TryLater
from include.core.pulls import Request
from include.landing.store import ObjectStore
from include.sources.clouds.cloud import Answer
from include.sources.clouds.document import pack, single_documents
from include.sources.clouds.registry import CLOUDS
from include.steps import pull, pull_answers
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import VendorHouse, build, leave_history_out

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOON = datetime(2026, 6, 16, 13, tzinfo=UTC)
PLANTS = 6
SNAPSHOTS = "SELECT uri, feed, state FROM landing.document WHERE is_snapshot ORDER BY document_id"
WAITING = "SELECT request -> 'asked' ->> 'stationId', attempts FROM ops.pull WHERE state = 'waiting'"
DEYE = CLOUDS["deye"]


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorHouse]:
    """An account of six stations, whose vendor answers about one at a time."""
    with live_clouds(NOON, plants=PLANTS, limits_on=False) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        leave_history_out(monkeypatch)
        house.add("deye")
        yield house


def listen(monkeypatch: pytest.MonkeyPatch, spoil: Any = None) -> list[tuple[Request, bytes]]:
    """What the vendor answers from now on; `spoil` may change an answer."""
    heard: list[tuple[Request, bytes]] = []

    def fetch(session: Any, request: Request) -> list[Answer]:
        answers = [spoil(request, answer) if spoil else answer for answer in DEYE.fetch(session, request)]
        heard.extend((request, answer.raw) for answer in answers)
        return answers

    monkeypatch.setitem(CLOUDS, "deye", replace(CLOUDS["deye"], fetch=fetch))
    return heard


def bodies(house: VendorHouse) -> list[bytes]:
    """Snapshots as they rest, in the order of receipt."""
    store = ObjectStore(house.settings.landing)
    return [gzip.decompress(store.open(uri).read()) for uri, *_ in house.rows(SNAPSHOTS)]


def powers(house: VendorHouse) -> int:
    return len(house.readings("ac_power_kw"))


def test_snapshots_of_one_pull_are_two_documents_with_each_answer_byte_for_byte(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(monkeypatch)

    house.pull("deye")
    house.load()

    snapshots = [(request, raw) for request, raw in heard if request.kind in {"plants", "devices"}]
    rest = [answer for body in bodies(house) for answer in single_documents(body)]
    assert len(snapshots) == PLANTS + 1  # inverters ten at a time
    assert sorted(rest) == sorted(pack("deye", *one) for one in snapshots)
    assert [(feed, state) for _, feed, state in house.rows(SNAPSHOTS)] == [("deye_plants", "loaded"), ("deye_devices", "loaded")]
    assert powers(house) >= PLANTS + 10
    assert house.one("SELECT count(*) FROM ops.pull WHERE state = 'waiting'") == 0


def test_a_pull_that_dies_before_its_answers_rest_asks_for_them_again(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(monkeypatch)

    with monkeypatch.context() as dying:
        dying.setattr(pull, "land_together", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            house.pull("deye")
    lost = [request.key for request, _ in heard if request.kind in {"plants", "devices"}]
    house.world.clock.advance(300)
    house.pull("deye")
    house.load()

    again = [request.key for request, _ in heard if request.kind in {"plants", "devices"}][len(lost) :]
    assert lost
    assert set(lost) <= set(again)
    assert powers(house) >= PLANTS + 10


def test_an_answer_that_cannot_be_landed_holds_back_only_its_own_request(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (odd, *_) = (plant.key for plant in house.world.sunshine.plants("deye"))

    def faulty(vendor: str, request: Request, raw: bytes) -> bytes:
        if request.interface == "station/latest" and request.subjects == (odd,):
            raise ValueError("nobody foresaw this")
        return pack(vendor, request, raw)

    monkeypatch.setattr(pull_answers, "pack", faulty)

    told = house.pull("deye")

    assert "ValueError" in str(told["errors"])
    assert house.rows(WAITING) == [(odd, 1)]
    landed = [answer for body in bodies(house) for answer in single_documents(body)]
    assert len(landed) == PLANTS - 1 + 1


def test_an_answer_that_cannot_be_read_is_quarantined_and_the_others_of_its_document_are_loaded(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (odd, *_) = (plant.key for plant in house.world.sunshine.plants("deye"))

    def spoil(request: Request, answer: Answer) -> Answer:
        is_odd = request.interface == "station/latest" and request.subjects == (odd,)
        return Answer(b'{"torn":', answer.data) if is_odd else answer

    listen(monkeypatch, spoil)

    house.pull("deye")
    house.load()

    assert [state for *_, state in house.rows(SNAPSHOTS)] == ["loaded", "loaded"]
    (row,) = house.rows("SELECT broken_rules, payload::text FROM landing.quarantine")
    assert row[0] == ["row_whole"]
    assert "torn" in row[1]
    stations = {name.split()[1] for name, *_ in house.readings("ac_power_kw")}
    assert stations >= {plant.key for plant in house.world.sunshine.plants("deye")} - {odd}
    assert odd not in stations


def test_answers_of_a_minute_rest_even_though_the_pull_goes_on(house: VendorHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(request: Request, answer: Answer) -> Answer:
        house.world.clock.advance(25)
        return answer

    listen(monkeypatch, spoil)

    house.pull("deye")

    assert [len(single_documents(body)) for body in bodies(house)][:2] == [4, 2]


def test_while_the_store_is_down_a_visit_costs_one_call_and_says_so(house: VendorHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house.pull("deye")
    heard = listen(monkeypatch)

    def full(*_: Any, **__: Any) -> None:
        raise TryLater("the object store is full; make room")

    monkeypatch.setattr(ObjectStore, "put_bytes", full)
    for visit in range(1, 4):
        house.world.clock.advance(301)
        told = house.pull("deye")
        assert (len(heard), told["errors"]) == (visit, [])
        assert "the object store is full" in told["note"]

    house.rows("UPDATE ops.pull SET attempts = 4 WHERE state = 'waiting' RETURNING 1")
    house.world.clock.advance(301)
    with pytest.raises(TryLater, match="the object store is full"):
        house.pull("deye")
