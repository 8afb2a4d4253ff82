"""The laws of the house that a machine can hold."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.core.quantities import QUANTITIES

ROOT = Path(__file__).resolve().parents[2]
SQL = sorted((ROOT / "include").rglob("*.sql"))
PYTHON = sorted(
    file for room in ("include", "api", "cli", "dags", "plugins", "sandbox", "bench") for file in (ROOT / room).rglob("*.py")
)


def test_no_room_opens_a_door_that_the_plan_does_not_have():
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert result.returncode == 0, result.stdout[-3000:]
    assert "0 broken" in result.stdout


def test_no_room_or_file_is_a_drain():
    banned = {"utils", "util", "common", "helpers", "helper", "services", "service", "manager", "misc", "base"}
    names = {part for file in PYTHON for part in file.relative_to(ROOT).with_suffix("").parts}

    assert len(PYTHON) > 100
    assert not names & banned


UNITS = ("_kw", "_kwh", "_kwp", "_kvar", "_w_m2", "_kwh_m2", "_c", "_pct", "_v", "_a", "_hz", "_m_s", "_dbm")


@pytest.mark.parametrize("name", sorted(set(QUANTITIES) - {"state", "signal_lqi", "power_factor"}))
def test_the_name_of_a_quantity_carries_its_unit(name):
    assert name.endswith(UNITS)
    assert QUANTITIES[name].low < QUANTITIES[name].high
    assert QUANTITIES[name].label_en
    assert QUANTITIES[name].label_pt


def test_columns_of_energy_power_and_time_carry_their_unit():
    migrations = "\n".join(file.read_text() for file in SQL if "migrations" in file.parts)
    tables = "\n".join(re.findall(r"^CREATE TABLE [^(]+\((.*?)^\)", migrations, re.MULTILINE | re.DOTALL))
    columns = re.findall(r"^\s{4}(\w+)\s+(float8|timestamptz|date)\b", tables, re.MULTILINE)
    statistics = {
        "sum",
        "mean",
        "min",
        "max",
        "first",
        "last",
        "stddev",
        "median",
        "p95",
        "p99",
        "value",
        "latitude",
        "longitude",
        "completeness",
        "score",
    }

    assert len(columns) > 40
    for name, kind in columns:
        if kind == "timestamptz":
            assert name.endswith("_at"), name
        elif kind == "float8":
            assert name in statistics or name.endswith(("_kw", "_kwh", "_kwp", "_s", "_deg", "_pct", "_kg_kwh", "_kwh_m2")), name
        else:
            assert name in {"month", "local_day", "local_date", "valid_from"} or name.endswith("_on"), name


def test_every_block_of_sql_is_named_once_and_used():
    code = "\n".join(file.read_text() for file in PYTHON)
    for file in SQL:
        names = re.findall(r"^-- name: (\w+)$", file.read_text(), re.MULTILINE)
        assert len(names) == len(set(names)), file
        for name in names:
            assert f'"{name}"' in code or re.search(rf'f"{name.split("_")[0]}_{{', code), f"{file.name}: {name} is used nowhere"


def test_every_block_of_sql_says_what_it_is_for():
    blocks = {
        f"{file.parent.parent.name}/{file.name}: {block.splitlines()[0]}": block.splitlines()[1]
        for file in SQL
        for block in file.read_text().split("-- name: ")[1:]
    }

    assert len(blocks) > 200
    assert [name for name, line in blocks.items() if not re.match(r"-- \w", line)] == []


def test_queries_never_read_the_clock():
    for file in SQL:
        if "migrations" not in file.parts:
            assert not re.search(
                r"\b(now\(\)|current_timestamp|current_date|clock_timestamp)", file.read_text(), re.IGNORECASE
            ), file


def test_the_work_never_reads_the_clock_or_the_environment():
    for file in PYTHON:
        if "include" not in file.relative_to(ROOT).parts[:1]:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow", "environ"}:
                owner = ast.unparse(node.value)
                assert owner not in {"datetime", "date", "os"} or file.name == "settings.py", f"{file.name}: {owner}.{node.attr}"


def test_the_project_speaks_of_itself_alone():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split("\n")
    words = (
        "pypi" + ".org",
        "pythonhosted",
        "registry.npmjs",
        "deb.debian",
        "/wor" + "k/",
        "farm-" + "studio",
        "before-" + "stop",
    )
    for name in filter(None, listed):
        file = ROOT / name
        if file.suffix in {".ttf", ".png", ".gz", ".xlsx", ".pdf"} or not file.is_file():
            continue
        content = file.read_text(encoding="utf-8", errors="replace").lower()
        for word in words:
            assert word not in content or name == "tests/house/test_laws.py", f"{name} names {word}"


def test_no_url_leaves_it_to_sqlalchemy_which_driver_of_postgresql_it_wants():
    driverless = re.compile("postgres(ql)?:" + "//")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    texts = {name: (ROOT / name).read_text(encoding="utf-8", errors="ignore") for name in tracked if (ROOT / name).is_file()}

    assert "docker-compose.yaml" in texts
    assert [name for name, text in texts.items() if driverless.search(text)] == []
