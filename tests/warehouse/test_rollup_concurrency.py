"""Roll-ups side by side, while documents load and the fleet changes: nothing is lost or doubled, nobody waits for strangers."""

import json
import multiprocessing
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from include.quality.checks import preload
from include.rollups.roll_up import roll_up
from include.steps import land, load, register
from include.warehouse import fleet
from include.warehouse.engine import engine_of
from tests.warehouse.small_river import SmallRiver, assert_nothing_lost, assert_same_state, at_once, measurements

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FLEET = {
    "plants": [
        {"plant_key": "p", "timezone": "America/Sao_Paulo", "capacity_kwp": 100},
        {"plant_key": "q", "timezone": "America/Sao_Paulo", "capacity_kwp": 100},
        {"plant_key": "r", "timezone": "Europe/Berlin", "capacity_kwp": 100},
    ],
    "devices": [
        {"device_key": str(key), "plant_key": plant, "kind": "inverter"} for key, plant in enumerate("ppppqqqqrrrr", start=1)
    ],
}
CHANGES = [
    {"plants": [{"plant_key": "q", "timezone": "Asia/Tokyo"}]},
    {"devices": [{"device_key": "1", "plant_key": "q"}]},
    {"plants": [{"plant_key": "q", "timezone": "Australia/Lord_Howe"}, {"plant_key": "r", "timezone": "Asia/Kolkata"}]},
    {"devices": [{"device_key": "9", "plant_key": "p"}, {"device_key": "5", "plant_key": "r"}]},
    {"plants": [{"plant_key": "p", "timezone": "Europe/Berlin"}]},
    {"devices": [{"device_key": "1", "plant_key": "p"}, {"device_key": "13", "plant_key": "r", "kind": "inverter"}]},
]
"""Zones change, and devices move to and fro."""


waiting_threads: list[threading.Thread] = []


@pytest.fixture(scope="module")
def river(new_warehouse, tmp_path_factory) -> SmallRiver:
    preload()
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture(autouse=True)
def _empty(river):
    forget(river)
    yield
    for thread in waiting_threads:
        thread.join(timeout=300)
    waiting_threads.clear()


def forget(river) -> None:
    with engine_of(river.settings.database_url).begin() as connection:
        connection.execute(text("TRUNCATE ops.dirty_plant_day, mart.energy_day, mart.counter_day"))
    river.forget()


# ------------------------------------------------------------------------------------------------- what is dropped, and what runs


def registry(content: dict) -> bytes:
    return json.dumps(content).encode()


def readings_of(devices: range, *, days: list[str], step: str = "30min") -> bytes:
    return measurements({key: 5.0 + key for key in devices}, days, step=step)


