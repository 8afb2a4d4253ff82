"""The door behind the imitated clouds, and their command line."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from cli.run.postgres import free_port
from sandbox.__main__ import arguments, world_of
from sandbox.clouds import app
from sandbox.fault_kinds import KINDS
from sandbox.sunshine import sunshine
from sandbox.world import ShiftedClock, World

NOW = datetime(2026, 6, 15, 20, 0, tzinfo=UTC)


@pytest.fixture
def world():
    return World(sunshine=sunshine(1), clock=ShiftedClock(NOW, runs=False))


@pytest.fixture
def client(world):
    return TestClient(app(world))


def log_in(client):
    return client.post("/thirdData/login", json={"userName": "nbi-user", "systemCode": "Nbi@12345"}).headers["xsrf-token"]


def test_the_clock_is_told_and_put_forward(client, world):
    assert client.get("/control").json() == {"now": "2026-06-15T20:00:00+00:00", "limits_on": True, "faults": []}

    told = client.post("/control", json={"advance_s": 86_400, "limits_on": False}).json()

    assert told["now"] == "2026-06-16T20:00:00+00:00"
    assert world.limits.on is False


def test_faults_are_switched_on_told_and_off(client):
    on = client.post("/control/faults", json={"name": "empty_body", "vendor": "huawei", "times": 2})
    assert on.json()["left"] == 2

    spoilt = client.post("/thirdData/stations", json={}).content

    assert spoilt == b""
    assert client.get("/control").json()["faults"][0]["hits"] == 1
    assert client.delete("/control/faults").json() == {"switched_off": 1}
    assert client.post("/thirdData/stations", json={}).json()["failCode"] == 305


@pytest.mark.parametrize(
    "wrong", [{"name": "nonsense"}, {"name": "spike", "vendor": "x"}, {"name": "spike", "times": -1}, {"nome": "spike"}]
)
def test_a_wrong_fault_is_refused(client, wrong):
    assert client.post("/control/faults", json=wrong).status_code == 422


def test_all_kinds_are_listed(client):
    assert [kind["name"] for kind in client.get("/control/kinds").json()] == list(KINDS)


def test_calls_are_counted_per_account_and_interface_and_forgotten(client):
    token = log_in(client)
    for _ in range(2):
        client.post("/thirdData/getDevList", json={"stationCodes": "NE=50331701"}, headers={"XSRF-TOKEN": token})

    calls = client.get("/control/calls").json()

    assert calls == [
        {"vendor": "huawei", "account": "nbi-user", "interface": "getDevList", "calls": 2, "refused": 1},
        {"vendor": "huawei", "account": "nbi-user", "interface": "login", "calls": 1, "refused": 0},
    ]
    client.post("/control", json={"forget_calls": True})
    assert client.get("/control/calls").json() == []


def test_tokens_can_be_ended(client):
    token = log_in(client)

    assert client.delete("/control/tokens", params={"vendor": "huawei"}).json() == {"ended": 1}
    assert client.post("/thirdData/stations", json={"pageNo": 1}, headers={"XSRF-TOKEN": token}).json()["failCode"] == 305


@pytest.mark.parametrize("vendor", ["huawei", "sungrow", "deye"])
def test_the_truth_of_a_day_adds_up(client, vendor):
    plants = client.get(f"/control/truth/{vendor}/2026-06-14").json()

    assert len(plants) == 3
    for plant in plants:
        assert plant["energy_kwh"] == pytest.approx(sum(plant["inverters"].values()))
        assert {key: pytest.approx(energy) for key, energy in plant["inverters"].items()} == {
            key: sum(hours) for key, hours in plant["hours"].items()
        }


def test_the_truth_of_no_vendor_is_not_found(client):
    assert client.get("/control/truth/nobody/2026-06-14").status_code == 404


def test_another_machine_may_not_control(world):
    far, near = (TestClient(app(world), client=(host, 1)) for host in ("192.0.2.7", "127.0.0.1"))

    assert [far.get("/control").status_code, near.get("/control").status_code] == [403, 200]


def test_the_command_line_makes_the_world():
    world = world_of(
        arguments(["--now", "2026-06-14T12:00", "--seed", "5", "--limits", "off", "--plants", "4", "--fault", "spike@deye=2"])
    )

    assert (world.now() - datetime(2026, 6, 14, 12, tzinfo=UTC)).total_seconds() < 60
    assert (world.sunshine.seed, world.limits.on, len(world.sunshine.plants("deye"))) == (5, False, 4)
    assert world.faults.told()[0]["vendor"] == "deye"


def test_the_clouds_run_on_a_port_of_loopback_and_stop_when_told():
    port = free_port()
    ran = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port), "--now", "2026-06-14T12:00:00-03:00"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    try:
        assert ran.stdout.readline().endswith("where it is 2026-06-14T15:00:00+00:00\n")
        now = _answer_of(f"http://127.0.0.1:{port}/control")["now"]
    finally:
        ran.send_signal(signal.SIGTERM)
        ran.wait(120)

    assert now.startswith("2026-06-14T15:00:")


def _answer_of(url):
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_an_unknown_fault_on_the_command_line_is_told():
    ran = subprocess.run([sys.executable, "-m", "sandbox", "--fault", "nonsense"], capture_output=True, text=True, check=False)

    assert ran.returncode == 2
    assert ran.stderr.startswith("There is no fault named 'nonsense'; the names are error_in_200, ")
