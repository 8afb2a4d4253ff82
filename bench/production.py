"""What the production shape costs: standing still, and for each task that Celery runs.

    python -m bench.production [--seconds 300] [--tasks 20]

Every service of `docker-compose.yaml` is started natively, with one worker, and left alone with nothing to do; health checks are
made as often as the file says. Then so many tasks of the cheapest DAG run, one after the other. CPU seconds of whole process
trees, those that have ended included: other work on the machine changes them little. Needs Redis or Valkey.

The last line is one JSON object: `idle_core_pct` (all services and their health checks, scheduled runs included, in per cent of
a core), `task_cpu_s` (of the worker, for a task, beyond its standing still) and `task_all_cpu_s` (of all services).
"""

import argparse
import json
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench.cluster import machine
from tests.e2e.installation import Airflow
from tests.production.conftest import filled_in_example
from tests.production.services import Production

DAG = "send_mail"
"""One task, which finds nothing to send."""


def main() -> None:
    """Start, measure, stop, print a table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="how long it stands still")
    parser.add_argument("--tasks", type=int, default=20, help="tasks that are run")
    chosen = parser.parse_args()
    print(machine())
    with TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o755)
        house = Production(Path(name), filled_in_example())
        try:
            house.start_all(workers=1)
            figures = _measure(house, chosen.seconds, chosen.tasks)
        finally:
            house.stop_all()
    print(json.dumps(figures))


def _measure(house: Production, seconds: float, tasks: int) -> dict[str, float]:
    airflow = Airflow(house.url("api-server"), "admin", house.environment("init")["AIRFLOW_ADMIN_PASSWORD"])
    _run(airflow)
    still = _stand_still(house, seconds)
    print("| service | % of a core |\n|---|--:|")
    for service, cores in sorted(still.items(), key=lambda one: -one[1]):
        print(f"| {service} | {100 * cores:.1f} |")
    idle = sum(still.values())
    before, began = cpu_of(house), time.monotonic()
    for _ in range(tasks):
        _run(airflow)
    took_s, after = time.monotonic() - began, cpu_of(house)
    spent = {name: (after[name] - before[name] - took_s * still[name]) / tasks for name in after}
    return {
        "idle_core_pct": round(100 * idle, 1),
        "task_cpu_s": round(spent["worker-1"], 2),
        "task_all_cpu_s": round(sum(spent.values()), 2),
    }


def _run(airflow: Airflow) -> None:
    airflow.ended(airflow.trigger(DAG))


def _stand_still(house: Production, seconds: float) -> dict[str, float]:
    """Cores that each service takes, and those of all health checks."""
    every_s = {name: _interval_s(house, name) for name in house.processes}
    due = dict.fromkeys(every_s, time.monotonic())
    before, checks_before, began = cpu_of(house), _children_cpu_s(), time.monotonic()
    while time.monotonic() < began + seconds:
        for name in [name for name, at in due.items() if at <= time.monotonic()]:
            house.is_well(name)
            due[name] += every_s[name]
        time.sleep(0.5)
    took_s, after = time.monotonic() - began, cpu_of(house)
    cores = {name: (after[name] - before[name]) / took_s for name in after}
    return cores | {"health checks": (_children_cpu_s() - checks_before) / took_s}


def cpu_of(house: Production) -> dict[str, float]:
    """CPU seconds of each service so far, with all that it started."""
    return {name: _tree_cpu_s(process) for name, process in house.processes.items()}


def _tree_cpu_s(root: psutil.Process) -> float:
    spent = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _interval_s(house: Production, name: str) -> float:
    told = house.compose.services[name.rstrip("-1")]["healthcheck"]["interval"]
    return float(told.removesuffix("s"))


if __name__ == "__main__":
    main()
