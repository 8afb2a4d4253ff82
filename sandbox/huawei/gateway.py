"""Huawei FusionSolar's northbound interface, `/thirdData/*`, with one account: `nbi-user` / `Nbi@12345`.

Errors come with HTTP 200 and a `failCode`. A plant's key that ends in `_power` is energy in kWh; an inverter's `active_power` is
kW. Each plant has a SmartLogger beside its inverters, and every third plant (from the first) a weather station (EMI).
15 % of what a plant generates is used on site; nothing is bought. Money is 0.09 of the system's currency per kWh.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sandbox.huawei.answers import answers
from sandbox.huawei.body import Answer, Body, Refusal, body_of, ms_of, refused
from sandbox.huawei.fleet import VENDOR
from sandbox.limits import Exceeded
from sandbox.world import World

USER, PASSWORD = "nbi-user", "Nbi@12345"
TOKEN_LIFE = timedelta(minutes=30)
WRONG_PASSWORDS, WITHIN, LOCKED_FOR = 5, timedelta(minutes=10), timedelta(minutes=30)


def router(world: World) -> APIRouter:
    """All interfaces at their full paths."""
    gateway = Gateway(world)
    routes = APIRouter(prefix="/thirdData")
    routes.add_api_route("/login", gateway.log_in, methods=["POST"])
    for interface, answer in {**answers(world), "logout": gateway.log_out}.items():
        routes.add_api_route(f"/{interface}", gateway.guarded(interface, answer), methods=["POST"], name=interface)
    return routes


class Gateway:
    """Logins, tokens and budgets: one live session per account, 30 minutes, not extended by use."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong: deque[datetime] = deque()
        self._locked_until: datetime | None = None

    async def log_in(self, request: Request) -> Response:
        """A token in the header `xsrf-token` and in a cookie; an unknown user gets an empty body that is not JSON."""
        try:
            body = body_of(await request.body())
            self._spend("login")
            if body.get("userName") != USER:
                return Response(b"", media_type="application/json")
            self._check_password(body.get("systemCode"))
        except Refusal as refusal:
            return refused(refusal)
        # One session per account: who logs in again throws the other program out.
        self._world.tokens.end_all(VENDOR, USER)
        token = f"x-{self._world.tokens.issue(VENDOR, USER, TOKEN_LIFE)}"
        answer = JSONResponse({"success": True, "data": None, "failCode": 0, "params": None, "message": None})
        answer.headers["xsrf-token"] = token
        answer.headers["set-cookie"] = f"XSRF-TOKEN={token}; Path=/; Secure"
        return answer

    def guarded(self, interface: str, answer: Callable[[Body], Answer]) -> Callable[[Request], Any]:
        """An interface that wants a token and costs a call."""

        async def serve(request: Request) -> Response:
            try:
                token = request.headers.get("xsrf-token", "").removeprefix("x-")
                if self._world.tokens.account_of(VENDOR, token) is None:
                    raise Refusal(305, "USER_MUST_RELOGIN")
                body = body_of(await request.body())
                self._spend(interface)
                data = answer({**body, "xsrf": token} if interface == "logout" else body)
            except Refusal as refusal:
                return refused(refusal)
            params = {**body, "currentTime": ms_of(self._world.now())}
            return JSONResponse({"success": True, "failCode": 0, "message": "", "params": params, "data": data})

        return serve

    def log_out(self, body: Body) -> Answer:
        """End the session."""
        self._world.tokens.end(VENDOR, body["xsrf"])

    def _spend(self, interface: str) -> None:
        try:
            self._world.limits.spend(VENDOR, USER, interface)
        except Exceeded as exceeded:
            raise Refusal(407, None, "ACCESS_FREQUENCY_IS_TOO_HIGH") from exceeded

    def _check_password(self, password: object) -> None:
        """Five wrong passwords within ten minutes lock the account for thirty."""
        now = self._world.now()
        if self._locked_until and now < self._locked_until:
            raise Refusal(20403, "LOGIN_RESTRICTED")
        if password == PASSWORD:
            self._wrong.clear()
            return
        self._wrong.append(now)
        while self._wrong[0] <= now - WITHIN:
            self._wrong.popleft()
        if len(self._wrong) >= WRONG_PASSWORDS:
            self._locked_until = now + LOCKED_FOR
            self._wrong.clear()
        raise Refusal(20400, "USER_OR_PASSWORD_ERROR")
