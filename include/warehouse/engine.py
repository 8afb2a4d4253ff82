"""Engines and transactions on the warehouse.

Connections carry no settings of their own: a pooler may give each transaction another session. What the owner needs goes with its
role (`ops.settle_owner`), what one transaction needs is set in it.

Whoever works has one connection at a time: a second one that is taken while a transaction is open is what lets as many workers as
the pool has connections wait for each other for ever. It is refused here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from include.core.errors import HeliographError, NeedsHuman, TryLater
from include.warehouse.sessions import is_pooled, lift_limits, lock_holder

__all__ = ["Connection", "engine_of", "own_connection", "snapshot", "transaction"]

_LETS_NOBODY_IN: Final = (
    "authentication failed", "permission denied", "no pg_hba.conf entry", "does not exist", "no such database", "no such user",
)  # fmt: skip
"""Words of PostgreSQL and of PgBouncer."""

_IN_USE: Final[ContextVar[frozenset[str]]] = ContextVar("warehouses to which this thread has a connection", default=frozenset())


@lru_cache(maxsize=8)
def engine_of(url: str, pool_size: int = 5) -> Engine:
    """One pooled engine per URL and process; raises `NeedsHuman` when no URL is set.

    A pool must not cross a fork: call it inside the task, not before.
    """
    if not url:
        raise NeedsHuman("no warehouse URL is set; set HELIOGRAPH_DATABASE_URL (the API: HELIOGRAPH_API_DATABASE_URL)")
    arguments = {"application_name": "heliograph"}
    return create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, connect_args=arguments)


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    """One transaction: commits at the end of the block, rolls back on any error.

    Raises `TryLater` where PostgreSQL does not answer or goes away meanwhile, has no space left, or lets the transaction wait or
    work longer than its role may (`sessions.limit_own_sessions`); `NeedsHuman` where it lets nobody in.
    """
    with _told(url), _the_only_one(url), engine_of(url).begin() as connection:
        yield connection


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """One transaction that sees the warehouse as it is at its first statement, whatever others commit; it cannot write.

    It may take as long as it needs.
    """
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _told(url), _the_only_one(url), engine_of(url).execution_options(**options).begin() as connection:
        lift_limits(connection)
        yield connection


@contextmanager
def own_connection(url: str) -> Iterator[Connection]:
    """A connection that nobody gets afterwards: for temporary tables that outlive a transaction, each of which is begun on it.

    Raises `NeedsHuman` behind a pooler, which gives each transaction the session that is free.
    """
    with _told(url), _the_only_one(url), engine_of(url).connect() as connection:
        connection.detach()
        with connection.begin():
            is_behind_a_pooler = is_pooled(connection)
        if is_behind_a_pooler:
            raise NeedsHuman(
                f"{_place(url)} is behind a pooler, and this work needs a session of its own; "
                "call it with a HELIOGRAPH_DATABASE_URL that names PostgreSQL itself"
            )
        yield connection


@contextmanager
def _the_only_one(url: str) -> Iterator[None]:
    in_use = _IN_USE.get()
    if url in in_use:
        raise RuntimeError("a second connection is taken while a transaction is open; pass that transaction on, or end it first")
    _IN_USE.set(in_use | {url})
    try:
        yield
    finally:
        _IN_USE.set(in_use)


@contextmanager
def _told(url: str) -> Iterator[None]:
    """A lost connection, a reached limit and a full disk as sentences that say where and what to do; others stay as they are."""
    try:
        yield
    except DBAPIError as error:
        if sentence := _limit_reached(url, error):
            raise sentence from error
        # What the server itself says of a statement has a code; what became of the connection has none.
        is_unconnected = isinstance(error, OperationalError) and getattr(error.orig, "pgcode", None) is None
        if not is_unconnected and not error.connection_invalidated:
            raise
        raise _unreachable(url, _reason(error).rpartition("failed: ")[2]) from error


def _limit_reached(url: str, error: DBAPIError) -> HeliographError | None:
    """What a limit or a full disk means; None for any other error."""
    place, reason = _place(url), _reason(error)
    match getattr(error.orig, "pgcode", None):
        case "55P03":
            return TryLater(f"{place} did not give a lock in time ({reason}); {_holder(url)}")
        case "57014":
            return TryLater(
                f"{place} ended a statement ({reason}); it is tried again, HELIOGRAPH_STATEMENT_TIMEOUT_S is its limit"
            )
        case "53100":
            return TryLater(f"no space left: {place} says {reason!r}; make room on its disk, it goes on by itself")
    return None


def _holder(url: str) -> str:
    """Who holds the lock, asked on a connection of its own; the sentence comes without it where nobody answers."""
    try:
        with engine_of(url).connect() as connection:
            holder = lock_holder(connection)
    except DBAPIError:
        holder = None
    return holder or "nobody holds one now; it is tried again"


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _place(url: str) -> str:
    address = make_url(url)
    return f"PostgreSQL at {address.host}:{address.port or 5432}"


def _unreachable(url: str, reason: str) -> TryLater | NeedsHuman:
    place = _place(url)
    if any(words in reason for words in _LETS_NOBODY_IN):
        return NeedsHuman(
            f"{place} does not let {make_url(url).username} in ({reason}); correct HELIOGRAPH_DATABASE_URL or that role"
        )
    return TryLater(
        f"{place} does not answer ({reason}); start it (`make run`; alone: `helio postgres`) or correct HELIOGRAPH_DATABASE_URL"
    )
