"""`helio audit`, `helio recompute` and `helio status` as an operator types them."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.main import app
from include.steps.overview import read_health
from include.warehouse.engine import transaction
from tests.warehouse.conftest import SmallFleet
from tests.warehouse.test_audit import change, filled, fleet  # noqa: F401 - fixtures

pytestmark = pytest.mark.postgres


@pytest.fixture
def helio(fleet, tmp_path, monkeypatch):  # noqa: F811
    """Calls the command line on the small fleet's warehouse; returns status and output."""
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", fleet.url)
    monkeypatch.setenv("HELIOGRAPH_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> tuple[int, str]:
        outcome = CliRunner().invoke(app, words)
        return outcome.exit_code, outcome.output

    return call


def tamper(small: SmallFleet) -> None:
    change(
        small,
        "UPDATE mart.rollup SET mean = 5 WHERE series_id = :id AND grain = 'day' AND local_date = '2026-02-02'",
        id=small.series["1", "temp_inverter_c"],
    )


def test_an_audit_that_agrees_is_one_line_and_status_0(helio):
    assert helio("audit", "--all") == (
        0,
        "0 mismatches in 158 days of series and 22 of plants (every day): 2,747 rows agree\n",
    )
    code, said = helio("audit", "--days", "9")
    assert code == 0
    assert said.startswith("0 mismatches in 9 days of series and 9 of plants (seed ")


def test_an_audit_that_differs_shows_the_rows_and_the_next_command_and_ends_with_status_1(helio, fleet):  # noqa: F811
    tamper(fleet)

    code, said = helio("audit", "--all")

    assert code == 1
    assert "1 mismatches" in said
    assert all(word in said for word in ("demo", "p1", "temp_inverter_c", "2026-02-02 03:00Z", "mean", "5.0"))
    command = said.splitlines()[-1]
    assert command == "helio recompute --tenant demo --plant p1 --from 2026-02-02 --to 2026-02-02"
    code, told = helio("audit", "--all", "--json")
    assert code == 1
    assert json.loads(told)["mismatches"][0]["stored"] == 5.0
    # What it advises is what helps.
    assert helio(*command.split()[1:])[0] == 0
    assert helio("audit", "--all")[0] == 0


def test_a_recompute_says_what_it_did(helio, fleet):  # noqa: F811
    change(fleet, "UPDATE mart.energy_day SET energy_kwh = 1000 WHERE device_id IS NULL AND local_date = '2026-02-04'")

    code, planned = helio("recompute", "--tenant", "demo", "--dry-run")
    assert code == 0
    assert planned.startswith("158 days of 6 series and 22 of 1 plants would be computed again; nothing was.")
    code, said = helio("recompute", "--tenant", "demo")

    assert code == 0
    assert said.startswith("158 days of 6 series and 22 of 1 plants were computed again, 1 rows changed\n")
    assert "published of plants" in said
    assert "1,000.000" in said
    assert "energy_total_kwh" in said.partition("Days on which counters misbehaved")[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("recompute", "--from", "1/2/2026"), "is not a day; write it as 2026-01-31"),
        (("recompute", "--plant", "p9"), "plant 'p9' is not known"),
        (("audit", "--tenant", "nobody"), "tenant 'nobody' does not exist"),
        (("audit", "--series", "999"), "series 999 is not known"),
        (("audit", "--from", "2026-02-03", "--to", "2026-02-01"), "--from 2026-02-03 is after --to 2026-02-01; swap the two"),
    ],
)
def test_what_cannot_be_is_refused_by_a_sentence(helio, words, message):
    code, said = helio(*words)

    assert code == 1
    assert message in said


def test_the_status_tells_what_waits_and_which_counters_misbehave(helio, fleet):  # noqa: F811
    counter = fleet.series["1", "energy_total_kwh"]
    today = datetime.now(UTC).date()
    with transaction(fleet.url) as connection:
        connection.execute(text("INSERT INTO ops.dirty_day (series_id, local_day) VALUES (1, '2026-02-01'), (1, '2026-02-01')"))
        connection.execute(
            text("INSERT INTO ops.dirty_plant_day (plant_id, local_day) VALUES (1, '2026-02-01'), (1, '2026-02-02')")
        )
        for days, zeros, dips in ((1, 4, 1), (2, 0, 2), (9, 50, 50)):
            row = {"id": counter, "day": today - timedelta(days=days), "zeros": zeros, "dips": dips}
            connection.execute(text("INSERT INTO mart.counter_day VALUES (:id, :day, :zeros, :dips, 0, 0, NULL)"), row)

    code, said = helio("status")
    found = json.loads(helio("status", "--json")[1])

    assert code == 0
    assert found["tenants"] == [{"tenant": "demo", "dirty_days": 1, "dirty_plant_days": 2, "misbehaving_counters": 1}]
    assert found["counters"] == [
        {
            "tenant": "demo", "plant": "p1", "device": "1", "quantity": "energy_total_kwh", "series_id": counter, "days": 2,
            "held_back": 0, "resets": 0, "dips": 3, "zeros": 4,
        }
    ]  # fmt: skip
    assert "Counters that misbehaved most in 7 days" in said


def test_the_worst_five_counters_are_told_the_worst_first(fleet):  # noqa: F811
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    faults = {"a": (0, 1), "b": (900, 0), "c": (0, 7), "d": (0, 3), "e": (5, 0), "f": (0, 2)}
    for key, (zeros, dips) in faults.items():
        fleet.add_device(key, quantities=("energy_total_kwh",))
        row = {"id": fleet.series[key, "energy_total_kwh"], "zeros": zeros, "dips": dips}
        change(fleet, "INSERT INTO mart.counter_day VALUES (:id, '2026-05-30', :zeros, :dips, 0, 0, NULL)", **row)

    health = read_health(SimpleNamespace(database_url=fleet.url), now=now)

    assert [row["device"] for row in health["counters"]] == ["c", "d", "f", "a", "b"]
    assert health["tenants"][0]["misbehaving_counters"] == 6


def test_a_monitor_reads_what_waits_and_the_mails_to_the_operator_too(helio, fleet):  # noqa: F811
    with transaction(fleet.url) as connection:
        connection.execute(text("INSERT INTO ops.dirty_plant_day (plant_id, local_day) VALUES (1, '2026-02-01')"))
        connection.execute(text("INSERT INTO ops.notice (kind, content, written_at) VALUES ('digest', '{}', now())"))
        for state in ("pending", "failed", "pending", "sent"):
            row = {"state": state, "number": f"{state}{datetime.now(UTC)}"}
            connection.execute(
                text(
                    "INSERT INTO ops.outbox (notice_id, recipient, message_id, state, created_at) "
                    "VALUES (1, :number, :number, :state, now())"
                ),
                row,
            )

    code, said = helio("metrics")

    assert code == 0
    lines = said.splitlines()
    assert 'heliograph_rollup_plant_days_waiting{tenant="demo"} 1.0' in lines
    assert 'heliograph_mails_waiting{tenant="demo"} 0.0' in lines
    assert 'heliograph_mails_waiting{tenant=""} 2.0' in lines
    assert 'heliograph_mails_failed{tenant=""} 1.0' in lines
    assert "heliograph_warehouse_up 1.0" in lines
