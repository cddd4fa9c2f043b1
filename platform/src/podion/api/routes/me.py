"""Who the key is, what it may do, which verticals there are and what was used."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from podion.api.access import AdminKey, AnyKey
from podion.api.inputs import in_utc
from podion.api.services import services_of
from podion.data.masking.policies import checked_policies, personal_names
from podion.errors import DataError, Fault
from podion.storage import audit, enablements, tenants, usage
from podion.storage.enablements import EnablementRow
from podion.vertical import Vertical, config_defaults

router = APIRouter(tags=["tenant"])

VerticalName = Annotated[str, Path(max_length=64, examples=["customer_service"])]


class Me(BaseModel):
    """The tenant and the key that asks."""

    tenant: str
    name: str
    key: str
    scopes: list[str]
    verticals: list[str]


class TaskOut(BaseModel):
    """A task of a vertical."""

    name: str
    methods: list[str]
    metric: str
    record: dict[str, Any] = Field(description="JSON schema of a record")


class VerticalOut(BaseModel):
    """An installed vertical, and whether the tenant has enabled it."""

    name: str
    path: str = Field(description="its routes live below this path")
    title: dict[str, str]
    enabled: bool
    config: dict[str, Any]
    personal: dict[str, str] = Field(description="what is done with personal data in each field that may hold any")
    tasks: list[TaskOut]


class VerticalList(BaseModel):
    """Every vertical that is installed."""

    data: list[VerticalOut]
    next: None = None


class Enable(BaseModel):
    """What a tenant sets when it enables a vertical."""

    config: dict[str, Any] = Field(default_factory=dict)
    personal: dict[str, str] | None = Field(
        default=None,
        max_length=1_000,
        description="policy by field (`intent.text`): reject, mask, tokenise or allow. Left out: as it was",
        examples=[{"feedback.comment": "reject"}],
    )


class UsageOut(BaseModel):
    """What was used in a span of time, by meter."""

    since: datetime
    until: datetime
    meters: dict[str, float]


@router.get("/v1/me")
async def get_me(request: Request, identity: AnyKey) -> Me:
    """Say who the key belongs to and what it may do."""
    services = services_of(request)
    tenant = await services.database.read(lambda c: tenants.get(c, identity.tenant))
    access = await request.app.state.gatekeeper.access(request)
    return Me(
        tenant=identity.tenant,
        name=tenant.name if tenant else "",
        key=identity.key,
        scopes=sorted(identity.scopes),
        verticals=sorted(access.enabled),
    )


@router.get("/v1/verticals")
async def list_verticals(request: Request, identity: AnyKey) -> VerticalList:
    """List the installed verticals with their tasks and record schemas."""
    services = services_of(request)
    rows = await services.database.read(lambda c: enablements.page(c, identity.tenant))
    enabled = {row.vertical: row for row in rows}
    return VerticalList(data=[_shape(v, enabled.get(v.name)) for v in services.catalogue.verticals.values()])


@router.put("/v1/verticals/{name}")
async def enable_vertical(request: Request, identity: AdminKey, name: VerticalName, body: Enable) -> VerticalOut:
    """Enable a vertical, or change its configuration and what is done with personal data in its fields."""
    services = services_of(request)
    vertical = services.catalogue.vertical(name)
    config = _checked(vertical, body.config)

    personal = None if body.personal is None else checked_policies(vertical, body.personal)

    def write(c: Any) -> EnablementRow:
        row = enablements.put(c, identity.tenant, name, config, personal)
        changed = {"config": config} if personal is None else {"config": config, "personal": personal}
        audit.add(c, identity.tenant, identity.key, "vertical.enable", name, changed)
        return row

    row = await services.database.write(write)
    request.app.state.gatekeeper.forget(identity.tenant)
    services.predictor.forget(identity.tenant)
    return _shape(vertical, row)


@router.delete("/v1/verticals/{name}", status_code=204)
async def disable_vertical(request: Request, identity: AdminKey, name: VerticalName) -> Response:
    """Disable a vertical: its routes answer 404 to the tenant; its data and adapters stay."""
    services = services_of(request)
    services.catalogue.vertical(name)

    def write(c: Any) -> None:
        enablements.delete(c, identity.tenant, name)
        audit.add(c, identity.tenant, identity.key, "vertical.disable", name)

    await services.database.write(write)
    request.app.state.gatekeeper.forget(identity.tenant)
    return Response(status_code=204)


@router.get("/v1/usage")
async def get_usage(
    request: Request,
    identity: AnyKey,
    since: Annotated[datetime | None, Query(description="default: 30 days ago")] = None,
    until: Annotated[datetime | None, Query(description="default: now")] = None,
) -> UsageOut:
    """Sum up what the tenant used, by meter."""
    end = in_utc(until) if until else datetime.now(UTC)
    earliest = end - timedelta(days=min(30, (end - datetime.min.replace(tzinfo=UTC)).days))
    start = in_utc(since) if since else earliest
    meters = await services_of(request).database.read(lambda c: usage.totals(c, identity.tenant, start, end))
    return UsageOut(since=start, until=end, meters=meters)


def _checked(vertical: Vertical, config: dict[str, Any]) -> dict[str, Any]:
    if vertical.config is None:
        if config:
            raise DataError(f"{vertical.name} has nothing to configure; seen: {', '.join(sorted(config))}")
        return {}
    try:
        return vertical.config.model_validate(config).model_dump(mode="json")
    except ValidationError as error:
        faults = [Fault("/config/" + "/".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise DataError(
            f"the configuration of {vertical.name} is not valid: {faults[0].detail}", faults=faults
        ) from error


def _shape(vertical: Vertical, row: EnablementRow | None) -> VerticalOut:
    tasks = [
        TaskOut(name=t.name, methods=list(t.methods), metric=t.primary_metric.name, record=t.record.model_json_schema())
        for t in vertical.tasks
    ]
    return VerticalOut(
        name=vertical.name,
        path=f"/v1/{vertical.path}",
        title=dict(vertical.title),
        enabled=row is not None,
        config={**config_defaults(vertical), **(row.config if row else {})},
        personal=_policies(vertical, row),
        tasks=tasks,
    )


def _policies(vertical: Vertical, row: EnablementRow | None) -> dict[str, str]:
    """Return the policy of every personal field; what a tenant chose for a field that is no more is left out."""
    chosen = row.personal if row else {}
    return {name: chosen.get(name, policy) for name, policy in personal_names(vertical).items()}
