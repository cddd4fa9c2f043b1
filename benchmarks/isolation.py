"""Three tenants, each with one of everything, and every way to get at another's: what leaked, and what time tells.

    python benchmarks/isolation.py [--quick] [--calls 10000] [--json FILE]

Every operation of the server's OpenAPI page is called with no key, keys that open nothing, of another scope, of a
disabled tenant and vertical, the operator's, and with another tenant's real ids in path, query, body, cursor, event id,
idempotency key and file name, round after round. `leaks` counts answers other than the one allowed, answers that differ
between "not yours" and "not there", secrets of one tenant in what another receives, in the log, in metrics and pages,
changes of what is another's, and files that hold a deleted tenant's words. `timing_auc` tells how well the time of an
answer tells "not yours" from "not there": 0.5 is not at all. Exits with 1 when anything leaked or timing tells.
"""

import argparse
import itertools
import json
import platform
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from attack import filling, hostile, world
from attack.filling import Operation
from attack.hostile import Attack, Attempt, Verdict
from attack.serving import OPERATOR_KEY, Serving, residue, serving
from attack.world import Owner

from podion.tenancy.keys import mint

CALLS = 10_000
TIMED = 600
AUC_ROOM = 0.05


class Cast:
    """Everybody who takes part."""

    def __init__(self, served: Serving, operator: httpx.Client, count: int) -> None:
        self.owners = [world.new_owner(operator, served.url) for _ in range(count)]
        for owner in self.owners:
            world.furnish(owner)
        self.bare = world.new_owner(operator, served.url, enable=())
        self.clerk = world.new_owner(operator, served.url)
        self.doomed = world.new_owner(operator, served.url)
        self.keys = {
            scope: self.clerk.call("POST", "/v1/keys", 201, json={"scopes": [scope]})["key"] for scope in hostile.SCOPES
        }
        self.ended = self._ended(served, operator)

    def _ended(self, served: Serving, operator: httpx.Client) -> dict[str, list[str | None]]:
        """Return keys that open nothing, by why."""
        revoked = self.bare.call("POST", "/v1/keys", 201, json={})
        self.bare.call("POST", f"/v1/keys/{revoked['id']}:revoke", 200)
        end = (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()
        expired = self.bare.call("POST", "/v1/keys", 201, json={"expires_at": end})
        disabled, deleted = world.new_owner(operator, served.url), world.new_owner(operator, served.url)
        operator.post(f"/v1/admin/tenants/{disabled.id}:disable").raise_for_status()
        operator.delete(f"/v1/admin/tenants/{deleted.id}").raise_for_status()
        time.sleep(1)
        real = self.owners[0].key
        return {
            "no_key": [None],
            "unknown_key": [str(mint()), real[:-1] + ("a" if real[-1] != "a" else "b"), "x", "é", real.swapcase()],
            "revoked_key": [revoked["key"]],
            "expired_key": [expired["key"]],
            "disabled_tenant": [disabled.key],
            "deleted_tenant": [deleted.key],
        }

    @property
    def everybody(self) -> list[Owner]:
        """Every tenant that is there."""
        return [*self.owners, self.bare, self.clerk, self.doomed]


def attempts(found: Sequence[Operation], cast: Cast) -> Iterator[Attempt]:
    """One round: every class, every ordered pair of tenants."""
    victim = cast.owners[0]
    for kind, keys in cast.ended.items():
        yield from hostile.unknown_keys(found, kind, keys, victim)
    yield from hostile.wrong_doors(found, OPERATOR_KEY, victim)
    yield from hostile.wrong_scopes(found, cast.keys, cast.clerk, victim)
    yield from hostile.disabled_verticals(found, cast.bare, victim)
    upload = next(o for o in found if o.name == "POST /v1/customer-service/datasets")
    for attacker, target in itertools.permutations(cast.owners, 2):
        cursors = hostile.cursors_of(target, found)
        yield from hostile.foreign_ids(found, attacker, target)
        yield from hostile.foreign_headers(found, attacker, target, cursors)
        yield from hostile.foreign_uploads(attacker, target, upload)


def attack_all(served: Serving, found: Sequence[Operation], cast: Cast, verdict: Verdict, calls: int) -> int:
    """Send rounds until there were enough calls; return the rounds. What changed of a tenant is a leak."""
    attack = Attack(served.url, verdict)
    before = {owner.id: hostile.snapshot(owner, found) for owner in cast.owners}
    rounds = 0
    while verdict.calls.total() < calls:
        rounds += 1
        for attempt in attempts(found, cast):
            attack.send(attempt)
        print(f"  {verdict.calls.total():,} calls, {verdict.leaks.total()} leaks", file=sys.stderr)
    for owner in cast.owners:
        after = hostile.snapshot(owner, found)
        # Its own uploads under strange names are new there; everything it had before must be as it was.
        lists = {name for name in after if "/datasets" in name or name == "GET /v1/usage"}
        for name in before[owner.id].keys() - lists:
            if before[owner.id][name] != after.get(name):
                verdict.leak("changed", f"{name} of {owner.id}: {before[owner.id][name]!r} is {after.get(name)!r}")
    attack.close()
    return rounds


def replay_all(
    served: Serving, found: Sequence[Operation], cast: Cast, operator: httpx.Client, verdict: Verdict
) -> int:
    """Do everything once as the first tenant, then ask for its answers under its idempotency keys as another."""
    victim, attacker = cast.owners[:2]
    reached = hostile.insist_that_calls_get_through(found, victim, operator, cast.doomed)
    attack = Attack(served.url, verdict)
    for attempt in hostile.replays(found, attacker, victim):
        attack.send(attempt)
    attack.close()
    return reached


def canaries(served: Serving, cast: Cast, verdict: Verdict) -> int:
    """Look for anybody's words in what belongs to nobody; return how many places were searched."""
    texts = {
        path: httpx.get(served.url + path).text for path in ("/metrics", "/openapi.json", "/readyz", "/livez", "/docs")
    }
    texts["log"] = served.log
    for where, text in texts.items():
        for owner in cast.everybody:
            for word in (owner.canary, owner.key.rpartition("_")[2]):
                if word in text:
                    verdict.leak("canary", f"{word} of {owner.id} in {where}")
    return len(texts)


def erase(served: Serving, cast: Cast, operator: httpx.Client, verdict: Verdict) -> None:
    """Delete a tenant that had everything and look for its words in every file; its ids must answer as unknown."""
    gone, other = cast.owners[-1], cast.owners[0]
    if not residue(served.home, gone.canary):
        verdict.leak("residue", "the search finds nothing even before the deletion: it looks in the wrong place")
    operator.delete(f"/v1/admin/tenants/{gone.id}").raise_for_status()
    for file in residue(served.home, gone.canary):
        verdict.leak("residue", f"{file} still holds words of a deleted tenant")
    if residue(served.home, other.canary) == []:
        verdict.leak("residue", "another tenant's words are gone too")


def timing(served: Serving, found: Sequence[Operation], cast: Cast, rounds: int) -> dict[str, float]:
    """Return, by operation, the area under the curve of telling "not yours" from "not there" by time alone."""
    attacker, victim = cast.owners[1], cast.owners[0]
    wanted = [a for a in hostile.foreign_ids(found, attacker, victim) if a.kind == "foreign_path" and a.twin]
    kept = [a for a in wanted if a.call.operation.vertical != "praise"]
    areas = {}
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {attacker.key}"}, verify=False) as http:
        for attempt in kept:
            assert attempt.twin is not None
            times: dict[bool, list[float]] = {True: [], False: []}
            for number in range(rounds):
                order = [True, False] if number % 2 else [False, True]
                for theirs in order:
                    call = attempt.call if theirs else attempt.twin
                    began = time.perf_counter()
                    http.request(**call.arguments())
                    times[theirs].append(time.perf_counter() - began)
            areas[attempt.call.operation.name] = round(auc(times[True], times[False]), 4)
    return areas


def auc(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the share of pairs in which `one` is the larger, ties counting half."""
    ranked = sorted([(value, 1) for value in one] + [(value, 0) for value in other])
    ranks: dict[float, float] = {}
    for value, group in itertools.groupby(range(len(ranked)), key=lambda n: ranked[n][0]):
        places = list(group)
        ranks[value] = (places[0] + places[-1]) / 2 + 1
    total = sum(ranks[value] for value, mine in ranked if mine)
    return (total - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def measure(calls: int, timed: int, tenants: int) -> dict[str, Any]:
    """Return every figure of one server."""
    verdict = Verdict()
    random.seed(0)
    with tempfile.TemporaryDirectory(prefix="podion-isolation-") as folder:
        limits = {"PODION_FAILED_KEYS_PER_MINUTE": "0", "PODION_LOG_LEVEL": "debug"}
        with serving(Path(folder), **limits) as served, served.operator() as operator:
            began = time.monotonic()
            cast = Cast(served, operator, tenants)
            found = filling.operations(httpx.get(f"{served.url}/openapi.json", timeout=60).json())
            print(f"  {tenants} tenants furnished in {time.monotonic() - began:.0f} s", file=sys.stderr)
            rounds = attack_all(served, found, cast, verdict, calls)
            areas = timing(served, found, cast, timed)
            reached = replay_all(served, found, cast, operator, verdict)
            places = canaries(served, cast, verdict)
            erase(served, cast, operator, verdict)
            for owner in cast.everybody:
                owner.http.close()
            worst = max(areas.values(), key=lambda area: abs(area - 0.5))
            return {
                "calls": verdict.calls.total(),
                "leaks": verdict.leaks.total(),
                "leaks_by_class": {kind: verdict.leaks[kind] for kind in sorted(verdict.calls | verdict.leaks)},
                "calls_by_class": dict(sorted(verdict.calls.items())),
                "told": verdict.told[:50],
                "statuses": {str(status): count for status, count in sorted(verdict.statuses.items())},
                "operations": len(found),
                "operations_reached": reached,
                "rounds": rounds,
                "tenants": tenants,
                "canary_places": places,
                "timing_auc": areas,
                "timing_auc_worst": worst,
                "timing_calls": 2 * timed,
                "seconds": round(time.monotonic() - began, 1),
                "machine": f"{platform.machine()}, Python {platform.python_version()}",
            }


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of two tenants, under a minute")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(1 if options.quick else options.calls, 100 if options.quick else TIMED, 2 if options.quick else 3)
    print(f"{'class':22} {'calls':>7} {'leaks':>6}")
    for kind in figures["leaks_by_class"]:
        print(f"{kind:22} {figures['calls_by_class'].get(kind, 0):7,} {figures['leaks_by_class'][kind]:6}")
    print(f"{'all':22} {figures['calls']:7,} {figures['leaks']:6}")
    print("\n".join(figures["told"]))
    print(f"time tells not yours from not there: AUC {figures['timing_auc_worst']} at worst of {figures['timing_auc']}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    tells = not options.quick and abs(figures["timing_auc_worst"] - 0.5) > AUC_ROOM
    return int(bool(figures["leaks"]) or tells)


if __name__ == "__main__":
    sys.exit(main())
