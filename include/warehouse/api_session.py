"""The API's sessions with the warehouse: one read-only transaction per request, held to one tenant by row level security."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry

from include.core.errors import HeliographError, NeedsHuman, Refused, TryLater
from include.warehouse.api_key import ApiKey
from include.warehouse.engine import engine_of
from include.warehouse.queries import query

MOST_CONNECTIONS: Final = 16
"""Connections that one API process keeps; as many requests ask the warehouse at the same time."""
_STATEMENT_TIMED_OUT: Final = "57014"
_KEY_IS_UNKNOWN: Final = "28000"


class UserNotAdmitted(Refused):
    """The user is unknown or shut, or the token is of an earlier password."""


class QueryTooSlow(Refused):
    """The warehouse gave up on a question that took longer than the statement timeout."""


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who asks, as a verified token says it; tokens of another generation than the user's are void."""

    user_id: int
    tenant_id: int
    generation: int


@dataclass(frozen=True, slots=True)
class TenantSession:
    """An open transaction of one tenant. `role` is client or admin; equal `snapshot` texts see exactly the same data."""

    connection: Connection
    role: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class ApiTransaction:
    """An open transaction of the API's role, in which it can prove what it asks for."""

    connection: Connection
    key: ApiKey

    def prove(self, claim: str) -> str:
        """Proof of a claim for the session of this transaction."""
        return self.key.prove(claim, backend_pid=self.connection.info["backend_pid"])


class ApiDatabase:
    """Opens transactions as the API's role; keeps shut until that role has been found harmless and its key known.

    Raises `NeedsHuman` without a URL. `secret` is the one that signs the tokens.
    """

    def __init__(self, url: str, *, secret: str, statement_timeout_s: float = 15.0, pool_size: int = MOST_CONNECTIONS) -> None:
        if not url:
            raise NeedsHuman("no warehouse URL is set for the API; set HELIOGRAPH_API_DATABASE_URL to one of role heliograph_api")
        self._timeout_ms = int(statement_timeout_s * 1000)
        self._url = _named(url, self._timeout_ms)
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

    @property
    def _engine(self) -> Engine:
        engine = engine_of(self._url, self._pool_size)
        if not event.contains(engine, "connect", self._limit_session):
            event.listen(engine, "connect", self._limit_session)
        return engine

    def _limit_session(self, connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        """Hold a new session to reading, for a limited time; the role is held to the same in the database."""
        cursor = connection.cursor()
        cursor.execute(
            "SELECT set_config('default_transaction_read_only', 'on', false), set_config('TimeZone', 'UTC', false),"
            " set_config('statement_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false),"
            " pg_backend_pid()",
            (str(self._timeout_ms), str(2 * self._timeout_ms)),
        )
        row = cursor.fetchone()
        record.info["backend_pid"] = row[-1] if row else 0
        cursor.close()
        connection.commit()

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[ApiTransaction]:
        level = "READ COMMITTED" if writes else "REPEATABLE READ"
        engine = self._engine.execution_options(isolation_level=level, postgresql_readonly=not writes)
        try:
            with engine.begin() as connection:
                yield ApiTransaction(connection, self._key)
        except PoolExhausted as error:
            raise TryLater("all connections to the warehouse are busy; ask again in a moment", after_s=2) from error
        except DBAPIError as error:
            told = _told(error)
            if told is None:
                raise
            raise told from error


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
                    "proof": transaction.prove(f"tenant {user.tenant_id}"),
                },
            ).one_or_none()
            if admitted is None:
                raise UserNotAdmitted("the user of this token is gone or was shut, or has a new password; log in again")
            yield TenantSession(transaction.connection, admitted.role, admitted.snapshot)

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


def _told(error: DBAPIError) -> HeliographError | None:
    """The error in our words, where we have any."""
    code = getattr(error.orig, "pgcode", None)
    if code == _KEY_IS_UNKNOWN:
        return NeedsHuman(
            "the warehouse does not know the API's key; call `helio migrate` with the HELIOGRAPH_JWT_SECRET of the API"
        )
    if code == _STATEMENT_TIMED_OUT:
        return QueryTooSlow("the answer took too long to compute; ask for a shorter span or a coarser grain")
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return TryLater("the warehouse cannot be reached; ask again in a moment", after_s=5)
    return None


def _named(url: str, timeout_ms: int) -> str:
    # The name tells operators who is connected, and keeps engines of different limits apart.
    named = make_url(url).update_query_dict({"application_name": f"heliograph-api {timeout_ms} ms"})
    return named.render_as_string(hide_password=False)
