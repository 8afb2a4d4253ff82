"""DAGs run for real (`dag.test`), with steps that only pretend, in an Airflow of their own."""

from typing import Any

import pytest

from tests.dags.stage import Stage

pytestmark = pytest.mark.airflow

SCENES: dict[str, tuple[str, list[tuple[str, dict[str, Any]]]]] = {}


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Any]:
    """All scenes, played one after the other: what the runs became, and how the steps were called."""
    answers = {name: stage.play(steps, runs=runs) for name, (steps, runs) in SCENES.items()}
    assert "hush-hush" not in stage.said()
    return {name: (told["runs"], told["calls"]) for name, told in answers.items()}


SCENES["load"] = (
    """
def load_batch(settings, document_ids, *, now, run_id):
    calls.append([document_ids, now.tzinfo is not None, bool(run_id)])
    return {"documents": len(document_ids), "inserted_rows": rows.pop(), "updated_rows": 0}

rows, work = [0, 5, 0], [[], [[4]], [[1, 2], [3]]]
step("load", pending_batches=lambda settings: work.pop(), load_batch=load_batch)
""",
    [("load_readings", {})] * 3,
)


def test_batches_are_loaded_side_by_side_and_only_changed_rows_wake_the_roll_up(played: Any) -> None:
    runs, calls = played["load"]

    assert [run["state"] for run in runs] == ["success"] * 3
    assert runs[0]["tasks"] == {"pending": "success", "load0": "success", "load1": "success"}
    assert runs[2]["tasks"] == {"pending": "success", "load": "skipped"}
    assert [run["events"] for run in runs] == [["readings"], [], []]
    assert sorted(calls) == [[[1, 2], True, True], [[3], True, True], [[4], True, True]]


SCENES["much to load"] = (
    """
def prepare(dag):
    dag.get_task("pending").python_callable.__globals__["MOST_BATCHES"] = 2
step("load", pending_batches=lambda settings: [[1], [2], [3]], load_batch=lambda *a, **k: calls.append(a[1]) or {})
""",
    [("load_readings", {})],
)


def test_more_batches_than_one_run_takes_wake_the_next_run(played: Any) -> None:
    runs, calls = played["much to load"]

    assert sorted(calls) == [[1], [2]]
    assert runs[0]["events"] == ["landed_readings"]


SCENES["land"] = (
    """
landed = [[], [], [{"feed": "registry"}], [], [{"feed": "consumption"}, {"feed": "registry"}], [{"feed": "consumption"}]]
step("land", land_drops=lambda settings, *, now: landed.pop())
""",
    [("land_file_drops", {})] * 3,
)


def test_landing_wakes_those_whose_documents_came(played: Any) -> None:
    runs, _ = played["land"]

    assert [run["events"] for run in runs] == [["landed_readings", "landed_registry"], ["landed_registry"], []]
    assert [run["tasks"]["land"] for run in runs] == ["success", "success", "skipped"]
    assert [run["state"] for run in runs] == ["success"] * 3


SCENES["much to land"] = (
    """
step("land", land_drops=lambda settings, *, now: calls.append(1) or [{"feed": "consumption"}] * 200)
""",
    [("land_file_drops", {})],
)


def test_a_flood_of_drops_lets_loading_begin_and_goes_on_in_the_next_run(played: Any) -> None:
    runs, calls = played["much to land"]

    assert len(calls) == 3
    assert runs[0]["events"] == ["drops", "landed_readings"]


SCENES["roll up"] = (
    """
rounds = [(0, 0), (5, 0), (100, 5), (100, 105)]
def roll_up_dirty(settings, *, now):
    days, remaining = rounds.pop()
    calls.append(days)
    return {"dirty_days": days, "rows_changed": 10 * days, "remaining": remaining}
step("roll_up", roll_up_dirty=roll_up_dirty)
""",
    [("roll_up_readings", {})] * 2,
)


def test_the_roll_up_goes_on_until_nothing_is_left(played: Any) -> None:
    runs, calls = played["roll up"]

    assert calls == [100, 100, 5, 0]
    assert [run["tasks"]["roll_up"] for run in runs] == ["success", "skipped"]
    assert [run["events"] for run in runs] == [["rollups"], []]


