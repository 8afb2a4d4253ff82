"""Keys and texts that come from outside: bounded, printable, storable; and records as bounded JSON text."""

import json
import re
import unicodedata
from typing import Any, Final

import msgspec

from include.core.identities import MAX_KEY, is_storable

MAX_STATE: Final = 255
MAX_RAW_BYTES: Final = 2000


def key(value: object) -> str | None:
    """Text of a vendor's identifier (text or whole number), trimmed; None where it is missing, too long or not storable.

    Keys of files are read by `include.core.identities`; a vendor is asked by the very text that it gave.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**40 else None
    return text(value, MAX_KEY)


def text(value: object, longest: int = MAX_KEY) -> str | None:
    """Trimmed text; None where it is no text, empty, too long, or holds control characters or lone surrogates."""
    if not isinstance(value, str):
        return None
    trimmed = value.strip()
    if not 0 < len(trimmed) <= longest or not is_storable(trimmed):
        return None
    return trimmed


def words(value: object, longest: int) -> str | None:
    """Text on one line, cut at a length; None where it is none."""
    return text(" ".join(value.split())[:longest], longest) if isinstance(value, str) else None


def plain(value: str) -> str:
    """Lower case without accents, words joined by underscores: `Mês (CPF/CNPJ)` -> `mes_cpf_cnpj`; for headers."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", value) if not unicodedata.combining(letter))
    return "_".join(re.findall(r"[^\W_]+", bare.lower()))


def raw_text(record: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON text of a record, at most 2 kB of UTF-8, without NUL characters and lone surrogates."""
    if isinstance(record, msgspec.Raw | bytes):
        written = bytes(record)[: MAX_RAW_BYTES * 2].decode("utf-8", "replace").strip()
    else:
        try:
            written = msgspec.json.encode(record).decode()
        except (ValueError, TypeError, OverflowError):
            # Lone surrogates and integers beyond 64 bits have no strict JSON form.
            written = json.dumps(record, ensure_ascii=False, default=msgspec.to_builtins)
    return written.replace("\0", "\ufffd").encode("utf-8", "replace")[:MAX_RAW_BYTES].decode("utf-8", "ignore")
