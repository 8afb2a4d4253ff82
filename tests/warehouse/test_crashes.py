"""Killed anywhere and run again, the river ends where an undisturbed one ends."""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes
from importlib import import_module
from pathlib import Path

import pytest

from cli.run.postgres import free_port
from include.quality.checks import preload
from include.steps.due_reports import due_reports
from include.steps.report import render_report
from include.steps.send import send_outbox
from include.warehouse.engine import engine_of
from sandbox.mail_sink import controller
from tests.warehouse.small_river import (
    SmallRiver,
    assert_nothing_lost,
    assert_same_state,
    in_child,
    late_set,
    short_set,
    whole_set,
)

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

KILLS, KILLS_IN_TORTURE = 16, 2000
KILLS_PER_WAVE = 4
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def river(new_warehouse, tmp_path_factory) -> SmallRiver:
    """Everything heavy is imported and the warehouse has its partitions, so that kills meet the work itself."""
    preload()
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"), recipients=["a@example.org", "b@example.org"])


def test_a_river_killed_at_any_moment_and_run_again_ends_as_if_undisturbed(river, torture):
    run_undisturbed(river)
    started = time.monotonic()
    run_undisturbed(river)
    wave_s = (time.monotonic() - started) / 2
    expected, refused = river.state(), river.refused()
    dice = random.Random(20260201)
    kills = 0

    while kills < (KILLS_IN_TORTURE if torture else KILLS):
        river.forget()
        for wave, files in enumerate([whole_set(), late_set()]):
            river.drop(files, wave=wave)
            # More often early than late: what was done before the first kill is not there to be killed by the next.
            for _ in range(KILLS_PER_WAVE):
                if not is_killed(river, after_s=wave_s * dice.random() ** 2):
                    break
                kills += 1
        river.flow()

        assert_same_state(river.state(), expected)
        assert_nothing_lost(river)
        assert river.refused() == refused


def run_undisturbed(river):
    river.forget()
    for wave, files in enumerate([whole_set(), late_set()]):
        river.drop(files, wave=wave)
        river.flow()


def is_killed(river, *, after_s: float) -> bool:
    """Let a child do the work and kill it; False when it was done before."""
    engine_of(river.settings.database_url).dispose()
    child = in_child(river.flow)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


# ------------------------------------------------------------------------------------------------------------ failpoints

FAILPOINTS = [
    "before include.steps.land:claim",
    "after include.steps.land:claim",
    "after include.landing.store:ObjectStore.put",
    "before include.warehouse.documents:note_delivery",
    "after include.warehouse.documents:note_delivery",
    "before include.steps.land:release",
    "after include.steps.land:release",
    "before include.warehouse.fleet:upsert_rows",
    "after include.warehouse.fleet:upsert_rows",
    "after include.warehouse.documents:reopen_waiting",
    "after include.warehouse.documents:lock_document",
    "before include.steps.document_context:unpack",
    "after include.steps.prepared_readings:check",
    "after include.warehouse.fleet:ensure_series",
    "after include.warehouse.readings:ensure_partitions",
    "after include.warehouse.readings:lock_tenant",
    "after include.warehouse.readings:load_readings",
    "after include.warehouse.readings:load_states",
    "after include.warehouse.documents:replace_quarantine",
    "before include.warehouse.documents:write_load",
    "after include.warehouse.documents:write_load",
    "before include.steps.refuse_document:refuse_bytes",
    "after include.steps.refuse_document:refuse_bytes",
    "after include.warehouse.documents:mark_refused",
    "after include.rollups.roll_up:claim_days",
    "before include.rollups.roll_up:write",
    "after include.rollups.roll_up:roll_up_days",
    "before include.rollups.roll_up:roll_up_plants",
    "before include.rollups.plants:write",
    "after include.rollups.roll_up:roll_up_plants",
    "after include.steps.report:render",
    "before include.steps.report_files:put_report",
    "after include.steps.report_files:put_report",
    "after include.warehouse.reports:insert_report",
    "after include.warehouse.reports:put_in_outbox",
    "before include.steps.send:read_report",
    "before include.steps.send:send",
    "after include.steps.send:send",
    "after include.warehouse.reports:mark_mail",
]


class PowerCut(BaseException):
    """Nobody may catch it: as far as the code can tell, the machine is gone."""


@pytest.fixture
def mails(tmp_path) -> Iterator[tuple[dict, Path]]:
    """How to reach a mail server, and the folder where it keeps each mail once."""
    port = free_port()
    server = controller(tmp_path / "mail", port=port)
    server.start()
    yield {"host": "127.0.0.1", "port": port, "sender": "reports@example.org"}, tmp_path / "mail" / "mails"
    server.stop()


@pytest.fixture(scope="module")
def told(river) -> dict:
    """What an undisturbed run of the short set leaves behind."""
    river.forget()
    carry(river)
    issue(river)
    return outcome(river)


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_power_cut_at_a_border_is_repaired_by_running_again(river, mails, told, failpoint):
    smtp, kept = mails
    river.forget()

    with pytest.MonkeyPatch.context() as patch:
        arm(patch, failpoint)
        with pytest.raises(PowerCut):
            run_everything(river, smtp)
    run_everything(river, smtp)

    found = outcome(river)
    assert_same_state(found["state"], told["state"])
    assert found["reports"] == told["reports"]
    assert found["refused"] == told["refused"]
    assert found["given back"] == told["given back"]
    assert_nothing_lost(river)
    assert sorted(message_from_bytes(path.read_bytes())["To"] for path in kept.glob("*.eml")) == [
        "a@example.org",
        "b@example.org",
    ]
    assert river.count("ops.outbox WHERE state = 'sent'") == river.count("ops.outbox") == 2


def run_everything(river, smtp):
    carry(river)
    issue(river)
    send_outbox(river.settings, smtp=lambda: smtp, now=NOW)


def arm(patch: pytest.MonkeyPatch, failpoint: str) -> None:
    """Make one function cut the power at its first call, before or after it has done its work."""
    moment, _, place = failpoint.partition(" ")
    module, _, name = place.partition(":")
    owner = import_module(module)
    for part in name.split(".")[:-1]:
        owner = getattr(owner, part)
    original = getattr(owner, name.rpartition(".")[2])

    def cut(*arguments, **options):
        if moment == "after":
            original(*arguments, **options)
        raise PowerCut(failpoint)

    patch.setattr(owner, name.rpartition(".")[2], cut)


def carry(river):
    """Drop what has not been dropped yet, wave by wave, and let it flow."""
    for wave, files in enumerate([short_set(), {k: v for k, v in late_set().items() if k[0] == "registry"}]):
        mark = river.settings.home / f"dropped-{wave}"
        if not mark.exists():
            river.drop(files, wave=wave)
            mark.touch()
        river.flow()


def issue(river):
    """February's report of plant p."""
    requests = due_reports(
        river.settings, tenant="demo", plants=["p"], kind="month", day=date(2026, 2, 1), language="en", run_after=NOW
    )
    for request in requests:
        render_report(river.settings, request, now=NOW, run_id="test", send=True)


def outcome(river):
    reports = river.read(
        "SELECT plant_key, kind, starts_on, revision, fingerprint FROM mart.report JOIN fleet.plant USING (plant_id)"
    )
    given_back = sorted(page.name for page in river.settings.drops_path.glob("*/*/refused/*.reason.txt"))
    return {"state": river.state(), "refused": river.refused(), "given back": given_back, "reports": reports.values.tolist()}
