"""What `helio metrics` tells a monitor."""

import signal
import socket
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from cli.main import app
from include.core.errors import TryLater

RECEIVED = datetime(2026, 11, 29, 12, tzinfo=UTC)
FOUND = {
    "feeds": [
        {
            "tenant": 'so"l\\', "feed": "registry", "documents": 3, "waiting": 1, "refused": 2, "inserted_rows": Decimal(9),
            "quarantined_rows": Decimal(7), "last_received_at": RECEIVED, "last_measured_at": None,
        }
    ],
    "tenants": [{"tenant": "sol", "dirty_days": 4, "dirty_plant_days": 5, "misbehaving_counters": 6}],
    "mails": [{"tenant": "sol", "waiting": 8, "failed": 0}],
    "incidents": [{"severity": "major"}, {"severity": "major"}, {"severity": "minor"}],
}  # fmt: skip


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Calls `helio metrics` over what the warehouse answers; returns the samples."""

    def call(read) -> dict[tuple[str, ...], float]:
        monkeypatch.setenv("HELIOGRAPH_HOME", str(tmp_path))
        monkeypatch.setattr("cli.metrics.read_gauges", read)
        outcome = CliRunner().invoke(app, ["metrics"])
        assert outcome.exit_code == 0, outcome.output
        return {
            (
                sample.name.removeprefix("heliograph_"),
                *(sample.labels[name] for name in ("tenant", "feed", "severity") if name in sample.labels),
            ): sample.value
            for family in text_string_to_metric_families(outcome.output)
            for sample in family.samples
        }

    return call


def test_figures_are_told_by_tenant_and_feed_and_what_is_unknown_is_absent(told):
    assert told(lambda *_, **__: FOUND) == {
        ("warehouse_up",): 1,
        ("feed_last_received_timestamp_seconds", 'so"l\\', "registry"): RECEIVED.timestamp(),
        ("feed_documents_waiting", 'so"l\\', "registry"): 1,
        ("feed_documents_refused", 'so"l\\', "registry"): 2,
        ("feed_rows_quarantined", 'so"l\\', "registry"): 7,
        ("rollup_series_days_waiting", "sol"): 4,
        ("rollup_plant_days_waiting", "sol"): 5,
        ("counters_misbehaving", "sol"): 6,
        ("mails_waiting", "sol"): 8,
        ("mails_failed", "sol"): 0,
        ("incidents_open", "critical"): 0,
        ("incidents_open", "major"): 2,
        ("incidents_open", "minor"): 1,
    }


def test_a_warehouse_that_is_away_is_told_and_nothing_else(told):
    def away(*_, **__):
        raise TryLater("PostgreSQL at 127.0.0.1:1 is away; start it")

    assert told(away) == {("warehouse_up",): 0}


def test_a_port_that_is_taken_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("HELIOGRAPH_HOME", str(tmp_path))
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = CliRunner().invoke(app, ["metrics", "--port", str(port)])
    signal.pthread_sigmask(signal.SIG_SETMASK, held)

    assert outcome.exit_code == 1
    assert f"127.0.0.1:{port} cannot be listened on (Address already in use)" in outcome.output
