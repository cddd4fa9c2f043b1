"""Every error is one document (RFC 9457), whoever raised it."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from podion import errors
from podion.api import problems
from podion.api.metrics import Metrics
from podion.api.middleware import RequestLog
from podion.errors import DataError, Fault, PodionError, Unauthenticated, Unavailable

KINDS = sorted(
    {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PodionError)},
    key=lambda kind: kind.__name__,
)


class Order(BaseModel):
    count: int = Field(ge=1)
    lines: dict[str, int] = {}


def make(error: Exception | None = None) -> TestClient:
    app = FastAPI(responses=problems.DOCUMENTED)
    problems.install(app)
    app.add_middleware(RequestLog, metrics=Metrics())

    @app.get("/fails")
    async def fails() -> str:
        assert error is not None
        raise error

    @app.post("/orders")
    async def order(body: Order) -> int:
        return body.count

    problems.document(app)
    return TestClient(app, raise_server_exceptions=False)


def insist(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    document = dict(answer.json())
    assert document.keys() - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"] == f"urn:podion:problem:{code}"
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_of_error_has_its_status_title_and_code(kind: type[PodionError]) -> None:
    document = insist(make(kind("what, and what to do")).get("/fails"), kind.status, kind.code)
    assert document["title"] == kind.title
    assert document["detail"] == "what, and what to do"
    assert "errors" not in document


def test_a_code_of_its_own_and_faults_are_told() -> None:
    error = DataError("bad", code="very_bad", faults=[Fault("/a/0", "too long"), Fault("", "empty")])
    document = insist(make(error).get("/fails"), 422, "very_bad")
    assert document["errors"] == [{"pointer": "/a/0", "detail": "too long"}, {"pointer": "", "detail": "empty"}]


def test_at_most_twenty_faults_are_told() -> None:
    error = DataError("bad", faults=[Fault(f"/{n}", "no") for n in range(100)])
    assert len(insist(make(error).get("/fails"), 422, "bad_data")["errors"]) == 20


def test_when_to_come_back_and_how_to_come_in_are_headers() -> None:
    assert make(Unavailable("away", retry_after=2)).get("/fails").headers["retry-after"] == "2"
    assert make(Unauthenticated("who?")).get("/fails").headers["www-authenticate"] == "Bearer"


def test_what_nobody_expected_tells_nothing_but_where_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    answer = make(RuntimeError("the password is 1234")).get("/fails")
    document = insist(answer, 500, "internal")
    assert "1234" not in answer.text
    assert "request_id" in document["detail"]
    assert document["request_id"] in caplog.text
    assert "the password is 1234" in caplog.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/count"),
        ({"count": 0}, "/count"),
        ({"count": 1, "lines": {"a/b~c": "many"}}, "/lines/a~1b~0c"),
        ([], ""),
        (None, ""),
    ],
)
def test_a_bad_body_is_pointed_at(body: Any, pointer: str) -> None:
    document = insist(make().post("/orders", json=body), 422, "bad_request")
    assert [fault["pointer"] for fault in document["errors"]] == [pointer]
    assert document["detail"].startswith(pointer or "the body")


def test_paths_and_methods_that_are_not_there() -> None:
    client = make()
    assert "/nowhere" in insist(client.get("/nowhere"), 404, "not_found")["detail"]
    answer = client.get("/orders")
    insist(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_below_v2_an_error_has_the_form_of_the_inference_protocol() -> None:
    answer = make().get("/v2/models/none")
    assert (answer.status_code, answer.json()) == (404, {"error": "GET /v2/models/none is not there"})
    assert answer.headers["content-type"] == "application/json"


def test_the_openapi_page_shows_the_document() -> None:
    page = make().get("/openapi.json").json()
    assert page["components"]["schemas"]["Problem"]["required"] == [
        "type", "title", "status", "detail", "code", "request_id",
    ]  # fmt: skip
    responses = page["paths"]["/orders"]["post"]["responses"]
    for group in ("4XX", "5XX"):
        assert responses[group]["content"][problems.MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}
