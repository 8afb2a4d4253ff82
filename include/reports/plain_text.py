"""Text that others wrote (names of tenants, plants, inverters) made fit for a page or a mail."""

import re
import unicodedata
from typing import Final

from include.core.errors import Refused

_BREAKS: Final = {"Cc", "Cs", "Zl", "Zp"}
_INVISIBLE: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str | None, most: int = 200) -> str:
    """One line without control, bidirectional, zero-width and unassigned characters; composed (NFC), spaces single.

    Longer than `most` characters ends in an ellipsis. Nothing left gives a dash.
    """
    # Only a bounded part is looked at: a name of a million characters must not cost a second.
    composed = unicodedata.normalize("NFC", (text or "")[: 4 * most])
    visible = "".join(" " if char.isspace() else char for char in composed if char.isspace() or _is_visible(char))
    line = " ".join(visible.split())
    return (line if len(line) <= most else line[: most - 1].rstrip() + "…") or "–"


def in_font(text: str, known: frozenset[int]) -> str:
    """The same text in characters that the font has: unknown pictures are dropped, unknown letters become �; never empty."""
    kept = "".join(char if ord(char) in known else _stand_in(char) for char in text)
    return re.sub(" {2,}", " ", kept).strip(" ") or "–"


def header_safe(name: str, value: str) -> str:
    """The value itself; raises `Refused` where it holds a line break, a control character or half of a surrogate pair."""
    for position, char in enumerate(value):
        if unicodedata.category(char) in _BREAKS:
            where = f"(U+{ord(char):04X}) at position {position}"
            raise Refused(f"mail header {name} holds a line break or control character {where}; correct the text")
    return value


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in _INVISIBLE


def _stand_in(char: str) -> str:
    return "" if unicodedata.category(char) in {"So", "Sk", "Mn", "Me"} else "\ufffd"
