"""Tenants, plants, devices, customers, targets, tariffs, and the series that they measure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from include.core.documents import DROPS
from include.core.errors import BadDocument, NeedsHuman, Refused
from include.core.frames import Subject, SubjectKind, customer_and_point
from include.core.quantities import QUANTITIES
from include.core.span import DateOrder
from include.warehouse.queries import query


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation whose data is kept.

    `unknown_devices`: quarantine, or register under the plant `register_under`. `date_order`: how its drops write dates such as
    05/07/2025, `day first` or `month first`; None where only a file itself can prove it.
    """

    tenant_id: int
    slug: str
    name: str
    timezone: str
    language: str = "pt-BR"
    unknown_devices: str = "quarantine"
    register_under: str | None = None
    date_order: DateOrder | None = None


@dataclass(frozen=True, slots=True)
class KnownSubject:
    """A registered plant, device or consumption point, the IANA zone of its days and, where known, the power it is rated for.

    `has_battery`: its plant has a battery, or says how full one is. `plant_id`: that plant, None for what is of none.
    """

    subject_id: int
    timezone: str
    rated_kw: float | None = None
    has_battery: bool = False
    plant_id: int | None = None


_UNSAID: Final[dict[str, dict[str, Any]]] = {
    "plant": {"utc_offset": None, "tilt_deg": None, "azimuth_deg": None, "customer_document": None},
    "device": {"timezone": None, "utc_offset": None, "dismantled_on": None},
    "customer": {"group_name": None},
    "target": {"origin": "unknown", "document_id": None, "told_at": None},
}
"""What rows of the registry need not say."""
_TENANT_FAULTS: Final = {
    "tenant_slug_check": "slug {0.slug!r} cannot be; make it of a-z, 0-9, - and _, 63 at most, beginning with a letter or digit",
    "tenant_language_check": "language {0.language!r} (--language) is not printed; choose pt-BR or en",
    "tenant_date_order_check": "date order {0.date_order!r} (--date-order) cannot be; choose day-first or month-first",
}
"""What is wrong with a tenant, by the constraint that says so."""


def upsert_tenant(connection: Connection, tenant: Tenant) -> int:
    """Create or change a tenant by its slug (`tenant_id` is ignored) and return its id.

    Raises `Refused` for a slug or language that cannot be.
    """
    try:
        return int(connection.execute(query("fleet", "upsert_tenant"), asdict(tenant)).scalar_one())
    except IntegrityError as error:
        fault = next((text for constraint, text in _TENANT_FAULTS.items() if constraint in str(error.orig)), None)
        if fault is None:
            raise
        raise Refused(fault.format(tenant)) from error


def read_tenants(connection: Connection) -> dict[str, Tenant]:
    """All tenants by slug."""
    rows = connection.execute(query("fleet", "read_tenants"), {"slug": None})
    return {row.slug: Tenant(**row._mapping) for row in rows}


def list_tenants(connection: Connection) -> list[dict[str, Any]]:
    """All tenants for people, by slug, with their number of plants."""
    return [dict(row._mapping) for row in connection.execute(query("fleet", "list_tenants"))]


def read_tenant(connection: Connection, slug: str) -> Tenant:
    """One tenant; raises `NeedsHuman` naming those that exist."""
    row = connection.execute(query("fleet", "read_tenants"), {"slug": slug}).one_or_none()
    if row is None:
        known = ", ".join(read_tenants(connection)) or "none yet"
        raise NeedsHuman(f"tenant {slug!r} does not exist (known: {known}); add it with `helio tenant add`")
    return Tenant(**row._mapping)


def read_plants(connection: Connection, tenant: str | None = None) -> list[dict[str, Any]]:
    """Plants of one tenant or of all, with tenant slug, tenant name and language."""
    rows = connection.execute(query("fleet", "read_plants"), {"tenant": tenant, "plant_id": None})
    return [dict(row._mapping) for row in rows]


def read_plant(connection: Connection, plant_id: int) -> dict[str, Any]:
    """One plant, as `read_plants` gives it."""
    row = connection.execute(query("fleet", "read_plants"), {"tenant": None, "plant_id": plant_id}).one()
    return dict(row._mapping)


