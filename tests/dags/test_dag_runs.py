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
    rows, left, errors = outcomes[document_ids[0]]
    return {"documents": len(document_ids), "inserted_rows": rows, "updated_rows": 0, "left": left, "errors": errors}

outcomes = {1: (0, 0, []), 3: (5, 0, []), 4: (0, 0, []), 5: (0, 7, []), 6: (9, 0, ["document 6: TryLater: the store is away"])}
work = [[[6], [4]], [[5]], [], [[4]], [[1, 2], [3]]]
step("load", pending_batches=lambda settings: work.pop(), load_batch=load_batch)
""",
    [("load_readings", {})] * 5,
)


def test_batches_are_loaded_side_by_side_and_only_changed_rows_wake_the_roll_up(played: Any) -> None:
    runs, calls = played["load"]

    assert [run["state"] for run in runs[:3]] == ["success"] * 3
    assert runs[0]["tasks"] == {"pending": "success", "load0": "success", "load1": "success", "conclude": "success"}
    assert [run["events"] for run in runs[:3]] == [["readings"], [], []]
    assert sorted(calls[:3]) == [[[1, 2], True, True], [[3], True, True], [[4], True, True]]


def test_nothing_to_load_costs_one_task(played: Any) -> None:
    assert played["load"][0][2]["tasks"] == {"pending": "success", "load": "skipped", "conclude": "skipped"}


def test_what_else_a_tenant_has_wakes_the_next_run(played: Any) -> None:
    assert played["load"][0][3]["events"] == ["landed_readings"]


def test_a_document_that_cannot_be_loaded_makes_the_run_red_and_yet_wakes_the_roll_up_for_the_others(
    played: Any, stage: Stage
) -> None:
    run = played["load"][0][4]

    assert run["tasks"] == {"pending": "success", "load0": "success", "load1": "success", "conclude": "failed"}
    assert run["events"] == ["readings"]
    assert "document 6: TryLater: the store is away" in stage.said()


SCENES["much to load"] = (
    """
def prepare(dag):
    dag.get_task("pending").python_callable.__globals__["MOST_BATCHES"] = 2
step("load", pending_batches=lambda settings: [[1], [2], [3]],
    load_batch=lambda *a, **k: calls.append(a[1]) or {"left": 0, "errors": []})
""",
    [("load_readings", {})],
)


def test_more_batches_than_one_run_takes_wake_the_next_run(played: Any) -> None:
    runs, calls = played["much to load"]

    assert sorted(calls) == [[1], [2]]
    assert runs[0]["events"] == ["landed_readings"]


SCENES["land"] = (
    """
def landed(is_more=False, errors=(), **feeds):
    return {"feeds": feeds, "is_more": is_more, "errors": list(errors)}
broken = ["registry of demo: TryLater: the store is full"]
outcomes = [landed(consumption=1, errors=broken), landed(consumption=6000, is_more=True), landed(), landed(registry=1),
            landed(consumption=2, registry=1)]
def land_all(settings, *, clock, most_rounds):
    calls.append([clock().tzinfo is not None, most_rounds])
    return outcomes.pop()
step("land", land_all=land_all)
""",
    [("land_file_drops", {})] * 5,
)


def test_landing_wakes_those_whose_documents_came(played: Any) -> None:
    runs, calls = played["land"]

    assert [run["events"] for run in runs[:3]] == [["landed_readings", "landed_registry"], ["landed_registry"], []]
    assert [run["tasks"]["land"] for run in runs[:3]] == ["success", "success", "skipped"]
    assert [run["state"] for run in runs[:3]] == ["success"] * 3
    assert calls == [[True, 3]] * 5


def test_a_flood_of_drops_lets_loading_begin_and_goes_on_in_the_next_run(played: Any) -> None:
    assert played["land"][0][3]["events"] == ["drops", "landed_readings"]


def test_a_file_that_cannot_be_landed_does_not_keep_the_others_from_being_loaded(played: Any) -> None:
    run = played["land"][0][4]

    assert run["tasks"] == {"land": "success", "conclude": "failed"}
    assert run["events"] == ["landed_readings"]


SCENES["roll up"] = (
    """
