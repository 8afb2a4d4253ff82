"""How users come in besides their passwords, as the API asks and writes it: keys of programs, and sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from include.warehouse.api_session import ApiDatabase, CurrentUser
from include.warehouse.queries import query


@dataclass(frozen=True, slots=True)
class KnownKey:
    """The user of a key, and what the key may read. `expires_at` is aware; None: never. All of it stays as it is."""

    user: CurrentUser
    scopes: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserSession:
    """A log-in that goes on without its password: the refresh token of this turn is good once, until `ends_at` (aware)."""

    session_id: UUID
    turn: int
    user: CurrentUser
    ends_at: datetime


class AccessDatabase(ApiDatabase):
    """Asks for keys and keeps sessions, through functions that answer for one of them at a time."""

    def find_key(self, digest: str) -> KnownKey | None:
        """Whose key this is, by its hexadecimal SHA-256; None for one that is unknown or revoked, or whose user is shut."""
        with self.transaction() as transaction:
            row = transaction.connection.execute(
                query("api_session", "find_key"), {"digest": digest, "proof": transaction.prove(f"key {digest}")}
            ).one_or_none()
        if row is None:
            return None
        scopes: Sequence[str] = row.scopes
        return KnownKey(CurrentUser(row.user_id, row.tenant_id, 0, row.key_id), frozenset(scopes), row.expires_at)

    def note_key_use(self, key_id: int, used_at: datetime) -> None:
        """Keep when a key was used, to some minutes."""
        with self.transaction(writes=True) as transaction:
            transaction.connection.execute(
                query("api_session", "note_key_use"),
                {"key_id": key_id, "used_at": used_at, "proof": transaction.prove(f"use of key {key_id}")},
            )

    def begin_session(self, user: CurrentUser, *, now: datetime, ends_at: datetime) -> UserSession:
        """Keep a log-in that succeeded."""
        with self.transaction(writes=True) as transaction:
            session_id = transaction.connection.execute(
                query("api_session", "begin_session"),
                {
                    "user_id": user.user_id,
                    "generation": user.generation,
                    "now": now,
                    "ends_at": ends_at,
                    "proof": transaction.prove(f"session of {user.user_id} {user.generation}"),
                },
            ).scalar_one()
        return UserSession(session_id, 1, user, ends_at)

    def go_on(self, session_id: UUID, turn: int, *, now: datetime) -> UserSession | None:
        """The next turn; None where this one is not good, which ends the session."""
        with self.transaction(writes=True) as transaction:
            row = transaction.connection.execute(
                query("api_session", "go_on"),
                {
                    "session_id": str(session_id),
                    "turn": turn,
                    "now": now,
                    "proof": transaction.prove(f"session {session_id} {turn}"),
                },
            ).one_or_none()
        if row is None:
            return None
        return UserSession(session_id, turn + 1, CurrentUser(row.user_id, row.tenant_id, row.generation), row.ends_at)

    def end_session(self, session_id: UUID) -> None:
        """Log out."""
        with self.transaction(writes=True) as transaction:
            transaction.connection.execute(
                query("api_session", "end_session"),
                {"session_id": str(session_id), "proof": transaction.prove(f"end of session {session_id}")},
            )
