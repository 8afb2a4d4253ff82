"""Small answers of vendors, prepared many at a time: a check costs a pass of its own, whether of one document or of forty."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from include.core.frames import Piece
from include.core.settings import Settings
from include.quality.checks import check_all
from include.steps.document_context import DocumentContext, read_contexts
from include.steps.prepared_readings import PreparedReadings, open_readings
from include.warehouse import documents
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

_SMALL_BYTES: Final = 100_000
_HANDFUL: Final = 40

_Parsed = tuple[PreparedReadings, list[Piece]]


class SmallAnswers:
    """The small answers among the documents of a batch.

    They are prepared a handful at a time, when the first document of the handful is asked for, so that memory stays bounded. What
    cannot be prepared together is left out, whatever the reason: loaded alone, the document at fault raises it.
    """

    def __init__(self, settings: Settings, document_ids: Sequence[int]) -> None:
        """Nothing is read yet."""
        self._settings = settings
        self._handfuls = {
            document_ids[start]: document_ids[start : start + _HANDFUL] for start in range(0, len(document_ids), _HANDFUL)
        }
        self._prepared: dict[int, PreparedReadings] = {}

    def take(self, document_id: int) -> PreparedReadings | None:
        """What was prepared of a document, once; None where it is to be prepared alone. Documents come in their order."""
        if handful := self._handfuls.pop(document_id, None):
            self._prepared = self._prepare(handful)
        return self._prepared.pop(document_id, None)

    def _prepare(self, document_ids: Sequence[int]) -> dict[int, PreparedReadings]:
        parsed_by_feed: dict[str, list[_Parsed]] = {}
        for context in self._read_contexts(document_ids):
            with _left_out(f"Document {context.document.document_id}"):
                prepared, pieces = open_readings(context)
                parsed_by_feed.setdefault(context.document.feed, []).append((prepared, list(pieces)))
        checked: dict[int, PreparedReadings] = {}
        for feed, parsed in parsed_by_feed.items():
            with _left_out(f"{len(parsed)} documents of {feed}"):
                _check_together(feed, parsed)
                checked |= {prepared.context.document.document_id: prepared for prepared, _ in parsed}
        return checked

    def _read_contexts(self, document_ids: Sequence[int]) -> list[DocumentContext]:
        contexts: list[DocumentContext] = []
        with _left_out(f"{len(document_ids)} documents"), transaction(self._settings.database_url) as connection:
            small = documents.read_small_answers(connection, document_ids, most_bytes=_SMALL_BYTES)
            contexts += read_contexts(self._settings, connection, small)
        return contexts


def _check_together(feed: str, parsed: Sequence[_Parsed]) -> None:
    pieces = [(prepared, piece) for prepared, pieces in parsed for piece in pieces]
    for prepared, piece in pieces:
        prepared.directory.describe(piece.frame, piece.subjects)
    received_at = [prepared.context.document.newest_receipt for prepared, _ in pieces]
    verdicts = check_all([piece.frame for _, piece in pieces], received_at=received_at, feed=feed)
    for (prepared, piece), checked in zip(pieces, verdicts, strict=True):
        prepared.take(piece, checked)


@contextmanager
def _left_out(what: str) -> Iterator[None]:
    """Let what fails together be prepared alone."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it is raised again, by the document whose fault it is
        _log.info("%s will be prepared alone: %s: %s", what, type(error).__name__, error)
