"""From an operation of the OpenAPI page to a request that the server would take, for whoever owns the ids in it."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from attack.later_kinds import PREFETCHED, USER, acted, items
from attack.vertical_kinds import articles
from attack.world import lines, rows

TASKS = {
    "customer-service": "intent",
    "praise": "judge",
    "finance-risk": "scorecard",
    "medical": "question_intent",
    "recommender": "next_item",
    "sentiment-monitor": "sentiment",
}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/customer-service/feedback": {"label": "refund"},
    "/v1/medical/feedback": {"label": "cause"},
    "/v1/medical/suggestions/{suggestion}:accept": {"codes": None},
    "/cds-services/{service}": {"prefetch": PREFETCHED},
    "/cds-services/{service}/feedback": {
        "feedback": [
            {
                "card": "{card}",
                "outcome": "overridden",
                "overrideReason": {"reason": {"code": "not-applicable"}},
                "outcomeTimestamp": "2026-01-02T00:00:00Z",
            }
        ]
    },
    "/v1/praise/feedback": {"label": "praise"},
    "/v1/praise/judge": {"text": "lovely"},
    "/v1/praise/runs": {"method": "zero-shot"},
    "/runs": {"method": "zero-shot"},
    "/v1/finance-risk/runs": {"method": "head"},
    "/v1/finance-risk/feedback": {"label": "1"},
    "/v1/finance-risk/outcomes": {
        "outcomes": [
            {"ref": "{decision}", "kind": "default_12m", "value": 1, "observed_at": "2026-01-02T00:00:00Z"},
        ]
    },
    "/v1/recommender/runs": {"method": "head"},
    "/v1/recommender/feedback": {"label": "i1"},
    "/v1/sentiment-monitor/feedback": {"label": "negative"},
    "/v1/sentiment-monitor/articles": {"articles": articles("word")},
    "/sources/{source_id}": {"kind": "push", "url": None},
    ":push": {"articles": articles("pushed")},
    ":ack": {"corrections": {"{articles.doc_id}": {"sentiment": "neutral"}}},
    ":mark-false": {"corrections": {"{articles.doc_id}": {"sentiment": "neutral"}}},
}
"""What a schema cannot say of a body, by the end of the path; `{id}` deep inside, as a text or a key, is an id."""

QUERIES: dict[str, dict[str, str]] = {
    "/v1/sentiment-monitor/trends": {"bucket": "day"},
    "/v1/sentiment-monitor/report": {"format": "json"},
}
"""What need not be said in a query and is, so that two answers in a row are the same."""

NAMES = {"user_id": USER}
"""What every tenant calls its own, and may ask about before it is there: equal names are no ids of another's."""

FRESH = {("/v1/admin/tenants", "name"), ("/v1/collections", "name")}
"""Names that a request gives to what it makes."""

BODY_IDS = frozenset({"dataset", "adapter"})
"""Fields of bodies that hold an id though their name does not end with `_id`."""

_METHODS = ("get", "post", "put", "patch", "delete")


