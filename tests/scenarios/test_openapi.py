"""Schemathesis on our own OpenAPI page, against a live server with real data behind it; and what the page says.

The long version is `python benchmarks/abuse.py`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from attack import cases, later_kinds, vertical_kinds
from attack.cases import Tally, World, names_of
from attack.world import VERTICALS, Owner

from podion.vertical import SCOPES

FEWEST_CASES = 2_000
EXAMPLES = 4
"""Cases an operation and a mode; operations without parameters have fewer that differ."""


@pytest.fixture(scope="module")
def world(make_server: Callable[..., Any], utterances: list[dict[str, Any]]) -> Iterator[World]:
    server = make_server()
    tenant, spare, third = server.tenant(*VERTICALS), server.tenant(), server.tenant()
    owner = Owner(tenant.id, tenant.key, "canary", tenant.http)
    for kind in (*later_kinds.KINDS, *vertical_kinds.KINDS):
        owner.ids.update(kind(owner))
    dataset = tenant.upload([*utterances, {"text": ""}])["id"]
    run = tenant.run(dataset)
    assert run["state"] == "succeeded", run
    body = {"task": "intent", "adapter": run["adapter"]}
    tenant.json("POST", "/v1/customer-service/deployments", 201, json=body)
    second = tenant.json("POST", "/v1/customer-service/deployments", 201, json=body)
    answer = tenant.json("POST", "/v1/customer-service/parse", 200, json={"text": "where is my parcel"})
    batch = tenant.json(
        "POST", "/v1/customer-service/predictions:batch", 201, params={"task": "intent"}, content=b'{"text": "hello"}'
    )
    ids = {
        **names_of(owner),
        "batch_id": batch["id"],
        "model": "minilm-l6",
        "model_id": "minilm-l6",
        "model_name": "customer_service.intent",
        "model_version": run["adapter"],
        "dataset_id": dataset,
        "dataset": dataset,
        "extends": dataset,
        "run_id": run["id"],
        "adapter_id": run["adapter"],
        "adapter": run["adapter"],
        "deployment_id": second["id"],
        "prediction_id": answer["answers"][0]["prediction_id"],
        "key_id": spare.json("POST", "/v1/keys", 201, json={})["id"],
        "tenant_id": third.id,
        "name": "customer_service",
        "task": "intent",
    }
    with server.operator() as operator:
        operator_key = operator.headers["Authorization"].removeprefix("Bearer ")
    for used in (tenant, spare, third):
        used.http.close()
    yield World(url=server.url, key=tenant.key, spare_key=spare.key, operator_key=operator_key, ids=ids)
    server.stop()


@pytest.fixture(scope="module")
def page(world: World) -> dict[str, Any]:
    return dict(httpx.get(f"{world.url}/openapi.json", timeout=60).raise_for_status().json())


def operations(page: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, item in page["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


@pytest.mark.timeout(900)
def test_no_request_breaks_the_server(world: World) -> None:
    tally = cases.run(world, EXAMPLES, Tally())
    print(tally.cases.total(), dict(tally.statuses), sorted(tally.cases.items(), key=lambda item: item[1]))
    assert not tally.failures, "\n\n".join(tally.failures)
    assert tally.cases.total() >= FEWEST_CASES, tally.cases
    assert not tally.server_errors
    assert {200, 201, 404, 422} <= tally.statuses.keys(), tally.statuses


def test_what_creates_says_that_it_takes_an_idempotency_key(page: dict[str, Any]) -> None:
    """That each one also does is insisted on in test_isolation.py."""
    for method, path, operation in operations(page):
        headers = [p["schema"] for p in operation.get("parameters", ()) if p["name"] == "Idempotency-Key"]
        creates = method == "POST" and "201" in operation["responses"]
        assert len(headers) == creates, (method, path)
        assert all(schema["maxLength"] == 255 for schema in headers)


def test_every_operation_says_what_it_is(page: dict[str, Any]) -> None:
    found = operations(page)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(names) == len(set(names))
    for method, path, operation in found:
        assert operation["summary"] and operation["description"].endswith((".", "`).")), (method, path)
        assert len(operation["tags"]) == 1, (method, path)


def test_every_operation_documents_its_problems_and_its_key(page: dict[str, Any]) -> None:
    assert page["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    inference = {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceProblem"}}}
    for method, path, operation in operations(page):
        for status in ("4XX", "5XX"):
            content = operation["responses"][status]["content"]
            assert content == (inference if path.startswith("/v2") else problem), (method, path, content)
        assert ("security" in operation) == path.startswith(("/v1/", "/v2/models/", "/cds-services")), (method, path)
    required = {"type", "title", "status", "detail", "code", "request_id"}
    assert set(page["components"]["schemas"]["Problem"]["required"]) == required


def test_every_vertical_has_the_routes_of_the_host(page: dict[str, Any]) -> None:
    of: dict[str, set[str]] = {}
    for method, path, operation in operations(page):
        of.setdefault(operation["tags"][0], set()).add(f"{method} {path.split('/', 3)[-1]}")
    shared = {
        "POST datasets", "GET datasets/{dataset_id}", "GET datasets/{dataset_id}/errors",
        "POST runs", "GET runs", "GET runs/{run_id}", "GET runs/{run_id}/events", "POST runs/{run_id}:cancel",
        "GET adapters", "GET adapters/{adapter_id}/export",
        "POST deployments", "GET deployments", "POST deployments/{deployment_id}:rollback",
        "POST predictions:batch", "GET batches", "GET batches/{batch_id}", "GET batches/{batch_id}/answers",
        "POST batches/{batch_id}:cancel", "POST feedback",
    }  # fmt: skip
    assert shared <= of["customer_service"] & of["praise"], shared - (of["customer_service"] & of["praise"])


def test_every_json_body_can_be_tried_out(page: dict[str, Any]) -> None:
    """A body comes with an example, or with a schema that says of each field what to put there."""
    schemas = page["components"]["schemas"]
    bodies = 0
    for method, path, operation in operations(page):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or {"example", "examples"} & (content.keys() | content["schema"].keys()):
            continue
        bodies += 1
        schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        assert schema["description"], (method, path)
        for name in schema.get("required", ()):
            field = schema["properties"][name]
            assert {"type", "anyOf", "$ref"} & field.keys(), (method, path, name)
            assert "examples" in field or path == "/v1/praise/judge", (method, path, name)
    assert bodies > 10


def test_every_scope_is_offered(page: dict[str, Any]) -> None:
    assert set(page["components"]["schemas"]["NewKey"]["properties"]["scopes"]["items"]["enum"]) == set(SCOPES)
