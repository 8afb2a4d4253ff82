"""Things that every command line has: its version, and words offered at the tab key."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.completion import complete_tenant
from cli.main import app
from cli.printed_json import print_json
from include.core.errors import NeedsHuman

ROOT = Path(__file__).resolve().parents[3]


def test_the_version_is_that_of_the_project():
    written = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert CliRunner().invoke(app, ["--version"]).output == f"heliograph {written[1]}\n"


def completed(words: str) -> set[str]:
    """What bash is offered for a command line that ends at the cursor."""
    environment = os.environ | {
        "_HELIO_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    helio = [str(Path(sys.executable).parent / "helio")]
    return set(subprocess.run(helio, env=environment, capture_output=True, text=True, check=False, timeout=300).stdout.split())


def test_a_shell_is_offered_feeds():
    assert completed("helio drop x --feed ") == {
        "plant_measurements", "telemetry_batches", "sensor_readings", "consumption", "registry",
    }  # fmt: skip


def test_tenants_are_offered_by_how_they_begin(monkeypatch):
    rows = [{"tenant": "lua"}, {"tenant": "sol"}, {"tenant": "solar"}]
    monkeypatch.setattr("include.steps.tenants.list_tenants", lambda _: rows)

    assert complete_tenant("so") == ["sol", "solar"]


def test_a_warehouse_that_is_away_offers_no_tenant(monkeypatch):
    def away(_: object) -> None:
        raise NeedsHuman("PostgreSQL is away")

    monkeypatch.setattr("include.steps.tenants.list_tenants", away)

    assert complete_tenant("") == []


def test_json_of_a_command_keeps_numbers_dates_and_letters(capsys):
    print_json(
        {"kwh": Decimal("1.50"), "rows": Decimal("3"), "day": date(2026, 1, 31), "at": datetime(2026, 1, 31, tzinfo=UTC), "ç": 1}
    )

    found = json.loads(capsys.readouterr().out)
    assert found == {"kwh": 1.5, "rows": 3, "day": "2026-01-31", "at": "2026-01-31T00:00:00+00:00", "ç": 1}


def test_a_value_without_a_form_in_json_is_an_error_and_no_guess():
    with pytest.raises(TypeError, match="bytes b'x' has no form in JSON"):
        print_json({"raw": b"x"})
