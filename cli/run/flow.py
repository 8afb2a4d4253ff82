"""Following work through the DAGs: one stage per DAG, real runs, the first failure stops the watching."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from cli.run.airflow_api import AirflowApi, DagRun
from cli.run.progress import Progress
from include.core.errors import NeedsHuman, TryLater

IDLE_BEFORE_WAKING_S: Final = 6.0
STAGE_LIMIT_S: Final = 600.0
DAG_LIMIT_S: Final = 90.0
INSIST_LIMIT_S: Final = 120.0

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Stage:
    """The work of one DAG: `waiting()` counts what it still has to do, which is `unit`.

    `must_run` asks for at least one run that succeeds even where nothing waits.
    """

    label: str
    dag_id: str
    waiting: Callable[[], int]
    unit: str
    must_run: bool = False


@dataclass(slots=True)
class Watch:
    """What `follow` needs to look at and to tell: the API, the progress, `check` that looks after the services, known runs."""

    api: AirflowApi
    progress: Progress
    check: Callable[[], None]
    task_logs: str
    earlier: set[str]


def insist(watch: Watch, ask: Callable[[], _Answer]) -> _Answer:
    """Ask until there is an answer; services that ended are started again meanwhile. Raises `TryLater` after two minutes."""
    deadline = time.monotonic() + INSIST_LIMIT_S
    while True:
        try:
            return ask()
        except TryLater as error:
            if time.monotonic() > deadline:
                raise
            watch.progress.say(str(error))
        watch.check()
        time.sleep(0.5)


def await_dags(watch: Watch, dag_ids: set[str]) -> None:
    """Wait until Airflow has read the DAGs; raises `NeedsHuman` with the traceback of a file that it cannot read."""
    deadline = time.monotonic() + DAG_LIMIT_S
    while missing := dag_ids - insist(watch, watch.api.dags).keys():
        watch.check()
        for file, traceback in insist(watch, watch.api.import_errors).items():
            raise NeedsHuman(f"Airflow cannot read the DAG file {file}:\n{traceback}")
        if time.monotonic() > deadline:
            raise NeedsHuman(f"Airflow has not found the DAGs {', '.join(sorted(missing))}; see dag-processor.log")
        watch.progress.say(f"waiting for {', '.join(sorted(missing))}")
        time.sleep(0.5)
    watch.progress.say(f"{len(dag_ids)} DAGs")


def remember_runs(api: AirflowApi, stages: list[Stage]) -> set[str]:
    """Run ids that exist before the work begins; what failed then is not this run's failure."""
    return {run.run_id for stage in stages for run in api.runs(stage.dag_id) if run.is_over}


def follow(watch: Watch, stage: Stage) -> list[DagRun]:
    """Wait until a DAG has done its work; returns its runs. A DAG that sleeps although work waits is triggered once in a while.

    Raises `NeedsHuman` naming the failed tasks and where their logs are, and when it takes longer than ten minutes.
    """
    deadline = time.monotonic() + STAGE_LIMIT_S
    idle_since = time.monotonic()
    while True:
        watch.check()
        runs = [run for run in insist(watch, lambda: watch.api.runs(stage.dag_id)) if run.run_id not in watch.earlier]
        for run in runs:
            if run.state == "failed":
                raise NeedsHuman(_failure(watch, run))
        active = [run for run in runs if not run.is_over]
        waiting = insist(watch, stage.waiting)
        watch.progress.say(f"{_counted(runs)}, {waiting} {stage.unit} waiting")
        if waiting == 0 and not active and (runs or not stage.must_run):
            return runs
        idle_since = time.monotonic() if active else idle_since
        if time.monotonic() - idle_since > IDLE_BEFORE_WAKING_S:
            insist(watch, lambda: watch.api.trigger(stage.dag_id))
            idle_since = time.monotonic()
        if time.monotonic() > deadline:
            raise NeedsHuman(
                f"{stage.dag_id} still has {waiting} {stage.unit} waiting after {STAGE_LIMIT_S:.0f} s; look at it in the UI"
            )
        time.sleep(0.5)


def await_runs(watch: Watch, runs: list[DagRun]) -> None:
    """Wait until all of these triggered runs have ended well; raises `NeedsHuman` when one failed or takes over ten minutes."""
    for run in runs:
        _await_run(watch, run)
    watch.progress.say(f"{_counted(runs)} ended well")


def _await_run(watch: Watch, run: DagRun) -> None:
    deadline = time.monotonic() + STAGE_LIMIT_S
    watch.progress.say(f"run {run.run_id}: {run.state}")
    while not run.is_over:
        watch.check()
        if time.monotonic() > deadline:
            raise NeedsHuman(
                f"run {run.run_id} of {run.dag_id} is still {run.state} after {STAGE_LIMIT_S:.0f} s; look at it in the UI"
            )
        time.sleep(0.5)
        run = _look_at(watch, run)
        watch.progress.say(f"run {run.run_id}: {run.state}")
    if run.state == "failed":
        raise NeedsHuman(_failure(watch, run))


def _look_at(watch: Watch, run: DagRun) -> DagRun:
    return insist(watch, lambda: watch.api.run(run.dag_id, run.run_id))


def _counted(runs: list[DagRun]) -> str:
    return f"{len(runs)} run{'' if len(runs) == 1 else 's'}"


def _failure(watch: Watch, run: DagRun) -> str:
    tasks = ", ".join(insist(watch, lambda: watch.api.failed_tasks(run))) or "no task"
    folder = f"{watch.task_logs}/dag_id={run.dag_id}/run_id={run.run_id}/"
    return f"DAG {run.dag_id} failed in run {run.run_id}: {tasks}; logs are in {folder}"
