"""Others' conventions on a live server: OpenAI's embeddings, KServe's inference, Prometheus; and files in bulk."""

import base64
import json
import math
import struct
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

API = "/v1/customer-service"
MODEL = "customer_service.intent"
JSON = {"Content-Type": "application/json"}
TEXTS = ["where is my parcel", "please cancel my order", "i want my money back", "talk to a person"]


@pytest.fixture(scope="module")
def bare(server: Any) -> Any:
    """A tenant that has enabled another vertical than the shop's."""
    return server.tenant("praise")


def embed(tenant: Any, status: int = 200, **body: Any) -> dict[str, Any]:
    return dict(tenant.json("POST", "/v1/embeddings", status, json=body))


def meters(tenant: Any) -> dict[str, float]:
    return dict(tenant.json("GET", "/v1/usage", 200)["meters"])


# Embeddings, as OpenAI's client asks for them.


def test_embeddings_have_the_shape_that_openais_client_reads(shop: Any) -> None:
    before = meters(shop.tenant).get("embeddings", 0)
    one = embed(shop.tenant, input=TEXTS[0], model="minilm-l6", encoding_format="base64", user="u")
    several = embed(shop.tenant, input=TEXTS[:2], encoding_format="float")
    assert (one["object"], one["model"], [row["object"] for row in one["data"]]) == ("list", "minilm-l6", ["embedding"])
    packed = base64.b64decode(one["data"][0]["embedding"])
    vector = struct.unpack(f"<{len(packed) // 4}f", packed)
    assert len(vector) == 384 and math.isclose(math.hypot(*vector), 1, abs_tol=1e-4)
    assert [row["index"] for row in several["data"]] == [0, 1]
    assert all(math.isclose(a, b, abs_tol=1e-5) for a, b in zip(vector, several["data"][0]["embedding"], strict=True))
    assert one["usage"] == {"prompt_tokens": 6, "total_tokens": 6}, "four words, begin and end"
    assert meters(shop.tenant)["embeddings"] == before + 3
    assert embed(shop.tenant, input="x", dimensions=384)["data"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"input": [1, 2]}, 422, "token_ids"),
        ({"input": [[1, 2]]}, 422, "token_ids"),
        ({"input": ""}, 422, "bad_request"),
        ({"input": ["x", ""]}, 422, "bad_request"),
        ({"input": []}, 422, "bad_request"),
        ({"input": None}, 422, "bad_request"),
        ({"input": {"text": "x"}}, 422, "bad_request"),
        ({"input": "\ud800"}, 422, "bad_request"),
        ({"input": "x", "dimensions": 64}, 422, "dimensions"),
        ({"input": "x", "encoding_format": "hex"}, 422, "bad_request"),
        ({"input": "x", "model": "gpt-9"}, 404, "no_such_base"),
        ({"input": "x", "model": "/etc"}, 404, "no_such_base"),
        ({"input": ["x"] * 2_049}, 413, "too_large"),
    ],
)
def test_what_cannot_be_embedded_is_a_problem(shop: Any, problem: Any, body: Any, status: int, code: str) -> None:
    before = meters(shop.tenant)
    problem(shop.tenant.http.post("/v1/embeddings", content=json.dumps(body), headers=JSON), status, code)
    assert meters(shop.tenant) == before


def test_models_are_the_installed_bases(shop: Any, problem: Any) -> None:
    found = shop.tenant.json("GET", "/v1/models", 200)
    assert found["object"] == "list" and found["data"][0]["id"] == "minilm-l6"
    assert shop.tenant.json("GET", "/v1/models/minilm-l6", 200) == found["data"][0]
    problem(shop.tenant.http.get("/v1/models/gpt-9"), 404, "no_such_base")


def test_embeddings_need_the_scope_and_are_billed_once_under_a_key(server: Any, shop: Any, problem: Any) -> None:
    narrow = shop.tenant.json("POST", "/v1/keys", 201, json={"scopes": ["data"]})
    headers = {"Authorization": f"Bearer {narrow['key']}"}
    problem(httpx.post(f"{server.url}/v1/embeddings", json={"input": "x"}, headers=headers), 403, "forbidden")
    problem(httpx.post(f"{server.url}/v1/embeddings", json={"input": "x"}), 401, "unauthenticated")
    before = meters(shop.tenant)["embeddings"]
    again = {"Idempotency-Key": "embed-once"}
    first, second = (shop.tenant.http.post("/v1/embeddings", json={"input": "x"}, headers=again) for _ in range(2))
    assert first.json() == second.json() and second.headers["idempotent-replayed"] == "true"
    assert meters(shop.tenant)["embeddings"] == before + 1


# KServe's Open Inference Protocol.


