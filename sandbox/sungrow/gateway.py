"""Sungrow's iSolarCloud as a sandbox: the account-login family (`/openapi/...`) and the OAuth family (`/openapi/platform/...`).

Every answer is HTTP 200 with `result_code` as text. Powers are W, energies Wh, values texts; times are plant-local texts without
an offset, so an hour of the autumn change comes twice. One app serves both families here; a token opens only the family it was
made for. Where Sungrow's documents leave a choice open, the sandbox takes the strict one: a span over 3 h is refused, the current
day is empty.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.limits import ANY, DAY_S, RULES, Exceeded
from sandbox.sungrow.answers import Answer, Answers
from sandbox.sungrow.body import Body, Refusal
from sandbox.sungrow.fleet import VENDOR
from sandbox.world import World

REFRESH_VENDOR = "sungrow-refresh"
"""Refresh tokens have a drawer of their own: to end all of a vendor's tokens then ends the access tokens only."""

APPKEY = "A" * 32
SECRET_KEY = "s" * 32
APP_ID = "4711"
AUTHORISATION_CODE = "code01"
USER_ACCOUNT = "sg@example.org"
USER_PASSWORD = "sgpass"  # noqa: S105 - the demo account of the sandbox
USER_ID = "481516"

LOGIN_LIFE = timedelta(hours=24)
ACCESS_LIFE = timedelta(days=2)
REFRESH_LIFE = timedelta(days=30)
WRONG_PASSWORDS = 5
LOCKED_FOR = timedelta(minutes=30)
CLOCK_OFF = timedelta(minutes=10)
HOUR_S = 3600

LANGUAGES = frozenset(
    "_zh_CN _en_US _ja_JP _es_ES _de_DE _pt_BR _fr_FR _it_IT _ko_KR _nl_NL _pl_PL _vi_VN _zh_TW".split()  # noqa: SIM905
)

Endpoint = Callable[[Request], Awaitable[JSONResponse]]


def router(world: World) -> APIRouter:
    """All interfaces of both families at their full paths."""
    cloud = Cloud(world)
    answers = Answers(world)
    routes = APIRouter()

    def serve(interface: str, endpoint: Endpoint) -> None:
        routes.add_api_route(f"/openapi/{interface}", endpoint, methods=["POST"], name=interface)

    serve("login", cloud.endpoint(lambda request, body: cloud.log_in(request, body)))
    serve("apiManage/token", cloud.endpoint(lambda request, body: cloud.trade_code(request, body)))
    serve("apiManage/refreshToken", cloud.endpoint(lambda request, body: cloud.refresh(request, body)))
    for interface, answer in {**answers.login_family(), "getOpenApiCallInfo": cloud.call_info}.items():
        serve(interface, cloud.endpoint(cloud.guarded(interface, answer, is_platform=False)))
    for interface, answer in answers.platform_family().items():
        serve(interface, cloud.endpoint(cloud.guarded(interface, answer, is_platform=True)))
    # The first path that fits is served, so this one stands last.
    serve("{unknown:path}", cloud.endpoint(lambda request, body: cloud.unknown(request, body)))
    return routes