SCENES["audit"] = (
    """
from include.steps.audit import require_agreement
agrees = {"seed": 1, "series_days": 200, "plant_days": 20, "waiting_days": 3, "equal_rows": 5000, "mismatch_count": 0,
    "mismatches": [], "advice": []}
row = {"table": "mart.rollup", "tenant": "demo", "plant": "p1", "device": None, "quantity": "ac_power_kw", "series_id": 4,
    "grain": "day", "local_date": "2026-02-02", "start": "2026-02-02", "column": "mean", "stored": 1.0, "recomputed": 2.0}
differs = agrees | {"mismatch_count": 30, "mismatches": [row] * 30, "advice": ["helio recompute --tenant demo"]}
found = [differs, agrees, agrees]
def audit_rollups(settings, wish, *, days, seed, now):
    calls.append([wish, days, seed if seed == 5 else "by the date" if 20260000 < seed < 21000000 else seed])
    return found.pop()
step("audit", audit_rollups=audit_rollups, require_agreement=require_agreement)
""",
    [("audit_rollups", {}), ("audit_rollups", {"tenant": "demo", "days": 10, "seed": 5}), ("audit_rollups", {})],
)


def test_an_audit_draws_by_the_date_and_fails_at_once_where_figures_differ(played: Any) -> None:
    runs, calls = played["audit"]

    assert calls == [[{"tenant": None}, 200, "by the date"], [{"tenant": "demo"}, 10, 5], [{"tenant": None}, 200, "by the date"]]
    assert [run["tasks"]["audit"] for run in runs] == ["success", "success", "failed"]


SCENES["register"] = (
    """
def register_text(settings, *, tenant, content, name, now, run_id):
    calls.append([tenant, content, name == f"form of {run_id}"])
    return {"documents": 1, "replayed_documents": 3}
landed = [{}, {"documents": 2, "replayed_documents": 0}]
step("register", register_text=register_text, register_landed=lambda settings, *, now, run_id: landed.pop())
""",
    [
        ("register_fleet", {"tenant": "demo", "content": "plant_key,name\np1,One"}),
        ("register_fleet", {}),
        ("register_fleet", {}),
        ("register_fleet", {"tenant": "demo"}),
    ],
)


def test_a_form_or_a_drop_registers_and_replayed_documents_wake_the_load(played: Any) -> None:
    runs, calls = played["register"]

    assert calls == [["demo", "plant_key,name\np1,One", True]]
    assert [run["tasks"]["register"] for run in runs] == ["success", "success", "skipped", "failed"]
    assert [run["events"] for run in runs] == [["landed_readings"], [], [], []]


SCENES["targets"] = (
    """
def save_targets(settings, *, tenant, plant, source, year, months_kwh, now):
    calls.append([tenant, plant, year, months_kwh])
    return {"months_set": 2}
step("targets", save_targets=save_targets)
""",
    [("set_targets", {"tenant": "demo", "plant": "p1", "year": 2026, "feb": 800, "dec": 900.5})],
)


def test_targets_reach_the_step_in_the_order_of_the_months(played: Any) -> None:
    runs, calls = played["targets"]

    assert runs[0]["state"] == "success"
    assert calls == [["demo", "p1", 2026, [None, 800, *[None] * 9, 900.5]]]


SCENES["report"] = (
    """
import os
from include.core.errors import BadDocument
def due_reports(settings, *, tenant, plants, kind, day, language, run_after):
    calls.append(["due", tenant, plants, kind, day and day.isoformat(), language, run_after.tzinfo is not None])
    return [{"tenant": "t", "plant": "p2"}, {"tenant": "t", "plant": "p1"}] + [{"tenant": "t", "plant": "q"}] * 19 if kind else []
def render_report(settings, request, *, now, run_id, send, send_again):
    calls.append(["render", request["plant"], send, send_again])
    if request["plant"] == "p2" and not send:
        raise BadDocument("no readings")
    return {"revision": 1}
def send_outbox(settings, *, smtp, now):
    calls.append(["send", smtp["host"], smtp["port"], smtp["password"][:4]])
    return {"sent": 1}
step("report", due_reports=due_reports, render_report=render_report)
step("send", send_outbox=send_outbox)
os.environ["AIRFLOW_CONN_SMTP_DEFAULT"] = "smtp://me:hush-hush@mail.example.org:587"
""",
    [
        ("report_plants", {"kind": "month", "day": "2026-10-05"}),
        ("report_plants", {}),
        ("report_plants", {"day": "2026-10-05", "send": False}),
    ],
)
AFTERWARDS = {"send": "success", "conclude": "success"}
SENT = ["send", "mail.example.org", 587, "hush"]


def test_reports_are_rendered_in_batches_and_then_mailed(played: Any) -> None:
    runs, calls = played["report"]

    assert runs[0]["state"] == "success"
    assert calls[0] == ["due", None, None, "month", "2026-10-05", None, True]
    assert runs[0]["tasks"] == {"due": "success", "render0": "success", "render1": "success"} | AFTERWARDS
    assert sorted(calls[1:22]) == [["render", plant, True, False] for plant in ["p1", "p2", *["q"] * 19]]
    assert calls[22] == SENT


