"""Deye Cloud v1.0 as a sandbox: one token per account and company, flat answers, errors as a `code` in HTTP 200.

Codes that nobody has seen at Deye itself are those of the platform it runs on. A token without a company sees no plants: the demo
account owns all of them through its company.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.deye.answers import answers
from sandbox.deye.body import Body, Refusal
from sandbox.deye.fleet import VENDOR
from sandbox.limits import DAY_S, Exceeded
from sandbox.world import World

APP_ID = "201911067156002"
APP_SECRET = "deyesecret"  # noqa: S105 - the demo account of the sandbox
EMAIL = "a@example.org"
PASSWORD = "deyepass"  # noqa: S105 - the demo account of the sandbox
COMPANY_ID = 10016
COMPANY_NAME = "demo"
USER_ID = 123

LIFE = timedelta(seconds=5_183_999)
WRONG_PASSWORDS = 5
LOCKED_FOR = timedelta(minutes=30)

PERSONAL, BUSINESS = f"personal:{EMAIL}", f"company:{COMPANY_ID}"

Endpoint = Callable[[Request], Awaitable[JSONResponse]]
Answer = Callable[[Request, Body], dict[str, Any]]


def router(world: World) -> APIRouter:
    """All read interfaces at their full paths; those that write settings to inverters do not exist here."""
    cloud = Cloud(world)
    routes = APIRouter()

    def serve(interface: str, answer: Answer) -> None:
        routes.add_api_route(f"/v1.0/{interface}", _endpoint(answer), methods=["POST"], name=interface)

    serve("account/token", cloud.log_in)
    serve("account/info", cloud.info)
    for interface, answer in answers(world).items():
        serve(interface, cloud.guarded(interface, answer))
    return routes


class Cloud:
    """The gateway: app, account, tokens and quotas."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong_passwords = 0
        self._locked_until: datetime | None = None

    def log_in(self, request: Request, body: Body) -> dict[str, Any]:
        """A token for the personal scope, or with `companyId` for the company's."""
        app_id = request.query_params.get("appId")
        if app_id != APP_ID:
            raise Refusal("2101018" if app_id else "2101005")
        # Known by its id, an app pays for the attempt, whatever comes of it.
        self._spend("account/token")
        if body.text("appSecret") != APP_SECRET:
            raise Refusal("2101021")
        account, password = _account_name(body), body.text("password")
        if self._locked_until and self._world.now() < self._locked_until:
            raise Refusal("2101009", "account locked")
        if account != EMAIL or password != sha256(PASSWORD.encode()).hexdigest():
            raise self._wrong_password()
        self._wrong_passwords, self._locked_until = 0, None
        company = body.given("companyId")
        if company is not None and str(company) != str(COMPANY_ID):
            raise Refusal("2101023")
        return {
            "accessToken": self._world.tokens.issue(VENDOR, PERSONAL if company is None else BUSINESS, LIFE),
            "refreshToken": uuid4().hex,
            "tokenType": "bearer",
            "expiresIn": str(int(LIFE.total_seconds())),
            "scope": "all",
            "uid": USER_ID,
        }

    def info(self, request: Request, body: Body) -> dict[str, Any]:
        """The companies of the account; a personal token may ask."""
        self._check_token(request)
        self._spend("account/info")
        return {"orgInfoList": [{"companyId": COMPANY_ID, "companyName": COMPANY_NAME, "roleName": "Admin"}]}

    def guarded(self, interface: str, answer: Callable[[Body, bool], dict[str, Any]]) -> Answer:
        """An interface that wants a token and costs a call."""

        def checked(request: Request, body: Body) -> dict[str, Any]:
            account = self._check_token(request)
            self._spend(interface)
            return answer(body, account == BUSINESS)

        return checked

    def _check_token(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            raise Refusal("2101017")
        account = self._world.tokens.account_of(VENDOR, token.strip()) if scheme.lower() == "bearer" else None
        if account is None:
            raise Refusal("2101019")
        return account

    def _spend(self, interface: str) -> None:
        try:
            self._world.limits.spend(VENDOR, APP_ID, interface)
        except Exceeded as exceeded:
            raise Refusal("2101010" if exceeded.window_s >= DAY_S else "2101002") from exceeded

    def _wrong_password(self) -> Refusal:
        self._wrong_passwords += 1
        left = WRONG_PASSWORDS - self._wrong_passwords
        if left <= 0:
            self._locked_until, self._wrong_passwords = self._world.now() + LOCKED_FOR, 0
        return Refusal("2101025", f"password error, {left} attempts left")


def _account_name(body: Body) -> str:
    """Email, user name, or phone number with its country; at least one must be there."""
    for name in ("email", "username"):
        if body.given(name) is not None:
            return body.text(name)
    body.text("mobile")
    return f"+{body.text('countryCode')}{body.text('mobile')}"


def _endpoint(answer: Answer) -> Endpoint:
    """Wrap a payload into the envelope; whatever is refused is HTTP 200 as well."""

    async def serve(request: Request) -> JSONResponse:
        try:
            payload = answer(request, _body_of(await request.body()))
        except Refusal as refusal:
            return JSONResponse({"code": refusal.code, "msg": refusal.message, "success": False, "requestId": _request_id()})
        return JSONResponse({"code": "1000000", "msg": "success", "success": True, "requestId": _request_id(), **payload})

    return serve


def _body_of(content: bytes) -> Body:
    try:
        given = json.loads(content or b"{}")
    except ValueError:
        raise Refusal("2101008") from None
    if not isinstance(given, dict):
        raise Refusal("2101008")
    return Body(given)


def _request_id() -> str:
    return uuid4().hex[:16]
