"""A line with words that run from right to left, cut into runs as they stand on paper from the left."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Literal

from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection

from include.reports.plain_text import END_OF_ISOLATE, ISOLATE, JOINERS

Direction = Literal["ltr", "rtl"]


def closed_lines(lines: Sequence[str]) -> list[str]:
    """Lines of a broken text, each with whole isolates: what is isolated over two lines moves nothing beside it in either."""
    closed, is_open = [], False
    for line in lines:
        told = f"{ISOLATE}{line}" if is_open else line
        is_open = told.count(ISOLATE) > told.count(END_OF_ISOLATE)
        closed.append(f"{told}{END_OF_ISOLATE}" if is_open else told)
    return closed


def runs_of(text: str) -> list[tuple[str, Direction]]:
    """The runs of a line that begins at the left, in the order of the Unicode bidirectional algorithm (UAX 9, L2).

    Within a run the letters stay in the order in which they are read; shaping turns those of `rtl`. fpdf2 tells the levels, but
    leaves runs within runs, such as a number within Arabic, in the order of the text.
    """
    told = BidiParagraph(text, TextDirection.LTR, preserve_bn_chars=True).get_characters()
    levels: list[tuple[int, str]] = []
    for char in told:
        if char.character not in {ISOLATE, END_OF_ISOLATE}:
            # What is neither seen nor heard stays with what it follows.
            is_joiner = char.character in JOINERS and levels
            levels.append((levels[-1][0] if is_joiner else char.embedding_level, char.character))
    runs = [(level, "".join(char for _, char in run)) for level, run in groupby(levels, key=itemgetter(0))]
    for level in range(max((level for level, _ in runs), default=0), 0, -1):
        runs = [
            run
            for is_within, group in groupby(runs, key=lambda run: run[0] >= level)
            for run in (reversed(list(group)) if is_within else group)
        ]
    return [(part, "rtl" if level % 2 else "ltr") for level, part in runs]
