"""The cache of the last answers: valid exactly as long as the tenant's data have the same revision.

A revision names the transactions that changed what the tenant reads, as a snapshot of the warehouse shows them. So an answer that
was computed under an equal revision is the answer, without asking how old it is.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, NamedTuple

from starlette.types import Scope

from api.answer_body import AnswerBody
from api.models.choices import TableFormat
from api.output_formats import accepted_format
from api.parameters import quarter_of
from include.warehouse.api_session import CurrentUser

CAPACITY_BYTES: Final = 64_000_000
ENTRY_BYTES: Final = 4_000
"""What an entry takes beside its texts: objects of both responses, key and basis. Small answers are mostly that."""


class Question(NamedTuple):
    """What was asked: equal ones have equal answers while the data are the same.

    Local days begin, and intervals settle, at quarters of an hour.
    """

    tenant_id: int
    path: str
    query: bytes
    accepted: TableFormat
    quarter: datetime
    settled_edge: datetime


def question(scope: Scope, user: CurrentUser, now: datetime, *, settled_after_h: float) -> Question:
    """The question of a request."""
    settled_edge = quarter_of(now - timedelta(hours=settled_after_h))
    accepted = accepted_format(scope)
    return Question(user.tenant_id, scope["path"], scope["query_string"], accepted, quarter_of(now), settled_edge)


@dataclass(frozen=True, slots=True)
class AnswerBasis:
    """What an answer rests on, the revision of the tenant's data; whom it is for: admins only, and keys of which scope.

    `ends_at`: it also rests on the time, and holds until then.
    """

    revision: str
    admins_only: bool = False
    scope: str = ""
    ends_at: datetime | None = None


class AnswerCache:
    """Keeps the answers that were asked for last, up to a number of bytes of memory; safe between threads."""

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[AnswerBasis, AnswerBody]] = OrderedDict()
        self._lock = Lock()

    def basis(self, asked: Hashable, now: datetime) -> AnswerBasis | None:
        """What the kept answer rests on; None where none is kept, or its time is over."""
        with self._lock:
            kept = self._kept.get(asked)
        if kept is None or (kept[0].ends_at is not None and kept[0].ends_at <= now):
            return None
        return kept[0]

    def get(self, asked: Hashable, revision: str) -> AnswerBody | None:
        """The answer, if it was computed under an equal revision."""
        with self._lock:
            basis, body = self._kept.get(asked, (None, None))
            if basis is None or basis.revision != revision:
                return None
            self._kept.move_to_end(asked)
            return body

    def put(self, asked: Hashable, basis: AnswerBasis, body: AnswerBody) -> None:
        """Keep an answer; those asked for longest ago make room. One of more than an eighth of the capacity is not kept."""
        if _size_bytes(asked, body) > self._capacity_bytes // 8:
            return
        with self._lock:
            if replaced := self._kept.pop(asked, None):
                self._bytes -= _size_bytes(asked, replaced[1])
            self._kept[asked] = (basis, body)
            self._bytes += _size_bytes(asked, body)
            while self._bytes > self._capacity_bytes:
                forgotten, (_, its_body) = self._kept.popitem(last=False)
                self._bytes -= _size_bytes(forgotten, its_body)


def _size_bytes(asked: Hashable, body: AnswerBody) -> int:
    """Memory that an entry takes at most."""
    texts = asked if isinstance(asked, tuple) else (asked,)
    return ENTRY_BYTES + body.size_bytes + sum(len(text) for text in texts if isinstance(text, str | bytes))
