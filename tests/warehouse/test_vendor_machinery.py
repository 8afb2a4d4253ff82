"""What goes wrong with pulls at night: two at once, faults that nobody foresaw, people who act meanwhile, lists that grow."""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from include.core.errors import TryLater
from include.core.pulls import TICK, PulledFleet, RateLimit, Request
from include.core.span import Span
from include.landing.store import ObjectStore
from include.sources.clouds.errors import MemberRefused, RateLimited, Rejected
from include.sources.clouds.registry import CLOUDS
from include.steps import load, pull_plan, register
from include.steps.backfill import BackfillWish, order_backfill
from include.steps.integrations import set_state
from include.steps.pull import due_accounts, pull_account
from include.steps.vendor_account import open_account
from include.warehouse import account_states, integrations, pulls, readings
from include.warehouse.engine import transaction
from include.warehouse.queries import query_text
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import ACCOUNTS, VendorHouse, build

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)
DAY = Span(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))
Fetch = Callable[[Any, Request], list[Any]]


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path) -> Iterator[VendorHouse]:
    with live_clouds(NOON, plants=1) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


@pytest.fixture
def fetching(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Counter[str]]:
    """Puts something before each fetch of a vendor; returns the count of fetches by interface."""

    def put_before(vendor: str, before: Callable[[Request], None]) -> Counter[str]:
        cloud, counts = CLOUDS[vendor], Counter[str]()

        def fetch(session: Any, request: Request) -> list[Any]:
            counts[request.interface] += 1
            assert counts.total() < 500, "asked without an end"
            before(request)
            return cloud.fetch(session, request)

        monkeypatch.setitem(CLOUDS, vendor, replace(cloud, fetch=fetch))
        return counts

    return put_before


def block_ends(house: VendorHouse) -> timedelta:
    return house.one("SELECT max(ends_at) FROM ops.vendor_block") - house.world.now()


# ------------------------------------------------------------------------------------------------------------------- refusals
def test_a_question_waits_with_the_other_interface_that_it_needs(house: VendorHouse, fetching: Any) -> None:
    def refuse(request: Request) -> None:
        if request.interface == "getDevHistoryKpi":
            error = RateLimited("too frequent", after_s=3600)
            error.interface = "getDevUpgradeinfo"
            raise error

    counts = fetching("huawei", refuse)
    house.add("huawei")

    house.pull_until_done("huawei", purposes=("fleet", "alarms"))

    waiting = house.one("SELECT count(*) FROM ops.pull WHERE interface = 'getDevHistoryKpi' AND state = 'waiting'")
    assert 0 < counts["getDevHistoryKpi"] <= waiting
    assert house.one("SELECT min(due_at) FROM ops.pull WHERE interface = 'getDevHistoryKpi'") > house.world.now()


