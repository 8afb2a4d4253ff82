"""JSON on stdout for programs: numbers are numbers, instants are ISO 8601."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_json(found: object) -> None:
    """Print it; raises `TypeError` for a value that JSON has no form for."""
    print(json.dumps(found, default=_plain, indent=2, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} {value!r} has no form in JSON")