from include.core.errors import TryLater
class HeldByOthers(TryLater): pass
def done(days, remaining=0, errors=()):
    return {"dirty_days": days, "plant_days": 0, "rows_changed": 10 * days, "remaining": remaining, "errors": list(errors)}
broken = ["the days that are left: KeyError"]
outcomes = [done(0), HeldByOthers("held"), done(5), done(6, remaining=9), done(7, 3, broken), KeyError()]
def roll_up_all(settings, *, clock):
    calls.append(clock().tzinfo is not None)
    if isinstance(outcome := outcomes.pop(), Exception):
        raise outcome
    return outcome
step("roll_up", roll_up_all=roll_up_all, HeldByOthers=HeldByOthers)
def prepare(dag):
    task = dag.get_task("roll_up")
    task.retries = 0
    task.python_callable.__globals__["PATIENCE"] *= 0
""",
    [("roll_up_readings", {})] * 5,
)


def test_the_roll_up_wakes_whenever_a_round_was_done_though_a_later_one_failed(played: Any) -> None:
    runs, _ = played["roll up"]

    told = [(run["tasks"]["roll_up"], run["tasks"]["conclude"], run["events"]) for run in runs]
    assert told == [
        ("failed", "upstream_failed", []),
        ("success", "failed", ["rollups"]),
        ("success", "success", ["readings", "rollups"]),
        ("success", "success", ["rollups"]),
        ("skipped", "skipped", []),
    ]


def test_a_roll_up_that_finds_all_days_held_by_others_looks_again_later(played: Any) -> None:
    runs, calls = played["roll up"]

    assert calls == [True] * 6
    assert runs[4]["state"] == "success"


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
    return {"documents": 1, "replayed_documents": 3, "errors": []}
landed = [{"documents": 2, "replayed_documents": 4, "errors": ["document 9: KeyError"]}, {"errors": []},
          {"documents": 2, "replayed_documents": 0, "errors": []}]
step("register", register_text=register_text, register_landed=lambda settings, *, now, run_id: landed.pop())
""",
    [
        ("register_fleet", {"tenant": "demo", "content": "plant_key,name\np1,One"}),
        ("register_fleet", {}),
        ("register_fleet", {}),
        ("register_fleet", {"tenant": "demo"}),
        ("register_fleet", {}),
    ],
)


def test_a_form_or_a_drop_registers_and_replayed_documents_wake_the_load(played: Any) -> None:
    runs, calls = played["register"]

    assert calls == [["demo", "plant_key,name\np1,One", True]]
    assert [run["tasks"]["register"] for run in runs[:4]] == ["success", "success", "skipped", "failed"]
    assert [run["events"] for run in runs[:4]] == [["landed_readings"], [], [], []]


def test_a_registry_file_that_cannot_be_registered_does_not_keep_replayed_documents_from_being_loaded(played: Any) -> None:
    run = played["register"][0][4]

    assert run["tasks"] == {"register": "success", "conclude": "failed"}
    assert run["events"] == ["landed_readings"]


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
def asked_reports(settings, form, *, day, last_day, run_after):
    kind = form["kind"] or day
    asked = [form["tenant"], form["plants"], form["kind"], day and day.isoformat(), form["language"]]
    calls.append(["due", *asked, run_after.tzinfo is not None])
    return [{"tenant": "t", "plant": "p2"}, {"tenant": "t", "plant": "p1"}] + [{"tenant": "t", "plant": "q"}] * 19 if kind else []
def render_reports(settings, requests, *, now, run_id, send, send_again, send_to):
    calls.append(["render", len(requests), send, send_again])
    errors = ["day report of plant p2: BadDocument: no readings"] if kinds.pop() == "broken" and len(requests) == 20 else []
    return {"reports": [], "mails": 3 if send and len(requests) == 20 else 0, "errors": errors}
