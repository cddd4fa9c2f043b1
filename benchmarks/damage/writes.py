"""Every route whose answer acknowledges a write: what a client sends there, and where the effect must be found.

A new route is a line in `WRITES` and a function that makes its request.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

API = "/v1/customer-service"
ROWS = 6
OTHER = "praise"
"""The vertical that tenants enable and disable all the time."""

COLLECTION = "handbook"
REPLACED = "page"
"""The document that is replaced all the time."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; `operator` means with the operator's key."""

    method: str
    path: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    operator: bool = False


@dataclass
class World:
    """What the writers of one tenant know: what they made and may refer to."""

    tenant: str
    dataset: str
    adapters: Sequence[str]
    predictions: list[str]
    serial: int = 0
    deployments: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    open_runs: int = 0

    def number(self) -> int:
        """Return a number that no other request of this tenant has."""
        self.serial += 1
        return self.serial


@dataclass(frozen=True, kw_only=True)
class Write:
    """A kind of write. `columns` says which column of `table` holds which member of the answer, the id first.

    `adds` is false where a write changes a row that is there. `writer` is who sends it: writers of a tenant work side
    by side, each does one thing at a time. `make` returns None when it has nothing to refer to yet.
    """

    name: str
    writer: int
    weight: int
    make: Callable[[World, Random], Request | None]
    table: str
    columns: Mapping[str, str]
    adds: bool = True
    keyed: bool = True
    remember: str = ""
    """The list of the world that takes the new id."""
    read: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
    """What of the answer to compare."""


def rows_of(tenant: str, number: int) -> list[dict[str, Any]]:
    """Return the rows of one upload: no other has the same."""
    return [
        {"label": f"label_{line % 2}", "text": f"{tenant}: order {number}, line {line}: where is it"}
        for line in range(ROWS)
    ]


def as_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as JSONL."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _upload(world: World, draw: Random) -> Request:
    body = as_lines(rows_of(world.tenant, world.number()))
    return Request(method="POST", path=f"{API}/datasets", arguments={"content": body, "params": {"task": "intent"}})


def _extend(world: World, draw: Random) -> Request:
    body = as_lines(rows_of(world.tenant, world.number()))
    params = {"task": "intent", "extends": world.dataset}
    return Request(method="POST", path=f"{API}/datasets", arguments={"content": body, "params": params})


def _run(world: World, draw: Random) -> Request | None:
    if world.open_runs >= 2:
        return None
    world.open_runs += 1
    method = draw.choice(("head", "head", "few-shot", "zero-shot", "lora"))
    body = {"task": "intent", "dataset": world.dataset, "method": method, "seed": world.number()}
    return Request(method="POST", path=f"{API}/runs", arguments={"json": body})


def _cancel(world: World, draw: Random) -> Request | None:
    if not world.runs or draw.random() < 0.9:
        return None
    return Request(method="POST", path=f"{API}/runs/{world.runs[-1]}:cancel")


def _deploy(world: World, draw: Random) -> Request:
    body = {"task": "intent", "adapter": draw.choice(world.adapters)}
    return Request(method="POST", path=f"{API}/deployments", arguments={"json": body})


def _roll_back(world: World, draw: Random) -> Request | None:
    if len(world.deployments) < 2:
        return None
    return Request(method="POST", path=f"{API}/deployments/{world.deployments[-1]}:rollback")


def _feedback(world: World, draw: Random) -> Request:
    number = world.number()
    body = {"prediction_id": draw.choice(world.predictions), "value": float(number), "comment": f"remark {number}"}
    return Request(method="POST", path=f"{API}/feedback", arguments={"json": body})


def _predict(world: World, draw: Random) -> Request:
    body = {"text": f"where is parcel {world.number()}"}
    return Request(method="POST", path=f"{API}/parse", arguments={"json": body})


def _key(world: World, draw: Random) -> Request:
    body = {"scopes": ["predict"], "label": f"till {world.number()}"}
    return Request(method="POST", path="/v1/keys", arguments={"json": body})


def _rotate(world: World, draw: Random) -> Request | None:
    if not world.keys:
        return None
    path = f"/v1/keys/{world.keys.pop(0)}:rotate"
    return Request(method="POST", path=path, arguments={"json": {"overlap_seconds": 60}})


