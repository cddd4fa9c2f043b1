"""Each request has an id, a line in the log and a count; ids of things are in neither."""

import logging

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from podion.api import problems
from podion.api.metrics import Metrics
from podion.api.middleware import RequestLog, request_id_of
from podion.errors import NotFound


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def client(metrics: Metrics) -> TestClient:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestLog, metrics=metrics)
    router = APIRouter()

    @router.get("/things/{thing_id}")
    async def thing(thing_id: str) -> str:
        if thing_id == "broken":
            raise RuntimeError("no such luck")
        if thing_id == "none":
            raise NotFound("there is none")
        return thing_id

    app.include_router(router, prefix="/v1/shop")
    return TestClient(app, raise_server_exceptions=False)


def count(metrics: Metrics, route: str, status: int) -> float:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return metrics.registry.get_sample_value("podion_http_requests_total", labels) or 0


@pytest.mark.parametrize(("thing", "status"), [("dst_123", 200), ("none", 404), ("broken", 500)])
def test_a_route_is_counted_and_logged_by_its_template(
    client: TestClient, metrics: Metrics, caplog: pytest.LogCaptureFixture, thing: str, status: int
) -> None:
    with caplog.at_level(logging.INFO, "podion.access"):
        answer = client.get(f"/v1/shop/things/{thing}?token=secret", headers={"X-Request-ID": "mine-1"})
    assert answer.status_code == status
    assert answer.headers.get_list("x-request-id") == ["mine-1"]
    assert count(metrics, "/v1/shop/things/{thing_id}", status) == 1
    [line] = [record.getMessage() for record in caplog.records if record.name == "podion.access"]
    assert line.startswith(f"GET /v1/shop/things/{{thing_id}} {status} ")
    assert "request=mine-1" in line
    assert "secret" not in line and "dst_123" not in line


def test_what_matches_no_route_is_one_label(client: TestClient, metrics: Metrics) -> None:
    for path in ("/a", "/b", "/v1/shop/nothing"):
        assert client.get(path).status_code == 404
    assert count(metrics, "unmatched", 404) == 3


@given(st.binary(max_size=80))
def test_a_clients_id_is_taken_only_if_it_can_do_no_harm(value: bytes) -> None:
    found = request_id_of({"headers": [(b"x-request-id", value)]})
    if found.encode("latin-1") != value:
        assert found.startswith("req_")
    assert found.isascii() and 1 <= len(found) <= 64
    assert not set(found) & set("\r\n \t\"'")


def test_ids_differ() -> None:
    assert len({request_id_of({"headers": []}) for _ in range(100)}) == 100
