"""`make setup` keeps pip's chatter off the screen, and shows what pip says when it fails."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SAYS = "WARNING: Location 'file:///nowhere/simple/' is ignored: it is neither a file nor a directory."
PIP = f"""#!/bin/sh
echo "{SAYS}" >&2
echo "{SAYS}"
{{}}
"""


@pytest.fixture
def setup(tmp_path):
    """Calls `make setup` in a folder whose pip does what the script says."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)

    def call(script: str) -> subprocess.CompletedProcess[str]:
        python.write_text(PIP.format(script))
        python.chmod(0o755)
        return subprocess.run(
            ["make", "setup", f"PYTHON={sys.executable}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return call


def test_what_pip_remarks_stays_off_the_screen(setup):
    done = setup("exit 0")

    assert done.returncode == 0
    assert done.stdout.startswith("making .venv with Python 3.")
    assert "Location" not in done.stdout + done.stderr


def test_what_pip_says_is_shown_when_it_fails(setup):
    done = setup('echo "WARNING: Retrying after connection broken" >&2; echo "ERROR: No matching distribution" >&2; exit 1')

    assert done.returncode != 0
    assert "WARNING: Retrying after connection broken\nERROR: No matching distribution\n" in done.stderr
    assert "Location" not in done.stdout + done.stderr
