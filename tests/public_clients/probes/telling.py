"""How a probe is asked and tells: the sandbox's address and a day as arguments, one line of JSON at the end."""

import json
import sys
from datetime import UTC, date, datetime
from typing import Any


def asked() -> tuple[str, date]:
    """Address of the sandbox and the day that is asked about."""
    return sys.argv[1], date.fromisoformat(sys.argv[2])


def instant(day: date) -> datetime:
    """Midnight UTC of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def tell(**facts: Any) -> None:
    """Print what was read; a client may have printed before."""
    sys.stdout.write("\n" + json.dumps(facts, default=str) + "\n")
