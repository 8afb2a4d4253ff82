"""Every kind of fault at every vendor: once it is over, a plain retry brings exactly the data of a run that never met it.

Two houses pull the same world day by day, one of them through faults: in the long form through one a day, in the short form
through all that refuse an answer, one after the other, and on another day through all that bend answers. Faults between pages
need lists of many pages and are tried beside the vendors' own lists; a change of the clocks has a day of its own below.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.steps import pull_plan
from include.steps.integrations import list_integrations, set_state
from sandbox.fault_kinds import KINDS
from sandbox.faults import Fault
from tests.conftest import live_clouds
from tests.warehouse.vendor_house import CLOUD_NAMES, VendorHouse, build, expect_ours

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

FIRST_NOON = datetime(2026, 4, 2, 12, tzinfo=UTC)
ELSEWHERE = {
    "dst_hour": "a day of a clock change",
    "repeated_page": "lists of many pages",
    "missing_page": "lists of many pages",
    "token_expires_mid_page": "lists of many pages",
    **dict.fromkeys(
        (
            "unexplained_code",
            "unauthorized_401",
            "bad_token_500",
            "access_ended",
            "members_unknown",
            "nothing_told",
            "login_in_other_words",
            "password_in_code",
            "consent_ended",
            "permission_lost",
            "key_ended",
        ),
        "the states of an account",
    ),
    "device_removed": "what three lists lack",
    **dict.fromkeys(("upload_4_hours_late", "upload_20_days_late"), "late uploads"),
    **dict.fromkeys(
        (
            "yesterdays_total",
            "falling_day_energy",
            "zero_counter",
            "lower_counter",
            "stale_realtime",
            "one_bad_member",
            "one_site_too_frequent",
        ),
        "what was seen in the field",
    ),
}
OF_THEIR_OWN = {("deye", "burst_5xx"), ("huawei", "empty_body"), ("huawei", "too_frequent"), ("sungrow", "quota_gone")}
"""What follows differs from the other vendors. Elsewhere it is the same, and one vendor stands for all."""


def _cases() -> Iterator[Any]:
    """Each fault at one vendor, those of a vendor together; then each at every vendor, alone."""
    tried = [kind for kind in KINDS.values() if kind.name not in ELSEWHERE]
    for vendor in CLOUD_NAMES:
        own = [
            kind
            for place, kind in enumerate(tried)
            if vendor == kind.vendors[place % len(kind.vendors)] or (vendor, kind.name) in OF_THEIR_OWN
        ]
        for way, bends in {"refused": False, "bent": True}.items():
            faults = [kind.name for kind in own if (kind.on_answer is not None) == bends]
            yield pytest.param(vendor, faults, id=f"{vendor}-{way}")
        for kind in tried:
            if vendor in kind.vendors:
                yield pytest.param(vendor, [kind.name], id=f"{vendor}-{kind.name}", marks=pytest.mark.torture)


CREDENTIALS = {"solaredge": {"api_key": "solaredge-demo-key", "monthly_credits": "20000"}}
"""An account whose credits are enough for the faults of a day."""

SNAPSHOTS = ("getStationRealKpi", "getDevRealKpi", "station/latest", "device/latest", "getDeviceRealTimeData", "queryLastData")
"""A snapshot that was missed or wrong stays so: its moment cannot be asked for again. A history of it counts."""

TOLD_OF_A_DAY = (
    "SELECT coalesce(d.device_key, p.plant_key) || ' ' || s.quantity, told.measured_at, told.said, o.original_name, "
    "o.received_at FROM ("
    " SELECT series_id, document_id, measured_at, value::text AS said FROM mart.reading"
    " UNION ALL SELECT series_id, document_id, happened_at, state FROM mart.state_event"
    ") AS told JOIN fleet.series AS s USING (series_id) LEFT JOIN fleet.device AS d USING (device_id) "
    "LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id JOIN landing.document AS o ON o.document_id = told.document_id "
    "WHERE (told.measured_at AT TIME ZONE :zone)::date = :day"
)
AFTER_CLOCK_CHANGE = datetime(2026, 3, 30, 12, tzinfo=UTC)
CLOCK_CHANGE = date(2026, 3, 29)
WRITES_TIMES_ITS_OWN_WAY = ("sungrow", "huawei")
"""Local text, and instants as the others."""

A_DAY = timedelta(days=1, minutes=10)
A_WHILE = timedelta(minutes=10)


@dataclass
class Pair:
    """The same account twice: `tried` meets the faults, `spared` does not. One plant, one day pulled at a time."""

    vendor: str
    tried: VendorHouse
    spared: VendorHouse
    noon: datetime = FIRST_NOON

    def next_day(self) -> date:
        """Put both clocks to the next noon (UTC), and a little later than what was asked daily; returns the local day before."""
        self.noon += A_DAY
        for house in (self.tried, self.spared):
            house.world.clock.advance((self.noon - house.world.now()).total_seconds())
        return (self.noon - timedelta(days=1)).date()

    def pull_all(self, house: VendorHouse) -> None:
        house.pull_until_done(self.vendor, purposes=("fleet", "days", "alarms"))
        house.load()


def told_of(house: VendorHouse, day: date, zone: str) -> dict[tuple[str, datetime], tuple[str, datetime | None]]:
    """What each reading and state of a local day says, and when it was received where a snapshot told it."""
    rows = house.rows(TOLD_OF_A_DAY, day=day, zone=zone)
    return {(series, at): (said, received if name.endswith(SNAPSHOTS) else None) for series, at, said, name, received in rows}


def assert_same_day(tried: VendorHouse, spared: VendorHouse, day: date, zone: str, *, spoilt_at: datetime | None = None) -> None:
    """The same readings, but for snapshots that were received while another fault was on."""
    one, other = told_of(tried, day, zone), told_of(spared, day, zone)
    assert len(other) > 300
    differing = {key: (one[key], other[key]) for key in one.keys() & other.keys() if one[key][0] != other[key][0]}
    # The energy of the running month stands at its first instant, as of the moment at which each house asked.
    running = {key for key in differing if key[0].endswith(" energy_month_kwh") and one[key][1] and other[key][1]}
    spoilt = running | {
        key for key, ((_, at), _) in differing.items() if at and spoilt_at and spoilt_at <= at < spoilt_at + A_WHILE
    }
    assert {key: told for key, told in differing.items() if key not in spoilt} == {}
    apart = {key: (one | other)[key] for key in one.keys() ^ other.keys()}
    assert {key: told for key, told in apart.items() if not told[1]} == {}


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest, new_warehouse: Callable[[], str], tmp_path_factory: Any) -> Iterator[Pair]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(pull_plan, "PULLED_AGAIN", 1)
        houses = []
        for _ in range(2):
            clouds = stack.enter_context(live_clouds(FIRST_NOON, plants=1))
            house = build(new_warehouse(), clouds, tmp_path_factory.mktemp("house"))
            house.add(request.param, CREDENTIALS.get(request.param))
            houses.append(house)
        made = Pair(request.param, *houses)
        for house in houses:
            made.pull_all(house)
        yield made


@pytest.mark.parametrize(("pair", "faults"), list(_cases()), indirect=["pair"], scope="module")
def test_after_a_fault_a_plain_retry_brings_what_a_run_without_it_brought(pair: Pair, faults: list[str]) -> None:
    tried, vendor = pair.tried, pair.vendor
    day = pair.next_day()
    pair.pull_all(pair.spared)

    hits = {fault: meet(tried, vendor, fault).hits for fault in faults}
    tried.load()
    pair.pull_all(tried)

    assert [fault for fault in faults if not hits[fault]] == [], "these never hit"
    assert_same_day(tried, pair.spared, day, "America/Sao_Paulo", spoilt_at=pair.noon - A_DAY)
    assert tried.rows("SELECT alarm_key FROM mart.alarm ORDER BY 1") == pair.spared.rows(
        "SELECT alarm_key FROM mart.alarm ORDER BY 1"
    )
    (told,) = list_integrations(tried.settings, now=tried.world.now())
    assert (told["state"], told["blocked"]) == ("active", [])
    assert tried.one("SELECT count(*) FROM landing.document WHERE state = 'landed'") == 0
    assert tried.refusals(vendor) == 0


def meet(house: VendorHouse, vendor: str, fault: str) -> Fault:
    """Pull through a fault, then have a person take the account up again."""
    kind = KINDS[fault]
    if kind.calls == "logins":
        house.world.tokens.end_all()
    switched_on = house.world.faults.switch_on(fault, vendor=vendor, seconds=0.2)
    for _ in range(3):
        with expect_ours():
            house.pull(vendor)
        house.world.clock.advance(120)
        if kind.on_answer and switched_on.hits:
            break
    house.world.faults.switch_off()
    set_state(house.settings, tenant="clouds", name=vendor, state="active", now=house.world.now())
    return switched_on


@pytest.mark.parametrize(
    "vendor", [pytest.param(name, marks=() if name in WRITES_TIMES_ITS_OWN_WAY else pytest.mark.torture) for name in CLOUD_NAMES]
)
def test_a_vendor_that_misses_a_clock_change_is_corrected_by_the_next_pull(
    new_warehouse: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    monkeypatch.setattr(pull_plan, "PULLED_AGAIN", 1)
    with contextlib.ExitStack() as stack:
        tried, spared = (
            build(new_warehouse(), stack.enter_context(live_clouds(AFTER_CLOCK_CHANGE, plants=2)), tmp_path / name)
            for name in ("tried", "spared")
        )
        for house in (tried, spared):
            house.add(vendor)
        switched_on = tried.world.faults.switch_on("dst_hour", vendor=vendor)
        for house in (tried, spared):
            house.pull_until_done(vendor)
            house.load()

        assert switched_on.hits > 0
        assert told_of(tried, CLOCK_CHANGE, "Europe/Berlin") != told_of(spared, CLOCK_CHANGE, "Europe/Berlin")
        tried.world.faults.switch_off()
        set_state(tried.settings, tenant="clouds", name=vendor, state="active", now=tried.world.now())
        tried.pull_until_done(vendor)
        tried.load()

        assert_same_day(tried, spared, CLOCK_CHANGE, "Europe/Berlin")
