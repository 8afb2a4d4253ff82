"""The cache of the last answers: valid exactly as long as the warehouse shows the same snapshot.

A snapshot of PostgreSQL names the transactions that it sees; two equal ones see the same data. So an answer that was computed
under an equal snapshot is the answer, without asking how old it is: a commit anywhere on the server makes it stale.
"""

from collections import OrderedDict
from collections.abc import Hashable
from functools import cached_property
from hashlib import blake2b
from threading import Lock
from typing import Final

from isal import igzip

CAPACITY_BYTES: Final = 64_000_000


class AnswerBody:
    """The bytes of an answer, with their digest and packed form, each made once when it is needed."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digest of the body, for its ETag."""
        return blake2b(self.body, digest_size=16).hexdigest()

    @cached_property
    def packed(self) -> bytes:
        """The body as gzip."""
        return igzip.compress(self.body, compresslevel=1, mtime=0)


class AnswerCache:
    """Keeps the answers that were asked for last, up to a number of bytes; safe between threads."""

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[str, AnswerBody]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, snapshot: str) -> AnswerBody | None:
        """The answer to `key`, if it was computed under an equal snapshot."""
        with self._lock:
            kept_under, body = self._kept.get(key, ("", None))
            if kept_under != snapshot:
                return None
            self._kept.move_to_end(key)
            return body

    def put(self, key: Hashable, snapshot: str, body: AnswerBody) -> None:
        """Keep an answer; those asked for longest ago make room. One of more than an eighth of the capacity is not kept."""
        if len(body.body) > self._capacity_bytes // 8:
            return
        with self._lock:
            if replaced := self._kept.pop(key, None):
                self._bytes -= len(replaced[1].body)
            self._kept[key] = (snapshot, body)
            self._bytes += len(body.body)
            while self._bytes > self._capacity_bytes:
                _, (_, forgotten) = self._kept.popitem(last=False)
                self._bytes -= len(forgotten.body)
