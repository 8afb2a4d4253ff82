"""What a vendor reports of its plants and devices, beside what the operator wrote: field by field, the operator's value stays.

A field takes the vendor's new value only where it still holds what the vendor reported before, or a default. Which answer is
newer follows from its receipt, field by field: the order of registering does not matter. A field that an answer lacks stays.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from include.core.documents import DROPS, LandedDocument
from include.core.fleet import Registry
from include.sources.drops.registry_fields import READERS, BadField
from include.steps.registration_outcome import PLANT_KNOWN, RegistrationOutcome, Row, numbered
from include.warehouse import fleet
from include.warehouse.engine import Connection
from include.warehouse.vendor_fleet import Known, Reported, VendorKind, read_known, write_reported

_log = logging.getLogger(__name__)

_FIELDS: Final[dict[VendorKind, tuple[str, ...]]] = {
    "plant": ("name", "timezone", "city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on"),
    "device": ("plant_key", "kind", "name", "model", "capacity_kw"),
}
"""Fields that the operator may edit, too."""
_FOLLOWED: Final = ("vendor_type", "serial")
"""Fields that are the vendor's alone."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """When an answer was received last (aware), and its document."""

    at: datetime
    document_id: int

    def is_older_than(self, field: Mapping[str, Any]) -> bool:
        """Was this field reported by an answer received later?"""
        at = field.get("at")
        return at is not None and (datetime.fromisoformat(at), field["document_id"]) > (self.at, self.document_id)


def merge(known: Known | None, fields: Mapping[str, Any], receipt: Receipt) -> tuple[dict[str, Any], Reported]:
    """Fields that change, and what the vendor has reported by now. `fields` are plain JSON values, None where there is none.

    A field that the operator edited, that is one which holds neither what the vendor reported before nor a default, stays.
    """
    stored, reported = (known.stored, dict(known.reported)) if known else ({}, {})
    changes = {}
    for name, value in fields.items():
        before = reported.get(name, {})
        if value is None or receipt.is_older_than(before):
            continue
        if stored.get(name) == before.get("value") != value:
            changes[name] = value
        reported[name] = {"value": value, "at": receipt.at.isoformat(), "document_id": receipt.document_id}
    return {name: value for name, value in changes.items() if name not in _FOLLOWED}, reported


def upsert_vendor_fleet(
    connection: Connection, tenant: fleet.Tenant, document: LandedDocument, registry: Registry, outcome: RegistrationOutcome
) -> None:
    """Register what one answer of a vendor lists. What it no longer lists stays, for its history does."""
    source = document.feed.removesuffix("_fleet")
    receipt = Receipt(document.newest_receipt, document.document_id)
    answer = _Answer(tenant, source, receipt, document.integration_id)
    plants = [row | {"source": source} for row in numbered(tenant.tenant_id, registry.plants)]
    _upsert(connection, "plant", plants, answer, outcome)
    devices = [row | {"source": source, "parent_key": None} for row in numbered(tenant.tenant_id, registry.devices)]
    known = fleet.read_zones(connection, tenant.tenant_id).keys()
    _upsert(connection, "device", outcome.known_only("device", devices, PLANT_KNOWN, "plant_key", known), answer, outcome)


def note_defaults(connection: Connection, tenant: fleet.Tenant, outcome: RegistrationOutcome) -> None:
    """Of a vendor's plants and devices that the operator named first: which of their fields hold a default."""
    for kind in _FIELDS:
        rows = [row for row in outcome.new.get(kind, ()) if row["source"] != DROPS]
        for source in {row["source"] for row in rows}:
            defaults = {row[f"{kind}_key"]: _defaults(kind, row, tenant) for row in rows if row["source"] == source}
            write_reported(connection, kind, defaults, tenant_id=tenant.tenant_id, source=source)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A vendor's answer of one account; `source` is the vendor."""

    tenant: fleet.Tenant
    source: str
    receipt: Receipt
    integration_id: int | None


def _upsert(connection: Connection, kind: VendorKind, rows: Sequence[Row], answer: _Answer, outcome: RegistrationOutcome) -> None:
    key, tenant_id, source = f"{kind}_key", answer.tenant.tenant_id, answer.source
    known = read_known(connection, kind, tenant_id=tenant_id, source=source, keys=[row[key] for row in rows])
    changed: list[Row] = []
    for row in rows:
        before = known.get(row[key])
        changes, reported = merge(before, _fields(kind, row), answer.receipt)
        change = row | dict.fromkeys(_FIELDS[kind]) | changes
        if before is None:
            reported = _defaults(kind, change, answer.tenant) | reported
        known[row[key]] = Known({**(before.stored if before else {}), **changes}, reported)
        changed += [change] if changes or before is None else []
    outcome.upsert(connection, kind, changed)
    outcome.parsed += len(rows) - len(changed)
    reported_by_key = {row[key]: known[row[key]].reported for row in rows}
    account = answer.integration_id
    write_reported(connection, kind, reported_by_key, tenant_id=tenant_id, source=source, integration_id=account)


def _fields(kind: VendorKind, row: Row) -> dict[str, Any]:
    """A vendor's row as plain JSON values; None for what cannot be, and for the place 0, 0, which nobody entered."""
    fields = {name: _credible(row[f"{kind}_key"], name, row[name]) for name in _FIELDS[kind]}
    if kind == "device":
        return fields | {name: row[name] for name in _FOLLOWED}
    if fields["latitude"] == fields["longitude"] == 0:
        fields |= {"latitude": None, "longitude": None}
    return fields


def _credible(key: str, name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if value is None or isinstance(value, date):
        return value.isoformat() if value else None
    try:
        return READERS[name](value)
    except BadField as fault:
        _log.info("The vendor reports of %r that its %s is %r, which %s: left as it was", key, name, value, fault)
        return None


def _defaults(kind: VendorKind, row: Row, tenant: fleet.Tenant) -> Reported:
    """Defaults that stand in a new row where nothing was reported: any later report replaces them."""
    taken = {"name": row[f"{kind}_key"], **({"timezone": tenant.timezone} if kind == "plant" else {"kind": "inverter"})}
    if kind == "plant" and row["timezone"] is None:
        _log.warning(
            "Plant %r of %s in tenant %s comes without a time zone: its days are those of %s until a registry file names another",
            row["plant_key"],
            row["source"],
            tenant.slug,
            tenant.timezone,
        )
    return {name: {"value": value} for name, value in taken.items() if row[name] is None}
