"""What the tests of medicine share: a caller in memory whose models know a few words, and requests to its routes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from podion import (
    AdapterCard,
    Alternative,
    Conflict,
    Contribution,
    ContributionsAnswer,
    DataError,
    Deed,
    Hit,
    LabelAnswer,
    NotFound,
    Page,
    PodionError,
    Prediction,
    Span,
    SpanAnswer,
    Task,
    Unauthenticated,
)
from podion.data.masking.finding import find
from podion.data.masking.policies import Masking
from podion_medical.config import MedicalSettings
from podion_medical.guidelines import Guideline
from podion_medical.router import router
from podion_medical.routes import cds_hooks
from podion_medical.schema import CodeEvidence, CodesAnswer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = frozenset({"coding", "entities", "triage", "diagnosis", "risk", "answer", "match"})
CODES = {"fever": "R50.9", "diabetes": "E11.9", "chest pain": "R07.4", "发热": "R50.9", "糖尿病": "E11.9"}
CONDITIONS = {"scaly": "Psoriasis", "wheez": "Asthma", "鳞屑": "Psoriasis"}


class MemoryStore:
    """The tenant's documents in a dictionary, masked as the real store masks them; kept as JSON."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.masking = Masking(b"a secret of the tests")
        self.kept: dict[type[BaseModel], dict[str, str]] = {}

    def mask(self, document: Any) -> Any:
        return self.masking.documents(self.tenant, type(document)).accepted(document).record

    async def put(self, document: Any) -> Any:
        known = self.kept.setdefault(type(document), {})
        id = document.id or f"made-{len(known)}"
        known.pop(id, None)
        known[id] = self.mask(document.model_copy(update={"id": id})).model_dump_json()
        return await self.get(type(document), id)

    async def get(self, kind: Any, id: str) -> Any:
        if id not in self.kept.get(kind, {}):
            raise NotFound(f"no {kind.__name__} {id}")
        return kind.model_validate_json(self.kept[kind][id])

    async def list(
        self, kind: Any, where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Any:
        assert all(name in kind.model_fields for name in where or {})
        read = [kind.model_validate_json(text) for text in reversed(self.kept.get(kind, {}).values())]
        found = [each for each in read if all(getattr(each, name) == value for name, value in (where or {}).items())]
        start = int(cursor or 0)
        more = str(start + limit) if len(found) > start + limit else None
        return Page(data=found[start : start + limit], next=more)

    async def update(self, kind: Any, id: str, change: Callable[[Any], Any], *, begin: Any = None) -> Any:
        known = self.kept.setdefault(kind, {})
        before = begin if begin is not None and id not in known else await self.get(kind, id)
        known[id] = self.mask(change(before)).model_dump_json()
        return await self.get(kind, id)

    async def delete(self, kind: Any, id: str) -> None:
        await self.get(kind, id)
        del self.kept[kind][id]


@dataclass
class MemoryCaller:
    """A tenant without a server; its models know the words of `CODES` and `CONDITIONS`."""

    tenant: str = "ten_a"
    deployed: set[str] = field(default_factory=lambda: set(ALL))
    settings: MedicalSettings = field(default_factory=MedicalSettings)
    unsure: bool = False
    urgency: str = "3"
    possible: tuple[str, ...] = ()
    deeds: list[Deed] = field(default_factory=list)
    reviews: list[tuple[str, Any, str | None]] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    ids: int = 0

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.tenant)
        self.actor = f"key_{self.tenant}"

    @property
    def config(self) -> Mapping[str, Any]:
        return self.settings.model_dump(mode="json")

    def new_id(self, prefix: str) -> str:
        self.ids += 1
        return f"{prefix}_{self.tenant}_{self.ids}"

    async def as_kept(self, document: Any) -> Any:
        return self.store.mask(document)

    async def find_personal(self, text: str, kinds: Any = "usual") -> list[Span]:
        return [Span(start=each.start, end=each.end, label=each.kind) for each in find(text, kinds)]

    async def note(self, action: str, targets: Sequence[str]) -> None:
        for target in targets:
            id = f"aud_{len(self.deeds)}"
            self.deeds.append(Deed(id=id, at=NOON, actor=self.actor, action=f"medical.{action}", target=target))

    async def noted(
        self, *, action: str | None = None, target: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Deed]:
        found = [
            each
            for each in reversed(self.deeds)
            if action in (None, each.action.removeprefix("medical.")) and target in (None, each.target)
        ]
        return Page(data=found[:limit])

    async def predict(self, task: Task, records: Sequence[Any], *, adapter: str | None = None) -> Prediction[Any]:
        if task.name not in self.deployed:
            raise Conflict(f"{task.name} has nothing to answer with yet", code="untrained")
        self.asked += [(task.name, record) for record in records]
        answers = [self._answer(task.name, record, self.new_id("prd")) for record in records]
        return Prediction(task=f"medical/{task.name}", adapter="sha-1", answers=answers)

    def _answer(self, name: str, record: Any, id: str) -> Any:
        sure = {"prediction_id": id, "abstained": self.unsure}
        if name == "coding":
            return _codes(record.text, sure)
        if name == "entities":
            spans = [Span(start=s, end=s + len(w), label="problem") for w in CODES if (s := record.text.find(w)) >= 0]
            return SpanAnswer(spans=tuple(sorted(spans, key=lambda span: span.start)), confidence=0.9, **sure)
        if name == "triage":
            return LabelAnswer(label=self.urgency, confidence=0.7, possible=self.possible, **sure)
        if name == "risk":
            parts = (Contribution(feature="glucose", value=record.features().get("glucose"), logit=1.2),)
            probability = 1 / (1 + 2.718281828459045 ** -(1.2 - 0.5))
            return ContributionsAnswer(
                label="1", confidence=probability, logit=0.7, base_logit=-0.5, contributions=parts, **sure
            )
        if name == "diagnosis":
            hits = [label for word, label in CONDITIONS.items() if word in record.text]
            first, p = (hits[0], 0.9) if hits else ("Reflux", 0.4)
            return LabelAnswer(label=first, confidence=p, alternatives=_rest(first, p), **sure)
        told = "yes" if name == "answer" and "reduces" in getattr(record, "context", "") else "maybe"
        return LabelAnswer(label=told, confidence=0.8 if told == "yes" else 0.3, **sure)

    async def search(
        self, collection: str, query: str, k: int = 5, where: Mapping[str, Any] | None = None
    ) -> list[Hit]:
        found = await self.store.list(Guideline, where)
        words = set(query.lower().split())
        scored = [(len(words & set(each.text.lower().split())) / len(words), each) for each in found.data]
        scored.sort(key=lambda pair: -pair[0])
        return [
            Hit(document=each.id, version=each.version, title=each.title, url=each.url, start=0, end=len(each.text),
                quote=each.text, score=score)
            for score, each in scored[:k] if score > 0
        ]  # fmt: skip

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 0.0] for _ in texts]

    async def adapters(self, task: Task) -> list[AdapterCard]:
        card = AdapterCard(adapter="sha-1", method="head", base="minilm-l6", live=True, created_at=NOON)
        return [card] if task.name in self.deployed else []

    async def review(self, prediction_id: str, *, label: Any = None, comment: str | None = None, **more: Any) -> None:
        if label == "unheard of":
            raise DataError("label 'unheard of' is not one", code="unknown_label")
        self.reviews.append((prediction_id, label, comment))


