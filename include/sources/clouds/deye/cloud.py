"""Deye Cloud v1.0: stations and their devices, five-minute frames, energies of days and months, alarms.

Every call is a POST; errors come with HTTP 200 and a `code`. Station fields carry no unit (power is W, energy kWh); device points
carry one, which is trusted. Instants are epoch seconds as number or text, days are dates of the station's own zone.
"""

from typing import Final

from include.core.vendors import VENDORS
from include.sources.clouds.cloud import Cloud
from include.sources.clouds.deye.account import log_in, rate_limits, sign
from include.sources.clouds.deye.alarms import parse_alarms
from include.sources.clouds.deye.calls import (
    GROUP_FIELDS,
    alarm_requests,
    day_requests,
    device_requests,
    fleet_requests,
    snapshot_requests,
)
from include.sources.clouds.deye.fetch import fetch, row_count
from include.sources.clouds.deye.fleet import parse_fleet
from include.sources.clouds.deye.readings import parse
from include.sources.clouds.deye.refusals import ENVELOPE

CLOUD: Final = Cloud(
    vendor=VENDORS["deye"],
    log_in=log_in,
    authorize=None,
    consent_page=None,
    sign=sign,
    classify_response=ENVELOPE.classify_response,
    rate_limits=rate_limits,
    fleet_requests=fleet_requests,
    device_requests=device_requests,
    snapshot_requests=snapshot_requests,
    alarm_requests=alarm_requests,
    day_requests=day_requests,
    fetch=fetch,
    row_count=row_count,
    group_fields=GROUP_FIELDS,
    parse=parse,
    parse_fleet=parse_fleet,
    parse_alarms=parse_alarms,
)