kinds = ["", "", "broken", "broken", "", ""]
step("due_reports", asked_reports=asked_reports)
step("report", render_reports=render_reports)
""",
    [
        ("report_plants", {"kind": "month", "day": "2026-10-05"}),
        ("report_plants", {}),
        ("report_plants", {"day": "2026-10-05"}),
        ("report_plants", {"day": "2026-10-05", "send": False}),
    ],
)
RENDERED = {"due": "success", "render0": "success", "render1": "success"}


def test_reports_are_rendered_in_batches_and_their_mails_wake_the_sender(played: Any) -> None:
    runs, calls = played["report"]

    assert runs[0]["state"] == "success"
    assert runs[0]["tasks"] == RENDERED | {"conclude": "success"}
    assert calls[0] == ["due", None, None, "month", "2026-10-05", None, True]
    assert sorted(calls[1:3]) == [["render", 1, True, False], ["render", 20, True, False]]
    assert runs[0]["events"] == ["outbox"]


def test_a_morning_without_reports_ends_well(played: Any) -> None:
    runs, calls = played["report"]

    assert runs[1]["tasks"] == {"due": "success", "render": "skipped", "conclude": "skipped"}
    assert calls[3] == ["due", None, None, None, None, None, True]


def test_a_report_that_cannot_be_rendered_fails_the_run_but_holds_back_no_mail(played: Any) -> None:
    runs, calls = played["report"]

    assert calls[4] == ["due", None, None, None, "2026-10-05", None, True]
    assert runs[2]["tasks"] == RENDERED | {"conclude": "failed"}
    assert runs[2]["events"] == ["outbox"]


def test_reports_that_are_not_sent_wake_nobody(played: Any) -> None:
    assert (played["report"][0][3]["state"], played["report"][0][3]["events"]) == ("success", [])


SCENES["mail"] = (
    """
import os
from include.core.errors import TryLater
def send_outbox(settings, *, smtp, now):
    server = smtp()
    calls.append([server["host"], server["port"], server["password"][:4], now.tzinfo is not None])
    if isinstance(outcome := outcomes.pop(), Exception):
        raise outcome
    return outcome
outcomes = [TryLater("1 of 2 mails wait for another attempt"), {}, {"sent": 1}]
step("send", send_outbox=send_outbox)
os.environ["AIRFLOW_CONN_SMTP_DEFAULT"] = "smtp://me:hush-hush@mail.example.org:587"
""",
    [("send_mail", {})] * 3,
)


def test_the_outbox_is_sent_through_the_connection_and_it_alone_tries_again(played: Any) -> None:
    runs, calls = played["mail"]

    assert [run["tasks"] for run in runs] == [{"send": "success"}, {"send": "skipped"}, {"send": "failed"}]
    assert calls == [["mail.example.org", 587, "hush", True]] * 3


SCENES["pull"] = (
    """
import json, os
from airflow.sdk._shared.secrets_masker import redact
due = [[], [{"integration_id": 1, "label": "acme/roof", "connection_id": "acme__roof"},
            {"integration_id": 2, "label": "acme/lost", "connection_id": "acme__lost"}]]
def pull_account(settings, integration_id, *, credentials, clock, run_id):
    calls.append([integration_id, sorted(credentials), len(credentials["app_secret"]), clock().tzinfo is not None])
    calls.append(redact("logging in with {login} {app_id} {password} {app_secret}".format(**credentials)))
    return {"calls": 3, "feeds": {"deye_fleet": 1, "deye_devices": 2}, "waiting": 0, "next_at": None, "note": None, "errors": []}
due_accounts = lambda settings, *, vendor, now: due.pop()
lately = lambda settings, *, vendor, now: []
step("pull", due_accounts=due_accounts, feeds_landed_lately=lately, pull_account=pull_account)
os.environ["AIRFLOW_CONN_ACME__ROOF"] = json.dumps({"conn_type": "heliograph_deye", "host": "europe", "login": "me",
    "password": "open-sesame-1", "extra": {"app_id": "7", "app_secret": "tell-nobody-2"}})
""",
    [("land_deye", {})] * 2,
)


def test_accounts_are_pulled_with_their_connections_and_a_missing_one_holds_back_no_other(played: Any) -> None:
    runs, calls = played["pull"]

    assert runs[0]["tasks"] == {"due": "success", "pull0": "success", "pull1": "failed", "conclude": "upstream_failed"}
    assert runs[0]["events"] == ["landed_readings", "landed_registry"]
    assert calls[0] == [1, ["app_id", "app_secret", "host", "login", "password"], 13, True]
    assert calls[1:] == ["logging in with me 7 *** ***"], "what a log would show"


def test_a_tick_with_nothing_due_ends_well(played: Any) -> None:
    runs, _ = played["pull"]

    assert runs[1]["state"] == "success"
    assert runs[1]["tasks"] == {"due": "success", "pull": "skipped", "conclude": "skipped"}


SCENES["set integration"] = (
    """
