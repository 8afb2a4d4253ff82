"""Landing with a hostile tenant beside a good one: the good file lands every time, and what is wrong is told once."""

import logging
import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.main import app
from include.core.errors import TryLater
from include.core.settings import Settings
from include.landing.claims import claim
from include.landing.drops import look
from include.landing.store import ObjectStore
from include.steps import land, load
from include.warehouse import fleet
from include.warehouse.engine import transaction
from tests.hostile.folder_states import CHANGES, STATES
from tests.hostile.scene import FEED, GOOD, Scene, at_last_moment, new_scene, small_disk, untouched

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def warehouse(new_warehouse) -> str:
    url = new_warehouse()
    with transaction(url) as connection:
        for tenant in ("evil", "good"):
            fleet.upsert_tenant(connection, fleet.Tenant(0, tenant, tenant, "America/Sao_Paulo"))
    return url


class Landing:
    """A scene with a warehouse behind it; its clock runs ahead, so that files rest at once."""

    def __init__(self, scene: Scene, url: str) -> None:
        self.scene = scene
        self.settings = Settings(
            home=scene.home, drops_dir=str(scene.drops), database_url=url, drop_settle_s=0, max_document_mb=50
        )
        with transaction(url) as connection:
            connection.execute(text("TRUNCATE landing.document, landing.load, landing.quarantine CASCADE"))

    def land(self) -> list[dict]:
        return land.land_drops(self.settings, now=datetime.now(UTC) + timedelta(seconds=5))

    def land_all(self) -> dict:
        return land.land_all(self.settings, clock=lambda: datetime.now(UTC) + timedelta(seconds=5), most_rounds=3)

    def landed(self, tenant: str) -> list[str]:
        with transaction(self.settings.database_url) as connection:
            sql = "SELECT original_name FROM landing.document JOIN fleet.tenant USING (tenant_id) WHERE slug = :slug ORDER BY 1"
            return pd.read_sql(text(sql), connection, params={"slug": tenant})["original_name"].tolist()

    def drop(self, tenant: str, name: str, body: bytes) -> None:
        (self.scene.drops / tenant / FEED / name).write_bytes(body)


@pytest.fixture
def landing(warehouse) -> Iterator[Landing]:
    with new_scene() as scene:
        yield Landing(scene, warehouse)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return found


@pytest.mark.parametrize("name", [*STATES, *CHANGES])
def test_the_other_tenant_s_file_lands_and_what_is_wrong_is_told_once(landing, caplog, name):
    try:
        (STATES | CHANGES)[name](landing.scene)
    except PermissionError:
        pytest.skip("this user cannot make that")
    before = untouched(landing.scene)

    with at_last_moment(landing.scene):
        landing.land()
    landing.land()
    warnings(caplog)
    landing.land()

    assert warnings(caplog) == []
    assert landing.landed("good") == ["good.json"]
    assert landing.scene.outside_now() == before
    assert landing.scene.leaks() == []


READ = {
    "an empty file": ["a.json"],
    "old claims that are whole": ["a.json"],
    "a name of 255 bytes": ["x" * 255],
    "a name with a new line": [r"a\nWhy: nothing.json"],
    "a name of the folder of refused files": ["refused"],
    "a link becomes a good file": ["a.json"],
    "the file is replaced by another": ["a.json"],
    "the file grows": ["a.json"],
}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_of_the_odd_tenant_lands_too(landing, name):
    (STATES | CHANGES)[name](landing.scene)

    with at_last_moment(landing.scene):
        landing.land()
    landing.land()

    assert landing.landed("evil") == READ[name]


def test_what_was_told_stands_in_a_page_until_it_is_mended(landing, caplog):
    os.mkfifo(landing.scene.feed / "pipe")
    landing.land()
    told = warnings(caplog)

    assert [line for line in told if "pipe" in line and "no regular file" in line] == told
    assert "no regular file" in landing.settings.left_alone_page.read_text()
    (landing.scene.feed / "pipe").unlink()
    landing.land()
    assert landing.settings.left_alone_page.read_text() == ""


