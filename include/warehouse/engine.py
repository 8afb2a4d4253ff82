"""Engines and transactions on the warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from include.core.errors import NeedsHuman, TryLater

__all__ = ["Connection", "engine_of", "own_connection", "snapshot", "transaction"]

_OPTIONS: Final = " ".join(
    [
        # Loads that meet stored readings work in temporary tables; taken only when used.
        "-c temp_buffers=128MB",
        # A worker's machine that vanishes gives up its locks within two minutes, not two hours.
        "-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=15 -c tcp_keepalives_count=4",
    ]
)

_LETS_NOBODY_IN: Final = ("authentication failed", "permission denied", "no pg_hba.conf entry", "does not exist")


@lru_cache(maxsize=8)
def engine_of(url: str, pool_size: int = 5) -> Engine:
    """One pooled engine per URL and process; raises `NeedsHuman` when no URL is set.

    A pool must not cross a fork: call it inside the task, not before.
    """
    if not url:
        raise NeedsHuman("no warehouse URL is set; set HELIOGRAPH_DATABASE_URL (the API: HELIOGRAPH_API_DATABASE_URL)")
    return create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, connect_args={"options": _OPTIONS})


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    """One transaction: commits at the end of the block, rolls back on any error.

    Raises `TryLater` where PostgreSQL does not answer or goes away meanwhile, `NeedsHuman` where it lets nobody in.
    """
    with _told(url), engine_of(url).begin() as connection:
        yield connection


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """One transaction that sees the warehouse as it is at its first statement, whatever others commit; it cannot write."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _told(url), engine_of(url).execution_options(**options).begin() as connection:
        yield connection


@contextmanager
def own_connection(url: str) -> Iterator[Connection]:
    """A connection that nobody gets afterwards: for temporary tables that outlive a transaction, each of which is begun on it."""
    with _told(url), engine_of(url).connect() as connection:
        connection.detach()
        yield connection


@contextmanager
def _told(url: str) -> Iterator[None]:
    """A lost or refused connection as a sentence with the address and what to do; other errors as they are."""
    try:
        yield
    except DBAPIError as error:
        # What the server itself says of a statement has a code; what became of the connection has none.
        is_unconnected = isinstance(error, OperationalError) and getattr(error.orig, "pgcode", None) is None
        if not is_unconnected and not error.connection_invalidated:
            raise
        reason = str(error.orig).strip().partition("\n")[0]
        raise _unreachable(url, reason.rpartition("failed: ")[2]) from error


def _unreachable(url: str, reason: str) -> TryLater | NeedsHuman:
    address = make_url(url)
    place = f"PostgreSQL at {address.host}:{address.port or 5432}"
    if any(words in reason for words in _LETS_NOBODY_IN):
        return NeedsHuman(f"{place} does not let {address.username} in ({reason}); correct HELIOGRAPH_DATABASE_URL or that role")
    return TryLater(
        f"{place} does not answer ({reason}); start it (`make run`; alone: `helio postgres`) or correct HELIOGRAPH_DATABASE_URL"
    )
