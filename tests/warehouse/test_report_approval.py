"""Reports that a tenant wants approved wait for a person: what leaves and what does not, whatever happens meanwhile."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.main import app
from include.core.errors import NeedsHuman, Refused
from include.steps import approvals as steps
from include.steps import watch
from include.steps.approvals import answer, choose_approval, claim_questions, question, read_waiting_pdf
from include.steps.report import render_report, render_reports
from include.steps.subscriptions import send_test, unsubscribe
from include.warehouse import approvals, fleet
from include.warehouse.engine import engine_of, transaction
from tests.warehouse.test_reports_and_mail import (  # noqa: F401 - fixtures
    LATER,
    NEXT_DAY,
    NOW,
    RECIPIENT,
    ask,
    filled,
    give,
    issue,
    measure,
    outbox,
    plant,
    post,
    send,
)

pytestmark = pytest.mark.postgres

OTHER = "second@example.org"
SEEN = "https://airflow.example.org/heliograph/reports"


@pytest.fixture
def careful(plant):  # noqa: F811
    """The tenant's monthly and restated reports wait."""
    choose_approval(plant.settings, tenant="demo", kinds=["month", "restated"])
    return plant


def states(plant) -> list[tuple[str, str, int]]:  # noqa: F811
    rows = plant.read("SELECT recipient, state, revision FROM ops.outbox JOIN mart.report USING (report_id) ORDER BY mail_id")
    return list(rows.itertuples(index=False, name=None))


def approval(plant) -> list[tuple]:  # noqa: F811
    sql = "SELECT revision, state, decided_by, reason FROM ops.approval JOIN mart.report USING (report_id) ORDER BY 1"
    rows = plant.read(sql)
    return [tuple(None if value != value else value for value in row) for row in rows.itertuples(index=False, name=None)]


def say(plant, decision: str = "approved", *, now: datetime = LATER, **how) -> steps.Outcome:  # noqa: F811
    return answer(plant.settings, **{"tenant": "demo", "decision": decision, "by": "Ana", "now": now} | how)


def claim(plant, run_id: str, now: datetime = LATER) -> list[str]:  # noqa: F811
    return claim_questions(plant.settings, run_id=run_id, now=now)


def asked(plant, run_id: str, now: datetime = LATER) -> steps.Question | None:  # noqa: F811
    return question(plant.settings, tenant="demo", run_id=run_id, address=SEEN, now=now)


def correct(plant) -> None:  # noqa: F811
    """Late data that change the month."""
    measure(plant, "2026-02-20", {"1": 5.0, "2": 7.0}, first="2026-02-11")


# ------------------------------------------------------------------------------------------------------- yes, no, nothing


def test_where_nobody_said_so_no_report_waits(plant, post):  # noqa: F811
    assert issue(plant)["mails"] == 1

    assert send(plant, post) == {"sent": 1}
    assert approval(plant) == []


def test_a_monthly_report_leaves_with_a_persons_yes_and_not_before_while_a_daily_one_leaves_at_once(careful, post):  # noqa: F811
    assert issue(careful)["mails"] == 0
    assert issue(careful, kind="day")["mails"] == 1
    assert send(careful, post) == {"sent": 1}
    assert send(careful, post, now=NEXT_DAY) == {}

    assert say(careful, now=NEXT_DAY) == (1, 1)

    assert send(careful, post, now=NEXT_DAY) == {"sent": 1}
    month = next(mail for mail in post.kept() if "February" in mail["Subject"] and "3 February" not in mail["Subject"])
    assert month["Date"].datetime == NEXT_DAY
    assert approval(careful) == [(1, "approved", "Ana", None)]


def test_a_mail_that_waited_for_days_has_all_its_attempts_before_it(careful, post):  # noqa: F811
    issue(careful)
    late = NOW + timedelta(days=5)
    say(careful, now=late)
    post.sink.is_busy = True

    with pytest.raises(Exception, match="wait for another attempt"):
        send(careful, post, now=late)

    assert send(careful, post, now=late + timedelta(minutes=9)) == {}


