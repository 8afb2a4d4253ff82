"""The recipe *A vendor cloud* of CONTRIBUTING.md, followed with Toy Cloud in a copy of the house.

A new vendor is its folder, its row in `core/vendors.py` and its place in the registry; everything else follows.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).parent / "toy"
COPIED = (
    "include", "dags", "plugins", "cli", "tests/sources/conformance", "tests/unit/sources/clouds/fakes.py",
    "tests/payloads", "pyproject.toml", "requirements.in", "README.md",
)  # fmt: skip


def insert(path: Path, before: str, lines: str) -> None:
    whole = path.read_text()
    assert whole.count(before) == 1, f"{before!r} does not stand once in {path}"
    path.write_text(whole.replace(before, lines + before))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house with Toy Cloud in it."""
    copy = tmp_path_factory.mktemp("house")
    for name in (*COPIED, *(f"tests/{path.name}" for path in ROOT.glob("tests/*.py"))):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    shutil.copytree(TOY / "folder", copy / "include" / "sources" / "clouds" / "toy")
    shutil.copytree(TOY / "payloads", copy / "tests" / "payloads" / "toy")
    insert(copy / "include" / "core" / "vendors.py", '    )\n}\n"""Vendors by name."""', (TOY / "row.txt").read_text())
    registry = copy / "include" / "sources" / "clouds" / "registry.py"
    insert(registry, "\nCLOUDS: Final", "from include.sources.clouds.toy import cloud as toy\n")
    insert(registry, "huawei.CLOUD)", "toy.CLOUD, ")
    return copy


def python(house: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, which knows nothing of the original."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HELIOGRAPH", "AIRFLOW", "PYTEST"))}
    environment = kept | {"PYTHONPATH": str(house)} | environment
    return subprocess.run([sys.executable, *words], cwd=house, env=environment, capture_output=True, text=True, check=False)


def test_it_passes_the_suite_that_every_vendor_must_pass(house: Path) -> None:
    done = python(house, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0", "tests/sources/conformance", "-k", "toy", "-rN")

    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
    assert int(done.stdout.rpartition(" passed")[0].split()[-1]) > 40


@pytest.mark.airflow
def test_its_dag_its_connection_form_and_its_hook_follow_from_its_row(house: Path, tmp_path: Path) -> None:
    code = (
        "import json\n"
        "from plugins import vendor_hooks\n"
        "from plugins.provider_info import get_provider_info\n"
        "from dags import land_vendors\n"
        "types = {form['connection-type']: form for form in get_provider_info()['connection-types']}\n"
        "hook = getattr(vendor_hooks, types['heliograph_toy']['hook-class-name'].rpartition('.')[2])\n"
        "dag = land_vendors.land_toy\n"
        "pools = sorted({task.pool for task in dag.tasks} - {'default_pool'})\n"
        "print(json.dumps([dag.dag_id, pools, hook.hook_name, hook.vendor]))\n"
    )

    done = python(house, "-c", code, AIRFLOW_HOME=str(tmp_path))

    assert json.loads(done.stdout.splitlines()[-1]) == ["land_toy", ["vendor_toy"], "Toy Cloud", "toy"], done.stderr[-3000:]


@pytest.fixture(scope="module")
def followed(house: Path, new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = python(house, str(TOY / "follow.py"), new_warehouse(), str(tmp_path_factory.mktemp("home")))
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.postgres
@pytest.mark.gx
def test_names_hosts_pools_and_urgencies_follow_from_its_row(followed: dict[str, Any]) -> None:
    assert followed["names"] == {
        "feeds": ["toy_alarms", "toy_devices", "toy_plants"],
        "sources": True,
        "pool": 8,
        "host": "https://api.toy.example",
        "is_vendors_own": True,
        "priority_of_days": 2,
    }


@pytest.mark.postgres
@pytest.mark.gx
def test_a_pull_brings_its_plants_and_readings_to_the_warehouse(followed: dict[str, Any]) -> None:
    rows = followed["pull"]["rows"]

    assert rows["plants"] == [["A", "toy", "America/Sao_Paulo"], ["B", "toy", "Europe/Berlin"], ["C", "toy", "America/Sao_Paulo"]]
    energies = [row for row in rows["readings"] if row[1] == "energy_day_kwh"]
    assert {row[3] for row in energies} == {20.5}
    assert {row[0] for row in energies} == {"A", "B", "C"}
    # A day is settled three hours after its midnight, and three closed days are asked for.
    assert [row[2][:16] for row in energies if row[0] == "B"] == ["2026-06-12 22:00", "2026-06-13 22:00", "2026-06-14 22:00"]


@pytest.mark.postgres
@pytest.mark.gx
def test_a_device_that_is_refused_does_not_silence_its_group(followed: dict[str, Any]) -> None:
    rows = followed["pull"]["rows"]

    assert [row[0] for row in rows["readings"] if row[1] == "ac_power_kw"] == ["a1", "b1"]
    assert rows["refused"] == ["c1"]


@pytest.mark.postgres
@pytest.mark.gx
def test_calls_are_gets_at_the_address_that_the_login_names_and_are_counted_per_subject(followed: dict[str, Any]) -> None:
    assert {f"http://{host}" for host, _, _ in followed["calls"]} == {followed["pull"]["second_address"]}
    assert {"A", "B", "C"} <= set(followed["pull"]["rows"]["subjects"])
