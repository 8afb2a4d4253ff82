"""A test run that is ended in the middle leaves nothing behind: worker, fork, services in sessions of their own, database."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.leftovers import RUN_FOLDER, end_forsaken, members

ROOT = Path(__file__).resolve().parents[2]
STARTED = """
import os, subprocess, sys, time
from cli.run.postgres import free_port, start

def test_something_long(tmp_path):
    start(tmp_path / "pg", port=free_port(), password="x", log=tmp_path / "log", durable=False)
    subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; sleep 3600; :"], cwd=tmp_path, start_new_session=True)
    subprocess.Popen(["sleep", "3600"], env={"HOME": str(tmp_path)}, start_new_session=True)
    if not os.fork():
        time.sleep(3600)
    (tmp_path.parent / "ready").touch()
    time.sleep(3600)
"""


@pytest.fixture
def run(tmp_path):
    """A run with a worker, in the middle of a test that has started a database, a deaf program, a program and a fork."""
    (tmp_path / "test_long.py").write_text(STARTED)
    folder = tmp_path / "base"
    options = ("-q", "-p", "tests.leftovers", "-p", "no:cacheprovider", "-n", "1", f"--basetemp={folder}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", RUN_FOLDER))}
    program = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={tmp_path}", str(tmp_path / "test_long.py")],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell in the background lets it be ignored
    )
    eventually(lambda: list(folder.glob("*/ready")))  # no deeper: folders of the database come and go
    yield program, folder
    program.kill()
    program.wait()
    eventually(lambda: not members(folder))


def test_a_run_that_ends_well_keeps_nobody_waiting_who_reads_what_it_says(tmp_path):
    (tmp_path / "test_short.py").write_text("def test_something_short(): pass")

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.leftovers",
            "-p",
            "no:cacheprovider",
            f"--rootdir={tmp_path}",
            tmp_path,
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "-o tmp_path_retention_policy=failed"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 passed" in done.stdout


def eventually(condition, limit_s=120):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def watchers(folder):
    return [process for process in members(folder) if any("leftovers.py" in word for word in process.cmdline())]


def test_a_run_that_goes_on_is_left_alone_with_all_that_it_started(run):
    program, folder = run

    end_forsaken(folder.parent)

    assert program.poll() is None
    titles = [" ".join(process.cmdline()) for process in members(folder)]
    for part, how_many in {"pytest-xdist": 2, "leftovers.py": 1, "bin/postgres": 1, "sleep 3600": 3}.items():
        assert len([title for title in titles if part in title]) == how_many, part


@pytest.mark.parametrize("send", ["Ctrl-C", "TERM", "KILL"])
def test_nothing_is_left_of_a_run_that_is_ended(run, send):
    program, folder = run

    if send == "Ctrl-C":
        os.killpg(program.pid, signal.SIGINT)
    else:
        program.send_signal(signal.Signals[f"SIG{send}"])
    program.wait()

    eventually(lambda: not members(folder))


def test_what_a_killed_watcher_left_is_ended_by_the_next_run(run):
    program, folder = run
    for process in watchers(folder):
        process.kill()
    program.kill()
    program.wait()
    assert members(folder)

    end_forsaken(folder.parent)

    assert members(folder) == []
