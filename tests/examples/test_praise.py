"""The smallest plugin: small, installed as a stranger's would be, and at work."""

import ast
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel

from podion import LabelAnswer, Prediction, Task, Unauthenticated
from podion.catalogue.catalogue import load_plugins
from podion.testing import VerticalContract

FOLDER = Path(__file__).parents[2] / "examples" / "praise"
SOURCE = FOLDER / "src" / "podion_praise" / "plugin.py"


class TestContract(VerticalContract):
    plugin = "praise"


def test_it_is_at_most_45_lines() -> None:
    assert len(SOURCE.read_text(encoding="utf-8").splitlines()) <= 45


def test_it_is_installed_by_an_entry_point_like_any_other() -> None:
    [entry] = entry_points(group="podion.plugins", name="praise")
    assert entry.value == "podion_praise.plugin"
    assert entry.dist is not None
    assert entry.dist.name == "podion-praise"


def test_it_imports_the_face_and_libraries_only() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {"typing", "fastapi", "podion", "pydantic"}


def test_its_readme_has_the_five_headings() -> None:
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings == ["What it does", "Records", "Tasks", "Routes", "Develop"]


class Desk:
    """A gatekeeper and caller of two tenants who answer differently; it notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Sequence[BaseModel]]] = []

    async def admit(self, request: Request, scopes: Sequence[str]) -> Any:
        tenant = request.headers.get("authorization", "").removeprefix("Bearer ")
        if tenant not in ("ada", "bob") or not set(scopes) <= {"predict"}:
            raise Unauthenticated("no valid key")

        async def predict(task: Task, records: Sequence[BaseModel]) -> Prediction[LabelAnswer]:
            self.asked.append((tenant, task.name, records))
            label = {"ada": "praise", "bob": "complaint"}[tenant]
            return Prediction(task="praise/judge", adapter="a1", answers=[LabelAnswer(label=label, confidence=0.9)])

        return SimpleNamespace(tenant=tenant, config={}, predict=predict)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def client(desk: Desk) -> TestClient:
    app = FastAPI()
    app.state.gatekeeper = desk
    router = load_plugins().vertical("praise").router
    assert router is not None
    app.include_router(router, prefix="/v1/praise")
    return TestClient(app)


@pytest.mark.parametrize(("tenant", "label"), [("ada", "praise"), ("bob", "complaint")])
def test_each_tenant_gets_the_answer_of_its_own_adapter(
    client: TestClient, desk: Desk, tenant: str, label: str
) -> None:
    reply = client.post("/v1/praise/judge", json={"text": "Lovely!"}, headers={"authorization": f"Bearer {tenant}"})
    assert reply.status_code == 200
    assert reply.json() == {
        "task": "praise/judge",
        "adapter": "a1",
        "answers": [
            {
                "prediction_id": "",
                "confidence": 0.9,
                "abstained": False,
                "label": label,
                "alternatives": [],
                "possible": [],
            }
        ],
    }
    [(asker, task, records)] = desk.asked
    assert (asker, task, [record.model_dump() for record in records]) == (
        tenant,
        "judge",
        [{"text": "Lovely!", "label": None}],
    )


def test_without_a_key_nothing_is_asked(client: TestClient, desk: Desk) -> None:
    with pytest.raises(Unauthenticated):
        client.post("/v1/praise/judge", json={"text": "Lovely!"})
    assert desk.asked == []


@pytest.mark.parametrize("text", ["", "x" * 2_001])
def test_a_text_without_words_or_too_long_is_refused(client: TestClient, desk: Desk, text: str) -> None:
    reply = client.post("/v1/praise/judge", json={"text": text}, headers={"authorization": "Bearer ada"})
    assert reply.status_code == 422
    assert desk.asked == []
