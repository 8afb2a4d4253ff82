"""Users: who may log in to the API, as people add them, change their passwords and shut them out."""

from datetime import datetime

from include.core.settings import Settings
from include.warehouse import access_keys, users
from include.warehouse.engine import transaction
from include.warehouse.users import ROLES, Role

__all__ = ["ROLES", "Role", "add_user", "ensure_user", "set_active", "set_password"]


def add_user(settings: Settings, *, tenant: str, email: str, password: str, role: Role, now: datetime) -> None:
    """Add a user of a tenant; raises `Refused` for an address or password that cannot be, or one that is taken."""
    with transaction(settings.database_url) as connection:
        users.add_user(connection, tenant=tenant, email=email, password=password, role=role, now=now)


def ensure_user(settings: Settings, *, tenant: str, email: str, password: str, role: Role, now: datetime) -> None:
    """Add a user unless the tenant has one of this address, whose password then stays."""
    with transaction(settings.database_url) as connection:
        if all(user.email != email for user in users.list_users(connection, tenant=tenant)):
            users.add_user(connection, tenant=tenant, email=email, password=password, role=role, now=now)


def set_password(settings: Settings, *, email: str, password: str, now: datetime) -> None:
    """Give a user a new password; tokens issued before are void at once."""
    with transaction(settings.database_url) as connection:
        users.set_password(connection, email=email, password=password, now=now)


def set_active(settings: Settings, *, email: str, is_active: bool, now: datetime) -> None:
    """Let a user in, or shut the user out at once; tokens and API keys of before are void either way."""
    with transaction(settings.database_url) as connection:
        users.set_active(connection, email=email, is_active=is_active)
        access_keys.revoke_keys_of_user(connection, email=email, now=now)
