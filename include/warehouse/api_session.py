"""The API's sessions with the warehouse: one read-only transaction per request, held to one tenant by row level security."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, cast

import psycopg2.extensions
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from include.core.errors import HeliographError, NeedsHuman, Refused, TryLater
from include.warehouse.api_key import ApiKey
from include.warehouse.queries import query

MOST_CONNECTIONS: Final = 16
"""Connections that one API process keeps; as many requests ask the warehouse at the same time."""
_STATEMENT_TIMED_OUT: Final = "57014"
_KEY_IS_UNKNOWN: Final = "28000"
_IS_NOT_SUPPORTED: Final = "0A000"
_NO_TOKEN: Final = "the user of this token is gone or was shut, or has a new password; log in again"  # noqa: S105 - a sentence
_NO_KEY: Final = "the key was revoked, or its user is gone or was shut; ask the operator for another one"


class UserNotAdmitted(Refused):
    """The user is unknown or shut, or the token is of an earlier password."""


class QueryTooSlow(Refused):
    """The warehouse gave up on a question that took longer than the statement timeout."""


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who asks, as a verified token or a known key says it.

    Tokens of another generation than the user's are void; of a key's user it does not count, but the key must not be revoked.
    """

    user_id: int
    tenant_id: int
    generation: int
    key_id: int | None = None


@dataclass(frozen=True, slots=True)
class TenantSession:
    """An open transaction of one tenant. `role` is client or admin; equal `revision` texts show the same data of the tenant."""

    connection: Connection
    role: str
    revision: str


@dataclass(frozen=True, slots=True)
class ApiTransaction:
    """An open transaction of the API's role, in which it can prove what it asks for; `challenge` is what proofs name of it."""

    connection: Connection
    key: ApiKey
    challenge: str

    def prove(self, claim: str) -> str:
        """Proof of a claim for this transaction."""
        return self.key.prove(claim, challenge=self.challenge)


class ApiDatabase:
    """Opens transactions as the API's role; keeps shut until that role has been found harmless and its key known.

    Raises `NeedsHuman` without a URL. `secret` is the one that signs the tokens.
    """

    def __init__(self, url: str, *, secret: str, statement_timeout_s: float = 15.0, pool_size: int = MOST_CONNECTIONS) -> None:
        if not url:
            raise NeedsHuman("no warehouse URL is set for the API; set HELIOGRAPH_API_DATABASE_URL to one of role heliograph_api")
        self._timeout_ms = int(statement_timeout_s * 1000)
        self._url = _named(url)
        self._key = ApiKey(secret)
        self._pool_size = pool_size
        self._may_serve = False

    def check(self) -> None:
        """Find role and key in order, once.

        Raises `NeedsHuman` when the role is superuser, has BYPASSRLS, or can own or write tables, or where the warehouse was
        migrated with another key.
        """
        if self._may_serve:
            return
        with self._begun(writes=False) as transaction:
            _require_harmless(transaction.connection)
            transaction.connection.execute(query("api_session", "check_key"), {"proof": transaction.prove("start")})
        self._may_serve = True

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[ApiTransaction]:
        """Open a transaction; no tenant is visible in it. Only functions that are meant to can write in one that `writes`."""
        self.check()
        with self._begun(writes=writes) as transaction:
            yield transaction

    def close(self) -> None:
        """Close the pooled connections."""
        self._engine.dispose()

    @cached_property
    def _engine(self) -> Engine:
        # Transactions are begun and ended by statements, in which a round trip less is spent than by the driver.
        engine = create_engine(
            self._url, pool_size=self._pool_size, max_overflow=self._pool_size, isolation_level="AUTOCOMMIT", pool_use_lifo=True
        )
        event.listen(engine, "reset", _leave_no_transaction)
        return engine

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[ApiTransaction]:
        try:
            with self._opened("begin_writing" if writes else "begin_reading") as transaction:
                yield transaction
                transaction.connection.execute(query("api_session", "end"))
        except PoolExhausted as error:
            raise TryLater("all connections to the warehouse are busy; ask again in a moment", after_s=2) from error
        except DBAPIError as error:
            told = _told(error)
            if told is None:
                raise
            raise told from error

    @contextmanager
    def _opened(self, begin: str) -> Iterator[ApiTransaction]:
        connection = self._engine.connect()
        try:
            try:
                challenge = self._begin(connection, begin)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # One that was lost since its last use; all others of that time are gone from the pool with it.
                connection.close()
                connection = self._engine.connect()
                challenge = self._begin(connection, begin)
            yield ApiTransaction(connection, self._key, challenge)
        finally:
            connection.close()

    def _begin(self, connection: Connection, begin: str) -> str:
        limits = {"statement_timeout": str(self._timeout_ms), "idle_timeout": str(2 * self._timeout_ms)}
        return str(connection.execute(_beginnings()[begin], limits).one().challenge)


