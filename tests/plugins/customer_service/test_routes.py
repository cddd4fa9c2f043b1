"""The routes over a caller in memory: shapes, scopes, refusals, and two tenants that never meet."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from podion import LabelAnswer, PodionError
from podion_customer_service.router import router
from podion_customer_service.tasks import intent, slots

API = "/v1/customer-service"


class Gate:
    """Knows two tenants by their keys, and remembers the scopes that were asked for."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self.callers = {"Bearer a": make("ten_a"), "Bearer b": make("ten_b")}
        self.scopes: list[tuple[str, ...]] = []

    async def admit(self, request: Request, scopes: Sequence[str]) -> Any:
        self.scopes.append(tuple(scopes))
        return self.callers[request.headers.get("authorization", "Bearer a")]


@pytest.fixture
def gate(caller: Any) -> Gate:
    return Gate(lambda tenant: type(caller)(tenant=tenant))


@pytest.fixture
def client(gate: Gate) -> TestClient:
    app = FastAPI()
    app.state.gatekeeper = gate
    app.include_router(router, prefix=API)

    @app.exception_handler(PodionError)
    async def told(request: Request, error: PodionError) -> JSONResponse:
        return JSONResponse({"code": error.code, "detail": error.detail}, error.status)

    return TestClient(app)


def call(client: TestClient, method: str, path: str, body: object = None, key: str = "a") -> Any:
    return client.request(method, API + path, json=body, headers={"Authorization": f"Bearer {key}"})


TEMPLATE = {"id": "r", "intent": "return_item", "locale": "en", "variants": ["Within 30 days."], "approved_by": "Mei"}


def test_intents_and_slots_come_together_in_order(client: TestClient, gate: Gate) -> None:
    tenant = gate.callers["Bearer a"]
    tenant.intents = {text: LabelAnswer(label=f"about {text}", confidence=0.5) for text in "abc"}
    answered = call(client, "POST", "/parse", {"texts": ["b", "a", "c"]}).json()
    assert [each["label"] for each in answered["answers"]] == ["about b", "about a", "about c"]
    assert [each["slots"] for each in answered["answers"]] == [[], [], []]
    assert answered["slots_adapter"] is None
    assert tenant.calls == [(intent.name, ["b", "a", "c"]), (slots.name, ["b", "a", "c"])]
    tenant.spans = {}
    assert call(client, "POST", "/parse", {"text": "a"}).json()["slots_adapter"] == "adapter-1"


@pytest.mark.parametrize(
    "body",
    [{}, {"text": " "}, {"text": "a", "texts": ["b"]}, {"texts": []}, {"text": "a", "tenant": "ten_b"}, [], "a"],
)
def test_what_is_no_utterance_is_refused_before_anything_is_predicted(
    client: TestClient, gate: Gate, body: object
) -> None:
    assert call(client, "POST", "/parse", body).status_code == 422
    assert gate.callers["Bearer a"].calls == []


def test_untrained_intents_are_told(client: TestClient, gate: Gate) -> None:
    gate.callers["Bearer a"].intents = None
    refused = call(client, "POST", "/parse", {"text": "a"})
    assert (refused.status_code, refused.json()["code"]) == (409, "untrained")


def test_templates_are_kept_counted_and_removed(client: TestClient) -> None:
    assert call(client, "POST", "/templates", [TEMPLATE, {**TEMPLATE, "id": "", "intent": "x"}]).status_code == 201
    assert call(client, "GET", "/templates/r").json()["version"] == 1
    again = call(client, "POST", "/templates", TEMPLATE).json()["data"][0]
    assert again["version"] == 1, "the same again is the same version"
    changed = call(client, "PUT", "/templates/r", {**TEMPLATE, "variants": ["Within 14 days."]}).json()
    assert (changed["version"], changed["variants"]) == (2, ["Within 14 days."])
    listed = call(client, "GET", "/templates?intent=return_item").json()["data"]
    assert [each["id"] for each in listed] == ["r"]
    assert call(client, "DELETE", "/templates/r").json() == {"id": "r", "deleted": True}
    assert call(client, "GET", "/templates/r").status_code == 404
    assert call(client, "PUT", "/templates/r", TEMPLATE).status_code == 404


