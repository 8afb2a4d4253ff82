"""Huawei's fleets, replies and landed answers, as small as a test needs them, and what is read of them."""

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span, day_span
from include.sources.clouds.document import pack
from include.sources.clouds.http import Reply
from include.sources.clouds.huawei.cloud import CLOUD
from include.sources.formats.context import ParseContext

CREDENTIALS = {"login": "nbi-user", "password": "Nbi@12345"}
SAO_PAULO, BERLIN, SHANGHAI = "NE=50331701", "NE=50331702", "NE=50331703"
ZONES = {SAO_PAULO: "America/Sao_Paulo", BERLIN: "Europe/Berlin", SHANGHAI: "Asia/Shanghai"}
CONTEXT = ParseContext(ZoneInfo("America/Sao_Paulo"), "answer.json", zones={key: ZoneInfo(name) for key, name in ZONES.items()})
DAY = date(2026, 6, 14)
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
JUNE_14 = Span(datetime(2026, 6, 14, tzinfo=UTC), datetime(2026, 6, 15, tzinfo=UTC))
SUCCESS = {"success": True, "data": None, "failCode": 0, "params": None, "message": None}


def ms(instant):
    return round(instant.timestamp() * 1000)


def at(hour, minute=0, day=14):
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def fleet_in_three_zones():
    """Seven inverters at three plants, and a weather station in São Paulo."""
    owners = (SAO_PAULO, SAO_PAULO, SAO_PAULO, BERLIN, BERLIN, SHANGHAI, SHANGHAI)
    inverters = [PulledDevice(f"INV-{number}", owner, "1") for number, owner in enumerate(owners)]
    return PulledFleet(
        tuple(PulledPlant(key, name) for key, name in ZONES.items()),
        (*inverters, PulledDevice("WEATHER", SAO_PAULO, "10")),
    )


def plain_fleet(*, plants=1, timezone="America/Sao_Paulo", **counts):
    """A fleet of `plants` plants and `t<type>` devices of a type, all at the first plant."""
    devices = [PulledDevice(f"{kind}-{number:03}", "P000", kind[1:]) for kind, count in counts.items() for number in range(count)]
    return PulledFleet(tuple(PulledPlant(f"P{number:03}", timezone) for number in range(plants)), tuple(devices))


def reply_of(body, status=200, headers=None):
    return Reply(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def refused(code, data=None):
    return {"success": False, "failCode": code, "message": None, "data": data, "params": None}


def answer_of(data, params=None):
    """The bytes of an answer with this `data`."""
    return json.dumps({**SUCCESS, "params": params or {}, "data": data}).encode()


def document(interface, data, *, span=JUNE_14, subjects=("7",), params=None, body=None):
    """A landed answer with this `data`."""
    request = Request(interface, body or {"devIds": "7", "devTypeId": 1}, "devices", span, subjects)
    return pack("huawei", request, answer_of(data, params))


def frame_row(instant, device=7, **values):
    return {"devId": device, "sn": "HV1", "collectTime": ms(instant), "dataItemMap": values}


def day_row(start, plant=BERLIN, **values):
    return {"stationCode": plant, "collectTime": ms(start), "dataItemMap": values}


def june_days(*rows, interface="getKpiStationDay", first=date(2026, 6, 1), days=14):
    """A landed answer about the plant in Berlin, for so many days."""
    span = day_span(first, ZoneInfo("Europe/Berlin"), days)
    return document(interface, rows, span=span, subjects=(BERLIN,), body={"stationCodes": BERLIN})


def frames_of(documents, context=CONTEXT):
    return [piece.frame for document in documents for piece in CLOUD.parse(document, context)]


def readings(documents, context=CONTEXT):
    """Values by (subject, quantity, instant)."""
    found = {}
    for frame in frames_of(documents, context):
        for row in frame.itertuples():
            value = row.state if row.quantity == "state" else row.value
            found[row.subject, row.quantity, row.measured_at.to_pydatetime()] = value
    return found
