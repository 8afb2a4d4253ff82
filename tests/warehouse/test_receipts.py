"""What was received last wins, also where its bytes are known; known bytes that change nothing only count."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from include.core.settings import Settings
from include.quality.checks import preload
from include.steps import land, load, register
from tests.warehouse.small_river import SmallRiver

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

FLEET = {"plants": [{"plant_key": "p"}], "devices": [{"device_key": "1", "plant_key": "p", "kind": "inverter"}]}
AT = "2026-02-01T15:00:00Z"


@pytest.fixture(scope="module")
def shared(new_warehouse, tmp_path_factory) -> SmallRiver:
    preload()
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture
def river(shared) -> SmallRiver:
    shared.forget()
    shared.register(FLEET)
    return shared


def power(watt, at=AT, key="1") -> bytes:
    return json.dumps([{"inversor_id": key, "datetime": at, "potencia_ativa_watt": watt}]).encode()


def deliver(river, *bodies, name="a.json", feed="plant_measurements") -> None:
    """Drop files one after the other, each landed before the next; nothing is loaded yet."""
    for number, body in enumerate(bodies):
        river.drop({(feed, f"{number} {name}"): body})
        land.land_drops(river.settings, now=datetime.now(UTC) + timedelta(seconds=5))


def values(river) -> list[float]:
    return river.read("SELECT value FROM mart.reading JOIN fleet.series USING (series_id) WHERE device_id IS NOT NULL")[
        "value"
    ].tolist()


def manifest(river) -> list[tuple[str, int, bool]]:
    rows = river.read(
        "SELECT state, delivery_count, repeat_of IS NOT NULL AS is_repeat FROM landing.document WHERE feed <> 'registry' "
        "ORDER BY document_id"
    )
    return [(row.state, row.delivery_count, row.is_repeat) for row in rows.itertuples()]


def test_the_original_that_is_dropped_again_undoes_a_wrong_correction(river):
    for body in (power(1111), power(2222), power(1111)):
        deliver(river, body)
        river.flow()

    assert values(river) == [1.111]
    assert manifest(river) == [("loaded", 1, False), ("loaded", 1, False), ("loaded", 1, True)]
    kept = river.read("SELECT value FROM mart.superseded_reading ORDER BY value")["value"].tolist()
    assert kept == [1.111, 2.222]


@pytest.mark.parametrize("is_loaded_in_between", [False, True])
def test_corrections_back_and_forth_end_with_the_last(river, is_loaded_in_between):
    for watt in (1111, 2222, 1111, 2222, 2222, 1111, 2222):
        deliver(river, power(watt))
        if is_loaded_in_between:
            river.flow()
    river.flow()

    assert values(river) == [2.222]


def test_known_bytes_that_were_not_loaded_yet_come_after_what_was(river):
    deliver(river, power(1111), power(2222))
    ids = river.read("SELECT document_id FROM landing.document WHERE state = 'landed' ORDER BY document_id DESC")["document_id"]
    load.load_document(river.settings, ids.tolist()[0], now=datetime.now(UTC), run_id="test")
    deliver(river, power(1111))
    river.flow()

    assert values(river) == [1.111]


def test_documents_that_are_loaded_backwards_end_with_the_last_receipt(river):
    deliver(river, power(1111), power(2222), power(1111))
    ids = river.read("SELECT document_id FROM landing.document WHERE state = 'landed' ORDER BY document_id DESC")["document_id"]
    for document_id in ids.tolist():
        load.load_document(river.settings, document_id, now=datetime.now(UTC), run_id="test")
    river.flow()

    assert values(river) == [1.111]


def test_a_value_that_two_documents_share_is_dropped_again_over_a_third(river):
    other = json.dumps([{"inversor_id": "1", "datetime": AT, "potencia_ativa_watt": 1111, "temperatura_celsius": 20}]).encode()
    for body in (other, power(1111), power(2222), power(1111)):
        deliver(river, body)
        river.flow()

    assert sorted(values(river)) == [1.111, 20.0]


def test_known_bytes_that_change_nothing_only_count(river):
    for body in (power(1111), power(5, at="2026-03-01T15:00:00Z"), power(1111), power(1111)):
        deliver(river, body)
        river.flow()
    deliver(river, power(5, at="2026-03-01T15:00:00Z"), power(1111))
    river.flow()

    assert manifest(river) == [("loaded", 4, False), ("loaded", 2, False)]
    assert river.read(
        "SELECT count(*) AS n FROM landing.load JOIN landing.document USING (document_id) WHERE feed <> 'registry'"
    )["n"].tolist() == [2]


def test_a_repeat_that_was_taken_in_while_others_waited_is_folded_when_it_changes_nothing(river):
    deliver(river, power(1111), power(5, at="2026-03-01T15:00:00Z"), power(1111))
    river.flow()

    assert manifest(river) == [("loaded", 2, False), ("loaded", 1, False)]


def test_a_refused_file_that_is_read_after_all_has_the_place_of_its_last_receipt(river):
    large = gzip.compress(power(1111) + b" " * 2_000_000)
    small = SmallRiver.__new__(SmallRiver)
    small.__dict__ = river.__dict__ | {
        "settings": Settings(
            home=river.settings.home, database_url=river.settings.database_url, drop_settle_s=0, max_unpacked_mb=1
        )
    }
    deliver(small, large)
    small.flow()
    assert manifest(river) == [("refused", 1, False)]
    deliver(small, large)
    small.flow()
    assert manifest(river) == [("refused", 2, False)]
    reason = river.read("SELECT reason FROM landing.document WHERE state = 'refused'")["reason"].item()
    assert "unpack" in reason

    deliver(river, power(2222), large)
    river.flow()

    assert values(river) == [1.111]
    assert manifest(river) == [("refused", 2, False), ("loaded", 1, False), ("loaded", 1, True)]


def test_a_registry_that_is_dropped_again_holds_again(river):
    for name in ("North", "South", "North"):
        river.register({"plants": [{"plant_key": "p", "name": name}]}, "name.json")

    assert river.read("SELECT name FROM fleet.plant")["name"].tolist() == ["North"]


def test_a_document_received_by_a_clock_that_was_a_day_back_is_judged_by_its_new_receipt(river):
    today = datetime.now(UTC)
    body = power(1111, at=(today - timedelta(hours=1)).isoformat())
    river.drop({("plant_measurements", "a.json"): body})
    land.land_drops(river.settings, now=today - timedelta(days=1))
    for batch in load.pending_batches(river.settings):
        load.load_batch(river.settings, batch, now=today, run_id="test")
    assert values(river) == []

    deliver(river, body)
    river.flow()

    assert values(river) == [1.111]
    assert river.read("SELECT * FROM landing.quarantine").empty


def test_a_landing_that_is_killed_after_its_note_ends_as_one_that_was_not(river, monkeypatch):
    deliver(river, power(1111), power(2222))
    river.flow()
    with monkeypatch.context() as patched:
        patched.setattr(land, "release", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deliver(river, power(1111))
    river.flow()
    register.register_landed(river.settings, now=datetime.now(UTC), run_id="test")

    assert values(river) == [1.111]
    assert manifest(river)[:2] == [("loaded", 1, False), ("loaded", 1, False)]
    assert [state for state, _, is_repeat in manifest(river) if is_repeat] == ["loaded"]
