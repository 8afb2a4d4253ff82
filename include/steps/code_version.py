"""Which code computed a number: the installed version of Heliograph."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def code_version() -> str:
    """Version of the installed project, or "unknown" when it runs from a bare checkout."""
    try:
        return version("heliograph")
    except PackageNotFoundError:
        return "unknown"
