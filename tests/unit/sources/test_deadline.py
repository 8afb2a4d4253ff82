"""Reading ends where a document has taken more CPU than it may; the clock is a false one, so that nothing is burnt."""

import gzip
import io
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from openpyxl import Workbook

from include.core.errors import BadDocument
from include.sources.feeds import FEEDS
from include.sources.formats import deadline as subject
from include.sources.formats.deadline import deadline, keep_deadline, note_progress
from include.sources.formats.unpack import Limits, unpack

TOO_LONG = "more than 5 s of computing"


@dataclass
class Cpu:
    """CPU time of the thread; each look at it may cost something."""

    now_s: float = 100.0
    look_s: float = 0.0

    def thread_time(self) -> float:
        self.now_s += self.look_s
        return self.now_s


@pytest.fixture
def cpu(monkeypatch) -> Cpu:
    cpu = Cpu()
    monkeypatch.setattr(subject, "time", SimpleNamespace(thread_time=cpu.thread_time))
    return cpu


def test_a_document_may_take_what_it_was_given_and_no_more(cpu):
    with deadline(total_s=5, stalled_s=0):
        cpu.now_s += 5
        keep_deadline()
        cpu.now_s += 0.1
        with pytest.raises(BadDocument, match=TOO_LONG):
            keep_deadline()


def test_readings_give_it_more_time_but_not_more_than_in_all(cpu):
    with deadline(total_s=5, stalled_s=2):
        for _ in range(2):
            cpu.now_s += 1.9
            note_progress()
        cpu.now_s += 1.9
        with pytest.raises(BadDocument, match=TOO_LONG):
            note_progress()


def test_without_a_reading_it_ends_sooner(cpu):
    with deadline(total_s=5, stalled_s=2):
        cpu.now_s += 1.9
        note_progress()
        cpu.now_s += 2.1
        with pytest.raises(BadDocument, match="for 2 s of computing without a reading"):
            keep_deadline()


def test_zero_is_no_limit_and_outside_of_a_document_there_is_none(cpu):
    with deadline(total_s=0, stalled_s=0):
        cpu.now_s += 1e6
        note_progress()
    cpu.now_s += 1e6
    keep_deadline()
    note_progress()


def test_each_document_has_its_own(cpu):
    for _ in range(3):
        with deadline(total_s=5, stalled_s=5):
            cpu.now_s += 4
            keep_deadline()


def a_workbook() -> bytes:
    """Larger than is read at once."""
    book = Workbook()
    book.active.append(["customer", "month", "kwh"])
    for number in range(3000):
        book.active.append([f"customer {number}", "2026-01", number])
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


LINES = 20_000
READING = b'{"server_ulid":"S1","timestamp":"2026-03-01T00:00:00Z","temperature":1}\n'
READERS = {
    "JSON lines": ("sensor_readings", READING + b"{}\n" * LINES),
    "a JSON array": ("telemetry_batches", b"[" + b"{}," * LINES + b"{}]"),
    "blank lines of a CSV": ("sensor_readings", b"server_ulid,timestamp,temperature\n" + b"\n" * LINES),
    "empty rows of a CSV": ("consumption", b"customer,month,kwh\n" + b",,\n" * LINES),
    "rows of a workbook": ("consumption", a_workbook()),
}


@pytest.mark.parametrize("name", READERS)
def test_what_reads_a_document_keeps_its_deadline(cpu, context, name):
    feed, body = READERS[name]
    with deadline(total_s=5):
        cpu.look_s = 10
        with pytest.raises(BadDocument, match=TOO_LONG):
            list(FEEDS[feed].parse(body, context))


def test_unpacking_keeps_the_deadline(cpu):
    stored = io.BytesIO(gzip.compress(b" " * 1_000_000))
    with deadline(total_s=5):
        cpu.look_s = 10
        with pytest.raises(BadDocument, match=TOO_LONG):
            unpack(stored, limits=Limits(10_000_000, 10_000_000, 200.0))
