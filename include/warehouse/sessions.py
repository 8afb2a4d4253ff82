"""How long a session of the owner may wait, work and stand idle, and who holds what another one waits for."""

from datetime import datetime
from typing import cast

import psycopg2.extensions
from sqlalchemy import Connection

from include.warehouse.queries import query


def limit_own_sessions(connection: Connection, *, lock_s: float, statement_s: float, idle_transaction_s: float) -> bool:
    """Limit every session [s] that this role begins in this database from now on, whatever program begins it; 0 is no limit.

    Returns whether this session began with others, as one does that a pooler keeps: then `end_idle_sessions`.
    """
    parameters = {"lock_s": lock_s, "statement_s": statement_s, "idle_transaction_s": idle_transaction_s}
    connection.execute(query("sessions", "limit_own_sessions"), parameters)
    return bool(connection.execute(query("sessions", "count_other_limits"), parameters).scalar_one())


def end_idle_sessions(connection: Connection) -> None:
    """End the sessions of this role here that stand idle, and this one: pools begin others, with what the role has now."""
    connection.execute(query("sessions", "end_idle_sessions"))


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands between: it names processes of its own at log-in."""
    driver = cast("psycopg2.extensions.connection", connection.connection.dbapi_connection)
    return bool(connection.execute(query("sessions", "read_process")).scalar_one() != driver.info.backend_pid)


def lift_limits(connection: Connection) -> None:
    """Let this transaction take as long as it needs, also between its statements."""
    connection.execute(query("sessions", "lift_limits"))


def lock_holder(connection: Connection) -> str | None:
    """The session that most likely holds what others wait for, and how to end it; None where none holds anything."""
    row = connection.execute(query("sessions", "read_lock_holder")).one_or_none()
    if row is None:
        return None
    held = f" holds the table {row.table_name}" if row.table_name else ""
    said = f", last statement {' '.join(row.statement.split())!r}" if row.statement else ""
    return (
        f"session {row.pid} ({row.application} from {row.address}, {row.state}, in a transaction since "
        f"{row.began_at:%Y-%m-%d %H:%M:%S%z}{said}){held}; end it, or: SELECT pg_terminate_backend({row.pid})"
    )


def database_clock(connection: Connection) -> datetime:
    """What time PostgreSQL has, aware."""
    at: datetime = connection.execute(query("sessions", "read_clock")).scalar_one()
    return at
