"""Import what tasks need once, before the processes are forked in which tasks run.

LocalExecutor forks all its workers from the scheduler when it starts, and every task is a fork of a worker: what the scheduler
has imported by then costs a task nothing, neither time nor memory. Airflow announces the start just before. A Celery worker forks
its pool likewise; it imports this module first, by Celery's setting `imports`.
"""

import sys

from airflow.configuration import conf
from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class _Preloading:
    @hookimpl
    def on_starting(self, component: object) -> None:
        """Called with a Job by the scheduler, but also by the other services and by each task, which have no use for it."""
        is_scheduler = type(component).__name__ == "Job" and "scheduler" in sys.argv[1:3]
        if is_scheduler and "LocalExecutor" in conf.get("core", "executor"):
            _preload()


def _preload() -> None:
    import airflow.sdk.execution_time.task_runner  # noqa: F401

    from include.quality import checks

    checks.preload()


if sys.argv[1:3] == ["celery", "worker"] and "great_expectations" not in sys.modules:
    _preload()


class PreloadPlugin(AirflowPlugin):
    """Registers the listener."""

    name = "heliograph_preload"
    listeners = [_Preloading()]  # noqa: RUF012 - Airflow reads a plain class attribute
