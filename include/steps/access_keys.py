"""API keys: how programs come in, as people make, list and revoke them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from include.core.settings import Settings
from include.warehouse import access_keys
from include.warehouse.access_keys import SCOPES, AccessKey, new_key
from include.warehouse.engine import transaction

__all__ = ["SCOPES", "AccessKey", "add_key", "ensure_key", "list_keys", "new_key", "revoke_key"]


def add_key(
    settings: Settings, *, email: str, name: str, scopes: Sequence[str], now: datetime, days: int | None
) -> tuple[str, datetime | None]:
    """Make a key of a user that lasts so many days (None: for ever); returns it, this once, and when it expires.

    Raises `Refused` for a user, name or scope that cannot be.
    """
    key, expires_at = new_key(), None if days is None else now + timedelta(days=days)
    with transaction(settings.database_url) as connection:
        access_keys.add_key(connection, email=email, name=name, key=key, scopes=scopes, now=now, expires_at=expires_at)
    return key, expires_at


def ensure_key(settings: Settings, *, email: str, name: str, key: str, scopes: Sequence[str], now: datetime) -> None:
    """Keep a key that was made elsewhere and does not expire, unless it is kept already, also as a revoked one."""
    with transaction(settings.database_url) as connection:
        if all(kept.name != name for kept in access_keys.list_keys(connection, email=email)):
            access_keys.add_key(connection, email=email, name=name, key=key, scopes=scopes, now=now, expires_at=None)


def list_keys(settings: Settings, *, tenant: str | None = None, email: str | None = None) -> list[AccessKey]:
    """Keys with their last use, revoked ones included."""
    with transaction(settings.database_url) as connection:
        return access_keys.list_keys(connection, tenant=tenant, email=email)


def revoke_key(settings: Settings, *, email: str, name: str, now: datetime) -> None:
    """Revoke a key: the next request with it is refused."""
    with transaction(settings.database_url) as connection:
        access_keys.revoke_key(connection, email=email, name=name, now=now)
