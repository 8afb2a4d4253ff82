"""SolarEdge's Monitoring API V2 as a sandbox: GET below `/v2` with one key, Problem Details for errors, a credit per call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.fault_replies import LEFT
from sandbox.limits import MINUTE_S, Exceeded
from sandbox.solaredge.sites import Refusal, Sites
from sandbox.world import World

API_KEY = "solaredge-demo-key"
VENDOR, ACCOUNT = "solaredge", "fleet"

Answer = Callable[[str, dict[str, str]], Any]


def router(world: World) -> APIRouter:
    """All interfaces that are read."""
    sites, routes = Sites(world), APIRouter(prefix="/v2")

    def serve(path: str, interface: str, answer: Answer) -> None:
        async def endpoint(request: Request) -> JSONResponse:
            return _answered(world, request, interface, answer)

        routes.add_api_route(path, endpoint, methods=["GET"], name=interface)

    serve("/sites", "sites", sites.page)
    serve("/alerts", "alerts", sites.alerts)
    serve("/sites/{site}", "sites/details", sites.details)
    serve("/sites/{site}/devices", "sites/devices", sites.devices)
    serve("/sites/{site}/alerts", "sites/alerts", sites.alerts_of_site)
    serve("/sites/{site}/power", "sites/power", sites.power)
    serve("/sites/{site}/energy", "sites/energy", sites.energy)
    serve("/sites/{site}/inverters/telemetry", "sites/inverters/telemetry", sites.inverters)
    return routes


def _answered(world: World, request: Request, interface: str, answer: Answer) -> JSONResponse:
    try:
        if request.headers.get("x-api-key") != API_KEY:
            raise Refusal(401, "Invalid or expired API key")
        world.limits.spend(VENDOR, ACCOUNT, interface)
        return JSONResponse(answer(str(request.path_params.get("site", "")), dict(request.query_params)))
    except Exceeded as exceeded:
        return _too_many(is_minute=exceeded.window_s == MINUTE_S, now=world.now())
    except Refusal as refusal:
        return problem(refusal.status, str(refusal))


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as Problem Details."""
    body = {"type": "about:blank", "title": detail.split(";")[0], "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def _too_many(*, is_minute: bool, now: datetime) -> JSONResponse:
    """Of the minute, with the seconds to wait; or of the month, which the minute's count alone betrays."""
    if is_minute:
        return problem(429, "Rate limit exceeded", {LEFT: "0", "retry-after": str(60 - now.second)})
    return problem(429, "Credit limit exceeded", {LEFT: "9"})
