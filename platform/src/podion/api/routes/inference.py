"""KServe's Open Inference Protocol v2 for every task: a model is `<vertical>.<task>`, its version an adapter's."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, JsonValue
from starlette.responses import Response

from podion.api.access import AnyKey, PredictKey
from podion.api.replays import replayable
from podion.api.services import Services, services_of
from podion.api.tensors import TensorIn, TensorMetadata, TensorOut, inputs_of, outputs_of, records_of, tensors_of
from podion.errors import Conflict, DataError, NotFound, PodionError
from podion.vertical import Task, Vertical

PATH = "/v2"
PLATFORM = "podion"
VERSION = "0.1.0"

ModelName = Annotated[
    str, Path(max_length=129, description="vertical.task", examples=["customer_service.intent"], pattern=r"^[^/]+$")
]
ModelVersion = Annotated[str, Path(max_length=100, description="an adapter that is live, or `zero-shot`")]


class InferenceProblem(BaseModel):
    """An error in the protocol's form; the status says its kind, as everywhere on this server."""

    error: str


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "A problem with the request", "model": InferenceProblem},
    "5XX": {"description": "A problem of the server", "model": InferenceProblem},
}


class _JsonOnly(APIRoute):
    """A route that refuses the protocol's binary form before it reads the body, which would be no JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves the route."""
        serve = super().get_route_handler()

        async def checked(request: Request) -> Response:
            if "inference-header-content-length" in request.headers:
                raise DataError("tensors in binary form are not read: send them as JSON (binary_data=False)")
            return await serve(request)

        return checked


health = APIRouter(prefix=PATH, tags=["inference"], responses=_PROBLEMS)
# Triton's client names no content type.
router = APIRouter(
    prefix=f"{PATH}/models", tags=["inference"], responses=_PROBLEMS, strict_content_type=False, route_class=_JsonOnly
)


class ServerMetadata(BaseModel):
    """What this server is."""

    name: str = PLATFORM
    version: str = VERSION
    extensions: list[str] = []


class ServerLive(BaseModel):
    """The server answers."""

    live: bool = True


class ServerReady(BaseModel):
    """Whether the server can serve its models."""

    live: bool = True
    ready: bool


class ModelReady(BaseModel):
    """Whether a model can answer this tenant."""

    name: str
    ready: bool


class ModelMetadata(BaseModel):
    """A task as a model: what it reads and what it answers."""

    name: str
    versions: list[str] = Field(description="the version that serves, if any does")
    platform: str = PLATFORM
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class WantedOutput(BaseModel):
    """An output tensor to be sent."""

    name: str = Field(max_length=200, examples=["label"])
    parameters: dict[str, JsonValue] | None = None


class InferenceRequest(BaseModel):
    """Rows as tensors: one a field of the record, or `record` with a JSON object a row."""

    id: str | None = Field(default=None, max_length=200, description="sent back", examples=["42"])
    parameters: dict[str, JsonValue] | None = None
    inputs: list[TensorIn] = Field(
        min_length=1,
        max_length=1_000,
        examples=[[{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["where is my parcel"]}]],
    )
    outputs: list[WantedOutput] = Field(
        default=[], max_length=20, description="none named: all", examples=[[{"name": "label"}]]
    )


