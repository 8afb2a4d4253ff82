"""Which form of an answer a caller wants: JSON in its envelope, or the rows alone as CSV, JSON lines or Parquet."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, get_args

from fastapi import Request
from starlette.types import Scope

from api.errors import unprocessable
from api.models.choices import DecimalSign, TableFormat
from api.tables import Table, table_of

FORMATS: Final[tuple[TableFormat, ...]] = get_args(TableFormat)
DECIMAL_SIGNS: Final[tuple[DecimalSign, ...]] = get_args(DecimalSign)
MEDIA_TYPES: Final[dict[TableFormat, str]] = {
    "json": "application/json",
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
"""With which each form is sent."""
OUTPUT_PARAMETERS: Final = frozenset({"format", "fields", "decimal"})
"""Query parameters of every route whose answer is a table."""

_ALSO_ASKED_AS: Final[dict[str, TableFormat]] = {
    "application/csv": "csv",
    "application/jsonl": "jsonl",
    "application/jsonlines": "jsonl",
    "application/ndjson": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/parquet": "parquet",
    "application/x-parquet": "parquet",
}
_BY_MEDIA_TYPE: Final[dict[str, TableFormat]] = {media_type: name for name, media_type in MEDIA_TYPES.items()} | _ALSO_ASKED_AS
_WEIGHT: Final = re.compile(r"q\s*=\s*([01](?:\.\d{0,3})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """An answer as a table of the chosen columns; `decimal` is the sign of numbers in CSV."""

    format: TableFormat
    table: Table
    decimal: DecimalSign = "point"


def table_answer(request: Request) -> TableAnswer | None:
    """What a request wants instead of the envelope, None for the envelope; `format` goes before `Accept`.

    Raises a 422 problem for a format, field or sign that there is not, and for any of them where the answer is no list.
    """
    table = table_of(getattr(request.scope["route"], "response_model", None))
    named, fields = request.query_params.get("format"), request.query_params.get("fields")
    if table is None:
        _refuse_output("format", named)
        _refuse_output("fields", fields)
        _refuse_output("decimal", request.query_params.get("decimal"))
        return None
    if named is not None and named not in FORMATS:
        raise unprocessable("format", f"there is no format {named[:60]!r}; there are: {', '.join(FORMATS)}")
    wanted: TableFormat = accepted_format(request.scope) if named is None else named
    decimal = _decimal(request.query_params.get("decimal"), wanted)
    if wanted == "json":
        if fields is not None:
            raise unprocessable(
                "fields", "fields goes with format=csv, jsonl or parquet; JSON has the documented members, all of them"
            )
        return None
    return TableAnswer(wanted, table if fields is None else _chosen(table, fields), decimal)


def accepted_format(scope: Scope) -> TableFormat:
    """What `Accept` likes best (RFC 9110, 12.5.1); JSON where it likes nothing that there is."""
    return _best_of(b",".join([value for name, value in scope["headers"] if name == b"accept"]))


def _decimal(named: str | None, wanted: TableFormat) -> DecimalSign:
    for sign in DECIMAL_SIGNS:
        if named == sign and wanted == "csv":
            return sign
    if named is None:
        return "point"
    if named in DECIMAL_SIGNS:
        raise unprocessable("decimal", f"decimal goes with format=csv; numbers of {wanted} have no sign to choose")
    raise unprocessable("decimal", f"there is no decimal sign {named[:60]!r}; there are: {', '.join(DECIMAL_SIGNS)}")


def _refuse_output(parameter: str, value: str | None) -> None:
    if value is not None:
        raise unprocessable(parameter, f"the answer here is no list of rows and has one form; leave out {parameter}")


def _chosen(table: Table, fields: str) -> Table:
    chosen = table.choose([name.strip() for name in fields.split(",")])
    if isinstance(chosen, Table):
        return chosen
    known = ", ".join(column.name for column in table.columns)
    raise unprocessable("fields", f"there is no field {chosen[:60]!r} here; there are: {known}")


@lru_cache(maxsize=256)
def _best_of(accepted: bytes) -> TableFormat:
    ranges = _ranges(accepted.decode("latin-1"))
    best: tuple[float, int] = (0.0, 0)
    wanted: TableFormat = "json"
    for name in FORMATS:
        weight, precision = max(
            (_match(name, media_range, weight) for media_range, weight in ranges), key=lambda found: found[1], default=(0.0, 0)
        )
        # Of equal weights the one that is named goes before the one that is only among `*/*`.
        if weight > 0 and (weight, precision) > best:
            best, wanted = (weight, precision), name
    return wanted


def _ranges(accepted: str) -> list[tuple[str, float]]:
    """Media ranges, in lower case and without parameters, with their weights; an unreadable weight is none."""
    found = []
    for choice in accepted.lower().split(","):
        media_range, *parameters = (part.strip() for part in choice.split(";"))
        weights = [parameter for parameter in parameters if parameter.startswith("q")]
        read = _WEIGHT.fullmatch(weights[0]) if weights else None
        found.append((media_range, min(1.0, float(read[1])) if read else 0.0 if weights else 1.0))
    return found


def _match(name: TableFormat, media_range: str, weight: float) -> tuple[float, int]:
    """Weight and precision (3 named, 2 a kind, 1 anything, 0 no match) of a media range for a format."""
    if _BY_MEDIA_TYPE.get(media_range) == name:
        return weight, 3
    if media_range == MEDIA_TYPES[name].partition("/")[0] + "/*":
        return weight, 2
    return (weight, 1) if media_range == "*/*" else (0.0, 0)
