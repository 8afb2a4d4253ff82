import re
import subprocess
from dataclasses import fields
from pathlib import Path

from include.core.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_environment_lists_every_setting_with_its_sentence_and_default():
    expected = [
        (f"# {entry.metadata['help']}", f"# HELIOGRAPH_{entry.name.upper()}={entry.default}") for entry in fields(Settings)
    ]

    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [(lines[at - 1], line) for at, line in enumerate(lines) if line.startswith("# HELIOGRAPH_")]

    assert found == expected


def test_make_alone_lists_every_target():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    listed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout

    assert targets == {
        "help",
        "run",
        "serve",
        "test",
        "torture",
        "conformance",
        "check",
        "fmt",
        "lint",
        "setup",
        "lock",
        "sbom",
        "bench",
        "logs",
        "db-clean",
        "clean",
    }
    assert set(re.findall(r"make ([a-z-]+)", listed)) == targets


def test_an_old_python_is_refused_with_the_version_that_is_needed(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    refused = subprocess.run(["make", "-C", str(tmp_path), "setup", f"PYTHON={old}"], capture_output=True, text=True, check=False)

    assert refused.returncode != 0
    assert "Python 3.9.2; Heliograph needs 3.11 or newer" in refused.stderr


def test_a_python_without_venv_names_the_package_to_install(tmp_path):
    bare = tmp_path / "python3"
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n')
    bare.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    refused = subprocess.run(
        ["make", "-C", str(tmp_path), "setup", f"PYTHON={bare}"], capture_output=True, text=True, check=False
    )

    assert refused.returncode != 0
    assert "python3-venv" in refused.stderr
