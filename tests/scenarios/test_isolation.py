"""Every operation of the OpenAPI page, called with every kind of wrong key and with another tenant's real ids.

The long version, with more tenants, rounds and timing, is `python benchmarks/isolation.py`.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from attack import filling, hostile, world
from attack.filling import CannotFill, Operation
from attack.hostile import Attack, Attempt, Verdict
from attack.world import Owner

from podion.tenancy.keys import mint


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A server's operations, a tenant that has everything, one that attacks, and the rest of the cast."""

    server: Any
    operations: list[Operation]
    victim: Owner
    attacker: Owner
    bare: Owner
    operator_key: str


@pytest.fixture(scope="module")
def scene(server: Any) -> Iterator[Scene]:
    with server.operator() as operator:
        victim = world.furnish(world.new_owner(operator, server.url))
        attacker = world.furnish_little(world.new_owner(operator, server.url), like=victim)
        bare = world.new_owner(operator, server.url, enable=())
        page = httpx.get(f"{server.url}/openapi.json", timeout=60).raise_for_status().json()
        key = operator.headers["Authorization"].removeprefix("Bearer ")
        yield Scene(
            server=server,
            operations=filling.operations(page),
            victim=victim,
            attacker=attacker,
            bare=bare,
            operator_key=key,
        )
    for owner in (victim, attacker, bare):
        owner.http.close()


def insist(scene: Scene, attempts: Iterator[Attempt], fewest: int) -> None:
    """Send all, and insist that nothing leaked and nothing of the victim changed."""
    before = hostile.snapshot(scene.victim, scene.operations)
    assert len(before) >= 40
    verdict = Verdict()
    attack = Attack(scene.server.url, verdict)
    for attempt in attempts:
        attack.send(attempt)
    attack.close()
    assert not verdict.leaks, (verdict.leaks, verdict.told[:20])
    assert verdict.calls.total() >= fewest, verdict.calls
    assert hostile.snapshot(scene.victim, scene.operations) == before


def test_no_key_and_keys_that_open_nothing(scene: Scene) -> None:
    owner = scene.bare
    made = [owner.call("POST", "/v1/keys", 201, json={"label": str(n)}) for n in range(2)]
    owner.call("POST", f"/v1/keys/{made[0]['id']}:revoke", 200)
    end = datetime.now(UTC) + timedelta(seconds=0.5)
    expired = owner.call("POST", "/v1/keys", 201, json={"expires_at": end.isoformat()})
    with scene.server.operator() as operator:
        disabled, deleted = (world.new_owner(operator, scene.server.url) for _ in range(2))
        operator.post(f"/v1/admin/tenants/{disabled.id}:disable").raise_for_status()
        operator.delete(f"/v1/admin/tenants/{deleted.id}").raise_for_status()
    for gone in (disabled, deleted):
        gone.http.close()
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()))
    wrong = {
        "no_key": [None],
        "unknown_key": [str(mint()), scene.victim.key[:-1] + ("a" if scene.victim.key[-1] != "a" else "b"), "x", "é"],
        "revoked_key": [made[0]["key"]],
        "expired_key": [expired["key"]],
        "disabled_tenant": [disabled.key],
        "deleted_tenant": [deleted.key],
    }
    attempts = (hostile.unknown_keys(scene.operations, kind, each, scene.victim) for kind, each in wrong.items())
    insist(scene, itertools.chain.from_iterable(attempts), 1_500)


def test_a_key_of_another_scope(scene: Scene) -> None:
    with scene.server.operator() as operator:
        clerk = world.new_owner(operator, scene.server.url)
    keys = {s: clerk.call("POST", "/v1/keys", 201, json={"scopes": [s]})["key"] for s in hostile.SCOPES}
    insist(scene, hostile.wrong_scopes(scene.operations, keys, clerk, scene.victim), 600)
    clerk.http.close()


def test_the_operators_key_and_the_tenants_do_not_open_each_others_doors(scene: Scene) -> None:
    insist(scene, hostile.wrong_doors(scene.operations, scene.operator_key, scene.victim), 150)


