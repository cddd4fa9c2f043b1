"""Schemathesis on our own OpenAPI page, against a live server with real data behind it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from podion.vertical import SCOPES

FEWEST_CASES = 2_000
EXAMPLES = 22
"""Cases an operation and a mode; operations without parameters have fewer that differ."""

MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)
ENDS_SOMETHING = ("revoke_key", "rotate_key", "disable_vertical")
"""Operations that could take the key, or the vertical, away from under the other operations."""

LONGEST_URL = 60_000
"""Longer request lines are refused by the HTTP parser, before there is an application that could word a problem."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A server with a tenant that has one of everything, a second tenant to break, and the operator."""

    url: str
    key: str
    spare_key: str
    operator_key: str
    ids: dict[str, str]

    def headers(self, operation: str, path: str) -> dict[str, str]:
        key = self.spare_key if operation.startswith(ENDS_SOMETHING) else self.key
        return {"Authorization": f"Bearer {self.operator_key if path.startswith('/v1/admin') else key}"}


@pytest.fixture(scope="module")
def world(make_server: Callable[..., Any], utterances: list[dict[str, Any]]) -> Iterator[World]:
    server = make_server()
    tenant, spare, third = server.tenant("customer_service", "praise"), server.tenant(), server.tenant()
    dataset = tenant.upload([*utterances, {"text": ""}])["id"]
    run = tenant.run(dataset)
    assert run["state"] == "succeeded", run
    body = {"task": "intent", "adapter": run["adapter"]}
    tenant.json("POST", "/v1/customer-service/deployments", 201, json=body)
    second = tenant.json("POST", "/v1/customer-service/deployments", 201, json=body)
    answer = tenant.json("POST", "/v1/customer-service/parse", 200, json={"text": "where is my parcel"})
    ids = {
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
    return dict(httpx.get(f"{world.url}/openapi.json").raise_for_status().json())


def operations(page: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, item in page["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def make_real(case: Any, ids: dict[str, str]) -> None:
    """Put ids that exist in place of generated ones, so that requests get past 404."""
    for place in (case.path_parameters, case.query, case.body):
        if isinstance(place, dict):
            for name in place.keys() & ids.keys():
                place[name] = ids[name]
    if isinstance(case.body, bytes):
        case.body = b"text,label\nwhere is it,order_status\n" + case.body


def call(case: Any, world: World, session: requests.Session) -> requests.Response:
    """Send one case, and insist on what every response must be."""
    operation = case.operation.definition.raw["operationId"]
    hypothesis.assume(len(str(case.as_transport_kwargs(world.url)["params"]) + case.formatted_path) * 9 < LONGEST_URL)
    response = case.call(
        base_url=world.url, session=session, headers=world.headers(operation, case.operation.path), timeout=60
    )
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        insist_on_problem(response)
    if response.status_code == 201 and case.operation.path.endswith("/runs"):
        cancel = f"{world.url}{case.operation.path}/{response.json()['id']}:cancel"
        session.post(cancel, headers={"Authorization": f"Bearer {world.key}"}, timeout=60)
    return response


def insist_on_problem(response: Any) -> None:
    seen = (response.status_code, response.text[:500])
    assert response.headers["content-type"][0].startswith("application/problem+json"), seen
    document = json.loads(response.text)
    assert document["status"] == response.status_code, seen
    assert document["type"] == f"urn:podion:problem:{document['code']}", seen
    assert document["detail"] and document["title"], seen
    assert document["request_id"] == response.headers["x-request-id"][0], seen
    assert all(set(fault) == {"pointer", "detail"} for fault in document.get("errors", ())), seen


@pytest.mark.timeout(900)
def test_no_request_breaks_the_server(world: World) -> None:
    counted: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    schema = schemathesis.openapi.from_url(f"{world.url}/openapi.json")
    with requests.Session() as session:

        def send(case: Any) -> None:
            counted[case.operation.label] += 1
            if counted[case.operation.label] % 2:
                make_real(case, world.ids)
            statuses[call(case, world, session).status_code] += 1

        for found in schema.get_all_operations():
            for mode in MODES:
                given = hypothesis.given(case=found.ok().as_strategy(generation_mode=mode))
                try:
                    SETTINGS(given(send))()
                except hypothesis.errors.Unsatisfiable:
                    assert mode is schemathesis.GenerationMode.NEGATIVE, "only what takes no input cannot be got wrong"
                except (AssertionError, BaseExceptionGroup) as failure:
                    failures.append(f"{found.ok().label}: {told(failure)}")
    print(sum(counted.values()), dict(statuses), sorted(counted.items(), key=lambda item: item[1]))
    assert not failures, "\n\n".join(failures)
    assert sum(counted.values()) >= FEWEST_CASES, counted
    assert not [status for status in statuses if status >= 500]
    assert {200, 201, 404, 422} <= statuses.keys(), statuses


def told(failure: BaseException) -> str:
    """Return the words of a failure and of those inside it."""
    inside = getattr(failure, "exceptions", ())
    return "\n".join([str(failure), *map(told, inside)])


def test_every_operation_says_what_it_is(page: dict[str, Any]) -> None:
    found = operations(page)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(names) == len(set(names))
    for method, path, operation in found:
        assert operation["summary"] and operation["description"].endswith((".", "`).")), (method, path)
        assert len(operation["tags"]) == 1, (method, path)


def test_every_operation_documents_its_problems_and_its_key(page: dict[str, Any]) -> None:
    assert page["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for method, path, operation in operations(page):
        for status in ("4XX", "5XX"):
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        assert ("security" in operation) == path.startswith("/v1/"), (method, path)
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
        "POST feedback",
    }  # fmt: skip
    assert shared <= of["customer_service"] & of["praise"], shared - (of["customer_service"] & of["praise"])


def test_every_json_body_can_be_tried_out(page: dict[str, Any]) -> None:
    """A body comes with an example, or with a schema that says of each field what to put there."""
    schemas = page["components"]["schemas"]
    bodies = 0
    for method, path, operation in operations(page):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or {"example", "examples"} & content.keys():
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
