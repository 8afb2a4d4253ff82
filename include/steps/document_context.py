"""What one landed document is read by: its place in the manifest, whose it is, the zones of its times, and the caps on it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache, partial
from zoneinfo import ZoneInfo

from include.core.documents import DROPS, LandedDocument
from include.core.settings import Settings
from include.core.span import clock_of
from include.core.vendors import VENDORS
from include.landing.store import ObjectStore
from include.quality.rules import latest_plausible
from include.sources.feeds import ALARM_FEEDS, FEEDS, ParseContext
from include.sources.formats.deadline import deadline
from include.sources.formats.numbers import DecimalMark
from include.sources.formats.unpack import Limits, unpack
from include.warehouse import fleet, notations
from include.warehouse.engine import Connection


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """Read once per document; everything that is made of the document follows from it and from its bytes.

    Attributes:
        document: The manifest row: feed, tenant, address in landing, receipt.
        tenant: Whose it is.
        source: Who named the keys of its plants and devices.
        parsing: Facts and caps for its parser. `parsing.zones` are those of the vendor's plants and devices, `parsing.clocks`
            those of the devices of the drops, at the time of reading.
        limits: Caps on unpacking.
        most_cpu_s: Most CPU time that reading it may take, and most from one piece to the next [s]; 0 is no limit.
        most_quarantined: Most quarantined rows that are kept of it.
        landing: URL of the store that has its bytes.
        database_url: Where transactions of their own are opened: for new series.
    """

    document: LandedDocument
    tenant: fleet.Tenant
    source: str
    parsing: ParseContext
    limits: Limits
    most_cpu_s: tuple[float, float]
    most_quarantined: int
    landing: str
    database_url: str

    def read_body(self) -> bytes:
        """The document's bytes, unpacked; raises `BadDocument` for what cannot be, or is too large."""
        with ObjectStore(self.landing).open(self.document.uri) as stored:
            return unpack(stored, limits=self.limits)

    def deadline(self) -> AbstractContextManager[None]:
        """What reading it must be done within."""
        return deadline(total_s=self.most_cpu_s[0], stalled_s=self.most_cpu_s[1])

    def is_current(self, connection: Connection) -> bool:
        """Are the zones, clocks and the notation by which it was read still those of the fleet and of the feed?"""
        document = self.document
        now = (
            _read_zones(connection, document.tenant_id, self.source),
            _read_clocks(connection, document.tenant_id, self.source),
            _read_decimal_mark(connection, document.tenant_id, document.feed, self.source),
        )
        return (self.parsing.zones, self.parsing.clocks, self.parsing.decimal_mark) == now


def read_context(settings: Settings, connection: Connection, document: LandedDocument) -> DocumentContext:
    """Read what a document of readings or alarms is read by."""
    return read_contexts(settings, connection, [document])[0]


def read_contexts(settings: Settings, connection: Connection, landed: Sequence[LandedDocument]) -> list[DocumentContext]:
    """The same of several documents; what those of one tenant and source share is read once."""
    read_tenant = cache(partial(fleet.read_tenant, connection))
    read_zones = cache(partial(_read_zones, connection))
    read_clocks = cache(partial(_read_clocks, connection))
    read_decimal_mark = cache(partial(_read_decimal_mark, connection))
    contexts = []
    for document in landed:
        source = _source_of(document)
        tenant = read_tenant(document.tenant)
        parsing = ParseContext(
            timezone=ZoneInfo(tenant.timezone),
            original_name=document.original_name,
            max_rows=settings.max_rows,
            max_nesting=settings.max_nesting,
            zones=read_zones(document.tenant_id, source),
            clocks=read_clocks(document.tenant_id, source),
            received_at=document.received_at,
            latest=latest_plausible(document.received_at),
            date_order=tenant.date_order,
            decimal_mark=read_decimal_mark(document.tenant_id, document.feed, source),
        )
        contexts.append(_context(settings, document, source, tenant, parsing))
    return contexts


def _context(
    settings: Settings, document: LandedDocument, source: str, tenant: fleet.Tenant, parsing: ParseContext
) -> DocumentContext:
    return DocumentContext(
        document=document,
        tenant=tenant,
        source=source,
        parsing=parsing,
        limits=Limits.from_settings(settings),
        most_cpu_s=(settings.max_document_cpu_s, settings.max_stalled_cpu_s),
        most_quarantined=settings.max_quarantine_rows,
        landing=settings.landing,
        database_url=settings.database_url,
    )


def _read_decimal_mark(connection: Connection, tenant_id: int, feed: str, source: str) -> DecimalMark | None:
    """The decimal mark that loaded documents of the feed prove, where it is one; a vendor's is known."""
    if source != DROPS:
        return None
    marks = notations.read_decimal_marks(connection, tenant_id, feed)
    return marks[0] if len(marks) == 1 else None


def _source_of(document: LandedDocument) -> str:
    feeds = ALARM_FEEDS if document.feed in ALARM_FEEDS else FEEDS
    return feeds[document.feed].source


def _read_zones(connection: Connection, tenant_id: int, source: str) -> Mapping[str, ZoneInfo]:
    """Zones of a vendor's plants and their devices; what is dropped goes by the clocks of its devices."""
    if source == DROPS:
        return {}
    of_devices = fleet.read_device_zones(connection, tenant_id, source) if VENDORS[source].writes_local_times else {}
    of_plants = {key: zone for (whose, key), zone in fleet.read_zones(connection, tenant_id).items() if whose == source}
    return {key: ZoneInfo(zone) for key, zone in (of_devices | of_plants).items()}


def _read_clocks(connection: Connection, tenant_id: int, source: str) -> Mapping[str, tzinfo]:
    """Clocks of the devices of the drops that are not the tenant's zone."""
    if source != DROPS:
        return {}
    return {key: clock_of(name) for key, name in fleet.read_clocks(connection, tenant_id).items()}
