"""The composition root: makes every part once and wires it; decides nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from numpy.typing import NDArray

from podion.api import openapi_headers, problems
from podion.api.access import Enabled, TenantGate, bearer
from podion.api.background import working
from podion.api.body_limit import BodyLimit
from podion.api.crowd import Crowd
from podion.api.door import Door
from podion.api.failed_keys import FailedKeys
from podion.api.hot_routes import HotRoutes
from podion.api.idempotency import forget_old
from podion.api.metrics import Metrics
from podion.api.middleware import RequestLog
from podion.api.plugin_limits import PluginLimits
from podion.api.quota import RequestQuota
from podion.api.replays import KeepAnswers, ReplayedAnswer, replayable, send_again
from podion.api.routes import admin, collections, embeddings, health, inference, jobs, keys, me, webhooks
from podion.api.routes.adapters import adapters_router
from podion.api.routes.batches import batches_router
from podion.api.routes.datasets import datasets_router
from podion.api.routes.deployments import deployments_router
from podion.api.routes.events import events_router
from podion.api.routes.feedback import feedback_router
from podion.api.routes.runs import runs_router
from podion.api.services import Services
from podion.api.stalls import StallWatch
from podion.api.start_check import check_routes
from podion.catalogue.catalogue import Catalogue
from podion.data.masking.policies import Masking
from podion.errors import PodionError
from podion.hosting.bases import InstalledBase, find_base
from podion.hosting.client import EngineClient
from podion.hosting.protocol import TextKind
from podion.lifecycle.batches import sweep
from podion.lifecycle.deployments import Deployer
from podion.lifecycle.event_streams import EventStreams
from podion.lifecycle.job_queue import JobQueue
from podion.lifecycle.outbound import Outbound
from podion.lifecycle.outbox import Outbox
from podion.lifecycle.predictor import Predictor
from podion.lifecycle.public_addresses import AllowedAddresses
from podion.lifecycle.watchers import Watchers
from podion.lifecycle.webhook_signing import WebhookSecrets
from podion.lifecycle.zero_shot import ZeroShot
from podion.retrieval.collections import Collections
from podion.settings import Settings
from podion.storage.database import Database
from podion.storage.files import Files
from podion.tenancy.masking_key import masking_secret
from podion.tenancy.operator import operator_key
from podion.vertical import Vertical

log = logging.getLogger("podion.api")

_DESCRIPTION = "One base model, many verticals: each tenant uploads records, fine-tunes its own adapter and calls it."
_ROUTE_THREADS = 256
_NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False)
"""FastAPI would look into the environment at each request for somebody to send it to; nothing leaves the machine."""

_SWEEP_SECONDS = 3600.0
_TENANT_ROUTERS = (
    me.router,
    keys.router,
    webhooks.router,
    jobs.router,
    admin.router,
    collections.router,
    embeddings.router,
    inference.router,
)
_HOST_ROUTERS = (
    datasets_router,
    runs_router,
    adapters_router,
    deployments_router,
    batches_router,
    feedback_router,
)


def create_app(settings: Settings, catalogue: Catalogue) -> FastAPI:
    """Return the API of one installation; its parts open when it starts and close when it stops."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        services = _services(settings, catalogue, metrics)
        app.state.services = services
        app.state.failed_keys = FailedKeys(settings.failed_keys_per_minute)
        quota = RequestQuota(settings.requests_per_minute)
        app.state.gatekeeper = TenantGate(services.database, quota, app.state.failed_keys)
        app.state.in_flight = set()
        services.files.sweep()
        services.collections.sweep()
        await services.database.write(forget_old)
        stalls = StallWatch()
        stalls.start()
        sweeping = asyncio.create_task(_sweep_batches(services), name="sweep of bulk jobs")
        # A plugin's plain functions run in threads, and one that hangs keeps its own: there must be some for others.
        current_default_thread_limiter().total_tokens = _ROUTE_THREADS
        log.info("ready: %d verticals", len(catalogue.verticals))
        tenant_of = app.state.gatekeeper.tenant_of
        door = Door(hot.paths, settings.requests_at_once, tenant_of, metrics.refused, settings.quick_wait_seconds)
        async with working(services):
            yield {"door": door}
        sweeping.cancel()
        stalls.close()
        services.watchers.close()
        await services.collections.close()
        await services.engine.close()
        services.database.close()

    app = FastAPIOffline(
        title="Podion",
        version="0.1.0",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        responses=problems.DOCUMENTED,
        telemetry=_NO_TELEMETRY,
    )
    problems.install(app)
    app.add_exception_handler(ReplayedAnswer, send_again)
    app.add_middleware(KeepAnswers)
    app.add_middleware(PluginLimits, verticals=catalogue.verticals.values(), seconds=settings.plugin_seconds)
    app.add_middleware(BodyLimit)
    app.add_middleware(Crowd, most=settings.requests_at_once, most_each=settings.tenant_requests_at_once)
    app.add_middleware(RequestLog, metrics=metrics)
    app.include_router(health.router)
    app.include_router(inference.health)
    for router in _TENANT_ROUTERS:
        app.include_router(router, dependencies=[Security(bearer)])
    for vertical in catalogue.verticals.values():
        _mount(app, vertical)
    check_routes(app)
    hot = HotRoutes(app.routes)
    app.router.routes.insert(0, hot)
    problems.document(app)
    openapi_headers.document(app)
    return app


