"""Sungrow's accounts, fleet and landed answers, as small as a test needs them, and what is read of them."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant, Request
from include.core.span import Span
from include.sources.clouds.document import pack
from include.sources.clouds.http import Reply
from include.sources.clouds.sungrow.cloud import CLOUD
from include.sources.formats.context import ParseContext
from tests.unit.sources.clouds.fakes import PreparedSession

KEYS = {"appkey": "A" * 32, "secret_key": "s" * 32}
ACCOUNT = {**KEYS, "login": "sg@example.org", "password": "sgpass"}
OWNERS = {**KEYS, "app_id": "4711", "redirect_url": "https://example.org/back"}
BOTH = pytest.mark.parametrize("credentials", [ACCOUNT, OWNERS], ids=["account", "owners"])
ZONES = {"1598299": "America/Sao_Paulo", "1598300": "Europe/Berlin", "1598301": "Asia/Shanghai"}
INVERTERS = (
    "1598299_1_1_1",
    "1598299_1_2_1",
    "1598299_1_3_1",
    "1598300_1_1_1",
    "1598300_1_2_1",
    "1598301_1_1_1",
    "1598301_1_2_1",
)
INVERTER = INVERTERS[0]
FLEET = PulledFleet(
    tuple(PulledPlant(key, name) for key, name in ZONES.items()),
    tuple(PulledDevice(key, key.partition("_")[0], "1") for key in INVERTERS),
)
CONTEXT = ParseContext(ZoneInfo("America/Sao_Paulo"), "answer", zones={key: ZoneInfo(name) for key, name in ZONES.items()})
DEVICES = Request("getDeviceListByUser", {"curPage": 1, "size": 2}, "fleet")
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
JUNE_14 = date(2026, 6, 14)
OCTOBER_CHANGE = date(2025, 10, 26)


def canned(*results):
    """A session whose calls are answered with these `result_data`."""
    return PreparedSession(
        CLOUD, ACCOUNT, *(json.dumps({"result_code": "1", "result_data": found}).encode() for found in results)
    )


def known(instants, values):
    return {instant: value for instant, value in zip(instants, values, strict=True) if value is not None}


def frame_of(*landed, context=CONTEXT):
    pieces = [piece.frame for document in landed for piece in CLOUD.parse(document, context)]
    return pd.concat([frame.astype({"subject": str, "quantity": str}) for frame in pieces], ignore_index=True)


def series(frame, subject, quantity):
    rows = frame[(frame.subject == subject) & (frame.quantity == quantity)]
    column = rows.state if quantity == "state" else rows.value
    return dict(zip(rows.measured_at.dt.to_pydatetime(), column, strict=True))


def answer(request, result):
    return pack("sungrow", request, json.dumps({"result_code": "1", "result_data": result}).encode())


def minutes(key, rows, *, day="20260614", hour=12, subjects=None):
    """Landed minute history of one device in one window of three hours."""
    start = datetime.strptime(f"{day}{hour:02d}", "%Y%m%d%H").replace(tzinfo=CONTEXT.zones.get(key.partition("_")[0], UTC))
    body = {
        "start_time_stamp": f"{day}{hour:02d}0000",
        "end_time_stamp": f"{day}{hour + 2:02d}5500",
    }
    span = Span(start.astimezone(UTC), start.astimezone(UTC) + timedelta(hours=3))
    return answer(Request("getDevicePointMinuteDataList", body, "devices", span, subjects or (key,)), {key: rows})


def now_of(key, row, *, kind="devices", subject=None):
    request = Request("getDeviceRealTimeData", {}, kind, None, (subject or key,))
    found = {"ps_key": key, "ps_id": int(key.partition("_")[0]), "device_time": "20260614120000", **row}
    return answer(request, {"device_point_list": [{"device_point": found}], "fail_ps_key_list": []})


def reply(data, status=200, **headers):
    return Reply(status, headers, data if isinstance(data, bytes) else json.dumps(data).encode())
