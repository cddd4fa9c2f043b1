"""Tenants that have one of everything, each with a random string of its own in all that it sends.

A kind of object is one function of `KINDS`: it makes the object for an owner and returns the ids by which requests
name it. A name is a path parameter, a query parameter or a body field, with or without `_id`; where the same parameter
means different things, it is prefixed by the path's segment before it, as in `verticals.name`.
"""

import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from attack import later_kinds, vertical_kinds

API = "/v1/customer-service"
_TEXTS = {
    "refund": ("i want my money back", "please refund me", "how do i get a refund", "return my payment"),
    "delivery": ("where is my parcel", "my order has not arrived", "track my package", "when will it be delivered"),
    "cancel": ("cancel my order", "i do not want it any more", "stop the order please", "call the purchase off"),
}

PUBLIC = frozenset({"model", "model_name", "service"})
"""Names that are the same for every tenant."""


@dataclass
class Owner:
    """A tenant, its key, what it made, and the string that nobody else may ever see."""

    id: str
    key: str
    canary: str
    http: httpx.Client
    ids: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, status: int, **arguments: Any) -> Any:
        """Call, insist on the status and return the JSON."""
        headers = {"Idempotency-Key": f"{self.canary}-{secrets.token_hex(4)}"} if method == "POST" else {}
        answer = self.http.request(method, path, headers={**headers, **arguments.pop("headers", {})}, **arguments)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None

    @staticmethod
    def jsonl(records: Sequence[dict[str, Any]]) -> bytes:
        """Return records as JSONL."""
        return lines(records)

    def secrets(self) -> set[str]:
        """Return what must not reach anybody else: the string, the key, and every id that is its own."""
        own = {id_ for name, id_ in self.ids.items() if name not in PUBLIC}
        return {self.canary, self.key.rpartition("_")[2], self.id, *own} - {"customer_service", "intent"}


VERTICALS = ("customer_service", "praise", "finance_risk", "medical", "recommender", "sentiment_monitor")


def new_owner(operator: httpx.Client, url: str, enable: Sequence[str] = VERTICALS) -> Owner:
    """Return a new tenant without objects."""
    canary = f"canary{secrets.token_hex(8)}"
    body = {"name": f"t-{canary}", "enable": list(enable)}
    answer = operator.post("/v1/admin/tenants", json=body, headers={"Idempotency-Key": canary})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {made['key']}"}, timeout=120, verify=False)
    return Owner(made["id"], made["key"], canary, client, {"tenant": made["id"], "verticals.name": "customer_service"})


def furnish(owner: Owner) -> Owner:
    """Make one of everything for a tenant."""
    for kind in KINDS:
        owner.ids.update(kind(owner))
    return owner


def furnish_little(owner: Owner, like: Owner) -> Owner:
    """Make what needs no run, and name in place of the rest what nobody has."""
    light = (
        _dataset, *later_kinds.KINDS, *vertical_kinds.LIGHT, _key, _webhook, _collection, _knowledge,
        _conversation, _models,
    )  # fmt: skip
    for kind in light:
        owner.ids.update(kind(owner))
    owner.ids = {**{name: nobodys(id_) for name, id_ in like.ids.items()}, **owner.ids}
    return owner


def nobodys(id_: str) -> str:
    """Return an id of the same form that nobody has."""
    prefix, mark, rest = id_.rpartition("_")
    capitals = any(character.isupper() for character in rest)
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if capitals else "0123456789abcdef"
    return prefix + mark + "".join(secrets.choice(letters) if c.isalnum() else c for c in rest)


def rows(canary: str, task: str = "intent") -> list[dict[str, Any]]:
    """Return a dozen records with `canary` in each text and label."""
    if task == "scorecard":
        return vertical_kinds.applications(canary, 12)
    if task == "question_intent":
        return later_kinds.intents(canary)
    if task == "next_item":
        return later_kinds.visits(canary)
    if task == "sentiment":
        return [{"text": f"{canary} {n}", "label": ("positive", "negative")[n % 2]} for n in range(12)]
    if task == "judge":
        return [{"text": f"lovely {canary} {n}", "label": ("praise", "complaint")[n % 2]} for n in range(12)]
    return [
        {"text": f"{text} {canary}", "label": f"{label} {canary}"} for label, texts in _TEXTS.items() for text in texts
    ]


