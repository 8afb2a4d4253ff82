"""Reports are issued once per set of figures, and their mails go out once, through a real SMTP server in this process."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.settings import Settings
from include.steps.report import due_reports, render_report
from include.steps.send import DUE_AFTER, send_outbox
from include.warehouse import fleet, reports
from include.warehouse.engine import transaction
from include.warehouse.performance import read_performance
from sandbox.mail_sink import Sink

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=6)
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
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.smtp = {"host": "127.0.0.1", "port": probe.getsockname()[1], "sender": "Reports <reports@example.org>"}
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


@pytest.fixture
def plant(small_fleet, tmp_path):
    """Two inverters with ten days of February at 5 and 7 kW, a target, a tariff and one recipient."""
    small_fleet.settings = Settings(home=tmp_path / "home", database_url=small_fleet.url)
    with transaction(small_fleet.url) as connection:
        fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo", report_recipients=[RECIPIENT]))
        keys = {"tenant_id": small_fleet.tenant_id, "source": "drops", "plant_key": "p1"}
        fleet.upsert_rows(connection, "target", [keys | {"month": date(2026, 2, 1), "target_kwh": 2800.0}])
        fleet.upsert_rows(
            connection, "tariff", [keys | {"valid_from": date(2026, 1, 1), "price_per_kwh": 0.5, "currency": "BRL"}]
        )
    measure(small_fleet, "2026-02-10", {"1": 5.0, "2": 7.0})
    return small_fleet


def measure(small_fleet, last: str, power_kw: dict[str, float], *, first: str = "2026-02-01") -> None:
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
    small_fleet.roll_up()


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
    assert headline["money"] == {"price_per_kwh": 0.5, "currency": "BRL", "savings": pytest.approx(1440)}


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
    with transaction(plant.url) as connection:
        recipients = [RECIPIENT, "new@example.org"]
        fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo", report_recipients=recipients))

    assert issue(plant)["mails"] == 1
    send(plant, post)

    assert sorted(mail["To"] for mail in post.kept()) == ["new@example.org", RECIPIENT]


# ------------------------------------------------------------------------------------------------------------------ mail


def test_a_refused_recipient_fails_for_good_and_does_not_stop_the_others(plant, post):
    with transaction(plant.url) as connection:
        recipients = ["gone@example.org", RECIPIENT]
        fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo", report_recipients=recipients))
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
    with transaction(plant.url) as connection:
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
        # 02:59 UTC on the first is still the 28th in São Paulo, 03:00 is the first.
        ("2026-03-01T02:59Z", [("day", "2026-02-27", "2026-02-27")]),
        ("2026-03-01T03:00Z", [("day", "2026-02-28", "2026-02-28"), ("month", "2026-02-01", "2026-02-28")]),
        ("2026-03-02T12:00Z", [("day", "2026-03-01", "2026-03-01")]),
        # The plant last spoke on 11 February (one sample at midnight): 31 silent days are borne, 32 are not.
        ("2026-03-15T12:00Z", [("day", "2026-03-14", "2026-03-14")]),
        ("2026-03-16T12:00Z", []),
    ],
)
def test_the_schedule_asks_for_yesterday_and_on_the_first_for_the_month_before(plant, run_after, expected):
    assert spans(ask(plant, run_after=datetime.fromisoformat(run_after))) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"kind": "day"}, ("day", "2026-03-09", "2026-03-09")),
        ({"kind": "month"}, ("month", "2026-03-01", "2026-03-31")),
        ({"kind": "month", "day": date(2024, 2, 29)}, ("month", "2024-02-01", "2024-02-29")),
        ({"kind": "month", "day": date(2025, 12, 31)}, ("month", "2025-12-01", "2025-12-31")),
        ({"kind": "day", "day": date(2020, 1, 1)}, ("day", "2020-01-01", "2020-01-01")),
    ],
)
def test_a_form_asks_for_the_period_around_its_day(plant, form, expected):
    assert spans(ask(plant, **form)) == [expected]


def test_a_plant_that_never_spoke_gets_no_scheduled_report(warehouse_url, fleet_in, tmp_path):
    silent = fleet_in()
    silent.settings = Settings(home=tmp_path, database_url=warehouse_url)

    assert ask(silent) == []
    assert len(ask(silent, kind="day")) == 1


def test_a_report_of_a_silent_month_has_no_energy_and_not_zero(plant):
    (request,) = ask(plant, kind="month", day=date(2025, 6, 1))

    told = render_report(plant.settings, request, now=NOW, run_id="test", send=False)

    assert told["energy_kwh"] is None


def test_the_language_is_the_tenants_unless_the_form_says_otherwise(plant):
    assert [request["language"] for request in ask(plant, kind="day")] == ["pt-BR"]
    assert [request["language"] for request in ask(plant, kind="day", language="en")] == ["en"]


@pytest.mark.parametrize(
    ("form", "error", "word"),
    [
        ({"plants": ["p1", "p9"]}, Refused, "p9"),
        ({"kind": "year"}, Refused, "day or month"),
        ({"language": "de"}, Refused, "pt-BR"),
        ({"tenant": "nobody"}, NeedsHuman, "demo"),
        ({"kind": "month", "day": date(2062, 1, 1)}, Refused, "2062-01-01 has not begun .* up to 2026-03-10"),
        ({"kind": "day", "day": date(2026, 3, 11)}, Refused, "2026-03-11 has not begun"),
    ],
)
def test_an_unknown_plant_kind_language_or_tenant_or_a_day_to_come_is_refused_by_name(
    plant, form: dict, error: Callable, word: str
):
    with pytest.raises(error, match=word):
        ask(plant, **form)
