"""What `helio status` shows, on a terminal of 80 columns and in a pipe."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.status import age

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def a_feed(tenant: str, feed: str, **changes: object) -> dict[str, object]:
    return {
        "tenant": tenant, "feed": feed, "documents": 123_456, "waiting": 1_234, "refused": 99,
        "inserted_rows": Decimal("1234567890"),
        "quarantined_rows": Decimal(12_345), "last_received_at": datetime.now(UTC) - timedelta(minutes=5),
        "last_measured_at": datetime.now(UTC) - timedelta(days=3),
    } | changes  # fmt: skip


def a_tenant(tenant: str, **changes: int) -> dict[str, object]:
    return {"tenant": tenant, "dirty_days": 0, "dirty_plant_days": 0, "misbehaving_counters": 0} | changes


@pytest.fixture
def status(monkeypatch, tmp_path):
    """Calls `helio status` over what it is given; returns its output."""

    def call(*words: str, columns: str = "80", **found: list) -> str:
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("HELIOGRAPH_HOME", str(tmp_path))
        health = {"feeds": [], "tenants": [], "counters": [], "remarks": []} | found
        monkeypatch.setattr("cli.status.open_incidents", lambda _: health.pop("incidents", []))
        monkeypatch.setattr("cli.status.read_health", lambda *_, **__: health)
        outcome = CliRunner().invoke(app, ["status", *words])
        assert outcome.exit_code == 0, outcome.output
        return outcome.output

    return call


def test_large_figures_and_long_feeds_stand_whole_in_80_columns(status):
    said = status(
        feeds=[a_feed("sol", "plant_measurements"), a_feed("sol", "huawei_devices", last_measured_at=None)],
        tenants=[a_tenant("sol", dirty_days=1_000, dirty_plant_days=1, misbehaving_counters=1)],
        counters=[
            {
                "tenant": "sol", "plant": "usina-do-sertão-central-2", "device": "INV-0000000017",
                "quantity": "energy_total_kwh",
                "series_id": 123_456, "days": 7, "held_back": Decimal(3), "resets": Decimal(0),
                "dips": Decimal(1), "zeros": Decimal(0),
            }
        ],
    )  # fmt: skip

    assert max(len(line) for line in said.splitlines()) <= 80
    assert "…" not in said
    for whole in ("plant_measurements", "huawei_devices", "1,234,567,890", "12,345", "123,456", "5 min", "3 d"):
        assert whole in said
    assert "sol: 1,001 days wait for the roll-up, 1 counter misbehaved in 7 days" in said
    assert "usina-do-sertão-central-2" in said


def test_a_pipe_gets_the_same_lines_as_a_terminal_and_no_colours(status):
    said = status(feeds=[a_feed("sol", "consumption")], tenants=[a_tenant("sol")])

    assert "\x1b" not in said
    row = next(line for line in said.splitlines() if "consumption" in line)
    assert row.split()[:6] == ["consumption", "123,456", "1,234", "99", "1,234,567,890", "12,345"]


def test_a_tenant_to_whom_nothing_came_is_shown_too(status):
    assert "lua: nothing waits for the roll-up\nnothing came yet" in status(tenants=[a_tenant("lua")])


def test_a_house_without_tenants_says_what_to_do(status):
    assert status() == "no tenant yet; add one with `helio tenant add`\n"


def test_brackets_in_a_name_are_printed_as_they_are(status):
    remarks = [
        {"tenant": "sol", "feed": "consumption", "document_id": 7, "original_name": "[red]x[/].csv", "remarks": ["[b] unused"]}
    ]

    said = status(remarks=remarks, tenants=[a_tenant("sol")])

    assert "document 7, sol/consumption, [red]x[/].csv:" in said
    assert "    [b] unused" in said


def test_what_is_wrong_comes_first_with_its_next_action(status):
    incident = {
        "kind": "feed_late", "subject": "sol/consumption", "tenant": "sol", "severity": "major",
        "summary": "nothing came of sol/consumption", "action": "Ask who sends it.",
        "began_at": datetime.now(UTC) - timedelta(hours=3), "opened_at": NOW,
    }  # fmt: skip

    said = status(incidents=[incident], tenants=[a_tenant("sol")])

    assert said.startswith("\nWhat is wrong\n  major, for 3 h: nothing came of sol/consumption\n    Ask who sends it.\n")


def test_json_has_numbers_as_numbers_and_instants_as_iso_8601(status):
    feed = a_feed("sol", "consumption", last_received_at=NOW)

    found = json.loads(status("--json", feeds=[feed]))

    assert found["feeds"][0]["inserted_rows"] == 1_234_567_890
    assert found["feeds"][0]["last_received_at"] == "2026-11-29T12:00:00+00:00"


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(seconds=0), "0 s"),
        (timedelta(seconds=99), "99 s"),
        (timedelta(seconds=100), "2 min"),
        (timedelta(minutes=99), "99 min"),
        (timedelta(minutes=100), "2 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=999), "999 d"),
        (timedelta(days=3653), "10.0 y"),
        (timedelta(hours=-3), "in 3 h"),
        (None, ""),
    ],
)
def test_an_age_is_told_in_the_unit_that_fits_it(ago, told):
    assert age(None if ago is None else NOW - ago, NOW) == told