class ReadOnlyDatabase(ApiDatabase):
    """Reads, and nothing else.

    Every transaction is READ ONLY and REPEATABLE READ, so that an answer made of several reads shows one moment. The tenant is
    set for the transaction only: a pooled connection carries nothing to the next request.
    """

    @contextmanager
    def as_user(self, user: CurrentUser) -> Iterator[TenantSession]:
        """Open a transaction of the user's tenant; raises `UserNotAdmitted` unless the user still may come in."""
        with self.transaction() as transaction:
            admitted = transaction.connection.execute(
                query("api_session", "admit_user"),
                {
                    "tenant_id": user.tenant_id,
                    "user_id": user.user_id,
                    "generation": user.generation,
                    "key_id": user.key_id,
                    "proof": transaction.prove(f"tenant {user.tenant_id}"),
                },
            ).one_or_none()
            if admitted is None:
                raise UserNotAdmitted(_NO_TOKEN if user.key_id is None else _NO_KEY)
            yield TenantSession(transaction.connection, admitted.role, admitted.revision)

    def read_revision(self) -> str:
        """Read the revision that the warehouse is migrated to; empty when it has none. The key need not be known yet."""
        with self._begun(writes=False) as transaction:
            _require_harmless(transaction.connection)
            return str(transaction.connection.execute(query("api_session", "read_revision")).scalar_one_or_none() or "")


def _require_harmless(connection: Connection) -> None:
    found = connection.execute(query("api_session", "read_role")).one()
    faults = [
        text
        for is_fault, text in (
            (found.is_superuser, "is a superuser"),
            (found.bypasses_rls, "has BYPASSRLS"),
            (found.owns_tables, "owns tables of the warehouse, or is a member of the role that does"),
            (found.writes_tables, "may write tables of the warehouse"),
        )
        if is_fault
    ]
    if faults:
        raise NeedsHuman(
            f"the API must not run as role {found.role!r}: it {' and '.join(faults)}, so tenants would not be kept apart; "
            "set HELIOGRAPH_API_DATABASE_URL to the role heliograph_api"
        )


@cache
def _beginnings() -> dict[str, TextClause]:
    blocks = {name: query("api_session", name).text for name in ("begin_reading", "begin_writing", "set_up")}
    return {name: text(blocks[name] + blocks["set_up"]) for name in ("begin_reading", "begin_writing")}


def _leave_no_transaction(connection: DBAPIConnection, record: ConnectionPoolEntry, state: PoolResetState) -> None:
    """Undo what a failure left open, before anybody else gets the connection."""
    driver = cast("psycopg2.extensions.connection", connection)
    if driver.closed or driver.info.transaction_status == TRANSACTION_STATUS_IDLE:
        return
    with driver.cursor() as cursor:
        cursor.execute(query("api_session", "undo").text)


def _told(error: DBAPIError) -> HeliographError | None:
    """The error in our words, where we have any."""
    code = getattr(error.orig, "pgcode", None)
    if code == _KEY_IS_UNKNOWN:
        return NeedsHuman(
            "the warehouse does not know the API's key; call `helio migrate` with the HELIOGRAPH_JWT_SECRET of the API"
        )
    if code == _IS_NOT_SUPPORTED and "during recovery" in str(error.orig):
        return NeedsHuman(
            "log-ins, sessions and keys are written on the primary, and this is a standby; "
            "set HELIOGRAPH_API_LIMITS_DATABASE_URL to the primary"
        )
    if code == _STATEMENT_TIMED_OUT:
        return QueryTooSlow("the answer took too long to compute; ask for a shorter span or a coarser grain")
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return TryLater("the warehouse cannot be reached; ask again in a moment", after_s=5)
    return None


def _named(url: str) -> URL:
    # Operators see who is connected.
    return make_url(url).update_query_dict({"application_name": "heliograph-api"})
