"""Reports are issued once per set of figures, and their mails go out once, through a real SMTP server in this process."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from aiosmtpd.controller import Controller
from PIL import Image
from pypdf import PdfReader
from sqlalchemy import text

from cli.run.postgres import free_port
from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.settings import Settings
from include.steps import report_files
from include.steps.due_reports import due_reports
from include.steps.report import render_report, render_reports
from include.steps.send import DUE_AFTER, send_outbox
from include.steps.subscriptions import subscribe, unsubscribe
from include.steps.tenants import save_brand
from include.steps.verify import verify_report
from include.warehouse import fleet, reports
from include.warehouse.engine import engine_of, transaction
from include.warehouse.performance import read_performance
from include.warehouse.plant_yields import read_window_yields
from sandbox.mail_sink import Sink
from tests.warehouse.conftest import SmallFleet, make_fleet

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=6)
NEXT_DAY = NOW + timedelta(days=1)
RECIPIENT = "owner@example.org"


class PickySink(Sink):
    """Keeps mails, except for the recipients that it refuses and while it is asked to wait."""

    refused: frozenset[str] = frozenset()
    is_busy = False

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802 - aiosmtpd's name
        if address in self.refused:
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        return "451 Busy" if self.is_busy else await super().handle_DATA(server, session, envelope)


class Post:
    """A mail server that may be switched on and off at one port."""

    def __init__(self, folder: Path) -> None:
        self.sink = PickySink(folder)
        self.smtp = {"host": "127.0.0.1", "port": free_port(), "sender": "Reports <reports@example.org>"}
        self._server: Controller | None = None

    def open(self) -> None:
        self._server = Controller(self.sink, hostname="127.0.0.1", port=self.smtp["port"])
        self._server.start()

    def close(self) -> None:
        if self._server:
            self._server.stop()
        self._server = None

    def kept(self) -> list:
        paths = (self.sink.folder / "mails").glob("*.eml")
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]

    def deliveries(self) -> int:
        return len(self.sink.inbox.read_text().splitlines()) if self.sink.inbox.exists() else 0


@pytest.fixture
def post(tmp_path) -> Iterator[Post]:
    post = Post(tmp_path / "mail")
    post.open()
    yield post
    post.close()


@pytest.fixture(scope="module")
def filled(new_warehouse) -> SmallFleet:
    """Two inverters with ten days of February at 5 and 7 kW, a target, a tariff and one recipient."""
    small_fleet = make_fleet(new_warehouse())
    small_fleet.add_device("1")
    small_fleet.add_device("2")
    small_fleet.settings = Settings(database_url=small_fleet.url)
    with transaction(small_fleet.url) as connection:
        fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo"))
        keys = {"tenant_id": small_fleet.tenant_id, "source": "drops", "plant_key": "p1"}
        fleet.upsert_rows(connection, "target", [keys | {"month": date(2026, 2, 1), "target_kwh": 2800.0}])
        fleet.upsert_rows(
            connection, "tariff", [keys | {"valid_from": date(2026, 1, 1), "price_per_kwh": 0.5, "currency": "BRL"}]
        )
    measure(small_fleet, "2026-02-10", {"1": 5.0, "2": 7.0})
    give(small_fleet, RECIPIENT, language="en")
    return small_fleet


@pytest.fixture
def plant(filled, copy_of, tmp_path) -> SmallFleet:
    """The same, for one test to change, with a home of its own."""
    plant = filled.in_warehouse(copy_of(filled.url))
    plant.settings = Settings(home=tmp_path / "home", database_url=plant.url)
    return plant


def give(plant, email: str, *, about: str = "plant", kinds: tuple[str, ...] = ("day", "month"), **calendar) -> None:
    started = {"now": datetime(2026, 1, 1, tzinfo=UTC)} | calendar
    subscribe(plant.settings, tenant="demo", email=email, about=about, kinds=kinds, **started)


def measure(
    small_fleet, last: str, power_kw: dict[str, float], *, first: str = "2026-02-01", at: datetime = NOW - timedelta(hours=1)
) -> None:
    stamps = pd.date_range(first, pd.Timestamp(last) + pd.Timedelta(days=1), freq="30min", tz="America/Sao_Paulo")
    for key, power in power_kw.items():
        rows = pd.DataFrame(
            {
                "series_id": small_fleet.series[key, "ac_power_kw"],
                "at": stamps.tz_convert("UTC").tz_localize(None),
                "value": np.full(len(stamps), power),
            }
        )
        small_fleet.load(small_fleet.register(f"{key} {first} {last} {power}"), rows)
    small_fleet.roll_up(now=at)


def ask(plant, **asked) -> list[dict]:
    form = {"tenant": "demo", "plants": None, "kind": None, "day": None, "language": None, "run_after": NOW}
    return due_reports(plant.settings, **form | asked)


def issue(plant, *, send: bool = True, send_again: bool = False, kind: str = "month", now: datetime = NOW) -> dict:
    (request,) = ask(plant, kind=kind, day=date(2026, 2, 3), language="en")
    return render_report(plant.settings, request, now=now, run_id="test", send=send, send_again=send_again)


def send(plant, post: Post, now: datetime = NOW) -> dict:
    return send_outbox(plant.settings, smtp=lambda: post.smtp, now=now)


def outbox(plant) -> list[tuple]:
    rows = plant.read("SELECT recipient, state, attempts, message_id, last_error FROM ops.outbox ORDER BY mail_id")
    return list(rows.itertuples(index=False, name=None))


# ------------------------------------------------------------------------------------------------------------- revisions


def test_the_figures_of_a_report_are_the_sums_that_sql_and_a_pencil_give(plant):
    issue(plant)

    headline = plant.read("SELECT figures FROM mart.report")["figures"].item()["headline"]
    by_sql = plant.read(
        "SELECT sum(energy_kwh) AS energy FROM mart.rollup_day JOIN fleet.series USING (series_id) "
        "WHERE origin = 'measured' AND local_date BETWEEN '2026-02-01' AND '2026-02-28'"
    )["energy"].item()
    # Ten days of 24 h at 5 + 7 kW; the sample at the midnight that ends them belongs to the eleventh day and carries no energy.
    assert headline["energy_kwh"] == pytest.approx(10 * 24 * 12)
    assert headline["energy_kwh"] == pytest.approx(by_sql, abs=1e-4)
    assert headline["target_kwh"] == pytest.approx(2800)
    assert headline["performance_index"] == pytest.approx(2880 / (10 * 100))
    assert (headline["days_counted"], headline["days_expected"]) == (10, 28)
    assert headline["completeness"] == pytest.approx(10 / 28, abs=1e-4)
    assert headline["specific_yield_kwh_kwp"] == pytest.approx(28.8)
    assert headline["money"] == {
        "price_per_kwh": 0.5, "currency": "BRL", "savings": pytest.approx(1440), "days_priced": None
    }  # fmt: skip


def test_a_month_that_runs_ends_with_its_last_day_that_is_over(plant):
    # At 12:00 UTC of the eleventh ten days are over; 2,880 kWh against 10 of 28 shares of the target.
    issue(plant, now=datetime(2026, 2, 11, 12, tzinfo=UTC))

    figures = plant.read("SELECT figures FROM mart.report")["figures"].item()
    headline = figures["headline"]
    assert figures["through_day"] == "2026-02-10"
    assert figures["completeness"]["missing_days"] == []
    assert (headline["days_counted"], headline["days_expected"], headline["completeness"]) == (10, 10, 1)
    assert headline["is_assessable"]
    assert headline["target_kwh"] == pytest.approx(2800)
    assert headline["target_so_far_kwh"] == pytest.approx(1000)
    assert figures["whole"]["energy_kwh"] == pytest.approx(2880)
    assert figures["windows"][0]["days_counted"] == 1
    assert [bar["is_over"] for bar in figures["days"]] == [True] * 10 + [False] * 18
    assert figures["inverters"][0]["completeness"] == 1


def test_a_month_that_has_more_days_than_before_is_no_restatement_of_late_data(plant):
    issue(plant, now=datetime(2026, 2, 6, 12, tzinfo=UTC))
    for now in (datetime(2026, 2, 11, 12, tzinfo=UTC), NOW):
        issue(plant, now=now)

    figures = plant.read("SELECT figures FROM mart.report ORDER BY revision")["figures"].tolist()
    assert [each["headline"]["energy_kwh"] for each in figures] == pytest.approx([5 * 288, 10 * 288, 10 * 288])
    assert [each["restated_from_kwh"] for each in figures] == [None] * 3


def test_a_month_of_which_a_third_counts_is_not_assessed_and_less_is_by_setting(plant):
    issue(plant)
    assert not plant.read("SELECT figures FROM mart.report")["figures"].item()["headline"]["is_assessable"]

    plant.settings = replace(plant.settings, min_counted_days_pct=30.0)
    issue(plant)

    assert plant.read("SELECT figures FROM mart.report ORDER BY revision")["figures"].iloc[-1]["headline"]["is_assessable"]


@pytest.mark.parametrize("last_hours", [12, 15, 17, 24])
def test_a_report_and_the_api_tell_one_performance_whatever_was_measured_of_the_last_day(plant, last_hours):
    # Both inverters end on the eleventh: half a day, below and above nine tenths of its light (0.81 and 0.95), and the whole day.
    stamps = pd.date_range("2026-02-11", periods=2 * last_hours + 1, freq="30min", tz="America/Sao_Paulo")
    for key in ("1", "2"):
        rows = {"series_id": plant.series[key, "ac_power_kw"], "at": stamps.tz_convert("UTC").tz_localize(None), "value": 4.0}
        plant.load(plant.register(f"eleventh {key}"), pd.DataFrame(rows))
    plant.roll_up()

    issue(plant)

    headline = plant.read("SELECT figures FROM mart.report")["figures"].item()["headline"]
    with transaction(plant.url) as connection:
        (told,) = read_performance(connection, plant_ids=[1], as_of=date(2026, 2, 28), window_days=[28])
    assert told["days_counted"] == headline["days_counted"] == (11 if last_hours > 15 else 10)
    assert told["performance_index"] == pytest.approx(headline["performance_index"], abs=1e-4)


def test_the_same_figures_are_the_same_revision_and_bring_no_second_mail(plant, post):
    first = issue(plant)
    send(plant, post)

    again = issue(plant, now=NOW + timedelta(days=1))

    assert (first["revision"], first["is_new"], first["mails"]) == (1, True, 1)
    assert (again["report_id"], again["revision"], again["is_new"], again["mails"]) == (first["report_id"], 1, False, 0)
    assert send(plant, post) == {}
    assert post.deliveries() == 1


def test_of_two_runs_that_issue_reports_of_a_plant_at_once_one_waits_and_the_file_is_the_registered_one(plant, monkeypatch):
    put = report_files.put_report

    def put_while_another_run_comes(*arguments):
        with pytest.raises(TryLater, match="another run issues the month report from 2026-02-01 to 2026-02-28 in en about plant"):
            issue(plant, now=NOW + timedelta(minutes=1))
        return put(*arguments)

    monkeypatch.setattr(report_files, "put_report", put_while_another_run_comes)
    told = issue(plant)
    monkeypatch.undo()

    assert told["is_new"]
    again = issue(plant, now=NOW + timedelta(minutes=2))
    assert (again["is_new"], again["uri"]) == (False, told["uri"])
    (digest,) = plant.read("SELECT pdf_sha256 FROM mart.report")["pdf_sha256"]
    assert sha256(Path(told["uri"]).read_bytes()).hexdigest() == digest


def test_of_two_runs_that_issue_the_day_and_the_month_of_a_plant_at_once_neither_waits(plant, monkeypatch):
    put, beside = report_files.put_report, []

    def put_while_another_run_comes(*arguments):
        if not beside:
            beside.append(None)
            beside.append(issue(plant, kind="day"))
        return put(*arguments)

    monkeypatch.setattr(report_files, "put_report", put_while_another_run_comes)

    assert issue(plant)["is_new"]
    assert beside[1]["is_new"]


def test_changed_data_make_a_second_revision_and_a_new_mail_that_says_so(plant, post):
    first = issue(plant)
    send(plant, post)
    measure(plant, "2026-02-02", {"1": 6.0})

    second = issue(plant)
    send(plant, post)

    assert (second["revision"], second["is_new"], second["mails"]) == (2, True, 1)
    # Two days of 24 h at one more kW; the sample of the third midnight raises the step that follows it by 0.5 x 1 kW x 0.5 h.
    assert second["energy_kwh"] == pytest.approx(first["energy_kwh"] + 48.25)
    assert Path(first["uri"]).exists()
    assert Path(second["uri"]).exists()
    assert first["uri"] != second["uri"]
    subjects = sorted(mail["Subject"] for mail in post.kept())
    assert len({mail["Message-ID"] for mail in post.kept()}) == len(subjects) == 2
    assert sum("2" in subject and "revi" in subject.lower() for subject in subjects) == 1


def test_late_data_issue_a_report_anew_for_those_who_got_it_and_say_what_changed(plant, post):
    issue(plant)
    send(plant, post)
    assert [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")] == []
    measure(plant, "2026-02-10", {"2": 9.0}, first="2026-02-10", at=NOW + timedelta(hours=1))
    assert [request for request in ask(plant, run_after=LATER) if request.get("restates")] == [], "once a morning is enough"

    (request,) = [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")]
    told = render_report(plant.settings, request, now=NEXT_DAY, run_id="late", send=True)
    send(plant, post, NEXT_DAY)

    assert (told["is_new"], told["revision"], told["mails"]) == (True, 2, 1)
    assert told["energy_kwh"] == pytest.approx(2880 + 24 * 2, rel=1e-3)
    (mail,) = [mail for mail in post.kept() if "revision 2" in mail["Subject"]]
    plain = mail.get_body(("plain",)).get_content().replace("\u00a0", " ")
    assert "Data that came later changed the generation from 2,880 to 2,928 kWh." in plain
    assert "2,928 kWh [i r]" in plain, "18 of 28 days are silent"
    marks = plant.read("SELECT figures FROM mart.report WHERE revision = 2")["figures"].item()["marks"]
    assert marks["headline"] == ["incomplete", "restated"]
    # The first sample of the tenth is the end of the last hour of the ninth.
    assert [day for day, told in enumerate(marks["days"], 1) if "restated" in told] == [9, 10]
    assert marks["inverters"] == [["incomplete"], ["incomplete", "restated"]]
    assert [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")] == []


def test_a_small_change_marks_the_report_and_mails_nobody(plant):
    issue(plant)
    measure(plant, "2026-02-10", {"2": 7.1}, first="2026-02-10", at=NOW + timedelta(hours=1))
    (request,) = [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")]

    told = render_report(plant.settings, request, now=NEXT_DAY, run_id="late", send=True)

    assert (told["is_new"], told["revision"], told["mails"]) == (False, 1, 0)
    assert plant.read("SELECT is_stale FROM mart.report")["is_stale"].tolist() == [True]
    assert [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")] == []


def test_late_data_mail_nobody_where_the_report_was_made_without_sending(plant):
    issue(plant, send=False)
    measure(plant, "2026-02-10", {"2": 9.0}, first="2026-02-10", at=NOW + timedelta(hours=1))
    (request,) = [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")]

    assert render_report(plant.settings, request, now=NEXT_DAY, run_id="late", send=True)["mails"] == 0
    assert outbox(plant) == []


def test_late_data_tell_nobody_who_did_not_get_the_report_before(plant):
    issue(plant)
    give(plant, "new@example.org", language="en")
    for power in (7.1, 9.0):
        measure(plant, "2026-02-10", {"2": power}, first="2026-02-10", at=NOW + timedelta(hours=1, minutes=power))
        (request,) = [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")]
        render_report(plant.settings, request, now=NOW + timedelta(hours=1, minutes=power + 1), run_id="late", send=True)

    assert [(mail[0], mail[1]) for mail in outbox(plant)] == [(RECIPIENT, "pending")] * 2


def test_what_falls_due_by_itself_is_not_asked_for_a_second_time_because_late_data_changed_it(plant):
    # At UTC-3 the twelfth is still running at 02:00 UTC of the thirteenth: yesterday is two UTC days ago.
    night = datetime(2026, 2, 13, 2, tzinfo=UTC)
    (due,) = ask(plant, run_after=night, language="en")
    assert (due["kind"], due["first_day"]) == ("day", "2026-02-11")
    render_report(plant.settings, due, now=night - timedelta(days=1), run_id="early", send=False)
    measure(plant, "2026-02-11", {"2": 9.0}, first="2026-02-11", at=night - timedelta(hours=1))

    assert ask(plant, run_after=night, language="en") == [due]


def test_reports_of_long_ago_are_left_alone(plant):
    issue(plant)
    measure(plant, "2026-02-10", {"2": 9.0}, first="2026-02-10", at=NOW + timedelta(hours=1))

    for days in (0, 5):
        plant.settings = replace(plant.settings, restate_days=days)
        assert [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")] == []


def test_a_report_knows_the_documents_behind_it(plant):
    issue(plant)

    rows = plant.read("SELECT document_ids FROM mart.report")["document_ids"].item()
    used = plant.read("SELECT DISTINCT document_id FROM mart.reading ORDER BY document_id")["document_id"].tolist()
    assert rows == used


def test_more_documents_with_the_same_readings_are_no_new_revision(plant):
    issue(plant)
    stamps = pd.DatetimeIndex(["2026-02-05T12:00"])
    plant.load(
        plant.register("repeat"), pd.DataFrame({"series_id": plant.series["1", "ac_power_kw"], "at": stamps, "value": [5.0]})
    )
    plant.roll_up()

    assert issue(plant)["is_new"] is False


def test_a_report_that_was_made_without_sending_is_sent_when_asked_for(plant, post):
    assert issue(plant, send=False)["mails"] == 0

    assert issue(plant)["mails"] == 1

    send(plant, post)
    (mail,) = post.kept()
    assert mail["To"] == RECIPIENT
    (attachment,) = mail.iter_attachments()
    assert attachment.get_content().startswith(b"%PDF")


def test_sending_again_is_a_new_mail_of_the_same_report(plant, post):
    first = issue(plant)
    send(plant, post)

    again = issue(plant, send_again=True, now=LATER)
    send(plant, post, now=LATER)

    assert (again["report_id"], again["is_new"], again["mails"]) == (first["report_id"], False, 1)
    assert post.deliveries() == len({mail["Message-ID"] for mail in post.kept()}) == 2


def test_a_new_recipient_gets_the_report_and_the_old_one_no_second_mail(plant, post):
    issue(plant)
    send(plant, post)
    give(plant, "new@example.org", language="en")

    assert issue(plant)["mails"] == 1
    send(plant, post)

    assert sorted(mail["To"] for mail in post.kept()) == ["new@example.org", RECIPIENT]


# ------------------------------------------------------------------------------------------------------------------ mail


def test_a_refused_recipient_fails_for_good_and_does_not_stop_the_others(plant, post):
    give(plant, "gone@example.org", language="en")
    post.sink.refused = frozenset({"gone@example.org"})
    issue(plant)

    with pytest.raises(NeedsHuman, match="1 of 2"):
        send(plant, post)

    (gone, kept) = outbox(plant)
    assert gone[:3] == ("gone@example.org", "failed", 1)
    assert "550" in gone[4]
    assert kept[:3] == (RECIPIENT, "sent", 1)
    assert send(plant, post) == {}


def test_a_mail_waits_for_a_server_that_is_down_and_goes_out_under_its_own_name(plant, post):
    issue(plant)
    ((*_, message_id, _),) = outbox(plant)
    post.close()
    with pytest.raises(TryLater, match="1 of 1"):
        send(plant, post)
    assert [row[1:3] for row in outbox(plant)] == [("pending", 1)]

    post.open()
    assert send(plant, post, now=NOW + timedelta(minutes=9)) == {}, "the next attempt is not due yet"
    outcome = send(plant, post, now=NOW + timedelta(minutes=10))

    assert outcome == {"sent": 1}
    assert [mail["Message-ID"] for mail in post.kept()] == [message_id]
    assert [row[1:] for row in outbox(plant)] == [("sent", 2, message_id, None)]


def test_a_server_that_is_busy_gets_the_mail_later(plant, post):
    issue(plant)
    post.sink.is_busy = True
    with pytest.raises(TryLater):
        send(plant, post)

    post.sink.is_busy = False

    assert send(plant, post, now=LATER) == {"sent": 1}


def attempt_all_day(plant, post) -> list[int]:
    """Look into the outbox every five minutes for a day; returns in which minutes a mail was attempted."""
    attempted = []
    for minute in range(0, 24 * 60 + 1, 5):
        try:
            assert send(plant, post, now=NOW + timedelta(minutes=minute)) == {}
        except (TryLater, NeedsHuman):
            attempted.append(minute)
    return attempted


def test_a_mail_is_given_up_after_eight_attempts_with_growing_delays(plant, post):
    issue(plant)
    post.close()

    assert attempt_all_day(plant, post) == [0, 10, 30, 60, 120, 300, 720, 1440]
    assert [row[1:3] for row in outbox(plant)] == [("failed", 8)]


def test_sending_again_starts_afresh(plant, post):
    issue(plant)
    post.close()
    attempt_all_day(plant, post)

    issue(plant, send_again=True, now=LATER)
    with pytest.raises(TryLater):
        send(plant, post, now=LATER)
    post.open()

    assert send(plant, post, now=LATER) == {}
    assert send(plant, post, now=LATER + timedelta(minutes=10)) == {"sent": 1}


def test_nobody_asks_for_the_mail_server_while_no_mail_is_due(plant):
    assert send_outbox(plant.settings, smtp=lambda: 1 / 0, now=NOW) == {}


def test_of_two_senders_at_once_one_attempts_a_mail(plant, post):
    issue(plant)
    with engine_of(plant.url).begin() as connection:
        (due,) = reports.read_due_mail(connection, due_after=DUE_AFTER, now=NOW)
        assert reports.lock_mail(connection, due) is not None
        assert send(plant, post) == {"taken": 1}
        reports.mark_mail(connection, due.mail_id, state="pending", error="busy")

    with transaction(plant.url) as connection:
        assert reports.lock_mail(connection, due) is None, "it was attempted meanwhile"


def test_a_report_whose_file_is_gone_does_not_stop_the_other_mails_and_says_how_to_render_it(plant, post):
    lost = issue(plant)
    issue(plant, kind="day")
    Path(lost["uri"]).unlink()

    with pytest.raises(TryLater, match="1 of 2"):
        send(plant, post)

    assert [row[1] for row in outbox(plant)] == ["pending", "sent"]
    told = outbox(plant)[0][4]
    assert lost["uri"] in told
    assert "report_plants with tenant demo, plants p1, period month, day 2026-02-01 and language en" in told


def test_the_fields_that_are_told_for_the_lost_file_of_a_span_render_that_span_and_its_mail_leaves(plant, post):
    form = {"kind": "span", "day": date(2026, 2, 2), "language": "en"}
    (request,) = ask(plant, **form, last_day=date(2026, 2, 4))
    (made,) = render_reports(plant.settings, [request], now=NOW, run_id="t", send=True, send_to="a@example.org")["reports"]
    Path(made["uri"]).unlink()
    with pytest.raises(TryLater):
        send(plant, post)

    told = re.search(r"day (?P<day>\S+), last day (?P<last_day>\S+) and language", outbox(plant)[0][4])
    days = {name: date.fromisoformat(day) for name, day in told.groupdict().items()}
    render_reports(plant.settings, ask(plant, **form | days), now=LATER, run_id="t", send=True)

    assert send(plant, post, LATER) == {"sent": 1}


def test_a_report_whose_file_is_gone_is_rendered_again_under_its_revision_and_its_mail_goes_out(plant, post):
    first = issue(plant)
    issued_at = plant.read("SELECT issued_at FROM mart.report")["issued_at"].item()
    Path(first["uri"]).unlink()

    again = issue(plant, now=LATER)

    assert again == first | {"is_new": False, "mails": 0}
    kept = plant.read("SELECT revision, issued_at, pdf_sha256, size_bytes FROM mart.report").iloc[0]
    pdf = Path(first["uri"]).read_bytes()
    assert (kept["revision"], kept["issued_at"]) == (1, pd.Timestamp(issued_at))
    assert (kept["pdf_sha256"], kept["size_bytes"]) == (sha256(pdf).hexdigest(), len(pdf))
    assert send(plant, post, now=LATER) == {"sent": 1}


def test_a_lost_file_of_a_report_whose_figures_changed_is_left_to_the_new_revision(plant):
    first = issue(plant)
    Path(first["uri"]).unlink()
    measure(plant, "2026-02-02", {"1": 6.0})

    again = issue(plant, now=LATER)

    assert (again["revision"], again["is_new"]) == (2, True)
    assert not Path(first["uri"]).exists()


def test_a_mail_that_nobody_can_write_does_not_stop_the_other_mails(plant, post):
    broken = issue(plant)
    issue(plant, kind="day")
    with transaction(plant.url) as connection:
        connection.execute(text("UPDATE mart.report SET figures = '{}' WHERE report_id = :id"), {"id": broken["report_id"]})

    with pytest.raises(KeyError):
        send(plant, post)

    assert [row[1] for row in outbox(plant)] == ["pending", "sent"]


def test_a_cut_after_the_server_took_the_mail_sends_it_twice_under_one_name(plant, post, monkeypatch):
    issue(plant)

    def cut(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("include.steps.send.reports.mark_mail", cut)
    with pytest.raises(KeyboardInterrupt):
        send(plant, post)
    monkeypatch.undo()

    assert send(plant, post) == {"sent": 1}
    assert post.deliveries() == 2
    assert len(post.kept()) == 1


# ------------------------------------------------------------------------------------------------------------------- due


def spans(requests: list[dict]) -> list[tuple[str, str, str]]:
    return [(request["kind"], request["first_day"], request["last_day"]) for request in requests]


@pytest.mark.parametrize(
    ("run_after", "expected"),
    [
        ("2026-02-15T12:00Z", [("day", "2026-02-14", "2026-02-14")]),
        ("2026-03-01T12:00Z", [("day", "2026-02-28", "2026-02-28"), ("month", "2026-02-01", "2026-02-28")]),
        # 09:59 UTC on the first is still the night before in São Paulo, 10:00 is seven.
        ("2026-03-01T09:59Z", [("day", "2026-02-27", "2026-02-27")]),
        ("2026-03-01T10:00Z", [("day", "2026-02-28", "2026-02-28"), ("month", "2026-02-01", "2026-02-28")]),
        # What is missing of a month is made up for on three more mornings, a day is not.
        ("2026-03-04T12:00Z", [("day", "2026-03-03", "2026-03-03"), ("month", "2026-02-01", "2026-02-28")]),
        ("2026-03-05T12:00Z", [("day", "2026-03-04", "2026-03-04")]),
        # The plant last spoke on 11 February (one sample at midnight): 31 silent days are borne, 32 are not.
        ("2026-03-15T12:00Z", [("day", "2026-03-14", "2026-03-14")]),
        ("2026-03-16T12:00Z", []),
    ],
)
def test_the_schedule_asks_for_yesterday_and_after_the_first_for_the_month_before(plant, run_after, expected):
    due = ask(plant, run_after=datetime.fromisoformat(run_after), language="pt-BR")
    assert spans(due) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"kind": "day"}, ("day", "2026-03-09", "2026-03-09")),
        ({"kind": "month"}, ("month", "2026-03-01", "2026-03-31")),
        ({"kind": "month", "day": date(2024, 2, 29)}, ("month", "2024-02-01", "2024-02-29")),
        ({"kind": "month", "day": date(2025, 12, 31)}, ("month", "2025-12-01", "2025-12-31")),
        ({"kind": "day", "day": date(2020, 1, 1)}, ("day", "2020-01-01", "2020-01-01")),
        ({"kind": "week", "day": date(2026, 3, 1)}, ("week", "2026-02-23", "2026-03-01")),
        ({"kind": "week"}, ("week", "2026-03-09", "2026-03-15")),
        ({"kind": "span", "day": date(2026, 1, 5), "last_day": date(2026, 3, 9)}, ("span", "2026-01-05", "2026-03-09")),
    ],
)
def test_a_form_asks_for_the_period_around_its_day(plant, form, expected):
    assert spans(ask(plant, language="en", **form)) == [expected]


def test_a_plant_that_never_spoke_gets_no_scheduled_report(warehouse_url, fleet_in, tmp_path):
    silent = fleet_in()
    silent.settings = Settings(home=tmp_path, database_url=warehouse_url)

    assert ask(silent) == []
    assert len(ask(silent, kind="day")) == 1


def test_a_report_of_a_silent_month_has_no_energy_and_not_zero(plant):
    (request,) = ask(plant, kind="month", day=date(2025, 6, 1), language="en")

    told = render_report(plant.settings, request, now=NOW, run_id="test", send=False)

    assert told["energy_kwh"] is None


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_where_nothing_was_measured_in_a_year_one_sentence_says_so_instead_of_twelve_empty_months(plant, language):
    def told(day: date) -> tuple[str, list[str]]:
        (request,) = ask(plant, kind="month", day=day, language=language)
        made = render_report(plant.settings, request, now=NOW, run_id="test", send=False)
        text = " ".join(page.extract_text() for page in PdfReader(made["uri"]).pages)
        sheets = openpyxl.load_workbook(made["uri"].replace(".pdf", ".xlsx")).sheetnames
        return " ".join(text.replace("\u00a0", " ").split()), sheets

    never, sheets = told(date(2025, 6, 1))
    later, more_sheets = told(date(2026, 3, 1))

    alone = {"en": "nor in those to compare it with", "pt-BR": "nem nos períodos comparáveis"}[language]
    assert alone in never
    assert alone not in later, "February stands beside March"
    assert len(more_sheets) == len(sheets) + 2, "the months, and the periods beside it"


def test_a_report_is_made_in_every_language_that_is_read_unless_the_form_names_one(plant):
    assert [request["language"] for request in ask(plant, kind="day")] == ["pt-BR", "en"]
    assert [request["language"] for request in ask(plant, kind="week")] == ["pt-BR"]
    assert [request["language"] for request in ask(plant, kind="day", language="en")] == ["en"]


@pytest.mark.parametrize(
    ("form", "error", "word"),
    [
        ({"plants": ["p1", "p9"]}, Refused, "p9"),
        ({"kind": "year"}, Refused, "choose one of day, week, month, cycle, span"),
        ({"kind": "span", "day": date(2026, 2, 1)}, Refused, "needs its first and its last day"),
        ({"kind": "span", "day": date(2026, 2, 9), "last_day": date(2026, 2, 8)}, Refused, "swap the two"),
        ({"kind": "span", "day": date(2024, 2, 1), "last_day": date(2026, 2, 8)}, Refused, "has 739 days; give at most 366"),
        ({"kind": "span", "day": date(2026, 3, 1), "last_day": date(2026, 3, 10)}, Refused, "let the span end 2026-03-09"),
        ({"kind": "month", "last_day": date(2026, 2, 8)}, Refused, "of a span only"),
        ({"kind": "cycle"}, Refused, "plant p1 of demo: no reading of the meter"),
        ({"kind": "cycle", "about": "portfolio"}, Refused, "billing cycles of its own"),
        ({"language": "de"}, Refused, "pt-BR"),
        ({"tenant": "nobody"}, NeedsHuman, "demo"),
        ({"kind": "month", "day": date(2062, 1, 1)}, Refused, "2062-01-01 has not begun .* up to 2026-03-10"),
        ({"kind": "day", "day": date(2026, 3, 11)}, Refused, "2026-03-11 has not begun"),
        (
            {"kind": "month", "day": date(2026, 3, 1), "run_after": datetime(2026, 3, 1, 12, tzinfo=UTC)},
            Refused,
            "no day of the month from 2026-03-01 is over at plant p1 of demo",
        ),
    ],
)
def test_an_unknown_plant_kind_language_or_tenant_or_a_day_to_come_is_refused_by_name(
    plant, form: dict, error: Callable, word: str
):
    with pytest.raises(error, match=word):
        ask(plant, **form)


# -------------------------------------------------------------------------------------------------------------- portfolio

DIGEST = "many@example.org"


def of_all_plants(plant, *, now: datetime = NOW, kind: str = "month", send: bool = True) -> dict:
    (request,) = ask(plant, kind=kind, day=date(2026, 2, 3), language="en", about="portfolio")
    (made,) = render_reports(plant.settings, [request], now=now, run_id="test", send=send, send_again=False)["reports"]
    return made


def test_a_digest_recipient_gets_one_report_of_all_plants_instead_of_one_each(plant, post):
    unsubscribe(plant.settings, tenant="demo", email=RECIPIENT, now=NOW)
    give(plant, RECIPIENT, about="portfolio")

    due = ask(plant, run_after=datetime(2026, 2, 11, 12, tzinfo=UTC))
    render_reports(plant.settings, due, now=NOW, run_id="test", send=True, send_again=False)

    assert [(request["about"], request["kind"]) for request in due] == [("plant", "day"), ("portfolio", "day")]
    assert send(plant, post) == {"sent": 1}
    (mail,) = post.kept()
    assert mail["Subject"].startswith("Demo: Relatório diário das usinas")
    assert "demo-" in next(part.get_filename() for part in mail.iter_attachments())


def test_who_wants_no_digest_gets_none_and_nothing_is_rendered_for_it(plant):
    assert {request["about"] for request in ask(plant, run_after=datetime(2026, 2, 11, 12, tzinfo=UTC))} == {"plant"}


def test_the_figures_of_all_plants_are_those_of_the_plant_reports(plant):
    give(plant, DIGEST, about="portfolio", language="en")
    issue(plant)

    made = of_all_plants(plant)

    rows = plant.read("SELECT about, plant_id, figures, xlsx_sha256 FROM mart.report ORDER BY report_id")
    single, whole = rows["figures"]
    (line,) = whole["plants"]
    assert list(rows["about"]) == ["plant", "portfolio"]
    assert line["energy_kwh"] == single["headline"]["energy_kwh"] == pytest.approx(made["energy_kwh"], abs=1e-4)
    assert line["performance_index"] == single["headline"]["performance_index"]
    assert line["savings"] == single["headline"]["money"]["savings"]
    assert (line["days_counted"], line["is_assessable"]) == (10, False)
    assert line["last_day"] == "2026-02-10"
    assert [recipient for recipient, *_ in outbox(plant)] == [RECIPIENT, DIGEST]


def test_the_same_plants_make_no_second_report_and_late_data_make_a_revision(plant):
    give(plant, DIGEST, about="portfolio", language="en")
    first = of_all_plants(plant)

    again = of_all_plants(plant, now=LATER)
    measure(plant, "2026-02-12", {"1": 5.0, "2": 7.0}, first="2026-02-11")
    corrected = of_all_plants(plant, now=LATER)

    assert (first["is_new"], again["is_new"], again["mails"]) == (True, False, 0)
    assert again["report_id"] == first["report_id"]
    assert (corrected["revision"], corrected["mails"]) == (2, 1)


def test_late_data_issue_the_report_of_all_plants_anew_too_and_say_what_changed(plant, post):
    unsubscribe(plant.settings, tenant="demo", email=RECIPIENT, now=NOW)
    give(plant, DIGEST, about="portfolio", language="en")
    of_all_plants(plant)
    send(plant, post)
    measure(plant, "2026-02-10", {"2": 7.1}, first="2026-02-10", at=NOW + timedelta(hours=1))
    give(plant, "new@example.org", about="portfolio", language="en")

    (request,) = [request for request in ask(plant, run_after=NEXT_DAY) if request.get("restates")]
    (small,) = render_reports(plant.settings, [request], now=NEXT_DAY, run_id="late", send=True)["reports"]
    measure(plant, "2026-02-10", {"2": 9.0}, first="2026-02-10", at=NEXT_DAY + timedelta(hours=1))
    after = NEXT_DAY + timedelta(days=1)
    (request,) = [request for request in ask(plant, run_after=after) if request.get("restates")]
    (told,) = render_reports(plant.settings, [request], now=after, run_id="late", send=True)["reports"]
    send(plant, post, after)

    assert (small["is_new"], small["revision"], small["mails"]) == (False, 1, 0)
    assert (told["is_new"], told["revision"], told["mails"]) == (True, 2, 1)
    (mail,) = [mail for mail in post.kept() if "revision 2" in mail["Subject"]]
    assert mail["To"] == DIGEST
    plain = mail.get_body(("plain",)).get_content().replace("\u00a0", " ")
    assert "Data that came later changed the generation from 2,880 to 2,928 kWh." in plain


@pytest.mark.parametrize("suffix", [".pdf", ".xlsx", ".csv.zip"])
def test_a_lost_file_is_written_again_byte_for_byte(plant, suffix):
    for make in (of_all_plants, issue):
        file = Path(make(plant)["uri"].removesuffix(".pdf") + suffix)
        before = file.read_bytes()
        file.unlink()

        make(plant, now=LATER)

        assert file.read_bytes() == before


def test_a_report_keeps_the_look_that_it_was_issued_in_and_the_next_revision_has_the_new_one(plant, post):
    look(plant, main_colour="#5b2a86", accent_colour="#ffd166", footer="Acme, founded 1999", logo=picture("navy"))
    first = issue(plant)
    before = Path(first["uri"]).read_bytes()
    look(plant, main_colour="#1b4332", footer=None, logo=picture("green"))
    Path(first["uri"]).unlink()

    assert issue(plant, now=LATER)["revision"] == 1
    assert Path(first["uri"]).read_bytes() == before
    send(plant, post, LATER)
    assert verify_report(plant.settings, before).holds

    measure(plant, "2026-02-02", {"1": 6.0})
    issue(plant, now=LATER)
    send(plant, post, LATER)
    old, new = (mail.get_body(("html",)).get_content() for mail in sorted(post.kept(), key=lambda mail: len(mail["Subject"])))
    assert ("#5b2a86" in old, "Acme, founded 1999" in old) == (True, True)
    assert ("#1b4332" in new, "Acme, founded 1999" in new) == (True, False)


def look(plant, **fields) -> None:
    save_brand(plant.settings, "demo", fields, now=NOW)


def picture(colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (90, 30), colour).save(content, "PNG")
    return content.getvalue()


def test_state_is_the_worst_alarm_that_was_on_at_the_end_of_the_period(plant):
    alarms = (
        ("minor", "2026-02-03T12:00Z", None, True),
        ("critical", "2026-02-04T12:00Z", "2026-02-05T12:00Z", False),  # over before the end
        ("major", "2026-02-20T12:00Z", "2026-03-05T12:00Z", False),  # ended after the period
        ("critical", "2026-03-02T12:00Z", None, True),  # began after it
    )
    with transaction(plant.url) as connection:
        for number, (severity, raised, cleared, is_open) in enumerate(alarms):
            connection.execute(
                text(
                    "INSERT INTO mart.alarm (tenant_id, plant_id, alarm_key, code, name, severity, raised_at, cleared_at, "
                    "is_open, origin, reported_at) SELECT tenant_id, plant_id, :key, 'C1', 'No grid', :severity, :raised, "
                    ":cleared, :open, 'heliograph', :raised FROM fleet.plant"
                ),
                {"key": str(number), "severity": severity, "raised": raised, "cleared": cleared, "open": is_open},
            )

    of_all_plants(plant)
    issue(plant)

    whole, single = plant.read("SELECT figures FROM mart.report ORDER BY report_id")["figures"]
    assert (whole["plants"][0]["state"], whole["plants"][0]["alarms"]) == ("major", 2)
    assert [(row["severity"], row["alarms"], row["is_on"]) for row in single["alarms"]] == [
        ("critical", 1, False),
        ("major", 1, True),
        ("minor", 1, True),
    ]
    assert single["alarms"][0]["cleared_at"].startswith("2026-02-05T12:00")
    assert single["alarms"][1]["cleared_at"] is None


def test_a_report_of_all_plants_cannot_be_of_some(plant):
    with pytest.raises(Refused, match="leave the plants empty"):
        ask(plant, kind="day", plants=["p1"], day=date(2026, 2, 3), about="portfolio")


# --------------------------------------------------------------------------------------------------- beside the period


def test_what_stands_beside_a_month_is_what_the_warehouse_tells_of_its_days(plant):
    measure(plant, "2026-01-31", {"1": 2.0, "2": 3.0}, first="2026-01-01")
    with transaction(plant.url) as connection:
        connection.execute(
            text(
                "INSERT INTO fleet.emission_factor (tenant_id, valid_from, co2_kg_kwh, factor_source) "
                "SELECT tenant_id, DATE '2023-01-01', 0.0385, 'MCTI 2023' FROM fleet.tenant WHERE slug = 'demo'"
            )
        )

    issue(plant)

    figures = plant.read("SELECT figures FROM mart.report")["figures"].item()
    compared = {row["name"]: row for row in figures["comparisons"]}
    energies = plant.read("SELECT local_date, energy_kwh FROM api.plant_day ORDER BY 1")
    month = pd.to_datetime(energies["local_date"]).dt.month
    assert compared["previous"]["energy_kwh"] == pytest.approx(energies["energy_kwh"][month == 1].sum(), abs=1e-3)
    assert compared["year_to_date"]["energy_kwh"] == pytest.approx(energies["energy_kwh"][month <= 2].sum(), abs=1e-3)
    assert compared["previous"]["first_day"] == "2026-01-01"
    assert "year_before" not in compared
    assert [bar["day"] for bar in figures["months"]][::11] == ["2025-03-01", "2026-02-01"]
    assert figures["months"][-1]["target_kwh"] == 2800
    assert figures["emissions"]["avoided_kg"] == pytest.approx(figures["headline"]["energy_kwh"] * 0.0385, abs=1e-3)
    assert figures["emissions"]["factors"] == [{"co2_kg_kwh": 0.0385, "source": "MCTI 2023", "valid_from": "2023-01-01"}]
    assert [len(row["day_energies_kwh"]) for row in figures["inverters"]] == [28, 28]
    assert figures["inverters"][0]["day_energies_kwh"][10] is None


def test_each_day_is_worth_its_own_tariff(plant):
    with transaction(plant.url) as connection:
        keys = {"tenant_id": plant.tenant_id, "source": "drops", "plant_key": "p1"}
        fleet.upsert_rows(
            connection, "tariff", [keys | {"valid_from": date(2026, 2, 6), "price_per_kwh": 1.0, "currency": "BRL"}]
        )

    issue(plant)

    money = plant.read("SELECT figures FROM mart.report")["figures"].item()["headline"]["money"]
    assert money == {
        "price_per_kwh": None, "currency": "BRL", "savings": pytest.approx(5 * 288 * 0.5 + 5 * 288), "days_priced": None
    }  # fmt: skip


def test_a_month_tells_the_bill_without_the_plant_as_its_yields_know_it_and_no_place_without_one(plant, monkeypatch):
    issue(plant)
    known = {"site_kwh": 912.0, "site_days": 28, "bill_without_pv": 456.0, "currency": "BRL"}

    def told(connection, **asked):
        return {days: row | known for days, row in read_window_yields(connection, **asked).items()}

    monkeypatch.setattr("include.steps.report.read_window_yields", told)
    issue(plant)

    sites = plant.read("SELECT figures FROM mart.report ORDER BY revision")["figures"].map(lambda figures: figures["site"])
    assert sites.tolist() == [None, {"consumed_kwh": 912.0, "days": 28, "bill_without_pv": 456.0, "currency": "BRL"}]


# --------------------------------------------------------------------------------------------------------------- verified


def file_of(plant, now: datetime = NOW) -> Path:
    return Path(issue(plant, send=False, now=now)["uri"])


def parts(plant, pdf: bytes) -> dict[str, bool]:
    verdict = verify_report(plant.settings, pdf)
    assert verdict.holds == all(right for _, right, _ in verdict.sentences)
    return {part: right for part, right, _ in verdict.sentences}


def test_a_report_as_it_was_issued_holds_in_all_its_parts(plant):
    file = file_of(plant)

    verdict = verify_report(plant.settings, file.read_bytes())

    assert verdict.holds
    assert [part for part, _, _ in verdict.sentences] == ["file", "registry", "store", "data"]
    assert "month from 2026-02-01, en, revision 1" in verdict.report


def test_a_file_of_which_one_byte_was_changed_is_known_by_its_figures(plant):
    pdf = file_of(plant).read_bytes()

    told = parts(plant, pdf.replace(b"Heliograph", b"Heliogra_h", 1))

    assert told == {"file": False, "registry": True, "store": True, "data": True}


def test_a_signed_report_tells_whose_signature_it_has_comes_out_again_and_without_a_key_is_not_issued(plant, tmp_path):
    from tests.unit.reports.test_report_signature import pkcs12_file

    plant.settings = replace(plant.settings, signing_file=str(tmp_path / "none.p12"))
    with pytest.raises(NeedsHuman, match="put the PKCS#12 file there"):
        file_of(plant)
    key = pkcs12_file(tmp_path / "key.p12")
    plant.settings = replace(plant.settings, signing_file=key.signing_file, signing_password=key.signing_password)
    file = file_of(plant)
    pdf = file.read_bytes()

    verdict = verify_report(plant.settings, pdf)

    assert verdict.holds
    assert [part for part, _, _ in verdict.sentences] == ["file", "signature", "registry", "store", "data"]
    assert verdict.sentences[1][2].startswith("intact, by Common Name: Sol do Cerrado Energia at 2026-")
    assert parts(plant, pdf.replace(b"Heliograph", b"Heliogra_h", 1))["signature"] is False
    assert parts(plant, pdf + b"/ByteRange")["signature"] is False
    file.unlink()
    issue(plant, now=LATER)
    assert file.read_bytes() == pdf


def test_what_was_never_issued_is_unknown(plant):
    issue(plant)

    for content in (b"", b"%PDF-1.7", b"heliograph-figures:" + b"0" * 64):
        assert parts(plant, content) == {"file": False}


def test_late_data_are_named_with_the_figure_before_and_now(plant):
    pdf = file_of(plant).read_bytes()
    measure(plant, "2026-02-12", {"1": 5.0, "2": 7.0}, first="2026-02-11")

    verdict = verify_report(plant.settings, pdf)

    assert {part: right for part, right, _ in verdict.sentences} == {"file": True, "registry": True, "store": True, "data": False}
    assert any("headline.energy_kwh was 2880.0, and is 3456.0" in sentence for _, _, sentence in verdict.sentences)


def test_a_replaced_revision_an_altered_store_and_an_altered_registry_are_told(plant):
    file = file_of(plant)
    pdf = file.read_bytes()
    measure(plant, "2026-02-12", {"1": 5.0, "2": 7.0}, first="2026-02-11")
    newer = file_of(plant, datetime(2026, 3, 11, tzinfo=UTC))
    assert parts(plant, pdf)["registry"] is False

    file.write_bytes(b"%PDF-1.7 other")
    assert parts(plant, pdf)["store"] is False
    file.unlink()
    assert parts(plant, pdf)["store"] is False

    with transaction(plant.settings.database_url) as connection:
        connection.execute(
            text("UPDATE mart.report SET figures = jsonb_set(figures, '{headline,energy_kwh}', '9999') WHERE revision = 2")
        )
    assert parts(plant, newer.read_bytes())["registry"] is False


def test_a_report_of_all_plants_is_compared_with_the_data_too(plant):
    pdf = Path(of_all_plants(plant, send=False)["uri"]).read_bytes()
    assert parts(plant, pdf) == {"file": True, "registry": True, "store": True, "data": True}

    measure(plant, "2026-02-12", {"1": 5.0, "2": 7.0}, first="2026-02-11")

    verdict = verify_report(plant.settings, pdf)
    assert any("plants[0].energy_kwh was 2880.0" in sentence for _, _, sentence in verdict.sentences)


def test_settings_that_name_no_store_do_not_matter_to_the_verdict(plant):
    pdf = file_of(plant).read_bytes()
    elsewhere = Settings(home=plant.settings.home / "elsewhere", database_url=plant.settings.database_url)

    assert verify_report(elsewhere, pdf).holds
