"""Deye's account, fleet and landed answers, as small as a test needs them, and what is read of them."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import day_span
from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.document import pack
from include.sources.formats.context import ParseContext

ACCOUNT = {"login": "a@example.org", "password": "deyepass", "app_id": "201911067156002", "app_secret": "deyesecret"}
SAO_PAULO, BERLIN, SHANGHAI = "61123456", "61123457", "61123458"
ZONES = {SAO_PAULO: "America/Sao_Paulo", BERLIN: "Europe/Berlin", SHANGHAI: "Asia/Shanghai"}
INVERTERS = {
    SAO_PAULO: range(2406123456, 2406123459),
    BERLIN: range(2406123459, 2406123461),
    SHANGHAI: range(2406123461, 2406123463),
}
FLEET = PulledFleet(
    plants=tuple(PulledPlant(key, zone) for key, zone in ZONES.items()),
    devices=tuple(PulledDevice(str(sn), plant, "INVERTER") for plant, serials in INVERTERS.items() for sn in serials),
)
CONTEXT = ParseContext(ZoneInfo("UTC"), "answer", zones={key: ZoneInfo(zone) for key, zone in ZONES.items()})
SPAN = day_span(date(2026, 6, 15), ZoneInfo("Europe/Berlin"))
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
NOON_S = 1781524800
BROKEN = b'{"status":500,"exception":"java.lang.reflect.UndeclaredThrowableException"}'


def ok(**payload):
    return json.dumps({"code": "1000000", "msg": "success", "success": True, **payload}).encode()


def refusal(code, message="no"):
    return json.dumps({"code": code, "msg": message, "success": False}).encode()


def landed(interface, payload, kind="devices", subjects=("7",), span=None, **body):
    """A landed answer with these fields beside the code, or with these bytes."""
    return pack("deye", Request(interface, body, kind, span, subjects), payload if isinstance(payload, bytes) else ok(**payload))


def point(key, value, unit=None):
    return {"key": key, "value": value, "unit": unit}


def frames(*items, time=NOON_S, span=SPAN):
    """A landed history of the device 7: one frame."""
    return landed("device/historyRaw", {"deviceSn": "7", "dataList": [{"time": time, "itemList": list(items)}]}, span=span)


def station(**row):
    """A landed answer of the station 5 now."""
    return landed("station/latest", {"lastUpdateTime": float(NOON_S), **row}, kind="plants", subjects=("5",), stationId=5)


def rows(*documents):
    return [row for document in documents for piece in CLOUD.parse(document, CONTEXT) for row in piece.frame.itertuples()]


def readings(*documents):
    """{(subject, quantity): {instant: value}}; states as texts."""
    found = defaultdict(dict)
    for row in rows(*documents):
        found[row.subject, row.quantity][row.measured_at.to_pydatetime()] = row.state or row.value
    return dict(found)
