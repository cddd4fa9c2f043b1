"""What the tests of financial risk share: a caller in memory with models that add up, and requests to its routes."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from podion import (
    AdapterCard,
    Alternative,
    BinContribution,
    Conflict,
    Contribution,
    ContributionsAnswer,
    EventType,
    LabelAnswer,
    NotFound,
    Page,
    PodionError,
    Prediction,
    Task,
    Unauthenticated,
)  # fmt: skip
from podion_finance_risk.router import router

NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)
WEIGHTS = {"debt_to_income": 2.0, "late_payments": 0.8, "utilisation": 1.0, "savings": -0.0005}
MEANS = {"debt_to_income": 0.3, "late_payments": 0.5, "utilisation": 0.4, "savings": 3_000.0}
BASE = -2.0


class MemoryStore:
    """The tenant's documents in a dictionary; what it keeps goes through JSON, as with the real one."""

    def __init__(self) -> None:
        self.kept: dict[type[BaseModel], dict[str, str]] = {}
        self.fails = False

    async def put(self, document: Any) -> Any:
        if self.fails:
            raise Conflict("the disk is away")
        id = document.id or f"made-{sum(map(len, self.kept.values()))}"
        named = document.model_copy(update={"id": id})
        known = self.kept.setdefault(type(document), {})
        known[id] = named.model_dump_json()
        return type(document).model_validate_json(known[id])

    async def put_all(self, documents: Sequence[Any]) -> list[Any]:
        return [await self.put(document) for document in documents]

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
        changed = change(begin if begin is not None and id not in known else await self.get(kind, id))
        known[id] = changed.model_dump_json()
        return await self.get(kind, id)

    async def delete(self, kind: Any, id: str) -> None:
        await self.get(kind, id)
        del self.kept[kind][id]


