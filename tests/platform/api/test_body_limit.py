"""A body beyond the limit is a problem like any other; a route that streams may take more."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from podion.api import body_limit, problems
from podion.api.body_limit import BodyLimit, lift_limit
from podion.api.metrics import Metrics
from podion.api.middleware import RequestLog

MOST = 1 << 20


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(BodyLimit, most=MOST)
    app.add_middleware(RequestLog, metrics=Metrics())

    @app.post("/json")
    async def take(body: dict[str, str]) -> int:
        return len(body["text"])

    @app.post("/upload")
    async def stream(request: Request) -> int:
        lift_limit(request)
        return sum([len(chunk) async for chunk in request.stream()])

    return TestClient(app)


def test_a_body_at_the_limit_is_read(client: TestClient) -> None:
    frame = len(b'{"text":""}')
    assert client.post("/json", json={"text": "x" * (MOST - frame)}).status_code == 200


def chunks(size: int) -> Iterator[bytes]:
    yield b'{"text":"'
    for _ in range(size // 1024):
        yield b"x" * 1024
    yield b'"}'


@pytest.mark.parametrize("announced", [True, False], ids=["with a length", "in chunks"])
def test_a_byte_more_is_a_problem(client: TestClient, announced: bool) -> None:
    content = b"".join(chunks(MOST)) if announced else chunks(MOST)
    answer = client.post("/json", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (document["code"], document["status"]) == ("too_large", 413)
    assert "1 MiB" in document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]


def test_a_route_may_take_more(client: TestClient) -> None:
    assert client.post("/upload", content=bytes(3 * MOST)).json() == 3 * MOST


async def post(client: TestClient, path: str, pauses: list[float]) -> list[Any]:
    """Send a part of a body after each pause, and return what the application sent."""
    parts = [b'{"text":"', *[b"x" * 1024] * (len(pauses) - 2), b'"}']
    sent: list[Any] = []

    async def receive() -> Any:
        if not pauses:
            return {"type": "http.disconnect"}
        await asyncio.sleep(pauses.pop(0))
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(pauses)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await client.app(scope, receive, send)
    return sent


@pytest.mark.parametrize("path", ["/json", "/upload"])
def test_a_body_that_comes_too_slowly_is_a_problem(
    path: str, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limit, "PATIENCE_SECONDS", 0.2)
    start, body = asyncio.run(post(client, path, [0, 0.1, 30]))
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"], "nobody waits for the rest"
    assert b'"code":"too_slow"' in body["body"]


def test_bytes_buy_time(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(body_limit, "SLOWEST_BYTES_A_SECOND", 1024)
    assert asyncio.run(post(client, "/upload", [0, 0.2, 0.2, 0.2, 0.2]))[0]["status"] == 200