def test_a_flood_of_one_tenant_does_not_keep_the_other_waiting(landing, monkeypatch):
    monkeypatch.setattr(land, "MOST_FILES", 10)
    for number in range(50):
        landing.drop("evil", f"{number}.json", b"%d" % number)
        os.utime(landing.scene.feed / f"{number}.json", (number + 1, number + 1))

    checks = landing.land()

    assert len(checks) == 10
    assert landing.landed("good") == ["good.json"]


def test_one_run_takes_no_more_than_it_may_hold_its_lock_for(landing, monkeypatch):
    monkeypatch.setattr(land, "MOST_BYTES", 1000)
    for number in range(5):
        landing.drop("good", f"{number}.json", bytes([number]) * 600)

    assert [len(landing.land()) for _ in range(4)] == [3, 2, 1, 0]


def test_a_store_without_space_takes_in_nothing_and_goes_on_by_itself(landing, monkeypatch):
    full = [True]
    publish = ObjectStore._publish

    def no_space(self, staged, target):
        if full[0] and "tenant=evil" in str(target):
            raise OSError(28, "No space left on device")
        publish(self, staged, target)

    monkeypatch.setattr(ObjectStore, "_publish", no_space)
    for number in range(30):
        landing.drop("evil", f"{number}.json", b"%d" % number)

    told = landing.land_all()
    assert (told["feeds"], told["is_more"]) == ({FEED: 1}, False), "the good file wakes its loading"
    assert any("No space left" in error for error in told["errors"])
    assert landing.landed("good") == ["good.json"]
    with pytest.raises(TryLater, match="no space left"):
        landing.land_all()
    full[0] = False
    assert landing.land_all() == {"feeds": {FEED: 30}, "is_more": False, "errors": []}
    assert len(landing.landed("evil")) == 30


def test_what_rounds_landed_before_one_failed_is_told(landing, monkeypatch):
    monkeypatch.setattr(land, "MOST_FILES", 1)
    rounds, once = [], land._land_once

    def fail_in_the_second(settings, now):
        rounds.append(now)
        return once(settings, now) if len(rounds) == 1 else 1 / 0

    monkeypatch.setattr(land, "_land_once", fail_in_the_second)
    landing.drop("good", "another.json", b"2")

    told = landing.land_all()

    assert (told["feeds"], told["is_more"]) == ({FEED: 1}, False)
    assert told["errors"] == ["what is left in the drop folder: ZeroDivisionError, see the log of the task"]


def test_a_disk_that_is_full_loses_nothing(landing):
    with small_disk(landing.scene.home / "landing", kib=64) as is_mounted:
        if not is_mounted:
            pytest.skip("this machine does not let us mount")
        landing.drop("evil", "a.json", os.urandom(200_000))
        # By default nothing is taken in at all; without that reserve what fits is.
        with pytest.raises(TryLater, match=r"no space left: .* 500 MB are needed"):
            landing.land()
        landing.settings = replace(landing.settings, min_free_mb=0)
        with pytest.raises(TryLater, match=r"no space left: .* cannot be written"):
            landing.land()
        assert landing.landed("good") == ["good.json"]

    landing.land()

    assert landing.landed("evil") == ["a.json"]


def test_a_drop_folder_on_another_file_system_is_emptied_all_the_same(landing):
    with small_disk(landing.scene.evil, kib=4000) as is_mounted:
        if not is_mounted:
            pytest.skip("this machine does not let us mount")
        landing.scene.feed.mkdir()
        body = os.urandom(2_000_000)
        landing.drop("evil", "a.json", body)
        (landing.scene.feed / "b.json").symlink_to(landing.scene.outside / "secret.csv")

        landing.land()

        assert sorted(path.name for path in landing.scene.feed.rglob("*")) == ["b.json", "b.json.reason.txt", "refused"]
        assert landing.landed("evil") == ["a.json"]


