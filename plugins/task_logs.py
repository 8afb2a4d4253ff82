"""Logs of tasks in the object store too, so that the UI shows those of workers on other machines, and of workers that are gone.

Airflow takes this module by its option `[logging] logging_config_class`: the configuration is Airflow's own, `REMOTE_TASK_LOG` is
ours. Airflow's own handlers of stores would each bring the software of a whole cloud.
"""

import os
from pathlib import Path
from typing import Any, Final

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG
from airflow.configuration import conf

from include.core.settings import Settings

__all__ = ["DEFAULT_LOGGING_CONFIG", "REMOTE_TASK_LOG"]


class StoredTaskLogs:
    """Copies of log files below one URL, under the paths that they have in the log folder."""

    processors = ()

    def __init__(self, url: str, folder: Path) -> None:
        """`folder` is the log folder of this machine; the store is opened with the first log."""
        self.url = url
        self.folder = folder

    def upload(self, path: os.PathLike[str] | str, ti: Any = None) -> None:  # noqa: ANN401 - a task instance of Airflow
        """Keep the log file of a task that ended; a failure is told in that log, which stays where it is."""
        local = self.folder / path
        target = self._store() / local.relative_to(self.folder).as_posix()
        if target.protocol in {"", "file"}:
            target.parent.mkdir(parents=True, exist_ok=True)
        target.fs.put_file(str(local), target.path)

    def read(self, relative_path: str, ti: Any) -> tuple[list[str], list[str] | None]:  # noqa: ANN401
        """Where the log of a try is kept, and what it says; a sentence and nothing where it is not kept or cannot be reached."""
        stored = self._store() / relative_path
        try:
            return [str(stored)], [stored.read_text(encoding="utf-8", errors="replace")]
        except FileNotFoundError:
            return [f"{stored} is not kept (yet)"], None
        except Exception as error:  # noqa: BLE001 - libraries of stores raise what they like; the page is to say it
            return [f"{stored} cannot be read: {error}"], None

    def _store(self) -> Any:  # noqa: ANN401 - upath has no types
        from upath import UPath

        return UPath(self.url)


def _of_settings() -> StoredTaskLogs | None:
    url = Settings.from_environment().task_logs_url
    return StoredTaskLogs(url, Path(conf.get("logging", "base_log_folder"))) if url else None


REMOTE_TASK_LOG: Final = _of_settings()
