"""SolarEdge, Monitoring API V2: sites and their inverters, series of buckets, alerts of all sites.

Every call is a GET that costs one credit of the month; errors are an HTTP status with Problem Details. Lists of devices and
alerts are bare arrays. Times of answers carry the site's offset, spans of requests are the site's wall clock. Series name their
unit. V1 of the interface ended in November 2026.
"""

from typing import Final

from include.core.vendors import VENDORS
from include.sources.clouds.cloud import Cloud
from include.sources.clouds.solaredge.account import log_in, rate_limits, sign
from include.sources.clouds.solaredge.alarms import parse_alarms
from include.sources.clouds.solaredge.calls import (
    GROUP_FIELDS,
    alarm_requests,
    day_requests,
    device_requests,
    fleet_requests,
    snapshot_requests,
)
from include.sources.clouds.solaredge.fetch import fetch, row_count
from include.sources.clouds.solaredge.fleet import parse_fleet
from include.sources.clouds.solaredge.readings import parse
from include.sources.clouds.solaredge.refusals import classify_response

CLOUD: Final = Cloud(
    vendor=VENDORS["solaredge"],
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
