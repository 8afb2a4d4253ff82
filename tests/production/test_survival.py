"""What production survives. Only in the long form, and by its name after all others here, whose figures it would change."""

import contextlib
import random
import time

import psutil
import pytest
from sqlalchemy import text

from include.warehouse.engine import own_connection
from tests.e2e.installation import eventually
from tests.production.deliveries import Deliveries

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.torture, pytest.mark.timeout(5400)]
TENANTS = [f"tenant-{number}" for number in range(1, 7)]
PROMISED_S = 15 * 60
"""The clock finds what waits within 5 to 15 minutes, whatever happens."""


@pytest.fixture(scope="module")
def deliveries(production, river, tmp_path_factory) -> Deliveries:
    made = Deliveries(river, tmp_path_factory.mktemp("senders") / "files", TENANTS)
    made.deliver()
    made.await_all(limit_s=PROMISED_S)
    return made


@contextlib.contextmanager
def nobody_writes(river):
    """Loads begin and wait for the table of readings for the length of a block."""
    with own_connection(river.settings.database_url) as connection, connection.begin():
        connection.execute(text("LOCK TABLE mart.reading IN EXCLUSIVE MODE"))
        yield


def tasks(production, worker: str) -> list[psutil.Process]:
    """Processes in which tasks run."""
    found = []
    for process in production.processes[worker].children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "airflow worker --" in " ".join(process.cmdline()):
                found.append(process)
    return found


def test_a_worker_that_dies_delays_its_tenants_by_less_than_three_minutes(production, river, deliveries):
    deliveries.deliver()
    undisturbed_s = deliveries.await_all(limit_s=PROMISED_S)

    with nobody_writes(river):
        deliveries.deliver()
        eventually(lambda: all(tasks(production, worker) for worker in ("worker-1", "worker-2")), limit_s=300)
        production.kill("worker-1")
    disturbed_s = deliveries.await_all(limit_s=PROMISED_S)
    production.start("worker-1")

    assert deliveries.lost_readings() == 0
    assert disturbed_s - undisturbed_s < 180, f"{disturbed_s:.0f} s after the worker died, {undisturbed_s:.0f} s undisturbed"


def test_no_tenant_waits_longer_than_promised_while_a_task_is_killed_every_thirty_seconds(production, deliveries):
    dice, killed = random.Random(11), 0
    until = time.monotonic() + 600
    while time.monotonic() < until:
        deliveries.deliver(*dice.sample(TENANTS, 2))
        killed += killed_within(production, deliveries, dice, seconds=30)
    deliveries.await_all(limit_s=PROMISED_S)

    longest_s = deliveries.longest_wait_s()
    print(f"{killed} tasks killed in 10 minutes, {len(deliveries.delivered)} files, the longest wait {longest_s:.0f} s")
    assert killed >= 10
    assert longest_s < PROMISED_S
    assert deliveries.lost_readings() == 0


def killed_within(production, deliveries, dice, *, seconds: float) -> int:
    """Kill one of the tasks that run within so many seconds, look at what is loaded meanwhile; returns how many were killed."""
    killed, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        deliveries.look()
        running = [task for worker in ("worker-1", "worker-2") for task in tasks(production, worker)]
        if running and not killed:
            with contextlib.suppress(psutil.Error):
                dice.choice(running).kill()
                killed = 1
        time.sleep(0.5)
    return killed
