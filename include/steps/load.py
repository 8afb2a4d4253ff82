"""Landed documents become trusted readings, or alarms: parse, check, load; one transaction per document."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from include.core.documents import DROPS, READING_FEEDS, LandedDocument
from include.core.errors import BadDocument
from include.core.frames import Piece
from include.core.settings import Settings
from include.core.span import Span, instant_of
from include.landing.store import ObjectStore
from include.quality.checks import Checked, check, check_all
from include.sources.clouds.document import unpack_request
from include.sources.feeds import ALARM_FEEDS, FEEDS, ParseContext
from include.sources.formats.unpack import Limits, unpack
from include.steps.alarms import ReadAlarms, write_alarms
from include.steps.code_version import code_version
from include.steps.each import each
from include.steps.refusal import refuse
from include.steps.registered import SUBJECT_KNOWN, WITHIN_RATING
from include.steps.subjects import SubjectDirectory
from include.warehouse import answers, documents, fleet, readings
from include.warehouse.engine import Connection, transaction
from include.warehouse.incoming import Contradicted, Gathered

_log = logging.getLogger(__name__)

_BATCH_BYTES: Final = 8_000_000
_BATCH_DOCUMENTS: Final = 200
_MAX_BATCHES: Final = 64
_SMALL_BYTES: Final = 100_000
_HANDFUL: Final = 40

CONTRADICTED: Final = "contradicted_in_document"
"""Reason of a row that a later row of the same document contradicts: the last one wins."""


def pending_batches(settings: Settings) -> list[list[int]]:
    """Landed documents in the order of receipt, cut into batches of at most 8 MB at rest or 200 documents."""
    with transaction(settings.database_url) as connection:
        pending = documents.read_pending(connection, READING_FEEDS)
    batches: list[list[int]] = []
    size = 0
    for document_id, stored_bytes in pending:
        if not batches or size + stored_bytes > _BATCH_BYTES or len(batches[-1]) == _BATCH_DOCUMENTS:
            batches.append([])
            size = 0
        batches[-1].append(document_id)
        size += stored_bytes
    return batches[:_MAX_BATCHES]


def load_batch(settings: Settings, document_ids: Sequence[int], *, now: datetime, run_id: str) -> dict[str, Any]:
    """Load documents one after the other. Returns the summed counts.

    A refused one never stops the rest, nor does one that cannot be loaded, whose error is raised in the end.
    """
    total: Counter[str] = Counter()

    def load(one: tuple[int, "_Read | None"]) -> None:
        counts = load_document(settings, *one, now=now, run_id=run_id)
        total["documents"] += 1
        if counts is None:
            total["refused_or_taken"] += 1
            return
        for name in ("parsed", "inserted", "updated", "unchanged", "duplicate", "quarantined"):
            total[f"{name}_rows"] += getattr(counts, f"{name}_rows")

    each(_read_together(settings, document_ids), load, label=lambda one: f"document {one[0]}")
    return dict(total)


def load_document(
    settings: Settings, document_id: int, read: "_Read | None" = None, *, now: datetime, run_id: str
) -> documents.LoadCounts | None:
    """Load one landed document in one transaction; None when it was refused, or when another load has it.

    `read` is what was made of it already, outside of this transaction.
    """
    with transaction(settings.database_url) as connection:
        document = documents.lock_document(connection, document_id)
        if document is None:
            return None
        try:
            made = read or _read(settings, connection, document)
        except BadDocument as error:
            refuse(settings, connection, document, str(error))
            return None
        readings.lock_tenant(connection, document.tenant_id)
        if made.zones != _zones(connection, document.tenant_id, made.source):
            # The operator moved a plant meanwhile: its times are to be read in another zone, by the next load.
            return None
        if isinstance(made, ReadAlarms):
            counts = write_alarms(connection, document, made)
        else:
            counts = _write(settings, connection, document, made)
        documents.write_load(connection, document, counts, loaded_at=now, run_id=run_id, code_version=code_version())
        if isinstance(made, _Read):
            # Registered or corrected while this document was read: its rows would wait for what has happened already.
            documents.reopen_waiting(connection, document.tenant_id, rule=SUBJECT_KNOWN, subjects=made.newly_known)
            documents.reopen_waiting(connection, document.tenant_id, rule=WITHIN_RATING, subjects=made.rated_anew)
    _log.info("Loaded %s %r of %s: %s", document.feed, document.original_name, document.tenant, counts)
    return counts


@dataclass(slots=True)
class _Read:
    """What parsing and checking made of one document.

    `zones` are those of the vendor's plants by which it was read; `word` is the span about which an answer is the whole word.
    """

    directory: SubjectDirectory
    source: str
    zones: Mapping[str, ZoneInfo]
    pieces: Iterator[Piece]
    word: Span | None = None
    gathered: Gathered = field(default_factory=Gathered)
    states: dict[tuple[int, datetime], tuple[str, int]] = field(default_factory=dict)
    contradicted_states: list[documents.QuarantinedRow] = field(default_factory=list)
    quarantined: list[documents.QuarantinedRow] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    parsed: int = 0
    repeated_states: int = 0
    quarantined_count: int = 0
    missing: int = 0
    newly_known: list[str] = field(default_factory=list)
    rated_anew: list[str] = field(default_factory=list)
    suite: str | None = None


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A small document on its way to a check that it shares with others."""

    document: LandedDocument
    read: _Read
    pieces: list[Piece]


