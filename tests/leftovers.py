"""Whatever a test run starts ends with it: after Ctrl-C, after SIGTERM, after kill -9 of pytest.

A watcher in a session of its own waits for the end of pytest, then ends every process that belongs to the run: one whose command
line, environment or working folder lies in the run's temporary folder. What a killed watcher left is ended by the next run.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

MARK = "heliograph-tests.json"
"""Names the process of the run in its temporary folder."""
RUN_FOLDER = "TEST_RUN_FOLDER"
"""Marks the environment of all that a run starts."""
PATIENCE_S = 2.0
DIRECTED: list[Path] = []
"""Folder of the run that this process directs."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to watch; in the process that directs the workers only."""
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and not session.config.option.collectonly:
        folder: Path = session.config._tmp_path_factory.getbasetemp()
        end_forsaken(folder.parent)
        begin(folder)


def pytest_keyboard_interrupt() -> None:
    """Workers are ended as well: they would be waited for, and left with what they started."""
    end_own()


def pytest_unconfigure() -> None:
    """End what is still there before the prompt comes back."""
    end_own()


def end_own() -> None:
    """End all that the run which this process directs has started."""
    for folder in DIRECTED:
        end_all(folder)


def begin(folder: Path) -> None:
    """Mark the folder as this process's and start its watcher."""
    me = psutil.Process()
    (folder / MARK).write_text(json.dumps([me.pid, me.create_time()]))
    os.environ |= {RUN_FOLDER: str(folder), "SPT_NOENV": "1"}  # a process that changes its title keeps its environment
    DIRECTED.append(folder)
    watcher = [sys.executable, __file__, str(me.pid), str(folder)]
    silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    subprocess.Popen(watcher, cwd="/", start_new_session=True, **silent)


def end_forsaken(parent: Path) -> None:
    """End what belongs to runs that are over; their folders may be cleared away."""
    for mark in parent.glob(f"*/{MARK}"):
        if not _goes_on(mark):
            end_all(mark.parent)
            for file in (mark, mark.with_name(".lock")):
                file.unlink(missing_ok=True)


def end_all(folder: Path) -> None:
    """End the processes of a run: programs first, then the databases that they use."""
    _end([process for process in members(folder) if not _is_database(process)], signal.SIGTERM, signal.SIGKILL)
    _end([process for process in members(folder) if _is_server(process)], signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)


def members(folder: Path) -> list[psutil.Process]:
    """Processes that belong to a run, this one and its parents left out."""
    kin = {psutil.Process(), *psutil.Process().parents()}
    marked = {process for process in psutil.process_iter() if _is_member(process, folder)} - kin
    return list(marked | {child for process in marked for child in _children(process)})


def _is_member(process: psutil.Process, folder: Path) -> bool:
    told: list[str] = []
    for ask in (lambda: process.cmdline(), lambda: [process.cwd()], lambda: process.environ().values()):
        with contextlib.suppress(psutil.Error, OSError):
            told += ask()
    return any(f"{folder}/" in f"{text}/" for text in told)


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def _is_database(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.name() == "postgres"
    return False


def _is_server(process: psutil.Process) -> bool:
    """The first process of a database; the others end with it."""
    with contextlib.suppress(psutil.Error):
        return _is_database(process) and "-D" in process.cmdline()
    return False


def _goes_on(mark: Path) -> bool:
    """Whether the process that directs the run is still there."""
    with contextlib.suppress(psutil.Error, OSError, ValueError):
        pid, started = json.loads(mark.read_text())
        run = psutil.Process(pid)
        return abs(run.create_time() - started) < 1 and run.status() != psutil.STATUS_ZOMBIE
    return False


def _end(processes: list[psutil.Process], *orders: signal.Signals) -> None:
    """Give each order in turn to those that did not obey the one before."""
    for order in orders:
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.send_signal(order)
        _, processes = psutil.wait_procs(processes, timeout=PATIENCE_S)


def watch(pid: int, folder: Path) -> None:
    """Wait until a run is over, however it ends, and clear up after it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        run = psutil.Process(pid)
        while run.is_running() and run.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.5)
    end_all(folder)


if __name__ == "__main__":
    watch(int(sys.argv[1]), Path(sys.argv[2]))
