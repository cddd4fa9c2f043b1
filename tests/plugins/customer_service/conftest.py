"""What the tests of customer service share: a caller in memory, and a shop on a live server."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from pydantic import BaseModel

from podion import Alternative, Conflict, Hit, LabelAnswer, NotFound, Page, Prediction, Span, SpanAnswer, Task
from podion_customer_service.config import ServiceSettings
from podion_customer_service.plugin import register_vertical

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file that the package ships."""
    text = files("podion_customer_service").joinpath(name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


class MemoryStore:
    """The tenant's documents in a dictionary; like the real one, it gives other requests a turn at every call."""

    def __init__(self) -> None:
        self.kept: dict[type[BaseModel], dict[str, BaseModel]] = {}

    async def put(self, document: Any) -> Any:
        await asyncio.sleep(0)
        id = document.id or f"made-{sum(map(len, self.kept.values()))}"
        named = document.model_copy(update={"id": id})
        self.kept.setdefault(type(document), {})[id] = named
        return named

    async def get(self, kind: Any, id: str) -> Any:
        await asyncio.sleep(0)
        if id not in self.kept.get(kind, {}):
            raise NotFound(f"no {kind.__name__} {id}")
        return self.kept[kind][id]

    async def list(
        self, kind: Any, where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Any:
        await asyncio.sleep(0)
        found = [each for each in reversed(self.kept.get(kind, {}).values()) if _fits(each, where or {})]
        start = int(cursor or 0)
        more = str(start + limit) if len(found) > start + limit else None
        return Page(data=found[start : start + limit], next=more)

    async def update(self, kind: Any, id: str, change: Callable[[Any], Any]) -> Any:
        changed = change(await self.get(kind, id))
        self.kept[kind][id] = changed
        return changed

    async def delete(self, kind: Any, id: str) -> None:
        await self.get(kind, id)
        del self.kept[kind][id]


def _fits(document: BaseModel, where: Mapping[str, Any]) -> bool:
    return all(getattr(document, name) == value for name, value in where.items())


@dataclass
class MemoryCaller:
    """A tenant without a server. `intents` says what a text is about; `spans` what stands in it, where
    trained; `upset` how sure it is that its writer is."""

    tenant: str = "ten_a"
    settings: ServiceSettings = field(default_factory=ServiceSettings)
    intents: dict[str, LabelAnswer] | None = field(default_factory=dict)
    spans: dict[str, tuple[Span, ...]] | None = None
    upset: dict[str, float] = field(default_factory=dict)
    store: MemoryStore = field(default_factory=MemoryStore)
    calls: list[tuple[str, list[str]]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    ids: int = 0

    @property
    def config(self) -> Mapping[str, Any]:
        return self.settings.model_dump(mode="json")

    def new_id(self, prefix: str) -> str:
        self.ids += 1
        return f"{prefix}_{self.ids}"

    async def predict(self, task: Task, records: Sequence[Any]) -> Prediction[Any]:
        await asyncio.sleep(0)
        texts = [record.text for record in records]
        self.calls.append((task.name, texts))
        if task.name == "mood":
            moods = [LabelAnswer(label="upset", confidence=self.upset.get(text, 0.0)) for text in texts]
            return Prediction(task="customer_service/mood", adapter="zero-shot", answers=moods)
        known: Any = self.intents if task.name == "intent" else self.spans
        if known is None:
            raise Conflict(f"{task.name} has nothing to answer with yet", code="untrained")
        answers = [self._marked(text) if task.name == "slots" else self._intent(text) for text in texts]
        return Prediction(task=f"customer_service/{task.name}", adapter="adapter-1", answers=answers)

    async def predict_together(self, asked: Sequence[tuple[Task, Sequence[Any]]]) -> list[Prediction[Any] | None]:
        answered: list[Prediction[Any] | None] = []
        for task, records in asked:
            try:
                answered.append(await self.predict(task, records))
            except Conflict:
                answered.append(None)
        return answered

    def _intent(self, text: str) -> LabelAnswer:
        unknown = LabelAnswer(label="order_status", confidence=0.05, abstained=True)
        answer = (self.intents or {}).get(text, unknown)
        return answer.model_copy(update={"prediction_id": f"{self.tenant}-prd-{len(self.calls)}"})

    def _marked(self, text: str) -> SpanAnswer:
        return SpanAnswer(confidence=0.9, spans=(self.spans or {}).get(text, ()))

    async def search(
        self, collection: str, query: str, k: int = 5, where: Mapping[str, Any] | None = None
    ) -> Sequence[Hit]:
        """Find what shares words, or characters of Chinese, with the query."""
        [spec] = [each for each in register_vertical().collections if each.name == collection]
        hits = [
            _hit(document, name, query)
            for document in self.store.kept.get(spec.kind, {}).values()
            if _fits(document, where or {})
            for name in spec.texts
            if getattr(document, name)
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:k]

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return vectors by letters: equal texts are equal, texts without a common letter are at right angles."""
        return [_letters(text) for text in texts]

    async def review(
        self, prediction_id: str, *, label: str | None = None, out_of_scope: bool = False, comment: str | None = None
    ) -> None:
        self.reviews.append({"prediction": prediction_id, "label": label, "out_of_scope": out_of_scope})


def _pieces(text: str) -> set[str]:
    return {word.strip("?.,!").casefold() for word in text.split()} if text.isascii() else set(text)


def _hit(document: Any, name: str, query: str) -> Hit:
    text, asked = getattr(document, name), _pieces(query)
    score = len(asked & _pieces(text)) / len(asked)
    place = {"document": document.id, "version": str(document.version), "field": name}
    return Hit(**place, start=0, end=len(text), quote=text, score=min(1.0, score))


def _letters(text: str) -> list[float]:
    counts = [0.0] * 64
    for character in text.casefold():
        counts[ord(character) % 64] += 1
    length = sum(count * count for count in counts) ** 0.5 or 1.0
    return [count / length for count in counts]


def about(label: str, confidence: float = 0.9, other: str = "warranty", *, abstained: bool = False) -> LabelAnswer:
    """Return an intent with a runner-up."""
    return LabelAnswer(
        label=label,
        confidence=confidence,
        abstained=abstained,
        alternatives=(Alternative(label=other, confidence=round((1 - confidence) / 2, 4)),),
    )


@pytest.fixture
def caller() -> MemoryCaller:
    """A tenant in memory."""
    return MemoryCaller()


@dataclass(frozen=True)
class Desk:
    """A shop whose base reads English and Chinese: trained on the sample, with the shipped knowledge."""

    server: Any
    tenant: Any
    dataset: str

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> dict[str, Any]:
        """Call a route of customer service."""
        return dict(self.tenant.json(method, f"/v1/customer-service{path}", status, **arguments))

    def open(self, **body: Any) -> str:
        """Open a conversation and return its id."""
        return str(self.call("POST", "/conversations", 201, json=body)["id"])

    def say(self, conversation: str, text: str) -> dict[str, Any]:
        """Write as the customer, and return the exchange."""
        return self.call("POST", f"/conversations/{conversation}/messages", json={"text": text})

    def answer(self, text: str, **more: Any) -> dict[str, Any]:
        """Ask once, outside any conversation."""
        return self.call("POST", "/answer", json={"text": text, **more})


def stock(tenant: Any) -> None:
    """Give a tenant the knowledge that the package ships."""
    for path, name in (("templates", "templates"), ("kb/documents", "articles"), ("curated-answers", "curated")):
        body = rows(f"samples/{name}.jsonl")
        tenant.json("POST", f"/v1/customer-service/{path}", 201, json=body)


@pytest.fixture(scope="module")
def desk(make_server: Callable[..., Any]) -> Desk:
    server = make_server(PODION_BASE="me5-small")
    tenant = server.tenant()
    dataset = tenant.upload(rows("sample.jsonl"))["id"]
    run = tenant.run(dataset)
    assert run["state"] == "succeeded", run
    body = {"task": "intent", "adapter": run["adapter"]}
    tenant.json("POST", "/v1/customer-service/deployments", 201, json=body)
    stock(tenant)
    return Desk(server, tenant, dataset)
