"""User accounts: who may log in to the API, with which role and of which tenant. Passwords rest as argon2id hashes."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from include.core.errors import Refused
from include.warehouse.queries import query

Role = Literal["client", "admin"]
ROLES: Final = ("client", "admin")
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 256
LONGEST_EMAIL: Final = 254

_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
# The second recommendation of RFC 9106: 64 MiB, 3 passes, 4 lanes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)


@dataclass(frozen=True, slots=True)
class User:
    """One account without its secret."""

    user_id: int
    tenant: str
    email: str
    role: str
    is_active: bool


def normal_email(email: str) -> str:
    """Lower-case form under which an e-mail address is stored; raises `Refused` for what is not one."""
    normal = email.strip().lower()
    if len(normal) > LONGEST_EMAIL or not _EMAIL.fullmatch(normal):
        raise Refused(f"{email[:80]!r} is not an e-mail address; give one such as owner@example.org")
    return normal


def hash_password(password: str) -> str:
    """Hash a new password with argon2id; raises `Refused` when it is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Refused(
            f"the password has {len(password)} characters; choose one of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}, "
            "for instance four unrelated words"
        )
    return _HASHER.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Tell whether a password belongs to a hash; takes the same time either way, about 50 ms."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def add_user(connection: Connection, *, tenant: str, email: str, password: str, role: Role, now: datetime) -> int:
    """Add an active user to a tenant (by slug) and return its id; `now` is aware. Raises `Refused` when it cannot be."""
    if role not in ROLES:
        raise Refused(f"role {role!r} does not exist; choose client or admin")
    row = {"tenant": tenant, "email": normal_email(email), "role": role, "password_hash": hash_password(password), "now": now}
    try:
        user_id = connection.execute(query("users", "add_user"), row).scalar_one_or_none()
    except IntegrityError as error:
        raise Refused(f"a user {row['email']} exists already; choose another e-mail or set a new password for it") from error
    if user_id is None:
        raise Refused(f"tenant {tenant!r} does not exist; add it first with `helio tenant add`")
    return int(user_id)


def set_password(connection: Connection, *, email: str, password: str, now: datetime) -> None:
    """Give a user a new password; every token issued so far is void at once. Raises `Refused` for an unknown user."""
    changed = connection.execute(
        query("users", "set_password"), {"email": normal_email(email), "password_hash": hash_password(password), "now": now}
    )
    _require_one(changed.rowcount, email)


def set_active(connection: Connection, *, email: str, is_active: bool) -> None:
    """Open or shut an account; its tokens are void at once and for ever. Raises `Refused` for an unknown user."""
    changed = connection.execute(query("users", "set_active"), {"email": normal_email(email), "is_active": is_active})
    _require_one(changed.rowcount, email)


def list_users(connection: Connection, *, tenant: str | None = None) -> list[User]:
    """All users, or those of one tenant (by slug), by e-mail."""
    return [User(*row) for row in connection.execute(query("users", "list_users"), {"tenant": tenant})]


def _require_one(count: int, email: str) -> None:
    if count != 1:
        raise Refused(f"there is no user {email[:80]!r}; add it with `helio user add`")
