"""Growatt's Open API as a sandbox: one token in a header, version 1 and 4 below both prefixes, errors as a code in HTTP 200.

The same question of version 1 is answered once in five minutes; of version 4 each interface is, whatever the question, since
nobody says that it is less strict.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.growatt.devices import Devices
from sandbox.growatt.plants import Plants
from sandbox.growatt.refusal import VENDOR, Query, Refusal
from sandbox.limits import Exceeded
from sandbox.world import World

API_TOKEN = "growatt-demo-token"  # noqa: S105 - the demo account of the sandbox
ACCOUNT = "oss"
SAME_QUESTION = "the same question"
GET, POST = "GET", "POST"

Answer = Callable[[Query], Any]


def router(world: World) -> APIRouter:
    """All interfaces that are read; those that write settings to inverters do not exist here."""
    routes = APIRouter()
    plants, devices = Plants(world), Devices(world)
    interfaces: dict[str, tuple[str, Answer]] = {
        "plant/list": (GET, plants.page),
        "plant/details": (GET, plants.details),
        "plant/data": (GET, plants.data),
        "plant/power": (GET, plants.power),
        "plant/energy": (GET, plants.energy),
        "device/list": (GET, devices.page),
        "device/inverter/alarm": (GET, devices.alarms("device_sn")),
        "device/max/alarm_data": (POST, devices.alarms("max_sn")),
        "device/tlx/alarm_data": (POST, devices.alarms("tlx_sn")),
        "new-api/queryDeviceList": (POST, devices.all_devices),
        "new-api/queryLastData": (POST, devices.last),
        "new-api/queryDevicesHistoricalData": (POST, devices.day_of_several),
        "new-api/queryHistoricalData": (POST, devices.day_of_one),
    }
    for interface, (method, answer) in interfaces.items():
        for prefix in ("/v1", "/v4"):
            endpoint = _endpoint(world, interface, answer)
            routes.add_api_route(f"{prefix}/{interface}", endpoint, methods=[method], name=interface)
    return routes


def _endpoint(world: World, interface: str, answer: Answer) -> Callable[[Request], Any]:
    is_v4 = interface.startswith("new-api/")

    async def serve(request: Request) -> JSONResponse:
        form = (await request.body()).decode("utf-8", "replace")
        query = dict(request.query_params) | dict(parse_qsl(form, keep_blank_values=True))
        try:
            if request.headers.get("token") != API_TOKEN:
                raise Refusal(2 if is_v4 else 10011, "INVALID_TOKEN" if is_v4 else "error_permission_denied")
            _spend(world, interface, query, is_v4=is_v4)
            return _told(0, "SUCCESSFUL_OPERATION" if is_v4 else "", answer(query), is_v4=is_v4)
        except Exceeded:
            return _told(102, "FREQUENTLY_ACCESS", None, is_v4=True) if is_v4 else _told(10012, "error_frequently_access", "")
        except Refusal as refusal:
            return _told(refusal.code, str(refusal), "" if not is_v4 else None, is_v4=is_v4)

    return serve


def _spend(world: World, interface: str, query: Query, *, is_v4: bool) -> None:
    world.limits.spend(VENDOR, ACCOUNT, interface)
    if not is_v4:
        world.limits.spend(VENDOR, f"{interface} {sorted(query.items())}", SAME_QUESTION)


def _told(code: int, message: str, data: Any, *, is_v4: bool = False) -> JSONResponse:  # noqa: ANN401 - any JSON
    if is_v4:
        return JSONResponse({"code": code, "data": data, "message": message})
    return JSONResponse({"data": data, "error_code": code, "error_msg": message})
