"""Several answers in one document: each is read as if it had come alone, and one that cannot be read silences no other."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from include.core.alarms import AlarmList
from include.core.errors import BadDocument
from include.core.frames import READING_COLUMNS, Piece
from include.sources.clouds.document import common_span, single_documents
from include.sources.formats.columns import Columns
from include.sources.formats.context import ParseContext

Parse = Callable[[bytes | memoryview, ParseContext], Iterator[Piece]]
ParseAlarms = Callable[[bytes | memoryview, ParseContext], AlarmList]

_MOST_SHOWN: Final = 2_000
"""Characters of an unreadable answer that are kept with its row; all of it rests in landing."""


def reading_together(parse: Parse) -> Parse:
    """A vendor's parser of one answer as one of documents that may hold several.

    Rows are numbered on from answer to answer. An answer that is none is one row that cannot be read.
    """

    def parse_all(body: bytes | memoryview, context: ParseContext) -> Iterator[Piece]:
        answers = single_documents(body)
        if len(answers) == 1:
            return parse(answers[0], context)
        common_span(body)
        return _joined([piece for pieces in _numbered_on(answers, parse, context) for piece in pieces])

    return parse_all


def listing_together(parse_alarms: ParseAlarms) -> ParseAlarms:
    """The same of a parser of alarms: what is complete about some plants stays so."""

    def parse_all(body: bytes | memoryview, context: ParseContext) -> AlarmList:
        answers = single_documents(body)
        if len(answers) == 1:
            return parse_alarms(answers[0], context)
        return _listed([_list(answer, parse_alarms, context) for answer in answers])

    return parse_all


def _numbered_on(answers: Sequence[bytes], parse: Parse, context: ParseContext) -> Iterator[list[Piece]]:
    """The pieces of each answer; its rows follow those of the answers before it."""
    before = 0
    for answer in answers:
        pieces = _pieces(answer, parse, context)
        for piece in pieces:
            piece.frame["row_number"] = piece.frame["row_number"].to_numpy() + np.int32(before)
        before = max([before, *(int(piece.frame["row_number"].max()) for piece in pieces if len(piece.frame))])
        yield pieces


def _pieces(answer: bytes, parse: Parse, context: ParseContext) -> list[Piece]:
    try:
        return list(parse(answer, context))
    except BadDocument as error:
        columns = Columns(context)
        columns.add_unreadable(1, "ac_power_kw", answer[:_MOST_SHOWN].decode(errors="replace"), str(error))
        return list(columns.rest())


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """One piece of many: what follows costs by the piece."""
    if not pieces:
        return
    frames = [piece.frame for piece in pieces]
    whole = pd.DataFrame({name: _column(name, frames) for name in READING_COLUMNS}, copy=False)
    subjects = {key: subject for piece in reversed(pieces) for key, subject in piece.subjects.items()}
    missing_count, marks = sum(piece.missing_count for piece in pieces), (piece.decimal_marks for piece in pieces)
    remarks = tuple(remark for piece in pieces for remark in piece.remarks)
    yield Piece(whole, subjects, missing_count, remarks, frozenset().union(*marks))


def _column(name: str, frames: Sequence[pd.DataFrame]) -> Any:  # noqa: ANN401 - a column of any type
    columns = [frame[name] for frame in frames]
    if name in {"subject", "quantity"}:
        return union_categoricals(columns)
    return pd.concat(columns, ignore_index=True)


def _list(answer: bytes, parse_alarms: ParseAlarms, context: ParseContext) -> AlarmList:
    try:
        return parse_alarms(answer, context)
    except BadDocument as error:
        return AlarmList([], (), is_complete=False, unreadable=(str(error),))


def _listed(lists: Sequence[AlarmList]) -> AlarmList:
    alarms = [alarm for one in lists for alarm in one.alarms]
    complete = [one for one in lists if one.is_complete]
    plant_keys = tuple(key for one in complete or lists for key in one.plant_keys)
    unreadable = tuple(why for one in lists for why in one.unreadable)
    return AlarmList(alarms, plant_keys, bool(complete), unreadable)