import json, os
from include.core.errors import NeedsHuman
def told(name):
    def step(settings, **given):
        plain = {key: value for key, value in given.items() if isinstance(value, str | None)}
        calls.append([name, plain, len(given.get("credentials") or [])])
        return {"state": name}
    return step
def require_tenant(settings, slug):
    if slug != "acme":
        raise NeedsHuman("tenant {slug!r} does not exist (known: acme)".format(slug=slug))
step("integrations", activate=told("activate"), set_state=told("set"), try_integration=told("try"))
step("tenants", require_tenant=require_tenant)
os.environ["AIRFLOW_CONN_ACME__DEYE"] = os.environ["AIRFLOW_CONN_ACME__KNOWN"] = json.dumps(
    {"conn_type": "heliograph_deye", "login": "me", "password": "hush-hush-1"})
""",
    [
        ("set_integration", {"tenant": "acme", "vendor": "deye"}),
        ("set_integration", {"tenant": "acme", "vendor": "deye", "name": "known", "action": "test"}),
        ("set_integration", {"tenant": "acme", "vendor": "deye", "name": "gone", "action": "disable"}),
        ("set_integration", {"tenant": "acme", "vendor": "deye", "name": "gone"}),
        ("set_integration", {"tenant": "nobody", "vendor": "deye"}),
    ],
)


def test_a_connection_becomes_an_integration_is_tried_and_is_stopped(played: Any) -> None:
    runs, calls = played["set integration"]

    assert [run["state"] for run in runs] == ["success"] * 3 + ["failed"] * 2
    assert calls == [
        ["activate", {"tenant": "acme", "name": "deye", "vendor": "deye"}, 0],
        ["try", {"tenant": "acme", "name": "known"}, 2],
        ["set", {"tenant": "acme", "name": "gone", "state": "disabled"}, 0],
    ]


def test_the_form_of_an_integration_says_what_is_wrong_with_it(played: Any, stage: Stage) -> None:
    said = stage.said()

    assert "there are no credentials for the vendor account acme__gone" in said
    assert "tenant 'nobody' does not exist (known: acme)" in said


SCENES["watch"] = (
    """
def look_around(settings, *, now):
    calls.append(["look", now.tzinfo is not None])
    return found.pop()
found = [{"critical": 1, "mails": 0}, {"major": 2, "mails": 2}]
step("watch", look_around=look_around)
step("task_failures", forget_task_failures=lambda settings, *, dag_id: calls.append(["ended well", dag_id]))
""",
    [("watch_operations", {})] * 2,
)


def test_the_watch_wakes_the_sender_only_where_it_wrote_mails_and_its_end_is_noted(played: Any) -> None:
    runs, calls = played["watch"]

    assert [run["events"] for run in runs] == [["outbox"], []]
    assert calls == [["look", True], ["ended well", "watch_operations"]] * 2


SCENES["sources"] = (
    """
from include.core.errors import NeedsHuman
def watch_volumes(settings, *, now):
    calls.append(["volumes", now.tzinfo is not None])
    if isinstance(outcome := outcomes.pop(), Exception):
        raise outcome
    return outcome
def mark_readings(settings, *, now):
    calls.append(["marks", now.tzinfo is not None])
    return {"days": 3}
outcomes = [NeedsHuman("the database role may not read"), {}]
step("source_volumes", watch_volumes=watch_volumes)
step("series_marks", mark_readings=mark_readings)
""",
    [("watch_sources", {})] * 2,
)


def test_readings_are_marked_though_the_volumes_could_not_be_counted(played: Any) -> None:
    runs, calls = played["sources"]

    assert calls == [["volumes", True], ["marks", True]] * 2
    assert [run["tasks"] for run in runs] == [
        {"volumes": "success", "marks": "success", "conclude": "success"},
        {"volumes": "failed", "marks": "success", "conclude": "upstream_failed"},
    ]
    assert [run["state"] for run in runs] == ["success", "failed"]


SCENES["approval"] = (
    """