@dataclass
class MemoryCaller:
    """A tenant without a server. Its scorecard adds up four features; the version `card-2` has another base."""

    tenant: str = "ten_a"
    deployed: set[str] = field(default_factory=lambda: {"scorecard", "credit", "fraud", "customer_class", "text_risk"})
    version: str = "card-1"
    unsure: bool = False
    store: MemoryStore = field(default_factory=MemoryStore)
    seen: list[tuple[str, Any]] = field(default_factory=list)
    reviews: list[tuple[str, str | None]] = field(default_factory=list)
    events: list[tuple[str, BaseModel]] = field(default_factory=list)
    cards: dict[str, list[AdapterCard]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    ids: int = 0

    def new_id(self, prefix: str) -> str:
        self.ids += 1
        return f"{prefix}_{self.tenant}_{self.ids}"

    async def predict(self, task: Task, records: Sequence[Any], *, adapter: str | None = None) -> Prediction[Any]:
        if task.name not in self.deployed:
            raise Conflict(f"{task.name} has nothing to answer with yet", code="untrained")
        self.seen += [(task.name, record) for record in records]
        answers = [self._answer(task.name, record, adapter or self.version) for record in records]
        return Prediction(task=f"finance_risk/{task.name}", adapter=adapter or self.version, answers=answers)

    async def predict_together(self, asked: Sequence[tuple[Task, Sequence[Any]]]) -> list[Prediction[Any] | None]:
        return [await self.predict(task, records) if task.name in self.deployed else None for task, records in asked]

    def _answer(self, name: str, record: Any, version: str) -> LabelAnswer:
        id = self.new_id("prd")
        if name == "scorecard":
            return self._carded(record, version, id)
        if name == "credit":
            pd = min(0.99, max(0.01, 0.9 * (record.features().get("debt_to_income") or 0.3)))
            return binary(pd, id, self.unsure)
        if name == "fraud":
            return binary(min(0.99, record.amount / 1_000), id)
        known = "phishing" if name == "text_risk" else "growing"
        return LabelAnswer(label=known, confidence=0.9, prediction_id=id)

    def _carded(self, record: Any, version: str, id: str) -> ContributionsAnswer:
        base = BASE if version == "card-1" else BASE + 0.5
        values = record.features()
        shares = [
            Contribution(feature=name, value=values[name], logit=weight * (float(values[name]) - MEANS[name]), bin="")
            for name, weight in WEIGHTS.items()
            if values.get(name) is not None
        ]
        logit = base + sum(each.logit for each in shares)
        pd = 1 / (1 + math.exp(-logit))
        table = (
            () if values else tuple(BinContribution(feature=name, bin="any", logit=w) for name, w in WEIGHTS.items())
        )
        told = binary(pd, id, self.unsure).model_dump()
        shares.sort(key=lambda each: -each.logit)
        return ContributionsAnswer(**told, logit=logit, base_logit=base, contributions=tuple(shares), table=table)

    async def adapters(self, task: Task) -> list[AdapterCard]:
        return self.cards.get(task.name, [])

    async def review(self, prediction_id: str, *, label: str | None = None, **more: Any) -> None:
        self.reviews.append((prediction_id, label))

    async def emit(self, event: EventType, payload: BaseModel) -> None:
        self.events.append((event.name, payload))


def binary(pd: float, id: str = "", unsure: bool = False) -> LabelAnswer:
    """Return an answer out of two labels, `1` with the probability given."""
    label, other, sure = ("1", "0", pd) if pd >= 0.5 else ("0", "1", 1 - pd)
    alternatives = (Alternative(label=other, confidence=1 - sure),)
    return LabelAnswer(label=label, confidence=sure, prediction_id=id, abstained=unsure, alternatives=alternatives)


def application(**fields: Any) -> dict[str, Any]:
    """Return a sound application; fields given replace its own."""
    sound = {
        "application_id": "A-1", "applicant_ref": "c-1", "applied_at": NOON.isoformat(), "debt_to_income": 0.2,
        "late_payments": 0, "utilisation": 0.2, "savings": 3_000,
    }  # fmt: skip
    return {**sound, **fields}


@dataclass
class Door:
    """The gatekeeper: the key is the tenant's name."""

    callers: dict[str, MemoryCaller]
    scopes: set[str] = field(default_factory=lambda: {"predict", "data", "deploy"})

    async def admit(self, request: Request, scopes: Sequence[str]) -> MemoryCaller:
        name = request.headers.get("authorization", "").removeprefix("Bearer ")
        if name not in self.callers:
            raise Unauthenticated("no valid key")
        return self.callers[name]


@dataclass
class Lender:
    """A tenant at the routes, over HTTP without a server."""

    http: TestClient
    caller: MemoryCaller
    risky: ClassVar[dict[str, Any]] = {"debt_to_income": 1.2, "late_payments": 3, "utilisation": 0.9, "savings": 0}

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        headers = {"authorization": f"Bearer {self.caller.tenant}"}
        response = self.http.request(method, f"/v1/finance-risk{path}", headers=headers, **arguments)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response.json()

    def score(self, status: int = 200, **fields: Any) -> Any:
        return self.call("POST", "/applications:score", status, json=application(**fields))

    def outcome(self, ref: str, value: int, days: int = 300, kind: str = "default_12m", status: int = 201) -> Any:
        told = {"ref": ref, "kind": kind, "value": value, "observed_at": (NOON + timedelta(days=days)).isoformat()}
        return self.call("POST", "/outcomes", status, json={"outcomes": [told]})

    def pay(self, status: int = 200, *, minutes: float = 0, **fields: Any) -> Any:
        at = (NOON + timedelta(minutes=minutes)).isoformat()
        sound = {"account": "acc-1", "terminal": "term-1", "at": at, "amount": 20}
        return self.call("POST", "/transactions:score", status, json={**sound, **fields})

    def policy(self, status: int = 200, **fields: Any) -> Any:
        return self.call("PUT", "/policy", status, json={"policy": fields, "by": "committee"})


@contextmanager
def at_the_routes(*callers: MemoryCaller) -> Iterator[list[Lender]]:
    app = FastAPI()
    app.state.gatekeeper = Door({caller.tenant: caller for caller in callers})
    app.include_router(router, prefix="/v1/finance-risk")

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, PodionError)
        faults = [fault.pointer for fault in error.faults]
        return JSONResponse({"code": error.code, "detail": str(error), "faults": faults}, error.status)

    app.add_exception_handler(PodionError, refused)
    with TestClient(app) as http:
        yield [Lender(http, caller) for caller in callers]


@pytest.fixture
def lender() -> Iterator[Lender]:
    with at_the_routes(MemoryCaller()) as [one]:
        yield one


@pytest.fixture
def two_lenders() -> Iterator[list[Lender]]:
    with at_the_routes(MemoryCaller(), MemoryCaller(tenant="ten_b")) as both:
        yield both
