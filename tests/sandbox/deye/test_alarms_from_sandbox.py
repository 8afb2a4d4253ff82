"""Alarms of the served Deye Cloud are those that happened."""

from datetime import UTC, date, datetime, timedelta

from include.core.pulls import Request
from include.core.span import Span
from include.sources.clouds.deye.cloud import CLOUD
from tests.unit.sources.clouds.deye.builders import ACCOUNT, BERLIN, CONTEXT, FLEET, SAO_PAULO, SHANGHAI


def test_alarms_are_those_that_happened(clouds, account):
    span = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 16, 12, tzinfo=UTC))

    lists = [CLOUD.parse_alarms(document, CONTEXT) for document in account.landed(*CLOUD.alarm_requests(ACCOUNT, FLEET, span))]

    inverter = clouds.world.sunshine.find_inverter("2406123458")
    days = [date(2026, 2, 28) + timedelta(days=offset) for offset in range(110)]
    truth = [alarm for day in days for alarm in clouds.world.sunshine.alarms(inverter, day)]
    happened = [(a.raised_at, a.cleared_at, False) for a in truth if span.start <= a.raised_at <= span.end]
    assert [listed.plant_keys for listed in lists] == [(SAO_PAULO,), (BERLIN,), (SHANGHAI,)]
    assert [(a.raised_at, a.cleared_at, a.is_open) for a in lists[0].alarms] == happened
    assert len(happened) > 3
    assert {(a.plant_key, a.device_key, a.code, a.name, a.severity) for a in lists[0].alarms} == {
        (SAO_PAULO, "2406123458", "F35", "No grid", "major")
    }
    assert not any(listed.is_complete for listed in lists)


def test_alarms_are_walked_page_by_page(account):
    span = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 16, 12, tzinfo=UTC))
    request = CLOUD.alarm_requests(ACCOUNT, FLEET, span)[0]

    pages = account.landed(Request(request.interface, {**request.body, "size": 4}, request.kind, request.span, request.subjects))

    whole = CLOUD.parse_alarms(account.landed(request)[0], CONTEXT).alarms
    assert len(pages) > 1
    assert [alarm for page in pages for alarm in CLOUD.parse_alarms(page, CONTEXT).alarms] == whole