def _revoke(world: World, draw: Random) -> Request | None:
    return Request(method="POST", path=f"/v1/keys/{world.keys.pop(0)}:revoke") if len(world.keys) > 3 else None


def _enable(world: World, draw: Random) -> Request:
    if world.number() % 2:
        return Request(method="DELETE", path=f"/v1/verticals/{OTHER}")
    return Request(method="PUT", path=f"/v1/verticals/{OTHER}", arguments={"json": {"config": {}}})


def _tenant(world: World, draw: Random) -> Request:
    body = {"name": f"{world.tenant.lower().replace('_', '-')}-{world.number()}", "enable": ["customer_service"]}
    return Request(method="POST", path="/v1/admin/tenants", arguments={"json": body}, operator=True)


def _collection(world: World, draw: Random) -> Request:
    return Request(method="POST", path="/v1/collections", arguments={"json": {"name": f"shelf-{world.number()}"}})


def _document(world: World, draw: Random) -> Request:
    number = world.number()
    body = {"id": f"doc-{number}", "title": f"Notice {number}", "text": f"Counter {number} is open on Sundays."}
    return Request(method="POST", path=f"/v1/collections/{COLLECTION}/documents", arguments={"json": body})


def _replace(world: World, draw: Random) -> Request:
    body = {"id": REPLACED, "text": f"Today's number is {world.number()}."}
    return Request(method="POST", path=f"/v1/collections/{COLLECTION}/documents", arguments={"json": body})


_DATASET = {"id": "id", "task": "task", "digest": "digest", "rows": "rows", "parent": "parent"}
_DEPLOYMENT = {"id": "id", "adapter": "adapter", "actor": "actor", "reason": "reason", "mode": "mode"}
_DOCUMENT = {"id": "id", "revision": "revision"}
_FEEDBACK = {"id": "id", "prediction_id": "prediction", "label": "label", "value": "value", "comment": "comment"}
_JOB = {"id": "id"}
_KEY = {"id": "id", "label": "label"}

WRITES = (
    Write(name="upload", writer=0, weight=4, make=_upload, table="datasets", columns=_DATASET),
    Write(name="extension", writer=0, weight=2, make=_extend, table="datasets", columns=_DATASET),
    Write(name="run", writer=0, weight=6, make=_run, table="jobs", columns=_JOB, remember="runs"),
    Write(name="feedback", writer=0, weight=6, make=_feedback, table="feedback", columns=_FEEDBACK),
    Write(
        name="predict", writer=2, weight=1, make=_predict, table="predictions", columns={"prediction_id": "id"},
        keyed=False, read=lambda answer: dict(answer["answers"][0]),
    ),
    Write(
        name="document", writer=2, weight=3, make=_document, table="documents", columns=_DOCUMENT,
        read=lambda answer: dict(answer["data"][0]),
    ),
    Write(name="replacement", writer=2, weight=1, make=_replace, table="documents", columns={}, adds=False),
    Write(
        name="collection", writer=1, weight=1, make=_collection, table="collections", columns={"name": "name"},
    ),
    Write(name="cancel", writer=0, weight=1, make=_cancel, table="jobs", columns=_JOB, adds=False, keyed=False),
    Write(
        name="deploy", writer=1, weight=4, make=_deploy, table="deployments", columns=_DEPLOYMENT,
        remember="deployments",
    ),
    Write(
        name="rollback", writer=1, weight=2, make=_roll_back, table="deployments", columns=_DEPLOYMENT,
        remember="deployments",
    ),
    Write(name="key", writer=1, weight=4, make=_key, table="keys", columns=_KEY, remember="keys"),
    Write(name="key rotation", writer=1, weight=1, make=_rotate, table="keys", columns=_KEY),
    Write(name="key revocation", writer=1, weight=1, make=_revoke, table="keys", columns=_KEY, adds=False, keyed=False),
    Write(
        name="enablement", writer=1, weight=1, make=_enable, table="enablements", columns={}, adds=False,
        keyed=False,
    ),
    Write(name="tenant", writer=1, weight=1, make=_tenant, table="tenants", columns={"id": "id", "name": "name"}),
)  # fmt: skip
