"""The same request twice has one effect; answers are forgotten after a day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import Connection, update

from podion.api import idempotency as room
from podion.api import problems
from podion.api.idempotency import REMEMBERED, forget_old, in_flight, once
from podion.errors import Conflict, DataError
from podion.storage.database import Database
from podion.storage.tables import idempotency


class Made(BaseModel):
    number: int
    secret: str | None


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'podion.sqlite'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def effects() -> list[str]:
    return []


@pytest.fixture
def client(database: Database, effects: list[str], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """An app whose one route makes a numbered thing for the tenant named in a header."""
    monkeypatch.setattr(room, "services_of", lambda request: SimpleNamespace(database=database))
    app = FastAPI()
    app.state.in_flight = set()
    problems.install(app)

    @app.post("/{kind}", status_code=201)
    async def make(request: Request, kind: str) -> Any:
        def effect(c: Connection) -> Made:
            effects.append(kind)
            if kind == "bad":
                raise DataError("no")
            return Made(number=len(effects), secret="hush")

        return await once(request, request.headers["x-tenant"], effect, secret="secret")

    return TestClient(app)


def send(client: TestClient, key: str | None, *, tenant: str = "ada", path: str = "/things", body: Any = None) -> Any:
    headers = {"X-Tenant": tenant} | ({"Idempotency-Key": key} if key is not None else {})
    return client.post(path, json=body, headers=headers)


def test_a_replay_has_the_first_answer_without_its_secret(client: TestClient, effects: list[str]) -> None:
    first, again = send(client, "k"), send(client, "k")
    assert (first.status_code, first.json()) == (201, {"number": 1, "secret": "hush"})
    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.json()) == (201, {"number": 1, "secret": None})
    assert again.headers["idempotent-replayed"] == "true"
    assert effects == ["things"]


def test_without_a_key_each_request_has_its_effect(client: TestClient, effects: list[str]) -> None:
    assert [send(client, None).json()["number"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("change", [{"tenant": "bob"}, {"path": "/others"}, {"path": "/things?x=1"}])
def test_a_key_is_one_tenants_on_one_route(client: TestClient, effects: list[str], change: dict[str, str]) -> None:
    send(client, "k")
    answer = send(client, "k", **change)
    if "?" in change.get("path", ""):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    else:
        assert answer.json()["number"] == 2
        assert "idempotent-replayed" not in answer.headers


def test_another_body_is_refused(client: TestClient, effects: list[str]) -> None:
    send(client, "k", body={"a": 1})
    answer = send(client, "k", body={"a": 2})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert effects == ["things"]


def test_what_failed_may_be_tried_again_under_its_key(client: TestClient, effects: list[str]) -> None:
    assert [send(client, "k", path="/bad").status_code for _ in range(2)] == [422, 422]
    assert effects == ["bad", "bad"]


@pytest.mark.parametrize(("key", "status"), [("", 422), ("k", 201), ("k" * 255, 201), ("k" * 256, 422)])
def test_how_long_a_key_may_be(client: TestClient, key: str, status: int) -> None:
    assert send(client, key).status_code == status


@pytest.mark.parametrize(("age", "number"), [(REMEMBERED - timedelta(minutes=1), 1), (REMEMBERED, 2)])
def test_an_answer_is_remembered_for_a_day(client: TestClient, database: Database, age: timedelta, number: int) -> None:
    send(client, "k")
    with database.writing() as c:
        c.execute(update(idempotency).values(created_at=datetime.now(UTC) - age))
    assert send(client, "k").json()["number"] == number
    assert send(client, "k").headers["idempotent-replayed"] == "true"


def test_what_is_old_is_dropped_and_the_rest_is_kept(client: TestClient, database: Database) -> None:
    send(client, "old")
    with database.writing() as c:
        c.execute(update(idempotency).values(created_at=datetime.now(UTC) - REMEMBERED))
    send(client, "new")
    with database.writing() as c:
        assert forget_old(c) == 1
        assert forget_old(c) == 0


def test_a_second_one_waits_for_the_first() -> None:
    request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(in_flight=set())))
    with in_flight(request, "ada", "POST /things", "k"):
        with pytest.raises(Conflict) as refusal, in_flight(request, "ada", "POST /things", "k"):
            pass
        assert (refusal.value.code, refusal.value.retry_after) == ("in_flight", 1)
        for other in (("bob", "POST /things", "k"), ("ada", "POST /others", "k"), ("ada", "POST /things", None)):
            with in_flight(request, *other):
                pass
    with in_flight(request, "ada", "POST /things", "k"):
        pass


def test_a_key_is_free_again_after_an_error() -> None:
    request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(in_flight=set())))
    with pytest.raises(RuntimeError), in_flight(request, "ada", "POST /things", "k"):
        raise RuntimeError
    assert request.app.state.in_flight == set()
