"""The services of `docker-compose.yaml` started natively: its commands, its environments, its order, its health checks.

What a container has to itself is given to each process otherwise: places in the file system, ports and host names are translated,
and nothing else. PostgreSQL is the one of the wheel, built without LZ4, and does not wait for the disk; Valkey may be Redis.
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from cli.run.postgres import free_port
from cli.run.step_down import owner_of_data, programs, step_down
from tests.production.compose_file import ROOT, ComposeFile

QUEUE_SERVERS = ("valkey-server", "redis-server")
START_LIMIT_S = 600.0
PORTS = {
    "postgres": 5432, "valkey": 6379, "api-server": 8080, "api": 8090, "scheduler": 8974, "worker": 8793, "triggerer": 8794,
    "metrics": 9108,
}  # fmt: skip
"""What each service listens on in its container."""

LISTENS_BY = {
    "api-server": "AIRFLOW__API__PORT",
    "api": "HELIOGRAPH_API_PORT",
    "scheduler": "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT",
    "worker": "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT",
    "triggerer": "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT",
}


def queue_server() -> str | None:
    """Program that speaks Redis' language, if this machine has one."""
    return next(filter(None, map(shutil.which, QUEUE_SERVERS)), None)


class Production:
    """All services of the file in one folder; a name is a service, `worker-2` its second container."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.compose = ComposeFile(variables)
        self.processes: dict[str, psutil.Popen] = {}
        self.ports: dict[str, int] = {}
        for place in ("data", "said", "programs", "tmp", "data/drops", "data/landing", "data/reports", "data/logs"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        self._write_programs()

    # ---- what is run

    def environment(self, name: str) -> dict[str, str]:
        """Environment of a container, in this machine's places; the programs of the checkout's Python come first."""
        service = _service(name)
        path = (self.folder / "programs", Path(sys.executable).parent, programs(), os.environ["PATH"])
        bare = {"LANG": "C.UTF-8", "HOME": str(self.folder / "tmp"), "SPT_NOENV": "1", "NO_PROXY": "*", "HOSTNAME": name}
        listens = {LISTENS_BY[service]: str(self._port(name))} if service in LISTENS_BY else {}
        given = {key: self._here(value, name) for key, value in self.compose.environment(service).items()}
        return bare | given | listens | {"PATH": ":".join(map(str, path)), "PGPORT": str(self._port("postgres"))}

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self._port(service)}"

    def warehouse_url(self) -> str:
        return self.environment("worker")["HELIOGRAPH_DATABASE_URL"]

    def _port(self, name: str) -> int:
        if name not in self.ports:
            self.ports[name] = free_port()
        return self.ports[name]

    def _here(self, text: str, name: str) -> str:
        """A text of a container with this machine's places, names and ports."""
        places = {
            "/opt/heliograph": str(ROOT),
            "/opt/airflow": str(self.folder / "airflow" / name),
            "/data": str(self.folder / "data"),
            "/tmp/": f"{self.folder / 'tmp'}/",
            "/etc/heliograph/api_role.sql": str(ROOT / "cli" / "run" / "api_role.sql"),
        }
        for service, port in PORTS.items():
            mine = name if service == _service(name) else service
            address = f"127.0.0.1:{self._port(mine)}"
            socket = f"/dev/tcp/{address.replace(':', '/')}"
            places |= {f"@{service}:{port}": f"@{address}", f"//{service}:{port}": f"//{address}"}
            places[f"/dev/tcp/{service}/{port}"] = socket
            if service == _service(name):
                places |= {f"127.0.0.1:{port}": address, f"/dev/tcp/127.0.0.1/{port}": socket}
        return re.sub(
            "|".join(rf"{re.escape(place)}(?!\w)" if place[-1] != "/" else place for place in places),
            lambda found: places[found[0]],
            text,
        )

    def _write_programs(self) -> None:
        """Programs that know the port and folder which a container needs no word for."""
        server = queue_server() or "redis-server"
        client = server.replace("-server", "-cli")
        mine = f"--port {self._port('valkey')} --bind 127.0.0.1 --dir {shlex.quote(str(self.folder / 'tmp'))} --save ''"
        for program, line in {
            "valkey-server": f'{server} "$@" {mine}',
            "valkey-cli": f'{client} -p {self._port("valkey")} "$@"',
        }.items():
            script = self.folder / "programs" / program
            script.write_text(f"#!/bin/sh\nexec {line}\n")
            script.chmod(0o755)

    # ---- starting and ending

    def start_all(self, *, workers: int = 2) -> None:
        """Each once what it needs is well, or has ended well; `cleaner`, which only sleeps afterwards, is left out."""
        waiting = {"init", *self.compose.lasting()} - {"cleaner"}
        while waiting:
            ready = [name for name in waiting if not self._needs(name) & waiting]
            name = min(ready, key=lambda name: (len(self._needs(name)), name))
            self.await_well(*self._needs(name) - {"init"})
            waiting.remove(name)
            if name == "init":
                self.run(name)
            elif name == "worker":
                for number in range(1, workers + 1):
                    self.start(f"worker-{number}")
            else:
                self.start(name)
        self.await_well(*self.processes)

    def _needs(self, name: str) -> set[str]:
        return set(self.compose.services[name].get("depends_on", ()))

    def start(self, name: str) -> None:
        """Start a container; PostgreSQL's with an empty volume is filled first, as its image does."""
        is_new = name == "postgres" and not (self.folder / "pg").exists()
        if is_new:
            self._initdb()
        with self.said(name).open("ab") as output:
            self.processes[name] = psutil.Popen(
                self.command(name), env=self.environment(name), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
            )  # fmt: skip
        if is_new:
            self._run_first_scripts()

    def run(self, name: str, command: Iterable[str] | None = None, *, limit_s: float = 600) -> str:
        """A container's command to its end, or another one in that container; returns what it wrote."""
        command = self.command(name) if command is None else [self._here(word, name) for word in command]
        done = subprocess.run(
            command, env=self.environment(name), cwd=self.folder, capture_output=True, text=True, timeout=limit_s, check=False
        )
        self.said(name).write_text(done.stdout + done.stderr)
        assert done.returncode == 0, f"{name}: {done.stdout[-2000:]} {done.stderr[-3000:]}"
        return done.stdout

    def command(self, name: str) -> list[str]:
        given = self.compose.services[_service(name)]["command"]
        words = shlex.split(given) if isinstance(given, str) else given
        words = [self._here(word, name) for word in words]
        if _service(name) == "postgres":
            folder = self.folder / "pg"
            words = [word.replace("wal_compression=lz4", "wal_compression=on") for word in words] + ["-c", "fsync=off"]
            return [*step_down(folder), str(programs() / words[0]), "-D", str(folder), "-p", str(self._port("postgres")),
                    "-c", "unix_socket_directories=", *words[1:]]  # fmt: skip
        if _service(name) == "metrics":
            return [word.replace(str(PORTS["metrics"]), str(self._port(name))) for word in words]
        if _service(name) == "worker":
            return [*words, "--celery-hostname", f"celery@{name}"]
        return words

    def kill(self, name: str) -> None:
        """SIGKILL for all of a container at once, as when its machine ends."""
        leader = self.processes.pop(name)
        family = [*leader.children(recursive=True), leader]
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(family, timeout=10)

    def stop_all(self) -> None:
        """TERM, then KILL; the servers that others need last."""
        others = [name for name in self.processes if name not in {"postgres", "valkey"}]
        family = [process for name in others for process in (self.processes[name], *_children(self.processes[name]))]
        for name in others:
            with contextlib.suppress(psutil.Error):
                self.processes[name].terminate()
        _, stubborn = psutil.wait_procs(family, timeout=15)
        for process in stubborn:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(stubborn, timeout=10)
        for name in {"postgres", "valkey"} & self.processes.keys():
            with contextlib.suppress(psutil.Error):
                self.processes[name].send_signal(2)
            with contextlib.suppress(psutil.TimeoutExpired):
                self.processes[name].wait(30)
        self.processes.clear()

    def is_well(self, name: str) -> bool:
        """The health check of the file, which has failed where it takes longer than it may."""
        check = self.compose.services[_service(name)]["healthcheck"]
        kind, *test = check["test"]
        command = [self._here(word, name) for word in (["sh", "-c", *test] if kind == "CMD-SHELL" else test)]
        limit_s = float(check["timeout"].removesuffix("s"))
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                command, env=self.environment(name), cwd=self.folder, capture_output=True, check=False, timeout=limit_s
            )
            return done.returncode == 0
        return False

    def await_well(self, *names: str, limit_s: float = START_LIMIT_S) -> None:
        deadline = time.monotonic() + limit_s
        waiting = list(names)
        while waiting:
            for name in waiting:
                assert self.processes[name].poll() is None, f"{name} ended: {self.tail(name)}"
                assert time.monotonic() < deadline, f"{name} is not well after {limit_s:g} s: {self.tail(name)}"
            waiting = [name for name in waiting if not self.is_well(name)]
            time.sleep(1)

    def said(self, name: str) -> Path:
        return self.folder / "said" / f"{name}.log"

    def tail(self, name: str) -> str:
        return self.said(name).read_text(errors="replace")[-3000:]

    def _initdb(self) -> None:
        folder, environment = self.folder / "pg", self.environment("postgres")
        password = self.folder / "tmp" / "password"
        password.write_text(environment["POSTGRES_PASSWORD"])
        folder.mkdir(mode=0o700)
        if (owner := owner_of_data()) is not None:
            os.chown(folder, *owner)
            os.chown(password, *owner)
        options = shlex.split(environment["POSTGRES_INITDB_ARGS"])
        initdb = [
            str(programs() / "initdb"),
            f"--pgdata={folder}",
            "--username=postgres",
            f"--pwfile={password}",
            "--no-sync",
            *options,
        ]
        subprocess.run([*step_down(folder), *initdb], cwd=folder, check=True, capture_output=True, env={"LC_ALL": "C"})

    def _run_first_scripts(self) -> None:
        self.await_well("postgres", limit_s=60)
        environment = self.environment("postgres")
        script = self.folder / "tmp" / "databases.sql"
        script.write_text(self._here(self.compose.content["configs"]["databases"]["content"], "postgres"))
        psql = [str(programs() / "psql"), "--host=127.0.0.1", "--username=postgres", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
        environment["PGPASSWORD"] = environment["POSTGRES_PASSWORD"]
        subprocess.run([*psql, f"--file={script}"], check=True, env=environment, capture_output=True, text=True)


def _service(name: str) -> str:
    return name.rstrip("0123456789").rstrip("-")


def _children(process: psutil.Popen) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return process.children(recursive=True)
    return []
