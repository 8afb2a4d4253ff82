"""Growatt Open API: plants and their lists in version 1, figures of inverters in version 4, one token for both.

Answers come with HTTP 200 and a code. Times are texts of the plant's own time, days its dates; no answer names a unit. What may
be asked again in five minutes is counted by question in version 1, and, as far as anybody knows, by interface in version 4.
"""

from typing import Final

from include.core.vendors import VENDORS
from include.sources.clouds.cloud import Cloud
from include.sources.clouds.growatt.account import log_in, rate_limits, sign
from include.sources.clouds.growatt.alarms import parse_alarms
from include.sources.clouds.growatt.calls import (
    GROUP_FIELDS,
    alarm_requests,
    day_requests,
    device_requests,
    fleet_requests,
    snapshot_requests,
)
from include.sources.clouds.growatt.fetch import fetch, row_count
from include.sources.clouds.growatt.fleet import parse_fleet
from include.sources.clouds.growatt.readings import parse
from include.sources.clouds.growatt.refusals import classify_response

CLOUD: Final = Cloud(
    vendor=VENDORS["growatt"],
    log_in=log_in,
    authorize=None,
    consent_page=None,
    sign=sign,
    classify_response=classify_response,
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
