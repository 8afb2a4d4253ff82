"""Tasks that failed for good, noted by themselves: the watch tells them."""

from datetime import datetime

from include.core.settings import Settings
from include.warehouse import watch
from include.warehouse.engine import transaction


def note_task_failure(settings: Settings, *, dag_id: str, task_id: str, error: str, now: datetime) -> None:
    """A task failed for good; the next look tells it."""
    with transaction(settings.database_url) as connection:
        watch.note_task_failure(connection, dag_id=dag_id, task_id=task_id, error=error, now=now)


def forget_task_failures(settings: Settings, *, dag_id: str) -> None:
    """A run of a DAG ended well."""
    with transaction(settings.database_url) as connection:
        watch.forget_task_failures(connection, dag_id)