class Cloud:
    """The gateway: keys, sessions, tokens and quotas."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong_passwords = 0
        self._locked_until: datetime | None = None
        self._refresh_tokens: set[str] = set()

    def endpoint(self, answer: Callable[[Request, Body], dict[str, Any]]) -> Endpoint:
        """Wrap an answer into the envelope; whatever is refused is HTTP 200 as well."""

        async def serve(request: Request) -> JSONResponse:
            try:
                content = answer(request, _body_of(await request.body()))
            except Refusal as refusal:
                content = _envelope(None, code=refusal.code, message=refusal.message)
            return JSONResponse(content)

        return serve

    def guarded(self, interface: str, answer: Answer, *, is_platform: bool) -> Callable[[Request, Body], dict[str, Any]]:
        """An interface that wants the app's keys, a token of its family, and costs a call."""

        def checked(request: Request, body: Body) -> dict[str, Any]:
            self._check_app(request, body, is_platform=is_platform)
            if is_platform:
                self._check_bearer(request, body)
            else:
                self._check_token(request, body)
            self._spend(interface)
            return _envelope(answer(body))

        return checked

    def unknown(self, request: Request, body: Body) -> dict[str, Any]:
        """The gateway's word on a path that it does not know."""
        raise Refusal("E996")

    def log_in(self, request: Request, body: Body) -> dict[str, Any]:
        """Log an account in; a wrong password is a `login_state`, not an error of the envelope."""
        self._check_app(request, body, is_platform=False)
        self._spend("login")
        account, password = body.text("user_account"), body.text("user_password")
        if account != USER_ACCOUNT:
            return _envelope({"login_state": "-1", "user_account": account, "msg": "The account does not exist"})
        if self._locked_until and self._world.now() < self._locked_until:
            return _envelope({"login_state": "2", "user_account": account, "err_times": str(WRONG_PASSWORDS)})
        if password != USER_PASSWORD:
            return _envelope(self._count_wrong_password(account))
        self._wrong_passwords, self._locked_until = 0, None
        token = self._world.tokens.issue(VENDOR, _login_account(), LOGIN_LIFE)
        return _envelope(
            {
                "token": f"{USER_ID}_{token}",
                "user_id": USER_ID,
                "user_master_org_id": "100251",
                "user_account": account,
                "user_name": "demo",
                "login_state": "1",
                "err_times": "0",
                "language": "en_US",
            }
        )

    def trade_code(self, request: Request, body: Body) -> dict[str, Any]:
        """Trade the authorisation code for tokens. Unlike the real cloud's, the demo code can be traded again."""
        self._check_app(request, body, is_platform=True)
        self._spend("apiManage/token")
        grant, code = body.text("grant_type"), body.text("code")
        body.text("redirect_uri")
        if grant != "authorization_code":
            return _envelope({"code": 4, "msg": "bad request"})
        if code != AUTHORISATION_CODE:
            return _envelope({"code": 2, "msg": "no authorization"})
        return self._new_tokens()

    def refresh(self, request: Request, body: Body) -> dict[str, Any]:
        """Trade a refresh token for new tokens; the old refresh token is dead from then on."""
        self._check_app(request, body, is_platform=True)
        self._spend("apiManage/refreshToken")
        token = body.text("refresh_token")
        if token not in self._refresh_tokens:
            return _envelope({"code": 5, "msg": "bad refresh token"})
        is_good = self._world.tokens.account_of(REFRESH_VENDOR, token) is not None
        self._refresh_tokens.discard(token)
        self._world.tokens.end(REFRESH_VENDOR, token)
        return self._new_tokens() if is_good else _envelope({"code": -2, "msg": "refresh token expired"})

    def call_info(self, body: Body) -> dict[str, Any]:
        """How many calls the app has made and may still make; this call counts too."""
        hourly, daily = _quota(HOUR_S), _quota(DAY_S)
        left_hour, left_day = (
            self._world.limits.left(VENDOR, APP_ID, ANY, window_s) if self._world.limits.on else None
            for window_s in (HOUR_S, DAY_S)
        )
        return {
            "curr_hour_accessed_times": hourly - (hourly if left_hour is None else left_hour),
            "today_accessed_times": daily - (daily if left_day is None else left_day),
            "per_hour_residue_times": hourly if left_hour is None else left_hour,
            "per_day_access_times_config": daily,
            "per_hour_access_times_config": [{"hour": hour, "max_call_times": hourly} for hour in range(24)],
        }

    def _check_app(self, request: Request, body: Body, *, is_platform: bool) -> None:
        """Keys and headers. `sys_code` is asked for in the account-login family only: OAuth clients do without."""
        if not is_platform and not request.headers.get("sys_code"):
            raise Refusal("003")
        if not body.given("appkey"):
            raise Refusal("001")
        if body.given("appkey") != APPKEY:
            raise Refusal("E00000")
        key = request.headers.get("x-access-key")
        if key != SECRET_KEY:
            raise Refusal("E912" if key else "E911")
        if body.given("lang") is not None and str(body.given("lang")) not in LANGUAGES:
            raise Refusal("010", "er_parameter_value_invalid:lang")
        self._check_key_parameter(body.given("api_key_param"))

    def _check_key_parameter(self, given: Any) -> None:  # noqa: ANN401 - JSON
        if given is None:
            return
        if not isinstance(given, dict) or len(str(given.get("nonce", ""))) != 32:
            raise Refusal("E909")
        try:
            sent_at = float(given["timestamp"]) / 1000
        except (KeyError, TypeError, ValueError):
            raise Refusal("010", "er_parameter_value_invalid:timestamp") from None
        if abs(sent_at - self._world.now().timestamp()) > CLOCK_OFF.total_seconds():
            raise Refusal("E913")

    def _check_token(self, request: Request, body: Body) -> None:
        given = body.given("token") or request.headers.get("token")
        if not given:
            raise Refusal("E900" if self._account_of_bearer(request) else "002")
        token = str(given).partition("_")[2]
        if self._world.tokens.account_of(VENDOR, token) != _login_account():
            raise Refusal("E00003")
        self._world.tokens.extend(VENDOR, token, LOGIN_LIFE)

    def _check_bearer(self, request: Request, body: Body) -> None:
        if not request.headers.get("authorization"):
            token = str(body.given("token") or "").partition("_")[2]
            is_login = self._world.tokens.account_of(VENDOR, token) == _login_account()
            raise Refusal("E900" if is_login else "002")
        account = self._account_of_bearer(request)
        if account is None:
            raise Refusal("E00003")
        if account != _oauth_account():
            raise Refusal("E900")

    def _account_of_bearer(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._world.tokens.account_of(VENDOR, token.strip()) if scheme.lower() == "bearer" else None

    def _spend(self, interface: str) -> None:
        try:
            self._world.limits.spend(VENDOR, APP_ID, interface)
        except Exceeded as exceeded:
            if interface == "login" and exceeded.window_s < HOUR_S:
                raise Refusal("E916") from exceeded
            raise Refusal(_quota_code(exceeded.window_s)) from exceeded

    def _count_wrong_password(self, account: str) -> dict[str, Any]:
        self._wrong_passwords += 1
        times, is_locked = self._wrong_passwords, self._wrong_passwords >= WRONG_PASSWORDS
        if is_locked:
            self._locked_until, self._wrong_passwords = self._world.now() + LOCKED_FOR, 0
        return {
            "login_state": "2" if is_locked else "0",
            "user_account": account,
            "err_times": str(times),
            "msg": "Wrong account or password",
        }

    def _new_tokens(self) -> dict[str, Any]:
        access = self._world.tokens.issue(VENDOR, _oauth_account(), ACCESS_LIFE)
        refresh = self._world.tokens.issue(REFRESH_VENDOR, _oauth_account(), REFRESH_LIFE)
        self._refresh_tokens.add(refresh)
        tokens = {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()) - 1,
            "auth_ps_list": [plant.key for plant in self._world.sunshine.plants(VENDOR)],
            "auth_user": USER_ID,
        }
        # Real answers carry the tokens twice: clients read one place or the other.
        return {**_envelope({"code": 1, **tokens}), **tokens}


def _login_account() -> str:
    return f"login:{USER_ACCOUNT}"


def _oauth_account() -> str:
    return f"oauth:{APP_ID}"


def _quota(window_s: int) -> int:
    return next(rule.calls for rule in RULES[VENDOR] if (rule.interface, rule.window_s) == (ANY, window_s))


def _quota_code(window_s: int) -> str:
    if window_s < HOUR_S:
        return "E901"
    return "E999" if window_s == HOUR_S else "E998"


def _body_of(content: bytes) -> Body:
    try:
        given = json.loads(content)
    except ValueError:
        raise Refusal("009", "er_missing_parameter:body") from None
    if not isinstance(given, dict):
        raise Refusal("009", "er_missing_parameter:body")
    return Body(given)


def _envelope(result_data: Any, *, code: str = "1", message: str = "success") -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"req_serial_num": uuid4().hex, "result_code": code, "result_msg": message, "result_data": result_data}
