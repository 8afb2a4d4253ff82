"""A client that is generated from the OpenAPI document reads what the API answers, files included."""

import importlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.openapi_file import openapi_text

pytestmark = [pytest.mark.postgres, pytest.mark.torture]

REQUIREMENTS = Path(__file__).with_name("requirements-client.txt")
FILES = ("pdf", "zip", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
SETTINGS = {"content_type_overrides": {f"application/{name}": "application/octet-stream" for name in FILES}, "post_hooks": []}
"""The generator takes only this type for a file."""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """The generated package; the generator told no part of the document that it left out."""
    folder = tmp_path_factory.mktemp("client")
    programs = folder / "generator" / "bin"
    (folder / "openapi.json").write_text(openapi_text())
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    subprocess.run([sys.executable, "-m", "venv", folder / "generator"], check=True)
    subprocess.run([programs / "pip", "install", "--quiet", "--requirement", REQUIREMENTS], check=True, capture_output=True)
    generate = ["generate", "--path", "openapi.json", "--output-path", "heliograph_client", "--config", "settings.json"]
    told = subprocess.run(
        [programs / "openapi-python-client", *generate, "--meta", "none"], cwd=folder, check=True, capture_output=True, text=True
    )
    assert "warning" not in told.stdout.lower(), told.stdout
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"heliograph_client.{name}")
    sys.path.remove(str(folder))


@pytest.fixture
def logged_in(sdk, stage):
    """A client of the package with the token that it got by logging in."""
    stage.forget_log_ins()
    who = sdk("models").BodyLogIn(username="admin@east.example", password=stage.password)
    anonymous = sdk("client").Client("http://testserver").set_httpx_client(TestClient(stage.app))
    token = sdk("api.auth.log_in").sync(client=anonymous, body=who).access_token
    known = TestClient(stage.app, headers={"Authorization": f"Bearer {token}"})
    return sdk("client").AuthenticatedClient("http://testserver", token=token).set_httpx_client(known)


def test_it_logs_in_and_reads_the_days_of_a_plant(sdk, stage, logged_in):
    grain = sdk("models").EnergyGrain.DAY

    plants = sdk("api.plants.list_plants").sync(client=logged_in).data
    found = sdk("api.plants.read_plant_energy").sync(
        plants[0].plant_id, client=logged_in, grain=grain, from_="2026-11-20", to="2026-11-21"
    )

    assert [plant.name for plant in plants] == ["east"]
    assert [day.local_date for day in found.data] == [date(2026, 11, 20)]
    assert found.data[0].energy_kwh == logged_in.get_httpx_client().get(
        f"/api/v1/plants/{stage.east.plant_id}/energy?grain=day&from=2026-11-20&to=2026-11-21"
    ).json()["data"][0]["energy_kwh"]  # fmt: skip


def test_it_reads_a_report_with_its_pdf(sdk, logged_in):
    report = sdk("api.reports.list_reports").sync(client=logged_in).data[0]
    pdf = sdk("api.reports.read_report_pdf").sync(report.report_id, client=logged_in)

    assert pdf.payload.read() == b"%PDF-1.7 " + b"x" * 2000 + b"east"


def test_it_tells_a_refusal_by_its_kind(sdk, logged_in):
    refused = sdk("api.plants.read_plant").sync(2**31 - 1, client=logged_in)

    assert (refused.status, refused.type_) == (404, "urn:heliograph:problem:not-found")
