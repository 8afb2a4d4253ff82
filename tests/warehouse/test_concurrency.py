"""Runs that meet each other: nothing is loaded twice, nothing is forgotten, and no error escapes."""

import json
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from include.core.errors import TryLater
from include.quality.checks import preload
from include.rollups.roll_up import roll_up
from include.steps import land, load, register
from include.steps import roll_up as roll_up_step
from include.warehouse.engine import engine_of
from tests.warehouse.small_river import (
    REGISTRY,
    SmallRiver,
    assert_nothing_lost,
    assert_same_state,
    at_once,
    measurements,
    telemetry,
    whole_set,
)

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

PROCESSES = 8
DEVICE_9 = {"devices": [{"device_key": "9", "plant_key": "p", "kind": "inverter"}]}


@pytest.fixture(scope="module")
def river(new_warehouse, tmp_path_factory) -> SmallRiver:
    preload()
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture(autouse=True)
def _empty(river):
    river.forget()


def many_documents() -> dict:
    """Documents that touch the same series and partly the same instants, in two partitions, without contradicting each other."""
    files = {("registry", "fleet.json"): json.dumps(REGISTRY).encode()}
    for number in range(12):
        days = [f"2026-{1 + number % 2:02}-{1 + number // 2:02}", f"2026-02-{1 + number:02}"]
        files["plant_measurements", f"{number}.json"] = measurements({1: 10, 2: 20}, days, step="30min")
    return files | {("telemetry_batches", f"{day}.json"): telemetry(f"2026-02-{day:02}") for day in range(1, 5)}


def contradictions() -> dict:
    """Documents that contradict each other over and over: 5 kW, 10 kW, 5 kW again, and 10 kW in the last one."""
    files = {("registry", "fleet.json"): json.dumps(REGISTRY).encode()}
    return files | {
        ("plant_measurements", f"{number}.json"): measurements({1: 5 + number % 2 * 5, 2: 20}, ["2026-02-01"], step="30min")
        for number in range(10)
    }


def land_and_register(river, files) -> None:
    river.drop(files)
    now = datetime.now(UTC)
    land.land_drops(river.settings, now=now + timedelta(seconds=5))
    register.register_landed(river.settings, now=now, run_id="test")


def load_pending(river, *, step: int = 1) -> list[dict]:
    """What each batch tells."""
    return [
        load.load_batch(river.settings, batch[::step], now=datetime.now(UTC), run_id="test")
        for batch in load.pending_batches(river.settings)
    ]


def undisturbed(river, files) -> dict:
    river.forget()
    river.drop(files)
    river.flow()
    state = river.state()
    river.forget()
    return state


def test_eight_processes_on_the_same_documents_load_each_of_them_once(river):
    expected = undisturbed(river, many_documents())
    land_and_register(river, many_documents())
    assert sum(map(len, load.pending_batches(river.settings))) == 16

    codes = at_once(river, *[lambda: load_pending(river)] * PROCESSES)

    assert codes == [0] * PROCESSES
    loads = river.read("SELECT document_id, count(*) AS n FROM landing.load GROUP BY document_id")
    assert loads["n"].tolist() == [1] * 17
    river.flow()
    assert_same_state(river.state(), expected)
    assert_nothing_lost(river)