def _read_together(settings: Settings, document_ids: Sequence[int]) -> Iterator[tuple[int, _Read | None]]:
    """Each document, and what was made of it where it is a small one: those are checked many at a time."""
    for start in range(0, len(document_ids), _HANDFUL):
        ids = document_ids[start : start + _HANDFUL]
        made: dict[int, _Parsed] = {}
        with transaction(settings.database_url) as connection:
            for document in documents.read_small_answers(connection, ids, most_bytes=_SMALL_BYTES):
                # What cannot be read is told where it is read alone.
                with suppress(Exception):
                    parsed = _parse(settings, connection, document)
                    made[document.document_id] = _Parsed(document, parsed, list(parsed.pieces))
        for feed in {parsed.document.feed for parsed in made.values()}:
            _judge(settings, [parsed for parsed in made.values() if parsed.document.feed == feed], feed)
        for document_id in ids:
            yield document_id, made[document_id].read if document_id in made else None


def _judge(settings: Settings, parsed: Sequence["_Parsed"], feed: str) -> None:
    pieces = [(one, piece) for one in parsed for piece in one.pieces]
    for one, piece in pieces:
        one.read.directory.describe(piece.frame, piece.subjects)
    received_at = [one.document.received_at for one, _ in pieces]
    verdicts = check_all([piece.frame for _, piece in pieces], received_at=received_at, feed=feed)
    for (one, piece), checked in zip(pieces, verdicts, strict=True):
        _take(settings, piece, checked, one.read)


def _read(settings: Settings, connection: Connection, document: LandedDocument) -> _Read | ReadAlarms:
    if document.feed in ALARM_FEEDS:
        feed = ALARM_FEEDS[document.feed]
        body, zones = _opened(settings, document), _zones(connection, document.tenant_id, feed.source)
        told = feed.parse(body, _context(settings, connection, document, zones))
        return ReadAlarms(told, unpack_request(body), feed.source, zones)
    read = _parse(settings, connection, document)
    for piece in read.pieces:
        read.directory.describe(piece.frame, piece.subjects)
        _take(settings, piece, check(piece.frame, received_at=document.received_at, feed=document.feed), read)
    return read


def _parse(settings: Settings, connection: Connection, document: LandedDocument) -> _Read:
    """A document of readings, parsed as its pieces are asked for."""
    feed, body = FEEDS[document.feed], _opened(settings, document)
    zones = _zones(connection, document.tenant_id, feed.source)
    tenant = fleet.read_tenant(connection, document.tenant)
    directory = SubjectDirectory(settings, tenant, feed.subject_kind, feed.source)
    pieces = feed.parse(body, _context(settings, connection, document, zones))
    return _Read(directory, feed.source, zones, pieces, _word(body, feed.source))


def _opened(settings: Settings, document: LandedDocument) -> bytes | memoryview:
    with ObjectStore(settings.landing).open(document.uri) as stored:
        return unpack(stored, limits=Limits.from_settings(settings))


def _zones(connection: Connection, tenant_id: int, source: str) -> dict[str, ZoneInfo]:
    """Zones of a vendor's plants; whoever drops files writes in the tenant's zone."""
    if source == DROPS:
        return {}
    zones = fleet.read_zones(connection, tenant_id)
    return {key: ZoneInfo(zone) for (whose, key), zone in zones.items() if whose == source}


def _context(settings: Settings, connection: Connection, document: LandedDocument, zones: Mapping[str, ZoneInfo]) -> ParseContext:
    return ParseContext(
        timezone=ZoneInfo(fleet.read_tenant(connection, document.tenant).timezone),
        original_name=document.original_name,
        max_rows=settings.max_rows,
        max_nesting=settings.max_nesting,
        zones=zones,
    )


def _word(body: bytes | memoryview, source: str) -> Span | None:
    if source == DROPS:
        return None
    request = unpack_request(body)
    return request.span if request.is_authoritative and request.subjects else None


def _take(settings: Settings, piece: Piece, checked: Checked, read: _Read) -> None:
    frame = piece.frame
    read.parsed += len(frame)
    read.missing += piece.missing_count
    read.suite = checked.suite
    read.reasons.update(checked.counts)
    _take_bad(settings, frame, checked, read)
    good = frame if checked.good.all() else frame[checked.good]
    is_state = (good["quantity"] == "state").to_numpy()
    if is_state.any():
        _take_states(good[is_state], read)
        good = good[~is_state]
    if len(good):
        read.gathered.add(
            series_id=read.directory.series_ids(good),
            measured_at=pd.DatetimeIndex(good["measured_at"]).as_unit("us").asi8,
            value=good["value"].to_numpy(),
            row_number=good["row_number"].to_numpy(),
        )


