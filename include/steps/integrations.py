"""Accounts in vendor clouds as an operator handles them: add, list, test, switch, authorise."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from include.core.errors import Refused
from include.core.pulls import PulledFleet
from include.core.settings import Settings
from include.core.vendors import VENDORS
from include.sources.clouds.document import pack
from include.sources.clouds.errors import Rejected
from include.sources.clouds.registry import CLOUDS
from include.sources.clouds.session import Session
from include.sources.formats.context import ParseContext
from include.steps.account_state import take_up_again
from include.steps.backfill import progress
from include.steps.vendor_account import (
    Clock,
    FewCalls,
    LooseTokens,
    SealedTokens,
    clean,
    kept_credentials,
    open_account,
    open_http,
    without_secrets,
)
from include.warehouse import account_states, fleet, integrations
from include.warehouse.engine import transaction
from include.warehouse.vault import Vault


def add_integration(
    settings: Settings,
    *,
    tenant: str,
    vendor: str,
    name: str | None = None,
    credentials: Mapping[str, str] | None,
    now: datetime,
) -> dict[str, Any]:
    """Add an account, or give it new credentials and another chance.

    Args:
        settings: With database and vault.
        tenant: Whose account it is.
        vendor: A name of `VENDORS`.
        name: Distinguishes accounts of one tenant; the vendor's name where none is given.
        credentials: Fields of the account, kept sealed; None where an Airflow connection `<tenant>__<name>` keeps them.
        now: Aware UTC.

    Raises:
        Refused: Unknown vendor, a name that cannot be, a host that may not be called.
        NeedsHuman: Unknown tenant, a missing field, no vault key.
    """
    if vendor not in VENDORS:
        raise Refused(f"vendor {vendor!r} is not known; choose one of {', '.join(VENDORS)}")
    name = name or vendor
    given = None if credentials is None else clean(vendor, credentials)
    if given is not None:
        open_http(settings, VENDORS[vendor], given["host"])  # refuses a host that may not be called
    sealed = None if given is None else Vault(settings.vault_keys).seal(given)
    with transaction(settings.database_url) as connection:
        owner = fleet.read_tenant(connection, tenant)
        integration = {
            "vendor": vendor,
            "name": name,
            "connection_id": f"{tenant}__{name}",
            "credentials": sealed,
            "account": {} if given is None else without_secrets(vendor, given),
        }
        integration_id = integrations.upsert_integration(connection, tenant_id=owner.tenant_id, integration=integration, now=now)
        take_up_again(connection, integration_id, now)
    added = {"tenant": tenant, "vendor": vendor, "name": name, "connection_id": f"{tenant}__{name}", "state": "active"}
    return {"integration_id": integration_id, **added}


def list_integrations(settings: Settings, *, now: datetime, tenant: str | None = None) -> list[dict[str, Any]]:
    """All accounts, or one tenant's: state, reason, since when, what waits, is left out or blocked until when, calls of a day.

    `backfill` tells how many requests of one wait and when the limits permit its end; None where there is none.
    """
    with transaction(settings.database_url) as connection:
        rows = integrations.list_integrations(connection, tenant=tenant, now=now)
        return [row | {"backfill": progress(connection, row["integration_id"], now=now)} for row in rows]


def try_integration(
    settings: Settings,
    *,
    tenant: str,
    name: str,
    clock: Callable[[], datetime],
    credentials: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Log in and list the plants, within the account's budget; success takes up again what was rejected or needs attention.

    Raises `Rejected`, `TryLater` or `RateLimited`, as the vendor decides.
    """
    time = Clock(clock)
    with transaction(settings.database_url) as connection:
        integration = integrations.find_integration(connection, tenant, name)
        known = integrations.read_fleet(connection, integration.integration_id)
    account = open_account(settings, integration, credentials=credentials, clock=time, fleet=known)
    try:
        plants = _count_plants(account.session, integration.vendor, account.credentials)
    except Rejected as error:
        with transaction(settings.database_url) as connection:
            account_states.set_state(
                connection,
                integration.integration_id,
                "rejected",
                reason=str(error),
                now=clock(),
                since=integration.state_set_at,
            )
        raise
    if integration.state == "rejected" or (integration.state == "needs attention" and plants):
        set_state(settings, tenant=tenant, name=name, state="active", now=clock())
    return {"plants": plants}