def test_curated_answers_and_articles_are_kept_and_removed(client: TestClient) -> None:
    curated = {"id": "c", "locale": "en", "questions": ["Q?"], "answer": "A.", "approved_by": "Mei"}
    article = {"id": "k", "locale": "en", "title": "T", "question": "Q?", "text": "A.", "version": "7"}
    for path, body in (("/curated-answers", curated), ("/kb/documents", article)):
        assert call(client, "POST", path, body).status_code == 201
        assert len(call(client, "GET", path).json()["data"]) == 1
        assert call(client, "PUT", f"{path}/{body['id']}", body).status_code == 200
        assert call(client, "PUT", f"{path}/none", body).status_code == 404
    assert call(client, "GET", "/kb/documents/k").json()["version"] == "7"
    [hit] = call(client, "POST", "/kb/search", {"query": "Q?", "k": 1, "locale": "en"}).json()["data"]
    assert (hit["document"], hit["version"], hit["quote"]) == ("k", "7", "Q?")
    for path in ("/curated-answers/c", "/kb/documents/k"):
        assert call(client, "DELETE", path).status_code == 200
        assert call(client, "DELETE", path).status_code == 404
    assert call(client, "POST", "/kb/search", {"query": "Q?"}).json()["data"] == []


def test_the_way_through_a_conversation(client: TestClient, gate: Gate) -> None:
    gate.callers["Bearer a"].intents = {"send back": LabelAnswer(label="return_item", confidence=0.9)}
    call(client, "POST", "/templates", TEMPLATE)
    talk = call(client, "POST", "/conversations", {"customer": {"tier": "gold"}}).json()["id"]
    place = f"/conversations/{talk}"
    answered = call(client, "POST", f"{place}/messages", {"text": "send back"}).json()
    assert (answered["state"], answered["reply"]["text"]) == ("bot", "Within 30 days.")
    assert call(client, "GET", f"{place}/handoff").status_code == 404
    assert call(client, "POST", f"{place}/replies", {"text": "I am Mei"}).json()["code"] == "wrong_state"
    handed = call(client, "POST", f"{place}/handoff", {"detail": "button"}).json()
    assert (handed["state"], handed["reason"], handed["customer"]) == ("waiting_human", "requested", {"tier": "gold"})
    silent = call(client, "POST", f"{place}/messages", {"text": "send back"}).json()
    assert (silent["state"], silent["reply"]["action"], silent["reply"]["text"]) == ("waiting_human", "silent", None)
    assert [each["id"] for each in call(client, "GET", "/conversations?state=waiting_human").json()["data"]] == [talk]
    assert call(client, "POST", f"{place}/handoff:accept", {"agent": "Mei"}).json()["state"] == "human"
    assert call(client, "POST", f"{place}/handoff:accept", {"agent": "Li"}).status_code == 409
    assert call(client, "POST", f"{place}/replies", {"text": "I am Mei"}).json()["turns"][-1]["role"] == "human"
    assert call(client, "POST", f"{place}/handoff:return").json()["state"] == "bot"
    assert call(client, "POST", f"{place}/csat", {"score": 5}).json()["code"] == "wrong_state"
    assert call(client, "POST", f"{place}:resolve").json()["ended_by"] == "bot"
    for score in (0, 6, 4.5, "5", None):
        assert call(client, "POST", f"{place}/csat", {"score": score}).status_code == 422
    assert call(client, "POST", f"{place}/csat", {"score": 4}).json()["csat"]["score"] == 4
    assert call(client, "POST", f"{place}/csat", {"score": 1}).json()["code"] == "already_rated"
    figures = call(client, "GET", "/analytics").json()
    assert (figures["conversations"], figures["handovers"], figures["containment"]) == (1, {"requested": 1}, 0.0)
    assert figures["csat"] == {"bot": {"count": 1, "mean": 4.0}}


