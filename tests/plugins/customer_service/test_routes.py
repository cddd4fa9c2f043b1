"""`POST /parse` hands the utterances to the caller's own tenant, in order, and refuses what is no utterance."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel

from podion import LabelAnswer, Prediction, Task
from podion_customer_service.routes import router
from podion_customer_service.schema import Utterance
from podion_customer_service.tasks import intent


class RecordingCaller:
    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.config: Mapping[str, Any] = {}
        self.calls: list[tuple[Task, list[BaseModel]]] = []

    async def predict(self, task: Task, records: Sequence[BaseModel]) -> Prediction[Any]:
        self.calls.append((task, list(records)))
        answers = [
            LabelAnswer(prediction_id=f"{self.tenant}-{place}", confidence=0.5, label=f"about {record.text}")
            for place, record in enumerate(records)
            if isinstance(record, Utterance)
        ]
        return Prediction[LabelAnswer](task="customer_service/intent", adapter="zero-shot", answers=answers)


class Gate:
    """Knows two tenants by their keys and remembers the scopes that were asked for."""

    def __init__(self) -> None:
        self.callers = {"Bearer a": RecordingCaller("ten_a"), "Bearer b": RecordingCaller("ten_b")}
        self.scopes: list[tuple[str, ...]] = []

    async def admit(self, request: Request, scopes: Sequence[str]) -> RecordingCaller:
        self.scopes.append(tuple(scopes))
        return self.callers[request.headers["authorization"]]


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def client(gate: Gate) -> TestClient:
    app = FastAPI()
    app.state.gatekeeper = gate
    app.include_router(router, prefix="/v1/customer-service")
    return TestClient(app)


def parse(client: TestClient, body: object, key: str = "a") -> Any:
    return client.post("/v1/customer-service/parse", json=body, headers={"Authorization": f"Bearer {key}"})


def test_one_utterance_gives_one_answer(client: TestClient, gate: Gate) -> None:
    response = parse(client, {"text": "退款呢"})
    assert response.status_code == 200
    assert response.json()["answers"] == [
        {
            "prediction_id": "ten_a-0",
            "confidence": 0.5,
            "abstained": False,
            "label": "about 退款呢",
            "alternatives": [],
        }
    ]
    [(task, records)] = gate.callers["Bearer a"].calls
    assert task is intent
    assert records == [Utterance(text="退款呢")]


def test_several_utterances_are_answered_in_order(client: TestClient) -> None:
    labels = [answer["label"] for answer in parse(client, {"texts": ["b", "a", "c"]}).json()["answers"]]
    assert labels == ["about b", "about a", "about c"]


def test_each_key_reaches_its_own_tenant(client: TestClient, gate: Gate) -> None:
    parse(client, {"text": "mine"}, key="a")
    response = parse(client, {"text": "yours"}, key="b")
    assert response.json()["answers"][0]["prediction_id"] == "ten_b-0"
    assert [records for _, records in gate.callers["Bearer a"].calls] == [[Utterance(text="mine")]]
    assert [records for _, records in gate.callers["Bearer b"].calls] == [[Utterance(text="yours")]]


def test_the_predict_scope_is_asked_for(client: TestClient, gate: Gate) -> None:
    parse(client, {"text": "hi"})
    assert ("predict",) in gate.scopes


@pytest.mark.parametrize(
    "body",
    [{}, {"text": " "}, {"text": "a", "texts": ["b"]}, {"texts": []}, {"text": "a", "tenant": "ten_b"}, [], "a"],
)
def test_what_is_no_utterance_is_refused_before_anything_is_predicted(
    client: TestClient, gate: Gate, body: object
) -> None:
    assert parse(client, body).status_code == 422
    assert gate.callers["Bearer a"].calls == []


def test_every_route_is_described_with_examples_that_are_valid(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/v1/customer-service/parse"}
    route = paths["/v1/customer-service/parse"]["post"]
    assert route["description"]
    for example in route["requestBody"]["content"]["application/json"]["examples"].values():
        assert parse(client, example["value"]).status_code == 200
    answer = route["responses"]["200"]["content"]["application/json"]["example"]
    assert Prediction[LabelAnswer].model_validate(answer).model_dump(mode="json") == answer