def _take_bad(settings: Settings, frame: pd.DataFrame, checked: Checked, read: _Read) -> None:
    bad = np.flatnonzero(~checked.good)
    read.quarantined_count += len(bad)
    room = settings.max_quarantine_rows - len(read.quarantined)
    for position in bad[: max(room, 0)]:
        read.quarantined.append(_quarantined(frame.iloc[position], checked.broken_rules(int(position))))


def _take_states(frame: pd.DataFrame, read: _Read) -> None:
    """Keep the last state of each instant; an earlier one that said something else is set aside."""
    columns = (frame["row_number"], read.directory.series_ids(frame), frame["measured_at"], frame["state"])
    for row_number, series_id, at, state in zip(*columns, strict=True):
        key = (int(series_id), at.to_pydatetime())
        earlier = read.states.get(key)
        if earlier is not None and earlier[0] == state:
            read.repeated_states += 1
        elif earlier is not None:
            subject, quantity = read.directory.name_of(key[0])
            payload = {"measured_at": at.isoformat(), "state": earlier[0]}
            read.contradicted_states.append(documents.QuarantinedRow(earlier[1], quantity, subject, (CONTRADICTED,), payload))
        read.states[key] = (state, int(row_number))


def _write(settings: Settings, connection: Connection, document: LandedDocument, read: _Read) -> documents.LoadCounts:
    settled = read.gathered.settle(most_contradicted=settings.max_quarantine_rows)
    incoming = settled.incoming
    contradicted_count = settled.contradicted_count + len(read.contradicted_states)
    if contradicted_count:
        read.reasons[CONTRADICTED] += contradicted_count
    rows = [
        *read.quarantined,
        *read.contradicted_states,
        *(_contradicted_row(row, read.directory) for row in settled.contradicted),
    ]
    if len(incoming):
        readings.ensure_partitions(settings.database_url, incoming)
    read.newly_known, read.rated_anew = read.directory.look_again(connection)
    written = _load(connection, document, incoming, read)
    states = [(series_id, at, state) for (series_id, at), (state, _) in read.states.items()]
    written += readings.load_states(connection, states, document_id=document.document_id)
    if states and read.source != DROPS:
        answers.withdraw_states(connection, _answer(document, read))
    documents.replace_quarantine(connection, document, rows[: settings.max_quarantine_rows])
    instants = [at for _, at in read.states] + ([incoming.first, incoming.last] if len(incoming) else [])
    return documents.LoadCounts(
        parsed_rows=read.parsed,
        inserted_rows=written.inserted,
        updated_rows=written.updated,
        unchanged_rows=written.unchanged,
        duplicate_rows=settled.duplicate_count + read.repeated_states,
        quarantined_rows=read.quarantined_count + contradicted_count,
        missing_values=read.missing,
        quarantine_reasons=read.reasons,
        quality_suite=read.suite,
        first_measured_at=min(instants, default=None),
        last_measured_at=max(instants, default=None),
    )


def _load(connection: Connection, document: LandedDocument, incoming: readings.Incoming, read: _Read) -> readings.Written:
    earlier = documents.read_earlier_span(connection, document.document_id)
    timezones = read.directory.timezones()
    if read.source == DROPS:
        told_before = (*earlier, document.tenant_id) if earlier else None
        return readings.load_readings(
            connection, incoming, document_id=document.document_id, timezones=timezones, earlier=told_before
        )
    return answers.load_answer(connection, incoming, _answer(document, read), timezones=timezones, earlier=earlier)


def _answer(document: LandedDocument, read: _Read) -> answers.Answer:
    return answers.Answer(document.document_id, document.tenant_id, document.feed, read.word)


def _quarantined(row: "pd.Series[Any]", broken_rules: tuple[str, ...]) -> documents.QuarantinedRow:
    subject, quantity = _text(row["subject"]), _text(row["quantity"]) or ""
    return documents.QuarantinedRow(int(row["row_number"]), quantity, subject, broken_rules, _payload(row))


def _contradicted_row(row: Contradicted, directory: SubjectDirectory) -> documents.QuarantinedRow:
    subject, quantity = directory.name_of(row.series_id)
    payload = {"measured_at": instant_of(row.measured_at).isoformat(), "value": row.value}
    return documents.QuarantinedRow(row.row_number, quantity, subject, (CONTRADICTED,), payload)


def _payload(row: "pd.Series[Any]") -> dict[str, Any]:
    at, value = row["measured_at"], row["value"]
    said = {
        "measured_at": None if pd.isna(at) else at.tz_convert(UTC).isoformat(),
        "value": None if pd.isna(value) else float(value),
        "state": row["state"],
        "raw": row["raw"],
    }
    return {name: part for name, part in said.items() if not pd.isna(part)}


def _text(value: object) -> str | None:
    return None if pd.isna(value) else str(value)  # type: ignore[call-overload]
