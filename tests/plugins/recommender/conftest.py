"""What the tests of the recommender share: a tenant in memory, and shops at the live server."""

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from pydantic import BaseModel

from podion import (
    AdapterCard,
    Conflict,
    EventType,
    Found,
    Hit,
    NotFound,
    Page,
    PodionError,
    Prediction,
    RankedItem,
    RankingAnswer,
    Task,
    Unauthenticated,
)
from podion.data.masking.policies import Masking
from podion_recommender.config import RecommenderSettings
from podion_recommender.made_up import Shop, shop
from podion_recommender.plugin import register_vertical
from podion_recommender.router import router

API = "/v1/recommender"


class MemoryStore:
    """The tenant's documents in a dictionary: what is put is written as JSON and read again."""

    def __init__(self) -> None:
        self.kept: dict[type[BaseModel], dict[str, BaseModel]] = {}
        self.writes = 0
        self.fails_at: int | None = None

    async def put(self, document: Any) -> Any:
        return (await self.put_all([document]))[0]

    async def put_all(self, documents: Sequence[Any]) -> Sequence[Any]:
        assert len(documents) <= 1_000, "more than the store takes at once"
        self.writes += 1
        if self.fails_at == self.writes:
            raise OSError("the machine goes down here")
        for each in documents:
            self.kept.setdefault(type(each), {})[each.id] = type(each).model_validate_json(each.model_dump_json())
        return documents

    async def get(self, kind: Any, id: str) -> Any:
        if id not in self.kept.get(kind, {}):
            raise NotFound(f"no {kind.__name__} {id}")
        return self.kept[kind][id].model_copy(deep=True)

    async def get_all(self, kind: Any, ids: Collection[str]) -> dict[str, Any]:
        held = self.kept.get(kind, {})
        return {id: held[id].model_copy(deep=True) for id in ids if id in held}

    async def update_all(
        self, wanted: Mapping[type[BaseModel], Collection[str]], change: Callable[[Found], Sequence[BaseModel]]
    ) -> Sequence[BaseModel]:
        found = Found({kind: await self.get_all(kind, ids) for kind, ids in wanted.items()})
        return await self.put_all(change(found))

    async def list(
        self, kind: Any, where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Any:
        wanted = (where or {}).items()
        kept = reversed(list(self.kept.get(kind, {}).values()))
        found = [each for each in kept if all(getattr(each, name) == value for name, value in wanted)]
        start = int(cursor or 0)
        more = str(start + limit) if len(found) > start + limit else None
        return Page(data=found[start : start + limit], next=more)

    async def update(self, kind: Any, id: str, change: Callable[[Any], Any], *, begin: Any = None) -> Any:
        there = begin is None or id in self.kept.get(kind, {})
        return await self.put(change(await self.get(kind, id) if there else begin))

    async def delete(self, kind: Any, id: str) -> None:
        await self.get(kind, id)
        await self.delete_all(kind, [id])

    async def delete_all(self, kind: Any, ids: Collection[str]) -> int:
        return sum(self.kept.get(kind, {}).pop(id, None) is not None for id in ids)

    def all(self, kind: Any) -> Sequence[Any]:
        """Return what is kept of a kind."""
        return list(self.kept.get(kind, {}).values())


@dataclass
class MemoryCaller:
    """A tenant without a server; `ranking` is what its sequence model says, None: there is none."""

    tenant: str = "ten_a"
    settings: RecommenderSettings = field(default_factory=RecommenderSettings)
    ranking: Sequence[str] | None = None
    store: MemoryStore = field(default_factory=MemoryStore)
    found: Sequence[str] = ()
    places: Mapping[str, Sequence[float]] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=itertools.count)
    cards: list[AdapterCard] = field(default_factory=list)
    events: list[tuple[str, BaseModel]] = field(default_factory=list)

    @property
    def config(self) -> Mapping[str, Any]:
        return self.settings.model_dump(mode="json")

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self.ids):06}"

    async def predict(self, task: Task, records: Sequence[Any], *, adapter: str | None = None) -> Prediction[Any]:
        self.asked += records
        if self.ranking is None:
            raise Conflict("nothing has learned", code="untrained")
        answers = [self._answer(record) for record in records]
        return Prediction(task=f"recommender/{task.name}", adapter=adapter or "adapter-1", answers=answers)

    def _answer(self, record: Any) -> RankingAnswer:
        barred = {step.item_id for step in record.past or ()} | set(record.exclude)
        items = tuple(
            RankedItem(item_id=item, score=-float(place))
            for place, item in enumerate(self.ranking or ())
            if item not in barred
        )
        return RankingAnswer(prediction_id="prd_1", confidence=0.5, items=items[: record.count])

    async def adapters(self, task: Task) -> list[AdapterCard]:
        return self.cards

    async def emit(self, event: EventType, payload: BaseModel) -> None:
        self.events.append((event.name, payload))

    async def enqueue(self, job: str, payload: BaseModel, *, delay_seconds: float = 0) -> None:
        """Do the job at once."""
        declared = register_vertical().job(job)
        assert declared is not None, f"no job {job}"
        await declared.run(self, payload)  # type: ignore[arg-type]

    async def search(
        self, collection: str, query: str, k: int = 5, where: Mapping[str, Any] | None = None
    ) -> Sequence[Hit]:
        return [
            Hit(document=id, version="1", start=0, end=1, quote="x", score=1 - place / 100)
            for place, id in enumerate(self.found[:k])
        ]

    async def as_kept(self, document: Any) -> Any:
        return Masking(b"secret").documents(self.tenant, type(document), None).accepted(document).record

    async def vectors(self, collection: str, ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        return {id: np.asarray(self.places[id], np.float32) for id in ids if id in self.places}

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return [[1.0, 0.0] for _ in texts]


@pytest.fixture(scope="session")
def new_caller() -> type[MemoryCaller]:
    """What makes a tenant in memory, for tests that need many."""
    return MemoryCaller


@pytest.fixture
def caller() -> MemoryCaller:
    return MemoryCaller()


def act(number: int, user: str, item: str, kind: str = "click", **more: Any) -> dict[str, Any]:
    """Return an act as it is sent: `number` names it, and is how many seconds after a begin it happened."""
    at = datetime.now(UTC) - timedelta(hours=2) + timedelta(seconds=number)
    return {"event_id": f"e-{number}", "user_id": user, "item_id": item, "kind": kind, "at": at.isoformat(), **more}


@dataclass
class Counter:
    """A tenant at the live server's routes of this vertical."""

    tenant: Any
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> dict[str, Any]:
        return dict(self.tenant.json(method, f"{API}{path}", status, **arguments))

    def stock(self, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return self.call("POST", "/items", json={"items": list(items)})

    def send(self, acts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return self.call("POST", "/interactions", json={"interactions": list(acts)})

    def did(self, user: str, item: str, kind: str = "click", **more: Any) -> None:
        """Send one act that is new."""
        assert self.send([act(next(self.numbers), user, item, kind, **more)])["created"] == 1

    def slate(self, user: str, status: int = 200, **query: Any) -> dict[str, Any]:
        return self.call("GET", f"/recommendations/{user}", status, params=query)

    def listed(self, user: str, **query: Any) -> list[str]:
        return [item["item_id"] for item in self.slate(user, **query)["items"]]

    def wait(self, ask: Callable[[], Any], seconds: float = 20) -> Any:
        """Return what `ask` gives once it is something."""
        deadline = time.monotonic() + seconds
        while not (told := ask()):
            assert time.monotonic() < deadline, "nothing came in time"
            time.sleep(0.05)
        return told


@pytest.fixture(scope="session")
def made() -> Shop:
    """A made-up shop with sixty customers."""
    return shop(customers=60, steps=8)


@pytest.fixture(scope="session")
def store_front(server: Any, made: Shop) -> Counter:
    """A shop at the session's live server: 120 items, 480 acts, nothing trained."""
    counter = Counter(server.tenant("recommender"))
    counter.stock(made.items)
    counter.send(made.interactions)
    return counter


@pytest.fixture(scope="session")
def neighbour(server: Any, made: Shop) -> Counter:
    """Another tenant with a shop of its own: three items, nothing done yet."""
    counter = Counter(server.tenant("recommender"))
    counter.stock(made.items[:3])
    return counter


@pytest.fixture
def corner_shop(server: Any) -> Counter:
    """A new tenant with ten items of two categories, a1 … a5 and b1 … b5, of which nobody has taken any."""
    counter = Counter(server.tenant("recommender"))
    counter.tenant.json("PUT", "/v1/verticals/recommender", 200, json={"config": {"exploration": 0}})
    counter.stock(
        [
            {
                "item_id": f"{shelf}{number}",
                "title": f"{word} number {number}",
                "category": word,
                "price": 10.0 * number,
            }
            for shelf, word in (("a", "teapots"), ("b", "umbrellas"))
            for number in range(1, 6)
        ]
    )
    return counter


@dataclass
class Door:
    """The gatekeeper without a server: the key is the tenant's name."""

    callers: Mapping[str, MemoryCaller]

    async def admit(self, request: Request, scopes: Sequence[str]) -> MemoryCaller:
        name = request.headers.get("authorization", "").removeprefix("Bearer ")
        if name not in self.callers:
            raise Unauthenticated("no valid key")
        return self.callers[name]


@dataclass
class Visitor:
    """A tenant in memory at the routes."""

    http: TestClient
    caller: MemoryCaller

    def json(self, method: str, path: str, status: int, **arguments: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.caller.tenant}"}
        response = self.http.request(method, path, headers=headers, **arguments)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return dict(response.json())


@pytest.fixture
def two_counters() -> Iterator[list[Counter]]:
    """Two tenants at the routes without a server; jobs are done at once. `tenant.caller` is what a route gets."""
    callers = {name: MemoryCaller(tenant=name) for name in ("ten_a", "ten_b")}
    app = FastAPI()
    app.state.gatekeeper = Door(callers)
    app.include_router(router, prefix=API)

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, PodionError)
        return JSONResponse({"code": error.code, "detail": str(error)}, error.status)

    app.add_exception_handler(PodionError, refused)
    with TestClient(app) as http:
        yield [Counter(Visitor(http, caller)) for caller in callers.values()]


@pytest.fixture
def counter(two_counters: list[Counter]) -> Counter:
    """One of them."""
    return two_counters[0]