def test_a_feed_on_another_file_system_than_its_tenant_is_told_and_left(landing, caplog):
    with small_disk(landing.scene.feed, kib=64) as is_mounted:
        if not is_mounted:
            pytest.skip("this machine does not let us mount")
        landing.drop("evil", "a.json", b"x")

        landing.land()

        assert any("another file system" in line for line in warnings(caplog))
        assert (landing.scene.feed / "a.json").read_bytes() == b"x"
        assert landing.landed("good") == ["good.json"]


def test_a_file_that_is_larger_than_a_process_may_write_is_left_and_the_others_land(landing):
    landing.drop("evil", "a.json", os.urandom(3_000_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(TryLater, match="File too large"):
            landing.land()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert landing.landed("good") == ["good.json"]
    landing.land()
    assert landing.landed("evil") == ["a.json"]


@pytest.mark.parametrize("name", [name for name in STATES if name.startswith("refused is")])
def test_a_document_is_refused_although_it_cannot_be_given_back(landing, name):
    landing.drop("evil", "bad.json", b"\x00\x01 no document")
    landing.land()
    STATES[name](landing.scene)
    before = untouched(landing.scene)

    for batch in load.pending_batches(landing.settings):
        load.load_batch(landing.settings, batch, now=datetime.now(UTC), run_id="test")

    with transaction(landing.settings.database_url) as connection:
        sql = "SELECT state FROM landing.document WHERE original_name = 'bad.json'"
        assert connection.execute(text(sql)).scalar_one() == "refused"
    assert landing.scene.outside_now() == before


def test_the_command_line_drops_a_copy_that_lands(landing, monkeypatch):
    file = landing.scene.home / "from here.json"
    file.write_bytes(GOOD)
    monkeypatch.setenv("HELIOGRAPH_HOME", str(landing.settings.home))
    monkeypatch.setenv("HELIOGRAPH_DROPS_DIR", str(landing.settings.drops_path))
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", landing.settings.database_url)

    result = CliRunner().invoke(app, ["drop", str(file), "--tenant", "evil", "--feed", FEED])
    landing.land()

    assert result.exit_code == 0, result.output
    assert landing.landed("evil") == ["from here.json"]


@pytest.mark.parametrize("name", [name for name in STATES if name.startswith("the feed folder is a")])
def test_the_command_line_puts_nothing_where_a_link_leads(landing, monkeypatch, name):
    STATES[name](landing.scene)
    before = untouched(landing.scene)
    file = landing.scene.home / "a.json"
    file.write_bytes(b"x")
    for key, value in {"HOME": landing.settings.home, "DROPS_DIR": landing.scene.drops}.items():
        monkeypatch.setenv(f"HELIOGRAPH_{key}", str(value))
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", landing.settings.database_url)

    result = CliRunner().invoke(app, ["drop", str(file), "--tenant", "evil", "--feed", FEED])

    assert result.exit_code != 0
    assert landing.scene.outside_now() == before


def test_files_are_landed_in_their_order_whichever_of_them_a_crash_left_claimed(landing):
    names = [f"{number}.json" for number in range(6)]
    for number, name in enumerate(reversed(names)):
        landing.drop("evil", name, name.encode())
        os.utime(landing.scene.drops / "evil" / FEED / name, (1_760_000_000 - number,) * 2)
    found = look(landing.scene.drops, settle_s=0, now=datetime.now(UTC) + timedelta(seconds=5))
    for drop in found.ready:
        if drop.name in {"1.json", "4.json"}:
            claim(drop, drops=landing.scene.drops, claims=landing.settings.claims_path)

    landing.land()

    in_order = (
        "SELECT original_name FROM landing.document JOIN fleet.tenant USING (tenant_id) WHERE slug = 'evil' ORDER BY document_id"
    )
    with transaction(landing.settings.database_url) as connection:
        assert connection.execute(text(in_order)).scalars().all() == names
