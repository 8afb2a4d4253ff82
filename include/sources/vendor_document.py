"""How a vendor's answer rests in landing: one line that says what was asked, then the answer's bytes untouched."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

import msgspec

from include.core.errors import BadDocument, Refused
from include.core.pulls import AnswerKind, Ask
from include.core.span import Span
from include.sources import names
from include.sources.json_text import check_nesting

MAX_NESTING: Final = 32
"""Deepest nesting of an answer; the vendors' own have six levels at most."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class LandedAnswer:
    """One landed answer: the vendor, the ask and the JSON object of the answer."""

    vendor: str
    ask: Ask
    data: Mapping[str, Any]


def pack(vendor: str, ask: Ask, raw: bytes) -> bytes:
    """The document of one answer. Nothing in it depends on the moment of asking, so an equal answer is an equal document."""
    asked = {
        "vendor": vendor,
        "interface": ask.interface,
        "kind": ask.kind,
        "asked": dict(ask.body),
        "span": [ask.span.start.isoformat(), ask.span.end.isoformat()] if ask.span else None,
        "subjects": list(ask.subjects),
        "is_whole": ask.is_whole,
    }
    return json.dumps(asked, sort_keys=True, ensure_ascii=False).encode() + b"\n" + raw


def unpack_answer(body: bytes | memoryview) -> LandedAnswer:
    """Read a landed answer; raises `BadDocument` where it is none."""
    head, _, raw = bytes(body).partition(b"\n")
    vendor, ask = _asked(head)
    return LandedAnswer(vendor, ask, json_object(raw))


def unpack_ask(body: bytes | memoryview) -> Ask:
    """What a landed answer was asked; raises `BadDocument` where it is none."""
    return _asked(bytes(body).partition(b"\n")[0])[1]


def _asked(head: bytes) -> tuple[str, Ask]:
    try:
        said = json.loads(head)
        span = Span(*(datetime.fromisoformat(text) for text in said["span"])) if said["span"] else None
        ask = Ask(said["interface"], said["asked"], said["kind"], span, tuple(said["subjects"]), said["is_whole"])
        vendor = said["vendor"]
    except (ValueError, KeyError, TypeError, RecursionError, Refused) as error:
        raise BadDocument(
            f"the first line does not say what was asked of the vendor ({error}); the document is no answer"
        ) from error
    is_ask = isinstance(ask.interface, str) and isinstance(ask.body, dict) and ask.kind in get_args(AnswerKind)
    if not is_ask or not isinstance(said["subjects"], list) or not all(names.text(key) == key for key in (vendor, *ask.subjects)):
        raise BadDocument("the first line says something else than what was asked of a vendor; the document is no answer")
    return vendor, ask


def json_object(raw: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer; a byte order mark is skipped.

    Raises `BadDocument` for anything else: NaN, and what nests deeper than 32 levels, included.
    """
    text = raw.removeprefix(_BYTE_ORDER_MARK)
    check_nesting(text, MAX_NESTING)
    try:
        data = _decoded(text)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"the vendor's answer is not JSON ({error}); ask again") from error
    if not isinstance(data, dict):
        raise BadDocument("the vendor's answer is no JSON object; ask again")
    return data


def _decoded(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # A lone surrogate or a number beyond float64 spoils only its own value.
        return json.loads(text.decode(), parse_constant=_no_constant)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
