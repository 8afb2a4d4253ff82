"""An account never lies about its state: what is refused is told with its reason within an hour, and then asked rarely."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.core.pulls import TICK
from include.steps.integrations import list_integrations, try_integration
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import OAUTH, VendorHouse, build, expect_ours, leave_history_out

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)
ASKED_EVERY = {"solaredge": AN_HOUR}
"""How long after its lists an account is asked next, where that is not at once."""

LOGINS = {"huawei": "login", "sungrow": "login", "deye": "account/token"}


@pytest.fixture
def house(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorHouse]:
    """Clouds with one plant each."""
    leave_history_out(monkeypatch)
    with live_clouds(NOON, plants=1) as clouds:
        yield build(warehouse_url, clouds, tmp_path)


def run_for(house: VendorHouse, name: str, length: timedelta, *, most: int = 400) -> None:
    """Pull the account whenever it is due, as the DAG does, and fail where it is due too often."""
    ends = house.world.now() + length
    for _ in range(most):
        next_at = house.one("SELECT next_due_at FROM fleet.integration WHERE integration_id = :id", id=house.ids[name])
        ticks = max(1, -(-(next_at - house.world.now()) // TICK))
        if house.world.now() + ticks * TICK > ends:
            house.world.clock.advance((ends - house.world.now()).total_seconds())
            return
        house.world.clock.advance((ticks * TICK).total_seconds())
        if not house.is_due(name):
            if state_of(house)["state"] == "rejected":
                return
            continue
        with expect_ours():
            house.pull(name)
    raise AssertionError(f"{name} was asked more than {most} times in {length}")


def state_of(house: VendorHouse) -> dict[str, Any]:
    (told,) = list_integrations(house.settings, now=house.world.now())
    return told


def calls_since(house: VendorHouse, since: datetime, interface: str = "%") -> int:
    """Calls that were made, those that a fault answered too."""
    statement = "SELECT count(*) FROM ops.vendor_call WHERE called_at > :since AND interface LIKE :interface"
    return int(house.one(statement, since=since, interface=interface))


REFUSED_ALTOGETHER = [
    pytest.param("huawei", "access_ended", "20056", id="the owner has ended the access"),
    pytest.param("huawei", "members_unknown", "20007", id="the plants are not the user's any more"),
    pytest.param("huawei", "permission_lost", "20008", id="no plant is listed and every device refused"),
    pytest.param("huawei", "nothing_told", "without a row", id="success and no row, Huawei"),
    pytest.param("deye", "nothing_told", "without a row", id="success and no row, Deye"),
    pytest.param("sungrow", "nothing_told", "without a row", id="success and no row, Sungrow"),
    pytest.param("deye", "unauthorized_401", "HTTP 401", id="a plain 401"),
    pytest.param("sungrow", "unexplained_code", "E777 (a code that is not known: er_new)", id="a code of no document"),
    pytest.param("sungrow", "no_permission", "E900", id="no interface is permitted"),
    pytest.param("huawei", "token_expires", "another program", id="every token ends at once"),
    pytest.param("solaredge", "permission_lost", "403", id="no site may be seen any more"),
    *(
        pytest.param(vendor, fault, reason, id=f"{vendor}, {fault}", marks=pytest.mark.torture)
        for vendor, fault, reason in (
            ("huawei", "unauthorized_401", "HTTP 401"),
            ("sungrow", "unauthorized_401", "HTTP 401"),
            ("solaredge", "unauthorized_401", "HTTP 401"),
            ("sungrow", "permission_lost", "E900"),
            ("deye", "permission_lost", "2101023"),
            ("deye", "members_unknown", "2101031"),
            ("solaredge", "members_unknown", "404"),
            ("solaredge", "nothing_told", "without a row"),
            ("huawei", "unexplained_code", "99999"),
            ("deye", "unexplained_code", "9999999"),
            ("solaredge", "unexplained_code", "422"),
            ("growatt", "unauthorized_401", "HTTP 401"),
            ("growatt", "permission_lost", "10011"),
            ("growatt", "members_unknown", "10002"),
            ("growatt", "nothing_told", "without a row"),
            ("growatt", "unexplained_code", "999"),
        )
    ),
]


@pytest.mark.parametrize(("vendor", "fault", "reason"), REFUSED_ALTOGETHER)
def test_an_account_that_is_refused_altogether_says_so_within_an_hour(
    house: VendorHouse, vendor: str, fault: str, reason: str
) -> None:
    house.add(vendor)
    house.pull_until_done(vendor, purposes=("fleet",))
    house.world.faults.switch_on(fault, vendor=vendor, times=0)

    within = AN_HOUR + ASKED_EVERY.get(vendor, timedelta(0)) + 2 * TICK
    run_for(house, vendor, within)

    told = state_of(house)
    assert told["state"] == "needs attention"
    assert reason in told["reason"]
    assert told["state_since"] - NOON <= within


@pytest.mark.parametrize(("vendor", "fault"), [("huawei", "access_ended"), ("deye", "unauthorized_401")])
def test_an_account_that_needs_attention_is_asked_rarely_and_is_active_again_when_figures_come(
    house: VendorHouse, vendor: str, fault: str
) -> None:
    house.add(vendor)
    house.world.faults.switch_on(fault, vendor=vendor, times=0)
    run_for(house, vendor, AN_HOUR + 2 * TICK)
    told, since = state_of(house), house.world.now()

    run_for(house, vendor, timedelta(days=1))

    assert told["state"] == "needs attention"
    assert calls_since(house, since) <= 40
    assert calls_since(house, since, LOGINS[vendor]) <= 12
    assert state_of(house)["state_since"] == told["state_since"]

    house.world.faults.switch_off()
    for _ in range(26):
        run_for(house, vendor, AN_HOUR)
        if (recovered := state_of(house))["state"] == "active":
            break
    assert (recovered["state"], recovered["reason"], recovered["blocked"]) == ("active", None, [])
    house.pull(vendor)
    assert house.one("SELECT count(*) FROM landing.document WHERE feed = :feed", feed=f"{vendor}_devices") > 0


@pytest.mark.parametrize("vendor", ["huawei", "sungrow", "deye"])
def test_a_login_that_is_refused_in_words_of_no_document_rejects_after_three(house: VendorHouse, vendor: str) -> None:
    house.world.faults.switch_on("login_in_other_words", vendor=vendor)
    house.add(vendor)

    house.is_due(vendor)
    with expect_ours():
        house.pull(vendor)
    assert state_of(house)["state"] == "active", "one may be a bad minute of the vendor"
    run_for(house, vendor, timedelta(days=1))

    told = state_of(house)
    assert told["state"] == "rejected"
    assert "3 log-ins in a row were refused" in told["reason"]
    assert calls_since(house, NOON - AN_HOUR) == 3


def test_a_login_that_is_let_in_again_starts_the_count_anew(house: VendorHouse) -> None:
    house.add("deye")
    for _ in range(2):
        house.world.faults.switch_on("login_in_other_words", vendor="deye", times=2)
        house.world.tokens.end_all("deye")
        for minutes in (6, 11, 61):
            house.world.clock.advance(minutes * 60)
            with expect_ours():
                house.pull("deye")

    assert [fault["left"] for fault in house.world.faults.told()] == [0, 0]
    assert state_of(house)["state"] == "active"


@pytest.mark.parametrize(
    ("vendor", "fault", "reason"),
    [
        ("deye", "password_in_code", "Incorrect password"),
        ("sungrow", "consent_ended", "helio integration authorize"),
        ("solaredge", "key_ended", "the API key is unknown, expired or revoked"),
    ],
)
def test_a_login_that_is_refused_for_a_known_reason_rejects_at_once(
    house: VendorHouse, vendor: str, fault: str, reason: str
) -> None:
    house.add(vendor)
    house.world.faults.switch_on(fault, vendor=vendor)

    with expect_ours():
        house.pull(vendor)

    told = state_of(house)
    assert told["state"] == "rejected"
    assert reason in told["reason"]
    assert calls_since(house, NOON - AN_HOUR) == 1


def test_a_500_that_means_a_bad_token_costs_one_new_login(house: VendorHouse) -> None:
    house.add("deye")
    house.pull_until_done("deye", purposes=("fleet",))
    house.world.clock.advance(600)
    logins = calls_since(house, NOON - AN_HOUR, "account/token")
    house.world.faults.switch_on("bad_token_500", vendor="deye")

    house.pull("deye")

    assert calls_since(house, NOON - AN_HOUR, "account/token") == logins + 1
    assert state_of(house)["last_reason"] is None


def test_a_cloud_that_is_down_for_hours_is_an_outage_and_for_a_day_needs_attention(house: VendorHouse) -> None:
    house.add("sungrow")
    house.pull_until_done("sungrow", purposes=("fleet",))
    house.world.faults.switch_on("html_login_page", vendor="sungrow", times=0)

    for hours in (1, 2, 17):
        house.world.clock.advance(hours * 3600)
        with expect_ours():
            house.pull("sungrow")
    assert state_of(house)["state"] == "active"
    assert "no JSON object" in state_of(house)["last_reason"]

    house.world.clock.advance(5 * 3600)
    with expect_ours():
        house.pull("sungrow")
    assert state_of(house)["state"] == "needs attention"


def test_a_refusal_among_figures_is_no_trouble_of_the_account(house: VendorHouse) -> None:
    house.add("deye")
    house.pull_until_done("deye", purposes=("fleet",))
    house.world.faults.switch_on("no_permission", vendor="deye", interface="station/alertList")
    house.world.faults.switch_on("members_unknown", vendor="deye", interface="device/latest")

    run_for(house, "deye", AN_HOUR + 2 * TICK)

    told = state_of(house)
    assert (told["state"], told["troubled_at"] is None or told["troubled_at"] >= told["figures_at"]) == ("active", True)
    assert "2101" in told["last_reason"]


def test_an_account_that_lists_no_plant_says_so(house: VendorHouse) -> None:
    house.world.faults.switch_on("nothing_told", vendor="deye")
    house.add("deye")

    run_for(house, "deye", AN_HOUR + 2 * TICK)

    told = state_of(house)
    assert told["state"] == "needs attention"
    assert "answered station/list without a row" in told["reason"]


def test_an_owner_who_never_consented_is_told_at_the_first_pull(house: VendorHouse) -> None:
    house.add("sungrow", {**OAUTH}, name="owners")

    with expect_ours():
        house.pull("owners")

    assert "helio integration authorize" in state_of(house)["reason"]


def test_a_test_that_lists_plants_takes_an_account_in_need_up_again(house: VendorHouse) -> None:
    house.add("deye")
    house.pull_until_done("deye", purposes=("fleet",))
    house.world.faults.switch_on("unauthorized_401", vendor="deye", times=0)
    run_for(house, "deye", AN_HOUR + 2 * TICK)
    house.world.faults.switch_off()

    try_integration(house.settings, tenant="clouds", name="deye", clock=house.world.now)

    assert state_of(house)["state"] == "active"
    assert house.is_due("deye")
