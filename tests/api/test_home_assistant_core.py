"""A real Home Assistant reads a plant by what `helio home-assistant` prints, and imports its hours."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from cli.run.postgres import free_port
from include.core.settings import Settings
from include.steps.home_assistant import plant_yaml

pytestmark = [pytest.mark.postgres, pytest.mark.torture]

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements-home-assistant.txt"
SPAN = "from=2026-11-20&to=2026-11-22"
HEAD = """
homeassistant:
  {name: East, time_zone: America/Sao_Paulo, latitude: -23, longitude: -46, elevation: 1, unit_system: metric, currency: BRL}
recorder:
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a Home Assistant that was installed for this."""
    folder = tmp_path_factory.mktemp("home_assistant")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    install = [folder / "bin" / "pip", "install", "--quiet", "--prefer-binary", "--requirement", REQUIREMENTS]
    subprocess.run(install, check=True, capture_output=True)
    return folder / "bin" / "python"


@contextmanager
def served(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=free_port(), log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def home(stage, make_key, python, tmp_path) -> Callable[[timedelta], tuple[dict, dict, dict]]:
    """What Home Assistant knows, and the two answers of the API, so long after the first reading of the plant."""

    def known(after: timedelta) -> tuple[dict, dict, dict]:
        now = stage.first_reading + after
        app, key = stage.new_app(clock=lambda: now), make_key(scopes=["plants"])
        with served(app) as address:
            printed = plant_yaml(
                Settings(database_url=stage.url), tenant="east", plant="east", source=None, url=address, poll_s=60
            )
            (tmp_path / "configuration.yaml").write_text(HEAD + printed)
            (tmp_path / "secrets.yaml").write_text(f"heliograph_api_key: {key}\n")
            path = f"/plants/{stage.east.plant_id}"
            told, hours = (
                stage.client_of(app).get(f"{path}/{what}", {"X-API-Key": key}).json()
                for what in ("now", f"energy-statistics?{SPAN}")
            )
            ran = subprocess.run(
                [python, HERE / "home_assistant_core.py", tmp_path],
                input=json.dumps(hours["data"]), capture_output=True, text=True, timeout=300,
            )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout.splitlines()[-1]), told, hours["data"]

    return known


def test_its_sensors_have_the_states_units_and_classes_that_the_api_tells(home):
    found, told, _ = home(timedelta(hours=2))

    states = {name.removeprefix("sensor.east_"): state for name, state in found["states"].items()}
    assert states["power"] | {"state": None, "friendly_name": None} == {
        "state": None, "friendly_name": None, "state_class": "measurement", "unit_of_measurement": "kW", "device_class": "power",
    }  # fmt: skip
    assert float(states["power"]["state"]) == told["data"]["power_kw"] == pytest.approx(24.1)
    assert float(states["energy"]["state"]) == told["data"]["energy_total_kwh"] == 197.0
    assert (states["energy"]["device_class"], states["energy"]["state_class"]) == ("energy", "total")
    assert float(states["energy_today"]["state"]) == told["data"]["energy_today_kwh"] == 98.5
    assert datetime.fromisoformat(states["last_reading"]["state"]) == datetime.fromisoformat(told["data"]["measured_at"])


def test_what_is_unknown_is_unavailable_and_never_zero(home):
    found, told, _ = home(timedelta(days=7))

    states = {name.removeprefix("sensor.east_"): state["state"] for name, state in found["states"].items()}
    assert told["data"]["power_kw"] is told["data"]["energy_today_kwh"] is None
    assert (states["power"], states["energy_today"]) == ("unavailable", "unavailable")
    assert float(states["energy"]) == 197.0


def test_hours_that_are_imported_twice_are_there_once_with_their_sums(home):
    found, _, hours = home(timedelta(days=3))

    first, second = found["imports"]
    told = {datetime.fromisoformat(row["start"]).timestamp(): (row["state"], row["sum"]) for row in hours["stats"]}
    assert len(told) == 48
    assert {row["start"]: (row["state"], row["sum"]) for row in first} == told
    assert second == first