def test_a_plant_that_the_vendor_does_not_know_keeps_no_answer_about_the_others_away(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = CLOUDS["huawei"]

    def fetch(session: Any, request: Request) -> list[Any]:
        answers = cloud.fetch(session, request)
        if "NE=unknown" in request.subjects:
            raise MemberRefused("no such plant")
        return answers

    monkeypatch.setitem(CLOUDS, "huawei", replace(cloud, fetch=fetch))
    house.add("huawei")
    house.pull_until_done("huawei", purposes=("fleet", "alarms"))
    house.rows(
        "INSERT INTO fleet.plant (tenant_id, source, plant_key, name, timezone, integration_id) "
        "SELECT tenant_id, source, 'NE=unknown', 'Unknown', timezone, integration_id FROM fleet.plant RETURNING plant_id"
    )
    since = house.world.now()

    # The snapshot may be requested once in five minutes, alarms once in half an hour: a half waits as long as a new whole.
    for _ in range(15):
        house.world.clock.advance(TICK.total_seconds())
        house.pull("huawei")

    answered = "SELECT DISTINCT interface FROM ops.pull WHERE state = 'done' AND reason IS NULL AND planned_at > :since"
    assert {("getStationRealKpi",), ("getAlarmList",)} <= set(house.rows(answered, since=since))


def test_the_newest_refusal_of_a_request_stands_for_the_earlier_ones(house: VendorHouse) -> None:
    house.add("huawei")
    request, other = (Request("getDevRealKpi", {"devIds": key}, "devices", None, (key,)) for key in ("7", "8"))
    with transaction(house.settings.database_url) as connection:
        account = integrations.read_integration(connection, house.ids["huawei"])
        for one in (request, other, request):
            pulls.add_requests(connection, account, "now", [one], now=house.world.now())
            waiting = pulls.read_next(connection, house.ids["huawei"], since=account.state_set_at, now=house.world.now())
            assert waiting is not None
            pulls.end_refused(connection, waiting, reason="no such device", now=house.world.now())

    refused = house.rows("SELECT request -> 'asked' ->> 'devIds' FROM ops.pull WHERE state = 'refused' ORDER BY pull_id")
    assert refused == [("8",), ("7",)]


def test_an_answer_ends_the_count_of_what_was_refused_to_the_whole_account(house: VendorHouse, fetching: Any) -> None:
    refusals = [True, False, True]

    def refuse(request: Request) -> None:
        if request.interface == "stations" and refusals.pop(0):
            error = RateLimited("too many logins", after_s=60)
            error.interface = "*"
            raise error

    fetching("huawei", refuse)
    house.add("huawei")
    house.pull("huawei")
    house.world.clock.advance(120)
    house.pull("huawei")
    house.world.clock.advance(86_400)

    house.pull("huawei")

    assert refusals == []
    assert block_ends(house) == timedelta(seconds=60)


def test_refusals_days_apart_are_not_in_a_row(house: VendorHouse, fetching: Any) -> None:
    def refuse(request: Request) -> None:
        if request.interface == "stations":
            error = RateLimited("too frequent", after_s=60)
            error.interface = "elsewhere"
            raise error

    fetching("huawei", refuse)
    house.add("huawei")
    house.pull("huawei")
    house.world.clock.advance(2 * 86_400)

    house.pull("huawei")

    assert block_ends(house) == timedelta(seconds=60)


# --------------------------------------------------------------------------------------------------------------------- faults
def test_a_fault_that_nobody_foresaw_holds_back_only_its_own_question(house: VendorHouse, fetching: Any) -> None:
    def break_down(request: Request) -> None:
        if request.interface == "getStationRealKpi":
            raise KeyError("the-token")

    fetching("huawei", break_down)
    house.add("huawei")

    told = house.pull("huawei")

    assert told["errors"] == ["clouds/huawei, getStationRealKpi: KeyError, see the log of the task"]
    assert told["feeds"]["huawei_fleet"] > 0
    ((attempts, reason, due_at),) = house.rows(
        "SELECT attempts, reason, due_at FROM ops.pull WHERE interface = 'getStationRealKpi'"
    )
    assert (attempts, "KeyError" in reason, "the-token" in reason) == (1, True, False)
    assert due_at == house.world.now() + timedelta(seconds=30)
    assert house.one("SELECT count(*) FROM landing.document WHERE feed = 'huawei_devices'") > 0


def test_an_answer_that_cannot_be_stored_costs_one_call_each_time(house: VendorHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house.add("huawei")
    house.pull("huawei")
    house.world.clock.advance(86_400)
    before = sum(house.calls("huawei").values()) - house.calls("huawei")["login"]

    def full(*_: Any, **__: Any) -> None:
        raise TryLater("the object store is full; make room")

    monkeypatch.setattr(ObjectStore, "put_bytes", full)
    notes = [house.pull("huawei")["note"] for _ in range(3)]

    assert sum(house.calls("huawei").values()) - house.calls("huawei")["login"] == before + 1
    assert "the object store is full" in notes[0]


def test_a_question_that_always_fails_is_given_up_while_the_vendor_answers_others(house: VendorHouse, fetching: Any) -> None:
    def fail(request: Request) -> None:
        if request.interface == "getDevHistoryKpi":
            raise TryLater("no answer; ask again")

    fetching("huawei", fail)
    house.add("huawei")
    house.pull("huawei")
    house.rows("UPDATE ops.pull SET attempts = 18 WHERE interface = 'getDevHistoryKpi' RETURNING 1")
    told = []
    for _ in range(2):
        house.world.clock.advance(6 * 3600)
        house.pull("huawei")
        told.append(house.rows("SELECT state, attempts, reason FROM ops.pull WHERE interface = 'getDevHistoryKpi'")[0])

    assert told[0][:2] == ("waiting", 19)
    assert told[1] == ("refused", 20, "given up after 20 attempts: no answer; ask again")


def test_an_interface_that_fails_for_every_plant_holds_back_no_other_one(
    warehouse_url: str, tmp_path: Path, fetching: Any
) -> None:
    def fail(request: Request) -> None:
        if request.interface == "station/latest":
            raise TryLater("a fault")

    fetching("deye", fail)
    with live_clouds(NOON, plants=3) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        house.add("deye")

        for _ in range(3):
            with contextlib.suppress(TryLater):
                house.pull("deye")
            house.world.clock.advance(TICK.total_seconds())

    assert house.rows("SELECT DISTINCT interface FROM ops.pull WHERE state = 'waiting'") == [("station/latest",)]


def test_nothing_is_given_up_while_the_vendor_is_silent(house: VendorHouse, fetching: Any) -> None:
    house.add("huawei")
    house.pull_until_done("huawei", purposes=("fleet",))
    wish = BackfillWish(date(2026, 5, 1), date(2026, 5, 1), vendor="huawei")
    order_backfill(house.settings, wish, now=house.world.now(), run_id="test")
    house.world.faults.switch_on("burst_5xx", vendor="huawei", times=0)
    house.rows("UPDATE ops.pull SET attempts = 100 WHERE state = 'waiting' RETURNING 1")
    house.world.clock.advance(7200)

    with pytest.raises(TryLater):
        house.pull("huawei")

    assert house.one("SELECT count(*) FROM ops.pull WHERE state = 'refused'") == 0


# ---------------------------------------------------------------------------------------------------------------- two at once
def test_devices_are_asked_for_though_another_run_registers_the_plants(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, is_at_work, other = register._read, threading.Event(), []

    def read_slowly(*arguments: Any) -> Any:
        is_at_work.set()
        threading.Event().wait(0.5)
        return read(*arguments)

    def register_elsewhere(settings: Any, document_id: int, **how: Any) -> Any:
        if not other:
            monkeypatch.setattr(register, "_read", read_slowly)
            other.append(threading.Thread(target=lambda: register.register_document(settings, document_id, **how)))
            other[0].start()
            assert is_at_work.wait(300)
            monkeypatch.setattr(register, "_read", read)
        return register.register_document(settings, document_id, **how)

    monkeypatch.setattr("include.steps.pull_answers.register_document", register_elsewhere)
    house.add("huawei")

    house.pull("huawei")

    other[0].join(300)
    assert house.calls("huawei")["getDevList"] == 1
    assert house.one("SELECT count(*) FROM fleet.device WHERE kind = 'inverter'") > 0


def test_a_list_that_nobody_registered_is_not_done(house: VendorHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.steps.pull_answers.register_document", lambda *_, **__: Counter())
    house.add("huawei")

    note = house.pull("huawei")["note"]

    assert "not registered yet" in note
    assert house.waiting("huawei", ("fleet",))[0] == 1


def test_a_person_who_activates_an_account_and_its_pull_do_not_lock_each_other_out(house: VendorHouse) -> None:
    house.add("huawei")
    house.pull("huawei")
    house.world.clock.advance(600)
    failures: list[BaseException] = []

    def pull() -> None:
        try:
            house.pull("huawei")
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    pulling = threading.Thread(target=pull)
    with transaction(house.settings.database_url) as connection:
        account_states.set_state(connection, house.ids["huawei"], "active", reason=None, now=house.world.now())
        pulling.start()
        pulling.join(1.5)
        pulls.take_up_again(connection, house.ids["huawei"], now=house.world.now())
    pulling.join(300)

    assert failures == []


# --------------------------------------------------------------------------------------------------------- people who act
def test_a_refusal_of_old_credentials_does_not_reject_the_new_ones(house: VendorHouse, fetching: Any) -> None:
    def correct_meanwhile(_: Request) -> None:
        house.world.clock.advance(1)
        house.add("huawei")
        raise Rejected("wrong user or system code")

    fetching("huawei", correct_meanwhile)
    house.add("huawei")

    with pytest.raises(Rejected):
        house.pull("huawei")

    assert house.one("SELECT state FROM fleet.integration") == "active"


def test_an_account_that_is_disabled_during_a_pull_is_asked_no_more(house: VendorHouse, fetching: Any) -> None:
    def disable(_: Request) -> None:
        house.world.clock.advance(1)
        set_state(house.settings, tenant="clouds", name="huawei", state="disabled", now=house.world.now())

    counts = fetching("huawei", disable)
    house.add("huawei")

    house.pull("huawei")

    assert counts == {"stations": 1}
    assert house.one("SELECT state FROM fleet.integration") == "disabled"


def test_tokens_of_other_credentials_are_not_used(house: VendorHouse) -> None:
    house.add("sungrow")
    given = {"host": house.url, **ACCOUNTS["sungrow"]}
    for credentials in (given, given, given | {"app_id": "7"}):
        house.world.clock.advance(300)
        pull_account(house.settings, house.ids["sungrow"], credentials=credentials, clock=house.clock(), run_id="test")

    assert house.calls("sungrow")["login"] == 2


def test_an_account_whose_pull_cannot_begin_goes_to_the_end_of_the_line(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.steps.pull.MOST_ACCOUNTS", 1)
    house.add("huawei", name="huawei-broken")
    house.add("huawei", name="huawei-good")

    def next_label() -> list[str]:
        return [account["label"] for account in due_accounts(house.settings, vendor="huawei", now=house.world.now())]

    assert next_label() == ["clouds/huawei-broken"]
    assert next_label() == ["clouds/huawei-good"]
    assert next_label() == []
    house.world.clock.advance(TICK.total_seconds())
    assert next_label() == ["clouds/huawei-broken"]


def test_a_plant_that_moves_to_a_newer_account_is_pulled_through_that_one(warehouse_url: str, tmp_path: Path) -> None:
    with live_clouds(NOON, plants=2) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        for name in ("huawei-old", "huawei-new"):
            house.add("huawei", name=name)
            house.pull(name)
        pulled_by = "SELECT integration_id FROM fleet.plant ORDER BY plant_id"
        old, new = house.ids["huawei-old"], house.ids["huawei-new"]
        assert house.rows(pulled_by) == [(old,), (old,)]

        house.world.clock.advance(86_400)
        house.world.faults.switch_on("plant_removed", vendor="huawei", interface="stations")
        house.pull("huawei-old")
        house.world.faults.switch_off()
        house.pull("huawei-new")

        assert house.rows(pulled_by) == [(old,), (new,)]


def test_a_plant_that_vanishes_stays_with_the_only_account(warehouse_url: str, tmp_path: Path) -> None:
    with live_clouds(NOON, plants=2) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        house.add("huawei")
        house.pull("huawei")
        house.world.clock.advance(86_400)

        house.world.faults.switch_on("plant_removed", vendor="huawei", interface="stations")
        house.pull("huawei")

    assert house.rows("SELECT DISTINCT integration_id FROM fleet.plant") == [(house.ids["huawei"],)]


# ------------------------------------------------------------------------------------------------------------- what is asked
def test_a_day_is_asked_for_when_the_devices_of_all_plants_are_known(
    warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plant_by_plant(_: Any, fleet: Any) -> list[Request]:
        return [Request("getDevList", {"stationCodes": plant.key}, "fleet") for plant in fleet.plants]

    monkeypatch.setitem(CLOUDS, "huawei", replace(CLOUDS["huawei"], device_requests=plant_by_plant))
    with live_clouds(NOON, plants=2) as clouds:
        house = build(warehouse_url, clouds, tmp_path)
        house.add("huawei")
        house.pull_until_done("huawei", purposes=("fleet",))
        house.pull("huawei")

    inverters = {key for (key,) in house.rows("SELECT device_key FROM fleet.device WHERE kind = 'inverter'")}
    asked = house.rows(
        "SELECT DISTINCT regexp_split_to_table(request -> 'asked' ->> 'devIds', ',') FROM ops.pull "
        "WHERE purpose = 'days' AND interface = 'getDevHistoryKpi'"
    )
    assert house.calls("huawei")["getDevList"] == 2
    assert inverters <= {key for (key,) in asked}


def test_alarms_take_a_quarter_of_a_long_budget_at_most() -> None:
    requests = [Request("station/alertList", {"stationId": number}, "alarms") for number in range(500)]

    assert pull_plan.pace_of_alarms(requests, [RateLimit("*", 45_000, 86_400)]) == timedelta(seconds=500 * 86_400 / 11_250)
    assert pull_plan.pace_of_alarms(requests[:5], [RateLimit("*", 45_000, 86_400)]) == timedelta(minutes=30)


def test_a_question_that_waits_speaks_for_what_was_planned_last(house: VendorHouse) -> None:
    house.add("huawei")
    requests = [Request("getKpiStationDay", {"collectTime": 1}, "plants", Span(DAY.start, DAY.end + more)) for more in
            (timedelta(days=1), timedelta(days=3), timedelta(0))]  # fmt: skip

    with transaction(house.settings.database_url) as connection:
        account = integrations.read_integration(connection, house.ids["huawei"])
        for request in requests:
            pulls.add_requests(connection, account, "days", [request], now=house.world.now())
        since = account.state_set_at
        waiting = pulls.read_next(connection, house.ids["huawei"], since=since, now=house.world.now())

    assert house.one("SELECT count(*) FROM ops.pull") == 1
    assert waiting is not None
    assert waiting.request.span == requests[1].span


def test_a_question_that_is_widened_while_it_is_asked_stays_open_for_the_rest(house: VendorHouse) -> None:
    house.add("huawei")
    now = house.world.now()
    today, wider = (Request("getKpiStationDay", {"collectTime": 1}, "plants", Span(DAY.start, DAY.end + timedelta(days=more)))
                    for more in (0, 1))  # fmt: skip
    states = []

    with transaction(house.settings.database_url) as connection:
        account = integrations.read_integration(connection, house.ids["huawei"])
        pulls.add_requests(connection, account, "days", [today], now=now)
        asked = pulls.read_next(connection, house.ids["huawei"], since=account.state_set_at, now=now)
        assert asked is not None
        pulls.postpone_request(connection, asked.pull_id, until=now, reason="once in vain")
        pulls.add_requests(connection, account, "days", [wider], now=now)
        for _ in range(2):
            pulls.end_answered(connection, [asked], now=now)
            statement = "SELECT state, attempts, reason FROM ops.pull"
            states.append(tuple(connection.execute(text(statement)).one()))
            asked = replace(asked, request=wider)

    assert states == [("waiting", 0, None), ("done", 0, None)]


def test_refusals_for_a_limit_are_counted_without_the_time_outs_before_them(house: VendorHouse) -> None:
    house.add("huawei")
    now, request = house.world.now(), Request("getDevRealKpi", {"devIds": "7"}, "devices", None, ("7",))
    postpone, told = pulls.postpone_refused_request, []
    again, anew = partial(postpone, is_again=True), partial(postpone, is_again=False)

    with transaction(house.settings.database_url) as connection:
        account = integrations.read_integration(connection, house.ids["huawei"])
        pulls.add_requests(connection, account, "now", [request], now=now)
        pull_id = connection.execute(text("SELECT pull_id FROM ops.pull")).scalar_one()
        steps = [(pulls.postpone_request, "no answer")] * 3 + [(anew, "too often"), (again, "too often at 12:01")]
        for step, reason in steps:
            step(connection, pull_id, until=now, reason=reason)
            pulls.postpone_interface(connection, account.integration_id, "*", until=now, reason="another one's")
            asked = pulls.read_next(connection, account.integration_id, since=account.state_set_at, now=now)
            assert asked is not None
            told.append((asked.attempts, asked.reason))

    assert told == [(1, "no answer"), (2, "no answer"), (3, "no answer"), (1, "too often"), (2, "too often at 12:01")]


def test_what_fails_stands_behind_what_did_not_yet_and_its_purpose_keeps_its_rank(house: VendorHouse) -> None:
    house.add("huawei")
    now = house.world.now()
    purposes = {"old": "days", "new": "days", "list": "fleet", "wish": "backfill"}
    order: list[str] = []

    with transaction(house.settings.database_url) as connection:
        account = integrations.read_integration(connection, house.ids["huawei"])
        for name, purpose in purposes.items():
            pulls.add_requests(connection, account, purpose, [Request(name, {}, "plants")], now=now)
            if name in {"old", "list"}:
                number = connection.execute(text("SELECT max(pull_id) FROM ops.pull")).scalar_one()
                pulls.postpone_request(connection, number, until=now, reason="in vain")
        while (waiting := pulls.read_next(connection, house.ids["huawei"], since=account.state_set_at, now=now)) is not None:
            order.append(waiting.request.interface)
            pulls.end_answered(connection, [waiting], now=now)

    assert order == ["list", "new", "old", "wish"]


def test_accounts_of_one_user_share_what_the_vendor_allows_and_others_do_not(house: VendorHouse) -> None:
    house.add("huawei")
    house.add("huawei", name="huawei-again")
    house.add("huawei", {"login": "another-user", "password": "x"}, name="huawei-other")
    limit = (RateLimit("stations", 1, 3600),)
    open_ = partial(open_account, house.settings, credentials=None, clock=house.clock(), fleet=PulledFleet())
    refused = []

    for name in ("huawei", "huawei-again", "huawei-other"):
        with transaction(house.settings.database_url) as connection:
            budget = open_(integrations.read_integration(connection, house.ids[name])).budget
        budget.rate_limits = limit
        try:
            budget.spend("stations")
        except RateLimited:
            refused.append(name)

    assert refused == ["huawei-again"]


def test_calls_from_before_callers_were_counted_count_from_the_first_pull_on(house: VendorHouse) -> None:
    house.add("huawei")
    house.rows(
        "INSERT INTO ops.vendor_call (integration_id, caller, interface, called_at, call_number) "
        "VALUES (:id, '', 'login', :at, 1) RETURNING 1",
        id=house.ids["huawei"],
        at=house.world.now(),
    )

    house.pull("huawei")

    assert house.rows("SELECT count(*), count(DISTINCT caller) FROM ops.vendor_call WHERE interface = 'login'") == [(2, 1)]


# ---------------------------------------------------------------------------------------------------------------- what is kept
def test_of_what_ended_lately_only_the_newest_are_kept_and_what_waits_always_is(house: VendorHouse) -> None:
    house.add("deye")
    house.rows(
        "INSERT INTO ops.pull "
        "(integration_id, purpose, priority, interface, request_key, request, state, due_at, planned_at, ended_at) "
        "SELECT :id, 'days', 4, state || number, number::text, '{}', state, :now, :now, "
        "CASE WHEN state <> 'waiting' THEN CAST(:now AS timestamptz) - number * interval '1 s' END "
        "FROM generate_series(1, 30) AS number, unnest(ARRAY['done', 'refused', 'waiting']) AS state RETURNING 1",
        id=house.ids["deye"],
        now=house.world.now(),
    )

    long_ago = house.world.now() - timedelta(days=30)
    with transaction(house.settings.database_url) as connection:
        pulls.forget_old(connection, house.ids["deye"], before=long_ago, moments_before=long_ago, most=12)

    kept = house.rows("SELECT state, count(*), max(request_key::int) FROM ops.pull GROUP BY state ORDER BY state")
    assert kept == [("done", 12, 12), ("refused", 12, 12), ("waiting", 30, 30)]


def test_answered_questions_are_forgotten_snapshots_after_a_day_and_a_backfill_like_the_rest(house: VendorHouse) -> None:
    house.add("huawei")
    kinds = [("now", "done", 2), ("now", "refused", 2), ("days", "done", 2), ("days", "done", 31), ("backfill", "done", 31)]
    for number, (purpose, state, age) in enumerate(kinds):
        house.rows(
            "INSERT INTO ops.pull "
            "(integration_id, purpose, priority, interface, request_key, request, state, due_at, planned_at, ended_at) "
            "VALUES (:id, :purpose, 1, 'old', :key, '{}', :state, :at, :at, :at) RETURNING 1",
            id=house.ids["huawei"],
            purpose=purpose,
            key=str(number),
            state=state,
            at=house.world.now() - timedelta(days=age),
        )

    house.pull("huawei")

    kept = house.rows("SELECT purpose, state FROM ops.pull WHERE interface = 'old' ORDER BY pull_id")
    assert kept == [("now", "refused"), ("days", "done")]


def test_the_next_question_is_found_by_its_index(house: VendorHouse) -> None:
    house.add("huawei")
    house.rows(
        "INSERT INTO ops.pull (integration_id, purpose, priority, interface, request_key, request, due_at, planned_at) "
        "SELECT :id, 'backfill', 5, 'history', number::text, '{}', :now, :now FROM generate_series(1, 20000) AS number "
        "RETURNING 1",
        id=house.ids["huawei"],
        now=house.world.now(),
    )
    house.rows("ANALYZE ops.pull; SELECT 1")
    now = house.world.now()
    parameters = {"integration_id": house.ids["huawei"], "since": now, "now": now, "beside": [1, 2]}

    statement = query_text("include.warehouse", "pulls")["read_next"]
    plan = "\n".join(line for (line,) in house.rows(f"EXPLAIN {statement}", **parameters))

    assert "pull_in_turn" in plan
    assert "Sort" not in plan


# --------------------------------------------------------------------------------------------------------------- what is read
def lose(house: VendorHouse, document_id: int) -> None:
    ObjectStore(house.settings.landing).delete(
        house.one("SELECT uri FROM landing.document WHERE document_id = :id", id=document_id)
    )


def test_a_document_that_is_gone_holds_back_none_of_its_batch(house: VendorHouse) -> None:
    house.add("huawei")
    house.pull("huawei")
    (batch,) = load.pending_batches(house.settings)
    lose(house, batch[0])

    (error,) = load.load_batch(house.settings, batch, now=house.world.now(), run_id="test")["errors"]

    assert error.startswith(f"document {batch[0]}: NeedsHuman: ")
    assert "is gone" in error
    assert len(batch) > 2
    assert load.pending_batches(house.settings) == [[batch[0]]]


def test_a_list_that_is_gone_holds_back_no_other_list(house: VendorHouse) -> None:
    house.add("huawei")
    house.pull("huawei")
    documents = house.rows("UPDATE landing.document SET state = 'landed' WHERE feed = 'huawei_fleet' RETURNING document_id")
    lose(house, min(documents)[0])

    (error,) = register.register_landed(house.settings, now=house.world.now(), run_id="test")["errors"]

    assert "is gone" in error
    states = house.rows("SELECT state FROM landing.document WHERE feed = 'huawei_fleet' ORDER BY document_id")
    assert states == [("landed",), ("loaded",)]


# -------------------------------------------------------------------------------------------------------------------- ratings
def held_back(house: VendorHouse) -> int:
    return int(house.one("SELECT count(*) FROM landing.quarantine WHERE 'power_within_rating' = ANY (broken_rules)"))


def rate(house: VendorHouse, *, plant: float | None, device: float | None) -> None:
    """Write ratings as if the vendor had told them."""
    said = "jsonb_set(vendor_reported, '{capacity_kwp,value}', coalesce(to_jsonb(CAST(:kw AS float8)), 'null'))"
    house.rows(f"UPDATE fleet.plant SET capacity_kwp = :kw, capacity_kw = NULL, vendor_reported = {said} RETURNING 1", kw=plant)
    house.rows("UPDATE fleet.device SET capacity_kw = :kw RETURNING 1", kw=device)


def correct_in_registry(house: VendorHouse, kind: str) -> None:
    ((key,),) = house.rows(f"SELECT min({kind}_key) FROM fleet.{kind} WHERE source = 'huawei'" + (
        " AND kind = 'inverter'" if kind == "device" else ""))  # fmt: skip
    capacity = "capacity_kw" if kind == "device" else "capacity_kwp"
    content = json.dumps({f"{kind}s": [{f"{kind}_key": key, "source": "huawei", capacity: 5000}]})
    register.register_text(house.settings, tenant="clouds", content=content, name="r.json", now=house.world.now(), run_id="test")


def wait_for_the_vendor(house: VendorHouse) -> None:
    house.world.clock.advance(86_400)
    house.pull("huawei")


@pytest.mark.parametrize(
    ("wrong", "correct"),
    [
        pytest.param({"plant": 0.001, "device": None}, lambda it: correct_in_registry(it, "plant"), id="plant in a registry"),
        pytest.param({"plant": 5000.0, "device": 0.001}, lambda it: correct_in_registry(it, "device"), id="device in a registry"),
        pytest.param({"plant": 0.001, "device": None}, wait_for_the_vendor, id="plant by its vendor"),
    ],
)  # fmt: skip
def test_rows_above_a_wrong_rating_come_back_when_it_is_corrected(
    house: VendorHouse, wrong: dict[str, float | None], correct: Callable[[VendorHouse], None]
) -> None:
    house.add("huawei")
    house.pull("huawei")
    rate(house, **wrong)
    house.load()
    held = held_back(house)

    correct(house)
    house.load()

    assert held > 0
    assert held_back(house) < held if wrong["device"] else held_back(house) == 0


def test_a_rating_that_is_corrected_during_a_load_is_the_one_that_counts(
    house: VendorHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add("huawei")
    house.pull("huawei")
    rate(house, plant=0.001, device=None)
    lock = readings.lock_tenant

    def correct_first(connection: Any, tenant_id: int) -> None:
        rate(house, plant=5000.0, device=None)
        lock(connection, tenant_id)

    with monkeypatch.context() as patched:
        patched.setattr(readings, "lock_tenant", correct_first)
        for batch in load.pending_batches(house.settings):
            load.load_batch(house.settings, batch, now=house.world.now(), run_id="test")

    assert held_back(house) > 0
    assert load.pending_batches(house.settings) != []
    house.load()
    assert held_back(house) == 0
