"""Tenants: added and changed by people, with the folders in which their drops arrive."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from include.core.identities import identity
from include.core.settings import Settings
from include.landing.drops import prepare
from include.warehouse import documents, fleet, users
from include.warehouse.engine import transaction


def save_tenant(settings: Settings, slug: str, fields: Mapping[str, Any]) -> None:
    """Add a tenant, or change the given fields of one that exists; its drop folders are made too.

    `fields` are those of `include.warehouse.fleet.Tenant`. With another `date_order`, documents whose times were ambiguous are
    read again. Raises `Refused` for a slug, language, order or address that cannot be.
    """
    changes = dict(fields)
    if recipients := changes.get("report_recipients"):
        changes["report_recipients"] = [users.normal_email(address) for address in recipients]
    with transaction(settings.database_url) as connection:
        known = fleet.read_tenants(connection).get(slug, fleet.Tenant(0, slug, slug, "America/Sao_Paulo"))
        tenant = replace(known, **changes)
        tenant_id = fleet.upsert_tenant(connection, replace(tenant, register_under=identity(tenant.register_under)))
        if tenant.date_order != known.date_order:
            documents.reopen_waiting(connection, tenant_id, rule="time_unambiguous", subjects=None)
    prepare(settings.drops_path, slug)


def require_tenant(settings: Settings, slug: str) -> None:
    """Raise `NeedsHuman` unless there is a tenant of this slug."""
    with transaction(settings.database_url) as connection:
        fleet.read_tenant(connection, slug)
