"""What is wrong is found in the tables, told once, and told again when it has ended."""

from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import NeedsHuman, TryLater
from include.steps import land, watch
from include.steps.load import load_batch
from include.steps.pull import pull_account
from include.steps.send import send_outbox
from include.steps.task_failures import forget_task_failures, note_task_failure
from tests.warehouse.operation import START

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
EVERY_QUARTER = tuple(15 * MINUTE * quarter for quarter in range(4 * 24))
BY_DAY = tuple(15 * MINUTE * quarter for quarter in range(4 * 9, 4 * 21))


def test_an_operation_in_which_all_is_well_tells_nothing(operation):
    operation.receive_daily("plant_measurements", days=20, times=EVERY_QUARTER)

    assert operation.look() == []
    assert operation.notices() == []
    assert operation.looks == [{"mails": 0}]


def test_an_hour_without_a_scheduler_is_told_once_at_its_return_and_once_when_it_has_ended(operation):
    operation.receive_daily("plant_measurements", days=20, times=EVERY_QUARTER)
    operation.look()
    stopped_at = operation.at

    operation.look(after=HOUR)
    first = operation.notices()
    for _ in range(6):
        operation.receive("plant_measurements", operation.at + 5 * MINUTE)
        operation.look()

    assert [(one["open"], one["ended"]) for one in first] == [(1, 0)]
    assert first[0]["told"][0].startswith("nothing ran for 1 h 0 min")
    assert [(one["open"], one["ended"]) for one in operation.notices()] == [(1, 0), (0, 1)]
    (kept,) = operation.run("SELECT * FROM ops.incident")
    assert (kept["kind"], kept["began_at"]) == ("standstill", stopped_at)
    assert kept["told_at"] - (stopped_at + HOUR) <= 15 * MINUTE
    assert operation.run("SELECT recipient, count(*) AS mails FROM ops.outbox GROUP BY recipient ORDER BY recipient") == [
        {"recipient": "ops@example.org", "mails": 2},
        {"recipient": "second@example.org", "mails": 2},
    ]


def test_what_stays_silent_after_a_standstill_is_late_by_what_was_heard_and_not_by_the_standstill(operation):
    operation.receive_daily("plant_measurements", days=20, times=EVERY_QUARTER)
    operation.look()

    returned = operation.look(after=6 * HOUR)
    later = [operation.look() for _ in range(9)]

    assert [kind for kind, _ in returned] == ["standstill"]
    assert ("data_late", "demo plant_measurements") in later[-1]
    assert not any("data_late" in dict(found) for found in later[:5])


@pytest.mark.parametrize(
    ("times", "last", "now", "is_late"),
    [
        (EVERY_QUARTER, "11:30", "12:10", False),
        (EVERY_QUARTER, "10:30", "12:10", True),
        (BY_DAY, "20:45", "23:50", False),  # it sleeps at night
        (BY_DAY, "12:00", "23:50", True),  # it fell asleep at noon
        ((6 * HOUR,), "06:00", "23:50", False),  # a file a day
    ],
)
def test_a_source_is_late_against_its_own_rhythm_at_this_time_of_day(operation, times, last, now, is_late):
    day = START.replace(hour=0)
    last_at, now_at = (day + timedelta(hours=int(clock[:2]), minutes=int(clock[3:])) for clock in (last, now))
    operation.at = now_at - 10 * MINUTE
    operation.receive_daily("sensor_readings", days=20, times=times, until=last_at)

    assert operation.look() == ([("data_late", "demo sensor_readings")] if is_late else [])


def test_a_daily_file_that_does_not_come_is_told_on_that_morning_and_ends_when_it_comes(operation):
    operation.receive_daily("consumption", days=20, times=(6 * HOUR,), until=START - timedelta(days=1))
    operation.at = START.replace(hour=5, minute=30)

    before = operation.look()
    while operation.at < START.replace(hour=8):
        after = operation.look()
    operation.receive("consumption")
    for _ in range(4):
        operation.look()

    assert (before, after) == ([], [("data_late", "demo consumption")])
    assert [(one["open"], one["ended"]) for one in operation.notices()] == [(1, 0), (0, 1)]
    assert "consumption of tenant demo is late: nothing came for 1 d 1 h" in operation.notices()[0]["told"][0]


def test_what_came_only_now_and_then_has_no_rhythm_and_is_never_late(operation):
    for days in (60, 59, 20):
        operation.receive("consumption", START - timedelta(days=days))

    assert operation.look() == []


