"""What is special about SolarEdge: a key instead of a log-in, credits, spans of the wall clock, and two meanings of a 429."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from include.core.errors import TryLater
from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span
from include.sources.clouds.document import TOP_LIST, pack
from include.sources.clouds.errors import QuotaExhausted, RateLimited, Rejected, TokenRejected
from include.sources.clouds.http import Reply
from include.sources.clouds.solaredge.cloud import CLOUD
from include.sources.formats.context import ParseContext
from tests.unit.sources.clouds.fakes import PreparedSession

INVERTERS = tuple(PulledDevice(serial, "7", "INVERTER") for serial in ("7E1", "7E2"))
BERLIN = PulledFleet((PulledPlant("7", "Europe/Berlin"),), INVERTERS)
TOO_MANY = json.dumps({"title": "Too Many Requests", "status": 429}).encode()


def telemetry(day: date) -> list[Request]:
    requests = CLOUD.day_requests({}, BERLIN, day, day, False)
    return [request for request in requests if request.kind == "devices"]


def test_the_key_is_the_token_and_nothing_is_called_for_it() -> None:
    tokens = CLOUD.log_in(None, {"api_key": " key-1 "}, None)
    call = CLOUD.sign("sites/energy", {"siteId": "7/../8?x", "from": "2026-05-01T00:00:00"}, {}, tokens)

    assert (call.method, call.headers) == ("GET", {"X-API-Key": "key-1"})
    assert call.path == "/v2/sites/7%2F..%2F8%3Fx/energy?from=2026-05-01T00%3A00%3A00"


@pytest.mark.parametrize("given", [{}, {"api_key": " "}, {"api_key": "schlüssel"}, {"api_key": "k", "monthly_credits": "2k"}])
def test_an_account_without_a_key_or_with_credits_that_are_no_number_is_rejected(given: dict[str, str]) -> None:
    with pytest.raises(Rejected, match="enter"):
        CLOUD.log_in(None, given, None)


@pytest.mark.parametrize(("month", "a_day"), [("", 64), ("2000", 64), ("100000", 3225), ("1", 1), ("0", 64), ("-5", 64)])
def test_each_day_has_its_share_of_the_plans_credits(month: str, a_day: int) -> None:
    limits = CLOUD.rate_limits({"monthly_credits": month}, BERLIN)

    assert [(limit.calls, limit.window_s) for limit in limits] == [(10, 65), (a_day, 86_400)]


def test_an_hour_of_the_running_day_that_is_told_twice_counts_once() -> None:
    hours = [("2026-06-14T10:00:00+02:00", 1000), ("2026-06-14T11:00:00+02:00", 2000), ("2026-06-14T10:00:00+02:00", 1000)]
    values = [{"timestamp": at, "value": energy} for at, energy in hours]
    body = {"period": {}, "unit": "WH", "resolution": "HOUR", "values": values}
    request = Request("sites/energy", {"siteId": "7", "resolution": "HOUR", "unit": "WH"}, "plants", None, ("7",))

    pieces = CLOUD.parse(pack("solaredge", request, json.dumps(body).encode()), ParseContext(ZoneInfo("Europe/Berlin"), "x"))

    assert [float(value) for piece in pieces for value in piece.frame["value"]] == [3.0]


def test_a_time_of_the_repeated_hour_without_an_offset_is_held_back_in_the_words_of_the_sites_own_zone() -> None:
    night = Span(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 7, tzinfo=UTC))
    request = Request("sites/inverters/telemetry", {"siteId": "7", "resolution": "QUARTER_HOUR"}, "devices", night, ("7E1",))
    values = [{"timestamp": f"2026-10-25T02:{minute}:00", "value": 50.0} for minute in (15, 30)]
    body = {"inverters": {"7E1": {"frequency": {"unit": "HERTZ", "resolution": "QUARTER_HOUR", "values": values}}}}
    context = ParseContext(ZoneInfo("America/Sao_Paulo"), "x", zones={"7": ZoneInfo("Europe/Berlin")})

    pieces = CLOUD.parse(pack("solaredge", request, json.dumps(body).encode()), context)
    told = [fault.detail for piece in pieces for faults in piece.frame["faults"] for fault in faults]

    assert [detail.partition(":00: ")[0] for detail in told] == [
        "ambiguous local time 2026-10-25 02:00",  # a frequency's time is the end of its quarter of an hour
        "ambiguous local time 2026-10-25 02:15",
    ]
    assert all("(Europe/Berlin)" in detail for detail in told)


def test_a_day_is_asked_for_in_halves_that_the_vendor_allows() -> None:
    asked = [(request.body["from"], request.body["to"]) for request in telemetry(date(2026, 6, 14))]

    assert asked == [("2026-06-14T00:00:00", "2026-06-14T11:59:59"), ("2026-06-14T12:00:00", "2026-06-14T23:59:59")]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_where_the_clock_changes_no_part_is_longer_than_twelve_hours_however_they_are_counted(day: date, hours: int) -> None:
    spans = [request.span for request in telemetry(day) if request.span]

    assert sum((span.end - span.start for span in spans), timedelta()) == timedelta(hours=hours)
    assert all(span.end - span.start <= timedelta(hours=9) for span in spans)
    assert all(earlier.end == later.start for earlier, later in pairwise(spans))


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"X-RateLimit-Remaining-Minute": "9"}, QuotaExhausted),
        ({"x-ratelimit-remaining-minute": "0", "Retry-After": "17"}, RateLimited),
        ({}, RateLimited),
        ({"x-ratelimit-remaining-minute": "many"}, RateLimited),
    ],
)
def test_a_429_means_the_month_only_where_the_minute_has_calls_left(headers: dict[str, str], kind: type) -> None:
    with pytest.raises(RateLimited) as caught:
        CLOUD.classify_response("sites", Reply(429, headers, TOO_MANY))

    assert type(caught.value) is kind
    assert caught.value.after_s == (17.0 if "Retry-After" in headers else None if kind is QuotaExhausted else 60.0)


def test_a_401_of_a_gateway_in_html_is_no_word_of_the_vendors_about_the_key() -> None:
    with pytest.raises(TokenRejected):
        CLOUD.classify_response("sites", Reply(401, {}, b"<html>Unauthorized</html>"))


def test_an_object_where_a_list_belongs_is_asked_again() -> None:
    session = PreparedSession(CLOUD, {}, b'{"sites": null}', b'{"siteId": 7}')

    for interface, body in (("sites", {"page": 1, "sites-in-page": 2}), ("sites/devices", {"siteId": "7"})):
        with pytest.raises(TryLater):
            CLOUD.fetch(session, Request(interface, body, "fleet"))


def test_rows_are_counted_where_the_answer_has_them() -> None:
    assert CLOUD.row_count("alerts", {TOP_LIST: [1, 2]}) == 2
    assert CLOUD.row_count("sites", {"sites": {"site": [{}]}}) == 1
    assert CLOUD.row_count("sites/energy", {"values": [{"value": None}, {"value": 0}]}) == 1
