"""Tenants: added and changed by people, with the folders in which their drops arrive."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from include.core.brand import Brand, require_readable
from include.core.errors import Refused
from include.core.identities import identity
from include.core.settings import Settings
from include.landing.drops import prepare
from include.reports.logo import logo_png
from include.reports.plain_text import clean
from include.warehouse import brands, documents, fleet
from include.warehouse.engine import transaction

_MOST_FOOTER: Final = 160


def save_tenant(settings: Settings, slug: str, fields: Mapping[str, Any]) -> None:
    """Add a tenant, or change the given fields of one that exists; its drop folders are made too.

    `fields` are those of `include.warehouse.fleet.Tenant`. With another `date_order`, documents whose times were ambiguous are
    read again. Raises `Refused` for a slug, language or order that cannot be.
    """
    with transaction(settings.database_url) as connection:
        known = fleet.read_tenants(connection).get(slug, fleet.Tenant(0, slug, slug, "America/Sao_Paulo"))
        tenant = replace(known, **fields)
        tenant_id = fleet.upsert_tenant(connection, replace(tenant, register_under=identity(tenant.register_under)))
        if tenant.date_order != known.date_order:
            documents.reopen_waiting(connection, tenant_id, rule="time_unambiguous", subjects=None)
    prepare(settings.drops_path, slug)


def save_brand(settings: Settings, slug: str, fields: Mapping[str, Any], *, now: datetime) -> Brand:
    """Change the given fields of how a tenant's reports, mails and page look; returns the look.

    `fields` are those of `Brand`, with `logo`, the bytes of a PNG or JPEG, for `logo_png`; None takes a logo or the line away.
    Reports that were issued keep theirs. Raises `Refused` for colours that cannot be read, a long line and a logo that is none.
    """
    given = dict(fields)
    if "logo" in given:
        logo = given.pop("logo")
        given["logo_png"] = None if logo is None else logo_png(logo)
    if footer := given.get("footer"):
        given["footer"] = clean(footer, _MOST_FOOTER + 1)
        if len(given["footer"]) > _MOST_FOOTER:
            raise Refused(
                f"the line at the foot has {len(footer)} characters; {_MOST_FOOTER} are the most, of which a page shows "
                "as many as fit in one line"
            )
    with transaction(settings.database_url) as connection:
        tenant_id = fleet.read_tenant(connection, slug).tenant_id
        _, known = brands.read_brand(connection, tenant_id)
        brand = replace(known, **given)
        require_readable(brand)
        if brand != known:
            brands.insert_brand(connection, tenant_id, brand, at=now)
    return brand


def list_tenants(settings: Settings) -> list[dict[str, Any]]:
    """Tenants by their slug (`tenant`), with name, zone, language, how unknown devices are taken, and `plants`."""
    with transaction(settings.database_url) as connection:
        return fleet.list_tenants(connection)


def require_tenant(settings: Settings, slug: str) -> None:
    """Raise `NeedsHuman` unless there is a tenant of this slug."""
    with transaction(settings.database_url) as connection:
        fleet.read_tenant(connection, slug)
