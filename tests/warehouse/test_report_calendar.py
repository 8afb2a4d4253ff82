"""Each recipient gets the reports of their calendar, on their morning, in their language, once."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.main import app
from include.core.errors import NeedsHuman, Refused
from include.steps.report import render_reports
from include.steps.subscriptions import change_subscriptions, list_subscriptions, send_test, unsubscribe
from include.warehouse import fleet
from include.warehouse.engine import engine_of, transaction
from include.warehouse.subscriptions import Subscription
from tests.warehouse.test_reports_and_mail import (  # noqa: F401 - fixtures
    RECIPIENT,
    ask,
    filled,
    give,
    measure,
    outbox,
    plant,
    post,
    send,
    spans,
)

pytestmark = pytest.mark.postgres

OTHER = "far@example.org"


def stop_first(plant) -> None:  # noqa: F811
    unsubscribe(plant.settings, tenant="demo", email=RECIPIENT, now=datetime(2026, 1, 2, tzinfo=UTC))


def live(plant, first: str, last: str) -> list[tuple[str, str, str, str]]:  # noqa: F811
    """Run the schedule every hour; returns when which report went to whom: (UTC hour, recipient, about kind, first day)."""
    now, told, seen = datetime.fromisoformat(first), [], set()
    while now <= datetime.fromisoformat(last):
        due = ask(plant, run_after=now)
        if due:
            render_reports(plant.settings, due, now=now, run_id="hourly", send=True)
        rows = plant.read(
            "SELECT mail_id, recipient, about || ' ' || kind AS what, starts_on, language FROM ops.outbox "
            "JOIN mart.report USING (report_id) ORDER BY mail_id"
        )
        for row in rows.itertuples(index=False):
            if row.mail_id not in seen:
                seen.add(row.mail_id)
                told.append((f"{now:%d %H}", row.recipient, f"{row.what} {row.language}", str(row.starts_on)))
        now += timedelta(hours=1)
    return told


def test_around_a_month_end_everybody_gets_each_report_once_on_their_own_morning(plant):  # noqa: F811
    unsubscribe(plant.settings, tenant="demo", email=RECIPIENT, now=datetime(2026, 1, 2, tzinfo=UTC))
    measure(plant, "2026-02-28", {"1": 5.0, "2": 7.0}, first="2026-02-27", at=datetime(2026, 3, 1, 4, tzinfo=UTC))
    give(plant, RECIPIENT, kinds=("day", "month"), language="en")
    give(plant, OTHER, kinds=("week",), about="portfolio", language="en", hour=9, timezone="Asia/Tokyo")
    give(plant, OTHER, kinds=("month",), language="pt-BR", wait_days=1, hour=6, timezone="Asia/Tokyo")

    told = live(plant, "2026-03-01T00:00+00:00", "2026-03-03T00:00+00:00")

    # Seven in São Paulo is 10 UTC; nine in Tokyo is 0 UTC, when the Sunday is not over at the plant: it waits until 3 UTC.
    # The first morning in Tokyo is that of 1 March, a day later it is 21 UTC of that day.
    assert sorted(told) == sorted(
        [
            ("01 00", RECIPIENT, "plant day en", "2026-02-27"),
            ("01 10", RECIPIENT, "plant day en", "2026-02-28"),
            ("01 10", RECIPIENT, "plant month en", "2026-02-01"),
            ("01 21", OTHER, "plant month pt-BR", "2026-02-01"),
            ("02 03", OTHER, "portfolio week en", "2026-02-23"),
            ("02 10", RECIPIENT, "plant day en", "2026-03-01"),
        ]
    )
    assert ask(plant, run_after=datetime(2026, 3, 3, tzinfo=UTC)) == []


def test_all_plants_as_one_wait_until_the_day_is_over_at_the_last_of_them(plant):  # noqa: F811
    stop_first(plant)
    place = {"tenant_id": plant.tenant_id, "source": "drops", "plant_key": "la", "name": "LA", "timezone": "America/Los_Angeles"}
    unsaid = dict.fromkeys(("city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on"))
    with transaction(plant.url) as connection:
        fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "Europe/Lisbon"))
        fleet.upsert_rows(connection, "plant", [unsaid | place])
    measure(plant, "2026-02-28", {"1": 5.0, "2": 7.0}, first="2026-02-27", at=datetime(2026, 3, 1, 4, tzinfo=UTC))
    give(plant, OTHER, kinds=("month",), about="portfolio", language="en")

    told = live(plant, "2026-03-01T05:00+00:00", "2026-03-01T12:00+00:00")

    # Seven in Lisbon is 7 UTC; February ends at 8 UTC in Los Angeles.
    assert told == [("01 08", OTHER, "portfolio month en", "2026-02-01")]


def test_of_three_mornings_each_brings_the_report_on_data_to_its_own_recipient_only(plant):  # noqa: F811
    stop_first(plant)
    calendars = {"a@example.org": {}, "b@example.org": {"hour": 9}, "c@example.org": {"wait_days": 1}}
    for email, calendar in calendars.items():
        give(plant, email, about="quality", kinds=("week",), language="en", **calendar)
    with transaction(plant.url) as connection:
        connection.execute(
            text(
                "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state_set_at, next_due_at) "
                "SELECT tenant_id, 'deye', 'account', 'demo__account', now(), now() FROM fleet.tenant"
            )
        )

    for now in (datetime(2026, 2, 16, 10, tzinfo=UTC) + timedelta(hours=hours) for hours in (0, 1, 2, 3, 24, 25)):
        with transaction(plant.url) as connection:
            connection.execute(text("UPDATE fleet.integration SET last_answer_at = :now"), {"now": now - timedelta(minutes=3)})
        due = [request for request in ask(plant, run_after=now) if request["about"] == "quality"]
        render_reports(plant.settings, due, now=now, run_id="t", send=True)

    mails = plant.read("SELECT revision, recipient FROM mart.report JOIN ops.outbox USING (report_id) ORDER BY mail_id")
    assert mails.to_numpy().tolist() == [[1, "a@example.org"], [2, "b@example.org"], [3, "c@example.org"]]


def test_the_day_that_runs_is_no_day_without_data(plant):  # noqa: F811
    wednesday = datetime(2026, 2, 11, 9, tzinfo=UTC)
    (request,) = ask(plant, kind="week", about="quality", language="en", run_after=wednesday, day=date(2026, 2, 11))
    render_reports(plant.settings, [request], now=wednesday, run_id="t", send=False)

    figures = plant.read("SELECT figures FROM mart.report")["figures"].item()

    (table,) = [table for table in figures["tables"] if table["name"] == "plants"]
    # Of Monday and Tuesday everything is known; six in the morning of Wednesday lacks nothing yet.
    assert table["rows"] == [["Plant 1", 1.0, 0, 2, "2026-02-10"]]
    assert "Nothing to put right" in figures["observations"][0]["text"]


def test_a_morning_that_is_set_earlier_after_it_has_passed_loses_no_report(plant):  # noqa: F811
    stop_first(plant)
    measure(plant, "2026-02-28", {"1": 5.0, "2": 7.0}, first="2026-02-27", at=datetime(2026, 3, 1, 4, tzinfo=UTC))
    give(plant, OTHER, kinds=("month",), language="en", hour=10)
    give(plant, OTHER, kinds=("month",), language="en", hour=7, now=datetime(2026, 3, 1, 11, 30, tzinfo=UTC))

    told = live(plant, "2026-03-01T12:00+00:00", "2026-03-01T14:00+00:00")

    assert told == [("01 12", OTHER, "plant month en", "2026-02-01")]


def test_who_begins_in_the_afternoon_does_not_get_what_fell_due_in_the_morning(plant):  # noqa: F811
    afternoon = datetime(2026, 2, 11, 18, tzinfo=UTC)
    give(plant, "new@example.org", language="en", now=afternoon)

    told = live(plant, "2026-02-11T18:00+00:00", "2026-02-12T11:00+00:00")

    assert [row for row in told if row[1] == "new@example.org"] == [("12 10", "new@example.org", "plant day en", "2026-02-11")]


def test_only_the_chosen_plants_and_nothing_after_the_stop(plant, post):  # noqa: F811
    keys = {"tenant_id": plant.tenant_id, "source": "drops"}
    second = {"plant_key": "p2", "name": "Second", "timezone": "America/Sao_Paulo"}
    unsaid = dict.fromkeys(("city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on"))
    with transaction(plant.url) as connection:
        fleet.upsert_rows(connection, "plant", [keys | unsaid | second])
        moved = {"device_key": "2", "plant_key": "p2", "parent_key": None, "kind": "inverter", "name": "2", "model": None}
        fleet.upsert_rows(connection, "device", [keys | moved | {"capacity_kw": 50}])
    measure(plant, "2026-02-10", {"1": 5.0, "2": 7.0}, first="2026-02-10")
    unsubscribe(plant.settings, tenant="demo", email=RECIPIENT, now=datetime(2026, 1, 2, tzinfo=UTC))
    give(plant, OTHER, kinds=("day",), plants=["p2"], language="en")
    morning = datetime(2026, 2, 11, 12, tzinfo=UTC)

    render_reports(plant.settings, ask(plant, run_after=morning), now=morning, run_id="t", send=True)
    send(plant, post, morning)
    unsubscribe(plant.settings, tenant="demo", email=OTHER, now=morning)
    next_day = morning + timedelta(days=1)
    render_reports(plant.settings, ask(plant, run_after=next_day), now=next_day, run_id="t", send=True)

    mails = plant.read(
        "SELECT recipient, plant_key FROM ops.outbox JOIN mart.report USING (report_id) JOIN fleet.plant USING (plant_id)"
    )
    assert mails.to_numpy().tolist() == [[OTHER, "p2"]]


def test_a_billing_cycle_is_reported_on_the_morning_after_it_and_by_the_form(plant):  # noqa: F811
    with transaction(plant.url) as connection:
        connection.execute(
            text(
                "INSERT INTO fleet.meter_reading_day (plant_id, read_on, tenant_id) "
                "SELECT plant_id, day, tenant_id FROM fleet.plant, "
                "unnest(ARRAY[DATE '2026-01-20', DATE '2026-02-10']) AS day"
            )
        )
    give(plant, OTHER, kinds=("cycle",), language="en")

    (due,) = [request for request in ask(plant, run_after=datetime(2026, 2, 10, 10, tzinfo=UTC)) if request["kind"] == "cycle"]
    (asked,) = ask(plant, kind="cycle", language="en")
    (made,) = render_reports(plant.settings, [due], now=datetime(2026, 2, 10, 10, tzinfo=UTC), run_id="t", send=True)["reports"]

    assert spans([due, asked]) == [("cycle", "2026-01-20", "2026-02-09")] * 2
    assert made["energy_kwh"] == pytest.approx(9 * 24 * 12, rel=1e-3)
    assert [row[0] for row in outbox(plant)] == [OTHER]
    assert "cycle-2026-01-20-2026-02-09-en-r1.pdf" in made["uri"]


def test_a_cycle_whose_reading_is_registered_ten_days_late_is_sent_once(plant):  # noqa: F811
    stop_first(plant)
    give(plant, OTHER, kinds=("cycle",), language="en")
    assert "cycle" not in {request["kind"] for request in ask(plant, run_after=datetime(2026, 2, 10, 12, tzinfo=UTC))}
    with transaction(plant.url) as connection:
        connection.execute(
            text(
                "INSERT INTO fleet.meter_reading_day (plant_id, read_on, tenant_id) SELECT plant_id, day, tenant_id "
                "FROM fleet.plant, unnest(ARRAY[DATE '2026-01-20', DATE '2026-02-10']) AS day"
            )
        )

    told = live(plant, "2026-02-20T08:00+00:00", "2026-02-21T11:00+00:00")

    assert told == [("20 08", OTHER, "plant cycle en", "2026-01-20")]


def test_a_span_by_form_is_made_of_its_own_days_and_stands_beside_another_that_begins_with_it(plant):  # noqa: F811
    made, now = [], datetime(2026, 3, 10, 12, tzinfo=UTC)
    for last in (date(2026, 2, 4), date(2026, 2, 5)):
        requests = ask(plant, kind="span", day=date(2026, 2, 2), last_day=last)
        made += render_reports(plant.settings, requests, now=now, run_id="t", send=True)["reports"]

    assert [row["energy_kwh"] for row in made] == pytest.approx([3 * 288, 4 * 288])
    assert [row["revision"] for row in made] == [1, 1]
    assert outbox(plant) == [], "nobody has a calendar of spans"
    figures = plant.read("SELECT figures FROM mart.report ORDER BY report_id")["figures"].iloc[1]
    assert [bar["day"] for bar in figures["days"]] == ["2026-02-02", "2026-02-03", "2026-02-04", "2026-02-05"]
    assert figures["whole"]["target_kwh"] == pytest.approx(4 * 100)
    assert {row["name"]: row["first_day"] for row in figures["comparisons"]} == {
        "period": "2026-02-02", "previous": "2026-01-29", "year_to_date": "2026-01-01"
    }  # fmt: skip


def test_a_test_mail_goes_to_one_address_each_time_and_to_nobody_else(plant, post):  # noqa: F811
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    wish = {"about": "plant", "kind": "month", "day": date(2026, 2, 3), "plants": None, "language": None}
    for minutes in (0, 1):
        told = send_test(plant.settings, tenant="demo", email="Me@Example.org", **wish, now=now + timedelta(minutes=minutes))
        assert told["mails"] == 1
        send(plant, post, now + timedelta(minutes=minutes))

    assert [(mail["To"], "relatório" in mail["Subject"].lower()) for mail in post.kept()] == [("me@example.org", True)] * 2
    assert [row[0] for row in outbox(plant)] == ["me@example.org"]


def test_a_mail_says_to_whom_one_writes_to_get_no_more(plant, post):  # noqa: F811
    (request,) = ask(plant, kind="month", day=date(2026, 2, 3), language="en")
    for operators, named in (
        ("ops@example.org, second@example.org", "ops@example.org"),
        ("", "reports@example.org"),
        ("Ops <ops@example.org>", "reports@example.org"),
    ):
        plant.settings = replace(plant.settings, operator_emails=operators)
        now = datetime(2026, 3, 10, 12, 5 * len(post.kept()), tzinfo=UTC)
        render_reports(plant.settings, [request], now=now, run_id="t", send=True, send_again=True)
        send(plant, post, now)
        mail = max(post.kept(), key=lambda mail: mail["Date"].datetime)
        assert mail["List-Unsubscribe"] == f"<mailto:{named}?subject=unsubscribe>"
        for kind in ("plain", "html"):
            assert f"to get no more, write to {named}." in mail.get_body((kind,)).get_content().replace("\n", " ")


FORM = {
    "action": "add", "tenant": "demo", "email": OTHER, "kinds": ["day"], "about": None, "plants": None, "language": None,
    "wait_days": 0, "hour": 7, "timezone": None, "customer_group": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ({"kinds": None}, []),
        ({"kinds": ["day", "week"]}, [("plant", "month")]),
        ({"kinds": None, "about": "portfolio"}, [("plant", "day"), ("plant", "month")]),
    ],
)
def test_an_empty_form_stops_all_and_kinds_that_nobody_gets_stop_nothing_else(plant, wish, left):  # noqa: F811
    give(plant, OTHER, kinds=("day", "month"))
    give(plant, OTHER, about="portfolio", kinds=("day",))

    told = change_subscriptions(plant.settings, FORM | {"action": "stop"} | wish, now=datetime(2026, 3, 1, tzinfo=UTC))

    assert [(row["about"], row["kind"]) for row in told if row["email"] == OTHER] == left
    assert {row["kind"] for row in told if row["email"] == RECIPIENT} == {"day", "month"}


def test_a_mail_that_waits_in_the_outbox_does_not_leave_after_the_stop(plant, post):  # noqa: F811
    morning = datetime(2026, 2, 11, 12, tzinfo=UTC)
    give(plant, OTHER, kinds=("day", "month"), language="en")
    for kind in ("day", "month"):
        requests = ask(plant, kind=kind, day=date(2026, 2, 10), language="en", run_after=morning)
        render_reports(plant.settings, requests, now=morning, run_id="t", send=True)
    assert len(outbox(plant)) == 4

    with pytest.raises(Refused, match="gets no such report"):
        unsubscribe(plant.settings, tenant="demo", email=OTHER, kinds=["week"], now=morning)
    unsubscribe(plant.settings, tenant="demo", email=OTHER, kinds=["day"], now=morning)
    send(plant, post, morning)
    unsubscribe(plant.settings, tenant="demo", email=OTHER, now=morning)

    day, month = "Daily", "Monthly"
    assert sorted((mail["To"], mail["Subject"].split(": ")[1].split()[0]) for mail in post.kept()) == [
        (OTHER, month), (RECIPIENT, day), (RECIPIENT, month)
    ]  # fmt: skip
    assert {row[1] for row in outbox(plant)} == {"sent"}, "what was sent stays on record"


def test_to_add_without_saying_about_what_is_to_add_reports_of_each_plant(plant):  # noqa: F811
    told = change_subscriptions(plant.settings, FORM | {"kinds": None}, now=datetime(2026, 3, 1, tzinfo=UTC))

    assert [(row["about"], row["kind"]) for row in told if row["email"] == OTHER] == [("plant", "day"), ("plant", "month")]


@pytest.mark.parametrize(
    ("wish", "error", "word"),
    [
        ({"email": "nobody"}, Refused, "is not an e-mail address"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, Refused, "is not an e-mail address"),
        ({"kinds": ["year"]}, Refused, "choose of day, week, month, cycle"),
        ({"kinds": ["cycle"], "about": "portfolio"}, Refused, "billing cycles of its own"),
        ({"about": "portfolio", "plants": ["p1"]}, Refused, "leave the plants empty"),
        ({"plants": ["p9"]}, Refused, "p9 do not exist"),
        ({"timezone": "Mars/Base"}, Refused, "Mars/Base"),
        ({"hour": 24}, Refused, "0 to 23"),
        ({"wait_days": 29}, Refused, "0 to 28"),
        ({"language": "de"}, Refused, "pt-BR, en"),
        ({"about": "consumption"}, Refused, "by the month; choose month"),
        ({"about": "consumption", "kinds": ["month"], "customer_group": "North"}, Refused, "no group 'North' .*known: none yet"),
        ({"about": "quality", "customer_group": "North"}, Refused, "of reports about consumption"),
        ({"tenant": "other"}, NeedsHuman, "other"),
        ({"tenant": None}, Refused, "needs a tenant"),
        ({"action": "stop", "email": "gone@example.org"}, Refused, f"recipients: {RECIPIENT}"),
        ({"action": "stop", "email": RECIPIENT, "kinds": ["day", "year"]}, Refused, "year has no calendar"),
        ({"action": "stop", "email": RECIPIENT, "plants": ["p1"]}, Refused, "add those that stay once more"),
    ],
)
def test_a_form_that_cannot_be_is_refused_by_name_and_changes_nothing(plant, wish, error, word):  # noqa: F811
    before = list_subscriptions(plant.settings)

    with pytest.raises(error, match=word):
        change_subscriptions(plant.settings, FORM | wish, now=datetime(2026, 3, 1, tzinfo=UTC))

    assert list_subscriptions(plant.settings) == before


def test_recipients_are_added_listed_changed_and_stopped_on_the_command_line(plant, monkeypatch):  # noqa: F811
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", plant.url)
    monkeypatch.setenv("HELIOGRAPH_HOME", str(plant.settings.home))

    def helio(*words: str) -> str:
        result = CliRunner().invoke(app, ("recipient", *words))
        assert result.exit_code == 0, result.output
        return result.output

    helio("stop", "demo", RECIPIENT)
    assert helio("list").startswith("nobody;")
    helio("add", "demo", "Owner@Example.org", "--kind", "week", "--plant", "p1", "--language", "en", "--hour", "9")
    helio("add", "demo", "owner@example.org", "--kind", "week", "--timezone", "Europe/Lisbon", "--wait-days", "2")
    shown = helio("list", "demo")
    (row,) = json.loads(helio("list", "--json"))

    assert "2 d later, 07:00" in shown
    assert (row["email"], row["kind"], row["plants"], row["language"]) == ("owner@example.org", "week", None, "pt-BR")
    assert "1 mails for me@example.org" in helio("test", "demo", "me@example.org", "--kind", "month", "--day", "2026-02-03")
    helio("stop", "demo", "me@example.org")
    assert outbox(plant) == [], "a test that waits does not leave either"


@pytest.mark.parametrize(
    ("zone", "hour", "wait_days", "last_day", "due"),
    [
        ("America/Sao_Paulo", 7, 0, "2026-03-01", "2026-03-02T10:00"),
        # Nine in Tokyo is midnight in UTC: the day of the plant ends three hours later.
        ("Asia/Tokyo", 9, 0, "2026-03-01", "2026-03-02T03:00"),
        ("Asia/Tokyo", 9, 1, "2026-03-01", "2026-03-03T00:00"),
        # The clock of New York was set forward on 8 March: there is no 02:00, and the morning begins at what it reads then.
        ("America/New_York", 2, 6, "2026-03-01", "2026-03-08T07:00"),
    ],
)
def test_a_report_falls_due_in_the_recipients_zone_and_never_before_the_day_is_over_at_the_plant(
    zone, hour, wait_days, last_day, due
):
    calendar = Subscription(1, "demo", "a@example.org", "plant", "day", "en", None, wait_days, hour, zone, None)

    falls = calendar.falls_due(date.fromisoformat(last_day), "America/Sao_Paulo")

    assert falls == datetime.fromisoformat(f"{due}+00:00")


def test_who_got_reports_before_there_were_calendars_goes_on_getting_them(warehouse_url):
    upgrade = files("include.warehouse.migrations").joinpath("sql", "0042_report_calendar.sql").read_text(encoding="utf-8")
    with engine_of(warehouse_url).begin() as connection:
        connection.exec_driver_sql(
            "DROP TABLE fleet.subscription; "
            "ALTER TABLE fleet.tenant ADD report_recipients text[] NOT NULL DEFAULT '{}'; "
            "ALTER TABLE fleet.tenant ADD digest_recipients text[] NOT NULL DEFAULT '{}'; "
            "INSERT INTO fleet.tenant (slug, name, timezone, report_recipients, digest_recipients) VALUES "
            "('one', 'One', 'UTC', '{a@example.org,b@example.org}', '{b@example.org}'), ('none', 'None', 'UTC', '{}', '{}')"
        )
        connection.exec_driver_sql(upgrade)
        found = connection.exec_driver_sql(
            "SELECT slug, email, about, kind FROM fleet.subscription JOIN fleet.tenant USING (tenant_id) "
            "WHERE now() - started_at BETWEEN interval '4 days' AND interval '5 days'"
        )
        rows = sorted(tuple(row) for row in found)

    assert rows == [
        ("one", "a@example.org", "plant", "day"),
        ("one", "a@example.org", "plant", "month"),
        ("one", "b@example.org", "portfolio", "day"),
        ("one", "b@example.org", "portfolio", "month"),
    ]
