"""Answers: JSON that PostgreSQL has built, in an envelope or as a table, whole, packed or as 304."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from fastapi import Response
from starlette.types import Scope

from api.answer_body import AnswerBody
from api.models.choices import TableFormat
from api.output_formats import MEDIA_TYPES, TableAnswer
from api.request_state import RequestState
from api.tables import Cells, Table, csv_bytes, json_lines_bytes, parquet_bytes, spreadsheet_bytes

_WRITERS: Final[dict[TableFormat, Callable[[Table, Sequence[Cells]], bytes]]] = {
    "csv": csv_bytes,
    "jsonl": json_lines_bytes,
    "parquet": parquet_bytes,
}


def envelope(data: str, head: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> AnswerBody:
    """`{<head>, "data": <data>}`; `data` is JSON text, head a dict of plain values."""
    if not head:
        return AnswerBody(b'{"data":' + data.encode() + b"}", headers)
    return AnswerBody(msgspec.json.encode(head)[:-1] + b',"data":' + data.encode() + b"}", headers)


def table_body(
    output: TableAnswer, path: str, data: str, head: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> AnswerBody:
    """The rows of `data` alone, as a file named after the path; the head's `columns` name the values of rows that are arrays."""
    rows = output.table.rows(data, layout=(head or {}).get("columns"))
    # A path may hold digits of any script.
    name = re.sub(r"[^A-Za-z0-9]+", "-", path.removeprefix("/api/v1/")).strip("-")
    named = {"Content-Disposition": f'attachment; filename="{name}.{output.format}"'}
    write = spreadsheet_bytes if output.decimal == "comma" else _WRITERS[output.format]
    body = write(output.table, rows)
    return AnswerBody(body, {**named, **(headers or {})}, media_type=MEDIA_TYPES[output.format])


def answer(scope: Scope, body: AnswerBody) -> Response:
    """Send a body, or 304 where the caller has it already; packed where the caller can unpack and it pays."""
    record: RequestState = scope["state"]["record"]
    packs = body.pays_to_pack and accepts_gzip(record.header(b"accept-encoding"))
    form = body.packed if packs else body.whole
    return form.unchanged if is_known(record.header(b"if-none-match"), form.etag) else form.answer


def is_known(if_none_match: str, etag: str) -> bool:
    """Does the caller have that body already?"""
    # Compared weakly (RFC 9110, 13.1.2): a proxy that packs answers marks our tag as weak.
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or known == ["*"]


def accepts_gzip(accepted: str) -> bool:
    """Can the caller unpack, by its `Accept-Encoding`?"""
    for choice in accepted.lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
