"""One installation for all end-to-end tests: first `helio run --once`, then a second run that serves until it is stopped."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.installation import Airflow, Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("house") / "home")
    yield made
    if made.serving is not None:
        made.interrupt()


@pytest.fixture(scope="session")
def first_run(installation: Installation) -> subprocess.CompletedProcess[str]:
    return installation.run()


@pytest.fixture(scope="session")
def serving(installation: Installation) -> Installation:
    """The installation while `helio run` serves: its second run, or its first where nobody asked for `first_run`."""
    installation.serve()
    return installation


@pytest.fixture(scope="session")
def airflow(serving: Installation) -> Airflow:
    return Airflow(f"http://127.0.0.1:{serving.ports['AIRFLOW_PORT']}")
