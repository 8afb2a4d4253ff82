"""One installation and one run for all end-to-end tests: `helio run`, which serves until the last of them stops it."""

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
def serving(installation: Installation) -> Installation:
    """The installation while `helio run` serves."""
    installation.serve()
    return installation


@pytest.fixture(scope="session")
def airflow(serving: Installation) -> Airflow:
    address = f"http://127.0.0.1:{serving.ports['AIRFLOW_PORT']}"
    return Airflow(address, "admin", serving.secrets["AIRFLOW_ADMIN_PASSWORD"])
