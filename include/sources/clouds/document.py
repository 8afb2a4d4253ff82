"""How vendors' answers rest in landing: one line that says what was asked, then the answer's bytes untouched.

Several answers may rest in one document: one line with the length of each, then the documents of the single answers as they are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import msgspec

from include.core.errors import BadDocument, Refused
from include.core.pulls import Request
from include.core.span import Span
from include.sources.formats import names
from include.sources.formats.json_text import check_nesting

MAX_NESTING: Final = 32
"""Deepest nesting of an answer; the vendors' own have six levels at most."""

TOP_LIST: Final = "[]"
"""Key under which an answer that is nothing but an array is read as an object."""

_TOGETHER: Final = "answers"
"""Field of the first line that has the lengths [bytes] of the documents of single answers behind it."""

_HEAD_PIECE: Final = 65_536
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class LandedAnswer:
    """One landed answer: the vendor, the request and the JSON object of the answer."""

    vendor: str
    request: Request
    data: Mapping[str, Any]


def pack(vendor: str, request: Request, raw: bytes) -> bytes:
    """The document of one answer. Nothing in it depends on the moment of asking, so an equal answer is an equal document."""
    head = {"vendor": vendor, **request.as_json()}
    return json.dumps(head, sort_keys=True, ensure_ascii=False).encode() + b"\n" + raw


def pack_together(documents: Sequence[bytes]) -> bytes:
    """One document of those of several answers, each untouched; of one answer it is its own."""
    if len(documents) == 1:
        return documents[0]
    return json.dumps({_TOGETHER: [len(one) for one in documents]}).encode() + b"\n" + b"".join(documents)


def single_documents(body: bytes | memoryview) -> list[bytes]:
    """The documents of the single answers in a landed one, in their order; raises `BadDocument` where bytes lack or are left."""
    whole = bytes(body)
    end = _end_of_head(whole)
    lengths = _lengths(whole[:end])
    if lengths is None:
        return [whole]
    ends = [end + 1 + reached for reached in accumulate(lengths)]
    if not ends or ends[-1] != len(whole):
        raise BadDocument("the first line tells other lengths of its answers than are there; the document is damaged")
    return [whole[last - length : last] for last, length in zip(ends, lengths, strict=True)]


def _lengths(head: bytes) -> list[int] | None:
    """Lengths of the documents of single answers; None where the document is that of one."""
    if not head.startswith(b'{"%s"' % _TOGETHER.encode()):
        return None
    try:
        lengths = msgspec.json.decode(head)[_TOGETHER]
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError) as error:
        raise BadDocument(
            f"the first line does not tell the lengths of its answers ({error}); the document is damaged"
        ) from error
    if not isinstance(lengths, list) or not all(type(one) is int and one > 0 for one in lengths):
        raise BadDocument("the first line tells lengths that are none; the document is damaged")
    return lengths


def common_span(body: bytes | memoryview) -> Span | None:
    """The span in which a landed document's answers hold all of their subjects; raises `BadDocument` where they differ."""
    spans = {unpack_request(one).authoritative_span for one in single_documents(body)}
    if len(spans) > 1:
        raise BadDocument("the document's answers are authoritative about different spans; they cannot be one document")
    return spans.pop()


def unpack_answer(body: bytes | memoryview) -> LandedAnswer:
    """Read a landed answer; raises `BadDocument` where it is none."""
    whole = bytes(body)
    end = _end_of_head(whole)
    vendor, request = _read_head(whole[:end])
    return LandedAnswer(vendor, request, json_object(whole[end + 1 :]))


def unpack_request(body: bytes | memoryview) -> Request:
    """The request of a landed answer, without touching the answer; raises `BadDocument` where there is none."""
    return _read_head(bytes(body[: _end_of_head(body)]))[1]


def _end_of_head(body: bytes | memoryview) -> int:
    """Where the first line ends. A `memoryview` has no `find`, so pieces of it are looked through."""
    for start in range(0, len(body), _HEAD_PIECE):
        if (found := bytes(body[start : start + _HEAD_PIECE]).find(b"\n")) >= 0:
            return start + found
    return len(body)


def _read_head(head: bytes) -> tuple[str, Request]:
    try:
        form = json.loads(head)
        vendor, request = form["vendor"], Request.from_json(form)
    except (ValueError, KeyError, TypeError, RecursionError, Refused) as error:
        raise BadDocument(
            f"the first line does not say what was asked of the vendor ({error}); the document is no answer"
        ) from error
    if any(key is None or names.text(key) != key for key in (vendor, *request.subjects)):
        raise BadDocument("the first line says something else than what was asked of a vendor; the document is no answer")
    return vendor, request


def json_object(raw: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer, of an array `{TOP_LIST: array}`; a byte order mark is skipped.

    Raises `BadDocument` for anything else: NaN, and what nests deeper than 32 levels, included.
    """
    text = raw.removeprefix(_BYTE_ORDER_MARK)
    check_nesting(text, MAX_NESTING)
    try:
        data = _decoded(text)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"the vendor's answer is not JSON ({error}); ask again") from error
    if isinstance(data, list):
        return {TOP_LIST: data}
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
