"""Accounts in vendor clouds: whose they are, what state they are in, their sealed credentials and tokens."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from include.core.errors import NeedsHuman, Refused
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Tokens
from include.warehouse.queries import query
from include.warehouse.vault import Vault


@dataclass(frozen=True, slots=True)
class Integration:
    """One account. `credentials` are sealed, None where Airflow or the environment keeps them; `account` is what is no secret."""

    integration_id: int
    tenant_id: int
    tenant: str
    timezone: str
    vendor: str
    name: str
    connection_id: str
    credentials: bytes | None = field(repr=False)
    account: Mapping[str, str]
    state: str
    state_set_at: datetime

    @property
    def label(self) -> str:
        """How people name it."""
        return f"{self.tenant}/{self.name}"


@dataclass(frozen=True, slots=True)
class KeptTokens:
    """Tokens as they rest: sealed, with the digest of the seal; `expires_at` is aware UTC."""

    sealed: bytes = field(repr=False)
    fingerprint: str
    expires_at: datetime


def upsert_integration(
    connection: Connection,
    *,
    tenant_id: int,
    integration: Mapping[str, Any],
    now: datetime,
) -> int:
    """Add an account (vendor, name, connection_id, credentials sealed or None, account) or change and reactivate it.

    Its tokens are forgotten. Raises `Refused` for a name that cannot be, or that another vendor's account of the tenant has.
    """
    parameters = {**integration, "account": json.dumps(integration["account"]), "tenant_id": tenant_id, "now": now}
    try:
        integration_id = connection.execute(query("integrations", "upsert_integration"), parameters).scalar_one_or_none()
    except IntegrityError as error:
        raise Refused(
            f"account {integration['name']!r} cannot be kept: a name has a-z, 0-9 and -, and is free; choose another with --name"
        ) from error
    if integration_id is None:
        raise Refused(f"account {integration['name']!r} is of another vendor; choose another name with --name")
    connection.execute(query("integrations", "forget_tokens"), {"integration_id": integration_id})
    return int(integration_id)


def read_integration(connection: Connection, integration_id: int) -> Integration:
    """One account by its id; raises `NeedsHuman` where it is gone."""
    found = _read(connection, integration_id=integration_id)
    if found is None:
        raise NeedsHuman(f"account {integration_id} does not exist any more; see `helio integration list`")
    return found


def find_integration(connection: Connection, tenant: str, name: str) -> Integration:
    """One account of a tenant by its name; raises `Refused` where there is none."""
    found = _read(connection, tenant=tenant, name=name)
    if found is None:
        raise Refused(f"tenant {tenant!r} has no account {name!r}; see `helio integration list`")
    return found


def find_connection(connection: Connection, connection_id: str) -> Integration | None:
    """The account whose Airflow connection has this id."""
    return _read(connection, connection_id=connection_id)


def _read(connection: Connection, **wanted: Any) -> Integration | None:  # noqa: ANN401
    parameters = {"integration_id": None, "tenant": None, "name": None, "connection_id": None} | wanted
    row = connection.execute(query("integrations", "read_integration"), parameters).one_or_none()
    if row is None:
        return None
    sealed = None if row.credentials is None else bytes(row.credentials)
    return Integration(**{**row._mapping, "credentials": sealed})


def read_integration_ids(connection: Connection, *, tenant: str | None, vendor: str | None) -> list[int]:
    """Accounts that are not disabled, of one tenant or all, of one vendor or all."""
    parameters = {"tenant": tenant, "vendor": vendor}
    return list(connection.execute(query("integrations", "read_integration_ids"), parameters).scalars())


def remember_account(connection: Connection, integration_id: int, account: Mapping[str, str]) -> None:
    """Keep the fields of the credentials that are no secret."""
    parameters = {"integration_id": integration_id, "account": json.dumps(dict(account))}
    connection.execute(query("integrations", "remember_account"), parameters)


def set_due(connection: Connection, integration_id: int, next_due_at: datetime) -> None:
    """When the account is worth looking at again."""
    connection.execute(query("integrations", "set_due"), {"integration_id": integration_id, "next_due_at": next_due_at})


def take_due(connection: Connection, vendor: str, *, now: datetime, again: datetime, most: int) -> list[dict[str, Any]]:
    """Accounts of a vendor that may be asked and whose time has come, in turn: integration_id, label, connection_id.

    They fall due `again` then, unless whoever pulls them knows better.
    """
    rows = connection.execute(query("integrations", "take_due"), {"vendor": vendor, "now": now, "again": again, "most": most})
    return [dict(row._mapping) for row in rows]


def list_integrations(connection: Connection, *, tenant: str | None, now: datetime) -> list[dict[str, Any]]:
    """The accounts as an operator sees them: state, plants, what waits, what is blocked, calls of the last day."""
    rows = connection.execute(query("integrations", "list_integrations"), {"tenant": tenant, "now": now})
    return [dict(row._mapping) for row in rows]


def read_fleet(connection: Connection, integration_id: int) -> PulledFleet:
    """Registered plants and devices that are pulled through an account."""
    key = {"integration_id": integration_id}
    plants = connection.execute(query("integrations", "read_fleet_plants"), key)
    devices = connection.execute(query("integrations", "read_fleet_devices"), key)
    return PulledFleet(
        tuple(PulledPlant(row.plant_key, row.timezone) for row in plants),
        tuple(PulledDevice(row.device_key, row.plant_key, row.vendor_type) for row in devices),
    )


def release_plants(connection: Connection, integration_id: int, *, listed: Iterable[str]) -> None:
    """Pull plants that are not among the listed ones no longer, where the tenant has another active account of the vendor."""
    connection.execute(query("integrations", "release_plants"), {"integration_id": integration_id, "listed": sorted(listed)})


def lock_account(connection: Connection, integration_id: int) -> None:
    """Be the only one who logs in, plans or switches the account until the transaction ends."""
    connection.execute(query("integrations", "lock_account"), {"integration_id": integration_id})


def read_tokens(connection: Connection, integration_id: int) -> KeptTokens | None:
    """The tokens of the last login, good or not."""
    row = connection.execute(query("integrations", "read_tokens"), {"integration_id": integration_id}).one_or_none()
    return None if row is None else KeptTokens(bytes(row.tokens), row.fingerprint, row.expires_at)


def keep_tokens(
    connection: Connection, integration_id: int, tokens: Tokens, *, of: str, vault: Vault, now: datetime
) -> KeptTokens:
    """Seal and keep new tokens in place of the old ones, with a digest `of` the credentials that they were made with."""
    parts = {"access": tokens.access, "lives_s": tokens.lives_s, "more": dict(tokens.more), "base_url": tokens.base_url}
    sealed = vault.seal(parts | {"of": of})
    kept = KeptTokens(sealed, sha256(sealed).hexdigest(), now + timedelta(seconds=tokens.lives_s))
    parameters = {
        "integration_id": integration_id,
        "tokens": sealed,
        "fingerprint": kept.fingerprint,
        "expires_at": kept.expires_at,
        "now": now,
    }
    connection.execute(query("integrations", "keep_tokens"), parameters)
    return kept


def open_tokens(kept: KeptTokens, vault: Vault) -> Tokens:
    """The tokens themselves."""
    return Tokens(**{name: value for name, value in vault.open(kept.sealed).items() if name != "of"})


def are_of(kept: KeptTokens, vault: Vault, credentials: str) -> bool:
    """Whether tokens were made with the credentials of this digest."""
    return vault.open(kept.sealed).get("of") == credentials


def end_tokens(connection: Connection, integration_id: int, fingerprint: str) -> None:
    """These tokens are not good any more; newer ones stay."""
    connection.execute(query("integrations", "end_tokens"), {"integration_id": integration_id, "fingerprint": fingerprint})