def dropped_files(count: int = 8) -> dict:
    """The fleet, documents that touch the same series and days from several sides, and changes of the fleet between them."""
    files = {("registry", "0.json"): registry(FLEET)}
    for number in range(count):
        day = 1 + number % 6
        days = [f"2026-02-{day:02}", f"2026-02-{day + 1:02}", f"2026-0{1 + number % 2}-28"]
        step = ("10min", "15min", "30min")[number % 3]
        files["plant_measurements", f"{number}.json"] = readings_of(
            range(1 + number % 4, 13, 1 + number % 2), days=days, step=step
        )
        if number % 2:
            change = CHANGES[number // 2 % len(CHANGES)]
            files["registry", f"{number}.json"] = registry(change)
    return files


def load_all(river) -> None:
    for batch in load.pending_batches(river.settings):
        load.load_batch(river.settings, batch, now=NOW, run_id="test")


def land_and_load(river, files) -> None:
    """Let files become stored readings, without any roll-up."""
    river.drop(files)
    land.land_drops(river.settings, now=datetime.now(UTC) + timedelta(seconds=5))
    register.register_landed(river.settings, now=NOW, run_id="test")
    load_all(river)


def round_of(river, *, limit: int = 50_000):
    with engine_of(river.settings.database_url).begin() as connection:
        return roll_up(connection, computed_at=NOW, limit=limit)


def roll_up_until(river, is_over: Callable[[], bool], *, limit: int) -> None:
    """Roll up again and again; after the end of all else, until nothing remains."""
    give_up = time.monotonic() + 600
    while True:
        ends = is_over()
        done = round_of(river, limit=limit)
        assert done is not None, "a roll-up had to wait for another"
        if ends and not done.remaining:
            return
        assert time.monotonic() < give_up, f"this still remains: {done.remaining}"
        if not done.dirty_days:
            time.sleep(0.02)


def work_off(river) -> None:
    roll_up_until(river, lambda: True, limit=50_000)
    for table in ("ops.dirty_day", "ops.dirty_plant_day"):
        assert river.count(table) == 0, f"{table} is not empty"


def one_shot(river, files) -> dict:
    """What the same files come to when all of them are loaded before one roll-up."""
    forget(river)
    land_and_load(river, files)
    work_off(river)
    state = whole_state(river)
    forget(river)
    return state


def whole_state(river) -> dict:
    """Readings, roll-ups and energies, by names."""
    state = {name: frame for name, frame in river.state().items() if name in {"readings", "rollups", "fleet"}}
    state["energy"] = river.read(
        "SELECT plant_key, device_key, local_date, starts_at, ends_at, energy_kwh, energy_source, recovered_kwh, e.covered_s, "
        "e.expected_s, completeness FROM mart.energy_day AS e JOIN fleet.plant AS p USING (plant_id) "
        "LEFT JOIN fleet.device AS d ON d.device_id = e.device_id ORDER BY 1, 2 NULLS FIRST, 3"
    )
    return state


def within(seconds: float, act: Callable[[], None]) -> None:
    """Act beside the test's own transaction, and fail where that makes it wait."""
    thread = threading.Thread(target=act, daemon=True)
    waiting_threads.append(thread)
    thread.start()
    thread.join(timeout=seconds)
    assert not thread.is_alive(), f"after {seconds:g} s it still waits for the roll-up"


# ------------------------------------------------------------------------------------------------------------------ side by side


@pytest.mark.parametrize("limit", [3, 50_000])
def test_four_roll_ups_side_by_side_come_to_what_one_comes_to(river, limit):
    files = {name: content for name, content in dropped_files().items() if name[0] != "registry" or name[1] == "0.json"}
    expected = one_shot(river, files)
    land_and_load(river, files)

    codes = at_once(river, *[lambda: roll_up_until(river, lambda: True, limit=limit)] * 4)

    assert codes == [0] * 4
    work_off(river)
    assert_same_state(whole_state(river), expected)


def test_four_roll_ups_while_documents_load_and_the_fleet_changes_lose_and_double_nothing(river, torture):
    for turn in range(25 if torture else 1):
        files = dropped_files(12 + turn % 5 if torture else 8)
        expected = one_shot(river, files)
        over = multiprocessing.get_context("fork").Event()
        first, *others = files.items()
        land_and_load(river, dict([first]))

        def deliver(over=over, others=others):
            """One document after the other, in the order of receipt: each is loaded while the roll-ups are at work."""
            try:
                for wave, (name, content) in enumerate(others, start=1):
                    river.drop({name: content}, wave=wave)
                    land.land_drops(river.settings, now=datetime.now(UTC) + timedelta(seconds=5))
                    register.register_landed(river.settings, now=NOW, run_id="test")
                    load_all(river)
            finally:
                over.set()

        def keep_rolling(limit, over=over):
            roll_up_until(river, over.is_set, limit=limit)

        codes = at_once(river, deliver, *[lambda limit=limit: keep_rolling(limit) for limit in (1, 4, 20, 50_000)])

        assert codes == [0] * 5
        work_off(river)
        assert_nothing_lost(river)
        assert_same_state(whole_state(river), expected)
        forget(river)


def test_two_loads_and_four_roll_ups_at_once_end_as_if_one_had_done_it_all(river):
    files = dropped_files()
    expected = one_shot(river, files)
    river.drop(files)
    land.land_drops(river.settings, now=datetime.now(UTC) + timedelta(seconds=5))
    register.register_landed(river.settings, now=NOW, run_id="test")
    over = multiprocessing.get_context("fork").Event()

    def load_then_tell():
        try:
            load_all(river)
        finally:
            over.set()

    codes = at_once(
        river,
        load_then_tell,
        lambda: load_all(river),
        *[lambda limit=limit: roll_up_until(river, over.is_set, limit=limit) for limit in (1, 4, 20, 50_000)],
    )

    assert codes == [0] * 6
    load_all(river)
    work_off(river)
    assert_same_state(whole_state(river), expected)


# ------------------------------------------------------------------------------------------------ one transaction within another


def p_and_q() -> dict:
    return {
        ("registry", "0.json"): registry(FLEET),
        ("plant_measurements", "p.json"): readings_of(range(1, 5), days=["2026-02-01", "2026-02-02"]),
        ("plant_measurements", "q.json"): readings_of(range(5, 9), days=["2026-02-01", "2026-02-02"]),
    }


def test_a_roll_up_passes_by_the_series_that_another_holds_and_tells_that_they_remain(river):
    expected = one_shot(river, p_and_q())
    land_and_load(river, p_and_q())

    with engine_of(river.settings.database_url).begin() as connection:
        first = roll_up(connection, computed_at=NOW, limit=1)
        second = round_of(river)
        assert second is not None, "the second roll-up had to wait for the first"
        assert first.dirty_days >= 1
        assert second.dirty_days >= 1
        assert second.remaining >= 1, "what the first holds is not done before it commits"

    work_off(river)
    assert_same_state(whole_state(river), expected)


def test_a_roll_up_that_fails_puts_its_days_back(river):
    expected = one_shot(river, p_and_q())
    land_and_load(river, p_and_q())

    with suppress(RuntimeError), engine_of(river.settings.database_url).begin() as connection:
        roll_up(connection, computed_at=NOW)
        raise RuntimeError("killed before the commit")

    assert river.count("mart.rollup") == 0
    work_off(river)
    assert_same_state(whole_state(river), expected)


def test_two_inverters_of_a_plant_rolled_up_side_by_side_are_both_in_its_power(river):
    files = {
        ("registry", "0.json"): registry(FLEET),
        ("plant_measurements", "1.json"): readings_of(range(1, 2), days=["2026-02-01"]),
        ("plant_measurements", "2.json"): readings_of(range(2, 3), days=["2026-02-01"]),
    }
    expected = one_shot(river, files)
    land_and_load(river, files)

    with engine_of(river.settings.database_url).begin() as one:
        # Power and temperature of one inverter; the other one's are left to the second roll-up.
        assert roll_up(one, computed_at=NOW, limit=2) is not None
        assert round_of(river) is not None, "the second roll-up had to wait for the first"

    work_off(river)
    assert_same_state(whole_state(river), expected)


def test_readings_that_come_while_a_day_is_rolled_up_make_it_dirty_again(river):
    files = p_and_q() | {("plant_measurements", "late.json"): readings_of(range(1, 9), days=["2026-02-01"], step="10min")}
    expected = one_shot(river, files)
    land_and_load(river, p_and_q())

    with engine_of(river.settings.database_url).begin() as connection:
        roll_up(connection, computed_at=NOW)
        within(120, lambda: land_and_load(river, files))
        assert river.count("ops.dirty_day") > 0

    work_off(river)
    assert_same_state(whole_state(river), expected)


@pytest.mark.parametrize(
    "change",
    [{"plants": [{"plant_key": "q", "timezone": "Asia/Tokyo"}]}, {"devices": [{"device_key": "8", "plant_key": "r"}]}],
    ids=["zone", "device moves"],
)
def test_a_change_of_the_fleet_does_not_wait_for_a_roll_up_of_others(river, change):
    only_p = {name: content for name, content in p_and_q().items() if name[1] != "q.json"}
    files = p_and_q() | {("registry", "change.json"): registry(change)}
    expected = one_shot(river, files)
    # Plant q has rolled-up days that the change makes dirty; only those of p wait.
    land_and_load(river, {name: content for name, content in p_and_q().items() if name not in only_p or name[0] == "registry"})
    work_off(river)
    land_and_load(river, only_p)

    with engine_of(river.settings.database_url).begin() as connection:
        assert roll_up(connection, computed_at=NOW).dirty_days > 0
        within(120, lambda: land_and_load(river, files))

    work_off(river)
    assert_same_state(whole_state(river), expected)


@pytest.mark.parametrize(
    "change",
    [{"plants": [{"plant_key": "p", "timezone": "Asia/Tokyo"}]}, {"devices": [{"device_key": "1", "plant_key": "r"}]}],
    ids=["zone", "device moves"],
)
def test_a_change_of_the_fleet_in_the_middle_of_a_roll_up_of_its_own_series_reaches_them(river, change):
    files = p_and_q() | {("registry", "change.json"): registry(change)}
    expected = one_shot(river, files)
    land_and_load(river, p_and_q())
    changing = threading.Thread(target=land_and_load, args=(river, files))

    with engine_of(river.settings.database_url).begin() as connection:
        roll_up(connection, computed_at=NOW)
        changing.start()
        # Whether it waits for the roll-up or goes ahead is left to it.
        changing.join(timeout=1)
    changing.join(timeout=300)
    work_off(river)

    assert_same_state(whole_state(river), expected)


def test_a_roll_up_in_the_middle_of_a_change_of_the_fleet_ends_by_the_new_fleet(river):
    change = {"plants": [{"plant_key": "p", "timezone": "Asia/Tokyo"}], "devices": [{"device_key": "2", "plant_key": "r"}]}
    expected = one_shot(river, p_and_q() | {("registry", "change.json"): registry(change)})
    land_and_load(river, p_and_q())
    rolling = threading.Thread(target=round_of, args=(river,))

    with engine_of(river.settings.database_url).begin() as connection:
        upsert(connection, river.tenant_id, change)
        rolling.start()
        # Whether it waits for the change or passes by its series is left to it.
        rolling.join(timeout=1)
    rolling.join(timeout=300)
    work_off(river)

    assert_same_state(whole_state(river), expected)


def upsert(connection, tenant_id: int, change: dict) -> None:
    """What a registry document does to plants and devices, in the caller's transaction."""
    empty = dict.fromkeys(
        ["name", "timezone", "city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on", "plant_key",
         "parent_key", "kind", "model"]
    )  # fmt: skip
    for kind in ("plant", "device"):
        rows = [{**empty, "tenant_id": tenant_id, "source": "drops", **row} for row in change[f"{kind}s"]]
        fleet.upsert_rows(connection, kind, rows)
