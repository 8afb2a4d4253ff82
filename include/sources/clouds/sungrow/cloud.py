"""Sungrow iSolarCloud OpenAPI.

- An app uses one of two families of interfaces: of a login, or of owners' consent by OAuth.
- Powers come in W and energies in Wh, mostly as texts; only the capacity in a list of plants has a unit of its own.
- Times are plant-local texts without an offset, so one local window serves plants of all zones.
- Every answer is HTTP 200 with `result_code` as text; a wrong password is a success with a `login_state`.
- History says nothing about a plant's current day, at most three hours a call, and both ends of a window are included.
"""

from typing import Final

from include.core.vendors import VENDORS
from include.sources.clouds.cloud import Cloud
from include.sources.clouds.sungrow.account import authorize, consent_page, log_in, rate_limits, sign
from include.sources.clouds.sungrow.alarms import parse_alarms
from include.sources.clouds.sungrow.calls import (
    alarm_requests,
    day_requests,
    device_requests,
    fleet_requests,
    snapshot_requests,
)
from include.sources.clouds.sungrow.families import GROUP_FIELDS
from include.sources.clouds.sungrow.fetch import fetch, row_count
from include.sources.clouds.sungrow.fleet import parse_fleet
from include.sources.clouds.sungrow.readings import parse
from include.sources.clouds.sungrow.refusals import ENVELOPE

CLOUD: Final = Cloud(
    vendor=VENDORS["sungrow"],
    log_in=log_in,
    authorize=authorize,
    consent_page=consent_page,
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