import threading, time
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from sqlalchemy import select

def claim_questions(settings, *, run_id, is_by_hand, now):
    calls.append(["claim", run_id[:6], is_by_hand, now.tzinfo is not None])
    return claims.pop()
def question(settings, *, tenant, run_id, address, now):
    asks = [f"Mail the reports of {tenant}?", "{{ 1 + 1 }} reports, see " + address]
    return None if tenant == "decided" else asks
def answer(settings, *, tenant, run_id, decision, by, reason, now):
    calls.append(["answer", tenant, run_id[:6], decision, by, reason])
    return Outcome(2, 3 if decision == "approved" else 0)
step("approvals", claim_questions=claim_questions, question=question, answer=answer)
from collections import namedtuple
Outcome = namedtuple("Outcome", "reports mails")

def responses(tenant):
    told = {"sol": (["Approve"], ""), "lua": (["Reject"], "wrong target")}
    return told.get(tenant)

def person():
    "Answers what waits, as the web server does on behalf of whoever clicks; leaves `late` unanswered until its time is over."
    end = time.monotonic() + 120
    while time.monotonic() < end and len(seen) < 3:
        time.sleep(0.2)
        try:
            with create_session() as session:
                for ti in session.scalars(select(TaskInstance).where(TaskInstance.state == "awaiting_input")):
                    detail = session.scalar(select(HITLDetail).where(HITLDetail.ti_id == ti.id))
                    tenant = detail.subject.split()[-1].strip("?")
                    if told := responses(tenant):
                        detail.responded_by = {"id": "7", "name": "ana"}
                        detail.responded_at = datetime.now(UTC)
                        detail.chosen_options, detail.params_input = told[0], {"reason": told[1]}
                        event = detail.as_resume_event_payload(timedout=False)
                    else:
                        event = {"error": "the time has passed", "error_type": "timeout"}
                    handle_event_submit(TriggerEvent(event), task_instance=ti, session=session)
                    seen.append(tenant)
                    calls.append(["asked", detail.subject, detail.body, sorted(detail.options), detail.defaults])
        except Exception as error:
            print("the person tries again:", error)
from datetime import UTC, datetime
seen = []
claims = [[], ["late", "decided"], ["sol", "lua"]]
threading.Thread(target=person, daemon=True).start()
""",
    [("approve_reports", {})] * 3,
)


def test_a_person_is_asked_once_a_tenant_and_the_answer_of_one_holds_back_no_other(played: Any) -> None:
    runs, calls = played["approval"]

    assert runs[0]["tasks"] == {"waiting": "success", "ask0": "success", "ask1": "success"}
    assert calls[0] == ["claim", "manual", True, True]
    assert sorted(call for call in calls if call[0] == "answer")[:2] == [
        ["answer", "lua", "manual", "rejected", "ana", "wrong target"],
        ["answer", "sol", "manual", "approved", "ana", ""],
    ]


def test_a_yes_wakes_the_sender_and_what_others_wrote_is_no_template(played: Any) -> None:
    runs, calls = played["approval"]

    assert runs[0]["events"] == ["outbox"]
    bodies = [call[2] for call in calls if call[0] == "asked"]
    assert all(body.startswith("{{ 1 + 1 }} reports, see ") and body.endswith("/heliograph/reports") for body in bodies)
    assert all(call[3:] == [["Approve", "Reject"], None] for call in calls if call[0] == "asked")


def test_a_question_without_an_answer_and_one_that_is_decided_are_no_failures(played: Any) -> None:
    runs, calls = played["approval"]

    assert runs[1]["tasks"] == {"waiting": "success", "ask0": "skipped", "ask1": "skipped"}
    assert (runs[1]["state"], runs[1]["events"]) == ("success", [])
    assert [call[1] for call in calls if call[0] == "answer"].count("late") == 0


def test_where_nothing_waits_nobody_is_asked(played: Any) -> None:
    assert played["approval"][0][2]["tasks"] == {"waiting": "success", "ask": "skipped"}