def test_an_outage_of_last_week_does_not_make_todays_usual(operation):
    operation.receive_daily("sensor_readings", days=30, times=EVERY_QUARTER, until=START - 3 * HOUR)
    operation.run("DELETE FROM landing.document WHERE last_received_at BETWEEN :first AND :last",
                  first=START - timedelta(days=9), last=START - timedelta(days=5))  # fmt: skip

    assert operation.look() == [("data_late", "demo sensor_readings")]


def test_what_comes_back_within_a_quarter_of_an_hour_is_the_same_incident(operation):
    operation.receive_daily("sensor_readings", days=20, times=EVERY_QUARTER, until=START - 3 * HOUR)
    operation.look()
    latest = operation.receive("sensor_readings")
    operation.look()
    operation.run("DELETE FROM landing.document WHERE document_id = :latest", latest=latest)
    operation.look()

    assert len(operation.run("SELECT * FROM ops.incident")) == 1
    assert [(one["open"], one["ended"]) for one in operation.notices()] == [(1, 0)]


def test_documents_that_nobody_loads_are_told_but_not_a_long_list_that_moves(operation):
    stuck = operation.receive("telemetry_batches", state="landed")
    moving = [operation.receive("registry", state="landed") for _ in range(8)]

    for document_id in moving[:7]:
        found = operation.look()
        operation.run("UPDATE landing.document SET state = 'loaded' WHERE document_id = :it", it=document_id)
    assert found == []
    found = operation.look()

    assert found == [("documents_stuck", "demo telemetry_batches")]
    assert f"({stuck}) for 1 h 10 min" in operation.open()[0]["summary"]


def test_an_old_document_that_is_replayed_has_waited_since_then_only(operation):
    operation.receive("telemetry_batches", START - timedelta(days=300), state="landed")

    assert operation.look() == operation.look() == []


def test_dirty_days_that_stay_are_told(operation):
    (series,) = operation.run("SELECT series_id FROM fleet.series ORDER BY series_id LIMIT 1")
    operation.run("INSERT INTO ops.dirty_day (series_id, local_day) VALUES (:it, '2026-03-01')", it=series["series_id"])

    found = [operation.look() for _ in range(8)][-1]

    assert found == [("dirty_days_stuck", "ops.dirty_day")]


def load(operation, feed: str, at: datetime, *, parsed: int, quarantined: int) -> None:
    operation.run(
        "INSERT INTO landing.load (document_id, tenant_id, loaded_at, run_id, code_version, parsed_rows, inserted_rows, "
        "updated_rows, unchanged_rows, duplicate_rows, quarantined_rows, missing_values) "
        "VALUES (:document, :tenant, :at, 'r', 'c', :parsed, :good, 0, 0, 0, :bad, 0)",
        document=operation.receive(feed, at),
        tenant=operation.tenant_id,
        at=at,
        parsed=parsed,
        good=parsed - quarantined,
        bad=quarantined,
    )


@pytest.mark.parametrize(
    ("usual", "today", "is_told"), [(0, 60, True), (50, 60, False), (50, 300, True), (0, 5, False), (0, 9, False)]
)
def test_quarantine_is_told_where_it_jumps(operation, usual, today, is_told):
    for days in range(2, 7):
        load(operation, "telemetry_batches", START - timedelta(days=days), parsed=1000, quarantined=usual)
    load(operation, "telemetry_batches", START - HOUR, parsed=1000, quarantined=today)

    assert operation.look() == ([("quarantine_jump", "demo telemetry_batches")] if is_told else [])
    assert operation.notices() == []  # minor: it waits for the digest


def add_accounts(operation, *names: str, vendor: str = "deye", answered: timedelta = 5 * MINUTE, state: str = "active") -> None:
    operation.run(
        "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state, reason, state_set_at, next_due_at, "
        "last_answer_at) SELECT :tenant, :vendor, name, name, :state, :reason, :long_ago, :now, :answered_at "
        "FROM unnest(CAST(:names AS text[])) AS name",
        tenant=operation.tenant_id,
        vendor=vendor,
        names=list(names),
        state=state,
        reason="wrong password" if state == "rejected" else None,
        long_ago=START - timedelta(days=30),
        now=operation.at,
        answered_at=operation.at - answered,
    )


def test_a_vendor_that_is_away_is_one_incident_not_one_per_account_feed_and_task(operation):
    add_accounts(operation, "north", "south", answered=3 * HOUR)
    operation.receive_daily("deye_devices", days=20, times=EVERY_QUARTER, until=START - 3 * HOUR)
    note_task_failure(operation.settings, dag_id="land_deye", task_id="pull", error="no answer", now=START)

    found = operation.look()

    assert found == [("vendor_silent", "deye")]
    assert [one["open"] for one in operation.notices()] == [1]


