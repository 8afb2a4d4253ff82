import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cli.run.supervisor import Service, ServiceFailed, Supervisor
from include.core.errors import NeedsHuman

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def shell(name: str, script: str, **more) -> Service:
    return Service(name, ("/bin/sh", "-c", script), ENVIRONMENT, **more)


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(tmp_path / "run", tmp_path / "logs")
    yield supervisor
    supervisor.stop_all(limit_s=1)


def pid_of(supervisor: Supervisor, name: str) -> int:
    return json.loads((supervisor.folder / f"{name}.pid").read_text())["pid"]


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_for(path: Path) -> None:
    for _ in range(12_000):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} did not appear")


def test_stopping_ends_a_service_with_its_children(supervisor, tmp_path):
    supervisor.start(
        shell("parent", f"sleep 60 & echo $! > {tmp_path}/child.new; mv {tmp_path}/child.new {tmp_path}/child; wait")
    )
    wait_for(tmp_path / "child")
    pids = [pid_of(supervisor, "parent"), int((tmp_path / "child").read_text())]

    supervisor.stop_all(limit_s=2)

    assert not [pid for pid in pids if is_alive(pid)]
    assert not list(supervisor.folder.glob("*.pid"))


def test_a_service_that_ignores_term_is_killed_at_the_limit(supervisor, tmp_path):
    supervisor.start(shell("deaf", f"trap '' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done"))
    wait_for(tmp_path / "ready")
    pid = pid_of(supervisor, "deaf")

    supervisor.stop_all(limit_s=0.4)

    assert not is_alive(pid)


def test_what_a_killed_run_left_is_found_and_ended_by_the_next(tmp_path):
    script = (
        "import sys, os, signal; from pathlib import Path; from cli.run.supervisor import *;"
        "s = Supervisor(Path(sys.argv[1]), Path(sys.argv[2]));"
        "s.start(Service('left', ('/bin/sleep', '60'), {})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path / "run"), str(tmp_path / "logs")], check=False)
    assert killed.returncode == -signal.SIGKILL
    next_run = Supervisor(tmp_path / "run", tmp_path / "logs")
    pid = pid_of(next_run, "left")
    assert is_alive(pid)

    next_run.stop_all(limit_s=2)

    assert not is_alive(pid)


def test_a_stranger_with_a_recorded_pid_lives_on(supervisor):
    stranger = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    identity = {"pid": stranger.pid, "started": psutil.Process(stranger.pid).create_time() - 3600}
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (supervisor.folder / "old.pid").write_text(json.dumps(identity | {"boot": boot}))
    (supervisor.folder / "older.pid").write_text(json.dumps(identity | {"boot": "another", "started": time.time()}))

    supervisor.stop_all(limit_s=0.2)

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_damaged_pid_file_is_cleared(supervisor):
    (supervisor.folder / "odd.pid").write_text("{not json")

    supervisor.stop_all(limit_s=0.2)

    assert not (supervisor.folder / "odd.pid").exists()


def test_a_service_that_ends_is_reported_with_its_log(supervisor):
    supervisor.start(shell("fragile", "echo the disk is on fire; exit 3"))
    supervisor._started["fragile"].wait(60)

    with pytest.raises(ServiceFailed, match=r"fragile ended with status 3; .*fragile\.log ends with:\nthe disk is on fire"):
        supervisor.check()


def test_a_one_off_command_that_fails_names_the_signal_or_the_status(supervisor):
    with pytest.raises(ServiceFailed, match="once ended with status 7"):
        supervisor.run("once", ["/bin/sh", "-c", "exit 7"], ENVIRONMENT)

    with pytest.raises(ServiceFailed, match="once ended with signal SIGKILL"):
        supervisor.run("once", ["/bin/sh", "-c", "kill -9 $$"], ENVIRONMENT)


def test_a_taken_port_names_the_setting_that_moves_it(supervisor):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(NeedsHuman, match=f"port {port} .* HELIOGRAPH_API_PORT"):
            supervisor.start(shell("late", "true", port=port, port_setting="HELIOGRAPH_API_PORT"))


def test_two_runs_of_one_home_do_not_meet(supervisor):
    other = Supervisor(supervisor.folder, supervisor.logs)

    with supervisor.sole_run(), pytest.raises(NeedsHuman, match=f"pid {os.getpid()}"), other.sole_run():
        pass

    with other.sole_run():
        pass


def test_a_run_in_the_way_is_asked_to_stop_and_waited_for(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from cli.run.supervisor import *;"
        "s = Supervisor(Path(sys.argv[1]), Path(sys.argv[2]));\n"
        "with s.sole_run(): Path(sys.argv[3]).touch(); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "run"), str(tmp_path / "logs"), str(tmp_path / "holds")]
    )
    wait_for(tmp_path / "holds")

    Supervisor(tmp_path / "run", tmp_path / "logs").end_other_run(limit_s=120)

    assert other.wait(timeout=120) == -signal.SIGTERM


def tend_until(supervisor: Supervisor, path: Path, told: list[str]) -> None:
    for _ in range(6_000):
        told += supervisor.tend()
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} did not appear; {told}")


def test_a_service_that_ends_is_started_again_without_what_it_left_behind(supervisor, tmp_path):
    told: list[str] = []
    supervisor.start(
        shell(
            "fragile",
            f"if test -e {tmp_path}/first; then touch {tmp_path}/second; exec sleep 60; fi; "
            f"sleep 60 & echo $! > {tmp_path}/child; touch {tmp_path}/first; kill -9 $$",
        )
    )

    tend_until(supervisor, tmp_path / "second", told)

    assert told == [f"fragile ended with signal SIGKILL and was started again; {supervisor.log('fragile')} says why"]
    assert not is_alive(int((tmp_path / "child").read_text()))
    assert supervisor.tend() == []


def test_a_service_whose_port_a_stranger_has_by_now_is_told_and_tried_again(supervisor, tmp_path):
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        port = stranger.getsockname()[1]
        supervisor._started["api"] = subprocess.Popen(["/bin/false"])
        supervisor._services["api"] = shell(
            "api", f"touch {tmp_path}/up; sleep 60", port=port, port_setting="HELIOGRAPH_API_PORT"
        )
        told: list[str] = []
        stranger.listen()
        while not told:
            told += supervisor.tend()
            time.sleep(0.01)

    tend_until(supervisor, tmp_path / "up", told)

    assert told[0].startswith(f"api ended with status 1 and cannot be started again yet: port {port} of 127.0.0.1 cannot be used")
    assert told[-1].startswith("api ended with status 1 and was started again")
