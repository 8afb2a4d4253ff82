"""What programs write beyond strict JSON, made strict: MongoDB's extended JSON, bare NaN and Infinity, halves of characters.

It is looked for in the text as a whole and costs nothing where it does not occur.
"""

import re
from typing import Final

_TYPED: Final = re.compile(
    rb'\{\s*"\$(?:number(?:Int|Long|Double|Decimal)|oid|uuid)"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s"{}\[\],]+)\s*\}'
)
_NUMBER: Final = re.compile(rb'"(-?(?:0|[1-9]\d{0,40})(?:\.\d{1,40})?(?:[eE][+-]?\d{1,4})?)"')
_BARE: Final = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity)\s*[,\]}]")
_TEXT_OR_BARE: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_HALF_PAIR: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)


def strict_json(text: bytes) -> bytes:
    """Make a JSON text strict.

    `{"$numberLong": "5"}` (Int, Double, Decimal) is 5, with "NaN" null, and `{"$oid": "..."}` (`$uuid`) its text;
    `{"$date": ...}` stays. A bare NaN is null, since pandas writes it for what is missing; a bare Infinity becomes a text, which
    is no number. Half of a surrogate pair is no character: it spoils its own text, not the document.
    """
    # One letter is found an order of magnitude faster than a word.
    if b"$" in text and (b'"$number' in text or b'"$oid"' in text or b'"$uuid"' in text):
        text = _TYPED.sub(_plain, text)
    if ((b"N" in text and b"NaN" in text) or (b"I" in text and b"Infinity" in text)) and _BARE.search(text):
        text = _TEXT_OR_BARE.sub(_without_bare, text)
    if b"\\" in text and (b"\\ud" in text or b"\\uD" in text):
        text = _HALF_PAIR.sub(_repaired, text)
    return text


def _plain(typed: re.Match[bytes]) -> bytes:
    value = typed[1]
    if value in {b'"NaN"', b"NaN"}:
        return b"null"
    number = _NUMBER.fullmatch(value) if b"$number" in typed[0] else None
    return number[1] if number else value


def _without_bare(found: re.Match[bytes]) -> bytes:
    if found[0].startswith(b'"'):
        return found[0]
    return b"null" if found[0].endswith(b"NaN") else b'"%b"' % found[0]


def _repaired(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape[1] else escape[0]