async def _sweep_batches(services: Services) -> None:
    """Delete the files of bulk jobs that are over, now and each hour."""
    while True:
        try:
            await asyncio.to_thread(sweep, services.database, services.files)
        except (PodionError, OSError):
            log.exception("files of bulk jobs could not be deleted; again in an hour")
        await asyncio.sleep(_SWEEP_SECONDS)


def _mount(app: FastAPI, vertical: Vertical) -> None:
    """Give a vertical the host's routes and its own, behind the gate of enablement."""
    prefix = f"/v1/{vertical.path}"
    gate = [Security(bearer), Depends(Enabled(vertical))]
    for make in _HOST_ROUTERS:
        app.include_router(make(vertical), prefix=prefix, dependencies=gate, tags=[vertical.name])
    if vertical.events:
        app.include_router(events_router(vertical), prefix=prefix, dependencies=gate, tags=[vertical.name])
    own = [*gate, Depends(replayable)]
    if isinstance(vertical.router, APIRouter):
        app.include_router(vertical.router, prefix=prefix, dependencies=own, tags=[vertical.name])
    for standard in vertical.standards:
        app.include_router(standard.router, prefix=standard.prefix, dependencies=own, tags=[vertical.name])


def _services(settings: Settings, catalogue: Catalogue, metrics: Metrics) -> Services:
    database = Database(settings.database)
    database.migrate()
    files = Files(settings.files)
    engine = EngineClient(settings.socket)
    watchers = Watchers(catalogue)

    def base() -> InstalledBase:
        return find_base(settings.base, settings.bases).computed_by(settings.runtime)

    async def embed(texts: Sequence[str], kind: TextKind = "query", owner: str = "") -> NDArray[np.float32]:
        return await engine.embed(base().name, texts, kind, owner=owner)

    searched = Collections(
        database=database,
        files=files,
        embed=embed,
        fingerprint=lambda: base().fingerprint,
        memory_bytes=settings.index_memory_mb << 20,
        gpu=settings.device != "cpu",
    )

    zero_shot = ZeroShot(database=database, files=files, engine=engine, base=base)
    masking = Masking(masking_secret(settings))
    predictor = Predictor(
        database=database, files=files, engine=engine, zero_shot=zero_shot, watchers=watchers, masking=masking
    )
    outbox = Outbox(database)
    return Services(
        settings=settings,
        catalogue=catalogue,
        database=database,
        files=files,
        engine=engine,
        predictor=predictor,
        masking=masking,
        collections=searched,
        embed=embed,
        deployer=Deployer(catalogue, files),
        watchers=watchers,
        metrics=metrics,
        queue=JobQueue(database),
        outbox=outbox,
        streams=EventStreams(database, outbox.bell),
        webhook_secrets=WebhookSecrets(masking.secret),
        outbound=Outbound(AllowedAddresses(settings.allow_private_addresses)),
        operator_key=operator_key(settings),
    )
