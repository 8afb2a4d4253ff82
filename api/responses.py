"""Answers: envelopes around JSON that PostgreSQL has built, with a strong ETag, 304 and gzip."""

from typing import Any

import msgspec
from fastapi import Request, Response

from api.answer_cache import AnswerBody

JSON = "application/json"
_SMALLEST_TO_PACK = 1024


def envelope(data: str, head: dict[str, Any] | None = None) -> AnswerBody:
    """`{<head>, "data": <data>}`; `data` is JSON text, head a dict of plain values."""
    if not head:
        return AnswerBody(b'{"data":' + data.encode() + b"}")
    return AnswerBody(msgspec.json.encode(head)[:-1] + b',"data":' + data.encode() + b"}")


def answer(request: Request, body: AnswerBody, *, media_type: str = JSON, headers: dict[str, str] | None = None) -> Response:
    """Send a body, or 304 where the caller has it already; packed where the caller can unpack and it pays.

    The ETag is strong, so the packed form has one of its own.
    """
    packs = (
        len(body.body) >= _SMALLEST_TO_PACK and media_type == JSON and _accepts_gzip(request.headers.get("accept-encoding", ""))
    )
    etag = f'"{body.digest}{"-gzip" if packs else ""}"'
    sent = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Accept-Encoding",
        **(headers or {}),
    }
    if _is_known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=sent)
    if packs:
        return Response(body.packed, headers={**sent, "Content-Encoding": "gzip"}, media_type=media_type)
    return Response(body.body, headers=sent, media_type=media_type)


def _is_known(if_none_match: str, etag: str) -> bool:
    # Compared weakly (RFC 9110, 13.1.2): a proxy that packs answers marks our tag as weak.
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or known == ["*"]


def _accepts_gzip(accepted: str) -> bool:
    for choice in accepted.lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
