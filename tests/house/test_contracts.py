"""Every contract of the layers catches the import that it forbids: one line is added to a copy of the sources, and it breaks."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["name"] for contract in SETTINGS["contracts"]}

FLOORS = "Four floors; rooms on one floor have no doors between them"
UPSTAIRS = "Upstairs drinks only from the warehouse"
WORK = "The work knows neither its orchestrator nor its web server"
API = "The API reads only the warehouse, and minutes, which are computed"
COMMANDS = "The command line reaches the work only through steps"
PLUGINS = "Plugins reach the warehouse and the vendors only through steps"
SANDBOX = "The sandbox shares nothing with what it tests"
VENDORS = "Vendors do not know each other"
NETWORK = "The network is reached through the HTTP client of the clouds"
STORES = "Object stores are reached in landing and in the report store"
CIRCLES = "No two rooms or files need each other in a circle"
GROUND = "The ground floor carries no heavy library"
EXPECTATIONS = "Great Expectations lives in quality"
SQL = "SQL lives in the warehouse and the floor above"
PDF = "PDF pages are made in reports"

CLOUDS = "include/sources/clouds"
MUTANTS = [
    (FLOORS, "include/core/span.py", "import include.warehouse.engine"),
    (FLOORS, "include/landing/files.py", "import include.warehouse.engine"),
    (FLOORS, "include/reports/store.py", "import include.rollups.roll_up"),
    (FLOORS, "include/utils.py", ""),
    (UPSTAIRS, "include/reports/store.py", "import include.landing.files"),
    (WORK, "include/steps/land.py", "import airflow.sdk"),
    (WORK, "include/warehouse/engine.py", "import fastapi"),
    (WORK, "include/steps/land.py", "import plugins.vendor_accounts"),
    (API, "api/routers/plants.py", "import include.steps.land"),
    (API, "api/routers/plants.py", "import sqlalchemy"),
    (API, "api/minutes.py", "import include.rollups.roll_up"),
    (API, "api/history.py", "import include.rollups.minutes"),
    (API, "api/deps.py", "import plugins.vendor_accounts"),
    (COMMANDS, "cli/fleet.py", "import include.warehouse.fleet"),
    (COMMANDS, "cli/fleet.py", "import include.landing.drops"),
    (COMMANDS, "cli/vendor_accounts.py", "import include.sources.clouds.registry"),
    (PLUGINS, "plugins/integration_secrets.py", "import include.warehouse.integrations"),
    (PLUGINS, "plugins/vendor_hooks.py", "import include.sources.clouds.registry"),
    (SANDBOX, "sandbox/limits.py", "import include.core.span"),
    (SANDBOX, "sandbox/limits.py", "import cli.run.settings"),
    (VENDORS, f"{CLOUDS}/huawei/__init__.py", "import include.sources.clouds.deye"),
    (VENDORS, f"{CLOUDS}/deye/__init__.py", "import include.sources.clouds.sungrow"),
    (NETWORK, "include/steps/land.py", "import requests"),
    (NETWORK, "include/reports/mail.py", "import urllib3"),
    (NETWORK, f"{CLOUDS}/session.py", "import httpx"),
    (NETWORK, "plugins/vendor_hooks.py", "import aiohttp"),
    (STORES, "include/steps/land.py", "import upath"),
    (STORES, "include/steps/report.py", "import fsspec"),
    (CIRCLES, "sandbox/calls.py", "import sandbox.faults"),
    (CIRCLES, "include/warehouse/queries.py", "import include.warehouse.fleet"),
    (CIRCLES, "cli/run/settings.py", "import cli.main"),
    (GROUND, "include/core/quantities.py", "import numpy"),
    (EXPECTATIONS, "include/steps/land.py", "import great_expectations"),
    (SQL, "include/steps/land.py", "import sqlalchemy"),
    (SQL, "cli/run/demo.py", "import psycopg2"),
    (SQL, "cli/fleet.py", "import sqlalchemy"),
    (PDF, "api/routers/reports.py", "import fpdf"),
]


# Runs in one process for all mutants: most of the time of `lint-imports` is its start.
_LINT_EACH = """
import contextlib, io, json, pathlib, re, sys
from importlinter.cli import lint_imports

def broken():
    with contextlib.redirect_stdout(io.StringIO()) as told:
        status = lint_imports(no_cache=True)
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)(?: [(].*[)])?$", told.getvalue(), re.MULTILINE))
    assert set(verdicts) == set(contracts) and status == ("BROKEN" in verdicts.values()), told.getvalue()
    return [name for name, verdict in verdicts.items() if verdict == "BROKEN"]

contracts, mutants = json.load(sys.stdin)
found = [broken()]
for file, line in mutants:
    path = pathlib.Path(file)
    before = path.read_text() if path.exists() else None
    path.write_text((before or "") + "\\n" + line + "\\n")
    found.append(broken())
    path.unlink() if before is None else path.write_text(before)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What `lint-imports` finds broken in a copy of the sources: as they are, then with each mutant in turn."""
    copy = tmp_path_factory.mktemp("sources")
    for package in SETTINGS["root_packages"]:
        shutil.copytree(REPOSITORY / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
        # A folder without it would be merged with that of the installed project.
        (copy / package / "__init__.py").touch()
    shutil.copy(REPOSITORY / "pyproject.toml", copy)
    order = json.dumps([sorted(CONTRACTS), [mutant[1:] for mutant in MUTANTS]])
    command = [sys.executable, "-c", _LINT_EACH]
    done = subprocess.run(command, cwd=copy, env={"PYTHONPATH": "."}, input=order, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_the_sources_as_they_are_keep_every_contract(broken: list[list[str]]) -> None:
    assert broken[0] == []


@pytest.mark.parametrize(("number", "contract"), [(number, mutant[0]) for number, mutant in enumerate(MUTANTS, start=1)])
def test_a_contract_catches_the_import_that_it_forbids(broken: list[list[str]], number: int, contract: str) -> None:
    assert contract in broken[number], MUTANTS[number - 1]


def test_every_contract_has_a_mutant() -> None:
    assert {contract for contract, _, _ in MUTANTS} == CONTRACTS


def test_no_vendor_knows_another_also_one_that_no_contract_names_yet() -> None:
    folders = {path.parent.name: path.parent for path in REPOSITORY.glob(f"{CLOUDS}/*/cloud.py")}
    assert {"sungrow", "deye", "huawei"} <= set(folders)

    found = [
        f"{path.relative_to(REPOSITORY)} knows {other}"
        for vendor, folder in folders.items()
        for path in folder.glob("*.py")
        for other in set(folders) - {vendor}
        if f"include.sources.clouds.{other}" in path.read_text(encoding="utf-8")
    ]

    assert found == []
