"""One identity per subject: the key of a plant, device, customer or consumption point, in one form however it is written.

Keys are texts in Unicode's composed form (NFC) without invisible characters, trimmed, with single blanks inside; case and accents
are kept, for two codes may differ by them alone. What is known by its value has one form of it: UUIDs with dashes in lower case,
ULIDs in upper case, Brazilian tax numbers as bare digits and capitals.

A whole number that a spreadsheet has rounded (`1,23457E+13`) is no identity: several keys would become one.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from include.core.tax_numbers import TaxNumber, tax_number

MAX_KEY: Final = 200

_MOST_WRITTEN: Final = 4 * MAX_KEY
_EXACT_FLOAT: Final = 2.0**53

_WHOLE_FLOAT: Final = re.compile(r"(0|[1-9]\d{0,14})[.,]0", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"([1-9])(?:[.,](\d{1,40}))?E\+(\d{2})", re.ASCII | re.IGNORECASE)
_UUID: Final = re.compile(
    r"(?:urn:uuid:)?(\{?)([0-9a-f]{8})(-?)([0-9a-f]{4})\3([0-9a-f]{4})\3([0-9a-f]{4})\3([0-9a-f]{12})(\}?)",
    re.ASCII | re.IGNORECASE,
)
_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII | re.IGNORECASE)


def identity(value: object) -> str | None:
    """The one form of a key, a text or a whole number.

    None where it is missing, longer than 200 characters, not storable, or rounded by a spreadsheet (`is_rounded`).
    """
    if isinstance(value, str):
        return _of_text(value) if len(value) <= _MOST_WRITTEN else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        if not value.is_integer() or abs(value) > _EXACT_FLOAT:
            return None
        value = int(value)
    return _of_text(str(value)) if abs(value) < 10**40 else None


def customer_identity(value: object, column: TaxNumber | None = None) -> str | None:
    """The same of a customer, whose key may be a tax number; `column` is which one the name of the column says, if it does."""
    key = identity(value)
    return None if key is None else tax_number(key, column) or key


def is_rounded(value: object) -> bool:
    """Whether a key is a number of which a spreadsheet or a program has kept the first digits only, such as `1,23457E+13`."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) > _EXACT_FLOAT
    if not isinstance(value, str) or len(value) > _MOST_WRITTEN:
        return False
    found = _SCIENTIFIC.fullmatch(value.strip())
    return found is not None and len(found[2] or "") != int(found[3])


def why_rounded(value: object) -> str:
    """What is told of a rounded key, as a sentence for the person who sent it."""
    return (
        f"the key {str(value)[:60]!r} was rounded by a spreadsheet; format the column as text, enter the whole keys and drop the "
        "file again"
    )


def is_storable(value: str) -> bool:
    """Whether PostgreSQL and a log line can hold the text: no control characters, lone surrogates or replaced characters."""
    if "\ufffd" in value:
        return False
    return value.isprintable() or all(unicodedata.category(letter) not in {"Cc", "Cs"} for letter in value)


@lru_cache(maxsize=20_000)
def _of_text(written: str) -> str | None:
    key = _spaced(written)
    if not 0 < len(key) <= MAX_KEY or not is_storable(key) or is_rounded(key):
        return None
    return _by_value(key) or key


def _spaced(written: str) -> str:
    """Composed, without invisible characters (Unicode's category Cf: zero width, soft hyphen, direction), single blanks."""
    if not written.isascii():
        visible = "".join(letter for letter in written if unicodedata.category(letter) != "Cf")
        written = unicodedata.normalize("NFC", visible)
    return " ".join(written.split())


def _by_value(key: str) -> str | None:
    if _ULID.fullmatch(key):
        return key.upper()
    if (found := _UUID.fullmatch(key)) and bool(found[1]) == bool(found[8]):
        return "-".join(found.group(2, 4, 5, 6, 7)).lower()
    if found := _WHOLE_FLOAT.fullmatch(key):
        return found[1]
    if found := _SCIENTIFIC.fullmatch(key):
        return found[1] + (found[2] or "")
    return None