def test_what_a_root_explained_is_told_when_the_root_has_ended_and_it_has_not(operation):
    add_accounts(operation, "north", "south", answered=3 * HOUR)
    operation.look()
    operation.run("UPDATE fleet.integration SET last_answer_at = :now WHERE name = 'north'", now=operation.at)

    assert operation.look() == [("account_silent", "demo/south")]


def test_an_account_that_is_refused_everything_is_told_with_the_vendors_words_though_it_answers(operation):
    add_accounts(operation, "north", "south")
    refused = "UPDATE fleet.integration SET state = 'needs attention', reason = 'no permission (20056)', state_set_at = :at"
    operation.run(refused, at=operation.at - 2 * HOUR)

    assert sorted(operation.look()) == [("account_silent", "demo/north"), ("account_silent", "demo/south")]
    (north, _) = operation.open()
    assert "needs attention since" in north["summary"]
    assert "no permission (20056)" in north["summary"]


def test_a_vendor_that_stays_away_is_not_said_to_be_back_when_its_accounts_need_attention(operation):
    add_accounts(operation, "north", "south", answered=3 * HOUR)
    assert operation.look() == [("vendor_silent", "deye")]
    operation.run(
        "UPDATE fleet.integration SET state = 'needs attention', reason = 'no figures', state_set_at = :at", at=operation.at
    )

    assert operation.look() == [("vendor_silent", "deye")]


def test_an_account_that_was_rejected_long_ago_explains_no_task_that_fails_today(operation):
    add_accounts(operation, "west", state="rejected")
    add_accounts(operation, "north")
    note_task_failure(operation.settings, dag_id="land_deye", task_id="pull", error="a fault of ours", now=START)

    assert sorted(operation.look()) == [("account_rejected", "demo/west"), ("task_failed", "land_deye.pull")]


def test_one_account_of_several_that_is_silent_or_rejected_is_told_by_its_name(operation):
    add_accounts(operation, "north")
    add_accounts(operation, "south", answered=3 * HOUR)
    add_accounts(operation, "west", state="rejected")
    add_accounts(operation, "east", state="disabled", answered=300 * HOUR)

    assert sorted(operation.look()) == [("account_rejected", "demo/west"), ("account_silent", "demo/south")]
    (rejected,) = [one for one in operation.open() if one["kind"] == "account_rejected"]
    assert "wrong password" in rejected["summary"]
    assert "--tenant demo --vendor deye --name west" in rejected["action"]


def test_refused_documents_wait_for_the_digest_of_the_next_morning(operation):
    operation.look()
    operation.receive("registry", operation.at, state="refused", reason="line 3 has no key")

    assert operation.look() == [("document_refused", "demo registry")]
    assert operation.notices() == []
    operation.look(after=START.replace(day=31, hour=9, minute=50) - operation.at)
    told_before_ten = [one for one in operation.notices() if one["kind"] == "digest"]
    operation.look()
    operation.look()

    assert told_before_ten == []
    (digest,) = [one for one in operation.notices() if one["kind"] == "digest"]
    assert (digest["at"], digest["open"]) == (START.replace(day=31, hour=10), 1)
    assert any("line 3 has no key" in sentence for sentence in digest["told"])


def test_no_digest_is_written_where_none_is_wanted_or_nothing_is_wrong(operation):
    operation.look()
    operation.look(after=10 * MINUTE)
    operation.change(operator_digest_hour=-1)
    operation.receive("registry", operation.at, state="refused", reason="line 3 has no key")
    for _ in range(3 * 24 * 6):
        operation.at += 10 * MINUTE
    operation.run("UPDATE ops.watch SET looked_at = :now", now=operation.at)
    operation.look()

    assert operation.notices() == []


def test_mails_that_were_refused_or_wait_are_told(operation):
    operation.run("INSERT INTO ops.notice (kind, content, written_at) VALUES ('digest', '{}', :now)", now=operation.at)
    for number, (state, age) in enumerate([("failed", HOUR), ("pending", 2 * HOUR), ("pending", MINUTE), ("failed", 200 * HOUR)]):
        operation.run(
            "INSERT INTO ops.outbox (notice_id, recipient, message_id, state, last_error, created_at) "
            "VALUES (1, :number, :number, :state, 'no such mailbox', :at)",
            number=str(number), state=state, at=operation.at - age,
        )  # fmt: skip

    assert sorted(operation.look()) == [("mail_refused", "house"), ("mail_waiting", "house")]
    assert all("1 mails" in one["summary"] and "no such mailbox" in one["summary"] for one in operation.open())