def _rest(label: str, confidence: float) -> tuple[Alternative, ...]:
    others = [each for each in ("Psoriasis", "Asthma", "Reflux") if each != label]
    return tuple(Alternative(label=each, confidence=(1 - confidence) / 2) for each in others)


def _codes(text: str, sure: Mapping[str, Any]) -> CodesAnswer:
    found = [(word, code, text.find(word)) for word, code in CODES.items() if word in text]
    return CodesAnswer(
        labels=tuple(Alternative(label=code, confidence=0.9 - place / 100) for place, (_, code, _) in enumerate(found)),
        evidence=tuple(CodeEvidence(code=code, start=at, end=at + len(word), weight=0.8) for word, code, at in found),
        confidence=0.8,
        **sure,
    )


@dataclass
class Door:
    """The gatekeeper: the key is the tenant's name."""

    callers: dict[str, MemoryCaller]

    async def admit(self, request: Request, scopes: Sequence[str]) -> MemoryCaller:
        name = request.headers.get("authorization", "").removeprefix("Bearer ")
        if name not in self.callers:
            raise Unauthenticated("no valid key")
        return self.callers[name]


@dataclass
class Ward:
    """A tenant at the routes, over HTTP without a server."""

    http: TestClient
    caller: MemoryCaller

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        headers = {"authorization": f"Bearer {self.caller.tenant}"}
        whole = path if path.startswith("/cds-services") else f"/v1/medical{path}"
        response = self.http.request(method, whole, headers=headers, **arguments)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response.json()

    def note(self, text: str, status: int = 201, **more: Any) -> Any:
        return self.call("POST", "/notes", status, json={"text": text, **more})

    def code(self, text: str, **more: Any) -> Any:
        return self.call("POST", "/notes:code", json={"text": text, **more})


@contextmanager
def at_the_routes(*callers: MemoryCaller) -> Iterator[list[Ward]]:
    app = FastAPI()
    app.state.gatekeeper = Door({caller.tenant: caller for caller in callers})
    app.include_router(router, prefix="/v1/medical")
    app.include_router(cds_hooks.router, prefix="/cds-services")

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, PodionError)
        faults = [fault.pointer for fault in error.faults]
        return JSONResponse({"code": error.code, "detail": str(error), "faults": faults}, error.status)

    app.add_exception_handler(PodionError, refused)
    with TestClient(app) as http:
        yield [Ward(http, caller) for caller in callers]


@pytest.fixture
def ward() -> Iterator[Ward]:
    with at_the_routes(MemoryCaller()) as [one]:
        yield one


@pytest.fixture
def two_wards() -> Iterator[list[Ward]]:
    with at_the_routes(MemoryCaller(), MemoryCaller(tenant="ten_b")) as both:
        yield both
