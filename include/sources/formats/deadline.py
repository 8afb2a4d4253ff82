"""How much CPU a document may take: whoever opens it says so, and the loops that read it ask.

    with deadline(total_s=300, stalled_s=60):
        for piece in parse(body, context):   # its loops call `keep_deadline`
            note_progress()

Counted is what this thread computes: not what waits for a lock, a disk or a database, and nothing of another document.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from include.core.errors import BadDocument


@dataclass(slots=True)
class _Allowance:
    """CPU seconds of this thread at which a document began and last made progress, and what it may take from there."""

    total_s: float
    stalled_s: float
    began_s: float
    progress_s: float


_ALLOWANCE: Final[ContextVar[_Allowance | None]] = ContextVar("allowance", default=None)


@contextmanager
def deadline(*, total_s: float, stalled_s: float = 0) -> Iterator[None]:
    """Let a document take so much CPU [s] in all, and so much from one piece of its readings to the next; 0 is no limit."""
    now_s = time.thread_time()
    token = _ALLOWANCE.set(_Allowance(total_s, stalled_s, now_s, now_s))
    try:
        yield
    finally:
        _ALLOWANCE.reset(token)


def keep_deadline() -> None:
    """Raise `BadDocument` where the document at hand has taken more CPU than it may; costs a microsecond."""
    if (allowance := _ALLOWANCE.get()) is None:
        return
    now_s = time.thread_time()
    if 0 < allowance.total_s < now_s - allowance.began_s:
        raise BadDocument(
            f"reading it took more than {allowance.total_s:g} s of computing (HELIOGRAPH_MAX_DOCUMENT_CPU_S); "
            "split it and drop the parts"
        )
    if 0 < allowance.stalled_s < now_s - allowance.progress_s:
        raise BadDocument(
            f"it was read for {allowance.stalled_s:g} s of computing without a reading (HELIOGRAPH_MAX_STALLED_CPU_S); "
            "drop it without what is empty"
        )


def note_progress() -> None:
    """Tell that readings of the document at hand have come, and keep its deadline."""
    keep_deadline()
    if (allowance := _ALLOWANCE.get()) is not None:
        allowance.progress_s = time.thread_time()