def test_a_morning_without_reports_still_sends_what_waits(played: Any) -> None:
    runs, calls = played["report"]

    assert runs[1]["tasks"] == {"due": "success", "render": "skipped"} | AFTERWARDS
    assert calls[23:25] == [["due", None, None, None, None, None, True], SENT]


def test_a_report_that_cannot_be_rendered_fails_the_run_but_holds_back_no_mail(played: Any) -> None:
    runs, calls = played["report"]

    assert runs[2]["state"] == "failed"
    assert runs[2]["tasks"] == {
        "due": "success",
        "render0": "failed",
        "render1": "success",
        "send": "success",
        "conclude": "upstream_failed",
    }
    assert calls[25] == ["due", None, None, "day", "2026-10-05", None, True]
    assert len(calls[26:-1]) == 21
    assert calls[-1] == SENT


SCENES["pull"] = (
    """
import json, os
from airflow.sdk._shared.secrets_masker import redact
due = [[], [{"integration_id": 1, "label": "acme/roof", "connection_id": "acme__roof"},
            {"integration_id": 2, "label": "acme/lost", "connection_id": "acme__lost"}]]
def pull_account(settings, integration_id, *, credentials, clock, run_id):
    calls.append([integration_id, sorted(credentials), len(credentials["app_secret"]), clock().tzinfo is not None])
    calls.append(redact("logging in with {login} {app_id} {password} {app_secret}".format(**credentials)))
    return {"calls": 3, "feeds": {"deye_fleet": 1, "deye_devices": 2}, "waiting": 0, "next_at": None, "note": None}
due_accounts = lambda settings, *, vendor, now: due.pop()
step("pull", due_accounts=due_accounts, pull_account=pull_account, order_backfill=None, backlog=None, BackfillWish=None)
os.environ["AIRFLOW_CONN_ACME__ROOF"] = json.dumps({"conn_type": "heliograph_deye", "host": "europe", "login": "me",
    "password": "open-sesame-1", "extra": {"app_id": "7", "app_secret": "tell-nobody-2"}})
""",
    [("land_deye", {})] * 2,
)


def test_accounts_are_pulled_with_their_connections_and_a_missing_one_holds_back_no_other(played: Any) -> None:
    runs, calls = played["pull"]

    assert runs[0]["tasks"] == {"due": "success", "pull0": "success", "pull1": "failed"}
    assert runs[0]["events"] == ["landed_readings", "landed_registry"]
    assert calls[0] == [1, ["app_id", "app_secret", "host", "login", "password"], 13, True]
    assert calls[1:] == ["logging in with me 7 *** ***"], "what a log would show"


def test_a_tick_with_nothing_due_ends_well(played: Any) -> None:
    runs, _ = played["pull"]

    assert runs[1]["state"] == "success"
    assert runs[1]["tasks"] == {"due": "success", "pull": "skipped"}


SCENES["set integration"] = (
    """
import json, os
def told(name):
    def step(settings, **given):
        plain = {key: value for key, value in given.items() if isinstance(value, str | None)}
        calls.append([name, plain, len(given.get("credentials") or [])])
        return {"state": name}
    return step
step("integrations", add_integration=told("add"), set_state=told("set"), try_integration=told("try"),
     list_integrations=lambda settings, *, now, tenant: [{"name": "known"}])
os.environ["AIRFLOW_CONN_ACME__DEYE"] = os.environ["AIRFLOW_CONN_ACME__KNOWN"] = json.dumps(
    {"conn_type": "heliograph_deye", "login": "me", "password": "hush-hush-1"})
""",
    [
        ("set_integration", {"tenant": "acme", "vendor": "deye"}),
        ("set_integration", {"tenant": "acme", "vendor": "deye", "name": "known"}),
        ("set_integration", {"tenant": "acme", "vendor": "deye", "name": "known", "action": "test"}),
        ("set_integration", {"tenant": "acme", "vendor": "deye", "name": "gone", "action": "disable"}),
        ("set_integration", {"tenant": "acme", "vendor": "deye", "name": "gone"}),
    ],
)


def test_a_connection_becomes_an_integration_is_tried_and_is_stopped(played: Any) -> None:
    runs, calls = played["set integration"]

    assert [run["state"] for run in runs] == ["success"] * 4 + ["failed"]
    assert calls == [
        ["add", {"tenant": "acme", "name": "deye", "vendor": "deye", "credentials": None}, 0],
        ["set", {"tenant": "acme", "name": "known", "state": "active"}, 0],
        ["try", {"tenant": "acme", "name": "known"}, 2],
        ["set", {"tenant": "acme", "name": "gone", "state": "disabled"}, 0],
    ]