def test_a_rejected_report_stays_unsent_with_who_and_why_and_the_schedule_lets_it_rest(careful, post):  # noqa: F811
    for hour in (10, 11):
        for request in ask(careful, run_after=datetime(2026, 3, 1, hour, tzinfo=UTC)):
            if request["kind"] == "month" and request["language"] == "en":
                render_report(careful.settings, request, now=datetime(2026, 3, 1, hour, tzinfo=UTC), run_id="t", send=True)

    assert say(careful, "rejected", reason="the target of February is wrong") == (1, 0)

    assert states(careful) == [(RECIPIENT, "held", 1)]
    assert send(careful, post, now=NEXT_DAY) == {}
    assert approval(careful) == [(1, "rejected", "Ana", "the target of February is wrong")]
    following = datetime(2026, 3, 2, 12, tzinfo=UTC)
    months = [request for request in ask(careful, run_after=following) if request["kind"] == "month"]
    render_reports(careful.settings, months, now=following, run_id="t", send=True)
    assert states(careful) == [(RECIPIENT, "held", 1)]


def test_a_rejected_report_that_somebody_asks_for_again_waits_again(careful, post):  # noqa: F811
    issue(careful)
    say(careful, "rejected", reason="not yet")

    issue(careful, send_again=True, now=LATER)

    assert approval(careful) == [(1, "waiting", None, None)]
    assert say(careful, now=NEXT_DAY) == (1, 1)
    assert send(careful, post, now=NEXT_DAY) == {"sent": 1}


def test_a_no_becomes_a_yes_only_by_the_number_of_the_report(careful):
    report = issue(careful)["report_id"]
    say(careful, "rejected", reason="by mistake")

    assert say(careful) == (0, 0)
    assert say(careful, report_ids=[report]) == (1, 1)
    with pytest.raises(Refused, match=rf"{report} \(approved by Ana\)"):
        say(careful, "rejected", report_ids=[report])


def test_only_what_corrects_a_report_waits_where_the_tenant_says_so(plant, post):  # noqa: F811
    choose_approval(plant.settings, tenant="demo", kinds=["restated"])
    issue(plant)
    assert send(plant, post) == {"sent": 1}
    correct(plant)

    assert issue(plant, now=LATER)["mails"] == 0

    assert states(plant) == [(RECIPIENT, "sent", 1), (RECIPIENT, "held", 2)]


def test_what_the_operator_reads_of_the_data_never_waits(careful):
    choose_approval(careful.settings, tenant="demo", kinds=["week", "month"])
    give(careful, OTHER, about="quality", kinds=("week",), language="en")
    requests = ask(careful, about="quality", kind="week", day=date(2026, 2, 3))

    render_reports(careful.settings, requests, now=NOW, run_id="t", send=True)

    assert states(careful) == [(OTHER, "pending", 1)]


def test_a_test_mail_leaves_though_its_report_waits_and_those_of_recipients_stay(careful, post):  # noqa: F811
    issue(careful)

    send_test(
        careful.settings, tenant="demo", email=OTHER, about="plant", kind="month", day=date(2026, 2, 3), plants=None,
        language="en", now=NOW,
    )  # fmt: skip

    assert send(careful, post) == {"sent": 1}
    assert states(careful) == [(RECIPIENT, "held", 1), (OTHER, "sent", 1)]


# -------------------------------------------------------------------------------------------------------- what may happen


def test_a_revision_takes_the_place_of_one_that_waits_and_the_answer_about_the_first_releases_neither(careful, post):  # noqa: F811
    issue(careful)
    assert claim(careful, "first") == ["demo"]
    correct(careful)
    issue(careful, now=LATER)

    assert say(careful, run_id="first", now=NEXT_DAY) == (0, 0)

    assert approval(careful) == [(1, "superseded", None, None), (2, "waiting", None, None)]
    assert states(careful) == [(RECIPIENT, "held", 2)]
    assert claim(careful, "second", NEXT_DAY) == ["demo"]
    assert say(careful, run_id="second", now=NEXT_DAY) == (1, 1)
    assert send(careful, post, now=NEXT_DAY) == {"sent": 1}


@pytest.mark.parametrize("is_rejected", [False, True])
def test_what_takes_the_place_of_a_held_report_is_held_whatever_the_setting_is_by_then(careful, post, is_rejected):  # noqa: F811
    issue(careful)
    if is_rejected:
        say(careful, "rejected", reason="not yet")
    choose_approval(careful.settings, tenant="demo", kinds=[])
    correct(careful)
    issue(careful, now=LATER)

    assert states(careful) == [(RECIPIENT, "held", 2)]
    assert send(careful, post, now=NEXT_DAY) == {}
    assert approval(careful)[-1][:2] == (2, "waiting")


def test_a_report_that_everybody_has_is_asked_about_by_nobody(plant, post):  # noqa: F811
    issue(plant)
    assert send(plant, post) == {"sent": 1}
    choose_approval(plant.settings, tenant="demo", kinds=["month"])

    issue(plant, now=LATER)

    assert (approval(plant), states(plant)) == ([], [(RECIPIENT, "sent", 1)])


