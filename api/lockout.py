"""Lockout: guessing passwords is slow, from one address for one user and from one address for many."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final

LOCK_S: Final = 15 * 60
"""How long [s] a key stays locked, and how long its failures are remembered."""
FAILURES_PER_USER: Final = 5
FAILURES_PER_ADDRESS: Final = 50


class Locked(Exception):
    """Too many failures; try again after `after_s` [s]."""

    def __init__(self, after_s: float) -> None:
        """Keep how long to wait [s]."""
        super().__init__("too many failed log-ins")
        self.after_s = after_s


@dataclass(slots=True)
class _Count:
    failures: int = 0
    running: int = 0
    forget_at: float = 0.0


class Attempt:
    """One running log-in; it failed unless `succeed` is called."""

    def __init__(self) -> None:
        self.has_succeeded = False

    def succeed(self) -> None:
        """The password was right."""
        self.has_succeeded = True


class Lockout:
    """Counts failures in memory: per (user, address) and per address, at most `capacity` keys, the oldest forgotten first.

    Running attempts count as failures until they end, so that parallel guesses do not slip through. A process knows its own
    counts only.
    """

    def __init__(self, *, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._counts)

    @contextmanager
    def attempt(self, *, user: str, address: str, now_s: float) -> Iterator[Attempt]:
        """Admit one attempt at `now_s` [s of any steady clock]; raises `Locked` when the address, or user and address, are."""
        limits = {(user, address): FAILURES_PER_USER, ("", address): FAILURES_PER_ADDRESS}
        with self._lock:
            counts = {key: self._count(key, now_s) for key in limits}
            self._forget_oldest()
            for key, limit in limits.items():
                _admit(counts[key], limit, now_s)
            for count in counts.values():
                count.running += 1
        attempt = Attempt()
        try:
            yield attempt
        finally:
            with self._lock:
                for key, limit in limits.items():
                    _finish(counts[key], limit, now_s, has_succeeded=attempt.has_succeeded, is_user=bool(key[0]))

    def _count(self, key: tuple[str, str], now_s: float) -> _Count:
        count = self._counts.setdefault(key, _Count())
        if count.failures and now_s >= count.forget_at:
            count.failures = 0
        self._counts.move_to_end(key)
        return count

    def _forget_oldest(self) -> None:
        while len(self._counts) > self._capacity:
            self._counts.popitem(last=False)


def _admit(count: _Count, limit: int, now_s: float) -> None:
    if count.failures >= limit:
        raise Locked(count.forget_at - now_s)
    if count.failures + count.running >= limit:
        raise Locked(1)


def _finish(count: _Count, limit: int, now_s: float, *, has_succeeded: bool, is_user: bool) -> None:
    count.running -= 1
    if has_succeeded:
        # The address stays suspected: who guesses others' passwords may have a good one of their own.
        if is_user:
            count.failures = 0
    elif count.failures < limit:
        count.failures += 1
        count.forget_at = now_s + LOCK_S
