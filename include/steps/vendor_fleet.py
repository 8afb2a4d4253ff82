"""What a vendor tells of its plants and devices, beside what the operator wrote: field by field, the operator's word stays.

A field takes the vendor's new value only where it still holds what the vendor told before, or a default that nobody told. Which
answer is newer is told by its receipt, field by field: the order of registering does not matter. Silence erases nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from include.core.documents import LandedDocument
from include.core.fleet import Registry
from include.sources.drops.registry_fields import READERS, BadField
from include.steps.registration_outcome import PLANT_KNOWN, RegistrationOutcome, Row, numbered
from include.warehouse import fleet
from include.warehouse.engine import Connection
from include.warehouse.vendor_fleet import Known, Said, VendorKind, read_known, write_reported

_log = logging.getLogger(__name__)

_FIELDS: Final[dict[VendorKind, tuple[str, ...]]] = {
    "plant": ("name", "timezone", "city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on"),
    "device": ("plant_key", "kind", "name", "model", "capacity_kw"),
}
"""Fields that the operator may edit, too."""
_FOLLOWED: Final = "vendor_type"
"""Field that is the vendor's alone."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Which answer speaks: its last receipt (aware) and its document."""

    at: datetime
    document_id: int

    def is_older_than(self, told: Mapping[str, Any]) -> bool:
        """Did a later answer tell this?"""
        at = told.get("at")
        return at is not None and (datetime.fromisoformat(at), told["document_id"]) > (self.at, self.document_id)


def merge(known: Known | None, told: Mapping[str, Any], heard: Heard) -> tuple[dict[str, Any], Said]:
    """Fields that change, and what the vendor has told by now. `told` holds plain JSON values; None is silence.

    A field that the operator edited, that is one which holds neither what the vendor told before nor a default, does not change.
    """
    stored, said = (known.stored, dict(known.said)) if known else ({}, {})
    changes = {}
    for name, value in told.items():
        before = said.get(name, {})
        if value is None or heard.is_older_than(before):
            continue
        if stored.get(name) == before.get("value") != value:
            changes[name] = value
        said[name] = {"value": value, "at": heard.at.isoformat(), "document_id": heard.document_id}
    changes.pop(_FOLLOWED, None)
    return changes, said


def upsert_vendor_fleet(
    connection: Connection, tenant: fleet.Tenant, document: LandedDocument, registry: Registry, outcome: RegistrationOutcome
) -> None:
    """Register what one answer of a vendor lists. What it no longer lists stays, for its history does."""
    source = document.feed.removesuffix("_fleet")
    speaks = _Speaker(
        tenant, source, Heard(document.last_received_at or document.received_at, document.document_id), document.integration_id
    )
    _upsert(
        connection, "plant", [row | {"source": source} for row in numbered(tenant.tenant_id, registry.plants)], speaks, outcome
    )
    devices = [row | {"source": source, "parent_key": None} for row in numbered(tenant.tenant_id, registry.devices)]
    plants = fleet.read_zones(connection, tenant.tenant_id).keys()
    _upsert(connection, "device", outcome.known_only("device", devices, PLANT_KNOWN, "plant_key", plants), speaks, outcome)


def note_defaults(connection: Connection, tenant: fleet.Tenant, outcome: RegistrationOutcome) -> None:
    """Of a vendor's plants and devices that the operator named first: which of their fields nobody told."""
    for kind in _FIELDS:
        rows = [row for row in outcome.new.get(kind, ()) if row["source"] != "drops"]
        for source in {row["source"] for row in rows}:
            said = {row[f"{kind}_key"]: _defaults(kind, row, tenant) for row in rows if row["source"] == source}
            write_reported(connection, kind, said, tenant_id=tenant.tenant_id, source=source)


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Who tells: a vendor's answer of one account."""

    tenant: fleet.Tenant
    source: str
    heard: Heard
    integration_id: int | None


def _upsert(
    connection: Connection, kind: VendorKind, rows: Sequence[Row], speaks: _Speaker, outcome: RegistrationOutcome
) -> None:
    key = f"{kind}_key"
    known = read_known(connection, kind, tenant_id=speaks.tenant.tenant_id, source=speaks.source, keys=[row[key] for row in rows])
    changed: list[Row] = []
    for row in rows:
        before = known.get(row[key])
        changes, said = merge(before, _told(kind, row), speaks.heard)
        change = row | dict.fromkeys(_FIELDS[kind]) | changes
        if before is None:
            said = _defaults(kind, change, speaks.tenant) | said
        known[row[key]] = Known({**(before.stored if before else {}), **changes}, said)
        changed += [change] if changes or before is None else []
    outcome.upsert(connection, kind, changed)
    outcome.parsed += len(rows) - len(changed)
    said_by_key = {row[key]: known[row[key]].said for row in rows}
    write_reported(
        connection,
        kind,
        said_by_key,
        tenant_id=speaks.tenant.tenant_id,
        source=speaks.source,
        integration_id=speaks.integration_id,
    )


def _told(kind: VendorKind, row: Row) -> dict[str, Any]:
    """Fields of a vendor's row as plain JSON values; what cannot be, and 0, 0 for a place that nobody entered, are silence."""
    told = {name: _credible(row[f"{kind}_key"], name, row[name]) for name in _FIELDS[kind]}
    if kind == "device":
        return told | {_FOLLOWED: row[_FOLLOWED]}
    if told["latitude"] == told["longitude"] == 0:
        told |= {"latitude": None, "longitude": None}
    return told


def _credible(key: str, name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if value is None or isinstance(value, date):
        return value.isoformat() if value else None
    try:
        return READERS[name](value)
    except BadField as fault:
        _log.info("The vendor tells of %r that its %s is %r, which %s: left as it was", key, name, value, fault)
        return None


def _defaults(kind: VendorKind, row: Row, tenant: fleet.Tenant) -> Said:
    """Defaults that stand in a new row because nobody told more: whoever does later is believed."""
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