def upsert_rows(connection: Connection, kind: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Upsert registry rows of one kind (plant, device, customer, target, tariff, emission_factor, meter_reading).

    Returns the rows that were new or changed, each with `is_new`. Each row but a customer's carries tenant_id and source, a
    target's also who told it: origin and told_at, and document_id of a registry document.
    A change that moves the days of a plant or device, or the number of inverters that a plant expects, makes those days dirty.
    Raises `BadDocument` for a row that the database refuses; the transaction is then good for nothing but a rollback.
    """
    rows = [{**_UNSAID.get(kind, {}), **row} for row in rows]
    changed: list[dict[str, Any]] = []
    plants_before = _plants_of(connection, rows) if kind == "device" else set()
    statement = query("fleet", f"upsert_{kind}")
    for row in rows:
        try:
            result = connection.execute(statement, dict(row)).one_or_none()
        except (IntegrityError, DataError) as error:
            fault = str(error.orig).splitlines()[0]
            raise BadDocument(f"a {kind} cannot be registered: {fault}; correct the row {dict(row)} and drop it again") from error
        if result is None:
            continue
        changed.append({**row, "is_new": result.is_new})
        if kind in {"plant", "device"} and not result.is_new:
            _mark_changed(connection, kind, result[0])
    if kind == "device" and changed:
        mark_plants(connection, plants_before | _plants_of(connection, changed))
    return changed


def _mark_changed(connection: Connection, kind: str, subject_id: int) -> None:
    """Every day of a plant or device that changed may be another; a roll-up at work on it ends first."""
    parameters = {f"{kind}_id": subject_id}
    connection.execute(query("fleet", f"hold_{kind}"), parameters)
    connection.execute(query("fleet", f"mark_{kind}"), parameters)
    if kind == "plant":
        connection.execute(query("fleet", "mark_plant_days"), parameters)
        connection.execute(query("fleet", "mark_unanswered_days"), parameters)


def mark_plants(connection: Connection, plant_ids: Iterable[int]) -> None:
    """Plants expect each of their inverters, so that every day of them may be another."""
    ordered = sorted(plant_ids)
    connection.execute(query("fleet", "lock_plants"), {"plant_ids": ordered})
    for plant_id in ordered:
        connection.execute(query("fleet", "mark_plant_days"), {"plant_id": plant_id})
        connection.execute(query("fleet", "mark_unanswered_days"), {"plant_id": plant_id})


def _plants_of(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Plants to which registered devices among the rows belong."""
    keys = {f"{name}s": [row[name] for row in rows] for name in ("tenant_id", "source", "device_key")}
    return set(connection.execute(query("fleet", "find_device_plants"), keys).scalars())


def delete_target(
    connection: Connection, *, tenant_id: int, source: str, plant_key: str, month: date, told: Mapping[str, Any]
) -> bool:
    """Remove a month's target, as `told` (origin, told_at) says; returns whether there was one."""
    parameters = {"tenant_id": tenant_id, "source": source, "plant_key": plant_key, "month": month, **told}
    return connection.execute(query("fleet", "delete_target"), parameters).rowcount > 0


def read_targets(connection: Connection, plant_id: int) -> list[dict[str, Any]]:
    """Targets of a plant: month, target_kwh, revision, origin and told_at, oldest month first."""
    return [dict(row._mapping) for row in connection.execute(query("fleet", "read_targets"), {"plant_id": plant_id})]


def read_plant_keys(connection: Connection, tenant_id: int, source: str = DROPS) -> set[str]:
    """Keys of the plants that the tenant has registered."""
    parameters = {"tenant_id": tenant_id, "source": source}
    return set(connection.execute(query("fleet", "read_plant_keys"), parameters).scalars())


def read_device_keys(connection: Connection, tenant_id: int, *, source: str, plant_key: str) -> set[str]:
    """Keys of the devices of a plant."""
    parameters = {"tenant_id": tenant_id, "source": source, "plant_key": plant_key}
    return set(connection.execute(query("fleet", "read_device_keys"), parameters).scalars())


def read_zones(connection: Connection, tenant_id: int) -> dict[tuple[str, str], str]:
    """IANA zone of every plant that the tenant has registered, by (source, plant key)."""
    rows = connection.execute(query("fleet", "read_zones"), {"tenant_id": tenant_id})
    return {(row.source, row.plant_key): row.timezone for row in rows}


def read_device_zones(connection: Connection, tenant_id: int, source: str) -> dict[str, str]:
    """IANA zone of the plant of every device of a source, by device key."""
    rows = connection.execute(query("fleet", "read_device_zones"), {"tenant_id": tenant_id, "source": source})
    return {row.device_key: row.timezone for row in rows}


def read_clocks(connection: Connection, tenant_id: int) -> dict[str, str]:
    """Clock of the local times of each device of the drops that has another one than the tenant: a zone or an offset from UTC."""
    rows = connection.execute(query("fleet", "read_clocks"), {"tenant_id": tenant_id})
    return {row.device_key: row.clock for row in rows}


def read_subjects(
    connection: Connection, tenant_id: int, kind: SubjectKind, subjects: Sequence[str], source: str = DROPS
) -> dict[str, KnownSubject]:
    """Those of the keys that are registered; of consumption points those that `open_points` has opened."""
    parameters = {"tenant_id": tenant_id, "subjects": list(subjects), "source": source} | _customers_and_points(kind, subjects)
    rows = connection.execute(query("fleet", f"read_{kind}_subjects"), parameters)
    return {row.subject: KnownSubject(row.subject_id, row.timezone, row.rated_kw, row.has_battery, row.plant_id) for row in rows}


def open_points(connection: Connection, tenant_id: int, subjects: Sequence[str]) -> None:
    """Give customers that are registered the consumption points that a document names by `point_subject`."""
    connection.execute(query("fleet", "open_points"), {"tenant_id": tenant_id} | _customers_and_points("point", subjects))


def _customers_and_points(kind: SubjectKind, subjects: Sequence[str]) -> dict[str, list[str | None]]:
    if kind != "point":
        return {}
    named = [customer_and_point(subject) for subject in subjects]
    return {"customers": [customer for customer, _ in named], "points": [point for _, point in named]}


def register_subjects(connection: Connection, tenant: Tenant, kind: SubjectKind, subjects: Iterable[Subject]) -> None:
    """Register subjects that a document named: customers of points by their document, devices under the tenant's chosen plant.

    Whoever is registered already stays as it is: the registry knows more than a document of readings. No device is registered
    before that plant is.
    """
    if kind != "point" and tenant.register_under not in read_plant_keys(connection, tenant.tenant_id):
        return
    named = list(subjects)
    known = read_subjects(connection, tenant.tenant_id, kind, [subject.key for subject in named])
    ordered = sorted(
        (subject for subject in named if subject.key not in known),
        key=lambda subject: (subject.parent_key is not None, subject.key),
    )
    if kind == "point":
        customers = {customer_and_point(subject.key)[0]: subject.name for subject in reversed(ordered)}
        rows = [{"tenant_id": tenant.tenant_id, "document": key, "name": name or key} for key, name in sorted(customers.items())]
        upsert_rows(connection, "customer", rows)
        return
    upsert_rows(connection, "device", [_device_row(tenant, subject) for subject in ordered])


def ensure_series(
    connection: Connection, tenant_id: int, kind: SubjectKind, pairs: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """series_id of each (subject_id, quantity), created where it is new."""
    wanted = set(pairs)
    known = _read_series(connection, kind, wanted)
    new = sorted(wanted - known.keys())
    if new:
        connection.execute(query("fleet", "insert_series"), [_series_row(tenant_id, kind, *pair) for pair in new])
        known = _read_series(connection, kind, wanted)
    return {pair: known[pair] for pair in wanted}


def _read_series(connection: Connection, kind: SubjectKind, pairs: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    subject_ids = sorted({subject_id for subject_id, _ in pairs})
    rows = connection.execute(query("fleet", f"read_{kind}_series"), {"subject_ids": subject_ids})
    return {(row.subject_id, row.quantity): row.series_id for row in rows}


def _series_row(tenant_id: int, kind: SubjectKind, subject_id: int, quantity: str) -> dict[str, Any]:
    row: dict[str, Any] = {"tenant_id": tenant_id, "plant_id": None, "device_id": None, "point_id": None}
    return row | {f"{kind}_id": subject_id, "quantity": quantity, "kind": QUANTITIES[quantity].kind}


def _device_row(tenant: Tenant, subject: Subject) -> dict[str, Any]:
    return {
        "tenant_id": tenant.tenant_id,
        "source": DROPS,
        "device_key": subject.key,
        "plant_key": tenant.register_under,
        "parent_key": subject.parent_key,
        "kind": subject.kind,
        "name": subject.name or subject.key,
        "model": subject.model,
        "capacity_kw": None,
    }


def read_form_choices(connection: Connection, *, most: int) -> dict[str, list[str]]:
    """Keys of `tenants`, `plants` and `devices` that forms may offer, at most so many in all: devices are left out first."""
    found: dict[str, list[str]] = {"tenants": [], "plants": [], "devices": []}
    for row in connection.execute(query("fleet", "read_form_choices"), {"most": most}):
        found[row.kind].append(row.key)
    return found
