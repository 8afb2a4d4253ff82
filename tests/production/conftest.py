"""One production for all tests here: everything that the compose file starts, with two workers, stopped at the end."""

import base64
import os
import secrets
from collections.abc import Iterator

import pytest

from cli.run.demo import drop_samples, prepare_demo
from tests.e2e.installation import Airflow, eventually
from tests.production.compose_file import example_variables
from tests.production.services import QUEUE_SERVERS, Production, queue_server
from tests.warehouse.small_river import SmallRiver

SMALL = {"WORKER_CONCURRENCY": "2", "AIRFLOW_PARALLELISM": "4", "HELIOGRAPH_API_WORKERS": "1"}
"""For a machine of two cores."""
MAIL = "smtp://127.0.0.1:1/?from_email=heliograph%40localhost&disable_ssl=true&disable_tls=true"


def filled_in_example() -> dict[str, str]:
    """Values for all that `.env.example` leaves open, as its comments say how to make them.

    The generated ones begin like an option, as one in 64 that are made so begins with a dash.
    """
    kinds = {name: lambda: "--" + secrets.token_urlsafe(48) for name, is_open in example_variables().items() if is_open}
    kinds |= dict.fromkeys(("AIRFLOW_FERNET_KEY", "HELIOGRAPH_VAULT_KEYS"), _fernet_key)
    return {name: make() for name, make in kinds.items()} | {"AIRFLOW_CONN_SMTP_DEFAULT": MAIL} | SMALL


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture(scope="package")
def production(tmp_path_factory: pytest.TempPathFactory, torture: bool) -> Iterator[Production]:
    """The services, each of which is well."""
    if queue_server() is None:
        missing = f"none of {', '.join(QUEUE_SERVERS)} is installed (Debian: apt-get install redis-server)"
        pytest.fail(missing) if torture else pytest.skip(missing)
    house = Production(tmp_path_factory.mktemp("production"), filled_in_example())
    try:
        house.start_all()
        yield house
    finally:
        house.stop_all()


@pytest.fixture(scope="package")
def river(production: Production) -> SmallRiver:
    """Production's folders and warehouse."""
    return SmallRiver(production.warehouse_url(), production.folder / "data")


@pytest.fixture(scope="package")
def carried(river: SmallRiver) -> SmallRiver:
    """The warehouse after the samples went through the DAGs."""
    prepare_demo(river.settings, secrets.token_urlsafe(16), "helio_" + "k" * 43)
    dropped = drop_samples(river.settings)
    eventually(lambda: river.count("landing.document") >= dropped - 1 and not river.waits(), what="the samples", limit_s=900)
    return river


@pytest.fixture(scope="package")
def ordinary(new_warehouse, tmp_path_factory: pytest.TempPathFactory) -> SmallRiver:
    """The same samples through the same steps, called one after the other in this process."""
    river = SmallRiver(new_warehouse(), tmp_path_factory.mktemp("ordinary") / "home")
    prepare_demo(river.settings, secrets.token_urlsafe(16), "helio_" + "k" * 43)
    drop_samples(river.settings)
    river.flow()
    return river


@pytest.fixture(scope="package")
def airflow(production: Production) -> Airflow:
    """Logged in as the admin that `init` made."""
    return Airflow(production.url("api-server"), "admin", production.environment("init")["AIRFLOW_ADMIN_PASSWORD"])
