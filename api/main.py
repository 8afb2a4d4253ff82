"""The app. `python -m api` serves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import errors, openapi
from api.access_keys import AccessKeys
from api.answer_cache import AnswerCache
from api.client_address import trusted_proxies
from api.cursors import Cursors
from api.deps import AppState
from api.hot_answers import HotAnswers
from api.log_ins import MOST_VERIFICATIONS, LogIns
from api.middleware import FrameMiddleware
from api.refresh_tokens import RefreshTokens
from api.request_counts import RequestCounts
from api.request_limits import RequestLimits
from api.routers import (
    alarms,
    analyses,
    auth,
    brand,
    consumption,
    consumption_figures,
    counter_days,
    customers,
    devices,
    documents,
    energy,
    energy_check,
    forecast,
    health,
    insights,
    inverter_days,
    loads,
    metrics,
    now,
    overview,
    page,
    peak_power,
    performance,
    plants,
    quarantine,
    reference,
    reports,
    sensors,
    series,
    yields,
)
from api.tokens import AccessTokens
from include.core.errors import TryLater
from include.core.settings import Settings
from include.warehouse.api_access import AccessDatabase
from include.warehouse.api_admission import Admissions
from include.warehouse.api_log_in import LogInDatabase
from include.warehouse.api_session import MOST_CONNECTIONS, ReadOnlyDatabase

PREFIX = "/api/v1"
_ACCESS_CONNECTIONS = 2
_SUBJECTS = (
    auth, brand, overview, plants, devices, customers, series, consumption, consumption_figures, performance, energy,
    energy_check, forecast, counter_days, inverter_days, peak_power, yields, alarms, insights, analyses, documents, loads,
    quarantine, reports, sensors, health,
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
        # FastAPI's pages load their scripts from elsewhere; ours are in `api/reference`.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(state),
        redirect_slashes=False,
        # The names by which generated clients call.
        generate_unique_id_function=openapi.operation_id,
    )
    app.state.heliograph = state
    for router in (*(subject.router for subject in _SUBJECTS), now.plants, now.devices, quarantine.plants):
        app.include_router(router, prefix=PREFIX)
    app.include_router(page.page_router(settings))
    app.include_router(reference.reference_router())
    request_counts = _install_metrics(app, settings.metrics_token)
    app.add_middleware(HotAnswers, state=state)
    app.add_middleware(FrameMiddleware, limits=state.limits, clock=state.clock, metrics=request_counts)
    if proxies := trusted_proxies(settings.api_trusted_proxies):
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    errors.register(app)
    openapi.install(app)
    if request_counts is not None:
        request_counts.name_routes(("/", "/metrics", f"{PREFIX}/openapi.json", *app.openapi()["paths"]))
    return app


def _install_metrics(app: FastAPI, token: str) -> RequestCounts | None:
    if not token:
        return None
    request_counts = RequestCounts()
    app.include_router(metrics.metrics_router(request_counts, token))
    return request_counts


def _state(settings: Settings, clock: Callable[[], datetime]) -> AppState:
    access = AccessDatabase(_writable_url(settings), secret=settings.jwt_secret, pool_size=_ACCESS_CONNECTIONS)
    return AppState(
        settings=settings,
        database=ReadOnlyDatabase(settings.api_database_url, secret=settings.jwt_secret),
        tokens=AccessTokens(settings.jwt_secret, minutes=settings.token_minutes),
        cursors=Cursors(settings.jwt_secret),
        keys=AccessKeys(access),
        log_ins=LogIns(_log_in_database(settings)),
        sessions=access,
        refresh_tokens=RefreshTokens(settings.jwt_secret),
        limits=RequestLimits(
            {"address": settings.api_address_requests_per_minute, "user": settings.api_user_requests_per_minute}
        ),
        answers=AnswerCache(),
        admissions=Admissions(settings.api_database_url, secret=settings.jwt_secret),
        clock=clock,
    )


def _log_in_database(settings: Settings) -> LogInDatabase:
    # Connections of its own: however many log in, they take none from those who read.
    return LogInDatabase(_writable_url(settings), secret=settings.jwt_secret, pool_size=MOST_VERIFICATIONS)


def _writable_url(settings: Settings) -> str:
    return settings.api_limits_database_url or settings.api_database_url


def _lifespan(state: AppState) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # A thread beyond the pool would open a connection for one request.
        current_default_thread_limiter().total_tokens = MOST_CONNECTIONS
        # Where the warehouse is away, the app is not ready yet: every transaction checks the role until it is found harmless.
        with suppress(TryLater):
            await run_in_threadpool(state.database.check)
        state.admissions.open()
        yield
        state.admissions.close()
        state.keys.close()
        state.log_ins.close()
        state.database.close()

    return lifespan


def _utc_now() -> datetime:
    return datetime.now(UTC)
