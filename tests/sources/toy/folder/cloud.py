"""Toy Cloud: a vendor that lives in the tests, to try what a new vendor touches."""

from typing import Final

from include.sources.clouds.toy.account import log_in, rate_limits, sign
from include.sources.clouds.toy.alarms import parse_alarms
from include.sources.clouds.toy.calls import (
    GROUP_FIELDS,
    alarm_requests,
    day_requests,
    device_requests,
    fleet_requests,
    snapshot_requests,
)
from include.sources.clouds.toy.fetch import fetch, row_count
from include.sources.clouds.toy.fleet import parse_fleet
from include.sources.clouds.toy.readings import parse
from include.sources.clouds.toy.refusals import ENVELOPE

from include.core.vendors import VENDORS
from include.sources.clouds.cloud import Cloud

CLOUD: Final = Cloud(
    vendor=VENDORS["toy"],
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
