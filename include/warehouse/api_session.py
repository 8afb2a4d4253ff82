"""The API's sessions with the warehouse: one read-only transaction per request, held to one tenant by row level security."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from include.core.errors import NeedsHuman, Refused, TryLater
from include.warehouse.engine import engine_of
from include.warehouse.queries import query

MOST_CONNECTIONS: Final = 16
"""Connections that one API process keeps; as many requests ask the warehouse at the same time."""
_STATEMENT_TIMED_OUT: Final = "57014"


class UserNotAdmitted(Refused):
    """The user is unknown or disabled, or changed the password after the token was issued."""


class QueryTooSlow(Refused):
    """The warehouse gave up on a question that took longer than the statement timeout."""


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who asks, as a verified token says it; `issued_at` is aware."""

    user_id: int
    tenant_id: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class TenantSession:
    """An open transaction of one tenant. `role` is client or admin; equal `snapshot` texts see exactly the same data."""

    connection: Connection
    role: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Login:
    """What a login attempt is compared with; `password_changed_at` is aware UTC."""

    user_id: int
    tenant_id: int
    password_hash: str
    password_changed_at: datetime
    is_active: bool


class ReadOnlyDatabase:
    """Opens transactions as the read-only role; keeps shut until that role has been found harmless.

    Every transaction is READ ONLY and REPEATABLE READ, so that an answer made of several reads shows one moment. Tenant and zone
    are set for the transaction only: a pooled connection carries nothing to the next request.
    """

    def __init__(self, url: str, *, statement_timeout_s: float = 15.0, pool_size: int = MOST_CONNECTIONS) -> None:
        if not url:
            raise NeedsHuman("no warehouse URL is set for the API; set HELIOGRAPH_API_DATABASE_URL to one of role heliograph_api")
        self._timeout_ms = int(statement_timeout_s * 1000)
        self._url = _named(url, self._timeout_ms)
        self._pool_size = pool_size
        self._role_is_harmless = False

    def check_role(self) -> None:
        """Find the role harmless, once; raises `NeedsHuman` when it is superuser, has BYPASSRLS, or can own or write tables."""
        if self._role_is_harmless:
            return
        with self._transaction() as connection:
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
        self._role_is_harmless = True

    @contextmanager
    def as_user(self, user: CurrentUser) -> Iterator[TenantSession]:
        """Open a transaction of the user's tenant; raises `UserNotAdmitted` unless the user still may come in."""
        self.check_role()
        with self._transaction() as connection:
            admitted = connection.execute(
                query("api_session", "admit_user"),
                {
                    "tenant": str(user.tenant_id),
                    "tenant_id": user.tenant_id,
                    "user_id": user.user_id,
                    "issued_at": user.issued_at,
                },
            ).one_or_none()
            if admitted is None:
                raise UserNotAdmitted("the user of this token is gone or disabled, or has a new password; log in again")
            yield TenantSession(connection, admitted.role, admitted.snapshot)

    def find_login(self, email: str) -> Login | None:
        """Find the one user with this lower-case e-mail; no tenant is visible meanwhile."""
        self.check_role()
        with self._transaction() as connection:
            row = connection.execute(query("api_session", "find_login"), {"email": email}).one_or_none()
        return None if row is None else Login(*row)

    def read_revision(self) -> str:
        """Read the revision that the warehouse is migrated to; empty when it has none."""
        self.check_role()
        with self._transaction() as connection:
            return str(connection.execute(query("api_session", "read_revision")).scalar_one_or_none() or "")

    def close(self) -> None:
        """Close the pooled connections."""
        self._engine.dispose()

    @property
    def _engine(self) -> Engine:
        engine = engine_of(self._url, self._pool_size)
        if not event.contains(engine, "connect", self._limit_session):
            event.listen(engine, "connect", self._limit_session)
        return engine

    def _limit_session(self, connection: DBAPIConnection, _: object) -> None:
        """Hold a new session to reading, for a limited time; the role is held to the same in the database."""
        cursor = connection.cursor()
        cursor.execute(
            "SELECT set_config('default_transaction_read_only', 'on', false), set_config('TimeZone', 'UTC', false),"
            " set_config('statement_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false)",
            (str(self._timeout_ms), str(2 * self._timeout_ms)),
        )
        cursor.close()
        connection.commit()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        engine = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            with engine.begin() as connection:
                yield connection
        except PoolExhausted as error:
            raise TryLater("all connections to the warehouse are busy; ask again in a moment", after_s=2) from error
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) == _STATEMENT_TIMED_OUT:
                raise QueryTooSlow("the answer took too long to compute; ask for a shorter span or a coarser grain") from error
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise TryLater("the warehouse cannot be reached; ask again in a moment", after_s=5) from error
            raise


def _named(url: str, timeout_ms: int) -> str:
    # The name tells operators who is connected, and keeps engines of different limits apart.
    named = make_url(url).update_query_dict({"application_name": f"heliograph-api {timeout_ms} ms"})
    return named.render_as_string(hide_password=False)
