"""Is it alive, is it ready, what has it counted."""

from contextlib import suppress

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response

from podion.api.services import services_of
from podion.errors import PodionError
from podion.storage import background_jobs, deliveries
from podion.storage.database import Connection

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


class Ready(BaseModel):
    """Whether requests can be served, part by part."""

    status: str
    database: str
    engine: str
    quarantined: list[str]


@router.get("/livez")
async def livez() -> Alive:
    """Say that the process answers."""
    return Alive()


@router.get("/readyz", response_model=Ready, responses={503: {"model": Ready}})
async def readyz(request: Request) -> JSONResponse:
    """Say whether the database and the engine answer; 503 until both do."""
    services = services_of(request)
    database, engine = "ok", "ok"
    try:
        await services.database.read(lambda c: c.exec_driver_sql("SELECT 1").scalar())
    except PodionError as error:
        database = error.detail
    try:
        await services.engine.status()
    except PodionError as error:
        engine = error.detail
    ready = database == engine == "ok"
    quarantined = [record.name for record in services.catalogue.plugins if record.state == "quarantined"]
    body = Ready(status="ready" if ready else "not ready", database=database, engine=engine, quarantined=quarantined)
    return JSONResponse(body.model_dump(), 200 if ready else 503)


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return the counters of the API and of the engine in Prometheus' text format."""
    services = services_of(request)
    try:
        engine = await services.engine.status()
    except PodionError:
        engine = None
    # While the database is away the last numbers stay.
    with suppress(PodionError):
        services.metrics.in_background(*await services.database.read(_in_background))
    return Response(services.metrics.text(engine), media_type="text/plain; version=0.0.4; charset=utf-8")


def _in_background(c: Connection) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    return background_jobs.counts(c), deliveries.counts(c)