def test_each_key_reaches_its_own_tenant(client: TestClient) -> None:
    call(client, "POST", "/templates", TEMPLATE)
    talk = call(client, "POST", "/conversations", {}).json()["id"]
    for method, path, body in [
        ("GET", "/templates/r", None), ("DELETE", "/templates/r", None), ("GET", f"/conversations/{talk}", None),
        ("POST", f"/conversations/{talk}/messages", {"text": "x"}), ("POST", f"/conversations/{talk}:resolve", None),
    ]:  # fmt: skip
        assert call(client, method, path, body, key="b").status_code == 404, path
    assert call(client, "GET", "/conversations", key="b").json()["data"] == []
    assert len(call(client, "GET", f"/conversations/{talk}").json()["turns"]) == 0


def test_unanswered_questions_become_an_intent(client: TestClient, gate: Gate) -> None:
    tenant = gate.callers["Bearer a"]
    for text in ("gift card", "gift cards", "sunday?", "gift cards!"):
        call(client, "POST", "/answer", {"text": text})
    largest, *others = call(client, "GET", "/unanswered/clusters").json()["data"]
    assert (largest["size"], [each["size"] for each in others]) == (3, [1])
    named = call(client, "POST", f"/unanswered/clusters/{largest['id']}:name", {"intent": "gift_card"}).json()
    assert len(named["reviewed"]) == 3
    assert {review["label"] for review in tenant.reviews} == {"gift_card"}
    assert "grow" in named["next"][0]
    assert [each["size"] for each in call(client, "GET", "/unanswered/clusters").json()["data"]] == [1]
    gone = call(client, "POST", f"/unanswered/clusters/{largest['id']}:name", {"intent": "gift_card"})
    assert gone.status_code == 404


def test_a_stray_can_be_left_out_of_a_cluster(client: TestClient, gate: Gate) -> None:
    for text in ("gift card", "gift cards"):
        call(client, "POST", "/answer", {"text": text})
    [cluster] = call(client, "GET", "/unanswered/clusters").json()["data"]
    first = cluster["questions"][0]["id"]
    body = {"intent": "gift_card", "only": [first]}
    named = call(client, "POST", f"/unanswered/clusters/{cluster['id']}:name", body).json()
    assert named["reviewed"] == [first]


def test_the_queue_shows_the_least_certain_and_none_twice(client: TestClient, gate: Gate) -> None:
    tenant = gate.callers["Bearer a"]
    tenant.intents = {
        text: LabelAnswer(label="x", confidence=confidence)
        for text, confidence in (("aaaa", 0.9), ("bbbb", 0.2), ("bbbb!", 0.25), ("cccc", 0.4))
    }
    for text in tenant.intents:
        call(client, "POST", "/answer", {"text": text})
    queue = call(client, "GET", "/review").json()
    assert [each["text"] for each in queue["data"]] == ["bbbb", "cccc", "aaaa"]
    assert queue["waiting"] == 4
    question = queue["data"][0]["id"]
    for body in ({}, {"label": "y", "out_of_scope": True}, {"label": ""}):
        assert call(client, "POST", f"/review/{question}", body).status_code == 422
    assert call(client, "POST", f"/review/{question}", {"out_of_scope": True}).json()["reviewed"] is True
    assert tenant.reviews[-1]["out_of_scope"] is True
    assert call(client, "POST", f"/review/{question}", {"label": "y"}, key="b").status_code == 404


def test_customers_and_staff_need_different_scopes(client: TestClient, gate: Gate) -> None:
    call(client, "POST", "/parse", {"text": "hi"})
    assert set(gate.scopes) - {()} == {("predict",)}
    gate.scopes.clear()
    call(client, "GET", "/conversations")
    call(client, "POST", "/templates", TEMPLATE)
    call(client, "GET", "/review")
    assert set(gate.scopes) - {()} == {("data",)}


def test_every_route_is_described_with_examples_that_are_valid(client: TestClient, gate: Gate) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert len(paths) >= 18
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation["description"], path
            told = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert "example" in told[0]["content"]["application/json"], (method, path)
            if body := operation.get("requestBody"):
                content = body["content"]["application/json"]
                examples = content.get("examples") or content["schema"].get("examples")
                assert examples, (method, path)