class InferenceReply(BaseModel):
    """Answers as tensors, in the order of the rows."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[TensorOut]


@health.get("")
async def get_server_metadata() -> ServerMetadata:
    """Say what this server is; it knows no extension of the protocol."""
    return ServerMetadata()


@health.get("/health/live")
async def get_server_live() -> ServerLive:
    """Say that the server answers."""
    return ServerLive()


@health.get("/health/ready", response_model=ServerReady, responses={503: {"model": ServerReady}})
async def get_server_ready(request: Request) -> JSONResponse:
    """Say whether database and engine answer; 503 until both do."""
    services = services_of(request)
    try:
        await services.database.read(lambda c: c.exec_driver_sql("SELECT 1").scalar())
        await services.engine.status()
    except PodionError:
        return JSONResponse({"live": True, "ready": False}, 503)
    return JSONResponse({"live": True, "ready": True})


@router.get("/{model_name}")
async def get_model_metadata(request: Request, identity: AnyKey, model_name: ModelName) -> ModelMetadata:
    """Return what a task reads and answers; it must be of a vertical that the tenant has enabled."""
    vertical, task = await _task(request, model_name)
    version = await _version(services_of(request), identity.tenant, vertical, task)
    return ModelMetadata(
        name=model_name, versions=[version] if version else [], inputs=inputs_of(task), outputs=outputs_of(task)
    )


@router.get("/{model_name}/versions/{model_version}")
async def get_model_version_metadata(
    request: Request, identity: AnyKey, model_name: ModelName, model_version: ModelVersion
) -> ModelMetadata:
    """Return what the version that serves reads and answers; 404 for another one."""
    found = await get_model_metadata(request, identity, model_name)
    _check_version(model_name, model_version, found.versions)
    return found


@router.get("/{model_name}/ready")
async def get_model_ready(request: Request, identity: AnyKey, model_name: ModelName) -> ModelReady:
    """Say whether the task can answer: something is deployed, or the names of labels do."""
    vertical, task = await _task(request, model_name)
    version = await _version(services_of(request), identity.tenant, vertical, task)
    return ModelReady(name=model_name, ready=version is not None)


@router.get("/{model_name}/versions/{model_version}/ready")
async def get_model_version_ready(
    request: Request, identity: AnyKey, model_name: ModelName, model_version: ModelVersion
) -> ModelReady:
    """Say that this version serves; 404 for another one."""
    found = await get_model_metadata(request, identity, model_name)
    _check_version(model_name, model_version, found.versions)
    return ModelReady(name=model_name, ready=True)


@router.post("/{model_name}/infer", response_model=InferenceReply, dependencies=[Depends(replayable)])
async def infer(request: Request, _identity: PredictKey, model_name: ModelName, body: InferenceRequest) -> Response:
    """Answer up to 1,000 rows by the version that serves the tenant; each answer is kept under its `prediction_id`.

    The outputs are `label` (where answers have one), `confidence`, `abstained`, `prediction_id` and `answer`, the whole
    answer as JSON.
    """
    return await _infer(request, model_name, body, None)


@router.post(
    "/{model_name}/versions/{model_version}/infer", response_model=InferenceReply, dependencies=[Depends(replayable)]
)
async def infer_with_version(
    request: Request, _identity: PredictKey, model_name: ModelName, model_version: ModelVersion, body: InferenceRequest
) -> Response:
    """Answer rows if this is the version that serves; 404 for another one."""
    return await _infer(request, model_name, body, model_version)


async def _infer(request: Request, name: str, body: InferenceRequest, version: str | None) -> Response:
    vertical, task = await _task(request, name)
    records = records_of(task, body.inputs)
    wanted = [each.name for each in body.outputs]
    tensors_of(task, (), wanted)  # an output that there is not is told before anything is computed
    caller = await request.app.state.gatekeeper.admit(request, ["predict"])
    if version is not None:
        serving = await _version(services_of(request), caller.tenant, vertical, task)
        _check_version(name, version, [serving] if serving else [])
    prediction = await caller.predict(task, records)
    reply = InferenceReply(
        model_name=name,
        model_version=prediction.adapter,
        id=body.id,
        outputs=tensors_of(task, prediction.answers, wanted),
    )
    return Response(reply.model_dump_json(exclude_none=True), media_type="application/json")


async def _task(request: Request, name: str) -> tuple[Vertical, Task]:
    """Return the task of a model's name, and let the request act in its vertical; `NotFound` unless it is enabled."""
    access = await request.app.state.gatekeeper.access(request)
    of, _, what = name.partition(".")
    verticals = services_of(request).catalogue.verticals
    vertical = verticals.get(of) if of in access.enabled else None
    task = vertical.task(what) if vertical else None
    if vertical is None or task is None:
        raise NotFound("no model has this name: models are <vertical>.<task> of the verticals that you enabled")
    request.state.vertical = vertical.name
    request.state.vertical_declared = vertical
    return vertical, task


async def _version(services: Services, tenant: str, vertical: Vertical, task: Task) -> str | None:
    try:
        serving = await services.predictor.serving(tenant, vertical, task)
    except Conflict:
        return None
    return serving.name


def _check_version(name: str, version: str, serving: list[str]) -> None:
    if version not in serving:
        raise NotFound(f"this version of {name} does not serve: {', '.join(serving) or 'none'} does")
