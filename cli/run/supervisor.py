"""Processes of one run: each in a session of its own, with a pid file and a log, ended together.

A pid file names the process by pid, start time and boot, so that a left-over of a killed run is recognised and a stranger that
happens to have its pid by now is left alone.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from cli.run.postgres import require_free
from cli.run.restarts import Restarts
from include.core.errors import NeedsHuman

STOP_LIMIT_S: Final = 16.0
_SAME_START_S: Final = 2.0


class ServiceFailed(NeedsHuman):
    """A program that should run ended; the message names it, its log and the log's last lines."""


@dataclass(frozen=True, slots=True)
class Service:
    """One program that runs as long as the run does. `port` is what it listens on and `port_setting` what moves it."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    port: int | None = None
    port_setting: str = ""


class Supervisor:
    """Starts, watches and ends services; `folder` keeps pid files, `logs` one file per service."""

    def __init__(self, folder: Path, logs: Path) -> None:
        """Make both folders where they are missing."""
        self.folder = folder
        self.logs = logs
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._services: dict[str, Service] = {}
        self._restarts = Restarts()
        for each in (folder, logs):
            each.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def sole_run(self) -> Iterator[None]:
        """Hold the lock of this home for a block; raises `NeedsHuman` when another run holds it. A killed run holds nothing."""
        with (self.folder / "lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise NeedsHuman(
                    f"another run (pid {self.holder() or '?'}) works in {self.folder.parent}; stop it with Ctrl-C or "
                    "`helio stop`, or set HELIOGRAPH_HOME and other ports"
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def holder(self) -> int | None:
        """Process that wrote itself into the lock last; it may be gone."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "lock").read_text(encoding="utf-8"))
        return None

    def end_other_run(self, limit_s: float = 60.0) -> None:
        """Ask the run that holds this home to stop and wait until it has; does nothing when there is none."""
        deadline = time.monotonic() + limit_s
        asked = False
        while time.monotonic() < deadline:
            try:
                with self.sole_run():
                    return
            except NeedsHuman:
                if not asked and (pid := self.holder()) is not None:
                    os.kill(pid, signal.SIGTERM)
                    asked = True
                time.sleep(0.2)
        raise NeedsHuman(f"the run with pid {self.holder()} does not stop; end it with kill -9 and call `helio stop` again")

    def log(self, name: str) -> Path:
        """Log file of a service or of a one-off command."""
        return self.logs / f"{name}.log"

    def start(self, service: Service) -> None:
        """Start a service in a session of its own; raises `NeedsHuman` when its port is taken."""
        if service.port is not None:
            require_free(service.port, setting=service.port_setting)
        with self.log(service.name).open("ab") as output:
            process = subprocess.Popen(
                service.command,
                env=service.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._started[service.name], self._services[service.name] = process, service
        _write_pid_file(self.folder / f"{service.name}.pid", process.pid)

    def run(self, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
        """Run a one-off command to its end, output to its log; raises `ServiceFailed` when it fails."""
        self.start(Service(name, tuple(command), environment))
        process = self._started.pop(name)
        status = process.wait()
        (self.folder / f"{name}.pid").unlink(missing_ok=True)
        if status != 0:
            raise self._failure(name, status)

    def check(self) -> None:
        """Raise `ServiceFailed` when a service ended that should still run."""
        for name, process in self._started.items():
            if (status := process.poll()) is not None:
                raise self._failure(name, status)

    def tend(self) -> list[str]:
        """Start again what ended, after ever longer pauses; returns a sentence for each start."""
        told = []
        for name, process in list(self._started.items()):
            status = process.poll()
            if status is not None and self._restarts.is_due(name, time.monotonic()):
                told.append(self._start_again(name, status))
        return told

    def _start_again(self, name: str, status: int) -> str:
        ended = f"{name} ended with {_ending(status)}"
        # What a dead leader left behind holds its port and its work.
        _end(_members(self.folder / f"{name}.pid"), STOP_LIMIT_S)
        try:
            self.start(self._services[name])
        except NeedsHuman as error:
            return f"{ended} and cannot be started again yet: {error}"
        return f"{ended} and was started again; {self.log(name)} says why"

    def stop_all(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End every service of this home, also what an earlier, killed run left: TERM to all at once, KILL after `limit_s`."""
        # Members are found before anything ends: a session whose leader is gone can no longer be told by its pid file.
        sessions = {}
        for pid_file in sorted(self.folder.glob("*.pid")):
            sessions[pid_file] = _members(pid_file)
        _end([process for members in sessions.values() for process in members], limit_s)
        for pid_file in sessions:
            pid_file.unlink(missing_ok=True)
        for process in self._started.values():
            process.wait()
        self._started.clear()

    def tail(self, name: str, lines: int = 15) -> str:
        """Last lines of a log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        return ""

    def _failure(self, name: str, status: int) -> ServiceFailed:
        return ServiceFailed(f"{name} ended with {_ending(status)}; {self.log(name)} ends with:\n{self.tail(name)}")


def _ending(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"


def _write_pid_file(path: Path, pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        identity = {"pid": pid, "started": psutil.Process(pid).create_time(), "boot": _boot()}
        path.write_text(json.dumps(identity), encoding="utf-8")


def _members(pid_file: Path) -> list[psutil.Process]:
    """Living processes of the session that a pid file names; none when the pid is a stranger's or the machine was restarted."""
    try:
        identity = json.loads(pid_file.read_text(encoding="utf-8"))
        pid, started, boot = int(identity["pid"]), float(identity["started"]), identity["boot"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    # Pids are given out again: only with the same boot and start is it still the process that was started.
    if boot != _boot():
        return []
    with contextlib.suppress(psutil.NoSuchProcess):
        if abs(psutil.Process(pid).create_time() - started) > _SAME_START_S:
            return []
    return [process for process in psutil.process_iter() if _session(process) == pid]


def _session(process: psutil.Process) -> int | None:
    with contextlib.suppress(OSError, psutil.Error):
        return os.getsid(process.pid) if process.status() != psutil.STATUS_ZOMBIE else None
    return None


def _end(processes: list[psutil.Process], limit_s: float) -> None:
    """TERM to the leaders, who end their own children in order; once more half-way; KILL to what is still there at the limit.

    The second TERM is for Airflow's scheduler, which now and then swallows the first.
    """
    remaining = processes
    for _ in range(2):
        for process in _leaders(remaining):
            with contextlib.suppress(psutil.Error):
                process.terminate()
        _, remaining = psutil.wait_procs(remaining, timeout=limit_s / 2)
    for process in remaining:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(remaining, timeout=5)


def _leaders(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Leaders of the sessions, and the members of sessions whose leader is gone."""
    pids = {process.pid for process in processes}
    return [process for process in processes if (session := _session(process)) == process.pid or session not in pids]


def _boot() -> str:
    """What tells one start of the machine from the next."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return str(round(psutil.boot_time()))


def wait_until(condition: Callable[[], bool], *, limit_s: float, check: Callable[[], None], every_s: float = 0.25) -> bool:
    """Poll `condition()` until it is true; `check()` may raise to end the waiting early. False at the limit [s]."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        check()
        if condition():
            return True
        time.sleep(every_s)
    return False