def lines(records: Sequence[dict[str, Any]]) -> bytes:
    """Return records as JSONL."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def _dataset(owner: Owner) -> dict[str, str]:
    broken: list[dict[str, Any]] = [{"text": ""}, {"text": "x", owner.canary: 1}]
    file = {"file": (f"{owner.canary}.jsonl", lines([*rows(owner.canary), *broken]), "application/x-ndjson")}
    made = owner.call("POST", f"{API}/datasets", 201, params={"task": "intent"}, files=file)
    assert made["report"]["refused"] == 2
    praise = owner.call(
        "POST", "/v1/praise/datasets", 201, params={"task": "judge"}, content=lines(rows(owner.canary, "judge"))
    )
    return {
        "dataset": made["id"],
        "extends": made["id"],
        "praise:dataset": praise["id"],
        "praise:extends": praise["id"],
    }


def _run(owner: Owner) -> dict[str, str]:
    body = {"task": "intent", "dataset": owner.ids["dataset"], "method": "few-shot"}
    run = owner.call("POST", f"{API}/runs", 201, json=body)
    deadline = time.monotonic() + 120
    while run["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.2)
        run = owner.call("GET", f"{API}/runs/{run['id']}", 200)
    assert run["state"] == "succeeded", run
    return {"run": run["id"], "adapter": run["adapter"]}


def _deployment(owner: Owner) -> dict[str, str]:
    body = {"task": "intent", "adapter": owner.ids["adapter"]}
    owner.call("POST", f"{API}/deployments", 201, json=body)
    return {"deployment": owner.call("POST", f"{API}/deployments", 201, json=body)["id"]}


def _prediction(owner: Owner) -> dict[str, str]:
    answer = owner.call("POST", f"{API}/parse", 200, json={"text": f"where is it {owner.canary}"})
    return {"prediction": answer["answers"][0]["prediction_id"]}


def _feedback(owner: Owner) -> dict[str, str]:
    body = {"prediction_id": owner.ids["prediction"], "label": f"refund {owner.canary}", "comment": owner.canary}
    owner.call("POST", f"{API}/feedback", 201, json=body)
    return {}


def _key(owner: Owner) -> dict[str, str]:
    return {"key": owner.call("POST", "/v1/keys", 201, json={"label": owner.canary, "scopes": ["data"]})["id"]}


def _webhook(owner: Owner) -> dict[str, str]:
    body = {"url": f"https://hooks.invalid/{owner.canary}"}
    made = owner.call("POST", "/v1/webhooks", 201, json=body)
    sent = owner.call("POST", f"/v1/webhooks/{made['id']}:test", 201)
    return {"webhook": made["id"], "delivery": sent["id"]}


def _collection(owner: Owner) -> dict[str, str]:
    name, document = f"book-{owner.canary}", f"doc-{owner.canary}"
    owner.call("POST", "/v1/collections", 201, json={"name": name})
    text = f"Shoes may be sent back within 30 days, says {owner.canary}. Bring the receipt."
    body = {"id": document, "title": owner.canary, "text": text, "version": owner.canary}
    owner.call("POST", f"/v1/collections/{name}/documents", 201, json=body)
    found = owner.call("POST", f"/v1/collections/{name}:search", 200, json={"query": "send shoes back"})
    assert found["data"][0]["document"] == document
    return {"collections.name": name, "document": document}


def _knowledge(owner: Owner) -> dict[str, str]:
    made = {}
    drafts: dict[str, tuple[str, dict[str, Any]]] = {
        "template": (
            "templates",
            {"intent": f"refund {owner.canary}", "variants": [f"It is on its way, {owner.canary}."]},
        ),
        "curated": (
            "curated-answers",
            {"questions": [f"who is {owner.canary}?"], "answer": f"A friend, {owner.canary}."},
        ),
        "article": (
            "kb/documents",
            {"title": f"Help {owner.canary}", "text": f"Send it back to {owner.canary} in May."},
        ),
    }
    for name, (path, draft) in drafts.items():
        made[name] = f"{name}-{owner.canary}"
        owner.call("POST", f"{API}/{path}", 201, json={"id": made[name], "locale": "en", **draft})
    return made


def _batch(owner: Owner) -> dict[str, str]:
    rows_: list[dict[str, Any]] = [{"text": f"where is it {owner.canary}"}, {"text": "", owner.canary: 1}]
    batch = owner.call("POST", f"{API}/predictions:batch", 201, params={"task": "intent"}, content=lines(rows_))
    deadline = time.monotonic() + 120
    while batch["ended_at"] is None and time.monotonic() < deadline:
        time.sleep(0.2)
        batch = owner.call("GET", f"{API}/batches/{batch['id']}", 200)
    assert batch["state"] == "succeeded", batch
    return {"batch": batch["id"]}


def _models(owner: Owner) -> dict[str, str]:
    base = owner.call("GET", "/v1/models", 200)["data"][0]["id"]
    name = "customer_service.intent"
    version = owner.call("GET", f"/v2/models/{name}", 200)["versions"][0]
    return {"model": base, "model_name": name, "model_version": version}


def _conversation(owner: Owner) -> dict[str, str]:
    body = {"customer": {"name": owner.canary}}
    conversation = owner.call("POST", f"{API}/conversations", 201, json=body)["id"]
    path = f"{API}/conversations/{conversation}"
    owner.call("POST", f"{path}/messages", 200, json={"text": f"what about {owner.canary}?"})
    owner.call("POST", f"{path}/handoff", 200, json={"detail": owner.canary})
    return {"conversation": conversation}


def _question(owner: Owner) -> dict[str, str]:
    for word in ("zebra", "comet", "violin"):
        owner.call("POST", f"{API}/answer", 200, json={"text": f"does the {word} of {owner.canary} sing?"})
    made: dict[str, str] = {}
    for name, path in (("question", "review"), ("cluster", "unanswered/clusters")):
        found = owner.call("GET", f"{API}/{path}", 200)["data"]
        made |= {name: found[0]["id"]} if found else {}
    return made


KINDS: list[Callable[[Owner], dict[str, str]]] = [
    _dataset,
    _run,
    _deployment,
    _prediction,
    _feedback,
    *later_kinds.KINDS,
    *vertical_kinds.KINDS,  # before there is a webhook, whose deliveries change by themselves
    _key,
    _webhook,
    _collection,
    _knowledge,
    _conversation,
    _question,
    _batch,
    _models,
]
"""In the order in which they need each other."""