def test_an_alarm_of_many_devices_of_a_plant_is_one_incident_that_ends_with_the_last(operation):
    document = operation.receive("deye_alarms", START - timedelta(days=3))
    devices = operation.run("SELECT device_id, plant_id FROM fleet.device ORDER BY device_id")
    for device in devices:
        for severity, name in (("major", "Grid undervoltage"), ("minor", "Fan is slow")):
            operation.run(
                "INSERT INTO mart.alarm (tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, is_open, "
                "document_id, reported_at) "
                "VALUES (:tenant, :plant, :device, :key, '42', :name, :severity, :at, true, :document, :at)",
                tenant=operation.tenant_id,
                plant=device["plant_id"],
                device=device["device_id"],
                key=f"{device['device_id']}{name}",
                name=name,
                severity=severity,
                at=START - HOUR,
                document=document,
            )

    found = operation.look()
    told = operation.notices()[0]["told"]
    operation.run("UPDATE mart.alarm SET is_open = false")
    for _ in range(3):
        operation.look()

    assert [kind for kind, _ in found] == ["alarm"]
    assert "Grid undervoltage [42] on 2 devices" in told[0]
    assert [(one["open"], one["ended"]) for one in operation.notices()] == [(1, 0), (0, 1)]


def test_a_task_that_fails_is_told_once_however_often_it_fails_and_ends_with_the_next_success(operation):
    for _ in range(3):
        note_task_failure(
            operation.settings, dag_id="roll_up_readings", task_id="conclude", error="a round failed\0", now=operation.at
        )
        operation.look()
    forget_task_failures(operation.settings, dag_id="roll_up_readings")
    for _ in range(3):
        operation.look()

    assert [(one["open"], one["ended"]) for one in operation.notices()] == [(1, 0), (0, 1)]
    assert "task roll_up_readings.conclude fails: a round failed" in operation.notices()[0]["told"][0]


def test_a_disk_that_is_short_explains_what_fails_because_of_it_and_is_the_one_thing_told(operation):
    operation.change(min_free_mb=1e12)
    operation.receive_daily("plant_measurements", days=20, times=EVERY_QUARTER, until=START - 3 * HOUR)
    note_task_failure(operation.settings, dag_id="land_file_drops", task_id="land", error="no space left", now=operation.at)

    assert [kind for kind, _ in operation.look()] == ["disk_short"]
    assert operation.open()[0]["severity"] == "critical"


def test_a_clock_that_steps_back_is_told_by_what_was_received_and_ends_when_it_is_right(operation):
    operation.receive_daily("plant_measurements", days=20, times=EVERY_QUARTER)
    operation.look()
    right = operation.at

    operation.at -= timedelta(days=1)
    wrong = operation.look()
    operation.at = right
    for _ in range(4):
        operation.receive("plant_measurements", operation.at)
        operation.look()

    assert wrong == [("clock_wrong", "house")]
    assert "the watch looked last at 2026-03-30 12:10 UTC" in operation.notices()[0]["told"][0]
    assert [(one["open"], one["ended"]) for one in operation.notices()] == [(1, 0), (0, 1)]


def test_a_clock_that_differs_from_that_of_postgresql_is_told(operation, monkeypatch):
    monkeypatch.setattr(watch, "database_clock", lambda connection: operation.at + 5 * MINUTE)

    assert operation.look() == [("clock_wrong", "house")]


def test_the_clock_of_postgresql_is_read(operation):
    from include.warehouse.engine import transaction
    from include.warehouse.sessions import database_clock

    with transaction(operation.settings.database_url) as connection:
        assert abs(datetime.now().astimezone() - database_clock(connection)) < MINUTE


def test_a_missing_backup_is_told_only_where_a_setting_asks(operation):
    assert operation.look() == []
    operation.change(backup_every_h=24)
    assert operation.look() == [("backup_missing", "house")]
    watch.note_backup(operation.settings, now=operation.at)

    assert operation.look() == []


def test_without_a_recipient_incidents_are_kept_and_told_when_there_is_one(operation):
    operation.change(operator_emails="")
    add_accounts(operation, "west", state="rejected")

    assert operation.look() == [("account_rejected", "demo/west")]
    assert operation.notices() == []
    operation.change(operator_emails="ops@example.org")
    operation.look()

    assert [one["open"] for one in operation.notices()] == [1]


