"""What the scenarios share: a shop that has one of everything, problems as documents, the processes of a server."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import pytest

API = "/v1/customer-service"
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A tenant with an adapter that serves, and the ids of what it took to get there."""

    tenant: Any
    dataset: str
    run: str
    adapter: str
    deployment: str
    prediction: str
    key: str

    def lists(self) -> dict[str, Any]:
        """Return everything that a refused request must leave as it is."""
        paths = ["datasets", "runs", "adapters", "deployments"]
        found = {path: self.tenant.json("GET", f"{API}/{path}", 200) for path in paths}
        found["keys"] = self.tenant.json("GET", "/v1/keys", 200)
        return {**found, "usage": self.tenant.json("GET", "/v1/usage", 200)["meters"]}


@pytest.fixture(scope="session")
def utterances(sample: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Eight intents of the English sample and all that is out of scope: 112 rows, enough for a held-out tenth."""
    labels = sorted({row["label"] for row in sample if not row.get("oos")})[:8]
    rows = [row for row in sample if row.get("oos") or row["label"] in labels]
    assert len(rows) >= 100
    return rows


def open_shop(tenant: Any, rows: list[dict[str, Any]]) -> Shop:
    """Upload, train a head, deploy it, ask once."""
    dataset = tenant.upload(rows)["id"]
    run = tenant.run(dataset)
    assert run["state"] == "succeeded", run
    body = {"task": "intent", "adapter": run["adapter"]}
    deployment = tenant.json("POST", f"{API}/deployments", 201, json=body)
    answer = tenant.json("POST", f"{API}/parse", 200, json={"text": "please cancel my order"})
    return Shop(
        tenant=tenant,
        dataset=dataset,
        run=run["id"],
        adapter=run["adapter"],
        deployment=deployment["id"],
        prediction=answer["answers"][0]["prediction_id"],
        key=tenant.json("GET", "/v1/me", 200)["key"],
    )


@pytest.fixture(scope="session")
def shop(server: Any, utterances: list[dict[str, Any]]) -> Shop:
    """A tenant of the shared server that serves."""
    return open_shop(server.tenant(), utterances)


@pytest.fixture(scope="session")
def opposite(server: Any, utterances: list[dict[str, Any]]) -> Shop:
    """A tenant whose labels are those of `shop` in the opposite order: it calls everything by another name."""
    labels = sorted({row["label"] for row in utterances if not row.get("oos")})
    other = dict(zip(labels, reversed(labels), strict=True))
    return open_shop(server.tenant(), [{**row, "label": other.get(row["label"], row["label"])} for row in utterances])


@pytest.fixture(scope="session")
def problem() -> Callable[..., dict[str, Any]]:
    """A function that insists on a problem document and returns it."""

    def insist(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
        seen = (response.request.method, str(response.request.url), response.status_code, response.text[:800])
        assert response.status_code == status, seen
        assert response.headers["content-type"] == "application/problem+json", seen
        document = dict(response.json())
        assert document.keys() - {"errors"} == MEMBERS, seen
        assert document["status"] == status, seen
        assert document["code"] == code, seen
        assert document["type"] == f"urn:podion:problem:{code}", seen
        assert document["title"] and document["detail"], seen
        assert document["request_id"] == response.headers["x-request-id"], seen
        assert all(fault.keys() == {"pointer", "detail"} for fault in document.get("errors", ())), seen
        return document

    return insist


@pytest.fixture(scope="session")
def without_request_id() -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function that returns a problem without what differs between two requests."""
    return lambda document: {name: value for name, value in document.items() if name != "request_id"}


@pytest.fixture(scope="session")
def processes() -> Callable[[Any], dict[str, psutil.Process]]:
    """A function that returns a server's living children by name: `api`, `engine`, `nursery`, `run`, `batch`."""
    marks = {
        "podion.api.server": "api",
        "podion.hosting.server": "engine",
        "podion.lifecycle.nursery": "nursery",
        "podion.lifecycle.child": "run",
        "podion.lifecycle.batch_child": "batch",
    }

    def children(server: Any) -> dict[str, psutil.Process]:
        found = {}
        for child in psutil.Process(server.process.pid).children(recursive=True):
            try:
                words = " ".join(child.cmdline())
            except psutil.Error:
                continue
            found.update({name: child for mark, name in marks.items() if mark in words})
        return found

    return children


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """A function that asks until the answer is true, and returns it."""

    def ask(question: Callable[[], Any], *, seconds: float = 60, pause: float = 0.05) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if answer := question():
                return answer
            time.sleep(pause)
        raise AssertionError(f"not so within {seconds} s")

    return ask
