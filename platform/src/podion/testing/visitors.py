"""Two made-up tenants who call every route of a plugin; no server, no engine, no database."""

import json
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from pydantic import BaseModel

from podion.answers import AdapterCard, Answer, Deed, Hit, Page, Prediction, Span
from podion.background import EventType
from podion.caller import Found
from podion.catalogue.route_checks import api_routes
from podion.data.masking.finding import find
from podion.errors import Conflict, DataError, NotFound, PodionError, Unauthenticated
from podion.testing.specimens import made_up
from podion.vertical import PersonalKinds, Task, Vertical, config_defaults

TENANTS = ("ada", "bob")
KindT = TypeVar("KindT", bound=BaseModel)
_CONTAINERS = (dict, list, set, deque, bytearray)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that a route's own schema allows."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Shelf:
    """A tenant's documents, kept in memory; see `podion.caller.Store`."""

    documents: dict[tuple[type[BaseModel], str], BaseModel] = field(default_factory=dict)

    async def put(self, document: KindT) -> KindT:
        """Keep a document."""
        name = getattr(document, "id", "") or f"made-up-{len(self.documents)}"
        kept = document.model_copy(update={"id": name})
        self.documents[type(document), name] = kept
        return kept

    async def put_all(self, documents: Sequence[KindT]) -> Sequence[KindT]:
        """Keep documents."""
        return [await self.put(document) for document in documents]

    async def get(self, kind: type[KindT], id: str) -> KindT:
        """Return a document; raises `NotFound`."""
        found = self.documents.get((kind, id))
        if not isinstance(found, kind):
            raise NotFound(f"no {kind.__name__} has this id")
        return found

    async def get_all(self, kind: type[KindT], ids: Collection[str]) -> dict[str, KindT]:
        """Return those of the documents that are there."""
        kept = {id: self.documents.get((kind, id)) for id in ids}
        return {id: one for id, one in kept.items() if isinstance(one, kind)}

    async def update_all(
        self, wanted: Mapping[type[BaseModel], Collection[str]], change: Callable[[Found], Sequence[BaseModel]]
    ) -> Sequence[BaseModel]:
        """Keep what `change` makes of documents."""
        found = {kind: await self.get_all(kind, ids) for kind, ids in wanted.items()}
        return await self.put_all(change(Found(found)))

    async def list(
        self, kind: type[KindT], where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[KindT]:
        """Return the documents of a kind."""
        kept = [one for one in self.documents.values() if isinstance(one, kind)]
        wanted = (where or {}).items()
        return Page(data=[one for one in kept if all(getattr(one, name, None) == value for name, value in wanted)])

    async def update(
        self, kind: type[KindT], id: str, change: Callable[[KindT], KindT], *, begin: KindT | None = None
    ) -> KindT:
        """Replace a document, or `begin` where there is none; raises `NotFound` without it."""
        if begin is not None and (kind, id) not in self.documents:
            return await self.put(change(begin))
        return await self.put(change(await self.get(kind, id)))

    async def delete(self, kind: type[KindT], id: str) -> None:
        """Remove a document; raises `NotFound`."""
        await self.get(kind, id)
        del self.documents[kind, id]

    async def delete_all(self, kind: type[KindT], ids: Collection[str]) -> int:
        """Remove documents."""
        return sum(self.documents.pop((kind, id), None) is not None for id in ids)


@dataclass
class Visitor:
    """A tenant at the routes; see `podion.caller.TenantCaller`. Its answers carry its own name."""

    tenant: str
    vertical: Vertical
    store: Shelf = field(default_factory=Shelf)

    @property
    def actor(self) -> str:
        """A made-up key."""
        return f"key_{self.tenant}"

    @property
    def config(self) -> Mapping[str, Any]:
        """The vertical's defaults."""
        return config_defaults(self.vertical)

    def new_id(self, prefix: str) -> str:
        """Return an id."""
        return f"{prefix}_{self.tenant}"

    async def predict(self, task: Task, records: Sequence[BaseModel], *, adapter: str | None = None) -> Prediction[Any]:
        """Return an answer a record: the first label for the first tenant, the last for the other."""
        labels = task.labels or TENANTS
        schema = task.answer_schema
        told: dict[str, Any] = made_up(schema.model_json_schema())
        told |= {"confidence": 0.9, "prediction_id": f"pred_{self.tenant}"}
        if "label" in schema.model_fields:
            told["label"] = labels[0] if self.tenant == TENANTS[0] else labels[-1]
        answers: list[Answer] = [schema.model_validate(told) for _ in records]
        return Prediction(task=f"{self.vertical.name}/{task.name}", adapter=adapter or "made-up", answers=answers)

    async def adapters(self, task: Task) -> Sequence[AdapterCard]:
        """Return no version."""
        return []

    async def predict_together(
        self, asked: Sequence[tuple[Task, Sequence[BaseModel]]]
    ) -> Sequence[Prediction[Any] | None]:
        """Return what `predict` does, for each task."""
        return [await self.predict(task, records) for task, records in asked]

    async def search(
        self, collection: str, query: str, k: int = 5, where: Mapping[str, Any] | None = None
    ) -> Sequence[Hit]:
        """Find nothing."""
        return []

    async def vectors(self, collection: str, ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return one vector a document."""
        return {id: np.array([1.0, 0.0], np.float32) for id in ids}

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return one vector a text."""
        return [[1.0, 0.0] for _ in texts]

    async def as_kept(self, document: KindT) -> KindT:
        """Return the document."""
        return document

    async def find_personal(self, text: str, kinds: PersonalKinds = "usual") -> Sequence[Span]:
        """Find what masking would."""
        return [Span(start=each.start, end=each.end, label=each.kind) for each in find(text, kinds)]

    async def review(
        self,
        prediction_id: str,
        *,
        label: str | Sequence[str] | None = None,
        value: float | None = None,
        out_of_scope: bool = False,
        comment: str | None = None,
    ) -> None:
        """Take feedback."""

    async def note(self, action: str, targets: Sequence[str]) -> None:
        """Write nothing down."""

    async def noted(
        self, *, action: str | None = None, target: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Deed]:
        """Return no deed."""
        return Page(data=[])

    async def emit(self, event: EventType, payload: BaseModel) -> None:
        """Tell nobody; raises `ValueError` for an event that the vertical does not declare."""
        if event not in self.vertical.events:
            raise ValueError(f"{self.vertical.name} declares no event {event.name!r}")

    async def enqueue(self, job: str, payload: BaseModel, *, delay_seconds: float = 0) -> None:
        """Leave the job undone; raises `ValueError` for one that the vertical does not declare."""
        if self.vertical.job(job) is None:
            raise ValueError(f"{self.vertical.name} declares no job {job!r}")

    async def fetch(self, url: str, *, most_bytes: int = 5 << 20) -> bytes:
        """Refuse: a made-up tenant reaches no address."""
        raise DataError(f"{url!r} is not fetched here")


@dataclass
class _Door:
    """The gatekeeper of the made-up host."""

    vertical: Vertical
    visitors: dict[str, Visitor] = field(default_factory=dict)

    async def admit(self, request: Request, scopes: Sequence[str]) -> Visitor:
        """Return the tenant whose name is the key."""
        tenant = request.headers.get("authorization", "").removeprefix("Bearer ")
        if tenant not in TENANTS:
            raise Unauthenticated("no valid key")
        return self.visitors.setdefault(tenant, Visitor(tenant, self.vertical))


def check_openapi(vertical: Vertical) -> None:
    """Raise `AssertionError` unless the routes make an OpenAPI document with a name of its own for each."""
    try:
        document = _app(vertical).openapi()
        json.dumps(document)
    except Exception as error:
        raise AssertionError(f"the routes make no OpenAPI document: {type(error).__name__}: {error}") from error
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    double = sorted({name for name in names if names.count(name) > 1})
    assert not double, f"several routes have the operation id {', '.join(double)}: name the functions differently"


def check_keys_are_asked_for(vertical: Vertical) -> None:
    """Raise `AssertionError` that names a route which answers without a key."""
    with _client(vertical) as client:
        for call in _calls(vertical):
            status = _send(client, call, "nobody").status_code
            assert status == 401, f"{call} answers {status} to a request without a key; 401 is expected"


def check_answers(vertical: Vertical) -> None:
    """Raise `AssertionError` that names a route which fails on a request that its own schema allows."""
    with _client(vertical) as client:
        for call in _calls(vertical):
            try:
                _send(client, call, TENANTS[0])
            except Exception as error:
                raise AssertionError(
                    f"{call} raises {type(error).__name__}: {error}. It was sent {call.body!r} {dict(call.query)!r};"
                    " what a client may send is answered, or refused with a podion error"
                ) from error


def check_tenants_apart(vertical: Vertical) -> None:
    """Raise `AssertionError` when what one tenant sent shows in another's answer, or stays in a module."""
    with _client(vertical) as client:
        for call in _calls(vertical):
            before = _held(vertical)
            answers = {}
            for tenant in TENANTS:
                try:
                    answers[tenant] = _send(client, call, tenant, canary=f"canary of {tenant}").text
                except Exception:  # `check_answers` tells it
                    answers[tenant] = ""
            for tenant, other in (TENANTS, reversed(TENANTS)):
                assert f"canary of {other}" not in answers[tenant], f"{call} tells {tenant} what {other} sent"
            changed = sorted(name for name, value in _held(vertical).items() if before.get(name) != value)
            assert not changed, (
                f"{call} changes {', '.join(changed)}: what a module keeps, it keeps for every tenant; use caller.store"
            )


def _app(vertical: Vertical) -> FastAPI:
    app = FastAPI()
    app.state.gatekeeper = _Door(vertical)
    app.add_exception_handler(PodionError, _refused)
    if vertical.router is not None:
        app.include_router(vertical.router, prefix=f"/v1/{vertical.path}")
    for standard in vertical.standards:
        app.include_router(standard.router, prefix=standard.prefix)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    status = error.status if isinstance(error, PodionError) else Conflict.status
    return JSONResponse({"detail": str(error)}, status)


def _client(vertical: Vertical) -> TestClient:
    return TestClient(_app(vertical))


def _calls(vertical: Vertical) -> list[Call]:
    """Return a request for each route that does not stream."""
    streams = {
        (method, f"/v1/{vertical.path}{route.path}")
        for route in api_routes(vertical)
        for method in route.methods or ()
        if route.stream_item_type is not None
        or (isinstance(route.response_class, type) and issubclass(route.response_class, StreamingResponse))
    }
    return [call for call in _made_up_calls(_app(vertical).openapi()) if (call.method, call.path) not in streams]


def _made_up_calls(document: Mapping[str, Any]) -> Iterator[Call]:
    root = {"$defs": document.get("components", {}).get("schemas", {})}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            query = {
                parameter["name"]: made_up(parameter["schema"], root)
                for parameter in operation.get("parameters", ())
                if parameter["in"] == "query" and parameter.get("required")
            }
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            body = made_up(content["schema"], root) if content else None
            yield Call(method=method.upper(), path=path, query=query, body=body)


def _send(client: TestClient, call: Call, tenant: str, canary: str | None = None) -> Any:
    path = call.path.replace("{", "").replace("}", "")
    body = call.body
    if canary is not None and isinstance(body, dict):
        body = {name: canary if isinstance(value, str) else value for name, value in body.items()}
    headers = {"authorization": f"Bearer {tenant}"}
    return client.request(call.method, path, params=dict(call.query), json=body, headers=headers)


def _held(vertical: Vertical) -> dict[str, str]:
    """Return what the containers hold that the plugin's modules keep, by name."""
    packages = {
        str(route.endpoint.__module__).partition(".")[0] for route in api_routes(vertical) if route.endpoint is not None
    }
    modules = [(name, module) for name, module in list(sys.modules.items()) if name.partition(".")[0] in packages]
    return {
        f"{name}.{holder}": repr(value)
        for name, module in modules
        for holder, value in list(vars(module).items())
        if isinstance(value, _CONTAINERS) and not holder.startswith("__")
    }
