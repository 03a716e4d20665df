"""The application: its parts put together, closed by default."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from api import duty_calendar, errors, health, signin, v1
from api.access import AccessMiddleware
from api.console import pages, render
from api.desk import Admits, Clock, Desk
from api.explaining import Explainer
from api.gate import GateMiddleware
from api.limits import TryLimit
from api.metrics import Metrics
from api.security import HeadersMiddleware, RequestRulesMiddleware
from api.settings import ApiSettings
from api.stream import ChangeFeed
from posts.index.port import PostIndex
from posts.log.port import PostLog
from registry.db import Database

STATIC = Path(__file__).resolve().parent / "console" / "static"
# The files that the sign-in page loads: all that a stranger can read.
SIGN_IN_FILES = frozenset({"/static/console.css"})


def create_app(
    *,
    database: Database,
    log: PostLog,
    index: PostIndex,
    admission: Admits,
    settings: ApiSettings,
    clock: Clock,
) -> FastAPI:
    """The web side of one desk on the given adapters; opens no port and starts no thread."""
    desk = Desk(database, log, index, admission, settings, clock)
    feed = ChangeFeed(desk)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await feed.aclose()

    app = FastAPI(
        title="舆情台 API",
        version=settings.version,
        description="帖文、预警、事件、时限时钟和信源。时间均为 ISO 8601，带 +08:00。",
        openapi_url="/api/openapi.json",
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk = desk
    app.state.feed = feed
    app.state.metrics = Metrics()
    app.state.explainer = Explainer(settings)  # loads no model before it is asked
    app.state.try_limit = TryLimit(
        per_name=settings.sign_in_per_minute, per_address=settings.sign_in_per_address
    )
    app.state.render_page = render.render_error
    errors.install(app)
    app.include_router(health.router)
    app.include_router(signin.router)
    app.include_router(duty_calendar.router)
    app.include_router(v1.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    # The last added is the outermost: headers on everything, then the log line, then the rules.
    app.add_middleware(GateMiddleware, desk=desk, open_files=SIGN_IN_FILES)
    app.add_middleware(RequestRulesMiddleware, settings=settings)
    app.add_middleware(AccessMiddleware, metrics=app.state.metrics)
    app.add_middleware(HeadersMiddleware)
    return app
