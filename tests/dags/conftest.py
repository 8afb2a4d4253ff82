"""Airflow is imported with a home of its own; nothing of it stays in the environment for other tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dags.stage import Stage

REPOSITORY = Path(__file__).resolve().parents[2]


def airflow_environment(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "PYTHONPATH": str(REPOSITORY),
    }


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="module", autouse=True)
def _airflow_env(airflow_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in airflow_environment(airflow_home).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def new_airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of an Airflow for subprocesses, with a home that no other test uses."""
    return airflow_environment(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="session")
def stage(new_airflow: dict[str, str]) -> Iterator[Stage]:
    """A process with an Airflow and its database, for all tests that need runs."""
    made = Stage(new_airflow, Path(new_airflow["AIRFLOW_HOME"]) / "stage.log")
    yield made
    made.close()


@pytest.fixture(scope="module")
def dag_bag(_airflow_env: None) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(REPOSITORY / "dags"))
