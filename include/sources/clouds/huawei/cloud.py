"""Huawei FusionSolar, northbound interface `/thirdData/*`.

Every call is a POST; errors come with HTTP 200 and a `failCode`. Ids are one comma-joined text. Times are epoch milliseconds. A
plant's key that ends in `_power` is energy [kWh]; power of inverters is in kW, of meters and batteries in W. An API user has one
session: another program with the same user ends ours.
"""

from typing import Final

from include.core.vendors import VENDORS
from include.sources.clouds.cloud import Cloud
from include.sources.clouds.huawei.account import log_in, rate_limits, sign
from include.sources.clouds.huawei.alarms import parse_alarms
from include.sources.clouds.huawei.calls import (
    GROUP_FIELDS,
    alarm_requests,
    day_requests,
    device_requests,
    fleet_requests,
    snapshot_requests,
)
from include.sources.clouds.huawei.fetch import fetch, row_count
from include.sources.clouds.huawei.fleet import parse_fleet
from include.sources.clouds.huawei.readings import parse
from include.sources.clouds.huawei.refusals import ENVELOPE

CLOUD: Final = Cloud(
    vendor=VENDORS["huawei"],
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
