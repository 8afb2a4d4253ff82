"""`helio metrics`: how fresh and how late everything is, as Prometheus reads it."""

import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from include.core.errors import HeliographError, NeedsHuman
from include.core.settings import Settings
from include.steps.overview import read_gauges

Rows = Sequence[Mapping[str, Any]]

_OF_FEEDS: Final = (
    ("heliograph_feed_last_received_timestamp_seconds", "When a document of a feed came last.", "last_received_at"),
    ("heliograph_feed_last_measured_timestamp_seconds", "Instant of the newest reading of a feed.", "last_measured_at"),
    ("heliograph_feed_documents_waiting", "Documents that landed and are not loaded yet.", "waiting"),
    ("heliograph_feed_documents_refused", "Documents that were refused.", "refused"),
    ("heliograph_feed_rows_quarantined", "Rows held back by the newest loads of all documents.", "quarantined_rows"),
)
_OF_TENANTS: Final = (
    ("heliograph_rollup_series_days_waiting", "Local days of series that wait for the roll-up.", "dirty_days"),
    ("heliograph_rollup_plant_days_waiting", "Local days of plants that wait for the roll-up.", "dirty_plant_days"),
    ("heliograph_counters_misbehaving", "Energy counters that misbehaved within 7 local days.", "misbehaving_counters"),
)
_OF_MAILS: Final = (
    ("heliograph_mails_waiting", "Mails that wait in the outbox.", "waiting"),
    ("heliograph_mails_failed", "Mails that were refused for good.", "failed"),
)
_SEVERITIES: Final = ("critical", "major", "minor")


class WarehouseCollector(Collector):
    """Reads the warehouse at each scrape."""

    def __init__(self, settings: Settings) -> None:
        """Read nothing yet."""
        self._settings = settings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All gauges; where the warehouse does not answer, that alone: an old figure would look like a fresh one."""
        up = GaugeMetricFamily("heliograph_warehouse_up", "1 where the warehouse answered this scrape.", labels=())
        try:
            found = read_gauges(self._settings, now=datetime.now(UTC))
        except HeliographError:
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from _families(_OF_FEEDS, found["feeds"], ("tenant", "feed"))
        yield from _families(_OF_TENANTS, found["tenants"], ("tenant",))
        yield from _families(_OF_MAILS, found["mails"], ("tenant",))
        yield _open_incidents(found["incidents"])


def metrics(
    port: Annotated[int | None, typer.Option(help="Serve them on this port until Ctrl-C, instead of printing them once.")] = None,
    host: Annotated[str, typer.Option(help="Address to serve on; nobody is asked for a token.")] = "127.0.0.1",
) -> None:
    """Print freshness, quarantine, mails and what waits for the roll-up of all tenants, as Prometheus reads it, or serve it."""
    registry = CollectorRegistry()
    registry.register(WarehouseCollector(Settings.from_environment()))
    if port is None:
        print(generate_latest(registry).decode(), end="")
        return
    _serve(registry, host, port)


def _serve(registry: CollectorRegistry, host: str, port: int) -> None:
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    try:
        start_http_server(port, host, registry)
    except OSError as error:
        raise NeedsHuman(f"{host}:{port} cannot be listened on ({error.strerror}); choose another --port or --host") from error
    signal.sigwait(stop)


def _families(described: Iterable[tuple[str, str, str]], rows: Rows, labels: Sequence[str]) -> Iterator[GaugeMetricFamily]:
    """One family per figure; a figure that is not known has no sample."""
    for name, told, column in described:
        family = GaugeMetricFamily(name, told, labels=labels)
        for row in rows:
            if row[column] is not None:
                family.add_metric([row[label] for label in labels], _number(row[column]))
        yield family


def _open_incidents(rows: Rows) -> GaugeMetricFamily:
    family = GaugeMetricFamily("heliograph_incidents_open", "What is wrong, as `helio status` lists it.", labels=("severity",))
    for severity in _SEVERITIES:
        family.add_metric((severity,), sum(row["severity"] == severity for row in rows))
    return family


def _number(value: Any) -> float:  # noqa: ANN401 - a count, a Decimal of a sum, or an instant
    return value.timestamp() if isinstance(value, datetime) else float(value)
