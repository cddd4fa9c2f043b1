"""A plugin's POST that is sent again under its key has one effect and one answer."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from podion.api import problems, replays
from podion.api.replays import KeepAnswers, ReplayedAnswer, id_maker, replayable, send_again
from podion.errors import DataError
from podion.storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'podion.sqlite'}")
    database.migrate()
    yield database
    database.close()


class Gate:
    """Lets in whoever names a tenant, with the scopes that are named."""

    async def access(self, request: Request) -> Any:
        scopes = request.headers.get("x-scopes", "predict").split(",")
        return SimpleNamespace(identity=SimpleNamespace(tenant=request.headers["x-tenant"], scopes=frozenset(scopes)))


@pytest.fixture
def effects() -> list[str]:
    return []


@pytest.fixture
def client(database: Database, effects: list[str], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(replays, "services_of", lambda request: SimpleNamespace(database=database))
    app = FastAPI(dependencies=[Depends(replayable)])
    app.state.in_flight = set()
    app.state.gatekeeper = Gate()
    problems.install(app)
    app.add_exception_handler(ReplayedAnswer, send_again)
    app.add_middleware(KeepAnswers)

    @app.post("/notes", status_code=201)
    async def make(request: Request) -> dict[str, Any]:
        new_id = id_maker(request)
        effects.append(new_id("not"))
        if request.headers.get("x-fail") == "first" and len(effects) == 1:
            raise DataError("not this time")
        return {"id": effects[-1], "other": new_id("not"), "number": len(effects)}

    @app.post("/stream")
    async def stream() -> StreamingResponse:
        effects.append("stream")
        return StreamingResponse(iter(["a", "b"]), media_type="text/plain")

    @app.post("/nothing", status_code=204)
    async def nothing() -> None:
        effects.append("nothing")

    return TestClient(app)


def _post(client: TestClient, path: str = "/notes", key: str | None = "k", **more: Any) -> Any:
    headers = {"x-tenant": "ours"} | ({"Idempotency-Key": key} if key else {}) | more.pop("headers", {})
    return client.post(path, headers=headers, **more)


def test_the_same_request_again_gets_the_same_answer_and_no_second_effect(
    client: TestClient, effects: list[str]
) -> None:
    first, second = _post(client, json={"a": 1}), _post(client, json={"a": 1})
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert len(effects) == 1
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


def test_another_body_under_the_key_is_refused(client: TestClient, effects: list[str]) -> None:
    _post(client, json={"a": 1})
    refused = _post(client, json={"a": 2})
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_mismatch")
    assert len(effects) == 1


@pytest.mark.parametrize("headers", [{"x-tenant": "theirs"}, {"x-scopes": "predict,data"}])
def test_a_key_is_its_tenants_and_for_whoever_may_do_the_same(
    client: TestClient, effects: list[str], headers: dict[str, str]
) -> None:
    first, second = _post(client), _post(client, headers=headers)
    assert first.json()["id"] != second.json()["id"]
    assert len(effects) == 2


def test_without_a_key_each_request_is_a_new_one(client: TestClient, effects: list[str]) -> None:
    assert _post(client, key=None).json()["id"] != _post(client, key=None).json()["id"]
    assert len(effects) == 2


def test_a_failure_is_not_remembered_and_the_ids_stay(client: TestClient, effects: list[str]) -> None:
    headers = {"x-fail": "first"}
    assert _post(client, headers=headers).status_code == 422
    again = _post(client, headers=headers)
    assert again.status_code == 201
    assert again.json()["id"] == effects[0] == effects[1]
    assert again.json()["other"] != again.json()["id"]


def test_an_answer_without_a_body_is_sent_again_without_one(client: TestClient, effects: list[str]) -> None:
    first, second = _post(client, "/nothing"), _post(client, "/nothing")
    assert (first.status_code, second.status_code, second.content) == (204, 204, b"")
    assert effects == ["nothing"]


def test_what_is_no_json_passes_through(client: TestClient, effects: list[str]) -> None:
    assert [_post(client, "/stream").text for _ in range(2)] == ["ab", "ab"]
    assert effects == ["stream", "stream"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_of_a_wrong_length_is_refused(client: TestClient, effects: list[str], key: str) -> None:
    response = client.post("/notes", headers={"x-tenant": "ours", "Idempotency-Key": key})
    assert response.status_code == 422
    assert effects == []
