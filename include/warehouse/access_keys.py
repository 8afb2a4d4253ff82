"""API keys as the operator makes, lists and revokes them. Only their SHA-256 is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from include.core.errors import Refused
from include.warehouse.queries import query
from include.warehouse.users import normal_email

SCOPES: Final = {
    "plants": "plants, devices, their energy, performance, forecasts and alarms",
    "sensors": "statistics and freshness of sensors and other devices",
    "series": "readings, events and roll-ups of every series, those of customers included",
    "consumption": "customers and their consumption",
    "reports": "reports with their PDF, and kept analyses",
    "operation": "documents, quarantine, detailed health",
}
"""What a key may read, with what that opens; a closed set."""
KEY_BEGINS: Final = "helio_"
"""Every key begins so, by which scanners of leaked secrets find it."""
LONGEST_NAME: Final = 80
_RECOGNISED: Final = len(KEY_BEGINS) + 6


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One key without its secret; all instants are aware."""

    key_id: int
    tenant: str
    email: str
    name: str
    beginning: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def state(self, now: datetime) -> str:
        """Good, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "good"


def new_key() -> str:
    """A key of 256 random bits."""
    return KEY_BEGINS + secrets.token_urlsafe(32)


def key_digest(key: str) -> bytes:
    """SHA-256 of a key: what is random cannot be guessed, so nothing is gained by a hash that takes long at each request."""
    return hashlib.sha256(key.encode()).digest()


def add_key(  # noqa: PLR0913 - the columns of a key
    connection: Connection,
    *,
    email: str,
    name: str,
    key: str,
    scopes: Sequence[str],
    now: datetime,
    expires_at: datetime | None,
) -> int | None:
    """Keep a key of an active user and return its number; None where it is kept already. Raises `Refused` when it cannot be."""
    _require_scopes(scopes)
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            f"{name[:LONGEST_NAME]!r} names no key; give a name of 1 to {LONGEST_NAME} characters, such as the program's"
        )
    if expires_at is not None and expires_at <= now:
        raise Refused(f"a key that expires at {expires_at:%Y-%m-%d %H:%M} is of no use now; let it expire later")
    address = normal_email(email)
    row = {
        "email": address,
        "name": name.strip(),
        "digest": key_digest(key),
        "beginning": key[:_RECOGNISED],
        "scopes": sorted(set(scopes)),
        "now": now,
        "expires_at": expires_at,
    }
    _require_active(connection, address)
    try:
        added: int | None = connection.execute(query("access_keys", "add_key"), row).scalar_one_or_none()
    except IntegrityError as error:
        raise Refused(f"user {email} has a key {name!r} already; revoke it first, or choose another name") from error
    return added


def list_keys(connection: Connection, *, tenant: str | None = None, email: str | None = None) -> list[AccessKey]:
    """All keys, or those of a tenant (by slug) or a user, revoked ones included."""
    asked = {"tenant": tenant, "email": email and normal_email(email)}
    return [AccessKey(**row) for row in connection.execute(query("access_keys", "list_keys"), asked).mappings()]


def revoke_key(connection: Connection, *, email: str, name: str, now: datetime) -> None:
    """Revoke a key: the next request with it is refused. Raises `Refused` where the user has no such key, or no longer."""
    asked = {"email": normal_email(email), "name": name.strip(), "now": now}
    if connection.execute(query("access_keys", "revoke_key"), asked).one_or_none() is None:
        raise Refused(f"user {email[:80]} has no key {name[:LONGEST_NAME]!r} to revoke; see `helio key list`")


def revoke_keys_of_user(connection: Connection, *, email: str, now: datetime) -> None:
    """Revoke all keys of a user."""
    connection.execute(query("access_keys", "revoke_keys_of_user"), {"email": normal_email(email), "now": now})


def _require_scopes(scopes: Sequence[str]) -> None:
    if strange := sorted(set(scopes) - set(SCOPES)):
        raise Refused(f"there is no scope {strange[0][:40]!r}; choose among {', '.join(SCOPES)}")
    if not scopes:
        raise Refused(f"a key without a scope opens nothing; choose among {', '.join(SCOPES)}")


def _require_active(connection: Connection, email: str) -> None:
    is_active = connection.execute(query("access_keys", "find_user"), {"email": email}).scalar_one_or_none()
    if is_active is None:
        raise Refused(f"there is no user {email[:80]!r}; add it with `helio user add`")
    if not is_active:
        raise Refused(f"user {email[:80]!r} is shut; let it in again with `helio user shut --reopen` first")
