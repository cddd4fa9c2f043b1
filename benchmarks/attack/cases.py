"""Schemathesis on our own OpenAPI page, against a live server with real data behind it."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from attack.hostile import jobs_of
from attack.world import Owner

MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDS_SOMETHING = ("revoke_key", "rotate_key", "disable_vertical")
"""Operations that could take the key, or the vertical, away from under the other operations."""

ENDLESS = re.compile(r"/v1/[^/]+/events")
"""Streams that go on for as long as somebody listens."""

LONGEST_URL = 60_000
"""Longer request lines are refused by the HTTP parser, before there is an application that could word a problem."""


@schemathesis.serializer("application/x-ndjson")
def _as_lines(context: Any, value: Any) -> bytes:
    """Return a body of JSON lines as it is sent, whatever was generated for it."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, kw_only=True)
class World:
    """A server with a tenant that has one of everything, a second tenant to break, and the operator."""

    url: str
    key: str
    spare_key: str
    operator_key: str
    ids: Mapping[str, str]

    def headers(self, operation: str, path: str) -> dict[str, str]:
        """Return the credentials for an operation."""
        key = self.spare_key if operation.startswith(ENDS_SOMETHING) else self.key
        return {"Authorization": f"Bearer {self.operator_key if path.startswith('/v1/admin') else key}"}


@dataclass
class Tally:
    """What was sent and what was wrong with the answers."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        """How many answers were 5xx."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


def settings(examples: int, seed_from_name: bool) -> hypothesis.settings:
    """Return how an operation and a mode are tried; operations without parameters have fewer cases that differ."""
    return hypothesis.settings(
        max_examples=examples,
        derandomize=seed_from_name,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def run(world: World, examples: int, tally: Tally, *, seed_from_name: bool = True) -> Tally:
    """Send `examples` cases an operation and a mode, every second one with ids that exist, and judge the answers."""
    schema = schemathesis.openapi.from_url(f"{world.url}/openapi.json")
    with requests.Session() as session:
        send = _sender(world, session, tally)
        for found in schema.get_all_operations():
            if isinstance(found, Err):
                raise found.err()
            operation = found.ok()
            for mode in MODES:
                given = hypothesis.given(case=operation.as_strategy(generation_mode=mode))
                try:
                    settings(examples, seed_from_name)(given(send))()
                except hypothesis.errors.Unsatisfiable:
                    assert mode is schemathesis.GenerationMode.NEGATIVE, "only what takes no input cannot be got wrong"
                except (AssertionError, BaseExceptionGroup) as failure:
                    tally.failures.append(f"{operation.label}: {told(failure)}")
    return tally


def _sender(world: World, session: requests.Session, tally: Tally) -> Callable[[Any], None]:
    def send(case: Any) -> None:
        tally.cases[case.operation.label] += 1
        if tally.cases[case.operation.label] % 2:
            make_real(case, world.ids)
        tally.statuses[call(case, world, session, tally).status_code] += 1

    return send


def names_of(owner: Owner) -> dict[str, str]:
    """Return an owner's ids by the names that parameters have: with `_id`, and without the path's segment before."""
    named = {name.rpartition(".")[2]: id_ for name, id_ in owner.ids.items() if name != "verticals.name"}
    plain = {f"{name}_id": id_ for name, id_ in named.items() if ":" not in name and not name.endswith("_id")}
    return {**named, **plain}


def make_real(case: Any, ids: Mapping[str, str]) -> None:
    """Put ids that exist in place of generated ones, so that requests get past 404."""
    vertical = "".join(case.operation.path.split("/")[2:3])
    for place in (case.path_parameters, case.query, case.body):
        for name in place if isinstance(place, dict) else ():
            scoped = f"{vertical}:{name.removesuffix('_id')}"
            place[name] = ids.get(scoped, ids.get(name, place[name]))
    if isinstance(case.body, bytes):
        case.body = b"text,label\nwhere is it,order_status\n" + case.body


def call(case: Any, world: World, session: requests.Session, tally: Tally) -> requests.Response:
    """Send one case, and insist on what every response must be."""
    operation = case.operation.definition.raw["operationId"]
    hypothesis.assume(len(str(case.as_transport_kwargs(world.url)["params"]) + case.formatted_path) * 9 < LONGEST_URL)
    headers = world.headers(operation, case.operation.path)
    if ENDLESS.fullmatch(case.operation.path) and (opened := _opened(case, world, session, headers)):
        return opened
    response: requests.Response = case.call(base_url=world.url, session=session, headers=headers, timeout=60)
    if response.status_code >= 500:
        tally.statuses[response.status_code] += 1
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        insist_on_problem(response)
    if response.status_code == 201 and (jobs := jobs_of(case.operation.path)):
        cancel = f"{world.url}{jobs}/{response.json()['id']}:cancel"
        session.post(cancel, headers={"Authorization": f"Bearer {world.key}"}, timeout=60)
    return response


def _opened(case: Any, world: World, session: requests.Session, headers: Mapping[str, str]) -> requests.Response | None:
    """Return the beginning of a stream of events, closed again; None where the request was refused."""
    sent = case.as_transport_kwargs(world.url)
    sent["headers"] = {**sent["headers"], **headers}
    with session.request(**sent, stream=True, timeout=60) as response:
        if response.status_code != 200:
            return None
        assert response.headers["content-type"].startswith("text/event-stream"), response.headers
    return response


def insist_on_problem(response: Any) -> None:
    """Insist that an error is a problem document, or has the form of the protocol under which it was asked."""
    seen = (response.status_code, response.text[:500])
    if urlsplit(response.request.url).path.startswith("/v2"):
        assert json.loads(response.text).keys() == {"error"} and json.loads(response.text)["error"], seen
        return
    assert response.headers["content-type"][0].startswith("application/problem+json"), seen
    document = json.loads(response.text)
    assert document["status"] == response.status_code, seen
    assert document["type"] == f"urn:podion:problem:{document['code']}", seen
    assert document["detail"] and document["title"], seen
    assert document["request_id"] == response.headers["x-request-id"][0], seen
    assert all(set(fault) == {"pointer", "detail"} for fault in document.get("errors", ())), seen


def told(failure: BaseException) -> str:
    """Return the words of a failure and of those inside it."""
    inside = getattr(failure, "exceptions", ())
    return "\n".join([str(failure), *map(told, inside)])
