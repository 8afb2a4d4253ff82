"""Alarms of the served FusionSolar."""

from datetime import date, timedelta

from include.core.span import Span
from include.sources.clouds.huawei.cloud import CLOUD
from tests.sandbox.huawei.live import fleet_of
from tests.unit.sources.clouds.huawei.builders import CONTEXT, CREDENTIALS, NOW, ZONES, ms


def test_the_sandboxs_alarm_is_listed_while_it_is_active(clouds, account):
    sunshine = clouds.world.sunshine
    own = sunshine.find_inverter("1000000035350466")
    alarm = next(alarm for ahead in range(90) for alarm in sunshine.alarms(own, date(2026, 6, 17) + timedelta(days=ahead)))
    now = alarm.raised_at + timedelta(minutes=10)
    clouds.world.clock.advance((now - NOW).total_seconds())
    requests = CLOUD.alarm_requests(CREDENTIALS, fleet_of(clouds.world), Span(now - timedelta(days=2), now))

    (document,) = account.landed(requests)
    listed = CLOUD.parse_alarms(document, CONTEXT)

    (one,) = listed.alarms
    assert (one.plant_key, one.device_key, one.code, one.name) == (own.plant_key, None, "2032", "Grid Loss")
    assert one.device_serial == "HV2140000002"
    assert (one.severity, one.raised_at, one.cleared_at, one.is_open) == ("major", alarm.raised_at, None, True)
    assert one.advice == "Check the AC breaker."
    assert one.key == f"NE=50331701/HV2140000002/2032/{ms(alarm.raised_at)}"
    assert (listed.plant_keys, listed.is_complete) == (tuple(ZONES), True)
