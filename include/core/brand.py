"""How a tenant's reports, mails and page look: a logo, two colours that can be read, and a line at the foot."""

import re
from dataclasses import dataclass
from typing import Final

from include.core.errors import Refused

MIN_TEXT_CONTRAST: Final = 4.5
"""Of text against its ground (WCAG 2.2, 1.4.3)."""
MIN_SHAPE_CONTRAST: Final = 3.0
"""Of a shape against what is beside it (WCAG 2.2, 1.4.11)."""

_WHITE: Final = "#ffffff"
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Brand:
    """A look: of a tenant, or without arguments Heliograph's own.

    White text stands on `main_colour`, and text of that colour on white; `accent_colour` is the line beside it. Both are as
    `#1f4e79`. `logo_png` is on white, as `include.reports.logo` makes it.
    """

    main_colour: str = "#1f4e79"
    accent_colour: str = "#f0a830"
    footer: str | None = None
    logo_png: bytes | None = None


OWN_BRAND: Final = Brand()
"""Heliograph's own."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a colour such as `#1f4e79`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """How well two colours are told apart, 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def require_readable(brand: Brand) -> None:
    """Raise `Refused` for what is no colour, and for colours that cannot be read, with their contrast."""
    for name, colour in (("main", brand.main_colour), ("accent", brand.accent_colour)):
        if not _COLOUR.fullmatch(colour):
            raise Refused(f"the {name} colour {colour[:30]!r} is none; write six hexadecimal digits such as #1f4e79")
    text = contrast(brand.main_colour, _WHITE)
    if text < MIN_TEXT_CONTRAST:
        raise Refused(
            f"the main colour {brand.main_colour} has a contrast of {_told(text)}:1 against white, on which and under which text "
            f"stands; {MIN_TEXT_CONTRAST}:1 is the least (WCAG 1.4.3): take a darker one"
        )
    shape = contrast(brand.accent_colour, brand.main_colour)
    if shape < MIN_SHAPE_CONTRAST:
        raise Refused(
            f"the accent colour {brand.accent_colour} has a contrast of {_told(shape)}:1 against the main colour "
            f"{brand.main_colour} beside it; {MIN_SHAPE_CONTRAST}:1 is the least (WCAG 1.4.11): take a lighter one"
        )


def _told(ratio: float) -> str:
    """Cut, not rounded: 4.4999 is not told as enough."""
    return f"{int(ratio * 100) / 100:.2f}"


def _luminance(colour: str) -> float:
    shares = (part / 255 for part in rgb(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