def try_credentials(settings: Settings, *, vendor: str, credentials: Mapping[str, str]) -> str:
    """Log in with credentials that are kept nowhere and list the plants; returns a sentence. Raises as `try_integration`."""
    cloud = CLOUDS[vendor]
    given = clean(vendor, credentials)
    http = open_http(settings, cloud.vendor, given["host"])
    session = Session(cloud, http, given, tokens=LooseTokens(), budget=FewCalls())
    plants = _count_plants(session, vendor, given)
    return f"{cloud.vendor.label} let the account in; it sees {plants} plant{'' if plants == 1 else 's'}"


def activate(settings: Settings, *, tenant: str, vendor: str, name: str, now: datetime) -> dict[str, Any]:
    """Make the Airflow connection `<tenant>__<name>` an account, or take the account of that name up again.

    Raises `Refused` where the account is another vendor's.
    """
    known = {account["name"]: account["vendor"] for account in list_integrations(settings, now=now, tenant=tenant)}
    if name not in known:
        return add_integration(settings, tenant=tenant, vendor=vendor, name=name, credentials=None, now=now)
    if known[name] != vendor:
        raise Refused(f"the account {tenant}/{name} is one of {known[name]}, not of {vendor}; give its vendor, or another name")
    return set_state(settings, tenant=tenant, name=name, state="active", now=now)


def set_state(settings: Settings, *, tenant: str, name: str, state: str, now: datetime) -> dict[str, Any]:
    """Switch an account.

    `active` also forgets what the vendor refused, and requests again what was refused, the lists and the last closed days.
    `disabled` pauses it: what waits stays on the work list.
    """
    if state not in {"active", "disabled"}:
        raise Refused(f"an account cannot be made {state!r}; choose active or disabled")
    with transaction(settings.database_url) as connection:
        integration = integrations.find_integration(connection, tenant, name)
        reason = None if state == "active" else "disabled by the operator"
        account_states.set_state(connection, integration.integration_id, state, reason=reason, now=now)
        if state == "active":
            take_up_again(connection, integration.integration_id, now)
    return {"tenant": tenant, "name": name, "state": state}


def authorize(
    settings: Settings,
    *,
    tenant: str,
    name: str,
    code: str,
    clock: Callable[[], datetime],
    credentials: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Trade the code of an owner's consent for tokens and keep them sealed; the account is active afterwards.

    Raises `Refused` for a vendor without such a way, `Rejected` where the vendor does not accept the code.
    """
    time = Clock(clock)
    with transaction(settings.database_url) as connection:
        integration = integrations.find_integration(connection, tenant, name)
    account = open_account(settings, integration, credentials=credentials, clock=time, fleet=PulledFleet())
    if account.cloud.authorize is None or account.credentials.get("login"):
        raise Refused(f"account {integration.label} logs in by itself; only Sungrow accounts without a login need a code")
    tokens = account.session.trade(code)
    vault = Vault(settings.vault_keys)
    SealedTokens(settings.database_url, integration.integration_id, vault, time, credentials=account.credentials).keep(tokens)
    return set_state(settings, tenant=tenant, name=name, state="active", now=clock())


def authorization_page(settings: Settings, *, tenant: str, name: str, credentials: Mapping[str, str] | None = None) -> str:
    """The page on which an owner consents to Sungrow handing out the plants; it leads back to the redirect URL with a code."""
    with transaction(settings.database_url) as connection:
        integration = integrations.find_integration(connection, tenant, name)
    given = credentials or (integration.account if integration.credentials is None else kept_credentials(settings, integration))
    page = CLOUDS[integration.vendor].consent_page
    if page is None:
        raise Refused(f"account {integration.label} logs in by itself; only Sungrow accounts are authorised by code")
    return page(given, integration.connection_id)


def credentials_of(settings: Settings, connection_id: str) -> tuple[str, dict[str, str]] | None:
    """Vendor and credentials that our database keeps for an Airflow connection id; None where it keeps none."""
    with transaction(settings.database_url) as connection:
        integration = integrations.find_connection(connection, connection_id)
    if integration is None or integration.credentials is None:
        return None
    return integration.vendor, kept_credentials(settings, integration)


def _count_plants(session: Session, vendor: str, credentials: Mapping[str, str]) -> int:
    cloud = CLOUDS[vendor]
    first = cloud.fleet_requests(credentials)[0]
    context = ParseContext(ZoneInfo("UTC"), first.interface)
    answers = [pack(vendor, first, answer.raw) for answer in cloud.fetch(session, first)]
    return sum(len(cloud.parse_fleet(answer, context).plants) for answer in answers)