def test_late_data_bring_the_new_revision_to_those_whose_mail_was_held(careful):
    for request in ask(careful, run_after=datetime(2026, 3, 1, 10, tzinfo=UTC)):
        render_report(careful.settings, request, now=datetime(2026, 3, 1, 10, tzinfo=UTC), run_id="t", send=True)
    measure(careful, "2026-02-20", {"1": 5.0, "2": 7.0}, first="2026-02-11", at=datetime(2026, 3, 1, 20, tzinfo=UTC))

    for request in ask(careful, run_after=datetime(2026, 3, 2, 12, tzinfo=UTC)):
        render_report(careful.settings, request, now=datetime(2026, 3, 2, 12, tzinfo=UTC), run_id="t", send=True)

    months = careful.read(
        "SELECT recipient, state, revision FROM ops.outbox JOIN mart.report USING (report_id) WHERE kind = 'month'"
    )
    assert months.to_numpy().tolist() == [[RECIPIENT, "held", 2]]


def test_whose_mail_of_a_rejected_report_was_held_gets_the_corrected_one(careful, post):  # noqa: F811
    issue(careful)
    say(careful, "rejected", reason="ten days are missing", now=NOW)
    correct(careful)

    issue(careful, now=LATER)

    assert approval(careful) == [(1, "rejected", "Ana", "ten days are missing"), (2, "waiting", None, None)]
    assert say(careful, now=NEXT_DAY) == (1, 1)
    assert send(careful, post, now=NEXT_DAY) == {"sent": 1}


def test_who_was_stopped_meanwhile_or_wants_other_plants_now_gets_nothing(careful, post):  # noqa: F811
    give(careful, OTHER, kinds=("month",), language="en")
    give(careful, "third@example.org", kinds=("month",), language="en")
    issue(careful)
    with transaction(careful.url) as connection:
        row = {"tenant_id": careful.tenant_id, "source": "drops", "plant_key": "far", "name": "Far", "timezone": "UTC"}
        unsaid = dict.fromkeys(("city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on"))
        fleet.upsert_rows(connection, "plant", [unsaid | row])
    unsubscribe(careful.settings, tenant="demo", email=OTHER, now=LATER)
    give(careful, "third@example.org", kinds=("month",), language="en", plants=["far"])

    assert say(careful) == (1, 1)

    assert states(careful) == [(RECIPIENT, "pending", 1)]


def test_nobody_is_asked_about_a_report_that_nobody_is_to_get_any_more(careful, post):  # noqa: F811
    issue(careful)
    unsubscribe(careful.settings, tenant="demo", email=RECIPIENT, now=NOW)

    assert claim(careful, "first") == []
    assert steps.list_waiting(careful.settings, "demo")[1] == []
    give(careful, OTHER, kinds=("month",), language="en")
    issue(careful, now=LATER)
    assert claim(careful, "second", NEXT_DAY) == ["demo"], "who wants it now is asked for"
    unsubscribe(careful.settings, tenant="demo", email=OTHER, now=NEXT_DAY)
    assert asked(careful, "second") is None, "stopped between claim and question"


def test_a_run_that_is_cleared_asks_the_same_again_and_another_run_does_not(careful):
    issue(careful)

    assert claim(careful, "first") == ["demo"]
    assert claim(careful, "second") == []
    assert claim(careful, "first") == ["demo"]
    assert asked(careful, "second") is None
    body = asked(careful, "first").body
    assert asked(careful, "first").body == body


def test_a_question_that_is_cleared_after_its_answer_is_not_asked_again(careful):
    issue(careful)
    claim(careful, "first")
    say(careful, run_id="first")

    assert asked(careful, "first") is None
    assert claim(careful, "first", NEXT_DAY) == []