def test_documents_that_contradict_each_other_end_the_same_however_they_are_loaded_at_once(river):
    expected = undisturbed(river, contradictions())
    land_and_register(river, contradictions())
    forward, backward = (lambda: load_pending(river)), (lambda: load_pending(river, step=-1))

    codes = at_once(river, *[forward, backward] * (PROCESSES // 2))

    assert codes == [0] * PROCESSES
    river.flow()
    assert_same_state(river.state(), expected)
    power = river.state()["readings"].query("series == 'd 1 ac_power_kw'")
    assert set(power["value"]) == {10.0}


def test_a_document_that_said_nothing_new_speaks_again_when_an_earlier_one_is_loaded_after_it(river):
    values = {"a": 5, "b": 10, "c": 5}
    files = {("plant_measurements", f"{name}.json"): measurements({1: kw}, ["2026-02-01"]) for name, kw in values.items()}
    # Another record count makes c another document than a.
    files["plant_measurements", "c.json"] = measurements({1: 5, 2: 1}, ["2026-02-01"])
    land_and_register(river, {("registry", "fleet.json"): json.dumps(REGISTRY).encode()} | files)
    ((first, second, third),) = load.pending_batches(river.settings)

    load.load_batch(river.settings, [first, third, second], now=datetime.now(UTC), run_id="test")
    river.flow()

    power = river.state()["readings"].query("series == 'd 1 ac_power_kw'")
    assert set(power["value"]) == {5.0}


def test_loading_while_days_are_rolled_up_forgets_no_day(river):
    expected = undisturbed(river, many_documents())
    land_and_register(river, many_documents())

    def keep_rolling():
        for _ in range(12):
            roll_up_step.roll_up_dirty(river.settings, now=datetime.now(UTC))

    codes = at_once(river, lambda: load_pending(river), lambda: load_pending(river), keep_rolling)

    assert codes == [0, 0, 0]
    river.flow()
    assert_same_state(river.state(), expected)


def test_eight_processes_may_land_the_whole_river_together(river):
    expected = undisturbed(river, whole_set())
    land_and_register(river, whole_set())

    codes = at_once(river, *[river.flow] * PROCESSES)

    assert codes == [0] * PROCESSES
    assert_same_state(river.state(), expected)
    assert_nothing_lost(river)


def roll_up_all(settings, *, now: datetime) -> dict:
    return roll_up_step.roll_up_all(settings, clock=lambda: now)


def test_what_rounds_did_before_one_failed_stays_and_is_told(river, monkeypatch):
    land_and_register(river, many_documents())
    load_pending(river)
    dirty, done = river.count("ops.dirty_day"), []

    def fail_in_the_second_round(connection, *, computed_at):
        if done:
            raise KeyError("a secret")
        done.append(roll_up(connection, computed_at=computed_at, limit=20))
        return done[0]

    monkeypatch.setattr(roll_up_step, "roll_up", fail_in_the_second_round)
    told = roll_up_all(river.settings, now=datetime.now(UTC))

    assert 0 < told["dirty_days"] == dirty - river.count("ops.dirty_day") < dirty
    assert told["errors"] == ["the days that are left, which stay dirty: KeyError, see the log of the task"]
    with pytest.raises(KeyError):
        roll_up_all(river.settings, now=datetime.now(UTC))


def test_a_roll_up_that_finds_every_series_held_by_another_is_told_to_try_later(river):
    land_and_register(river, many_documents())
    load_pending(river)
    dirty = river.count("ops.dirty_day")

    with engine_of(river.settings.database_url).begin() as connection:
        roll_up(connection, computed_at=datetime.now(UTC))
        for attempt in (roll_up_step.roll_up_dirty, roll_up_all):
            with pytest.raises(roll_up_step.HeldByOthers, match="other roll-ups"):
                attempt(river.settings, now=datetime.now(UTC))
        assert river.count("ops.dirty_day") == dirty

    assert roll_up_step.roll_up_dirty(river.settings, now=datetime.now(UTC))["dirty_days"] == 0
    assert river.count("ops.dirty_day") == 0


def test_a_device_registered_while_its_document_is_being_loaded_is_not_left_in_quarantine(river, monkeypatch):
    land_and_register(
        river,
        {
            ("registry", "fleet.json"): json.dumps(REGISTRY).encode(),
            ("plant_measurements", "a.json"): measurements({1: 10, 9: 5}, ["2026-02-01"]),
        },
    )
    meanwhile(
        monkeypatch,
        "include.steps.prepared_readings.check",
        lambda: land_and_register(river, {("registry", "9.json"): as_json(DEVICE_9)}),
    )

    load_pending(river)
    river.flow()

    assert river.count("landing.quarantine") == 0
    assert set(river.state()["readings"]["series"].str.split().str[1]) == {"1", "9"}


def test_a_zone_that_changes_while_a_document_is_being_loaded_leaves_no_day_behind(river, monkeypatch):
    moved = {"plants": [{"plant_key": "p", "timezone": "Asia/Tokyo"}]}
    files = {
        ("registry", "fleet.json"): json.dumps(REGISTRY).encode(),
        ("plant_measurements", "a.json"): measurements({1: 10}, ["2026-02-01"]),
    }
    river.drop(files)
    river.flow()
    river.register(moved, "moved.json")
    expected = river.state()["rollups"]
    river.forget()
    land_and_register(river, files)
    meanwhile(
        monkeypatch,
        "include.steps.prepared_readings.check",
        lambda: land_and_register(river, {("registry", "moved.json"): as_json(moved)}),
    )

    load_pending(river)
    river.flow()

    assert_same_state({"rollups": river.state()["rollups"]}, {"rollups": expected})


def test_a_document_whose_plant_moves_while_it_is_read_waits_for_the_next_run_and_wakes_it(river, monkeypatch):
    moved = {"plants": [{"plant_key": "p", "timezone": "Asia/Tokyo"}]}
    land_and_register(
        river,
        {
            ("registry", "fleet.json"): json.dumps(REGISTRY).encode(),
            ("plant_measurements", "a.json"): measurements({1: 10}, ["2026-02-01"]),
        },
    )
    meanwhile(
        monkeypatch,
        "include.steps.prepared_readings.check",
        lambda: land_and_register(river, {("registry", "moved.json"): as_json(moved)}),
    )

    told = [load_pending(river), load_pending(river), load_pending(river)]

    assert [[(batch["documents"], batch["left"]) for batch in run] for run in told] == [[(1, 1)], [(1, 0)], []]


def test_an_inverter_registered_during_a_roll_up_is_expected_in_its_days_too(river):
    land_and_register(
        river,
        {
            ("registry", "fleet.json"): json.dumps(REGISTRY).encode(),
            ("plant_measurements", "a.json"): measurements({3: 10}, ["2026-02-01"]),
        },
    )
    load_pending(river)
    another = {"devices": [{"device_key": "4", "plant_key": "q", "kind": "inverter"}]}
    registering = threading.Thread(target=land_and_register, args=(river, {("registry", "4.json"): as_json(another)}))

    with engine_of(river.settings.database_url).begin() as connection:
        roll_up(connection, computed_at=datetime.now(UTC))
        registering.start()
        registering.join(timeout=1)
    registering.join(timeout=300)
    river.flow()

    days = river.read(
        "SELECT local_date, expected_s FROM mart.rollup_day JOIN fleet.series USING (series_id) WHERE origin = 'derived'"
    )
    one = river.read("SELECT expected_s FROM mart.rollup_day JOIN fleet.series USING (series_id) WHERE quantity = 'ac_power_kw'")
    assert days["expected_s"].max() == 2 * one["expected_s"].min() > 0


def as_json(registry: dict) -> bytes:
    return json.dumps(registry).encode()


def meanwhile(monkeypatch, name: str, act) -> None:
    """Let something happen once, right after the first call of a function."""
    module, _, attribute = name.rpartition(".")
    original = getattr(__import__(module, fromlist=[attribute]), attribute)
    waiting = [act]

    def call(*arguments, **options):
        found = original(*arguments, **options)
        while waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(name, call)


# --------------------------------------------------------------------------------------------- the database server hangs up


@pytest.mark.parametrize(
    "moment",
    [
        "include.warehouse.readings.lock_tenant",
        "include.warehouse.readings.load_readings",
        "include.warehouse.documents.replace_quarantine",
        "include.warehouse.documents.write_load",
    ],
)
def test_a_backend_that_is_terminated_in_the_middle_of_a_load_leaves_nothing_and_the_retry_works(
    river, postgres_server, monkeypatch, moment
):
    files = {key: content for key, content in whole_set().items() if key[1] in {"fleet.json", "first.json"}}
    expected = undisturbed(river, files)
    land_and_register(river, files)
    meanwhile(monkeypatch, moment, lambda: hang_up(postgres_server, river))

    with pytest.raises(TryLater, match="does not answer"):
        load_pending(river)

    assert river.count("mart.reading") == river.count("landing.quarantine") == river.count("ops.dirty_day") == 0
    assert river.count("landing.document WHERE state = 'landed'") == 1
    river.flow()
    assert_same_state(river.state(), expected)


def hang_up(server, river) -> None:
    """Terminate every connection to the warehouse, as a restart or an administrator does."""
    with ExitStack() as stack:
        connection = psycopg2.connect(
            host="127.0.0.1", port=server.port, dbname="postgres", user="postgres", password=server.password
        )
        stack.callback(connection.close)
        connection.autocommit = True
        cursor = stack.enter_context(connection.cursor())
        name = river.settings.database_url.rpartition("/")[2]
        # Waits until they are gone.
        cursor.execute("SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity WHERE datname = %s", (name,))
