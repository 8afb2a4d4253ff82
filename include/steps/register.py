"""Registry documents become the fleet: plants, devices, customers, targets, tariffs; an idempotent upsert per document.

What names a plant or a parent that is not known yet waits in quarantine; as soon as it is known the document is read again.
So is every document of readings that waits for a device or customer that has just been registered: the order of arrival does
not matter.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.documents import LandedDocument
from include.core.errors import BadDocument
from include.core.settings import Settings
from include.landing.store import ObjectStore
from include.sources.context import ParseContext
from include.sources.fleet_registry import Registry, parse_registry
from include.sources.unpack import Limits, unpack
from include.steps.code_version import code_version
from include.steps.refusal import refuse
from include.warehouse import documents, fleet, readings
from include.warehouse.engine import Connection, transaction

_log = logging.getLogger(__name__)

REGISTRY: Final = "registry"
_MAX_ROUNDS: Final = 10
_KEY_OF: Final = {"plant": "plant_key", "device": "device_key", "customer": "document"}
SUBJECT_KNOWN: Final = "subject_known"
_RULE_OF: Final = {"device": SUBJECT_KNOWN, "customer": SUBJECT_KNOWN, "plant": "plant_known"}


def register_landed(settings: Settings, *, now: datetime, run_id: str) -> dict[str, Any]:
    """Register every landed registry document; a refused one never stops the rest.

    Returns counts: documents, parsed, inserted, updated, unchanged and quarantined rows, replayed_documents.
    """
    total: Counter[str] = Counter()
    for _ in range(_MAX_ROUNDS):
        with transaction(settings.database_url) as connection:
            pending = documents.read_pending(connection, [REGISTRY])
        if not pending:
            break
        for document_id, _ in pending:
            total.update(register_document(settings, document_id, now=now, run_id=run_id))
    return dict(total)


def register_text(settings: Settings, *, tenant: str, content: str, name: str, now: datetime, run_id: str) -> dict[str, Any]:
    """Land the text of a form as a registry document of the tenant, then register what waits."""
    with transaction(settings.database_url) as connection:
        tenant_id = fleet.read_tenant(connection, tenant).tenant_id
    with TemporaryDirectory() as folder:
        path = Path(folder) / "form.txt"
        path.write_text(content, encoding="utf-8")
        stored = ObjectStore(settings.landing).put(path, tenant=tenant, feed=REGISTRY, received_at=now)
    with transaction(settings.database_url) as connection:
        documents.register_document(
            connection,
            tenant_id=tenant_id,
            tenant=tenant,
            feed=REGISTRY,
            stored=asdict(stored) | {"original_name": name},
            received_at=now,
        )
    return register_landed(settings, now=now, run_id=run_id)


def register_document(settings: Settings, document_id: int, *, now: datetime, run_id: str) -> Counter[str]:
    """Register one landed document in one transaction; the counts are empty when it was refused or taken by another run."""
    with transaction(settings.database_url) as connection:
        document = documents.lock_document(connection, document_id)
        if document is None:
            return Counter()
        tenant = fleet.read_tenant(connection, document.tenant)
        outcome = _Outcome()
        try:
            registry = _read(settings, document, ZoneInfo(tenant.timezone))
            readings.lock_tenant(connection, tenant.tenant_id)
            with connection.begin_nested():
                _upsert_all(connection, tenant, registry, outcome)
        except BadDocument as error:
            refuse(settings, connection, document, str(error))
            return Counter(documents=1, refused=1)
        documents.replace_quarantine(connection, document, outcome.quarantined)
        documents.write_load(connection, document, outcome.counts(), loaded_at=now, run_id=run_id, code_version=code_version())
        replayed = sum(
            documents.reopen_waiting(connection, tenant.tenant_id, rule=_RULE_OF[kind], subjects=keys)
            for kind, keys in outcome.new_keys.items()
        )
        if tenant.unknown_devices == "register" and tenant.register_under in outcome.new_keys.get("plant", ()):
            replayed += documents.reopen_waiting(connection, tenant.tenant_id, rule=SUBJECT_KNOWN, subjects=None)
    _log.info("Registered %r of %s: %s", document.original_name, document.tenant, outcome.totals())
    return Counter(outcome.totals()) + Counter(documents=1, replayed_documents=replayed)


@dataclass(slots=True)
class _Outcome:
    """What one registry document did."""

    parsed: int = 0
    inserted: int = 0
    updated: int = 0
    quarantined: list[documents.QuarantinedRow] = field(default_factory=list)
    new_keys: dict[str, list[str]] = field(default_factory=dict)

    def counts(self) -> documents.LoadCounts:
        reasons = Counter(rule for row in self.quarantined for rule in row.broken_rules)
        return documents.LoadCounts(
            parsed_rows=self.parsed,
            inserted_rows=self.inserted,
            updated_rows=self.updated,
            unchanged_rows=self.parsed - self.inserted - self.updated - len(self.quarantined),
            quarantined_rows=len(self.quarantined),
            quarantine_reasons=reasons,
        )

    def totals(self) -> dict[str, int]:
        counts = self.counts()
        names = ("parsed_rows", "inserted_rows", "updated_rows", "unchanged_rows", "quarantined_rows")
        return {name: getattr(counts, name) for name in names}


def _read(settings: Settings, document: LandedDocument, timezone: ZoneInfo) -> Registry:
    with ObjectStore(settings.landing).open(document.uri) as stored:
        body = unpack(stored, limits=Limits.from_settings(settings))
    context = ParseContext(timezone, document.original_name, settings.max_rows, settings.max_nesting)
    return parse_registry(body, context)


def _upsert_all(connection: Connection, tenant: fleet.Tenant, registry: Registry, outcome: _Outcome) -> None:
    outcome.parsed = len(registry.rejected)
    outcome.quarantined += [
        documents.QuarantinedRow(
            place, "row", None, ("row_readable",), {"reason": f"row {row.row_number} {row.reason}", "raw": row.payload}
        )
        for place, row in enumerate(registry.rejected, start=1)
    ]
    _upsert(connection, "plant", _rows(tenant, registry.plants), outcome)
    _upsert(connection, "customer", _rows(tenant, registry.customers), outcome)
    plants = fleet.read_plant_keys(connection, tenant.tenant_id)
    devices = _split("device", _rows(tenant, registry.devices), "plant_known", "plant_key", plants, outcome)
    parents = _parents(connection, tenant, devices)
    devices = _split("device", devices, "subject_known", "parent_key", parents, outcome)
    _upsert(connection, "device", sorted(devices, key=lambda row: row["parent_key"] is not None), outcome)
    for kind, rows in (("target", registry.targets), ("tariff", registry.tariffs)):
        _upsert(connection, kind, _split(kind, _rows(tenant, rows), "plant_known", "plant_key", plants, outcome), outcome)


def _rows(tenant: fleet.Tenant, rows: Iterable[Any]) -> list[dict[str, Any]]:
    common = {"tenant_id": tenant.tenant_id, "source": "drops"}
    return [common | asdict(row) | {"row_number": number} for number, row in enumerate(rows, start=1)]


def _upsert(connection: Connection, kind: str, rows: Sequence[Mapping[str, Any]], outcome: _Outcome) -> None:
    changed = fleet.upsert_rows(connection, kind, rows)
    new = [row for row in changed if row["is_new"]]
    outcome.parsed += len(rows)
    outcome.inserted += len(new)
    outcome.updated += len(changed) - len(new)
    if kind in _KEY_OF and new:
        outcome.new_keys[kind] = [row[_KEY_OF[kind]] for row in new]


def _parents(connection: Connection, tenant: fleet.Tenant, devices: list[dict[str, Any]]) -> set[str]:
    """Parents that are registered or come first in the same document."""
    parents = sorted({row["parent_key"] for row in devices if row["parent_key"]})
    known = set(fleet.read_subjects(connection, tenant.tenant_id, "device", parents))
    return known | {row["device_key"] for row in devices if not row["parent_key"]}


def _split(
    kind: str, rows: list[dict[str, Any]], rule: str, key: str, known: set[str], outcome: _Outcome
) -> list[dict[str, Any]]:
    good = [row for row in rows if not row[key] or row[key] in known]
    bad = [row for row in rows if row[key] and row[key] not in known]
    outcome.parsed += len(bad)
    outcome.quarantined += [
        documents.QuarantinedRow(row["row_number"], f"{kind}s", row[key], (rule,), {"raw": json.dumps(row, default=str)})
        for row in bad
    ]
    return good