def test_a_vertical_that_is_not_enabled(scene: Scene) -> None:
    insist(scene, hostile.disabled_verticals(scene.operations, scene.bare, scene.victim), 120)


def test_ids_of_another_tenant(scene: Scene) -> None:
    found, attacker, victim = scene.operations, scene.attacker, scene.victim
    cursors = hostile.cursors_of(victim, found)
    assert len(cursors) >= 3
    upload = next(o for o in found if o.name == "POST /v1/customer-service/datasets")
    insist(
        scene,
        itertools.chain(
            hostile.foreign_ids(found, attacker, victim),
            hostile.foreign_headers(found, attacker, victim, cursors),
            hostile.foreign_uploads(attacker, victim, upload),
        ),
        700,
    )


def test_every_operation_is_reached_and_idempotency_keys_are_a_tenants_own(scene: Scene) -> None:
    """The last test: it does everything that the other tests must not, as the victim itself."""
    with scene.server.operator() as operator:
        doomed = world.new_owner(operator, scene.server.url)
        called = hostile.insist_that_calls_get_through(scene.operations, scene.victim, operator, doomed)
    doomed.http.close()
    assert called >= 90
    verdict = Verdict()
    attack = Attack(scene.server.url, verdict)
    for attempt in hostile.replays(scene.operations, scene.attacker, scene.victim):
        attack.send(attempt)
    attack.close()
    assert not verdict.leaks, verdict.told
    assert verdict.calls.total() >= 25


def test_nothing_of_a_tenant_is_in_logs_metrics_or_pages(scene: Scene) -> None:
    texts = {
        path: httpx.get(scene.server.url + path, timeout=60).text
        for path in ("/metrics", "/openapi.json", "/readyz", "/docs")
    }
    texts["log"] = scene.server.log
    assert scene.victim.id in texts["log"], "the log tells whose request it was"
    for where, text in texts.items():
        for owner in (scene.victim, scene.attacker):
            assert owner.canary not in text, where
            assert owner.key.rpartition("_")[2] not in text, where


# The generator itself.


def page_with(path: str, operation: dict[str, Any]) -> Sequence[Operation]:
    return filling.operations({"paths": {path: {"post": {"responses": {"201": {}}, **operation}}}, "components": {}})


def test_an_operation_that_cannot_be_filled_is_told_by_name() -> None:
    [operation] = page_with("/v1/boats/{boat_id}", {"parameters": [{"name": "boat_id", "in": "path", "schema": {}}]})
    with pytest.raises(CannotFill, match=r"POST /v1/boats/\{boat_id\}: no kind .* makes a 'boat_id'"):
        filling.fill(operation, {})
    assert filling.fill(operation, {"boat": "bt_1"}).arguments()["url"] == "/v1/boats/bt_1"
    with pytest.raises(CannotFill, match="which scope must it ask for"):
        hostile.scope_of(operation)


def test_a_leak_is_a_leak() -> None:
    [operation] = page_with("/v1/boats", {})
    call = filling.fill(operation, {})
    owner = Owner("ten_victim", "pod_live_x_secret", "canary1", httpx.Client(), {"boat": "bt_1"})

    def judged(status: int, text: str, twin: str | None = None) -> Verdict:
        verdict = Verdict()
        attack = Attack("http://nowhere", verdict)
        attempt = Attempt(
            kind="k", call=call, key=None, attacker=None, victims=(owner,), statuses=frozenset({404}), twin=call
        )
        answers = [httpx.Response(status, text=each) if each is not None else None for each in (text, twin)]
        attack._judge(attempt, answers[0], answers[1])  # type: ignore[arg-type]
        attack.close()
        return verdict

    assert not judged(404, "no").leaks
    assert not judged(404, "no", "no").leaks
    assert judged(404, "no boat", "no").leaks == {"k": 1}, "the two answers differ"
    assert judged(200, "[]").leaks == {"k": 1}, "another status"
    assert judged(404, "canary1").leaks == {"k": 1}
    assert judged(404, "see bt_1").leaks == {"k": 1}
    owner.http.close()
