"""`helio run --no-demo` as operators leave it alone for years: whatever ends is started again, and nothing stops the rest."""

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
import requests

from tests.e2e.installation import Airflow, Installation, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.torture, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory):
    house = Installation(tmp_path_factory.mktemp("left-alone") / "home")
    house.serve("--no-demo")
    yield house
    assert house.interrupt() == 0


def pid_of(house: Installation, name: str) -> int:
    if name == "postgres":
        return int((house.home / "pg" / "postmaster.pid").read_text().splitlines()[0])
    return json.loads((house.home / "run" / f"{name}.pid").read_text())["pid"]


def is_well(house: Installation) -> bool:
    try:
        airflow = requests.get(f"http://127.0.0.1:{house.ports['AIRFLOW_PORT']}/api/v2/monitor/health", timeout=5).json()
        api = requests.get(f"http://127.0.0.1:{house.ports['API_PORT']}/api/v1/health/live", timeout=5)
    except (requests.RequestException, ValueError):
        return False
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    return api.ok and all((airflow.get(part) or {}).get("status") == "healthy" for part in parts)


@pytest.mark.parametrize("name", ["api", "dag-processor", "triggerer", "scheduler", "api-server", "postgres"])
def test_a_program_that_is_killed_is_started_again_and_work_goes_on(left_alone, name):
    eventually(lambda: is_well(left_alone), what="a house that is well", limit_s=300)
    before = pid_of(left_alone, name)
    os.kill(before, signal.SIGKILL)

    eventually(lambda: pid_of(left_alone, name) != before and psutil.pid_exists(pid_of(left_alone, name)), limit_s=120)
    eventually(lambda: is_well(left_alone), what=f"a house that is well without {name}", limit_s=300)

    airflow = Airflow(
        f"http://127.0.0.1:{left_alone.ports['AIRFLOW_PORT']}", "admin", left_alone.secrets["AIRFLOW_ADMIN_PASSWORD"]
    )
    assert airflow.ended(airflow.trigger("land_file_drops")) == "success"
    told = (left_alone.said / "serving").read_text()
    assert f"{'PostgreSQL' if name == 'postgres' else name} ended" in told
    assert left_alone.serving.poll() is None


def test_nothing_of_the_demo_is_there(left_alone):
    assert not (left_alone.home / "drops" / "demo").exists()
    assert {path.stem for path in Path(left_alone.home / "run").glob("*.pid")} == {
        "api", "api-server", "dag-processor", "scheduler", "triggerer",
    }  # fmt: skip
