"""Text that others wrote (names of tenants, plants, inverters) made fit for a page or a mail."""

import re
import unicodedata
from typing import Final

from include.core.errors import Refused

_BREAKS: Final = {"Cc", "Cs", "Zl", "Zp"}
ISOLATE: Final = "\u2068"
END_OF_ISOLATE: Final = "\u2069"
"""Between them stands text whose direction moves nothing around it (UAX 9)."""

_RIGHT_TO_LEFT: Final = {"R", "AL", "AN"}
JOINERS: Final = {"\u200c", "\u200d"}
_VIRAMA: Final = 9
_INVISIBLE: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str | None, most: int = 200) -> str:
    """One line without control, bidirectional, zero-width and unassigned characters; composed (NFC), spaces single.

    A joiner stays where it is spelling, as in Persian and Hindi.

    Longer than `most` characters ends in an ellipsis. Nothing left gives a dash.
    """
    # Only a bounded part is looked at: a name of a million characters must not cost a second.
    composed = unicodedata.normalize("NFC", (text or "")[: 4 * most])
    visible = "".join(
        " " if char.isspace() else char
        for before, char in zip(" " + composed, composed, strict=False)
        if char.isspace() or _is_visible(char) or _is_spelling(before, char)
    )
    line = " ".join(visible.split())
    return (line if len(line) <= most else line[: most - 1].rstrip() + "…") or "–"


def named(text: str | None, most: int = 200) -> str:
    """A name within a sentence, as `clean` makes it; one that runs from right to left keeps its direction to itself."""
    name = clean(text, most)
    return f"{ISOLATE}{name}{END_OF_ISOLATE}" if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in name) else name


def in_font(text: str, known: frozenset[int]) -> str:
    """The same text in characters that the font has: unknown pictures are dropped, unknown letters become �; never empty."""
    kept = "".join(char if ord(char) in known or char in {ISOLATE, END_OF_ISOLATE} else _stand_in(char) for char in text)
    return re.sub(" {2,}", " ", kept).strip(" ") or "–"


def header_safe(name: str, value: str) -> str:
    """The value, in which nothing is an encoded word (RFC 2047): the library would decode it, line breaks included.

    Raises `Refused` where it holds a line break, a control character or half of a surrogate pair.
    """
    for position, char in enumerate(value):
        if unicodedata.category(char) in _BREAKS:
            where = f"(U+{ord(char):04X}) at position {position}"
            raise Refused(f"mail header {name} holds a line break or control character {where}; correct the text")
    return value.replace("=?", "= ?")


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in _INVISIBLE


def _is_spelling(before: str, char: str) -> bool:
    """A zero-width joiner or non-joiner behind a letter that joins, or a virama, as in names of hosts (RFC 5892, A.1 and A.2)."""
    return char in JOINERS and (unicodedata.bidirectional(before) == "AL" or unicodedata.combining(before) == _VIRAMA)


def _stand_in(char: str) -> str:
    return "" if unicodedata.category(char) in {"So", "Sk", "Mn", "Me", "Cf"} else "\ufffd"
