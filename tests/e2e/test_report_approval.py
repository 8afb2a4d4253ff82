"""A person approves and rejects reports as the UI of a real Airflow lets them, and mails leave or do not."""

import re
import time

import pytest
import requests

from tests.e2e.installation import eventually

pytestmark = [
    pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.torture, pytest.mark.timeout(3600)
]  # fmt: skip

READING_S = 10
"""People take longer to answer than Airflow to see that the process that asked has ended; an answer before is asked for again."""

DECISIONS = (
    "SELECT a.state, a.decided_by, a.reason, r.kind, o.state AS mail FROM ops.approval AS a "
    "JOIN mart.report AS r USING (report_id) JOIN ops.outbox AS o USING (report_id) "
    "WHERE r.kind = :kind AND r.starts_on = '2012-03-01' ORDER BY o.mail_id"
)


@pytest.fixture(scope="module")
def careful(serving):
    assert serving.helio("report", "approval", "demo", "--kind", "month", "--kind", "day").returncode == 0
    yield serving
    assert serving.helio("report", "approval", "demo", "--none").returncode == 0


def asked(airflow, kind):
    """Let a report wait, and a run ask about it; the run and its question."""
    form = {"tenant": "demo", "plants": ["system-50"], "kind": kind, "day": "2012-03-01", "send_again": True}
    assert airflow.ended(airflow.trigger("report_plants", **form)) == "success"
    run = airflow.trigger("approve_reports")
    path = f"dags/approve_reports/dagRuns/{run['dag_run_id']}/hitlDetails"
    eventually(lambda: airflow.call("GET", path)["hitl_details"], what="the question")
    eventually(lambda: [task["state"] for task in airflow.tasks(run)].count("awaiting_input") == 1, what="the wait")
    time.sleep(READING_S)
    (question,) = airflow.call("GET", path)["hitl_details"]
    return run, question


def say(airflow, run, *, option, reason):
    path = f"dags/approve_reports/dagRuns/{run['dag_run_id']}/taskInstances/ask/0/hitlDetails"
    airflow.call("PATCH", path, json={"chosen_options": [option], "params_input": {"reason": reason}})
    assert airflow.ended(run) == "success"


def test_a_yes_in_the_ui_lets_the_mail_leave_and_the_pdf_is_seen_by_who_is_logged_in_only(careful, airflow):
    run, question = asked(airflow, "month")
    before = careful.read(DECISIONS, kind="month")[0]
    (link,) = re.findall(r"\]\((http[^)]*\.pdf)\)", question["body"])
    token = airflow._session.headers["Authorization"].removeprefix("Bearer ")
    seen = requests.get(link, cookies={"_token": token}, timeout=60)
    stranger = requests.get(link, timeout=60)

    say(airflow, run, option="Approve", reason="")

    assert set(before["state"]) == {"waiting"}
    assert set(before["mail"]) == {"held"}
    assert (seen.status_code, seen.content[:5], seen.headers["content-type"]) == (200, b"%PDF-", "application/pdf")
    assert (stranger.status_code, stranger.content[:5] == b"%PDF-") == (401, False)
    assert token not in question["body"]
    eventually(lambda: set(careful.read(DECISIONS, kind="month")[0]["mail"]) == {"sent"}, what="the mail")
    assert set(careful.read(DECISIONS, kind="month")[0]["decided_by"]) == {"admin"}


def test_a_no_in_the_ui_keeps_the_mail_with_who_and_why(careful, airflow):
    run, _ = asked(airflow, "day")

    say(airflow, run, option="Reject", reason="the day is not over there")

    rows = careful.read(DECISIONS, kind="day")[0]
    assert rows.drop_duplicates().to_numpy().tolist() == [["rejected", "admin", "the day is not over there", "day", "held"]]


def test_a_question_that_waits_is_answered_by_command_and_ends_without_effect_when_it_is_cleared(careful, airflow):
    run, _ = asked(airflow, "day")
    assert careful.helio("report", "approve", "demo", "--by", "Rui").returncode == 0

    airflow.call("POST", "dags/approve_reports/clearTaskInstances", json={
        "dag_run_id": run["dag_run_id"], "task_ids": ["ask"], "dry_run": False, "only_failed": False, "reset_dag_runs": True,
    })  # fmt: skip

    assert airflow.ended(run) == "success"
    assert [task["state"] for task in airflow.tasks(run) if task["task_id"] == "ask"] == ["skipped"]
    eventually(lambda: set(careful.read(DECISIONS, kind="day")[0]["mail"]) == {"sent"}, what="the mail")
    assert set(careful.read(DECISIONS, kind="day")[0]["decided_by"]) == {"Rui"}