class CannotFill(AssertionError):
    """The generator does not know what to put into a request: its words say where to teach it."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A place of a request that holds an id: `path`, `query` or `body`, the name there, and the id's name.

    The place `inside` is wherever a body holds an id deeper down; its name is then the id that is there now.
    """

    place: str
    name: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path, and what the page says of it."""

    method: str
    path: str
    spec: Mapping[str, Any] = field(repr=False)
    page: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def vertical(self) -> str:
        """The vertical's path, or nothing for the platform's own."""
        if self.path.startswith("/v2/models/"):
            return "customer-service"  # whose task the models of `world.py` are
        return next((name for name in TASKS if self.path.startswith(f"/v1/{name}/")), "")

    @property
    def needs_key(self) -> bool:
        """Whether the page says that a key opens it."""
        return "security" in self.spec

    @property
    def endless(self) -> bool:
        """Whether the answer goes on for as long as somebody listens."""
        return re.fullmatch(r"/v1/[^/]+/events", self.path) is not None

    @property
    def creates(self) -> bool:
        """Whether it takes an `Idempotency-Key`."""
        return self.method == "POST" and "201" in self.spec["responses"]

    @property
    def ends_something(self) -> int:
        """How late the operation should be tried on objects that others still need."""
        return 2 * (self.method == "DELETE") + any(word in self.path for word in (":revoke", ":disable", ":rotate"))


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request, and the slots of it that hold ids."""

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    slots: tuple[Slot, ...]
    headers: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Return what `httpx.Client.request` takes."""
        body = (
            {"content": self.body} if isinstance(self.body, bytes) else {} if self.body is None else {"json": self.body}
        )
        url = self.operation.path.format(**self.path)
        return {
            "method": self.operation.method,
            "url": url,
            "params": dict(self.query),
            "headers": dict(self.headers),
            **body,
        }

    def named(self) -> set[str]:
        """Return the ids that stand in the slots."""
        held = {"path": self.path, "query": self.query, "body": self.body}
        return {slot.name if slot.place == "inside" else str(held[slot.place][slot.name]) for slot in self.slots}

    def put(self, slot: Slot, value: str) -> "Call":
        """Return the request with another id in one slot."""
        if slot.place == "inside":
            mine = next(each for each in self.slots if each.place == "inside" and each.id == slot.id)
            others = tuple(each for each in self.slots if each is not mine)
            body = _renamed(self.body, {mine.name: value})
            return replace(self, body=body, slots=(*others, replace(mine, name=value)))
        held: Mapping[str, Any] = getattr(self, slot.place)
        changed: dict[str, Any] = {slot.place: {**held, slot.name: value}}
        return replace(self, **changed)


def operations(page: Mapping[str, Any]) -> list[Operation]:
    """Return every operation: those that end something last, the whole after its parts."""
    found = [
        Operation(method=method.upper(), path=path, spec=spec, page=page)
        for path, item in page["paths"].items()
        for method, spec in item.items()
        if method in _METHODS
    ]
    return sorted(found, key=lambda operation: (operation.ends_something, -operation.path.count("/")))


def fill(operation: Operation, ids: Mapping[str, str]) -> Call:
    """Return a request with these ids; raises `CannotFill` for what is neither an id nor said by the schema."""
    slots: list[Slot] = []
    path: dict[str, str] = {}
    query: dict[str, str] = {}
    for parameter in operation.spec.get("parameters", ()):
        name, place = parameter["name"], parameter["in"]
        known = _id_name(operation, name, ids, in_body=False)
        if place in ("path", "query") and known:
            slots.append(Slot(place=place, name=name, id=known))
            (path if place == "path" else query)[name] = ids[known]
        elif place == "path" and name in NAMES:
            path[name] = NAMES[name]
        elif place == "path":
            raise CannotFill(
                f"{operation.name}: no kind of benchmarks/attack/world.py makes a {name!r}: add one to KINDS there"
            )
        elif place == "query" and parameter.get("required"):
            query[name] = str(_value(operation, name, parameter["schema"], parameter, ids))
    query.update(QUERIES.get(operation.path, {}))
    body = _body(operation, ids)
    inside = {f"{{{known}}}": known for known in ids if f"{{{known}}}" in str(body)}
    body = _renamed(body, {mark: ids[known] for mark, known in inside.items()})
    slots += [Slot(place="inside", name=ids[known], id=known) for known in inside.values()]
    if isinstance(body, dict):
        named = ((name, _id_name(operation, name, ids)) for name in body)
        slots += [Slot(place="body", name=name, id=known) for name, known in named if known]
    return Call(operation=operation, path=path, query=query, body=body, slots=tuple(slots))


def _id_name(operation: Operation, name: str, ids: Mapping[str, str], *, in_body: bool = True) -> str | None:
    if (operation.path, name) in FRESH:
        return None
    if in_body and not (name.endswith("_id") or name in BODY_IDS):
        return None
    before = operation.path.split("{" + name + "}")[0].rstrip("/").rpartition("/")[2]
    bare = name.removesuffix("_id")
    scoped = [f"{operation.vertical}:{bare}"] if operation.vertical else []
    candidates = [*scoped, f"{before}.{name}", bare]
    return next((known for known in candidates if known in ids), None)


def _body(operation: Operation, ids: Mapping[str, str]) -> Any:
    content = operation.spec.get("requestBody", {}).get("content", {})
    if not content:
        return None
    if operation.path.endswith("/articles:upload"):
        return lines(articles("uploaded", 2))
    if operation.path.endswith("/items:upload"):
        return lines(items("uploaded", 2))
    if operation.path.endswith("/interactions:upload"):
        return lines([acted("uploaded")])
    if "application/json" not in content:
        return lines(rows("word", TASKS.get(operation.vertical, "intent")))
    media = content["application/json"]
    examples = [example["value"] for example in media.get("examples", {}).values()]
    value = examples[0] if examples else media.get("example")
    if value is None:
        value = _value(operation, "", media["schema"], {}, ids)
    if isinstance(value, dict):
        if operation.method == "PUT":
            value = {name: each for name, each in value.items() if name != "id"}  # the path says it
        for end, more in BODIES.items():
            if operation.path.endswith(end):
                value = {**value, **more}
        value = {name: ids.get(_id_name(operation, name, ids) or "", each) for name, each in value.items()}
    return value


def _renamed(held: Any, names: Mapping[str, str]) -> Any:
    """Return a body with texts and keys that are in `names` replaced, however deep they are."""
    match held:
        case dict():
            return {names.get(name, name): _renamed(each, names) for name, each in held.items()}
        case list():
            return [_renamed(each, names) for each in held]
        case str():
            return names.get(held, held)
    return held


def _value(
    operation: Operation, name: str, schema: Mapping[str, Any], said: Mapping[str, Any], ids: Mapping[str, str]
) -> Any:
    said, schema = {**schema, **said}, _resolved(operation.page, schema)
    if known := _id_name(operation, name, ids):
        return ids[known]
    if name == "task":
        return TASKS.get(operation.vertical, "intent")
    if (operation.path, name) in FRESH:
        return f"made-{secrets.token_hex(6)}"
    examples = [*said.get("examples", ()), *schema.get("examples", ())]
    given = [schema[word] for word in ("example", "const", "default") if word in schema]
    shown = [*examples, *schema.get("enum", ())[:1], *given]
    return shown[0] if shown else _by_type(operation, name, schema, ids)


def _by_type(operation: Operation, name: str, schema: Mapping[str, Any], ids: Mapping[str, str]) -> Any:
    match schema.get("type"):
        case "object":
            needed = schema.get("required", ())
            wanted = [n for n in schema.get("properties", {}) if n in needed or _id_name(operation, n, ids)]
            return {n: _value(operation, n, schema["properties"][n], {}, ids) for n in wanted}
        case "array":
            return [_value(operation, name, schema["items"], {}, ids)] * schema.get("minItems", 0)
        case "string" if re.search(schema.get("pattern", ""), word := _word(schema)):
            return word
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "null":
            return None
    raise CannotFill(
        f"{operation.name}: no value for {name!r} ({dict(schema)}): give the field an example, or an entry of BODIES "
        "in benchmarks/attack/filling.py"
    )


def _word(schema: Mapping[str, Any]) -> str:
    return (
        "2026-01-01T00:00:00Z"
        if schema.get("format") == "date-time"
        else "word" * (1 + schema.get("minLength", 0) // 4)
    )


def _resolved(page: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema or "anyOf" in schema or "oneOf" in schema or "allOf" in schema:
        if "$ref" in schema:
            schema = page["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            continue
        several = schema.get("anyOf") or schema.get("oneOf") or schema["allOf"]
        schema = {**next((s for s in several if s.get("type") != "null"), several[0]),
                  **{k: v for k, v in schema.items() if k not in ("anyOf", "oneOf", "allOf")}}  # fmt: skip
    return schema
