"""Whoever works has one connection at a time, and none while a store is asked or a refused file is given back.

With a pool of one everything goes on, and a second connection is refused.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool
from upath import UPath

from include.core.settings import Settings
from include.quality.checks import preload
from include.steps import load, refuse_document
from include.steps.alarms import watch_silence
from include.steps.analyse import analyse_inverters
from include.steps.audit import audit_rollups
from include.steps.consumption import check_consumption
from include.steps.due_reports import due_reports
from include.steps.forecast import issue_forecasts
from include.steps.integrations import list_integrations, try_integration
from include.steps.overview import read_health
from include.steps.questions import answer_question
from include.steps.recompute import plan_recompute, recompute_rollups
from include.steps.register import register_text
from include.steps.report import render_reports
from include.steps.schema import migrate_warehouse
from include.steps.send import send_outbox
from include.steps.verify import verify_report
from include.steps.watch import look_around
from include.steps.yields import analyse_yields
from include.warehouse import engine
from include.warehouse.engine import transaction
from tests.conftest import live_clouds
from tests.warehouse.small_river import SmallRiver, late_set, short_set
from tests.warehouse.test_fair_loading import land
from tests.warehouse.vendor_house import VENDORS, build, leave_history_out

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PATIENCE_S = 120


@pytest.fixture
def pool_of(monkeypatch) -> Callable[[int], Callable[[str], Engine]]:
    """Let this process have so many connections, and wait seconds for one; returns how it finds its engine."""

    def limit(size: int) -> Callable[[str], Engine]:
        @lru_cache
        def engine_of(url: str) -> Engine:
            return create_engine(url, poolclass=QueuePool, pool_size=size, max_overflow=0, pool_timeout=PATIENCE_S)

        monkeypatch.setattr(engine, "engine_of", engine_of)
        return engine_of

    return limit


@dataclass
class WatchedStores:
    """Stores of this process; `calls` has each call by name, `disturbed` those that came while a connection was in use."""

    settings: dict[str, str]
    calls: list[str] = field(default_factory=list)
    disturbed: list[str] = field(default_factory=list)


@pytest.fixture
def watched(warehouse_url, pool_of, monkeypatch) -> WatchedStores:
    """One connection, and stores in memory that are watched: whoever asks them, in whatever thread, has none of it."""
    pool = pool_of(1)(warehouse_url).pool
    stores = WatchedStores({"landing_url": f"memory://{warehouse_url[-12:]}/landing", "report_store_url": "memory://reports"})

    def watch(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def call(*arguments: object, **options: object) -> object:
            stores.calls.append(name)
            if pool.checkedout():
                stores.disturbed.append(name)
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, call)

    for name in ("put_file", "get_file", "pipe_file", "cat_file", "info", "open", "rm_file"):
        watch(MemoryFileSystem, name)
    watch(refuse_document, "refuse_bytes")
    return stores


def test_dropped_files_become_reports_with_one_connection_and_none_while_a_store_is_asked(warehouse_url, tmp_path, watched):
    river = SmallRiver(warehouse_url, tmp_path, recipients=["a@example.org"], unknown_devices="register", register_under="p")
    river.settings = replace(river.settings, **watched.settings)
    for wave, files in enumerate([short_set(), late_set()]):
        river.drop(files, wave=wave)
        river.flow()
    registry = "plant_key,name,timezone\nnew,New,America/Sao_Paulo\n"
    register_text(river.settings, tenant="demo", content=registry, name="form", now=NOW, run_id="test")

    mails = analyse_and_report(river.settings)

    assert mails == 1
    assert river.read("SELECT count(*) AS n FROM mart.reading")["n"].item() > 0
    assert river.refused(), "a document that cannot be read is given back"
    assert {"put_file", "get_file", "pipe_file", "cat_file", "refuse_bytes"} <= set(watched.calls), "the watch sees nothing"
    assert watched.disturbed == []


def analyse_and_report(settings: Settings) -> int:
    """Everything that is done with readings, with forms and by the clock; returns how many mails were written."""
    wish = {"tenant": "demo"}
    audit_rollups(settings, wish, days=None, seed=1, now=NOW)
    plan_recompute(settings, wish)
    assert recompute_rollups(settings, wish, clock=lambda: NOW, tell=lambda left: None)["rows_changed"] == 0
    for analyse in (analyse_inverters, analyse_yields):
        analyse(settings, clock=lambda: NOW)
    for look in (issue_forecasts, check_consumption, watch_silence, look_around, read_health):
        look(settings, now=NOW)
    days = (date(2026, 2, 1), date(2026, 2, 2))
    answer_question(
        settings, tenant="demo", question="plant_generation", subject="p", source=None, days=days, now=NOW, run_id="test"
    )
    wanted = due_reports(settings, tenant="demo", plants=["p"], kind="month", day=days[0], language="en", run_after=NOW)
    told = render_reports(settings, wanted, now=NOW, run_id="test", send=True)
    portfolio = [{**wanted[0], "about": "portfolio"}]
    (report,) = told["reports"]
    assert verify_report(settings, UPath(report["uri"]).read_bytes()).holds
    UPath(report["uri"]).unlink()
    assert not render_reports(settings, [*wanted, *portfolio], now=NOW, run_id="again", send=False)["errors"]
    with pytest.raises(Exception, match="1 of 1 mails wait"):
        send_outbox(settings, smtp=lambda: {"host": "127.0.0.1", "port": 1, "sender": "a@example.org"}, now=NOW)
    return int(told["mails"])


def test_vendors_are_pulled_registered_and_loaded_with_one_connection_and_none_while_a_store_is_asked(
    warehouse_url, tmp_path, watched, monkeypatch
):
    leave_history_out(monkeypatch)
    with live_clouds(datetime(2026, 6, 16, 12, tzinfo=UTC), plants=1) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        house.settings = replace(house.settings, **watched.settings)
        for vendor in VENDORS:
            house.add(vendor)
            try_integration(house.settings, tenant=house.tenant, name=vendor, clock=house.world.now)
            assert house.is_due(vendor)
            assert house.pull(vendor)["documents"] > 0
        house.load()
        assert load.pending_batches(house.settings) == []

    assert len(list_integrations(house.settings, now=house.world.now())) == len(VENDORS)
    assert house.readings()
    assert {"put_file", "get_file"} <= set(watched.calls)
    assert watched.disturbed == []


def test_a_schema_is_made_with_one_connection(warehouse_url, pool_of):
    pool_of(1)

    migrate_warehouse(Settings(database_url=warehouse_url, jwt_secret="s" * 32))


def test_three_loads_with_a_pool_of_two_all_end(warehouse_url, tmp_path, pool_of):
    preload()
    river = SmallRiver(warehouse_url, tmp_path, unknown_devices="register", register_under="p")
    tenants = ["one", "two", "three"]
    for number, tenant in enumerate(tenants):
        land(river, tenant, range(10 * number, 10 * number + 3))
    pool_of(2)
    began = time.monotonic()

    with ThreadPoolExecutor(len(tenants)) as slots:
        loaded = list(slots.map(lambda batch: load_batch(river, batch), load.pending_batches(river.settings)))

    assert [one["documents"] for one in loaded] == [3, 3, 3]
    assert time.monotonic() - began < PATIENCE_S, "one waited for a connection in vain"


def load_batch(river: SmallRiver, batch: list[int]) -> dict:
    return load.load_batch(river.settings, batch, now=datetime.now(UTC), run_id="test")


def test_a_second_connection_is_refused_while_a_transaction_is_open(warehouse_url):
    with transaction(warehouse_url), pytest.raises(RuntimeError, match="a second connection"), transaction(warehouse_url):
        pass

    with transaction(warehouse_url):
        """After it everybody may come in again."""
