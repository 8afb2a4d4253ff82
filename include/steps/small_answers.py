"""Small answers of vendors, prepared many at a time: a check costs a pass of its own, whether of one document or of forty."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Final

from include.core.frames import Piece
from include.core.settings import Settings
from include.core.stores import StoreFailure
from include.quality.checks import check_all
from include.quality.rules import Rule, rules_of
from include.steps.document_context import DocumentContext, read_contexts
from include.steps.prepared_readings import PreparedReadings, open_readings
from include.warehouse import documents
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_SMALL_BYTES: Final = 100_000
_MOST_BYTES: Final = 4_000_000
"""Of documents that are prepared together, at rest: what is made of them is in memory at the same time."""

_MOST_DOCUMENTS: Final = 200

_Parsed = tuple[PreparedReadings, list[Piece]]


class SmallAnswers:
    """The small answers among the documents of a batch.

    They are prepared many at a time, when the first of them is asked for, so that memory stays bounded. What cannot be prepared
    together is left out, whatever the reason: loaded alone, the document at fault raises it.
    """

    def __init__(self, settings: Settings, document_ids: Sequence[int]) -> None:
        """Nothing is read yet."""
        self._settings = settings
        self._document_ids = document_ids
        self._waiting: dict[int, list[DocumentContext]] | None = None
        self._prepared: dict[int, PreparedReadings] = {}

    def take(self, document_id: int) -> PreparedReadings | None:
        """What was prepared of a document, once; None where it is to be prepared alone. Documents come in their order."""
        if self._waiting is None:
            self._waiting = {together[0].document.document_id: together for together in _bounded(self._read_contexts())}
        if contexts := self._waiting.pop(document_id, None):
            self._prepared = _prepare(contexts)
        return self._prepared.pop(document_id, None)

    def _read_contexts(self) -> list[DocumentContext]:
        contexts: list[DocumentContext] = []
        with _left_out(f"{len(self._document_ids)} documents"), transaction(self._settings.database_url) as connection:
            small = documents.read_small_answers(connection, self._document_ids, most_bytes=_SMALL_BYTES)
            contexts += read_contexts(self._settings, connection, small)
        return contexts


def _bounded(contexts: Sequence[DocumentContext]) -> Iterator[list[DocumentContext]]:
    """Those to be prepared together, in their order."""
    together: list[DocumentContext] = []
    size_bytes = 0
    for context in contexts:
        size_bytes += context.document.stored_bytes
        if together and (size_bytes > _MOST_BYTES or len(together) == _MOST_DOCUMENTS):
            yield together
            together, size_bytes = [], context.document.stored_bytes
        together.append(context)
    if together:
        yield together


def _prepare(contexts: Sequence[DocumentContext]) -> dict[int, PreparedReadings]:
    parsed_by_feed: dict[tuple[int, str], list[_Parsed]] = {}
    for context in contexts:
        document = context.document
        with _left_out(f"Document {document.document_id}"), context.deadline():
            prepared, pieces = open_readings(context)
            parsed_by_feed.setdefault((document.tenant_id, document.feed), []).append((prepared, list(pieces)))
    described: dict[tuple[Rule, ...], list[_Parsed]] = {}
    for (_, feed), parsed in parsed_by_feed.items():
        with _left_out(f"{len(parsed)} documents of {feed}"):
            _describe_together(parsed)
            described.setdefault(rules_of(feed), []).extend(parsed)
    checked: dict[int, PreparedReadings] = {}
    for parsed in described.values():
        with _left_out(f"{len(parsed)} documents"):
            _check_together(parsed)
            checked |= {prepared.context.document.document_id: prepared for prepared, _ in parsed}
    return checked


def _describe_together(parsed: Sequence[_Parsed]) -> None:
    """Look the subjects of documents of one feed up, once for all of them."""
    directory, named = parsed[0][0].directory, [_subjects_of(pieces) for _, pieces in parsed]
    directory.look_up(chain.from_iterable(named), {})
    for (prepared, pieces), keys in zip(parsed, named, strict=True):
        prepared.directory = directory.part(keys)
        for piece in pieces:
            prepared.directory.describe(piece.frame, piece.subjects)


def _check_together(parsed: Sequence[_Parsed]) -> None:
    """Check documents of feeds with the same rules in one pass."""
    pieces = [(prepared, piece) for prepared, pieces in parsed for piece in pieces]
    taken = [prepared.context.document for prepared, _ in pieces]
    verdicts = check_all(
        [piece.frame for _, piece in pieces],
        received_at=[document.newest_receipt for document in taken],
        feeds=[document.feed for document in taken],
    )
    for (prepared, piece), checked in zip(pieces, verdicts, strict=True):
        prepared.take(piece, checked)


def _subjects_of(pieces: Sequence[Piece]) -> set[str]:
    return {str(key) for piece in pieces for key in piece.frame["subject"].cat.categories}


@contextmanager
def _left_out(what: str) -> Iterator[None]:
    """Let what fails together be prepared alone, unless it would fail alone for the same reason."""
    try:
        yield
    except StoreFailure:
        raise
    except Exception as error:  # noqa: BLE001 - it is raised again, by the document whose fault it is
        _log.info("%s will be prepared alone: %s: %s", what, type(error).__name__, error)
