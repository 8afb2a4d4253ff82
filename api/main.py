"""The app. `python -m api` serves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import errors, openapi
from api.answer_cache import AnswerCache
from api.client_address import trusted_proxies
from api.cursors import Cursors
from api.deps import AppState
from api.log_ins import MOST_VERIFICATIONS, LogIns
from api.middleware import FrameMiddleware
from api.request_limits import RequestLimits
from api.routers import (
    alarms,
    auth,
    consumption,
    counter_days,
    customers,
    devices,
    documents,
    energy,
    energy_check,
    health,
    peak_power,
    performance,
    plants,
    quarantine,
    reports,
    series,
)
from api.tokens import AccessTokens
from include.core.errors import TryLater
from include.core.settings import Settings
from include.warehouse.api_log_in import LogInDatabase
from include.warehouse.api_session import MOST_CONNECTIONS, ReadOnlyDatabase

PREFIX = "/api/v1"
_SUBJECTS = (
    auth, plants, devices, customers, series, consumption, performance, energy, energy_check, counter_days, peak_power, alarms,
    documents, quarantine, reports, health,
)  # fmt: skip


def create_app(settings: Settings | None = None, *, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """Build the API; settings are read from the environment when none are given. `clock` tells an aware instant.

    Raises `NeedsHuman` for a signing key that is too short or a missing database URL. The database role is checked when the app
    starts, or before the first answer where the warehouse could not be reached then.
    """
    settings = settings or Settings.from_environment()
    state = _state(settings, clock or _utc_now)
    app = FastAPI(
        title="Heliograph",
        version="1.0.0",
        description=openapi.DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        # Both pages load their scripts from elsewhere; the API answers offline.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(state),
        redirect_slashes=False,
    )
    app.state.heliograph = state
    for subject in _SUBJECTS:
        app.include_router(subject.router, prefix=PREFIX)
    app.add_middleware(FrameMiddleware, limits=state.limits, clock=state.clock)
    if proxies := trusted_proxies(settings.api_trusted_proxies):
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    errors.register(app)
    openapi.install(app)
    return app


def _state(settings: Settings, clock: Callable[[], datetime]) -> AppState:
    return AppState(
        settings=settings,
        database=ReadOnlyDatabase(settings.api_database_url, secret=settings.jwt_secret),
        tokens=AccessTokens(settings.jwt_secret, minutes=settings.token_minutes),
        cursors=Cursors(settings.jwt_secret),
        log_ins=LogIns(_log_in_database(settings)),
        limits=RequestLimits(
            {"address": settings.api_address_requests_per_minute, "user": settings.api_user_requests_per_minute}
        ),
        answers=AnswerCache(),
        clock=clock,
    )


def _log_in_database(settings: Settings) -> LogInDatabase:
    # Connections of its own: however many log in, they take none from those who read.
    url = settings.api_limits_database_url or settings.api_database_url
    return LogInDatabase(url, secret=settings.jwt_secret, pool_size=MOST_VERIFICATIONS)


def _lifespan(state: AppState) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # A thread beyond the pool would open a connection for one request.
        current_default_thread_limiter().total_tokens = MOST_CONNECTIONS
        # Where the warehouse is away, the app is not ready yet: every transaction checks the role until it is found harmless.
        with suppress(TryLater):
            await run_in_threadpool(state.database.check)
        yield
        state.log_ins.close()
        state.database.close()

    return lifespan


def _utc_now() -> datetime:
    return datetime.now(UTC)
