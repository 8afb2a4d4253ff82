"""Registry files and vendors' lists become the fleet: plants, devices, customers, targets, tariffs.

Each document is an idempotent upsert of its own.

What names a plant or a parent that is not known yet waits in quarantine; as soon as it is known the document is read again.
So is every document of readings that waits for a plant, device or customer that has just been registered: the order of arrival
does not matter.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.documents import CLOCK_FEEDS, DROPS, FLEET_FEEDS, READING_FEEDS, LandedDocument
from include.core.errors import BadDocument, NeedsHuman
from include.core.fleet import Registry, RejectedRow
from include.core.settings import Settings
from include.core.span import local_day
from include.core.vendors import VENDORS
from include.landing.store import ObjectStore
from include.quality.rules import SUBJECT_KNOWN, WITHIN_RATING
from include.sources.clouds.registry import CLOUDS
from include.sources.drops.fleet_registry import parse_registry
from include.sources.formats.context import ParseContext
from include.sources.formats.deadline import deadline
from include.sources.formats.unpack import Limits, unpack
from include.steps.code_version import code_version
from include.steps.each import Failure, attempt_each, errors_of
from include.steps.form_choices import keep_form_choices
from include.steps.refuse_document import refuse_document
from include.steps.registration_outcome import PLANT_KNOWN, RegistrationOutcome, Row, numbered
from include.steps.vendor_fleet import note_defaults, upsert_vendor_fleet
from include.warehouse import documents, fleet, readings
from include.warehouse.engine import Connection, transaction

_log = logging.getLogger(__name__)

REGISTRY: Final = "registry"
_MAX_ROUNDS: Final = 10


def register_landed(settings: Settings, *, now: datetime, run_id: str) -> dict[str, Any]:
    """Register every landed registry file and vendor's list, and again those that were waiting for what has been registered.

    A refused one never stops the rest, nor does one that cannot be registered; where no other could, its error is raised.

    Returns counts: documents, parsed, inserted, updated, unchanged and quarantined rows, replayed_documents; and `errors`.
    """
    total, failures = _register_pending(settings, now=now, run_id=run_id)
    keep_form_choices(settings)
    return {**total, "errors": errors_of(failures, beside=total["documents"])}


def register_text(settings: Settings, *, tenant: str, content: str, name: str, now: datetime, run_id: str) -> dict[str, Any]:
    """Land the text of a form as a registry document of the tenant, then register what waits; returns as `register_landed`.

    What is wrong with the text is among the errors. It is raised as `BadDocument` where the text cannot be read and as
    `NeedsHuman` where rows of it were set aside, unless documents are to be loaded again.
    """
    with transaction(settings.database_url) as connection:
        tenant_id = fleet.read_tenant(connection, tenant).tenant_id
    store = ObjectStore(settings.landing)
    stored = store.put_bytes(content.encode(), extension="txt", tenant=tenant, feed=REGISTRY, received_at=now)
    with transaction(settings.database_url) as connection:
        landed = documents.note_delivery(
            connection,
            tenant_id=tenant_id,
            tenant=tenant,
            feed=REGISTRY,
            stored=asdict(stored) | {"original_name": name},
            received_at=now,
        )
    total, failures = _register_pending(settings, now=now, run_id=run_id)
    keep_form_choices(settings)
    with transaction(settings.database_url) as connection:
        failures += _faults_of_text(connection, tenant_id, landed.sha256)
    return {**total, "errors": errors_of(failures, beside=total["replayed_documents"])}


def _register_pending(settings: Settings, *, now: datetime, run_id: str) -> tuple[Counter[str], list[Failure]]:
    total: Counter[str] = Counter()
    failed: set[int] = set()
    failures: list[Failure] = []

    def register(document_id: int) -> None:
        failed.add(document_id)
        total.update(register_document(settings, document_id, now=now, run_id=run_id))
        failed.remove(document_id)

    for _ in range(_MAX_ROUNDS):
        with transaction(settings.database_url) as connection:
            pending = [document.document_id for document in documents.read_pending(connection, FLEET_FEEDS)]
        if not (left := [document_id for document_id in pending if document_id not in failed]):
            break
        failures += attempt_each(left, register, label="document {}".format)[1]
    return total, failures


def _faults_of_text(connection: Connection, tenant_id: int, sha256: str) -> list[Failure]:
    """What a person has to correct in a text that was registered, by this run or another."""
    found = documents.read_registration(connection, tenant_id, sha256)
    if found.state == "refused":
        return [Failure("the text", BadDocument(str(found.reason)))]
    if found.state == "loaded" and not found.parsed_rows:
        return [Failure("the text", NeedsHuman("it has a header but no row; add the rows and trigger again"))]
    if found.state == "loaded" and found.set_aside:
        rows = "; ".join(_why_set_aside(row) for row in found.set_aside)
        count = f"{found.quarantined_rows} of {found.parsed_rows} rows were not registered"
        return [Failure("the text", NeedsHuman(f"{count}: {rows}; correct them and trigger again"))]
    return []


def _why_set_aside(row: documents.QuarantinedRow) -> str:
    known: str | None = row.payload.get("reason")
    return known or f"row {row.row_number} of {row.quantity}: {row.subject!r} is not registered yet, until then it waits"


def register_document(settings: Settings, document_id: int, *, now: datetime, run_id: str) -> Counter[str]:
    """Register one landed document in one transaction; the counts are empty when it was taken by another run.

    Nothing is open while it is fetched and parsed, nor while one that is refused is given back.
    """
    with transaction(settings.database_url) as connection:
        found = _take(connection, document_id)
    if found is None:
        return Counter()
    document, tenant = found
    try:
        registry = _read(settings, document, ZoneInfo(tenant.timezone))
        with transaction(settings.database_url) as connection:
            if _take(connection, document_id) != found:
                # It came again, or the operator changed the tenant meanwhile: it is to be read otherwise, by the next round.
                return Counter()
            return _write(connection, tenant, document, registry, now=now, run_id=run_id)
    except BadDocument as error:
        refuse_document(settings, document, str(error))
        return Counter(documents=1, refused=1)


def _take(connection: Connection, document_id: int) -> tuple[LandedDocument, fleet.Tenant] | None:
    """A document that is to be registered, locked, and its tenant."""
    document = documents.lock_document(connection, document_id)
    if document is None or documents.fold_needless(connection, document):
        return None
    return document, fleet.read_tenant(connection, document.tenant)


def _write(
    connection: Connection, tenant: fleet.Tenant, document: LandedDocument, registry: Registry, *, now: datetime, run_id: str
) -> Counter[str]:
    outcome = RegistrationOutcome()
    readings.lock_tenant(connection, tenant.tenant_id)
    zones, clocks = fleet.read_zones(connection, tenant.tenant_id), fleet.read_clocks(connection, tenant.tenant_id)
    _upsert_all(connection, tenant, document, registry, outcome)
    documents.replace_quarantine(connection, document, outcome.quarantined)
    counts = outcome.counts()
    documents.write_load(connection, document, counts, loaded_at=now, run_id=run_id, code_version=code_version())
    replayed = _reopen_waiting(connection, tenant, outcome)
    replayed += _reopen_misread(connection, tenant, zones) + _reopen_by_clock(connection, tenant, clocks, outcome)
    _log.info("Registered %s %r of %s: %s", document.feed, document.original_name, document.tenant, counts.rows())
    return Counter(counts.rows()) + Counter(documents=1, replayed_documents=replayed)


def _read(settings: Settings, document: LandedDocument, timezone: ZoneInfo) -> Registry:
    context = ParseContext(timezone, document.original_name, settings.max_rows, settings.max_nesting)
    parse = parse_registry if document.feed == REGISTRY else CLOUDS[document.feed.removesuffix("_fleet")].parse_fleet
    with deadline(total_s=settings.max_document_cpu_s), ObjectStore(settings.landing).open(document.uri) as stored:
        return parse(unpack(stored, limits=Limits.from_settings(settings)), context)


def _upsert_all(
    connection: Connection, tenant: fleet.Tenant, document: LandedDocument, registry: Registry, outcome: RegistrationOutcome
) -> None:
    outcome.reject(registry.rejected)
    outcome.remarks += registry.remarks
    if document.feed == REGISTRY:
        _upsert_registry(connection, tenant, document, registry, outcome)
    else:
        upsert_vendor_fleet(connection, tenant, document, registry, outcome)


def _upsert_registry(
    connection: Connection, tenant: fleet.Tenant, document: LandedDocument, registry: Registry, outcome: RegistrationOutcome
) -> None:
    outcome.upsert(connection, "plant", numbered(tenant.tenant_id, registry.plants))
    outcome.upsert(connection, "customer", numbered(tenant.tenant_id, registry.customers))
    plants = fleet.read_zones(connection, tenant.tenant_id)
    devices = _without_future(numbered(tenant.tenant_id, registry.devices), tenant, document, outcome)
    devices = outcome.known_only("device", devices, PLANT_KNOWN, "plant_key", plants)
    parents = _parents(connection, tenant, devices)
    devices = outcome.known_only("device", devices, SUBJECT_KNOWN, "parent_key", parents)
    outcome.upsert(connection, "device", sorted(devices, key=lambda row: row["parent_key"] is not None))
    note_defaults(connection, tenant, outcome)
    told = {"origin": REGISTRY, "document_id": document.document_id, "told_at": document.received_at}
    factors = numbered(tenant.tenant_id, registry.emission_factors)
    outcome.upsert(connection, "emission_factor", [row for row in factors if row["plant_key"] is None])
    of_plants = (
        ("target", numbered(tenant.tenant_id, registry.targets)),
        ("tariff", numbered(tenant.tenant_id, registry.tariffs)),
        ("meter_reading", numbered(tenant.tenant_id, registry.meter_readings)),
        ("emission_factor", [row for row in factors if row["plant_key"] is not None]),
    )
    for kind, rows in of_plants:
        known = _of_one_plant(kind, rows, plants, outcome)
        outcome.upsert(connection, kind, [row | told for row in known] if kind == "target" else known)


def _without_future(rows: list[Row], tenant: fleet.Tenant, document: LandedDocument, outcome: RegistrationOutcome) -> list[Row]:
    """Devices that are there or were taken away by now: what is planned counts in sums until it is done."""
    today = local_day(document.newest_receipt, ZoneInfo(tenant.timezone)).isoformat()
    good = []
    for row in rows:
        day = row["dismantled_on"]
        if day not in {None, "never"} and day > today:
            reason = f"row {row['row_number']} of 'devices' is wrong: dismantled_on {day!r} lies ahead; drop it on that day"
            outcome.reject([RejectedRow(row["row_number"], reason, json.dumps(row, default=str))])
        else:
            good.append(row)
    return good


def _parents(connection: Connection, tenant: fleet.Tenant, devices: list[Row]) -> set[tuple[str, str]]:
    """(source, key) of parents that are registered or come first in the same document."""
    parents: defaultdict[str, set[str]] = defaultdict(set)
    for row in devices:
        if row["parent_key"]:
            parents[row["source"]].add(row["parent_key"])
    known = {
        (source, key)
        for source, keys in parents.items()
        for key in fleet.read_subjects(connection, tenant.tenant_id, "device", sorted(keys), source=source)
    }
    return known | {(row["source"], row["device_key"]) for row in devices if not row["parent_key"]}


def _of_one_plant(kind: str, rows: list[Row], plants: Mapping[tuple[str, str], str], outcome: RegistrationOutcome) -> list[Row]:
    """Rows whose plant is registered, each with its source; where none is given, the key must be that of one plant only."""
    sources: defaultdict[str, list[str]] = defaultdict(list)
    for source, key in sorted(plants):
        sources[key].append(source)
    good = []
    for row in rows:
        fitting = [source for source in sources[row["plant_key"]] if row["source"] in {None, source}]
        if len(fitting) == 1:
            good.append(row | {"source": fitting[0]})
        else:
            outcome.wait(kind, row, PLANT_KNOWN, row["plant_key"], _which_of(row["plant_key"], fitting))
    return good


def _which_of(plant_key: str, sources: list[str]) -> str | None:
    if not sources:
        return None
    named = " and ".join(sources)
    return f"plant {plant_key!r} is there in {named}; say in the column source which of them is meant, and drop the row again"


def _reopen_waiting(connection: Connection, tenant: fleet.Tenant, outcome: RegistrationOutcome) -> int:
    """Put documents back on the work list that waited for what has just been registered; returns how many."""

    def reopen(rule: str, subjects: list[str] | None) -> int:
        return documents.reopen_waiting(connection, tenant.tenant_id, rule=rule, subjects=subjects)

    plants = outcome.new.get("plant", [])
    replayed = reopen(PLANT_KNOWN, [row["plant_key"] for row in plants])
    # Only vendors measure plants by their keys.
    named = [row["plant_key"] for row in plants if row["source"] != DROPS]
    named += [row["device_key"] for row in outcome.new.get("device", ())]
    named += [row["document"] for row in outcome.new.get("customer", ())]
    replayed += reopen(SUBJECT_KNOWN, named)
    receives = any((row["source"], row["plant_key"]) == (DROPS, tenant.register_under) for row in plants)
    if tenant.unknown_devices == "register" and receives:
        replayed += reopen(SUBJECT_KNOWN, None)
    return replayed + reopen(WITHIN_RATING, _rated_anew(connection, tenant, outcome))


def _rated_anew(connection: Connection, tenant: fleet.Tenant, outcome: RegistrationOutcome) -> list[str]:
    """Keys of those whose power may have other bounds now: plants with a new rating or battery, and devices."""
    devices = [*outcome.new.get("device", ()), *outcome.changed.get("device", ())]
    plants = {(row["source"], row["plant_key"]) for row in devices if row["kind"] == "battery" and row["plant_key"]}
    plants |= {
        (row["source"], row["plant_key"])
        for row in outcome.changed.get("plant", ())
        if row["capacity_kwp"] is not None or row["capacity_kw"] is not None
    }
    keys = {row["device_key"] for row in outcome.changed.get("device", ())}
    for source, plant_key in plants:
        keys |= {plant_key, *fleet.read_device_keys(connection, tenant.tenant_id, source=source, plant_key=plant_key)}
    return sorted(keys)


def _reopen_misread(connection: Connection, tenant: fleet.Tenant, zones: Mapping[tuple[str, str], str]) -> int:
    """Put answers back on the work list that were read in a zone which a plant no longer has; `zones` are those of before."""
    now = fleet.read_zones(connection, tenant.tenant_id)
    moved = {source for (source, key), zone in zones.items() if now[source, key] != zone} & {
        name for name, vendor in VENDORS.items() if vendor.writes_local_times
    }
    feeds = [feed for feed in READING_FEEDS if feed.partition("_")[0] in moved]
    return documents.reopen_feeds(connection, tenant.tenant_id, feeds) if feeds else 0


def _reopen_by_clock(
    connection: Connection, tenant: fleet.Tenant, clocks: Mapping[str, str], outcome: RegistrationOutcome
) -> int:
    """Put drops back on the work list that were read by a clock which a device no longer has; `clocks` are those of before.

    Of a device that has just been registered nothing was loaded.
    """
    now = fleet.read_clocks(connection, tenant.tenant_id)
    moved = {key for key in clocks.keys() | now.keys() if clocks.get(key) != now.get(key)}
    moved -= {row["device_key"] for row in outcome.new.get("device", ())}
    return documents.reopen_feeds(connection, tenant.tenant_id, CLOCK_FEEDS) if moved else 0