def test_a_thousand_incidents_are_one_mail_that_spells_out_the_first_and_counts_the_others(operation):
    add_accounts(operation, *(f"account-{number}" for number in range(1000)), state="rejected")

    operation.look()
    operation.look()

    (notice,) = operation.notices()
    assert (notice["open"], len(notice["told"])) == (1000, 50)


def test_two_looks_at_the_same_time_are_one(operation):
    from include.warehouse.engine import engine_of
    from include.warehouse.watch import try_lock_watch

    with engine_of(operation.settings.database_url).begin() as other:
        assert try_lock_watch(other)
        assert watch.look_around(operation.settings, now=operation.at) == {}


def test_a_mail_outage_never_blocks_the_watch_and_the_notice_arrives_when_the_server_is_back(operation, tmp_path):
    from tests.warehouse.test_reports_and_mail import Post

    add_accounts(operation, "west", state="rejected")
    watch.look_around(operation.settings, now=operation.at)
    post = Post(tmp_path / "mail")
    with pytest.raises(TryLater, match="2 of 2 mails wait"):
        send_outbox(operation.settings, smtp=lambda: post.smtp, now=operation.at)
    operation.at += 20 * MINUTE
    assert watch.look_around(operation.settings, now=operation.at)["mails"] == 0

    post.open()
    try:
        sent = send_outbox(operation.settings, smtp=lambda: post.smtp, now=operation.at)
    finally:
        post.close()

    assert sent == {"sent": 2}
    assert {mail["Subject"] for mail in post.kept()} == {"Heliograph: [major] Deye Cloud rejects the account demo/west: wro..."}
    assert {mail["To"] for mail in post.kept()} == {"ops@example.org", "second@example.org"}
    assert all("Next: correct its credentials" in mail.get_body(("plain",)).get_content() for mail in post.kept())


def test_an_address_that_is_none_is_refused_alone_and_told_as_such(operation, tmp_path):
    from tests.warehouse.test_reports_and_mail import Post

    operation.change(operator_emails="ops@example.org,the boss\r\nBcc: all@example.org")
    add_accounts(operation, "west", state="rejected")
    watch.look_around(operation.settings, now=operation.at)
    post = Post(tmp_path / "mail")
    post.open()
    try:
        with pytest.raises(NeedsHuman, match="1 of 2 mails were refused"):
            send_outbox(operation.settings, smtp=lambda: post.smtp, now=operation.at)
    finally:
        post.close()

    assert [mail["To"] for mail in post.kept()] == ["ops@example.org"]
    assert ("mail_refused", "house") in operation.look()


def test_tenants_see_nothing_of_what_is_told_to_the_operator(operation, api_url):
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import ProgrammingError

    add_accounts(operation, "west", state="rejected")
    operation.look()
    engine = create_engine(api_url)
    with engine.connect() as reader:
        assert reader.execute(text("SELECT count(*) FROM api.outbox")).scalar_one() == 0
    for table in ("incident", "notice", "observation", "watch", "task_failure"):
        with engine.connect() as reader, pytest.raises(ProgrammingError, match="permission denied"):
            reader.execute(text(f"SELECT * FROM ops.{table}"))
    engine.dispose()


def test_a_full_disk_stops_what_takes_in_and_it_goes_on_by_itself(operation):
    file = operation.settings.home / "a.json"
    file.write_bytes(b"[]")
    dropped = land.deliver_drop(operation.settings, file, tenant="demo", feed="consumption")
    now, enough = datetime.now(UTC) + HOUR, operation.settings.min_free_mb

    operation.change(min_free_mb=1e12)
    for take_in in (
        lambda: land.land_all(operation.settings, clock=lambda: now, most_rounds=3),
        lambda: load_batch(operation.settings, [1], now=now, run_id="r"),
        lambda: pull_account(operation.settings, 1, credentials=None, clock=lambda: now, run_id="r"),
    ):
        with pytest.raises(TryLater, match=r"no space left: .* MB free"):
            take_in()
    assert dropped.exists()

    operation.change(min_free_mb=enough)
    assert land.land_all(operation.settings, clock=lambda: now, most_rounds=3)["feeds"] == {"consumption": 1}


def test_a_clock_that_was_put_back_by_a_day_does_not_hold_up_a_file(operation):
    file = operation.settings.home / "a.json"
    file.write_bytes(b"[]")
    land.deliver_drop(operation.settings, file, tenant="demo", feed="consumption")
    operation.change(drop_settle_s=0.05)

    landed = land.land_drops(operation.settings, now=datetime.now(UTC) - timedelta(days=1))

    assert [one["feed"] for one in landed] == ["consumption"]
