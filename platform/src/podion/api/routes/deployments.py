"""A vertical's deployments: what serves, since when, and the way back."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from podion.api.access import HostCaller
from podion.api.idempotency import once
from podion.api.inputs import in_utc, task_of
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import services_of
from podion.caller import requires
from podion.errors import DataError, NotFound
from podion.storage import deployments
from podion.storage.deployments import DeploymentRow
from podion.vertical import Vertical

DeploymentId = Annotated[str, Path(max_length=64)]


class NewDeployment(BaseModel):
    """Which adapter shall serve which task."""

    task: str = Field(max_length=64, examples=["intent"])
    adapter: str = Field(max_length=100, description="as the run that made it names it", examples=["db2441ea1e6ee958…"])
    mode: str = Field(default="live", max_length=16, json_schema_extra={"enum": ["live"]})
    force: bool = Field(default=False, description="deploy it even though it was suspended")


class DeploymentOut(BaseModel):
    """A span of time in which an adapter served a task."""

    id: str
    task: str
    adapter: str
    mode: str
    state: Literal["live", "ended", "suspended"]
    from_at: datetime
    to_at: datetime | None
    actor: str
    reason: str
    suspended: str | None = Field(description="why it was taken out of service for what it answered, where it was")


def deployments_router(vertical: Vertical) -> APIRouter:
    """Return the deployment routes of one vertical."""
    router = APIRouter(dependencies=[requires("deploy")])

    @router.post("/deployments", status_code=201, response_model=DeploymentOut)
    async def create_deployment(request: Request, caller: HostCaller, body: NewDeployment) -> JSONResponse:
        """Make an adapter serve, once it passed the gate."""
        task = f"{vertical.name}/{task_of(vertical, body.task).name}"
        if body.mode != "live":
            raise DataError(f"mode {body.mode!r} is not in this version: deploy with mode 'live'", code="unknown_mode")
        services = services_of(request)
        reasons = await services.database.read(lambda c: services.deployer.objections(c, caller.tenant, body.adapter))

        def effect(c: Any) -> DeploymentOut:
            deploy = services.deployer.deploy
            return shape(deploy(c, caller.tenant, task, body.adapter, caller.actor, reasons, force=body.force))

        response = await once(request, caller.tenant, effect)
        services.predictor.prepare(caller.tenant, vertical, task_of(vertical, body.task), load=True)
        return response

    @router.get("/deployments")
    async def list_deployments(
        request: Request,
        caller: HostCaller,
        limit: Limit = 50,
        cursor: Cursor = None,
        at: Annotated[datetime | None, Query(description="only what served at this time")] = None,
    ) -> Page[DeploymentOut]:
        """List the ledger, newest first; with `at`, what served each task at that time."""
        database = services_of(request).database
        if at is not None:
            when = in_utc(at)
            names = [f"{vertical.name}/{task.name}" for task in vertical.tasks]
            found = await database.read(lambda c: [deployments.at(c, caller.tenant, name, when) for name in names])
            return Page(data=[shape(row) for row in found if row is not None])
        after = decode(cursor)
        rows = await database.read(lambda c: deployments.page(c, caller.tenant, f"{vertical.name}/", after, limit + 1))
        return page(rows, limit, shape, lambda row: row.id)

    @router.post("/deployments/{deployment_id}:rollback", status_code=201, response_model=DeploymentOut)
    async def rollback_deployment(request: Request, caller: HostCaller, deployment_id: DeploymentId) -> JSONResponse:
        """Put back what served before this deployment."""
        services = services_of(request)

        def effect(c: Any) -> DeploymentOut:
            row = deployments.get(c, caller.tenant, deployment_id)
            if row is None or row.task.partition("/")[0] != vertical.name:
                raise NotFound("no deployment has this id: GET …/deployments lists those there are")
            return shape(services.deployer.rollback(c, caller.tenant, deployment_id, caller.actor))

        response = await once(request, caller.tenant, effect)
        services.predictor.forget(caller.tenant)
        return response

    return router


def shape(row: DeploymentRow) -> DeploymentOut:
    """Return what clients see of a deployment."""
    return DeploymentOut(
        id=row.id,
        task=row.task,
        adapter=row.adapter,
        mode=row.mode,
        state="suspended" if row.suspended else "ended" if row.to_at else "live",
        from_at=row.from_at,
        to_at=row.to_at,
        actor=row.actor,
        reason=row.reason,
        suspended=row.suspended,
    )
