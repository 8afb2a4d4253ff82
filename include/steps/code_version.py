"""Which code computed a number: the installed version of Heliograph, and the commit where it runs from a checkout."""

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]


@cache
def code_version() -> str:
    """Such as `0.1.0+4a03c20`, with `.changed` where the checkout is not as it was committed; the version alone without git."""
    try:
        release = version("heliograph")
    except PackageNotFoundError:
        release = "unknown"
    commit = _commit()
    return f"{release}+{commit}" if commit else release


def _commit() -> str:
    if not (_ROOT / ".git").exists():
        return ""
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=.changed"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
