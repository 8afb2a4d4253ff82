"""What landing leaves alone is told once: in the log of the run that found it, and in a page for as long as it is so."""

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from include.landing.files import shown

_MOST: Final = 1000


def new_sentences(page: Path, left_alone: Collection[tuple[Path, str]]) -> list[str]:
    """Replace the page by what is left alone now, a line each; returns the lines that it did not hold before.

    A page that cannot be written only means that its lines are told again.
    """
    lines = sorted({f"{shown(str(path), most=1000)}: {sentence}" for path, sentence in left_alone})[:_MOST]
    known = _read(page)
    if lines != known:
        _replace(page, lines)
    return [line for line in lines if line not in set(known)]


def _read(page: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return page.read_text(encoding="utf-8").splitlines()
    return []


def _replace(page: Path, lines: list[str]) -> None:
    partial = page.with_suffix(".tmp")
    with contextlib.suppress(OSError):
        page.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        partial.replace(page)
