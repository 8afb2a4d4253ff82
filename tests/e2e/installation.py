"""An installation of its own, and its Airflow as the UI sees it."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import requests
from sqlalchemy import create_engine, text

from cli.run.postgres import database_url, free_port, start, stop
from cli.run.secret_file import read_pairs

ROOT = Path(__file__).resolve().parents[2]
PORTS = ("POSTGRES_PORT", "AIRFLOW_PORT", "API_PORT", "SMTP_PORT", "SANDBOX_PORT")
HELIO = (sys.executable, "-c", "from cli.main import app; app()")


class Installation:
    """A home of its own on free ports; `said` keeps what its commands wrote, beside the home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said = home.parent / "said"
        self.said.mkdir(parents=True)
        ours = ("HELIO_", "HELIOGRAPH_", "AIRFLOW_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.ports = {name: free_port() for name in PORTS}
        self.environment |= {f"HELIOGRAPH_{name}": str(port) for name, port in self.ports.items()}
        self.environment["HELIOGRAPH_HOME"] = str(home)
        self.serving: subprocess.Popen[bytes] | None = None

    @property
    def secrets(self) -> dict[str, str]:
        return read_pairs(self.home / "secrets.env")

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['SANDBOX_PORT']}"

    def run(self) -> subprocess.CompletedProcess[str]:
        return self.helio("run", "--once", limit_s=1800)

    def helio(self, *words: str, limit_s: float = 600, **secrets: str) -> subprocess.CompletedProcess[str]:
        """One command to its end; `secrets` go into its environment as `HELIO_<NAME>`."""
        environment = self.environment | {f"HELIO_{name.upper()}": value for name, value in secrets.items()}
        done = subprocess.run([*HELIO, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=limit_s)
        (self.said / f"{len(list(self.said.iterdir())):03}-{'-'.join(words[:2])}").write_text(done.stdout + done.stderr)
        return done

    def serve(self, *options: str, limit_s: float = 1800) -> None:
        """Start `helio run` and wait until it keeps serving; what it says is in the files `serving` and `serving-errors`."""
        output, errors = self.said / "serving", self.said / "serving-errors"
        with output.open("wb") as out, errors.open("wb") as err:
            self.serving = subprocess.Popen([*HELIO, "run", *options], cwd=ROOT, env=self.environment, stdout=out, stderr=err)
        eventually(lambda: "Ctrl-C stops everything" in output.read_text() or self.serving.poll() is not None, limit_s=limit_s)
        assert self.serving.poll() is None, output.read_text()[-3000:] + errors.read_text()[-3000:]

    def interrupt(self) -> int:
        """Ctrl-C for the run that serves; returns its status. One that does not obey is ended, with all that it started."""
        serving, self.serving = self.serving, None
        assert serving is not None
        serving.send_signal(signal.SIGINT)
        try:
            return serving.wait(300)
        finally:
            if serving.poll() is None:
                serving.kill()
                self.helio("stop")

    def database(self, name: str = "heliograph") -> str:
        return database_url(self.ports["POSTGRES_PORT"], name, "postgres", self.secrets["POSTGRES_PASSWORD"])

    def read(self, *queries: str, **parameters: Any) -> list[pd.DataFrame]:
        """Answers from the warehouse, which is started for the occasion where no run serves it."""
        server = start(
            self.home / "pg",
            port=self.ports["POSTGRES_PORT"],
            password=self.secrets["POSTGRES_PASSWORD"],
            log=self.home / "logs" / "postgres.log",
        )
        engine = create_engine(self.database())
        try:
            with engine.connect() as connection:
                return [pd.read_sql(text(query), connection, params=parameters) for query in queries]
        finally:
            engine.dispose()
            if self.serving is None:
                stop(server)


class Airflow:
    """Airflow's REST API as the UI uses it, logged in as its admin."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False
        token = self._send("POST", "auth/token", json={"username": user, "password": password})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        return self._send(method, f"api/v2/{path}", **content)

    def trigger(self, dag_id: str, **form: Any) -> dict[str, Any]:
        return self.call("POST", f"dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": form})

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Newest first."""
        return self.call("GET", f"dags/{dag_id}/dagRuns", params={"limit": 50, "order_by": "-run_after"})["dag_runs"]

    def is_busy(self, dag_id: str) -> bool:
        return any(run["state"] in {"queued", "running"} for run in self.runs(dag_id))

    def ended(self, run: dict[str, Any]) -> str:
        """Wait for a run; returns its state."""
        path = f"dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"
        eventually(lambda: self.call("GET", path)["state"] in {"success", "failed"}, what=path)
        return self.call("GET", path)["state"]

    def tasks(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        path = f"dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
        return self.call("GET", path, params={"limit": 100})["task_instances"]

    def crowd(self, askers: int) -> Counter[int]:
        """How often each status is answered to so many who ask at the same time, each three times."""

        def ask(_: int) -> int:
            with requests.Session() as session:
                session.trust_env = False
                session.headers.update(self._session.headers)
                return session.get(f"{self._address}/api/v2/dags", timeout=300).status_code

        with ThreadPoolExecutor(askers) as together:
            return Counter(together.map(ask, range(3 * askers)))

    def log(self, task: dict[str, Any]) -> str:
        """The log of a task's last try, as the UI shows it: sentences and errors."""
        path = f"dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        lines = self.call("GET", path, params={"map_index": task["map_index"], "full_content": True})["content"]
        errors = [error for line in lines for error in line.get("error_detail") or ()]
        return "\n".join([line["event"] for line in lines] + [f"{error['exc_type']}: {error['exc_value']}" for error in errors])

    def _send(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        answer = self._session.request(method, f"{self._address}/{path}", timeout=300, **content)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()


def eventually(condition: Callable[[], Any], *, what: str = "", limit_s: float = 1200, every_s: float = 0.5) -> None:
    """Poll until the condition holds; fails at the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {limit_s:g} s in vain for {what or condition}"
        time.sleep(every_s)
