"""The little of Airflow's REST API (v2) that a run needs: health, DAGs, runs, pools."""

from dataclasses import dataclass
from typing import Any

import requests

from include.core.errors import NeedsHuman, TryLater


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG; `state` is queued, running, success or failed."""

    dag_id: str
    run_id: str
    state: str

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.state in {"success", "failed"}


class AirflowApi:
    """A session with Airflow on this machine; logs in on first use, and again when the token is refused."""

    def __init__(self, address: str, user: str, password: str) -> None:
        """Keep address and login; nothing is sent yet."""
        self.address = address
        self._login = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False

    def health(self) -> dict[str, str]:
        """Status of metadatabase, scheduler, triggerer and dag_processor by name; all "unreachable" while nobody answers."""
        names = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        try:
            answer = self._session.get(f"{self.address}/api/v2/monitor/health", timeout=5)
            report = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            report = {}
        return {name: (report.get(name) or {}).get("status") or "unreachable" for name in names}

    def dags(self) -> dict[str, bool]:
        """Whether each known DAG is paused, by id."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self._call("GET", "dags", params={"limit": 100})["dags"]}

    def import_errors(self) -> dict[str, str]:
        """DAG files that cannot be read, with the traceback."""
        answer = self._call("GET", "importErrors", params={"limit": 100})
        return {each["filename"]: each["stack_trace"] for each in answer["import_errors"]}

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> DagRun:
        """Start a run by hand."""
        return _dag_run(self._call("POST", f"dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf or {}}))

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """A run as it is now."""
        return _dag_run(self._call("GET", f"dags/{dag_id}/dagRuns/{run_id}"))

    def runs(self, dag_id: str, *, limit: int = 50) -> list[DagRun]:
        """Runs of a DAG, newest first."""
        answer = self._call("GET", f"dags/{dag_id}/dagRuns", params={"limit": limit, "order_by": "-run_after"})
        return [_dag_run(each) for each in answer["dag_runs"]]

    def failed_tasks(self, run: DagRun) -> list[str]:
        """Names of the failed tasks of a run, with their tries."""
        answer = self._call("GET", f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances", params={"limit": 100})
        return [f"{each['task_id']} (try {each['try_number']})" for each in answer["task_instances"] if each["state"] == "failed"]

    def save_pools(self, pools: dict[str, dict[str, object]]) -> None:
        """Create pools, or set them to what is given."""
        entities = [{"name": name, **pool} for name, pool in pools.items()]
        actions = [{"action": "create", "action_on_existence": "overwrite", "entities": entities}]
        answer = self._call("PATCH", "pools", json={"actions": actions})
        if errors := (answer.get("create") or {}).get("errors"):
            raise NeedsHuman(f"Airflow refused the pools: {errors}; compare `helio pools` with dags/pools.json and the vendors")

    def _call(self, method: str, path: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on to requests
        if "Authorization" not in self._session.headers:
            self._log_in()
        answer = self._send(method, f"api/v2/{path}", **content)
        if answer.status_code == 401:
            self._log_in()
            answer = self._send(method, f"api/v2/{path}", **content)
        if answer.status_code >= 500:
            raise TryLater(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:200]}")
        if not answer.ok:
            raise NeedsHuman(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:400]}")
        body: dict[str, Any] = answer.json()
        return body

    def _log_in(self) -> None:
        answer = self._send("POST", "auth/token", json=self._login)
        if answer.status_code >= 500:
            raise TryLater(f"Airflow answered {answer.status_code} to the login")
        if not answer.ok:
            raise NeedsHuman(
                f"Airflow refused the login of {self._login['username']!r}: {answer.status_code} {answer.text[:200]}"
            )
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _send(self, method: str, path: str, **content: Any) -> requests.Response:  # noqa: ANN401 - passed on to requests
        try:
            return self._session.request(method, f"{self.address}/{path}", timeout=30, **content)
        except requests.RequestException as error:
            raise TryLater(f"Airflow at {self.address} does not answer ({error})") from error


def _dag_run(answer: dict[str, Any]) -> DagRun:
    return DagRun(answer["dag_id"], answer["dag_run_id"], answer["state"])
