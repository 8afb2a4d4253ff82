"""Typefaces for letters that IBM Plex Sans has not (it has Latin, Greek and Cyrillic): Debian's, where they are installed."""

import logging
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont

_log = logging.getLogger(__name__)
# That tables without meaning on paper are left out is of no interest.
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)

_NOTO: Final = (
    "Arabic", "Hebrew", "Devanagari", "Bengali", "Gujarati", "Gurmukhi", "Kannada", "Malayalam", "Oriya", "Sinhala", "Tamil",
    "Telugu", "Thai", "Lao", "Khmer", "Myanmar", "Armenian", "Georgian", "Ethiopic",
)  # fmt: skip
_FOLDER: Final = Path("/usr/share/fonts/truetype")
FALLBACK_FONTS: Final = (
    *(_FOLDER / f"noto/NotoSans{name}-Regular.ttf" for name in _NOTO),
    _FOLDER / "droid/DroidSansFallbackFull.ttf",
    _FOLDER / "nanum/NanumGothic.ttf",
)
"""Of Debian's fonts-noto-core, fonts-droid-fallback (Chinese, Japanese) and fonts-nanum (Korean): the first that has a letter."""


def typefaces_for(letters: Iterable[str], fonts: Iterable[Path]) -> dict[Path, frozenset[int]]:
    """The characters of the first installed typeface that has each letter; letters that none has are left out."""
    found: dict[Path, frozenset[int]] = {}
    known = [(path, _characters(path, path.stat().st_mtime_ns)) for path in fonts if path.exists()]
    for letter in letters:
        path, characters = next(((path, known) for path, known in known if ord(letter) in known), (None, None))
        if path is not None and characters is not None:
            found[path] = characters
    return found


def tell_missing(letters: Iterable[str]) -> None:
    """Warn that letters are printed as boxes, by their scripts and not by the name that they stand in."""
    scripts = sorted({unicodedata.name(letter, "unnamed").split()[0].lower() for letter in letters})
    _log.warning(
        "No typeface for letters of: %s; each is printed as a box. Install Debian's fonts-noto-core, fonts-droid-fallback "
        "and fonts-nanum where reports are rendered",
        ", ".join(scripts),
    )


@cache
def _characters(path: Path, _changed_at: int) -> frozenset[int]:
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())
