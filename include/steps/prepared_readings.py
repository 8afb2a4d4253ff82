"""The readings of one landed document: parsed piece by piece and checked, then written in the transaction of its load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from include.core.documents import DROPS
from include.core.frames import Piece
from include.core.settings import Settings
from include.core.span import Span, instant_of
from include.quality.checks import Checked, check
from include.quality.rules import NUMBER_UNAMBIGUOUS, SUBJECT_KNOWN, WITHIN_RATING
from include.sources.clouds.document import common_span
from include.sources.feeds import FEEDS
from include.sources.formats.deadline import note_progress
from include.steps.document_context import DocumentContext
from include.steps.gathered_states import GatheredStates
from include.steps.quarantine_rows import QuarantineRows, contradicted_row
from include.steps.subjects import SubjectDirectory
from include.warehouse import answers, documents, notations, readings
from include.warehouse.engine import Connection
from include.warehouse.incoming import Gathered, Incoming, Settled


@dataclass(slots=True)
class PreparedReadings:
    """What parsing and checking made of one document.

    `authoritative_span` is the span in which a vendor's answer holds all of its subjects' readings, None where it does not.
    `overtaken` has, by rule and known after `write`, the subjects that were registered or corrected while the document was read:
    its quarantined rows would wait for what has happened already. Of a rule with None all that wait are overtaken.
    """

    context: DocumentContext
    directory: SubjectDirectory
    quarantine: QuarantineRows
    authoritative_span: Span | None = None
    gathered: Gathered = field(default_factory=Gathered)
    settled: Settled = field(init=False)
    states: GatheredStates = field(default_factory=GatheredStates)
    parsed_rows: int = 0
    missing_values: int = 0
    remarks: list[str] = field(default_factory=list)
    suite: str | None = None
    decimal_marks: frozenset[str] = frozenset()
    overtaken: Mapping[str, list[str] | None] = field(default_factory=dict)

    def take(self, piece: Piece, checked: Checked) -> None:
        """Take a piece that the directory has described, with its verdict."""
        frame = piece.frame
        self.parsed_rows += len(frame)
        self.missing_values += piece.missing_count
        self.remarks += piece.remarks
        self.suite = checked.suite
        self.decimal_marks |= piece.decimal_marks
        self.quarantine.add_broken(frame, checked)
        good = frame if checked.good.all() else frame[checked.good]
        if "state" in good["quantity"].cat.categories:
            is_state = (good["quantity"] == "state").to_numpy()
            states = good[is_state]
            self.states.add(states, self.directory.series_ids(states))
            good = good[~is_state]
        if len(good):
            self._gather(good)

    def make_room(self, settings: Settings, now: datetime) -> None:
        """Make the partitions that its readings need, before the transaction of its load: days at most since last month."""
        self.settled = self.gathered.settle(most_contradicted=self.context.most_quarantined)
        if len(self.settled.incoming):
            last_month = (now.astimezone(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1)
            readings.ensure_partitions(
                settings.database_url, self.settled.incoming, settings.partition_width, days_since=last_month
            )

    def write(self, connection: Connection) -> documents.LoadCounts:
        """Write what was gathered, in a transaction that holds the tenant's lock, after `make_room`; returns the balance."""
        settled = self.settled
        self._set_aside_contradicted(settled)
        newly_known, rated_anew = self.directory.look_again(connection)
        self.overtaken = {SUBJECT_KNOWN: newly_known, WITHIN_RATING: rated_anew}
        if notations.add_decimal_marks(connection, self.context.document, self.decimal_marks):
            self.overtaken = {**self.overtaken, NUMBER_UNAMBIGUOUS: None}
        written = self._write_readings(connection, settled.incoming) + self._write_states(connection)
        documents.replace_quarantine(connection, self.context.document, self.quarantine.rows)
        return self._counts(settled, written)

    def _gather(self, frame: pd.DataFrame) -> None:
        self.gathered.add(
            series_id=self.directory.series_ids(frame),
            measured_at=np.asarray(frame["measured_at"].astype("int64"), np.int64),
            value=frame["value"].to_numpy(),
            row_number=frame["row_number"].to_numpy(),
        )

    def _set_aside_contradicted(self, settled: Settled) -> None:
        name_of = self.directory.name_of
        states = [
            contradicted_row(row.row_number, *name_of(row.series_id), {"measured_at": row.at.isoformat(), "state": row.state})
            for row in self.states.contradicted
        ]
        self.quarantine.add_contradicted(states, len(states))
        rows = [
            contradicted_row(
                row.row_number,
                *name_of(row.series_id),
                {"measured_at": instant_of(row.measured_at).isoformat(), "value": row.value},
            )
            for row in settled.contradicted
        ]
        self.quarantine.add_contradicted(rows, settled.contradicted_count)

    def _write_readings(self, connection: Connection, incoming: Incoming) -> readings.Written:
        document, timezones = self.context.document, self.directory.timezones()
        earlier = documents.read_earlier_span(connection, document.document_id)
        if self.context.source != DROPS:
            return answers.load_answer(connection, incoming, self._answer(), timezones=timezones, earlier=earlier)
        return readings.load_readings(
            connection,
            incoming,
            document_id=document.document_id,
            timezones=timezones,
            earlier=(*earlier, document.tenant_id) if earlier else None,
        )

    def _write_states(self, connection: Connection) -> readings.Written:
        rows = self.states.rows()
        written = readings.load_states(connection, rows, document_id=self.context.document.document_id)
        if rows and self.context.source != DROPS:
            answers.retract_states(connection, self._answer())
        return written

    def _answer(self) -> answers.Answer:
        document = self.context.document
        return answers.Answer(document.document_id, document.tenant_id, document.feed, self.authoritative_span)

    def _counts(self, settled: Settled, written: readings.Written) -> documents.LoadCounts:
        instants: list[datetime] = self.states.instants()
        if len(settled.incoming):
            instants += [settled.incoming.first, settled.incoming.last]
        return documents.LoadCounts(
            parsed_rows=self.parsed_rows,
            inserted_rows=written.inserted,
            updated_rows=written.updated,
            unchanged_rows=written.unchanged,
            duplicate_rows=settled.duplicate_count + self.states.repeated,
            quarantined_rows=self.quarantine.count,
            missing_values=self.missing_values,
            quarantine_reasons=self.quarantine.reasons,
            quality_suite=self.suite,
            first_measured_at=min(instants, default=None),
            last_measured_at=max(instants, default=None),
            remarks=self.remarks,
            plant_ids=self.directory.plant_ids(),
        )


def prepare_readings(context: DocumentContext) -> PreparedReadings:
    """Parse and check a document, a piece at a time; raises `BadDocument` where it cannot be read, or takes too long."""
    with context.deadline():
        prepared, pieces = open_readings(context)
        for piece in pieces:
            note_progress()
            prepared.directory.describe(piece.frame, piece.subjects)
            prepared.take(piece, check(piece.frame, received_at=context.document.newest_receipt, feed=context.document.feed))
    return prepared


def open_readings(context: DocumentContext) -> tuple[PreparedReadings, Iterator[Piece]]:
    """A document of which nothing is taken yet, and its pieces, parsed as they are asked for."""
    feed, body = FEEDS[context.document.feed], context.read_body()
    directory = SubjectDirectory(context.database_url, context.tenant, feed.subject_kind, context.source)
    prepared = PreparedReadings(context, directory, QuarantineRows(context.most_quarantined))
    if context.source != DROPS:
        prepared.authoritative_span = common_span(body)
    return prepared, feed.parse(body, context.parsing)