def infer(tenant: Any, status: int = 200, path: str = f"/v2/models/{MODEL}/infer", **body: Any) -> dict[str, Any]:
    inputs = [{"name": "text", "shape": [len(TEXTS)], "datatype": "BYTES", "data": TEXTS}]
    return dict(tenant.json("POST", path, status, json={"inputs": inputs, **body}))


def test_inference_gives_the_answers_of_the_verticals_own_route(shop: Any) -> None:
    parsed = shop.tenant.json("POST", f"{API}/parse", 200, json={"texts": TEXTS})
    reply = infer(shop.tenant, id="42")
    assert (reply["model_name"], reply["model_version"], reply["id"]) == (MODEL, shop.adapter, "42")
    outputs = {each["name"]: each for each in reply["outputs"]}
    assert [each["shape"] for each in reply["outputs"]] == [[4]] * 5
    assert outputs["label"]["data"] == [answer["label"] for answer in parsed["answers"]]
    assert outputs["abstained"]["data"] == [answer["abstained"] for answer in parsed["answers"]]
    for ours, theirs in zip(outputs["confidence"]["data"], parsed["answers"], strict=True):
        assert math.isclose(ours, theirs["confidence"], abs_tol=1e-5)
    answers = [json.loads(each) for each in outputs["answer"]["data"]]
    assert [answer["prediction_id"] for answer in answers] == outputs["prediction_id"]["data"]
    body = {"prediction_id": outputs["prediction_id"]["data"][0], "label": "delivery"}
    shop.tenant.json("POST", f"{API}/feedback", 201, json=body)
    inputs = [{"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [["where is my parcel"]]}]
    bare_json = json.dumps({"inputs": inputs}).encode()  # with no content type, as Triton's client sends it
    assert shop.tenant.http.post(f"/v2/models/{MODEL}/infer", content=bare_json).status_code == 200
    one = infer(shop.tenant, path=f"/v2/models/{MODEL}/versions/{shop.adapter}/infer", outputs=[{"name": "label"}])
    assert [each["name"] for each in one["outputs"]] == ["label"]


def test_models_and_health_are_told_in_the_protocols_words(server: Any, shop: Any) -> None:
    assert httpx.get(f"{server.url}/v2").json()["name"] == "podion"
    assert httpx.get(f"{server.url}/v2/health/live").json() == {"live": True}
    assert httpx.get(f"{server.url}/v2/health/ready").json() == {"live": True, "ready": True}
    model = shop.tenant.json("GET", f"/v2/models/{MODEL}", 200)
    assert model["versions"] == [shop.adapter] and model["inputs"][0] == {
        "name": "text", "datatype": "BYTES", "shape": [-1],
    }  # fmt: skip
    assert shop.tenant.json("GET", f"/v2/models/{MODEL}/versions/{shop.adapter}", 200) == model
    for path in (f"{MODEL}/ready", f"{MODEL}/versions/{shop.adapter}/ready"):
        assert shop.tenant.json("GET", f"/v2/models/{path}", 200) == {"name": MODEL, "ready": True}
    slots = shop.tenant.json("GET", "/v2/models/customer_service.slots/ready", 200)
    assert slots == {"name": "customer_service.slots", "ready": False}


def test_errors_have_the_protocols_form_and_our_status(server: Any, shop: Any, bare: Any) -> None:
    def error(answer: httpx.Response, status: int) -> str:
        assert (answer.status_code, answer.json().keys()) == (status, {"error"}), answer.text
        return str(answer.json()["error"])

    http, text = shop.tenant.http, {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["hi"]}
    path = f"/v2/models/{MODEL}/infer"
    assert "bearer" in error(httpx.post(server.url + path, json={"inputs": [text]}), 401).lower()
    absent = error(bare.http.post(path, json={"inputs": [text]}), 404)
    assert absent == error(http.post("/v2/models/nobody.knows/infer", json={"inputs": [text]}), 404)
    assert shop.adapter not in error(bare.http.get(f"/v2/models/{MODEL}/versions/{shop.adapter}"), 404)
    error(http.get(f"/v2/models/{MODEL}/versions/{'0' * 64}/ready"), 404)
    error(http.post(f"/v2/models/{MODEL}/versions/zero-shot/infer", json={"inputs": [text]}), 404)
    assert "shape" in error(http.post(path, json={"inputs": [{**text, "shape": [2]}]}), 422)
    assert "no output" in error(http.post(path, json={"inputs": [text], "outputs": [{"name": "x"}]}), 422)
    assert "binary" in error(
        http.post(path, json={"inputs": [text]}, headers={"Inference-Header-Content-Length": "9"}), 422
    )
    error(http.post("/v2/models/customer_service.slots/infer", json={"inputs": [text]}), 409)
    error(http.get("/v2/nothing"), 404)
    error(http.get(path), 405)


# Prometheus.


def test_metrics_tell_of_the_engine(server: Any, shop: Any) -> None:
    infer(shop.tenant)
    text = httpx.get(f"{server.url}/metrics").text
    found = {s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples}
    assert found["podion_engine_up"] == 1
    assert found["podion_engine_tokens_total"] > 0
    assert found["podion_engine_adapter_loads_total"] >= 1
    assert shop.tenant.id not in text and shop.tenant.name not in text


# Bulk.


def order(tenant: Any, rows: list[Any], key: str | None = None) -> dict[str, Any]:
    body = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()
    path = f"{API}/predictions:batch"
    headers = {"Idempotency-Key": key} if key else {}
    return dict(tenant.json("POST", path, 201, params={"task": "intent"}, content=body, headers=headers))


def ended(tenant: Any, batch: str, until: Any) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = tenant.json("GET", f"{API}/batches/{batch}", 200)
        return dict(found) if found["ended_at"] else None

    return dict(until(look, seconds=120, pause=0.2))


def lines(tenant: Any, batch: str) -> list[dict[str, Any]]:
    answer = tenant.http.get(f"{API}/batches/{batch}/answers")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_file_is_answered_as_the_interactive_route_answers(
    shop: Any, opposite: Any, problem: Any, until: Any
) -> None:
    before = meters(shop.tenant)["predictions"]
    rows: list[Any] = [*({"text": text} for text in TEXTS), {"text": ""}, "no json", {"text": "hello there"}]
    made = order(shop.tenant, rows, "a-file")
    assert order(shop.tenant, rows, "a-file")["id"] == made["id"]
    batch = ended(shop.tenant, made["id"], until)
    assert (batch["state"], batch["adapter"]) == ("succeeded", shop.adapter)
    assert batch["rows"] == {"total": 7, "done": 7, "answered": 5, "refused": 2}
    answers = lines(shop.tenant, made["id"])
    assert [line["row"] for line in answers if "error" in line] == [5, 6]
    parsed = shop.tenant.json("POST", f"{API}/parse", 200, json={"texts": [*TEXTS, "hello there"]})["answers"]
    for line, theirs in zip([line for line in answers if "answer" in line], parsed, strict=True):
        ours = line["answer"]
        assert (ours["label"], ours["abstained"]) == (theirs["label"], theirs["abstained"])
        assert math.isclose(ours["confidence"], theirs["confidence"], abs_tol=1e-5)
    assert meters(shop.tenant)["predictions"] == before + 5 + 5
    body = {"prediction_id": answers[0]["answer"]["prediction_id"], "label": "refund"}
    shop.tenant.json("POST", f"{API}/feedback", 201, json=body)
    table = shop.tenant.http.get(f"{API}/batches/{made['id']}/answers", params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv") and len(table.text.splitlines()) == 8
    for method, path in (("GET", ""), ("GET", "/answers"), ("POST", ":cancel")):
        problem(opposite.tenant.http.request(method, f"{API}/batches/{made['id']}{path}"), 404, "not_found")
    assert made["id"] in [row["id"] for row in shop.tenant.json("GET", f"{API}/batches", 200)["data"]]
    assert opposite.tenant.json("GET", f"{API}/batches", 200)["data"] == []
    problem(shop.tenant.http.post(f"{API}/predictions:batch?task=intent", content=b'{"text": ""}'), 422, "no_rows")
    problem(shop.tenant.http.post(f"{API}/predictions:batch?task=nope", content=b'{"text": "x"}'), 422, "unknown_task")


def test_a_killed_worker_answers_and_bills_no_row_twice(
    server: Any, shop: Any, problem: Any, processes: Any, until: Any
) -> None:
    rows = [{"text": f"parcel {n}"} for n in range(600)]
    before = meters(shop.tenant)["predictions"]
    made = order(shop.tenant, rows)
    problem(shop.tenant.http.get(f"{API}/batches/{made['id']}/answers"), 409, "running")

    def begun() -> bool:
        return bool(shop.tenant.json("GET", f"{API}/batches/{made['id']}", 200)["rows"]["done"])

    until(begun, seconds=60, pause=0.02)
    processes(server)["batch"].kill()
    batch = ended(shop.tenant, made["id"], until)
    assert batch["state"] == "succeeded", batch
    answers = lines(shop.tenant, made["id"])
    assert [line["row"] for line in answers] == list(range(1, 601))
    assert len({line["answer"]["prediction_id"] for line in answers}) == 600
    assert meters(shop.tenant)["predictions"] == before + 600