def test_of_runs_that_claim_at_once_one_asks(careful):
    issue(careful)
    barrier, told = Barrier(4), []

    def run(name: str) -> None:
        barrier.wait()
        told.extend(claim(careful, name))

    threads = [Thread(target=run, args=(f"run {index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told == ["demo"]


def test_what_a_run_claimed_that_never_asked_or_was_not_answered_is_asked_again_after_the_patience(careful):
    issue(careful)
    claim(careful, "lost")
    patience = timedelta(hours=careful.settings.approval_patience_h)

    assert claim(careful, "next", LATER + patience - timedelta(minutes=1)) == []
    assert claim(careful, "next", LATER + patience) == ["demo"]
    assert say(careful, run_id="lost", now=LATER + patience) == (0, 0)


def test_no_question_comes_while_reports_still_come(careful):
    issue(careful)

    assert claim(careful, "early", NOW + timedelta(minutes=9)) == []
    assert claim_questions(careful.settings, run_id="by hand", is_by_hand=True, now=NOW + timedelta(minutes=9)) == ["demo"]


def test_a_question_comes_when_no_more_reports_come(careful):
    issue(careful)

    assert claim(careful, "later", NOW + timedelta(minutes=11)) == ["demo"]


def test_a_crash_between_the_yes_and_the_mails_leaves_the_report_waiting(careful, monkeypatch):
    issue(careful)

    def crash(*_, **__):
        raise OSError("the worker is gone")

    with monkeypatch.context() as broken:
        broken.setattr(approvals, "release_mails", crash)
        with pytest.raises(OSError, match="the worker is gone"):
            say(careful)

    assert approval(careful) == [(1, "waiting", None, None)]
    assert states(careful) == [(RECIPIENT, "held", 1)]
    assert say(careful) == (1, 1)
    assert say(careful) == (0, 0)


def test_a_mail_that_is_held_while_somebody_says_yes_leaves_too(careful):
    report = issue(careful)["report_id"]
    give(careful, OTHER, kinds=("month",), language="en")
    told: list[steps.Outcome] = []
    thread = Thread(target=lambda: told.append(say(careful)))

    with transaction(careful.url) as connection:
        assert approvals.hold(connection, report, now=NOW, is_asked_again=False)
        thread.start()
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ops.approval%'")
        with engine_of(careful.url).connect() as watcher:
            while not watcher.execute(waits).scalar_one():
                watcher.rollback()
        connection.execute(
            text(
                "INSERT INTO ops.outbox (tenant_id, report_id, recipient, message_id, state, created_at) "
                "VALUES (:tenant_id, :report_id, :recipient, 'x', 'held', :at)"
            ),
            {"tenant_id": careful.tenant_id, "report_id": report, "recipient": OTHER, "at": NOW},
        )
    thread.join()

    assert told == [(1, 2)]


# ---------------------------------------------------------------------------------------------------------- the question


def test_a_question_names_plant_and_period_what_changed_and_where_the_pdf_is_seen(careful):
    issue(careful)
    before, after = 2880.0, 5760.0  # ten days and twenty of 12 kW
    say(careful, now=NOW)
    correct(careful)
    report = issue(careful, now=LATER)["report_id"]

    claim(careful, "run", NEXT_DAY)
    subject, body = asked(careful, "run")

    assert subject == "Mail 1 report of Demo?"
    (line,) = (line for line in body.splitlines() if line.startswith("- "))
    assert line.startswith("- [")
    assert f", February 2026, en]({SEEN}/{report}.pdf), number {report}, 5,760.0 kWh, 1 mail. **Revision 2**: " in line
    told = line.replace("\\", "")
    assert f"headline.energy_kwh was {before}, is {after}" in told
    assert "more figures" in told


def test_ten_thousand_reports_are_one_question_that_spells_out_fifty(careful):
    issue(careful)
    with transaction(careful.url) as connection:
        for sql in (
            "INSERT INTO mart.report (tenant_id, plant_id, about, kind, starts_on, ends_on, language, revision, fingerprint, "
            "figures, uri, pdf_sha256, size_bytes, issued_at, run_id, document_ids) SELECT tenant_id, plant_id, about, kind, "
            "starts_on - n, ends_on - n, language, 1, fingerprint, figures, uri, pdf_sha256, size_bytes, issued_at, run_id, "
            "document_ids FROM mart.report, generate_series(1, 9999) AS n",
            "INSERT INTO ops.approval (report_id, tenant_id, held_at) SELECT report_id, tenant_id, issued_at FROM "
            "mart.report ON CONFLICT DO NOTHING",
            "INSERT INTO ops.outbox (tenant_id, report_id, recipient, message_id, state, created_at) "
            "SELECT tenant_id, report_id, 'a@example.org', format('<%s@heliograph>', report_id), 'held', issued_at "
            "FROM mart.report WHERE report_id NOT IN (SELECT report_id FROM ops.outbox)",
        ):
            connection.execute(text(sql))

    assert claim(careful, "run") == ["demo"]
    subject, body = asked(careful, "run")

    lines = [line for line in body.splitlines() if line.startswith("- ")]
    assert (subject, len(lines), lines[-1]) == (
        "Mail 10000 reports of Demo?", 51, "- and 9950 more: `helio report waiting demo`"
    )  # fmt: skip
    assert len(body) < 20_000
    assert say(careful, run_id="run") == (10_000, 1)


def test_names_that_others_wrote_are_shown_as_they_are(careful):
    name = "Roof\r\n# [yes](javascript:alert(1)) <img src=x onerror=alert(2)> {{ conn.smtp_default }} **all** | `x`"
    with transaction(careful.url) as connection:
        connection.execute(text("UPDATE fleet.plant SET name = :name"), {"name": name})
    issue(careful)
    claim(careful, "run")

    body = asked(careful, "run").body

    (line,) = (line for line in body.splitlines() if line.startswith("- "))
    rest = line.replace(r"\\", "")
    unescaped = [place for place, char in enumerate(rest) if char in "<`|#{" and rest[place - 1] != "\\"]
    assert unescaped == []
    assert line.count("](") == 1


def test_the_pdf_that_is_linked_is_the_report_and_no_other_report_is_shown(careful):
    waits = issue(careful)
    leaves = issue(careful, kind="day")

    assert read_waiting_pdf(careful.settings, waits["report_id"]).startswith(b"%PDF-")
    with pytest.raises(NeedsHuman, match="never waited"):
        read_waiting_pdf(careful.settings, leaves["report_id"])


def test_nobody_decides_about_a_report_of_another_tenant(careful):
    report = issue(careful)["report_id"]
    with transaction(careful.url) as connection:
        fleet.upsert_tenant(connection, fleet.Tenant(0, "other", "Other", "UTC"))

    assert say(careful, tenant="other") == (0, 0)
    with pytest.raises(Refused, match="never waited"):
        say(careful, tenant="other", report_ids=[report])
    assert approval(careful) == [(1, "waiting", None, None)]


# ---------------------------------------------------------------------------------------------------------- the operator


def test_the_operator_is_told_by_mail_once_of_what_waits_for_too_long_and_that_it_has_ended(careful, post):  # noqa: F811
    careful.settings = replace(careful.settings, operator_emails="ops@example.org", min_free_mb=0.001, operator_digest_hour=-1)
    issue(careful)
    overdue = NOW + timedelta(hours=careful.settings.approval_patience_h, minutes=10)

    def look(now: datetime) -> list[str]:
        watch.look_around(careful.settings, now=now)
        mails = careful.read("SELECT content::text FROM ops.notice ORDER BY notice_id")["content"]
        return [one["summary"] for text in mails for one in json.loads(text)["incidents"] if "approved" in one["summary"]]

    assert look(overdue - timedelta(minutes=20)) == []
    told = look(overdue)
    assert told == ["nobody has approved or rejected 1 report of tenant demo, the first for 3 d 0 h"]
    assert look(overdue + timedelta(minutes=10)) == told

    say(careful, "rejected", reason="too late", now=overdue)
    look(overdue + timedelta(minutes=20))
    assert len(look(overdue + timedelta(minutes=50))) == 2


def test_reports_are_held_listed_rejected_and_approved_on_the_command_line(careful, monkeypatch):
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", careful.url)
    monkeypatch.setenv("HELIOGRAPH_HOME", str(careful.settings.home))
    runner = CliRunner()

    def helio(*words: str, status: int = 0) -> str:
        result = runner.invoke(app, ["report", *words])
        assert result.exit_code == status, result.output
        return result.output

    assert "wait for approval: day, month" in helio("approval", "demo", "--kind", "month", "--kind", "day")
    first, second = issue(careful)["report_id"], issue(careful, kind="day")["report_id"]

    waiting = json.loads(helio("waiting", "demo", "--json"))
    assert {row["report_id"] for row in waiting} == {first, second}
    assert helio("waiting", "demo").count("p1") == 2
    assert "1 reports" in helio("reject", "demo", "--report", str(first), "--reason", "wrong target", "--by", "Rui")
    assert "1 mails wait in the outbox" in helio("approve", "demo", "--by", "Rui")
    assert "demo do not wait" in helio("approve", "demo", "--report", str(second), status=1)
    assert "one of both" in helio("approval", "demo", status=1)
    assert "wait for approval: none" in helio("approval", "demo", "--none")
    assert sorted(approval(careful)) == [(1, "approved", "Rui", None), (1, "rejected", "Rui", "wrong target")]
    assert "does not exist" in helio("approval", "demo", "--kind", "year", status=1)
