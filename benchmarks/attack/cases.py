"""Schemathesis on our own OpenAPI page, against a live server with real data behind it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from attack.hostile import jobs_of

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

LONGEST_URL = 60_000
"""Longer request lines are refused by the HTTP parser, before there is an application that could word a problem."""


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
            for mode in MODES:
                given = hypothesis.given(case=found.ok().as_strategy(generation_mode=mode))
                try:
                    settings(examples, seed_from_name)(given(send))()
                except hypothesis.errors.Unsatisfiable:
                    assert mode is schemathesis.GenerationMode.NEGATIVE, "only what takes no input cannot be got wrong"
                except (AssertionError, BaseExceptionGroup) as failure:
                    tally.failures.append(f"{found.ok().label}: {told(failure)}")
    return tally


def _sender(world: World, session: requests.Session, tally: Tally) -> Callable[[Any], None]:
    def send(case: Any) -> None:
        tally.cases[case.operation.label] += 1
        if tally.cases[case.operation.label] % 2:
            make_real(case, world.ids)
        tally.statuses[call(case, world, session, tally).status_code] += 1

    return send


def make_real(case: Any, ids: Mapping[str, str]) -> None:
    """Put ids that exist in place of generated ones, so that requests get past 404."""
    for place in (case.path_parameters, case.query, case.body):
        if isinstance(place, dict):
            for name in place.keys() & ids.keys():
                place[name] = ids[name]
    if isinstance(case.body, bytes):
        case.body = b"text,label\nwhere is it,order_status\n" + case.body


def call(case: Any, world: World, session: requests.Session, tally: Tally) -> requests.Response:
    """Send one case, and insist on what every response must be."""
    operation = case.operation.definition.raw["operationId"]
    hypothesis.assume(len(str(case.as_transport_kwargs(world.url)["params"]) + case.formatted_path) * 9 < LONGEST_URL)
    response: requests.Response = case.call(
        base_url=world.url, session=session, headers=world.headers(operation, case.operation.path), timeout=60
    )
    if response.status_code >= 500:
        tally.statuses[response.status_code] += 1
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        insist_on_problem(response)
    if response.status_code == 201 and (jobs := jobs_of(case.operation.path)):
        cancel = f"{world.url}{jobs}/{response.json()['id']}:cancel"
        session.post(cancel, headers={"Authorization": f"Bearer {world.key}"}, timeout=60)
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
